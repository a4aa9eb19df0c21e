"""Where a distortion that is not linear in its coefficients starts.

Such a model is poorly described by its derivatives at no distortion: a centre, or what
only modulates another coefficient, has none there, and the first steps of Gauss-Newton
go astray. Polynomials of the field do not have that trouble, and whatever the model
is, its displacement is nearly one of them. So the plate is linearised with polynomials
in place of the model; what the measurements say of these, all else eliminated, is a
parabola in some dozens of numbers; and the model's coefficients are those whose
polynomials, and whose prior, fit it best (`coefficient_fit`). No measurement is looked
at for that.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.linalg

from reseau.equations.equations import Equations, equations_at
from reseau.equations.plan import Plan, plan_tiles
from reseau.equations.sources import source_steps
from reseau.model import Parameters, Problem, take_step

from .coefficient_fit import (
    Field,
    Reduced,
    coefficient_pulls,
    fit_coefficients,
    measured_field,
    polynomials_of,
    what_is_left,
)

PASSES = 4
"""Linearisations of the plate, at most."""

SMALL = 0.03
"""Error of the linearisation [σ of a measurement] from which one more is no use."""

CURVED = 3.0
"""Error of the linearisation in squares of the misfit over the size of the field."""

DETERMINED = 1e-13
"""Least eigenvalue of what is known of the polynomials, relative to the largest."""


def start_is_needed(problem: Problem) -> bool:
    """Return whether a plate has free coefficients in which it is not linear."""
    instrument = problem.instrument
    if instrument.distortion.is_linear or "distortion" not in problem.free:
        return False
    return bool(np.any(np.asarray(instrument.coefficient_sigma) > 0))


def start_distortion(problem: Problem, point: Parameters) -> Parameters:
    """Return a start with a distortion from a fit of polynomials.

    Unchanged where the distortion is linear or held, and where the fit is no better.

    Parameters
    ----------
    problem
        The plate.
    point
        Start of all parameters, attitudes right to about the size of the distortion.
    """
    if not start_is_needed(problem):
        return point
    tiles = plan_tiles(problem)
    field = measured_field(problem)
    found, before, best = point, point, np.inf
    for _ in range(PASSES):
        now = polynomials_of(problem.instrument.distortion, field, found.coefficients)
        if not np.all(np.isfinite(now)):
            return before
        equations, complete = _linearise(problem, tiles, found, field, now)
        pulls = coefficient_pulls(problem.instrument, found.coefficients)
        objective = equations.objective + float(np.sum(pulls**2))
        if not (objective < best and np.all(np.isfinite(equations.root))):
            return before
        error = _error_of_start(problem, field, found, equations.chi2)
        reduced = _reduce(equations, problem.layout.distortion, now, error)
        coefficients = fit_coefficients(
            problem.instrument, field, reduced, found.coefficients
        )
        before, best, found = found, objective, complete(coefficients)
        if error < SMALL:
            break
    return found


def _error_of_start(
    problem: Problem, field: Field, point: Parameters, chi2: float
) -> float:
    """Return the error of a linearisation with polynomials, in σ of a measurement.

    What is not linear in a misfit is about its square over the size of the field; and
    no polynomial is just the model.
    """
    measurements, instrument = problem.measurements, problem.instrument
    variance = np.trace(np.asarray(measurements.covariance), axis1=1, axis2=2) / 2.0
    pitch = float(np.mean(np.asarray(instrument.detectors.pitch)))
    sigma = pitch * float(np.sqrt(np.median(variance)))
    square = chi2 / (2.0 * variance.size)
    size = field.polynomial.normalisation / sigma
    apart = what_is_left(instrument.distortion, field, point.coefficients) / sigma
    return float(np.hypot(CURVED * square / size, apart))


def _linearise(
    problem: Problem,
    tiles: Plan,
    point: Parameters,
    field: Field,
    now: np.ndarray,
) -> tuple[Equations, Callable[[np.ndarray], Parameters]]:
    """Linearise with polynomials in place of the model.

    Returns
    -------
    The equations, polynomials not among the free parameters, and what completes
    given coefficients of the model by the best values of all else.
    """
    instrument = problem.instrument
    free = tuple(block for block in problem.free if block != "distortion")
    other = replace(
        problem,
        instrument=replace(
            instrument,
            distortion=field.polynomial,
            coefficients=now,
            coefficient_sigma=np.full(now.shape, np.inf),
        ),
        free=free,
        # As it is where the distortion is free.
        hold_scale=True,
    )
    at = _with_coefficients(point, now)
    equations = equations_at(other, tiles, at, 0.0)
    columns, n = other.layout.distortion, problem.prior.direction.shape[0]

    def complete(coefficients: np.ndarray) -> Parameters:
        wanted = polynomials_of(instrument.distortion, field, coefficients) - now
        left = equations.right - equations.matrix[:, columns] @ wanted
        shared = equations.root @ (equations.root.T @ left)
        shared[columns] = wanted
        offset, _ = source_steps(equations.system, tiles, shared, n)
        return _with_coefficients(take_step(at, shared, offset), coefficients)

    return equations, complete


def _with_coefficients(point: Parameters, coefficients: np.ndarray) -> Parameters:
    return replace(point, coefficients=coefficients)


def _reduce(
    equations: Equations, columns: slice, now: np.ndarray, error: float
) -> Reduced:
    """Return what equations say of the polynomials, all else eliminated.

    Parameters
    ----------
    now
        The polynomials' coefficients at which they are.
    error
        Of the linearisation, in σ of a measurement.
    """
    columns = slice(columns.start, columns.start + now.size)
    crossed = equations.root.T @ equations.matrix[:, columns]
    matrix = equations.matrix[columns, columns] - crossed.T @ crossed
    right = equations.right[columns] - crossed.T @ (equations.root.T @ equations.right)
    values, vectors = scipy.linalg.eigh(matrix)
    known = values > DETERMINED * values[-1]
    vectors, size = vectors[:, known].T, np.sqrt(values[known])
    root = size[:, None] * vectors
    wanted = root @ now + (vectors @ right) / size
    inflation = np.hypot(1.0, error)
    return Reduced(root / inflation, wanted / inflation)


__all__ = ["start_distortion", "start_is_needed"]
