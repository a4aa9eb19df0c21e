"""A Gaia-like reference catalogue: the truth plus errors of a stated covariance.

Widths follow the published performance of Gaia (E)DR3 as a function of G:
``σ_ϖ = (40 + 800 z + 30 z²)^½ µas`` with ``z = 10^(0.4 (max(G, 13) - 15))``, and
0.8, 0.7, 1.03 and 0.89 times that for ra·cos dec, dec, pmra and pmdec (ESA, *Gaia
science performance*). Each star has correlations of its own, of about ±0.3.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from jaxtyping import Array, Bool, Float

from reseau._compiled import quick_jit
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.sky import angles_from_direction, direction_from_angles, displaced

from .stars import REFERENCE_EPOCH, Columns

PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")
RELATIVE_WIDTHS = np.array([0.8, 0.7, 1.0, 1.03, 0.89])
BRIGHT = 13.0
"""G below which the errors grow no smaller."""

MIXING = 0.22
WRONG_BY = (10.0, 50.0)
"""How far off a wrong proper motion is, in units of its σ."""


def catalogue_widths(g: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n 5"]:
    """Return 1σ of ra·cos dec, dec, parallax, pmra, pmdec [mas, mas/yr].

    Parameters
    ----------
    g
        Gaia's G [mag].
    """
    z = 10.0 ** (0.4 * (np.maximum(g, BRIGHT) - 15.0))
    parallax = 1e-3 * np.sqrt(40.0 + 800.0 * z + 30.0 * z**2)
    return parallax[:, None] * RELATIVE_WIDTHS


def draw_correlations(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n 5 5"]:
    """Return random correlation matrices, positive definite, one for each star.

    Parameters
    ----------
    rng
        Random numbers.
    n
        How many.
    """
    mixed = np.eye(5) + MIXING * rng.standard_normal((n, 5, 5))
    product = mixed @ np.swapaxes(mixed, 1, 2)
    scale = np.sqrt(np.diagonal(product, axis1=1, axis2=2))
    correlation = product / (scale[:, :, None] * scale[:, None, :])
    correlation[:, range(5), range(5)] = 1.0
    return correlation


def draw_wrong(
    rng: np.random.Generator, stars: Mapping[str, np.ndarray], fraction: float
) -> Bool[np.ndarray, "n"]:
    """Return which stars have a wrong reference; artificial ones have none.

    Parameters
    ----------
    rng
        Random numbers.
    stars
        As `stars.draw_stars` returns them.
    fraction
        Part of the references that are wrong, rounded to whole stars.
    """
    held = np.flatnonzero(~stars["artificial"])
    wrong = np.zeros(len(stars["artificial"]), dtype=bool)
    wrong[rng.permutation(held)[: round(fraction * len(held))]] = True
    return wrong


def reference_catalogue(
    rng: np.random.Generator,
    stars: Mapping[str, np.ndarray],
    wrong: Bool[np.ndarray, "n"],
) -> Columns:
    """Return the table `reference`: true stars plus errors.

    Parameters
    ----------
    rng
        Random numbers.
    stars
        As `stars.draw_stars` returns them; artificial ones are left out.
    wrong
        Whose proper motion is off by far more than its error says.
    """
    held = ~stars["artificial"]
    known = {name: values[held] for name, values in stars.items()}
    n = len(known["ra"])
    width = catalogue_widths(known["phot_g_mean_mag"])
    correlation = draw_correlations(rng, n)
    factor = np.linalg.cholesky(correlation)
    error = width * np.einsum("nij,nj->ni", factor, rng.standard_normal((n, 5)))
    error[:, 3:] += wrong[held, None] * width[:, 3:] * _blunder(rng, n)
    return {
        "source_id": known["source_id"],
        "ref_epoch": np.full(n, REFERENCE_EPOCH),
        **_erroneous(known, error),
        **{f"{name}_error": width[:, i] for i, name in enumerate(PARAMETERS)},
        **{
            f"{PARAMETERS[i]}_{PARAMETERS[j]}_corr": correlation[:, i, j]
            for i, j in combinations(range(5), 2)
        },
        **{name: known[name] for name in ("phot_g_mean_mag", "phot_hw_mag", "bp_rp")},
        "is_reference": np.ones(n, dtype=bool),
    }


def _blunder(rng: np.random.Generator, n: int) -> np.ndarray:
    size, angle = rng.uniform(*WRONG_BY, n), rng.uniform(0.0, 2.0 * np.pi, n)
    return size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _erroneous(known: Mapping[str, np.ndarray], error: np.ndarray) -> Columns:
    """Return the five parameters with their errors [mas, mas/yr] added."""
    offset = error[:, :2] * MILLIARCSECOND
    ra, dec = _displaced_angles(known["ra"] * DEGREE, known["dec"] * DEGREE, offset)
    moved = {"ra": np.asarray(ra) / DEGREE, "dec": np.asarray(dec) / DEGREE}
    others = {p: known[p] + error[:, 2 + i] for i, p in enumerate(PARAMETERS[2:])}
    return moved | others


@quick_jit
def _displaced_angles(ra: Array, dec: Array, offset: Array) -> tuple[Array, Array]:
    return angles_from_direction(displaced(direction_from_angles(ra, dec), offset))


__all__ = ["catalogue_widths", "draw_correlations", "draw_wrong", "reference_catalogue"]
