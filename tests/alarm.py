"""How far chance alone takes a statistic: bounds of one false alarm in 10⁶ runs.

A test that judges random numbers takes its bounds from here, with the number of values
that it looks at, or says how often it alarms for nothing. Seeds are fixed, so that a
NumPy draw alarms for everybody or for nobody; chains of a sampler differ in the last
bit from processor to processor and soon altogether, so that each machine draws anew.
"""

import numpy as np
from scipy import stats

RATE = 1e-6
"""Of false alarms, of all values that are judged with one bound."""


def normal_bound(values: int = 1) -> float:
    """Return how many σ none of so many Normal numbers is from its mean."""
    return float(stats.norm.isf(0.5 * RATE / values))


def spread_bounds(n: int | float, values: int = 1) -> tuple[float, float]:
    """Return between what standard deviations of `n` Normal numbers lie, over σ.

    Or the root mean square of n pulls.
    """
    tail = 0.5 * RATE / values
    low, high = stats.chi2.isf([1.0 - tail, tail], n) / n
    return float(np.sqrt(low)), float(np.sqrt(high))


def chi2_bounds(dof: int | float, values: int = 1) -> tuple[float, float]:
    """Return between what χ² of so many degrees of freedom lies."""
    tail = 0.5 * RATE / values
    low, high = stats.chi2.isf([1.0 - tail, tail], dof)
    return float(low), float(high)


def covariance_bound(n: int | float, values: int = 1) -> float:
    """Return what no entry of a sample covariance of `n` Normal draws is off by.

    In units of its σ, √((c_ii c_jj + c_ij²) / n). Of all entries variances have the
    longest tail, that of χ².
    """
    return float((stats.chi2.isf(0.5 * RATE / values, n) / n - 1.0) * np.sqrt(n / 2.0))


def share_bounds(p: float, n: int, values: int = 1) -> tuple[float, float]:
    """Return between what shares of `n` trials, each with a chance of `p`, lie."""
    tail = 0.5 * RATE / values
    law = stats.binom(n, p)
    return float(law.ppf(tail)) / n, float(law.isf(tail)) / n


__all__ = [
    "RATE",
    "chi2_bounds",
    "covariance_bound",
    "normal_bound",
    "share_bounds",
    "spread_bounds",
]
