"""Scale and floor of the measurement errors, fitted by their marginal likelihood.

The covariance of a measurement is taken as ``V = a² C + f² I`` with C the stated one.
All parameters are integrated out (REML): with P = V⁻¹ − V⁻¹J Cov JᵀV⁻¹, Cov the
posterior covariance with priors, the derivative of the log likelihood in a variance θ
is ``½ rᵀV⁻¹ V_θ V⁻¹r − ½ tr(P V_θ)`` with r the residuals; the trace needs each
measurement's leverage, which `leverages` gives exactly. The information is
``½ tr(P V_θ P V_φ) = −½ ∂tr(P V_θ)/∂φ``: the difference of two such traces, at errors a
little larger and a little smaller. Where priors give way to the measurements it is far
below ``½ tr(V⁻¹ V_θ V⁻¹ V_φ)``: little is known of the noise then.

References
----------
Patterson & Thompson 1971, Biometrika 58, 545 (REML); Koch 1999, Parameter Estimation
and Hypothesis Testing in Linear Models (variance components).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from scipy import special

from reseau._precision import in_double
from reseau.equations.equations import equations_at
from reseau.equations.leverage import leverages
from reseau.equations.plan import Plan, plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.errors import ConfigError, ConvergenceError, DegeneracyError, explain
from reseau.model import Parameters, Problem
from reseau.model.arrangement import whitening_factors
from reseau.solvers.gauss_newton import Settings, gauss_newton
from reseau.solvers.plate import solve_plate
from reseau.solvers.robust.robust import Robust
from reseau.solvers.solution import Solution
from reseau.solvers.start.parameters import find_start

ROUNDS = 12
"""How often the plate is solved anew with the errors found."""

NEAR = 0.01
"""Relative change of the errors' variances from which the information is taken."""

NOTHING = 0.02
"""A scale below is that of measurements without errors: something else is wrong."""

SHRINKS = 0.1
"""Least part of the scale's square that one round leaves."""

CLOSE = 0.02
"""Change, in σ, at which scale and floor count as found."""

ALIKE = 1e-6
"""1 − correlation² of scale and floor below which they cannot be told apart."""

CREDIBLE = 0.02
"""Errors that are too small by less than this share need no inflation."""


class Noise(NamedTuple):
    """Fitted errors of the measurements.

    Attributes
    ----------
    scale, scale_error
        a, and its σ; 0 where it was held at 1.
    floor, floor_error
        f, and its σ [pixel]; the σ is that of the upper limit √σ(f²) where f is zero
        or not larger than it, and 0 where f was held at zero.
    significance
        f² over its σ.
    rounds
        How often the plate was solved for them.
    converged
        Whether they had settled.
    """

    scale: float
    scale_error: float
    floor: float
    floor_error: float
    significance: float
    rounds: int
    converged: bool


class Inflation(NamedTuple):
    """By how much stated errors are too small.

    Attributes
    ----------
    factor, error
        σ0, and its σ if the model is right.
    needed
        Whether σ0 is above 1 by more than chance gives once in 700, and by more than
        the share `CREDIBLE`.
    """

    factor: float
    error: float
    needed: bool


def error_inflation(solution: Solution) -> Inflation:
    """Return by how much the stated errors of the measurements are to be inflated."""
    dof, factor = solution.dof, solution.error_scale
    if not (dof >= 0.5 and np.isfinite(factor.value)):
        return Inflation(np.nan, np.nan, False)
    share = 1.0
    if solution.redundancy is not None:
        share = solution.redundancy.of_errors / dof
    chance = float(special.chdtrc(dof / share, solution.chi2 / share))
    needed = chance < 0.00135 and factor.value > 1.0 + CREDIBLE
    return Inflation(factor.value, factor.error, needed)


