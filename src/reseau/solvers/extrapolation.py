"""Sources that lie where no reference tells what the calibration does.

A source's covariance is its own part, with the calibration held, and what the
uncertain calibration adds, K. A reference beside the source, measured as well as it and
with the usual catalogue error, would show the calibration there with R = own part +
usual prior. Where K is larger than R in some direction, that one reference would say
more of the calibration at this place than all others do from afar: the polynomials are
extrapolated. Among the references themselves that cannot be, since leverages are at
most one.

References
----------
Cook 1979, JASA 74, 169 (leverage, interior and exterior points).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.model import Problem

BEYOND = 1.0
"""Largest ratio K : R of a place within reach of the references."""


class Extrapolation(NamedTuple):
    """Where the calibration is extrapolated.

    Attributes
    ----------
    beyond
        Sources out of reach of the references.
    calibration
        1σ a coordinate that the calibration adds to each source [rad].
    share
        Part of each source's variance that comes from the calibration.
    """

    beyond: Bool[np.ndarray, "n_src"]
    calibration: Float[np.ndarray, "n_src"]
    share: Float[np.ndarray, "n_src"]


def find_extrapolated(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    covariance: Float[np.ndarray, "n 2 2"],
) -> Extrapolation:
    """Return which sources are out of reach of the references.

    None is in a free network, which has no references.

    Parameters
    ----------
    tiles, equations
        Of the last linearisation.
    covariance
        Of the sources, calibration included [rad²].
    """
    n = covariance.shape[0]
    own = own_covariances(tiles, equations, n)
    solved = (own[:, 0, 0] > 0) & np.all(np.isfinite(covariance), axis=(1, 2))
    added = np.where(solved[:, None, None], covariance - own, 0.0)
    trace = np.maximum(np.trace(added, axis1=1, axis2=2), 0.0)
    whole = np.trace(covariance, axis1=1, axis2=2)
    share = np.divide(trace, whole, out=np.zeros(n), where=solved & (whole > 0))
    beyond = np.zeros(n, dtype=bool)
    usual = _usual_prior(problem)
    if usual is not None:
        rows = np.flatnonzero(solved)
        single = own[rows] + usual * np.eye(2)
        beyond[rows] = _largest_ratio(added[rows], single) > BEYOND
    return Extrapolation(beyond, np.sqrt(0.5 * trace), share)


def own_covariances(
    tiles: Plan, equations: Equations, n: int
) -> Float[np.ndarray, "n 2 2"]:
    """Return the sources' covariances with the calibration held; zero if not solved.

    Parameters
    ----------
    tiles, equations
        Of the last linearisation.
    n
        Number of sources.
    """
    out = np.zeros((n, 2, 2))
    for tile, data in zip(equations.system.tiles, tiles.tiles, strict=True):
        kept = np.flatnonzero(np.asarray(data.free) > 0)
        (a, _), (b, c) = np.asarray(tile.root)[:, :, kept]
        # (L Lᵀ)⁻¹ written out, L = [[a, 0], [b, c]].
        rows = np.asarray(data.source)[kept]
        out[rows, 0, 0] = (1.0 + (b / c) ** 2) / a**2
        out[rows, 0, 1] = out[rows, 1, 0] = -b / (a * c**2)
        out[rows, 1, 1] = 1.0 / c**2
    return out


def _usual_prior(problem: Problem) -> float | None:
    """Return the median variance of a coordinate of a reference; None without any."""
    if problem.free_network:
        return None
    information = np.asarray(problem.prior.information)
    measured = np.zeros(information.shape[0], dtype=bool)
    measured[np.asarray(problem.measurements.source)] = True
    known = measured & np.any(information != 0, axis=(1, 2))
    held = measured & np.asarray(problem.prior.fixed)
    if not (known | held).any():
        return None
    if 2 * held.sum() > (known | held).sum():
        return 0.0
    determinant = (
        information[known, 0, 0] * information[known, 1, 1]
        - information[known, 0, 1] ** 2
    )
    half = 0.5 * np.trace(information[known], axis1=1, axis2=2)
    usable = determinant > 0
    if not usable.any():
        return None
    # Half the trace of the inverse of a 2 × 2 matrix.
    return float(np.median(half[usable] / determinant[usable]))


def _largest_ratio(
    part: Float[np.ndarray, "n 2 2"], whole: Float[np.ndarray, "n 2 2"]
) -> Float[np.ndarray, "n"]:
    """Return the largest eigenvalue of whole⁻¹ part."""
    a, b, d = whole[:, 0, 0], whole[:, 0, 1], whole[:, 1, 1]
    area = a * d - b * b
    trace = d * part[:, 0, 0] + a * part[:, 1, 1] - 2.0 * b * part[:, 0, 1]
    half = 0.5 * trace / area
    product = (part[:, 0, 0] * part[:, 1, 1] - part[:, 0, 1] ** 2) / area
    return np.asarray(half + np.sqrt(np.maximum(half**2 - product, 0.0)))


__all__ = ["Extrapolation", "find_extrapolated", "own_covariances"]
