"""Solve one plate: start, iterate, posterior, datum."""

import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from reseau._compiled import computing
from reseau._precision import in_double
from reseau.equations import Residuals
from reseau.equations.leverage import leverages_and_residuals
from reseau.equations.plan import Plan, plan_tiles
from reseau.errors import Result
from reseau.model import (
    PER_EXPOSURE,
    Parameters,
    Problem,
    attitude_steps,
    free_columns,
    nominal_vector,
    parameter_names,
    prior_terms,
    prior_widths,
    shared_vector,
)
from reseau.model.gauge import find_datum
from reseau.solvers.posterior.factor import posterior_factor
from reseau.solvers.posterior.gaussian import gaussian_posterior
from reseau.solvers.posterior.source_information import source_information
from reseau.solvers.robust.both_modes import with_both_modes
from reseau.solvers.robust.robust import Robust, RobustOptimum, solve_robustly
from reseau.solvers.start.parameters import Start, find_start
from reseau.solvers.start.trusted import Strays, trusted_start

from .flagging import source_flags
from .free_network import apply_constraints, inner_constraints
from .gauss_newton import Optimum, Report, Settings, gauss_newton
from .lost import lost_solution
from .null_space import describe_datum, find_null_space, holds_scale
from .reported import reported_at
from .solution import Solution


class Labels(NamedTuple):
    """What to call exposures and detectors in messages."""

    exposures: list[str]
    detectors: list[str]


@computing()
@in_double
def solve_plate(
    problem: Problem,
    *,
    settings: Settings | None = None,
    labels: Labels | None = None,
    report: Report | None = None,
    robust: Robust | None = None,
    information: float | None = None,
) -> Solution:
    """Solve one plate by Gauss-Newton with its exact Gaussian posterior.

    Parameters
    ----------
    problem
        Measurements, instrument, priors and what is free.
    settings
        When to stop.
    labels
        Names of exposures and detectors for messages; row numbers by default.
    report
        Called after each iteration with its figures.
    robust
        Heavy-tailed likelihoods of measurements and reference priors; absent: Normal.
    information
        Whether the solution is to hold what the plate says about its sources: the share
        of it below which a mode of the calibration is left out; absent: it is not.

    Returns
    -------
    The solution; `Solution.result` says how it ended. It does not raise where the
    data do not determine all: undetermined parameters are named and NaN.

    Examples
    --------
    >>> from reseau import simulate_orbit, solve_plate  # doctest: +SKIP
    """
    return _solve(
        problem,
        settings or Settings(),
        labels or _default_labels(problem),
        report,
        robust,
        information,
    )


def _default_labels(problem: Problem) -> Labels:
    layout = problem.layout
    return Labels(
        [str(i) for i in range(layout.n_exposures)],
        [str(i) for i in problem.instrument.detectors.ids],
    )


ROUGHLY = 3.0
"""Largest step, in σ, at which least squares ends where a robust solution goes on."""


def _is_robust(robust: Robust | None) -> bool:
    """Return whether anything is not Normal."""
    if robust is None:
        return False
    return robust.likelihood is not None or robust.reference_prior is not None


def _descend(
    start: Start,
    tiles: Plan,
    robust: Robust | None,
    settings: Settings,
    report: Report | None,
) -> tuple[Problem, Optimum, Strays | None]:
    """Return where least squares ends, and what does not belong there.

    With heavy tails to follow, roughly, and without strays. The problem may have a
    scale that is held.
    """
    problem, rough = start.problem, settings
    if _is_robust(robust):
        rough = settings._replace(tolerance=max(ROUGHLY, settings.tolerance))
    trusted, strays = trusted_start(start, tiles, rough)
    if trusted is not None and _is_robust(robust):
        return problem, trusted, strays
    begin = start.parameters if trusted is None else trusted.parameters
    optimum = gauss_newton(problem, tiles, begin, rough, report)
    if _scale_may_be_too_weak(problem) and optimum.result is not Result.SUCCESSFUL:
        problem = replace(problem, hold_scale=True)
        optimum = gauss_newton(problem, tiles, begin, rough, report)
    return problem, optimum, strays


def _go_on(
    problem: Problem,
    tiles: Plan,
    first: Optimum,
    robust: Robust | None,
    settings: Settings,
    report: Report | None,
) -> RobustOptimum | None:
    """Return the robust optimum that starts from least squares, if one is wanted."""
    lost = first.result is Result.NOT_FINITE
    if robust is None or not _is_robust(robust) or lost:
        return None
    found = solve_robustly(problem, tiles, first, robust, settings, report)
    return with_both_modes(problem, tiles, found)


