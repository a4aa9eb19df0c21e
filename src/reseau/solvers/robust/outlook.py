"""What a robust solution would change, foreseen from a plain one.

Whether references are wrong at all is asked of their p-values: the k-th smallest of n
right ones follows a beta distribution, so each of the first few orders gives the chance
that right references look as bad (higher orders only where there are many more
references than parameters: the residuals of a few are not independent, and for the
smallest alone the bound holds however they depend). If that is more than chance, what
leaving them out would do to all others follows from the Gaussian posterior: with G the
columns of its covariance at the wrong references, Λ their information and x their
shifts from the catalogue, the sources move by ``G (I − Λ G_w)⁻¹ Λ x``.

References
----------
Berk & Jones 1979, Z. Wahrscheinlichkeitstheorie 47, 47 (order statistics of p-values).
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy import special

from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.model import Problem
from reseau.model.likelihood import WRONG_WIDTH
from reseau.solvers.posterior.gaussian import spread_by_covariance

from .references import FALSE_ALARM, Cavity, judge_references

RARE = 5e-4
"""Chance at which an alarm is raised; residuals of few references are not independent,
so that up to 1.3e-3 of right plates raise it."""

ORDERS = 8
"""Smallest p-values that are looked at, at most."""

PER_ORDER = 20
"""Data beyond the number of parameters for each order that is looked at."""

MOVED = 0.5
"""Shift from which a source counts as moved [σ]."""

MOST = 20
"""Wrong references whose common effect is foreseen exactly, at most."""


class RobustOutlook(NamedTuple):
    """What a robust solution would change.

    Attributes
    ----------
    chance
        Probability that right references disagree with the measurements as much.
    wrong
        Rows of the references that are more likely wrong than not, worst first.
    n_references
        Number of references that could be judged.
    shift
        Foreseen shift of each source, √(½ dᵀC⁻¹d) [σ], if the wrong ones do not count.
    """

    chance: float
    wrong: np.ndarray
    n_references: int
    shift: Float[np.ndarray, "n_src"]

    @property
    def needed(self) -> bool:
        """Return whether references are wrong by more than chance."""
        return self.chance < RARE

    @property
    def others(self) -> Float[np.ndarray, "n_src"]:
        """Return the shifts of all but the wrong references."""
        shift = np.array(self.shift)
        shift[self.wrong] = 0.0
        return shift


def chance_of_smallest(p_value: Float[np.ndarray, "n"], redundancy: float) -> float:
    """Return the probability that the smallest of n p-values are as small by chance.

    Parameters
    ----------
    p_value
        Of right data each uniform.
    redundancy
        Their number less that of the parameters that they determine.
    """
    n = p_value.size
    if n == 0:
        return 1.0
    orders = int(np.clip(redundancy // PER_ORDER, 1, min(ORDERS, n)))
    smallest = np.sort(np.partition(p_value, orders - 1)[:orders])
    k = np.arange(1, orders + 1)
    return float(min(1.0, orders * np.min(special.betainc(k, n - k + 1, smallest))))


def foresee_robust(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    cavity: Cavity,
    offset: Float[np.ndarray, "n 2"],
    covariance: Float[np.ndarray, "n 2 2"],
    *,
    sigma0: float,
) -> RobustOutlook:
    """Return what a robust solution would change in a plain one.

    Parameters
    ----------
    tiles, equations
        Of the last linearisation.
    cavity
        What all else says of the references.
    offset, covariance
        Of the sources from their priors [rad], and of that [rad²].
    sigma0
        Of the fit: where it is above 1, the measurements say less than they claim.
    """
    stated = np.asarray(problem.prior.information)
    looser = max(sigma0, 1.0) ** 2 if np.isfinite(sigma0) else 1.0
    judged = cavity._replace(covariance=looser * cavity.covariance)
    rows = np.flatnonzero(cavity.known)
    free = 0.5 * equations.root.shape[1]
    p_value = _p_values(judged, stated, rows)
    chance = chance_of_smallest(p_value, rows.size - free)
    none = np.zeros(covariance.shape[0])
    outlook = RobustOutlook(chance, np.zeros(0, dtype=int), rows.size, none)
    if not outlook.needed:
        return outlook
    # The fraction by counting: EM over all references would cost as much as a step.
    fraction = float(np.clip(_excess(p_value), 1.0, 0.5 * rows.size) / rows.size)
    test = judge_references(
        judged, stated, start=(min(fraction, 0.5), WRONG_WIDTH), estimate=False
    )
    wrong = np.flatnonzero(np.nan_to_num(test.wrong_probability) > 0.5)
    if not wrong.size:
        wrong = rows[[int(np.argmax(test.statistic[rows]))]]
    wrong = wrong[np.argsort(-test.statistic[wrong], kind="stable")]
    moved = _without(problem, tiles, equations, wrong, offset, covariance)
    return outlook._replace(wrong=wrong, shift=in_sigma(moved, covariance))


def _excess(p_value: np.ndarray) -> float:
    """Return how many are flagged beyond what right references give."""
    return float(np.sum(p_value < FALSE_ALARM) - FALSE_ALARM * p_value.size)


def _p_values(cavity: Cavity, stated: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return p-values as `judge_references` does, written out: it is asked of all."""
    (a, b), (_, d) = np.moveaxis(stated[rows], 0, -1)
    area = a * d - b * b
    own = cavity.covariance[rows]
    xx, xy, yy = (
        own[:, 0, 0] + d / area,
        own[:, 0, 1] - b / area,
        own[:, 1, 1] + a / area,
    )
    x, y = cavity.offset[rows].T
    square = (yy * x**2 - 2.0 * xy * x * y + xx * y**2) / (xx * yy - xy**2)
    return np.asarray(np.exp(-0.5 * square))


def _without(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    wrong: np.ndarray,
    offset: np.ndarray,
    covariance: np.ndarray,
) -> Float[np.ndarray, "n 2"]:
    """Return how all sources move without the priors of some [rad].

    Exactly for a few; of many each as if it were the only one.
    """
    n, k = offset.shape[0], wrong.size
    information = np.asarray(problem.prior.information)[wrong]
    pull = np.einsum("kij,kj->ki", information, offset[wrong])
    if k > MOST:
        left = np.eye(2) - information @ covariance[wrong]
        force = np.zeros((n, 2, 1))
        force[wrong] = np.linalg.solve(left, pull[:, :, None])
        return spread_by_covariance(equations, tiles, force)[:, :, 0]
    at = np.zeros((n, 2, 2 * k))
    at[np.repeat(wrong, 2), np.tile([0, 1], k), np.arange(2 * k)] = 1.0
    columns = spread_by_covariance(equations, tiles, at)
    own = columns[wrong].reshape(2 * k, 2 * k)
    whole = scipy.linalg.block_diag(*information)
    return columns @ np.linalg.solve(np.eye(2 * k) - whole @ own, pull.ravel())


def in_sigma(
    shift: Float[np.ndarray, "n 2"], covariance: Float[np.ndarray, "n 2 2"]
) -> Float[np.ndarray, "n"]:
    """Return shifts in units of the sources' errors, √(½ dᵀC⁻¹d) a coordinate."""
    out = np.zeros(shift.shape[0])
    rows = np.flatnonzero(covariance[:, 0, 0] > 0)
    solved = np.linalg.solve(covariance[rows], shift[rows][:, :, None])[:, :, 0]
    out[rows] = np.sqrt(0.5 * np.sum(shift[rows] * solved, axis=1))
    return out


__all__ = ["MOVED", "RobustOutlook", "chance_of_smallest", "foresee_robust", "in_sigma"]
