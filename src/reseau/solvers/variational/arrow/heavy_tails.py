"""The `arrow` guide with heavy tails: averages in place of draws.

The natural-gradient steps of `natural` need E_q[W] with W = ρ'I + 2ρ''rrᵀ, the exact
second derivative of a term, which is negative along a residual in the redescending
part. At a single draw a source's block may therefore be indefinite, and a mean over
few draws is noisy: near the border between good and bad W has either sign. So the
averages are taken over each residual's own spread (`outlook`), and blocks are averages
before any source is eliminated.

1. The start is the robust optimum (`robust`), to a tenth of σ from scratch. Fractions
   and widths of the broad components stay as they were fitted there.
   With a mixture for their prior, references have the moments of both their modes
   there (`both_modes`), and the factors that give them stand for the priors.
2. Steps with ρ = 1; one that lowers the ELBO is taken back and tried with half of ρ.
3. Factors are renewed from the Normal that this gives (`arrow_modes`).

A source whose mean curvature, priors included, leaves in any direction less than a
quarter of the clipped one sits between two explanations. It keeps the mean of the
clipped one, which is positive, until the ascent has come to rest; those that still do
then keep it and are counted.

References
----------
Opper & Archambeau 2009, Neural Comput. 21, 786; Khan & Rue 2023, JMLR 24, 281.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from reseau.equations.assemble import assemble
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.errors import Result
from reseau.model import Problem, prior_terms
from reseau.model.likelihood import Mixture
from reseau.solvers.gauss_newton import Iteration
from reseau.solvers.robust.both_modes import with_both_modes
from reseau.solvers.robust.robust import RobustOptimum
from reseau.solvers.variational.result import Variational

from .averages import OfPriors, Outlook, Tails, look
from .modes import factors_of, refined_arrow
from .natural_steps import (
    Fitted,
    NaturalSettings,
    as_equations,
    ended_arrow,
    noted,
    verdict,
)
from .normal import Arrow, Expected, Step, arrow_at, elbo_of, natural_step
from .reliability import judge_data

Report = Callable[[dict[str, float]], None]

SLACK = 0.01
"""By how much the ELBO may fall in a step: less is rounding and quadrature."""

LEAST_RHO = 1.0 / 64.0
"""With ρ below this there is nothing to be gained along a step."""


class State(NamedTuple):
    """A Normal, what the data look like from it, its ELBO and what is to rise.

    Attributes
    ----------
    aim
        The ELBO, with factors in place of the priors where there are any.
    """

    arrow: Arrow
    outlook: Outlook
    expected: Expected
    elbo: float
    aim: float


def state_of(
    problem: Problem,
    tiles: Plan,
    arrow: Arrow,
    equations: Equations,
    tails: Tails,
    ambiguous: Bool[np.ndarray, "n"],
    factors: OfPriors | None = None,
) -> State:
    """Return the averages over a Normal, its equations and its ELBO.

    Parameters
    ----------
    equations
        Of any point, for what does not change.
    ambiguous, factors
        See `look`.
    """
    at = arrow.parameters
    mine = as_equations(arrow, equations)
    outlook = look(problem, tiles, at, mine, tails, ambiguous, factors)
    system = assemble(problem, tiles, at, 0.0, outlook.averages)
    prior = prior_terms(problem, at)
    inside = arrow.in_datum(arrow.root)
    objective = float(np.sum(np.asarray(system.corner.chi2))) + prior.objective
    objective += float(np.sum(inside * (prior.information @ inside)))
    expected = Expected(
        [(tile,) for tile in system.tiles],
        np.asarray(system.corner.matrix) + prior.information,
        np.asarray(system.corner.right) + prior.gradient,
        -0.5 * objective,
    )
    elbo = elbo_of(problem, tiles, arrow, expected)
    return State(arrow, outlook, expected, elbo, elbo - 0.5 * outlook.excess)


def ascend_tailed(
    problem: Problem,
    tiles: Plan,
    arrow: Arrow,
    equations: Equations,
    tails: Tails,
    settings: NaturalSettings,
    report: Report | None,
    factors: OfPriors | None = None,
) -> tuple[Fitted, Outlook | None]:
    """Take natural-gradient steps with averages until they are small.

    Parameters
    ----------
    arrow
        Where to start.
    equations
        Of any point.
    tails
        Densities, as they stay.
    factors
        What stands for the priors of the sources; absent: nothing.
    """
    ascent = _Ascent(problem, tiles, arrow, equations, tails, settings, factors)
    began = time.perf_counter()
    for _ in range(settings.max_steps):
        at = time.perf_counter()
        if settings.time_limit is not None and at - began > settings.time_limit:
            break
        best = ascent.arrive()
        if best is None:
            return ascent.ended(Result.DIVERGED)
        if ascent.rho < LEAST_RHO:
            ascent.arrow = best.arrow
            break
        step = ascent.step(best)
        ascent.note(step, time.perf_counter() - at, report)
        if ascent.ends(step):
            return ascent.ended(Result.SUCCESSFUL)
    return ascent.ended(Result.NOT_CONVERGED)


class _Ascent:
    """Where the ascent is.

    A step arrives at a Normal, which is good or is left again, and the next one is
    taken from the last good one.

    Attributes
    ----------
    arrow
        The Normal.
    best
        The last good one with its averages; None before the first.
    rho
        Length of a step.
    ambiguous
        Sources whose curvature is clipped.
    asked_again
        Whether, at rest, all sources were given their own curvature once more.
    """

    def __init__(
        self,
        problem: Problem,
        tiles: Plan,
        arrow: Arrow,
        equations: Equations,
        tails: Tails,
        settings: NaturalSettings,
        factors: OfPriors | None,
    ) -> None:
        self.problem, self.tiles, self.equations = problem, tiles, equations
        self.tails, self.factors, self.settings = tails, factors, settings
        self.arrow = arrow
        self.best: State | None = None
        self.last: Step | None = None
        self.rho, self.asked_again = 1.0, False
        self.ambiguous = np.zeros(problem.prior.direction.shape[0], dtype=bool)
        self.history: list[Iteration] = []
        self.elbo: list[float] = []

    def arrive(self) -> State | None:
        """Take the averages over the Normal, and judge it by them.

        Returns
        -------
        What to step from, with ρ as it is to be. None: there is no ELBO.
        """
        state = state_of(
            self.problem,
            self.tiles,
            self.arrow,
            self.equations,
            self.tails,
            self.ambiguous,
            self.factors,
        )
        self.ambiguous = state.outlook.ambiguous
        self.elbo.append(state.elbo)
        if not self._is_good(state):
            self.rho /= 2.0
            return self.best
        if not np.isfinite(state.aim):
            return None
        self.best = state
        halved = self.is_unclear and len(self.elbo) > 1
        self.rho = 0.5 if halved else min(1.0, 2.0 * self.rho)
        return state

    @property
    def is_unclear(self) -> bool:
        """Return whether any curvature is clipped."""
        return bool(self.ambiguous.any())

    def _is_good(self, state: State) -> bool:
        """Return whether steps go on from a Normal, be it the first or the highest."""
        # The first Normal is the optimum's, without a corner to go back to. Clipped
        # curvature is not the ELBO's own, which may fall then: steps are halved.
        if len(self.elbo) <= 2 or self.is_unclear or self.best is None:
            return True
        return bool(state.aim > self.best.aim - SLACK)

    def step(self, best: State) -> Step:
        """Take a step from there."""
        self.last = natural_step(
            self.problem, self.tiles, best.arrow, best.expected, self.rho
        )
        self.arrow = self.last.arrow
        return self.last

    def note(self, step: Step, seconds: float, report: Report | None) -> None:
        """Add a line to the history, and tell of it."""
        self.history.append(noted(self.elbo[-1], step, seconds, report))

    def ends(self, step: Step) -> bool:
        """Return whether a step was the last; unclear sources are asked once more."""
        moving = step.move > self.settings.tolerance * self.rho
        moving = moving or step.spread > self.settings.spread * self.rho
        if moving or len(self.elbo) == 1:
            return False
        if not self.is_unclear or self.asked_again:
            return True
        # At rest a source may have settled on one explanation.
        self.ambiguous, self.asked_again = np.zeros_like(self.ambiguous), True
        return False

    def ended(self, result: Result) -> tuple[Fitted, Outlook | None]:
        """Return where the ascent is as where it ended."""
        outlook = None if self.best is None else self.best.outlook
        found = Fitted(self.arrow, self.history, self.elbo, self.last, result)
        return found, outlook


def fit_tailed_arrow(
    problem: Problem,
    tiles: Plan,
    start: RobustOptimum,
    settings: NaturalSettings,
    report: Report | None,
    times: tuple[float, float],
) -> Variational:
    """Fit a Normal with block-arrow precision to a heavy-tailed posterior.

    Parameters
    ----------
    start
        Robust optimum, exact or nearly, with the densities as fitted.
    report
        Called after each step.
    times
        When the solution and when the iterations began.
    """
    start = with_both_modes(problem, tiles, start)
    optimum, first = start.optimum, start.reliability
    tails, factors = Tails(first.likelihood, first.reference_prior), factors_of(start)
    arrow = arrow_at(problem, optimum.parameters, optimum.equations)
    found, outlook = Fitted(arrow, [], [], None, optimum.result), None
    if optimum.result is Result.SUCCESSFUL:
        found = found._replace(result=Result.DEGENERATE)
        if not optimum.equations.factor.null.shape[1]:
            found, outlook = ascend_tailed(
                problem,
                tiles,
                arrow,
                optimum.equations,
                tails,
                settings,
                report,
                factors,
            )
    judged = start
    if outlook is not None:
        mine, at = as_equations(found.arrow, optimum.equations), found.arrow.parameters
        both = refined_arrow(
            problem, tiles, at, mine, tails, outlook.ambiguous, factors
        )
        if both is not None:
            mine, outlook, found = (
                both.equations,
                both.outlook,
                found._replace(arrow=both.arrow),
            )
            at = found.arrow.parameters
        judged = judge_data(problem, tiles, at, mine, tails, outlook)
    said = verdict(found, len(optimum.history), "over the residuals' spread")
    unclear = int(judged.reliability.ambiguous.sum())
    if unclear:
        said += f"; {unclear} sources between two explanations have clipped curvature"
    return ended_arrow(
        problem,
        tiles,
        found,
        optimum,
        times,
        "natural gradient from the robust optimum, expectations over each residual's "
        f"own spread, ρ = 1 unless the ELBO falls; held as fitted: {_in_words(tails)}",
        said,
        judged,
    )


def _in_words(tails: Tails) -> str:
    """Return the densities with their numbers."""
    return ", ".join(
        f"{what} {_named(one)}"
        for what, one in (
            ("measurements", tails.likelihood),
            ("references", tails.reference_prior),
        )
    )


def _named(likelihood: object) -> str:
    if isinstance(likelihood, Mixture):
        fraction, width = float(likelihood.fraction), float(likelihood.width)
        return f"mixture ({fraction:.2%} broader by {width:.3g})"
    return "normal" if likelihood is None else type(likelihood).__name__.lower()
