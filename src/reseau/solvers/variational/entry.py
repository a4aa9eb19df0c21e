"""Solve one plate by variational inference, with a guide of one's choice."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from reseau._precision import in_double
from reseau.equations.assemble import assemble
from reseau.equations.plan import Plan, plan_tiles
from reseau.equations.sources import source_steps
from reseau.errors import ConfigError, Result, explain, unknown_name
from reseau.model import Parameters, Problem, free_columns, prior_terms, prior_widths
from reseau.model.density import solved_sources
from reseau.solvers.gauss_newton import Iteration, Settings, gauss_newton
from reseau.solvers.plate import ROUGHLY
from reseau.solvers.robust.robust import Robust, RobustOptimum, solve_robustly
from reseau.solvers.start.parameters import find_start
from reseau.solvers.variational.arrow.averages import Tails
from reseau.solvers.variational.arrow.heavy_tails import fit_tailed_arrow
from reseau.solvers.variational.arrow.natural_steps import NaturalSettings, fit_arrow
from reseau.solvers.variational.arrow.reliability import judge_at

from .checkpoint import identity
from .convergence import WINDOW
from .guides import Factorised, Guide, LowRank, initial_factor
from .result import Moments, Variational, as_solution
from .schedule import FROM_MAP, FROM_SCRATCH, Schedule, seed_schedule
from .slots import slot_density
from .stages import Ended, Limits, ascend
from .unknowns import (
    UNITS,
    Places,
    ScaledUnknowns,
    Unknowns,
    find_places,
    seed_unknowns,
)

GUIDES = ("seed", "meanfield", "lowrank", "arrow")
INITS = ("none", "map")
RANK = 10
"""Columns of W in the `lowrank` guide."""

MAX_FACTOR = 2**27
"""Entries of W from which `lowrank` is refused: 1 GiB, of which Adam holds four."""

Report = Callable[[dict[str, float]], None]
AT_MAP = 1e-3
"""Largest step [σ] at which a start at the maximum of the posterior is reached."""


class _Setting(NamedTuple):
    """A plate made ready."""

    problem: Problem
    tiles: Plan
    point: Parameters
    places: Places


@in_double
def solve_variational(
    problem: Problem,
    *,
    guide: str = "seed",
    init: str = "none",
    schedule: Schedule | None = None,
    seed: int = 0,
    rank: int = RANK,
    robust: Robust | None = None,
    report: Report | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    max_steps: int | None = None,
    time_limit: float | None = None,
) -> Variational:
    """Fit a guide to the posterior of one plate.

    Parameters
    ----------
    problem
        Measurements, instrument, priors and what is free.
    guide
        ``seed``: points for attitude, scale, distortion and detectors, independent
        Normals for the source coordinates, as the Plate Analysis; ``meanfield``:
        independent Normals for all; ``lowrank``: a Normal with covariance D + W Wᵀ;
        ``arrow``: a Normal whose precision has the block-arrow structure of the normal
        matrix.
    init
        ``none``: start where Gauss-Newton starts; ``map``: at its solution.
    schedule
        Learning rates and steps; by default the Plate Analysis' for ``seed`` and
        others, in units of the expected σ, for ``meanfield`` and ``lowrank``. ``arrow``
        has none.
    seed
        Of the random numbers.
    rank
        Columns of W.
    robust
        Heavy tails of measurements and of reference positions; absent: Normal. Where
        the start is the maximum, and for ``arrow``, fractions and widths of mixtures
        are fitted there and held; else they are held as given.
    report
        Called on the way with figures.
    checkpoint
        File for the state, to go on later; not for ``arrow``, which takes seconds.
    resume
        Whether to go on from that file, where it exists.
    max_steps, time_limit
        Where to stop in any case; the limit [s] is of this run.

    Returns
    -------
    The fitted guide. It does not raise where the fit diverges or does not converge:
    `Variational.result` and `Variational.verdict` say so.

    Raises
    ------
    ConfigError
        If a name is unknown or the problem does not suit.
    """
    _check_names(guide, init)
    _check_problem(problem, guide, rank)
    if guide == "arrow" and (checkpoint is not None or schedule is not None):
        raise _refused(
            "a schedule or a checkpoint for the guide arrow",
            "neither: it takes natural-gradient steps, a few seconds in all",
            "leave them away",
        )
    given = robust or Robust()
    began = time.perf_counter()
    if guide == "arrow":
        settings = NaturalSettings(max_steps=max_steps or 50, time_limit=time_limit)
        return _fit_arrow(problem, init, given, settings, seed, report, began)
    setting, tails = _prepare(problem, init, given)
    default = FROM_MAP if init == "map" else FROM_SCRATCH
    if guide == "seed":
        default = seed_schedule()
    chosen = schedule or default
    limits = Limits(
        max_steps,
        time_limit,
        None if checkpoint is None else Path(checkpoint),
        resume,
        identity(
            problem,
            f"{guide} {rank} {init} {given.likelihood} {given.reference_prior}",
            seed,
            chosen,
        ),
    )
    return _fit(setting, guide, rank, tails, chosen, seed, limits, report, began)


def _tails(given: Robust) -> Tails:
    return Tails(given.likelihood, given.reference_prior)


def _heavy(tails: Tails) -> bool:
    return any(density is not None for density in tails)


def _set_up(problem: Problem) -> _Setting:
    """Return a plate at its start."""
    start = find_start(problem)
    problem = start.problem
    return _Setting(
        problem,
        plan_tiles(problem),
        jax.device_put(start.parameters),
        find_places(problem, solved_sources(problem)),
    )


def _prepare(problem: Problem, init: str, given: Robust) -> tuple[_Setting, Tails]:
    """Return where to start, and heavy tails: at the maximum as they are fitted."""
    setting, tails = _set_up(problem), _tails(given)
    if init != "map":
        return setting, tails
    if not _heavy(tails):
        point = gauss_newton(
            setting.problem, setting.tiles, setting.point, Settings(tolerance=AT_MAP)
        ).parameters
    else:
        optimum = _robust_optimum(setting, given, AT_MAP)
        point, found = optimum.optimum.parameters, optimum.reliability
        tails = Tails(found.likelihood, found.reference_prior)
    return setting._replace(point=jax.device_put(point)), tails


def _robust_optimum(
    setting: _Setting, given: Robust, tolerance: float, report: Report | None = None
) -> RobustOptimum:
    """Return the robust optimum, fractions and widths fitted."""
    problem, tiles = setting.problem, setting.tiles
    rough = Settings(tolerance=ROUGHLY)
    first = gauss_newton(problem, tiles, setting.point, rough, report)
    settings = Settings(tolerance=tolerance)
    return solve_robustly(problem, tiles, first, given, settings, report)


def _fit_arrow(
    problem: Problem,
    init: str,
    given: Robust,
    settings: NaturalSettings,
    seed: int,
    report: Report | None,
    began: float,
) -> Variational:
    """Fit the guide arrow; heavy tails start from the robust optimum in any case."""
    if not _heavy(_tails(given)):
        setting, _ = _prepare(problem, init, given)
        return fit_arrow(
            setting.problem,
            setting.tiles,
            setting.point,
            settings,
            seed,
            report,
            began,
        )
    setting = _set_up(problem)
    prepared = time.perf_counter()
    tolerance = AT_MAP if init == "map" else settings.first
    start = _robust_optimum(setting, given, tolerance, report)
    times = began, prepared
    return fit_tailed_arrow(
        setting.problem, setting.tiles, start, settings, report, times
    )


def _fit(
    setting: _Setting,
    guide: str,
    rank: int,
    tails: Tails,
    schedule: Schedule,
    seed: int,
    limits: Limits,
    report: Report | None,
    began: float,
) -> Variational:
    """Fit a guide by stochastic gradients."""
    problem, places = setting.problem, setting.places
    width = places.gather(*expected_widths(problem, setting.tiles, setting.point))
    unknowns: Unknowns
    start: Guide
    if guide == "seed":
        unknowns, mean = seed_unknowns(problem, places, setting.point)
        width = width / _seed_unit(unknowns, places)
        start = seed_guide(problem, places, mean, width)
        units = "in " + ", ".join(f"{what} [{unit}]" for what, unit in UNITS)
    else:
        unknowns = ScaledUnknowns(places, setting.point, width)
        width = np.ones(places.size)
        start = scaled_guide(guide, places, rank)
        units = "in units of the expected σ of each unknown"
    density = slot_density(problem, *tails)
    prepared = time.perf_counter()
    ended = ascend(density, unknowns, start, schedule, width, seed, limits, report)
    fitted = time.perf_counter()
    moments = _moments(problem, unknowns, ended.guide)
    judged = None
    if _heavy(tails) and np.all(np.isfinite(moments.parameters.offset)):
        judged = judge_at(problem, setting.tiles, moments.parameters, tails)
    solution = as_solution(
        problem,
        setting.tiles,
        moments,
        places.size,
        _history(ended),
        ended.result,
        {
            "start": prepared - began,
            "iterations": fitted - prepared,
            "posterior": time.perf_counter() - fitted,
        },
        judged=judged,
    )
    return Variational(
        guide=guide,
        solution=solution,
        elbo=ended.elbo,
        step=ended.step,
        steps=ended.steps,
        seconds=ended.seconds,
        result=ended.result,
        verdict=_verdict(ended),
        schedule=schedule.describe(units),
    )


def expected_widths(
    problem: Problem, tiles: Plan, point: Parameters
) -> tuple[np.ndarray, np.ndarray]:
    """Return σ of each source offset and shared parameter, all others held.

    From the diagonal of the normal matrix at a point, priors included. Tied
    parameters have that of their sum.
    """
    n_sources = problem.prior.direction.shape[0]
    system = assemble(problem, tiles, point, 0.0)
    prior = prior_terms(problem, point)
    diagonal = np.asarray(system.corner.diagonal) + np.diag(prior.information)
    _, offset = source_steps(system, tiles, np.zeros(diagonal.size), n_sources)
    places = find_places(problem, np.zeros(n_sources, dtype=bool))
    column = np.asarray(places.column)
    total = np.bincount(column, weights=diagonal, minlength=places.free + 1)
    held = column == places.free
    with np.errstate(divide="ignore"):
        width = np.where(held, 1.0, 1.0 / np.sqrt(total[column]))
    return np.where(offset > 0, offset, 1.0), np.where(np.isfinite(width), width, 1.0)


def _seed_unit(unknowns: Unknowns, places: Places) -> np.ndarray:
    """Return the size of the Plate Analysis' units, ra on the sky, to compare with."""
    unit = np.asarray(unknowns.unit)
    dec, attitude = np.asarray(unknowns.dec), np.asarray(unknowns.attitude)  # type: ignore[union-attr]
    degree = np.pi / 180
    sources = np.stack([degree * np.cos(dec), np.full(dec.size, degree)], axis=-1)
    n = attitude.shape[0]
    shared = unit.copy()
    shared[: 5 * n].reshape(n, 5)[:, 0] *= np.cos(attitude[:, 1])
    return places.gather(sources, shared)