@in_double
def solve_with_noise(
    problem: Problem,
    *,
    scale: bool = True,
    floor: bool = True,
    settings: Settings | None = None,
    robust: Robust | None = None,
    solver: Callable[..., Solution] = solve_plate,
) -> tuple[Solution, Noise]:
    """Solve a plate with scale and floor of its measurement errors fitted.

    Parameters
    ----------
    scale, floor
        Which to fit; the scale is else 1, the floor 0.
    settings
        When to stop.
    robust
        Heavy-tailed likelihoods. What a robust solution finds more likely bad than good
        takes no part in the fit of the noise.
    solver
        What solves the plate in the end, `solve_plate` with labels and reports.

    Returns
    -------
    The solution with the fitted errors, and these.

    Raises
    ------
    DegeneracyError
        If the stated errors are all alike, so that scale and floor are one.
    ConvergenceError
        If no scale is small enough, and none of the measurements' errors to blame.
    """
    if not (scale or floor):
        raise ConfigError(
            explain(
                given="neither scale nor floor",
                wanted="what is to be fitted of the noise",
                where="solve_with_noise",
                todo="choose scale, floor or both",
            )
        )
    noise = Noise(1.0, 0.0, 0.0, 0.0, 0.0, 0, False)
    for _ in range(1 if robust is None else 2):
        clean = problem
        if robust is not None:
            clean = _without_bad(problem, with_noise(problem, noise), robust)
        noise = fit_noise(clean, scale=scale, floor=floor, start=noise)
    changed = with_noise(problem, noise)
    return solver(changed, settings=settings, robust=robust), noise


def with_noise(problem: Problem, noise: Noise) -> Problem:
    """Return the problem with other errors of its measurements."""
    stated = np.asarray(problem.measurements.covariance)
    covariance = noise.scale**2 * stated + noise.floor**2 * np.eye(2)
    measurements = replace(problem.measurements, covariance=covariance)
    return replace(problem, measurements=measurements)


def _without_bad(problem: Problem, judged: Problem, robust: Robust) -> Problem:
    """Return the problem without outliers and without wrong references."""
    found = solve_plate(judged, robust=robust)
    kept = np.ones(problem.measurements.source.shape[0], dtype=bool)
    if found.reliability is not None:
        kept = found.reliability.outlier_probability < 0.5
    measurements = jax.tree.map(lambda v: np.asarray(v)[kept], problem.measurements)
    information = np.array(problem.prior.information)
    if found.references is not None:
        information[found.references.wrong] = 0.0
    return replace(
        problem,
        measurements=measurements,
        prior=replace(problem.prior, information=information),
    )


class _Residuals(NamedTuple):
    """Residuals of one solution and how much of each the parameters took.

    Attributes
    ----------
    pixel
        Observed minus predicted [pixel].
    taken
        Leverages, whitened by the errors of that solution.
    """

    pixel: np.ndarray
    taken: np.ndarray


def fit_noise(
    problem: Problem, *, scale: bool = True, floor: bool = True, start: Noise
) -> Noise:
    """Fit scale and floor of the measurement errors of one plate.

    Parameters
    ----------
    scale, floor
        Which to fit.
    start
        Where to begin.
    """
    began = find_start(problem)
    problem, point = began.problem, began.parameters
    stated = np.asarray(problem.measurements.covariance)
    free = np.array([scale, floor])
    variance = np.array([start.scale**2, start.floor**2])
    rounds, settled = 0, False
    while rounds < ROUNDS and not settled:
        rounds += 1
        point, tiles = _solved(_with_variances(problem, stated, variance), point)
        score = _score(
            stated, _residuals(problem, stated, variance, tiles, point), variance
        )
        active = free & ~((variance <= 0) & (score <= 0))
        information = _information(problem, stated, variance, point, free)
        _check_apart(information, active)
        covariance = np.zeros((2, 2))
        at = np.ix_(active, active)
        covariance[at] = np.linalg.inv(information[at])
        aim = variance + covariance @ score
        new = np.maximum(aim, [SHRINKS * variance[0], 0.0])
        sigma = np.sqrt(np.diag(covariance))
        change = np.abs(new - variance) / np.where(sigma > 0, sigma, 1.0)
        settled = bool(np.all(change < CLOSE) and aim[0] >= new[0])
        variance = new
        if variance[0] < NOTHING**2:
            raise _no_errors_left()
    if free[1] and sigma[1] == 0.0:
        sigma[1] = 1.0 / np.sqrt(information[1, 1])
    return _as_noise(variance, sigma, rounds, settled)


def _no_errors_left() -> ConvergenceError:
    return ConvergenceError(
        explain(
            given="residuals smaller than any errors of the measurements would leave",
            wanted="errors of measurements that can be found beside those of the "
            "references, which are taken as stated",
            where="fit of the noise",
            todo="look at the errors of the references: they are too large; or leave "
            "out the fit of the noise",
        )
    )


