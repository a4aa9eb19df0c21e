"""What variational inference returns, and how it becomes a `Solution`."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau.equations import Residuals
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.errors import Result
from reseau.model import Parameters, Problem, prior_terms
from reseau.solvers.flagging import source_flags
from reseau.solvers.gauss_newton import Iteration
from reseau.solvers.null_space import NullSpace, describe_datum
from reseau.solvers.plate import calibration_pulls, prior_pulls
from reseau.solvers.posterior.factor import posterior_factor
from reseau.solvers.posterior.prior_shares import prior_shares
from reseau.solvers.posterior.redundancy import Redundancy
from reseau.solvers.reported import reported_at
from reseau.solvers.robust.robust import RobustOptimum
from reseau.solvers.solution import Solution


class Variational(NamedTuple):
    """A fitted guide.

    Attributes
    ----------
    guide
        Its name.
    solution
        Mean parameters in the datum that it names, and the guide's covariances.
        Where the guide has points, not distributions (seed: all shared parameters), the
        shared covariance is NaN: it says nothing of them. Parameters that are held have
        zero, as everywhere.
    elbo, step
        History of the evidence lower bound, up to a constant of the likelihood, and
        the number of steps up to each of its entries.
    steps, seconds
        Number of steps, and time in them; of all runs that were joined.
    result
        How it ended.
    verdict
        That, in words, with the figures it rests on.
    schedule
        The schedule and its units, in words.
    """

    guide: str
    solution: Solution
    elbo: Float[np.ndarray, "c"]
    step: Float[np.ndarray, "c"]
    steps: int
    seconds: float
    result: Result
    verdict: str
    schedule: str

    @property
    def converged(self) -> bool:
        """Return whether the fit came to rest."""
        return self.result is Result.SUCCESSFUL

    @property
    def seconds_per_step(self) -> float:
        """Return the mean time of a step, compilation included."""
        return self.seconds / max(self.steps, 1)


class Moments(NamedTuple):
    """Mean and covariances of a guide.

    Attributes
    ----------
    parameters
        At the mean.
    sources
        Covariances in the tangent planes [rad²]; zero where not solved for.
    shared
        Covariance of the shared parameters; NaN where the guide has none.
    """

    parameters: Parameters
    sources: Float[np.ndarray, "n_src 2 2"]
    shared: Float[np.ndarray, "p p"]


def as_solution(
    problem: Problem,
    tiles: Plan,
    moments: Moments,
    free: int,
    history: list[Iteration],
    result: Result,
    seconds: dict[str, float],
    equations: Equations | None = None,
    judged: RobustOptimum | None = None,
) -> Solution:
    """Return the solution that a guide's moments make, calibration in its datum.

    Parameters
    ----------
    free
        Number of free parameters, sources included.
    equations
        Factors of the guide, where it has them: then draws can be made.
    judged
        What a heavy-tailed solution thinks of its data.
    """
    parameters = moments.parameters
    written = reported_at(problem, tiles, parameters)
    datum, reported, residuals = written.datum, written.parameters, written.residuals
    nothing = NullSpace(
        (), (), np.zeros(problem.layout.size, dtype=bool), np.zeros((0, 0))
    )
    of_data = equations if judged is None else judged.optimum.equations
    of_sources = source_flags(
        problem, tiles, of_data, parameters, moments.sources, judged
    )
    chi2, dof = _unit_weight(problem, residuals, moments, free, judged)
    factor = None
    if equations is not None:
        factor = posterior_factor(problem, tiles, equations, None, datum, reported)
    return Solution(
        problem=problem,
        parameters=reported,
        source_covariance=moments.sources,
        shared_covariance=_in_datum(datum.covariance, moments.shared),
        undetermined=nothing.undetermined,
        prior_pull=prior_pulls(problem, reported),
        calibration_pull=calibration_pulls(problem, reported),
        residuals=residuals,
        chi2=chi2,
        dof=dof,
        redundancy=_redundancy(problem, tiles, moments, equations, judged, dof),
        history=history,
        result=result,
        datum=describe_datum(problem, datum.modes, None, nothing),
        datum_modes=datum.modes,
        datum_change=written.change,
        null_directions=(),
        seconds=seconds,
        factor=factor,
        flags=of_sources.flags,
        references=of_sources.references,
        extrapolation=of_sources.extrapolation,
        outlook=of_sources.outlook,
        reliability=None if judged is None else judged.reliability,
    )


def _unit_weight(
    problem: Problem,
    residuals: Residuals,
    moments: Moments,
    free: int,
    judged: RobustOptimum | None,
) -> tuple[float, float]:
    """Return χ² and its degrees of freedom, outliers as far as they are good."""
    square = np.sum(residuals.pull**2, axis=1)
    good, information = np.ones(square.size), np.asarray(problem.prior.information)
    if judged is not None:
        good = 1.0 - judged.reliability.outlier_probability
        information = judged.prior_information
    supplied = _supplied(problem, moments, information)
    return float(good @ square), 2.0 * float(np.sum(good)) - free + supplied


def _redundancy(
    problem: Problem,
    tiles: Plan,
    moments: Moments,
    equations: Equations | None,
    judged: RobustOptimum | None,
    dof: float,
) -> Redundancy | None:
    """Return what the residuals tell of the errors; None without a guide's factors."""
    if equations is None:
        return None
    of_sources = np.asarray(problem.prior.information)
    if judged is not None:
        of_sources = judged.prior_information
    solved = np.any(moments.sources != 0, axis=(1, 2))
    _, shares = prior_shares(
        problem.layout,
        tiles,
        equations,
        of_sources * solved[:, None, None],
        prior_terms(problem, moments.parameters).information,
    )
    return shares.redundancy(dof)


def _in_datum(transform: object, matrix: np.ndarray) -> np.ndarray:
    """Return a covariance in the datum; one with unknown entries stays as it is."""
    if not np.all(np.isfinite(matrix)):
        return matrix
    return np.asarray(transform(matrix))  # type: ignore[operator]


def _supplied(problem: Problem, moments: Moments, of_sources: np.ndarray) -> float:
    """Return how many parameters the priors supply, trace(Λ Cov); points: none."""
    information = prior_terms(problem, moments.parameters).information
    shared = np.nan_to_num(moments.shared)
    return float(np.sum(of_sources * moments.sources) + np.sum(information * shared))
