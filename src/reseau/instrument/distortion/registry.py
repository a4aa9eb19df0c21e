"""Distortion models by the name that files and the command line use."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reseau.errors import ConfigError, explain, unknown_name

from .abstract import Distortion, NoDistortion
from .brown_conrady import BrownConrady
from .inverse_sip import InverseSIP
from .polynomial import Legendre, Powers
from .radial import Radial

DISTORTIONS: Mapping[str, type[Distortion]] = MappingProxyType(
    {
        "legendre": Legendre,
        "powers": Powers,
        "sip": InverseSIP,
        "brown-conrady": BrownConrady,
        "radial": Radial,
        "none": NoDistortion,
    }
)


HIGHEST_DEGREE = 20
"""Polynomials of higher degree are taken for a slip: they have hundreds of terms."""


def make_distortion(basis: str, **options: Any) -> Distortion:
    """Make a distortion model from its name and options.

    Parameters
    ----------
    basis
        One of `DISTORTIONS`.
    options
        Fields of the model: `normalisation` [um] for all but "none", `degree`,
        `degree_kind`, `minimum_degree`, `n_radial`, `n_tilt`, `centre`.

    Raises
    ------
    ConfigError
        The name or an option is unknown, missing or out of range.

    Examples
    --------
    >>> from reseau.instrument import make_distortion
    >>> make_distortion("legendre", degree=2, normalisation=21000.0).names
    ('A_20', 'A_11', 'A_02', 'B_20', 'B_11', 'B_02')
    """
    _check_key("distortion", basis, tuple(DISTORTIONS), where="distortion basis")
    model = DISTORTIONS[basis]
    known = tuple(f.name for f in dataclasses.fields(model))
    for option in options:
        _check_key("option", option, known, where=f"distortion {basis!r}")
    if "normalisation" not in options and basis != "none":
        raise ConfigError(
            explain(
                given="no normalisation",
                wanted="the length that coordinates are divided by, in um",
                where=f"distortion {basis!r}",
                todo="give half the side of the focal plane",
            )
        )
    degree = options.get("degree", 0)
    if isinstance(degree, int) and degree > HIGHEST_DEGREE:
        raise ConfigError(
            explain(
                given=f"degree {degree}",
                wanted=f"at most {HIGHEST_DEGREE}",
                where=f"distortion {basis!r}",
                todo="choose a lower degree; the number of coefficients grows as its "
                "square",
            )
        )
    return model(**options)


def basis_name(distortion: Distortion) -> str:
    """Return the name under which `make_distortion` knows a model."""
    return next(n for n, m in DISTORTIONS.items() if type(distortion) is m)


def _check_key(kind: str, key: str, known: tuple[str, ...], *, where: str) -> None:
    if key not in known:
        raise unknown_name(kind, key, known, where=where)
