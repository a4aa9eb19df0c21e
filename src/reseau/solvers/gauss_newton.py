"""Gauss-Newton on the block-arrow normal equations, damped only when a step fails.

Each iteration linearises once. Whether a step was good is seen at the next
linearisation; if the objective rose, the step is taken back and tried again with
Levenberg-Marquardt damping. Steps follow the curved valley of the common modes
(`valley`), and those that shrink slowly are mixed (`mixing`); with heavy tails, sources
then go to their own minima (`settling`). Convergence is judged on the step, in units of
each parameter's own σ. The system of the last linearisation gives the exact Gaussian
posterior; its step is still taken, since it costs nothing.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reseau.equations.equations import Equations, equations_at
from reseau.equations.heavy_tails import CLIPPED, REWEIGHTED, HeavyTails
from reseau.equations.plan import Plan
from reseau.equations.source_minima import settle
from reseau.equations.sources import source_steps
from reseau.errors import Result
from reseau.model import Parameters, Problem, take_step
from reseau.model.gauge import find_datum

from .bounds import bounded_step
from .mixing import Mixing
from .reach import Reach
from .valley import follow_valley, valley_step

QUICK = 3
"""Steps after which an iteration that is not yet at its end looks for the reason."""

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
    terms
        Heavy-tailed terms of these equations; absent: Normal.
    """

    parameters: Parameters
    equations: Equations
    history: list[Iteration]
    result: Result
    terms: HeavyTails | None = None


def gauss_newton(
    problem: Problem,
    tiles: Plan,
    start: Parameters,
    settings: Settings | None = None,
    report: Report | None = None,
    terms: HeavyTails | None = None,
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
        as bounded there, then as `settle` finds it, damped ones their weights alone.

    Returns
    -------
    The optimum; `result` says whether it was reached.
    """
    settings = settings or Settings()

    def linearise(point: Parameters, damping: float) -> Equations:
        nonlocal terms
        chosen = terms
        if terms is not None and damping:
            chosen = terms.bounded(REWEIGHTED)
        equations = equations_at(problem, tiles, point, damping, chosen)
        if chosen is None or equations.regular or not np.isinf(chosen.bound).any():
            return equations
        # Each source is regular, but all of them with the calibration are not.
        terms = chosen.bounded(CLIPPED)
        return equations_at(problem, tiles, point, damping, terms)

    n_sources = problem.prior.direction.shape[0]
    history: list[Iteration] = []
    point, lowest, damping = start, np.inf, 0.0
    best, ahead = start, False
    mixing, reach, slow = Mixing(), Reach(), False
    for _ in range(settings.max_iterations):
        began = time.perf_counter()
        equations = linearise(point, damping)
        descended = _descends(equations.objective, lowest)
        if descended:
            best, lowest, ahead = point, equations.objective, False
            reach.descended()
        elif (
            settings.patient
            and not (ahead or damping or reach.shortened)
            and history
            and np.isfinite(equations.objective)
        ):
            # In a curved valley a step along it ends on its side; one more comes down.
            ahead = True
        else:
            if not history:
                return Optimum(point, equations, history, Result.NOT_FINITE, terms)
            ahead = False
            if not (slow and reach.shorten(equations.objective - lowest)):
                damping = max(10.0 * damping, settings.first_damping)
            if damping > settings.max_damping:
                last = linearise(best, 0.0)
                return Optimum(best, last, history, Result.NO_DESCENT, terms)
            point = best
            equations = linearise(point, damping)
        datum = find_datum(problem, point)
        slow = len(history) >= QUICK and not damping
        shared = equations.step()
        if slow:
            shared = valley_step(problem, point, datum, equations)
        proposed = shared
        if slow and not ahead:
            shared = mixing.mixed(equations, proposed)
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
            return Optimum(point, equations, history, Result.NOT_FINITE, terms)
        shared, offset, kept_back = bounded_step(point, shared, offset)
        if slow:
            part = reach.part(equations.length(shared))
            kept_back = kept_back or part < 1.0
            shared, offset = part * shared, part * offset
        followed = follow_valley(problem, point, datum, equations.root, shared)
        point = take_step(point, followed, offset)
        if slow and not (ahead or kept_back):
            mixing.took(proposed, followed)
        else:
            mixing.forget()
        # With damping, steps and deviations are both too small to be judged.
        # `largest` knows the sources' σ with all else held, which may be far too small.
        small = min(largest, equations.length(shared)) < settings.tolerance
        if small and not (ahead or damping or kept_back):
            return Optimum(point, equations, history, Result.SUCCESSFUL, terms)
        if terms is not None:
            point, terms = settle(problem, tiles, point, terms)
        if descended:
            damping = 0.0 if damping <= settings.first_damping else damping / 10.0
        del equations  # else it lives on beside the next ones
    # Equations that no damping falsifies.
    last = linearise(best, 0.0)
    return Optimum(best, last, history, Result.NOT_CONVERGED, terms)


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


__all__ = [
    "Equations",
    "Iteration",
    "Optimum",
    "Report",
    "Settings",
    "equations_at",
    "gauss_newton",
]
