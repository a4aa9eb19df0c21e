"""How probable the data are under a model: the Laplace evidence of a plate.

With x all free unknowns (d of them), x* the optimum and H half the curvature of
−2 log p there, as the block-arrow equations have it ::

    log p(data) = log p(data | x*) + log p(x*) + (d/2) log 2π − ½ log det H

exact for a linear model with Normal priors. All densities are normalised. The
determinant is that of the sources' 2 x 2 blocks times that of the corner.

Where nothing is known, the densities are: a source's direction uniform over the
sphere, 1/4π a steradian; a position angle uniform over the circle, 1/2π; a pointing
without estimate 1/4π. In a free network the priors of focal lengths are dropped: their
density is then 1 per µm, `Evidence.improper` counts them, and only models with the
same of them can be compared. Rotations (and the scale, where it is held) of a free
network are left out of the integral, in every model the same.

References
----------
MacKay 2003, Information Theory, Inference, and Learning Algorithms (Laplace's
method, model comparison); Tierney & Kadane 1986, JASA 81, 82.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.special
from jaxtyping import Float

from reseau._precision import in_double
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan, plan_tiles
from reseau.linalg import rounding_threshold
from reseau.model import PER_EXPOSURE, Problem, free_columns, prior_terms, prior_widths
from reseau.model.arrangement import whitening_factors
from reseau.model.gauge import mean_scales, sky_rotations
from reseau.model.priors import tied_focal_weight
from reseau.solvers.gauss_newton import Optimum, Settings, gauss_newton
from reseau.solvers.solution import Solution

LOG_2PI = float(np.log(2.0 * np.pi))
LOG_4PI = float(np.log(4.0 * np.pi))

NOTHING = 1e-22
"""Scaled information that is none: a prior so wide says nothing, products round."""


class Widened(NamedTuple):
    """What the evidence under other prior widths of the distortion needs.

    Attributes
    ----------
    shift
        Free coefficients at the optimum less their prior means, in prior σ.
    covariance
        Their posterior covariance, in the same units.
    """

    shift: Float[np.ndarray, "k"]
    covariance: Float[np.ndarray, "k k"]

    def change(self, factor: float) -> float:
        """Return the change of log evidence where all prior σ are multiplied.

        Notes
        -----
        The integral of posterior times new prior over old prior, all Normal: exact
        where the model is linear.
        """
        k = self.shift.size
        if k == 0:
            return 0.0
        precision = np.linalg.inv(self.covariance)
        total = precision + (factor**-2.0 - 1.0) * np.eye(k)
        pull = precision @ self.shift
        exponent = self.shift @ pull - pull @ np.linalg.solve(total, pull)
        volume = np.linalg.slogdet(self.covariance @ total)[1]
        return float(-k * np.log(factor) - 0.5 * (volume + exponent))


class Evidence(NamedTuple):
    """Log evidence of a model and its parts (natural logarithms).

    Attributes
    ----------
    log_likelihood
        Log density of the measurements at the optimum.
    log_prior
        Log density of all priors there.
    log_volume
        Log volume of the posterior, (d/2) log 2π − ½ log det H; with `log_prior`, what
        the data cost in free parameters.
    dimension
        Number d of free unknowns.
    shared
        How many of them are shared by sources: attitudes, scales, calibration.
    improper
        Shared ones without a proper prior.
    widened
        For other widths of the distortion's prior.
    """

    log_likelihood: float
    log_prior: float
    log_volume: float
    dimension: int
    shared: int
    improper: int
    widened: Widened

    @property
    def value(self) -> float:
        """Return log p(data | model); NaN where the data leave the model open."""
        return self.log_likelihood + self.log_prior + self.log_volume

    def with_widths(self, factor: float) -> float:
        """Return the log evidence with the distortion's prior σ times `factor`."""
        return self.value + self.widened.change(factor)


@in_double
def evidence(solution: Solution) -> Evidence:
    """Return the Laplace evidence of the model of a solved plate.

    Parameters
    ----------
    solution
        As `solve_plate` returned it. Its calibration is in a datum, which is not the
        optimum of the priors; a few steps lead back to that.

    Notes
    -----
    Common modes of detectors, pointing and focal lengths are determined by their priors
    alone and bend a little: fits from different starts may end half a unit of
    log p apart on a small plate.
    """
    problem = solution.problem
    tiles = plan_tiles(problem)
    settings = Settings(max_iterations=10)
    optimum = gauss_newton(problem, tiles, solution.parameters, settings)
    return laplace_evidence(problem, tiles, optimum)