def seed_guide(
    problem: Problem, places: Places, mean: np.ndarray, width: np.ndarray
) -> Factorised:
    """Return the Plate Analysis' guide to begin with: prior or expected widths."""
    information = np.asarray(problem.prior.information)[np.asarray(places.rows)]
    known = np.any(information != 0, axis=(1, 2))
    own = width[: places.normal].reshape(-1, 2)
    covariance = np.zeros_like(information)
    covariance[known] = np.linalg.inv(information[known])
    dec = np.asarray(_declination(problem))[np.asarray(places.rows)]
    size = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)) * 180 / np.pi
    size[:, 0] /= np.cos(dec)
    chosen = np.where(known[:, None], size, own)
    return Factorised(mean, np.log(chosen.ravel()))


def _declination(problem: Problem) -> np.ndarray:
    return np.arcsin(np.asarray(problem.prior.direction)[:, 2])


def scaled_guide(name: str, places: Places, rank: int) -> Guide:
    """Return a guide in scaled unknowns to begin with: at zero, of expected width."""
    zero = np.zeros(places.size)
    if name == "meanfield":
        return Factorised(zero, zero)
    return LowRank(zero, zero, initial_factor(places.size, rank, 0.1))


def _moments(problem: Problem, unknowns: Unknowns, guide: Guide) -> Moments:
    """Return a guide's mean parameters and covariances."""
    places = unknowns.places
    rows = np.asarray(places.rows)
    sources = np.zeros((problem.prior.direction.shape[0], 2, 2))
    mean = np.asarray(guide.mean)
    sources[rows] = unknowns.source_covariance(mean, guide.pairs(rows.size))
    unit = np.append(unknowns.shared_unit(), 0.0)
    own = np.zeros((places.free + 1, places.free + 1))
    own[:-1, :-1] = guide.covariance(slice(places.normal, None))
    own = own * unit[:, None] * unit
    held = np.arange(places.free + 1) == places.free
    own[held], own[:, held] = 0.0, 0.0
    column = np.asarray(places.column)
    parameters = jax.tree.map(np.asarray, unknowns.parameters(jnp.asarray(mean)))
    return Moments(parameters, sources, own[np.ix_(column, column)])


