"""How large a Gaia-like catalogue's errors are, and how they are correlated.

Widths of five-parameter solutions follow ESA's *Gaia science performance*: those of DR3
(`references.catalogue_widths`), and the predictions for DR4 and DR5, in which
parallaxes and positions are better by 0.749 and 0.527, and proper motions by the longer
time as well.

A star without a good colour has a sixth parameter, the pseudo-colour (Lindegren et al.
2021, A&A 649, A2). Solving for it adds a term of rank one to the covariance of the
other five; here it has a random direction and the size `SIXTH` in units of their
errors, a round number of ours. Which stars have six depends on G: where counts grow as
10^(0.25 G) to G = 21, 40 % have five, as in DR3 (585 of 1468 million). Stars with a
position only have 1 to 4 mas there (Gaia EDR3 documentation, 4.5.2).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Int16

from .references import RELATIVE_WIDTHS, catalogue_widths, draw_correlations
from .star_config import ReferenceConfig


class Release(NamedTuple):
    """A data release.

    Attributes
    ----------
    factor
        Of parallaxes and positions, relative to DR3.
    motion
        Errors of pmra and pmdec [mas/yr], relative to the parallax's [mas].
    first, last
        Between what epochs observations were made, Julian years.
    """

    factor: float
    motion: tuple[float, float]
    first: float
    last: float


RELEASES = {
    "gaia-dr3": Release(1.0, (1.03, 0.89), 2014.56, 2017.41),
    "gaia-dr4": Release(0.749, (0.58, 0.50), 2014.56, 2020.05),
    "gaia-dr5": Release(0.527, (0.29, 0.25), 2014.56, 2025.04),
}

TWO, FIVE, SIX = 3, 31, 95
"""Gaia's numbers for what was solved, `astrometric_params_solved`."""

SIXTH = 2.5
"""Square of the pseudo-colour's part in the errors: variances grow by half of it in the
mean, as it is shared by five parameters."""

HALF, HALF_WIDTH = 19.3, 0.45
"""G at which half of the stars have five parameters, and the width of the change."""

POSITION_ONLY = (2.0, 1.0)
"""Errors of stars with a position only: this times those of others, and [mas]."""


def release_widths(
    config: ReferenceConfig, g: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 5"]:
    """Return 1σ of ra·cos dec, dec, parallax, pmra, pmdec [mas, mas/yr].

    Parameters
    ----------
    config
        Which release, and a factor.
    g
        Gaia's G [mag].
    """
    release = RELEASES[config.errors]
    relative = np.append(RELATIVE_WIDTHS[:3], release.motion) / RELATIVE_WIDTHS
    factor = config.error_factor * release.factor
    widths: np.ndarray = factor * relative * catalogue_widths(g)
    return widths


def five_parameter_share(g: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Return which part of the stars of a magnitude G has five parameters, not six."""
    return 1.0 / (1.0 + np.exp((g - HALF) / HALF_WIDTH))


def draw_solved(
    rng: np.random.Generator, config: ReferenceConfig, g: Float[np.ndarray, "n"]
) -> Int16[np.ndarray, "n"]:
    """Return how many parameters each star has: `TWO`, `FIVE` or `SIX`.

    Parameters
    ----------
    rng
        Random numbers.
    config
        The fractions.
    g
        Gaia's G [mag].
    """
    share = config.five_parameter_fraction
    wanted = five_parameter_share(g) if share is None else np.full(len(g), share)
    number, position_only = rng.uniform(0.0, 1.0, (2, len(g)))
    solved = np.where(number < wanted, FIVE, SIX)
    solved[position_only < config.two_parameter_fraction] = TWO
    return solved.astype(np.int16)


def draw_covariances(
    rng: np.random.Generator,
    config: ReferenceConfig,
    g: Float[np.ndarray, "n"],
    solved: Int[np.ndarray, "n"],
) -> Float[np.ndarray, "n 5 5"]:
    """Return the covariance of each star's five parameters [mas, mas/yr].

    Of stars with a position only the other rows and columns are of no meaning.

    Parameters
    ----------
    rng
        Random numbers.
    config
        The release.
    g
        Gaia's G [mag].
    solved
        As `draw_solved` returns it.
    """
    n = len(g)
    shape = draw_correlations(rng, n)
    towards = rng.standard_normal((n, 5))
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    six = np.where(solved == SIX, SIXTH, 0.0)[:, None, None]
    shape = shape + six * towards[:, :, None] * towards[:, None, :]
    width = release_widths(config, g)
    factor, least = POSITION_ONLY
    position = np.hypot(factor * width[:, :2], config.error_factor * least)
    width[:, :2] = np.where((solved == TWO)[:, None], position, width[:, :2])
    return shape * width[:, :, None] * width[:, None, :]


__all__ = [
    "FIVE",
    "RELEASES",
    "SIX",
    "TWO",
    "Release",
    "draw_covariances",
    "draw_solved",
    "five_parameter_share",
    "release_widths",
]