def laplace_evidence(problem: Problem, tiles: Plan, optimum: Optimum) -> Evidence:
    """Return the evidence from the equations of the last linearisation.

    Parameters
    ----------
    problem
        What was solved. Measurements of infinite variance are left out.
    tiles
        Measurements as `plan_tiles` laid them out.
    optimum
        Where the iteration ended. What the last step gains is counted in.
    """
    equations = optimum.equations
    gain = expected_gain(equations)
    solved = _solved_sources(problem)
    log_det, held = _log_determinant(problem, tiles, optimum)
    shared = equations.basis.shape[1] - held
    dimension = 2 * solved.size + shared
    normal, improper = _shared_normalisation(problem)
    # The gain belongs to both; which one gets it does not matter for their sum.
    misfit = equations.chi2 - gain
    of_priors = equations.objective - equations.chi2
    return Evidence(
        log_likelihood=_measurement_normalisation(problem) - 0.5 * misfit,
        log_prior=_source_normalisation(problem, solved) + normal - 0.5 * of_priors,
        log_volume=0.5 * (dimension * LOG_2PI - log_det),
        dimension=dimension,
        shared=shared,
        improper=improper,
        widened=_widened(problem, optimum),
    )


def expected_gain(equations: Equations) -> float:
    """Return by how much the next step is to lower −2 log p: gᵀ H⁻¹ g.

    It is also the sum of the squared steps in σ, over independent combinations.
    """
    own = sum(float(np.sum(np.square(t.gradient))) for t in equations.system.tiles)
    return own + float(np.sum((equations.root.T @ equations.right) ** 2))


def _solved_sources(problem: Problem) -> np.ndarray:
    """Return the rows of the measured sources that are solved for."""
    rows = np.unique(problem.measurements.source)
    if "sources" not in problem.free:
        return rows[:0]
    return rows[~np.asarray(problem.prior.fixed)[rows]]


def _measurement_normalisation(problem: Problem) -> float:
    """Return Σ −½ log det(2π C) of the measurements, empty ones left out."""
    first, _, second = whitening_factors(np.asarray(problem.measurements.covariance))
    used = first > 0
    return float(np.sum(np.log(first[used] * second[used])) - used.sum() * LOG_2PI)


def _source_normalisation(problem: Problem, solved: np.ndarray) -> float:
    """Return the log density of the sources' priors at their means."""
    information = np.asarray(problem.prior.information)[solved]
    if problem.free_network:
        information = np.zeros_like(information)
    values = np.linalg.eigvalsh(information)
    known = values > 1e-12 * values[:, 1:]
    density = np.log(np.where(known, values, 1.0)) - LOG_2PI
    return 0.5 * float(np.sum(np.where(known, density, -LOG_4PI)))


def _shared_normalisation(problem: Problem) -> tuple[float, int]:
    """Return the log density of the shared priors where their objective is zero.

    And the number of free parameters without a proper prior.
    """
    layout, width = problem.layout, prior_widths(problem)
    free = free_columns(layout, problem.free, width)
    proper = free & np.isfinite(width)
    density = np.zeros(layout.size)
    density[proper] = -np.log(width[proper]) - 0.5 * LOG_2PI
    rows = layout.by_exposure(density)[:, :PER_EXPOSURE]
    open_ = layout.by_exposure(free & ~proper)[:, :PER_EXPOSURE]
    rows[:, :3] -= open_[:, :3] * np.array([LOG_4PI / 2, LOG_4PI / 2, LOG_2PI])
    weight = tied_focal_weight(problem)
    rows[:, 3:] = np.where(rows[:, 3:] != 0, weight * _focal_density(problem), 0.0)
    known = np.isin(layout.blocks(), ("attitude", "scale"))
    improper = np.sum(free & ~proper & ~known) + np.sum(weight * open_[:, 3:])
    return float(density.sum()), round(float(improper))


