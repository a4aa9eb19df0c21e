"""Gauss-Newton on the block-arrow normal equations, damped only when a step fails.

Each iteration linearises once. Whether a step was good is seen at the next
linearisation; if the objective rose, the step is taken back and tried again with
Levenberg-Marquardt damping. Convergence is judged on the step, in units of each
parameter's own σ. The system of the last linearisation gives the exact Gaussian
posterior; its step is still taken, since it costs nothing.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.linalg

from reseau.errors import Result
from reseau.linalg import Factor, factorise
from reseau.model import (
    Parameters,
    Problem,
    free_columns,
    prior_terms,
    prior_widths,
    take_step,
)
from reseau.model.gauge import mean_scales, sky_rotations

from .assemble import System, assemble, source_steps
from .plan import TileData
from .ties import tie_columns
from .weighted import CLIPPED, REWEIGHTED, Terms

Report = Callable[[dict[str, float]], None]


class Iteration(NamedTuple):
    """One line of the history.

    Attributes
    ----------
    objective
        −2 log posterior, up to a constant.
    chi2
        Whitened squared residuals of the measurements.
    largest_step
        Largest step of any parameter in units of its σ.
    damping
        Levenberg-Marquardt factor.
    seconds
        Time that it took.
    moving
        What took the largest step: the row of the shared parameter, or their number
        plus twice the row of the source (plus one for the offset north).
    """

    objective: float
    chi2: float
    largest_step: float
    damping: float
    seconds: float
    moving: int


class Settings(NamedTuple):
    """How to iterate.

    Attributes
    ----------
    tolerance
        Largest step, in σ, at which the iteration ends.
    max_iterations
        Number of linearisations at most.
    first_damping, max_damping
        Levenberg-Marquardt factor after a first failed step, and where to give up.
    patient
        Whether one step after a rise is allowed before damping. Without, the
        objective never rises from one entry of the history to the next.
    """

    tolerance: float = 0.01
    max_iterations: int = 50
    first_damping: float = 1e-4
    max_damping: float = 1e8
    patient: bool = True


class Equations(NamedTuple):
    """The reduced and factored equations at one point.

    Attributes
    ----------
    system
        Normal equations with the sources eliminated.
    factor
        Factor of the corner in the free, tied parameters.
    basis
        Shared parameters as combinations of the free ones, (p, q).
    root
        V, with V Vᵀ the covariance of the shared parameters.
    held
        Number of directions that are held.
    right
        Right-hand side of the corner, priors included, (p,).
    objective, chi2
        At this point.
    axes
        Camera axes at this point.
    """

    system: System
    factor: Factor
    basis: scipy.sparse.csr_matrix
    root: np.ndarray
    held: int
    right: np.ndarray
    objective: float
    chi2: float
    axes: np.ndarray

    def step(self) -> np.ndarray:
        """Return the Gauss-Newton step of the shared parameters."""
        return self.root @ (self.root.T @ self.right)

    def null(self) -> np.ndarray:
        """Return the null directions in the shared parameters."""
        return self.basis @ self.factor.null


class Optimum(NamedTuple):
    """Where the iteration ended.

    Attributes
    ----------
    parameters
        Values, the last step taken.
    equations
        Equations of the last linearisation.
    history
        All iterations.
    result
        How it ended.
    """

    parameters: Parameters
    equations: Equations
    history: list[Iteration]
    result: Result


def equations_at(
    problem: Problem,
    tiles: list[TileData],
    parameters: Parameters,
    damping: float,
    terms: Terms | None = None,
) -> Equations:
    """Return the factored normal equations at `parameters`.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    damping
        Levenberg-Marquardt factor.
    terms
        Heavy-tailed likelihood and priors; absent: Normal.
    """
    system = assemble(problem, tiles, parameters, damping, terms)
    prior = prior_terms(problem, parameters)
    corner = system.corner
    basis = tie_columns(
        problem, free_columns(problem.layout, problem.free, prior_widths(problem))
    )
    matrix = np.asarray(corner.matrix) + prior.information
    right = np.asarray(corner.right) + prior.gradient
    diagonal = np.asarray(corner.diagonal) + np.diag(prior.information)
    chi2, of_sources = (float(c) for c in np.asarray(corner.chi2))
    reduced = basis.T @ (matrix @ basis)
    scale = basis.power(2).T @ diagonal
    scale = np.where(scale > 0, scale, 1.0)
    reduced[np.diag_indices_from(reduced)] += damping * scale
    held = _held(problem, parameters, basis, scale)
    factor = _factorise(reduced, scale, held)
    return Equations(
        system=system,
        factor=factor,
        basis=basis,
        root=basis @ factor.root,
        held=held.shape[1],
        right=right,
        objective=chi2 + of_sources + prior.objective,
        chi2=chi2,
        axes=np.asarray(parameters.axes),
    )


def _held(
    problem: Problem,
    parameters: Parameters,
    basis: scipy.sparse.csr_matrix,
    scale: np.ndarray,
) -> np.ndarray:
    """Return what is held in a free network: an orthonormal basis, scaled, (q, r).

    Steps along rotations of the sky, of which nothing is known, and the means that fix
    the scale where the data do not. Scaled parameters are √scale times the free ones.
    """
    weight = np.sqrt(scale)[:, None]
    if not problem.free_network or "attitude" not in problem.free:
        return np.zeros((basis.shape[1], 0))
    turns = basis.T @ sky_rotations(np.asarray(parameters.axes), problem.layout)
    means = basis.T @ mean_scales(problem, np.asarray(parameters.axes))
    columns = np.concatenate([turns * weight, means / weight], axis=1)
    size = np.linalg.norm(columns, axis=0)
    columns = columns[:, size > 0] / size[size > 0]
    return scipy.linalg.orth(columns, rcond=1e-10)


def _factorise(matrix: np.ndarray, scale: np.ndarray, held: np.ndarray) -> Factor:
    """Factor the corner with some directions held: no step, no variance along them.

    Parameters
    ----------
    held
        Orthonormal directions in the scaled parameters, in columns.
    """
    if not np.all(np.isfinite(matrix)):
        size = matrix.shape[0]
        return Factor(np.full((size, size), np.nan), np.zeros((size, 0)), 0.0)
    if not held.shape[1]:
        return factorise(matrix, scale)
    weight = np.sqrt(scale)
    scaled = matrix / np.outer(weight, weight)
    crossed = held.T @ scaled
    scaled = scaled - held @ crossed - crossed.T @ held.T
    scaled = scaled + held @ (crossed @ held + np.eye(held.shape[1])) @ held.T
    factor = factorise(scaled * np.outer(weight, weight), scale)
    moved = factor.root * weight[:, None]
    root = (moved - held @ (held.T @ moved)) / weight[:, None]
    return Factor(root, factor.null, factor.smallest)


def gauss_newton(
    problem: Problem,
    tiles: list[TileData],
    start: Parameters,
    settings: Settings | None = None,
    report: Report | None = None,
    terms: Terms | None = None,
) -> Optimum:
    """Find the maximum of the posterior of one plate.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    start
        Starting values.
    report
        Called after each iteration with its figures.
    terms
        Heavy-tailed likelihood and priors; absent: Normal. Steps use their curvature
        as far as it cannot raise the objective, damped ones their weights alone.

    Returns
    -------
    The optimum; `result` says whether it was reached.
    """
    settings = settings or Settings()

    def linearise(point: Parameters, damping: float) -> Equations:
        chosen = None
        if terms is not None:
            chosen = terms.bounded(REWEIGHTED if damping else CLIPPED)
        return equations_at(problem, tiles, point, damping, chosen)

    n_sources = problem.prior.direction.shape[0]
    history: list[Iteration] = []
    point, lowest, damping = start, np.inf, 0.0
    best, ahead = start, False
    for _ in range(settings.max_iterations):
        began = time.perf_counter()
        equations = linearise(point, damping)
        descended = _descends(equations.objective, lowest)
        if descended:
            best, lowest, ahead = point, equations.objective, False
        elif (
            settings.patient
            and not (ahead or damping)
            and history
            and np.isfinite(equations.objective)
        ):
            # In a curved valley a step along it ends on its side; one more comes down.
            ahead = True
        else:
            if not history:
                return Optimum(point, equations, history, Result.NOT_FINITE)
            damping, ahead = max(10.0 * damping, settings.first_damping), False
            if damping > settings.max_damping:
                return Optimum(best, linearise(best, 0.0), history, Result.NO_DESCENT)
            point = best
            equations = linearise(point, damping)
        shared = equations.step()
        offset, deviation = source_steps(equations.system, tiles, shared, n_sources)
        largest, moving = _largest_step(equations, shared, offset, deviation)
        history.append(
            Iteration(
                equations.objective,
                equations.chi2,
                largest,
                damping,
                time.perf_counter() - began,
                moving,
            )
        )
        if report is not None:
            report(history[-1]._asdict())
        if not (ahead or np.isfinite(largest)):
            return Optimum(point, equations, history, Result.NOT_FINITE)
        point = take_step(point, shared, offset)
        # With damping, steps and deviations are both too small to be judged.
        if largest < settings.tolerance and not (ahead or damping):
            return Optimum(point, equations, history, Result.SUCCESSFUL)
        if descended:
            damping = 0.0 if damping <= settings.first_damping else damping / 10.0
        del equations  # else it lives on beside the next ones
    # Equations that no damping falsifies.
    return Optimum(best, linearise(best, 0.0), history, Result.NOT_CONVERGED)


def _descends(objective: float, best: float) -> bool:
    """Return whether an objective is acceptable: not higher, up to rounding."""
    return bool(objective <= best * (1 + 1e-9) + 1e-6)


def _largest_step(
    equations: Equations, shared: np.ndarray, offset: np.ndarray, deviation: np.ndarray
) -> tuple[float, int]:
    """Return the largest step in units of σ, and of what it is."""
    sigma = np.sqrt(np.sum(equations.root**2, axis=1))
    steps = np.concatenate([shared, offset.ravel()])
    widths = np.concatenate([sigma, deviation.ravel()])
    sizes = np.abs(steps) / np.where(widths > 0, widths, np.inf)
    moving = int(np.argmax(sizes))
    return float(sizes[moving]), moving
