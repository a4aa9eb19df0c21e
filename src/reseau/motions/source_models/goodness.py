"""How well a model fits: F2, what errors should have been, and what to compare."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtri
from scipy.stats import chi2 as chi2_distribution

Numbers: TypeAlias = Float[np.ndarray, "*#s"] | Int[np.ndarray, "*#s"]


def goodness_of_fit(chi2: Numbers, degrees: Numbers) -> Numbers:
    """Return F2, which is nearly normal, with mean 0 and width 1, if errors are right.

    Parameters
    ----------
    chi2
        Sum of squares of residuals in units of their errors.
    degrees
        Degrees of freedom.

    Notes
    -----
    ``F2 = √(9ν/2) ((χ²/ν)^(1/3) + 2/(9ν) - 1)`` (Wilson and Hilferty 1931; Hipparcos
    Catalogue, field H30).
    """
    nu = np.where(degrees > 0, degrees, np.nan)
    cube_root = np.cbrt(chi2 / nu)
    found = np.sqrt(4.5 * nu) * (cube_root + 2.0 / (9.0 * nu) - 1.0)
    return np.asarray(found)


def error_factor(goodness: Numbers, degrees: Numbers) -> Numbers:
    """Return √(χ²/ν) of a published F2: by it stated errors are multiplied.

    Parameters
    ----------
    goodness
        F2, as published.
    degrees
        Degrees of freedom.

    References
    ----------
    Michalik, Lindegren, Hobbs and Lammers 2014, A&A 571, A85, eq. B.1-B.4.
    """
    step = 2.0 / (9.0 * degrees)
    return np.asarray((np.sqrt(step) * goodness + 1.0 - step) ** 1.5)


def significance_of(drop: Numbers, parameters: int) -> Numbers:
    """Return how many σ of one normal number are as rare as a drop of χ² by chance.

    Parameters
    ----------
    drop
        By how much χ² is smaller with more parameters.
    parameters
        How many more.

    Notes
    -----
    Beyond 37σ, where probabilities underflow, it is the root of the drop.
    """
    chance = chi2_distribution.sf(drop, parameters)
    with np.errstate(divide="ignore"):
        found = -ndtri(chance / 2.0)
    return np.where(chance > 1e-300, found, np.sqrt(np.maximum(drop, 0.0)))


__all__ = ["error_factor", "goodness_of_fit", "significance_of"]