def _as_noise(
    variance: np.ndarray, sigma: np.ndarray, rounds: int, converged: bool
) -> Noise:
    """Return standard deviations and their errors."""
    a, f = (float(v) for v in np.sqrt(variance))
    limit = float(np.sqrt(sigma[1]))
    return Noise(
        scale=a,
        scale_error=float(sigma[0]) / (2.0 * a),
        floor=f,
        floor_error=float(sigma[1]) / (2.0 * f) if f > limit else limit,
        significance=float(variance[1] / sigma[1]) if sigma[1] > 0 else 0.0,
        rounds=rounds,
        converged=converged,
    )


def _with_variances(
    problem: Problem, stated: np.ndarray, variance: np.ndarray
) -> Problem:
    """Return the problem with errors ``a² C + f² I``; f² may be a little below zero."""
    covariance = variance[0] * stated + variance[1] * np.eye(2)
    measurements = replace(problem.measurements, covariance=covariance)
    return replace(problem, measurements=measurements)


def _solved(problem: Problem, point: Parameters) -> tuple[Parameters, Plan]:
    """Solve with given errors; return the optimum, and the tiles."""
    tiles = plan_tiles(problem)
    return gauss_newton(problem, tiles, point).parameters, tiles


def _taken(
    problem: Problem, tiles: Plan, point: Parameters
) -> Float[np.ndarray, "m 2 2"]:
    """Return the leverages at an optimum."""
    return leverages(problem, tiles, equations_at(problem, tiles, point, 0.0), point)


def _residuals(
    problem: Problem,
    stated: np.ndarray,
    variance: np.ndarray,
    tiles: Plan,
    point: Parameters,
) -> _Residuals:
    """Return residuals and leverages at the optimum."""
    now = _with_variances(problem, stated, variance)
    pixel = residuals_at(now, tiles, point).pixel
    return _Residuals(pixel, _taken(now, tiles, point))


def _information(
    problem: Problem,
    stated: np.ndarray,
    variance: np.ndarray,
    point: Parameters,
    free: np.ndarray,
) -> np.ndarray:
    """Return the information on a², f² from traces at larger and smaller errors."""
    least = float(np.min(np.linalg.eigvalsh(stated)))
    steps = NEAR * variance[0] * np.array([1.0, least])
    information = np.zeros((2, 2))
    for j in np.flatnonzero(free):
        traces = []
        for sign in (1.0, -1.0):
            near = variance + sign * steps[j] * np.eye(2)[j]
            there = _with_variances(problem, stated, near)
            tiles = plan_tiles(there)
            _, parts = _derivatives(stated, near)
            share = np.eye(2) - _taken(there, tiles, point)
            traces.append([np.einsum("mij,mji->", share, part) for part in parts])
        larger, smaller = np.asarray(traces)
        information[:, j] = -0.25 * (larger - smaller) / steps[j]
    return 0.5 * (information + information.T)


def _derivatives(
    stated: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return what whitens the errors, and V_θ whitened, of a² and of f²."""
    now = variance[0] * stated + variance[1] * np.eye(2)
    first, second, third = whitening_factors(now)
    whiten = np.zeros_like(now)
    whiten[:, 0, 0], whiten[:, 1, 0], whiten[:, 1, 1] = first, second, third
    return whiten, [
        np.einsum("mij,mjk,mlk->mil", whiten, stated, whiten),
        np.einsum("mij,mkj->mik", whiten, whiten),
    ]


def _score(
    stated: np.ndarray, left: _Residuals, variance: np.ndarray
) -> Float[np.ndarray, "2"]:
    """Return the derivatives of the log likelihood in a² and f²."""
    whiten, parts = _derivatives(stated, variance)
    residual = np.einsum("mij,mj->mi", whiten, left.pixel)
    share = np.eye(2) - left.taken
    return np.array(
        [
            0.5 * np.einsum("mi,mij,mj->", residual, part, residual)
            - 0.5 * np.einsum("mij,mji->", share, part)
            for part in parts
        ]
    )


def _check_apart(information: np.ndarray, active: np.ndarray) -> None:
    """Refuse to fit scale and floor where the stated errors are all alike."""
    if not np.all(active):
        return
    determinant = np.linalg.det(information) / (information[0, 0] * information[1, 1])
    if determinant < ALIKE:
        raise DegeneracyError(
            explain(
                given="measurements that all have the same stated error",
                wanted="different errors, to tell a scale from a floor",
                where="fit of the noise",
                todo="fit the scale or the floor alone",
            ),
            ("scale with floor of the measurement errors",),
        )


__all__ = [
    "Inflation",
    "Noise",
    "error_inflation",
    "fit_noise",
    "solve_with_noise",
    "with_noise",
]