def _solve(
    problem: Problem,
    settings: Settings,
    labels: Labels,
    report: Report | None,
    robust: Robust | None,
    information: float | None,
) -> Solution:
    began = time.perf_counter()
    start = find_start(problem)
    tiles = plan_tiles(start.problem)
    planned = time.perf_counter()
    problem, optimum, strays = _descend(start, tiles, robust, settings, report)
    found = _go_on(problem, tiles, optimum, robust, settings, report)
    if found is not None:
        optimum = found.optimum
    solved = time.perf_counter()
    if not np.isfinite(optimum.equations.objective):
        seconds = {"start": planned - began, "iterations": solved - planned}
        return lost_solution(problem, tiles, optimum, strays, seconds)

    equations, parameters = optimum.equations, optimum.parameters
    datum = find_datum(problem, parameters)
    names = parameter_names(problem, labels.exposures, labels.detectors)
    null = find_null_space(problem, datum, equations, names)
    constraints = inner_constraints(problem, tiles, equations, null)
    posterior = gaussian_posterior(
        problem,
        tiles,
        equations,
        prior_terms(problem, parameters).information,
        constraints,
        None if found is None else found.prior_information,
    )
    constrained = None
    if constraints is not None:
        constrained = apply_constraints(problem, parameters, constraints)
    weight = None if found is None else found.reliability.weight
    leverage, before = leverages_and_residuals(problem, tiles, equations, parameters)
    written = reported_at(problem, tiles, parameters, constrained, weight, before)
    datum, reported, residuals = written.datum, written.parameters, written.residuals
    covariance = datum.covariance(posterior.shared)
    factor = posterior_factor(
        problem,
        tiles,
        equations,
        constraints,
        datum,
        reported,
        null.undetermined,
    )
    said = None
    if information is not None:
        said = source_information(
            problem,
            tiles,
            parameters,
            epsilon=information,
            weight=weight,
            equations=equations if found is None else None,
        )
    chi2, dof = _unit_weight(residuals, posterior.used, found)
    redundancy = posterior.shares.redundancy(dof)
    judged = source_flags(
        problem,
        tiles,
        equations,
        reported,
        posterior.sources,
        found,
        sigma0=redundancy.scale(chi2).value,
    )
    ended = time.perf_counter()
    result = optimum.result
    if result is Result.SUCCESSFUL and null.unexpected:
        result = Result.DEGENERATE
    return Solution(
        problem=problem,
        parameters=reported,
        source_covariance=posterior.sources,
        shared_covariance=covariance,
        undetermined=null.undetermined,
        prior_pull=prior_pulls(problem, reported),
        calibration_pull=calibration_pulls(problem, reported),
        residuals=residuals,
        chi2=chi2,
        dof=dof,
        redundancy=redundancy,
        history=optimum.history,
        result=result,
        datum=describe_datum(problem, datum.modes, constraints, null),
        datum_modes=datum.modes,
        datum_change=written.change,
        null_directions=null.expected + null.unexpected,
        factor=factor,
        seconds={
            "start": planned - began,
            "iterations": solved - planned,
            "posterior": ended - solved,
        },
        flags=judged.flags,
        references=judged.references,
        extrapolation=judged.extrapolation,
        outlook=judged.outlook,
        reliability=None if found is None else found.reliability,
        leverage=leverage,
        strays=strays,
        information=said,
    )


def _unit_weight(
    residuals: Residuals, used: float, found: RobustOptimum | None
) -> tuple[float, float]:
    """Return χ² and its degrees of freedom, outliers counted as far as they are good.

    With g the probability to be good, Σ g s has the expectation 2 Σ g under the
    mixture, less what the parameters take.
    """
    square = np.sum(residuals.pull**2, axis=1)
    if found is None:
        return float(np.sum(residuals.pull**2)), 2 * square.size - used
    good = 1.0 - found.reliability.outlier_probability
    return float(good @ square), 2.0 * float(good.sum()) - used


def _scale_may_be_too_weak(problem: Problem) -> bool:
    """Return whether holding a free network's scale could help the iteration."""
    free = problem.free_network and {"sources", "attitude", "scale"} <= set(
        problem.free
    )
    return free and not holds_scale(problem)


def prior_pulls(problem: Problem, parameters: Parameters) -> np.ndarray:
    information = np.asarray(problem.prior.information)
    offset = np.asarray(parameters.offset)
    pull = np.sqrt(np.einsum("ni,nij,nj->n", offset, information, offset))
    pull[~np.any(information != 0, axis=(1, 2))] = np.nan
    return pull


def calibration_pulls(problem: Problem, parameters: Parameters) -> np.ndarray:
    """Return (value − prior mean) / prior σ of the shared parameters; NaN without."""
    layout, instrument = problem.layout, problem.instrument
    shift = shared_vector(parameters) - nominal_vector(problem)
    exposure = layout.by_exposure(shift)
    exposure[:, :3] = attitude_steps(problem, parameters)
    # The position angle turns by tan(dec) with a move towards East.
    dec = np.asarray(problem.exposures.attitude)[:, 1]
    exposure[:, 2] += exposure[:, 0] * np.tan(dec)
    focal = np.asarray(parameters.focal) - np.asarray(instrument.focal)
    exposure[:, 3:PER_EXPOSURE] = focal
    width = prior_widths(problem)
    usable = (width > 0) & np.isfinite(width)
    usable &= free_columns(layout, problem.free, width)
    return np.where(usable, shift / np.where(usable, width, 1.0), np.nan)


__all__ = [
    "ROUGHLY",
    "Labels",
    "calibration_pulls",
    "prior_pulls",
    "solve_plate",
]