def _focal_density(problem: Problem) -> np.ndarray:
    """Return the log density of a focal length's prior where its objective is zero.

    The mode of a Gamma, the mean of a Normal; one for each axis.
    """
    instrument = problem.instrument
    mean, sigma = np.asarray(instrument.focal), float(instrument.focal_sigma)
    if not sigma > 0:
        return np.zeros(2)
    if instrument.focal_prior == "normal":
        return np.full(2, -np.log(sigma) - 0.5 * LOG_2PI)
    shape, rate = (mean / sigma) ** 2, mean / sigma**2
    most = shape - 1.0
    peak = scipy.special.xlogy(most, most) - most - scipy.special.gammaln(shape)
    return np.asarray(peak + np.log(rate))


def _log_determinant(
    problem: Problem, tiles: Plan, optimum: Optimum
) -> tuple[float, int]:
    """Return log det H, and how many directions are held and left out of it."""
    own, equations = 0.0, optimum.equations
    for tile, data in zip(equations.system.tiles, tiles.tiles, strict=True):
        root = np.asarray(tile.root)
        logs = np.log(root[0, 0]) + np.log(root[1, 1])
        own += 2.0 * float(np.sum(logs[np.asarray(data.free) > 0]))
    held = _held(problem, equations)
    information = prior_terms(problem, optimum.parameters).information
    return own + _corner_log_determinant(equations, information, held), held.shape[1]


def _held(problem: Problem, equations: Equations) -> np.ndarray:
    """Return what is held in a free network: constraints on the free ones, (q, r)."""
    basis, axes = equations.basis, equations.axes
    if not problem.free_network or "attitude" not in problem.free:
        return np.zeros((basis.shape[1], 0))
    turns, means = sky_rotations(axes, problem.layout), mean_scales(problem, axes)
    columns = basis.T @ np.concatenate([turns, means], axis=1)
    return columns[:, np.any(columns != 0, axis=0)]


def _corner_log_determinant(
    equations: Equations, information: np.ndarray, held: np.ndarray
) -> float:
    """Return log det of the Schur complement on the free parameters.

    With constraints K held, it is that of ``Zᵀ S Z`` times ``KᵀK``, Z an orthonormal
    basis of what they leave, so that units do not matter.
    """
    basis, corner = equations.basis, equations.system.corner
    if basis.shape[1] == 0:
        return 0.0
    prior = basis.T @ (information @ basis)
    matrix = basis.T @ (np.asarray(corner.matrix) @ basis) + prior
    # Scaled by the diagonal of H before the elimination, as the solver does.
    scale = basis.power(2).T @ (np.asarray(corner.diagonal) + np.diag(information))
    if not (np.all(np.isfinite(matrix)) and np.all(scale > 0)):
        return float("nan")  # a free parameter that nothing measures
    root = np.sqrt(scale)
    matrix, prior = (m / np.outer(root, root) for m in (matrix, prior))
    total = float(np.sum(np.log(scale)))
    if held.shape[1]:
        constraints = held / root[:, None]
        total += float(np.linalg.slogdet(constraints.T @ constraints)[1])
        rest = scipy.linalg.null_space(constraints.T)
        matrix, prior = (rest.T @ m @ rest for m in (matrix, prior))
    return total + _guarded_log_determinant(matrix, prior)


def _guarded_log_determinant(matrix: np.ndarray, prior: np.ndarray) -> float:
    """Return log det of a matrix that is not below its prior part.

    Where eigenvalues are lost in rounding, the prior's part stands for them; NaN where
    that does not determine them either.
    """
    values, vectors = np.linalg.eigh(matrix)
    lost = values <= rounding_threshold(matrix.shape[0])
    total = float(np.sum(np.log(values[~lost])))
    if not lost.any():
        return total
    least = vectors[:, lost].T @ prior @ vectors[:, lost]
    sign, known = np.linalg.slogdet(least)
    determined = sign > 0 and np.linalg.eigvalsh(least)[0] > NOTHING
    return total + float(known) if determined else float("nan")


def _widened(problem: Problem, optimum: Optimum) -> Widened:
    """Return the free coefficients' shift and covariance in units of their priors."""
    layout, width = problem.layout, prior_widths(problem)
    free = free_columns(layout, problem.free, width) & np.isfinite(width)
    rows = np.flatnonzero(free[layout.distortion])
    sigma = width[layout.distortion][rows]
    shift = np.asarray(optimum.parameters.coefficients)
    shift = (shift - np.asarray(problem.instrument.coefficients))[rows] / sigma
    root = optimum.equations.root[layout.distortion][rows] / sigma[:, None]
    return Widened(shift, root @ root.T)
