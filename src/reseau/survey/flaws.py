"""How the true instrument differs from its drawing: distortion, detectors, focus."""

import dataclasses

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain
from reseau.instrument import Instrument, LinearDistortion

FOCAL_JITTER = 300.0  # um, of each exposure and axis
DISTORTION = 40.0  # um, of terms of degree 2; halved by each further degree
CENTRE_ERROR = 30.0  # um
ANGLE_ERROR = 0.02 * DEGREE
PITCH_ERROR = 2e-4


def flawed_instrument(rng: np.random.Generator, nominal: Instrument) -> Instrument:
    """Return an instrument with distortion and displaced, turned detectors.

    Parameters
    ----------
    rng
        Random numbers.
    nominal
        The instrument as drawn, with a Legendre or power distortion.

    Raises
    ------
    ConfigError
        The distortion is not a polynomial.
    """
    if not isinstance(nominal.distortion, LinearDistortion):
        raise ConfigError(
            explain(
                given=f"the distortion {type(nominal.distortion).__name__}",
                wanted="a polynomial, whose terms have degrees",
                where=f"instrument {nominal.name!r}",
                todo="choose the basis legendre or powers",
            )
        )
    degree = np.array([k + m for k, m in nominal.distortion.terms] * 2)
    size = DISTORTION * 0.5 ** (degree - 2)
    detectors = nominal.detectors
    n = len(detectors.ids)
    return dataclasses.replace(
        nominal,
        coefficients=nominal.coefficients + size * rng.standard_normal(len(size)),
        detectors=dataclasses.replace(
            detectors,
            centre=detectors.centre + rng.normal(0.0, CENTRE_ERROR, (n, 2)),
            theta=detectors.theta + rng.normal(0.0, ANGLE_ERROR, n),
            pitch=detectors.pitch * (1.0 + rng.normal(0.0, PITCH_ERROR, (n, 2))),
        ),
    )


def drifting_focus(
    rng: np.random.Generator, nominal: Instrument, exposures: int
) -> Float[np.ndarray, "n 2"]:
    """Return the focal lengths F_x, F_y [um] of each exposure.

    Parameters
    ----------
    rng
        Random numbers.
    nominal
        The instrument as drawn.
    exposures
        How many.
    """
    return np.asarray(nominal.focal) + rng.normal(0.0, FOCAL_JITTER, (exposures, 2))


__all__ = ["drifting_focus", "flawed_instrument"]
