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
from reseau.model.gauge import Datum, find_datum

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
    search = _Search(problem, tiles, settings or Settings(), start, terms)
    for _ in range(search.settings.max_iterations):
        began = time.perf_counter()
        ended = search.arrive()
        if ended is not None:
            return search.ended(ended)
        step = search.step()
        search.note(step, time.perf_counter() - began, report)
        if not (search.ahead or np.isfinite(step.largest)):
            return search.ended(Result.NOT_FINITE)
        if search.take(step):
            return search.ended(Result.SUCCESSFUL)
        search.go_on()
    search.return_to_best()
    return search.ended(Result.NOT_CONVERGED)


class _Step(NamedTuple):
    """A step from one linearisation.

    Attributes
    ----------
    datum
        Common modes there.
    proposed
        Of the shared parameters, before it is mixed with earlier ones.
    shared, offset
        Of the shared parameters, and of the sources.
    largest, moving
        As of `Iteration`.
    """

    datum: Datum
    proposed: np.ndarray
    shared: np.ndarray
    offset: np.ndarray
    largest: float
    moving: int


class _Search:
    """Where the iteration is.

    An iteration arrives at a point, which was good or is left again, and takes a step
    from there. Points are good where the objective is not higher than at any before.

    Attributes
    ----------
    point, equations
        Where it is, and the linearisation there.
    best, lowest
        The last good point and its objective.
    descended
        Whether the point is good.
    ahead
        Whether it is not, and one more step is to show whether the next one is.
    damping
        Levenberg-Marquardt factor.
    slow
        Whether so many steps were taken that there must be a reason: then steps follow
        the valley, are mixed, and are as long as `reach` allows.
    """

    equations: Equations

    def __init__(
        self,
        problem: Problem,
        tiles: Plan,
        settings: Settings,
        start: Parameters,
        terms: HeavyTails | None,
    ) -> None:
        self.problem, self.tiles, self.settings = problem, tiles, settings
        self.terms = terms
        self.point = self.best = start
        self.lowest, self.damping = np.inf, 0.0
        self.descended = self.ahead = self.slow = False
        self.mixing, self.reach = Mixing(), Reach()
        self.history: list[Iteration] = []

    def arrive(self) -> Result | None:
        """Linearise at the point, or go back to the last good one.

        Returns
        -------
        How the iteration ended, if it did.
        """
        self.equations = self._linearised(self.damping)
        objective = self.equations.objective
        self.descended = _descends(objective, self.lowest)
        if self.descended:
            self.best, self.lowest, self.ahead = self.point, objective, False
            self.reach.descended()
            return None
        if self._may_go_on(objective):
            # In a curved valley a step along it ends on its side; one more comes down.
            self.ahead = True
            return None
        return self._go_back(objective) if self.history else Result.NOT_FINITE

    def _may_go_on(self, objective: float) -> bool:
        """Return whether one step is taken from a point that is not good."""
        held = self.ahead or self.damping or self.reach.shortened
        patient = self.settings.patient and bool(self.history) and not held
        return patient and bool(np.isfinite(objective))

    def _go_back(self, objective: float) -> Result | None:
        """Try again from the last good point: with a shorter reach, or more damping."""
        self.ahead = False
        if not (self.slow and self.reach.shorten(objective - self.lowest)):
            self.damping = max(10.0 * self.damping, self.settings.first_damping)
        if self.damping > self.settings.max_damping:
            self.return_to_best()
            return Result.NO_DESCENT
        self.point = self.best
        self.equations = self._linearised(self.damping)
        return None

    def return_to_best(self) -> None:
        """Linearise at the last good point, without damping, which falsifies errors."""
        self.point = self.best
        self.equations = self._linearised(0.0)

    def _linearised(self, damping: float) -> Equations:
        chosen = self.terms
        if chosen is not None and damping:
            chosen = chosen.bounded(REWEIGHTED)
        at = self.problem, self.tiles, self.point, damping
        equations = equations_at(*at, chosen)
        if chosen is None or equations.regular or not np.isinf(chosen.bound).any():
            return equations
        # Each source is regular, but all of them with the calibration are not.
        self.terms = chosen.bounded(CLIPPED)
        return equations_at(*at, self.terms)

    def step(self) -> _Step:
        """Return the step from here."""
        equations = self.equations
        datum = find_datum(self.problem, self.point)
        self.slow = len(self.history) >= QUICK and not self.damping
        proposed = equations.step()
        if self.slow:
            proposed = valley_step(self.problem, self.point, datum, equations)
        shared = proposed
        if self.slow and not self.ahead:
            shared = self.mixing.mixed(equations, proposed)
        n_sources = self.problem.prior.direction.shape[0]
        offset, deviation = source_steps(
            equations.system, self.tiles, shared, n_sources
        )
        largest, moving = _largest_step(equations, shared, offset, deviation)
        return _Step(datum, proposed, shared, offset, largest, moving)

    def note(self, step: _Step, seconds: float, report: Report | None) -> None:
        """Add a line to the history, and tell of it."""
        self.history.append(
            Iteration(
                self.equations.objective,
                self.equations.chi2,
                step.largest,
                self.damping,
                seconds,
                step.moving,
            )
        )
        if report is not None:
            report(self.history[-1]._asdict())

    def take(self, step: _Step) -> bool:
        """Take a step as far as that may be; return whether it was the last."""
        equations = self.equations
        shared, offset, kept_back = bounded_step(self.point, step.shared, step.offset)
        if self.slow:
            part = self.reach.part(equations.length(shared))
            kept_back = kept_back or part < 1.0
            shared, offset = part * shared, part * offset
        followed = follow_valley(
            self.problem, self.point, step.datum, equations.root, shared
        )
        self.point = take_step(self.point, followed, offset)
        if self.slow and not (self.ahead or kept_back):
            self.mixing.took(step.proposed, followed)
        else:
            self.mixing.forget()
        # `largest` knows the sources' σ with all else held, which may be far too small.
        small = min(step.largest, equations.length(shared)) < self.settings.tolerance
        # With damping, steps and deviations are both too small to be judged.
        return bool(small and not (self.ahead or self.damping or kept_back))

    def go_on(self) -> None:
        """Prepare for the next point: sources at their minima, and less damping."""
        if self.terms is not None:
            self.point, self.terms = settle(
                self.problem, self.tiles, self.point, self.terms
            )
        if self.descended:
            enough = self.damping <= self.settings.first_damping
            self.damping = 0.0 if enough else self.damping / 10.0
        del self.equations  # else it lives on beside the next ones

    def ended(self, result: Result) -> Optimum:
        """Return where the iteration is as where it ended."""
        return Optimum(self.point, self.equations, self.history, result, self.terms)


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
