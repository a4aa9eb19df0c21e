"""Scale and floor of the measurement errors, fitted by their marginal likelihood.

The covariance of a measurement is taken as ``V = a² C + f² I`` with C the stated one.
All parameters are integrated out (REML): with P = V⁻¹ − V⁻¹J Cov JᵀV⁻¹, Cov the
posterior covariance with priors, the derivative of the log likelihood in a variance θ
is ``½ rᵀV⁻¹ V_θ V⁻¹r − ½ tr(P V_θ)`` with r the residuals; the trace needs each
measurement's leverage, which `leverages` gives exactly. Scoring uses the information
``½ tr(P V_θ V⁻¹ V_φ)``, exact where V_θ is a multiple of V.

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

from reseau.errors import ConfigError, DegeneracyError, explain
from reseau.model import Parameters, Problem
from reseau.model.arrangement import whitening_factors

from .gauss_newton import Settings, equations_at, gauss_newton
from .leverage import leverages
from .plan import plan_tiles
from .plate import solve_plate
from .residuals import residuals_at
from .robust import Robust
from .solution import Solution
from .start import find_start

ROUNDS = 8
"""How often the plate is solved anew with the errors found."""

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
    dof = solution.dof
    if not dof >= 0.5:
        return Inflation(np.nan, np.nan, False)
    chance = float(special.gammaincc(0.5 * dof, 0.5 * solution.chi2))
    factor = solution.sigma0
    needed = chance < 0.00135 and factor > 1.0 + CREDIBLE
    return Inflation(factor, factor / np.sqrt(2.0 * dof), needed)


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
    with jax.enable_x64(True):
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
        noise = start._replace(scale=np.sqrt(variance[0]), floor=np.sqrt(variance[1]))
        point, left = _residuals(with_noise(problem, noise), point)
        new, covariance = _scored(stated, left, variance, free)
        sigma = np.sqrt(np.diag(covariance))
        change = np.abs(new - variance) / np.where(sigma > 0, sigma, 1.0)
        variance, settled = new, bool(np.all(change < CLOSE))
    return _as_noise(variance, sigma, rounds, settled)


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


def _residuals(problem: Problem, point: Parameters) -> tuple[Parameters, _Residuals]:
    """Solve with given errors; return the optimum, residuals and leverages there."""
    tiles = jax.device_put(plan_tiles(problem))
    optimum = gauss_newton(problem, tiles, point)
    point = optimum.parameters
    equations = equations_at(problem, tiles, point, 0.0)
    taken = leverages(problem, tiles, equations, point)
    return point, _Residuals(residuals_at(problem, tiles, point).pixel, taken)


def _scored(
    stated: Float[np.ndarray, "m 2 2"],
    left: _Residuals,
    variance: np.ndarray,
    free: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the variances a², f² that fit given residuals, and their covariance.

    Leverages are held: they hardly change where all errors change alike.
    """
    for _ in range(50):
        score, information = _score(stated, left, variance)
        active = free & ~((variance <= 0) & (score <= 0))
        covariance = np.zeros((2, 2))
        _check_apart(information, active)
        at = np.ix_(active, active)
        covariance[at] = np.linalg.inv(information[at])
        step = covariance @ score
        new = np.maximum(variance + step, [0.01 * variance[0], 0.0])
        sigma = np.sqrt(np.diag(covariance))
        change = np.abs(new - variance) / np.where(sigma > 0, sigma, 1.0)
        variance = new
        if np.all(change < 0.1 * CLOSE):
            break
    if free[1] and covariance[1, 1] == 0.0:
        covariance[1, 1] = 1.0 / information[1, 1]
    return variance, covariance


def _score(
    stated: np.ndarray, left: _Residuals, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivatives of the log likelihood in a², f², and the information."""
    now = variance[0] * stated + variance[1] * np.eye(2)
    first, second, third = whitening_factors(now)
    whiten = np.zeros_like(now)
    whiten[:, 0, 0], whiten[:, 1, 0], whiten[:, 1, 1] = first, second, third
    residual = np.einsum("mij,mj->mi", whiten, left.pixel)
    share = np.eye(2) - left.taken
    parts = [
        np.einsum("mij,mjk,mlk->mil", whiten, stated, whiten),
        np.einsum("mij,mkj->mik", whiten, whiten),
    ]
    score = np.empty(2)
    information = np.empty((2, 2))
    for i, part in enumerate(parts):
        square = np.einsum("mi,mij,mj->", residual, part, residual)
        score[i] = 0.5 * (square - np.einsum("mij,mji->", share, part))
        for j, other in enumerate(parts):
            information[i, j] = 0.5 * np.einsum(
                "mij,mjk,mki->", share, part, other, optimize=True
            )
    return score, 0.5 * (information + information.T)


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
