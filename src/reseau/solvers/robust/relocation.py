"""Sources most of whose measurements look bad: perhaps it is their position that is.

A source held by a wrong reference, or drawn away by its outliers, has a minimum in
which all its good measurements count as outliers. Where at least half of them do, the
median of what they say is tried instead, with the calibration held, and kept if the
objective of that source is lower there. So is the reference's position for a source
that has left it far behind: one or two measurements may themselves be wrong.
"""

import numpy as np
from jaxtyping import Float, Int

from reseau.equations.heavy_tails import HeavyTails, losses
from reseau.equations.plan import Plan
from reseau.equations.residuals import residuals_at
from reseau.model import Parameters, Problem, take_step
from reseau.model.likelihood import Likelihood

FAR = 20.0
"""s of a residual that looks bad: 4.5σ, where a mixture's usual border lies."""


def reconsidered(
    problem: Problem, tiles: Plan, point: Parameters, terms: HeavyTails
) -> Parameters:
    """Return the parameters with such sources moved; the same object if none was."""
    if terms.likelihood is None:
        return point
    source = np.asarray(problem.measurements.source)
    n = problem.prior.direction.shape[0]
    found = residuals_at(problem, tiles, point)
    square = np.sum(found.pull**2, axis=1)
    count = np.bincount(source, minlength=n)
    far = np.bincount(source, weights=square > FAR, minlength=n)
    free = ~np.asarray(problem.prior.fixed) & ("sources" in problem.free)
    doubtful = (count > 1) & (2 * far >= count) & free
    astray = ~doubtful & free & (_from_prior(problem, point) > FAR)
    if not (doubtful | astray).any():
        return point
    shift = np.where(doubtful[:, None], group_medians(source, found.sky, n), 0.0)
    shift = np.where(astray[:, None], -np.asarray(point.offset), shift)
    doubtful = doubtful | astray
    zero = np.zeros(problem.layout.size)
    there = take_step(point, zero, shift)
    moved = np.sum(residuals_at(problem, tiles, there).pull ** 2, axis=1)
    before = _own_objective(problem, point, terms, square, terms.likelihood)
    after = _own_objective(problem, there, terms, moved, terms.likelihood)
    better = doubtful & (after < before)
    if not better.any():
        return point
    return take_step(point, zero, np.where(better[:, None], shift, 0.0))


def _own_objective(
    problem: Problem,
    point: Parameters,
    terms: HeavyTails,
    square: np.ndarray,
    likelihood: Likelihood,
) -> Float[np.ndarray, "n"]:
    """Return the sum of ρ of each source's measurements and of its prior."""
    source = np.asarray(problem.measurements.source)
    loss = losses(likelihood, square)
    information = np.asarray(problem.prior.information)
    total = np.bincount(source, weights=loss, minlength=len(information))
    if problem.free_network:
        return total
    shift = _from_prior(problem, point)
    prior = terms.reference_prior
    if prior is not None:
        shift = losses(prior, shift)
    return total + np.where(np.any(information != 0, axis=(1, 2)), shift, 0.0)


def _from_prior(problem: Problem, point: Parameters) -> Float[np.ndarray, "n"]:
    """Return the squared distance of each source from its prior; 0 without."""
    if problem.free_network:
        return np.zeros(problem.prior.direction.shape[0])
    offset = np.asarray(point.offset)
    information = np.asarray(problem.prior.information)
    return np.asarray(np.einsum("ni,nij,nj->n", offset, information, offset))


def group_medians(
    group: Int[np.ndarray, "m"], values: Float[np.ndarray, "m k"], n: int
) -> Float[np.ndarray, "n k"]:
    """Return the median of each column in each group, 0 for empty groups."""
    count = np.bincount(group, minlength=n)
    first = np.cumsum(count) - count
    out = np.zeros((n, values.shape[1]))
    some = count > 0
    low = first[some] + (count[some] - 1) // 2
    high = first[some] + count[some] // 2
    for i, column in enumerate(values.T):
        ranked = column[np.lexsort((column, group))]
        out[some, i] = 0.5 * (ranked[low] + ranked[high])
    return out


__all__ = ["group_medians", "reconsidered"]
