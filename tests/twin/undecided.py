"""A plate with references that are neither right nor wrong, and its exact posterior."""

from dataclasses import replace
from itertools import product

import numpy as np

from plates import make_plate
from quick import quick_jit
from reseau.model import free_columns, prior_terms, prior_widths
from reseau.sky import displaced
from reseau.solvers import solve_plate
from reseau.solvers.robust.references import find_cavity

from .dense import jacobian

FRACTION, WIDTH = 0.03, 20.0
SHIFTED = 4
"""References that are moved to where they are neither right nor wrong."""

_displaced = quick_jit(displaced)


def undecided_plate():
    """Return a problem with references between right and wrong, and their rows."""
    problem = make_plate(sources=80, exposures=12, seed=2).problem
    information = np.asarray(problem.prior.information) / 100.0
    problem = replace(problem, prior=replace(problem.prior, information=information))
    plain = solve_plate(problem)
    offset = np.asarray(plain.parameters.offset)
    pull = np.einsum("nij,nj->ni", information, offset)
    cavity = find_cavity(offset, plain.source_covariance, information, pull)
    count = np.bincount(problem.measurements.source, minlength=80)
    rows = np.flatnonzero(cavity.known & (count > 3))[:SHIFTED]
    total = np.linalg.inv(information[rows]) + cavity.covariance[rows]
    size = np.linspace(4.1, 5.0, SHIFTED)[:, None]
    wanted = np.linalg.cholesky(total)[:, :, 0] * size
    shift = np.zeros((80, 2))
    shift[rows] = cavity.offset[rows] - wanted
    start = np.asarray(problem.prior.direction)
    moved = np.asarray(_displaced(start, shift))
    return replace(problem, prior=replace(problem.prior, direction=moved)), rows


def enumerated(solution, rows):
    """Return means [rad] and covariances of all sources, states summed one by one.

    The dense linear model at the solution, fraction and width as it has them; states of
    the other references are held at right, which is as likely as their number allows.
    Last are the probabilities to be wrong.
    """
    prior = solution.reliability.reference_prior
    fraction, width = float(prior.fraction), float(prior.width)
    problem, point = solution.problem, solution.parameters
    residual, slope = jacobian(problem, point)
    n, m = problem.prior.direction.shape[0], problem.measurements.source.size
    shared = prior_terms(problem, point)
    free = free_columns(problem.layout, problem.free, prior_widths(problem))
    seen = np.bincount(problem.measurements.source, minlength=n) > 0
    kept = np.flatnonzero(np.concatenate([np.repeat(seen, 2), free]))
    logs, means, covariances = [], [], []
    for state in product((0, 1), repeat=len(rows)):
        weight = np.ones(residual.size)
        for row, wrong in zip(rows, state, strict=True):
            first = 2 * (m + row)
            weight[first : first + 2] = width**-2.0 if wrong else 1.0
        normal = slope.T @ (weight[:, None] * slope)
        normal[2 * n :, 2 * n :] += shared.information
        right = -slope.T @ (weight * residual)
        right[2 * n :] += shared.gradient
        unit = 1.0 / np.sqrt(np.diag(normal)[kept])
        scaled = normal[np.ix_(kept, kept)] * np.outer(unit, unit)
        covariance = np.linalg.inv(scaled)
        step = covariance @ (unit * right[kept])
        bad = sum(state)
        logs.append(
            bad * np.log(fraction / width**2)
            + (len(rows) - bad) * np.log(1.0 - fraction)
            - 0.5 * residual @ (weight * residual)
            + 0.5 * step @ scaled @ step
            - 0.5 * np.linalg.slogdet(scaled)[1]
            + np.sum(np.log(unit))
        )
        means.append(step * unit)
        covariances.append(covariance * np.outer(unit, unit))
    share = np.exp(np.array(logs) - max(logs))
    share /= share.sum()
    mean = np.einsum("s,sk->k", share, means)
    total = np.einsum("s,skl->kl", share, covariances)
    left = np.array(means) - mean
    total += np.einsum("s,sk,sl->kl", share, left, left)
    states = np.array(list(product((0, 1), repeat=len(rows))))
    return kept, mean, total, share @ states