def _history(ended: Ended) -> list[Iteration]:
    """Return a window a line, as the history of other solvers."""
    each = slice(WINDOW - 1, None, WINDOW)
    drift = ended.judgement.drift if ended.judgement else np.nan
    moving = ended.judgement.moving if ended.judgement else 0
    share = ended.seconds * WINDOW / max(len(ended.elbo), 1)
    return [
        Iteration(-2.0 * float(e), np.nan, drift, 0.0, share, moving)
        for e in ended.elbo[each]
    ]


def _verdict(ended: Ended) -> str:
    said = {
        Result.SUCCESSFUL: "converged",
        Result.DIVERGED: "diverged",
    }.get(ended.result, "not converged")
    judged = ended.judgement
    words = judged.describe() if judged else "too few steps to judge"
    return f"{said} after {ended.steps:,} steps: {ended.why}; {words}"


def _check_names(guide: str, init: str) -> None:
    for name, valid, what in ((guide, GUIDES, "guide"), (init, INITS, "init")):
        if name not in valid:
            raise unknown_name(what, name, valid, where=f"--{what}")


def _check_problem(problem: Problem, guide: str, rank: int) -> None:
    """Refuse what a guide cannot represent."""
    solved = int(np.sum(solved_sources(problem)))
    free = int(free_columns(problem.layout, problem.free, prior_widths(problem)).sum())
    size = 2 * solved + free
    if problem.free_network:
        raise _refused(
            "a free network: no reference, so that the sky may turn at no cost",
            "a posterior that can be normalised",
            "give a reference table, or use the method gauss-newton, which fixes the "
            "datum by inner constraints",
        )
    if not solved:
        raise _refused(
            f"no source to solve for, {free} free shared parameters",
            "at least one source that is measured and not held fixed",
            "free the sources, or use the method gauss-newton",
        )
    if guide == "lowrank" and not 0 < rank <= size:
        raise _refused(
            f"rank {rank} of the guide lowrank", f"1 to {size}", "choose another rank"
        )
    if guide == "lowrank" and rank * size > MAX_FACTOR:
        raise _refused(
            f"rank {rank} for {size:,} unknowns: {rank * size:,} entries",
            f"at most {MAX_FACTOR:,} entries",
            "lower the rank, or use the guide arrow, which is exact at less cost",
        )


def _refused(given: str, wanted: str, todo: str) -> ConfigError:
    return ConfigError(
        explain(given=given, wanted=wanted, where="variational inference", todo=todo)
    )
