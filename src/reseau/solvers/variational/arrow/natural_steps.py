"""The `arrow` guide: a full Gaussian, fitted by natural gradients.

Among all Normals q = N(μ, Λ⁻¹) the ELBO's natural gradient, with the theorems of
Bonnet and Price for the gradients by mean and covariance, gives the steps ::

    Λ ← (1 − ρ) Λ + ρ E_q[H(x)]          H = −∇∇ log p
    μ ← μ + ρ Λ⁻¹ E_q[∇ log p(x)]

At rest Λ = E_q[H] and E_q[∇ log p] = 0. For H the Gauss-Newton matrix is taken (exact
where the model is linear over the posterior's width), which is positive and has the
block-arrow structure whatever x; so Λ has it too, and every average of such matrices:
the 2 x 2 blocks, the borders and the corner are averaged, the sources are eliminated
anew (`linalg.eliminate`). H and ∇ log p come from the same `assemble` that Gauss-Newton
uses, at draws from q.

1. From the start, expectations are taken at the mean (delta method) with ρ = 1: then
   the steps are those of Gauss-Newton, damped where they fail, until they are below
   `Settings.first` σ. From far away a draw would say nothing.
2. Then expectations are averages over draws in opposite pairs, μ ± δ, whose errors
   cancel in all odd orders, with ρ = 1/t: Robbins-Monro averaging, the first step
   forgetting the delta method.

Modes in which the calibration trades exactly (`gauge`) have the priors' widths, so
large that straight lines along them leave the surface on which pixels stay: there no
Normal in these coordinates fits. The finite transformation to the datum stays on it,
and the likelihood is the same all along it. So the guide is a Normal carried along that
transformation: draws are taken in the datum, and the spread along the modes enters by
the priors alone.

It ends when a step of the mean is below a hundredth of σ and σ itself is at rest, both
in the datum.

References
----------
Khan & Rue 2023, The Bayesian Learning Rule, JMLR 24, 281 (eqs. for the Newton-like
updates of a Normal); Opper & Archambeau 2009, Neural Comput. 21, 786 (the gradients);
Salimans & Knowles 2013, Bayesian Anal. 8, 837 (averaging); Khan et al. 2018, ICML
(Gauss-Newton in place of the Hessian).
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.errors import Result
from reseau.model import Parameters, Problem, prior_terms
from reseau.solvers.gauss_newton import Iteration, Optimum, Settings, gauss_newton
from reseau.solvers.posterior.gaussian import gaussian_posterior
from reseau.solvers.robust.robust import RobustOptimum
from reseau.solvers.variational.result import Moments, Variational, as_solution

from .normal import Arrow, Step, arrow_at, elbo_of, expect, natural_step

Report = Callable[[dict[str, float]], None]


class NaturalSettings(NamedTuple):
    """How to fit.

    Attributes
    ----------
    first
        Step, in σ, below which draws begin.
    tolerance
        Largest step of a mean at the end [σ].
    spread
        Largest relative change of a σ at the end.
    pairs
        Opposite pairs of draws in a step.
    max_steps
        Of each of the two parts.
    time_limit
        Of the second part [s].
    """

    first: float = 0.1
    tolerance: float = 0.01
    spread: float = 2e-3
    pairs: int = 1
    max_steps: int = 50
    time_limit: float | None = None


class Fitted(NamedTuple):
    """Where the ascent ended.

    Attributes
    ----------
    arrow
        The Normal.
    history, elbo
        Of its steps.
    last
        The last of them.
    result
        How it ended.
    """

    arrow: Arrow
    history: list[Iteration]
    elbo: list[float]
    last: Step | None
    result: Result


def noted(elbo: float, step: Step, seconds: float, report: Report | None) -> Iteration:
    """Return what a step did, and tell it."""
    found = Iteration(-2.0 * elbo, np.nan, step.move, 0.0, seconds, 0)
    if report is not None:
        report({**found._asdict(), "elbo": elbo, "spread": step.spread})
    return found


def _with_draws(
    problem: Problem,
    tiles: Plan,
    arrow: Arrow,
    settings: NaturalSettings,
    seed: int,
    report: Report | None,
) -> Fitted:
    """Take natural-gradient steps with draws until they are small."""
    rng = np.random.default_rng(seed)
    history: list[Iteration] = []
    elbo: list[float] = []
    last: Step | None = None
    began = time.perf_counter()
    for t in range(1, settings.max_steps + 1):
        at = time.perf_counter()
        if settings.time_limit is not None and at - began > settings.time_limit:
            break
        expected = expect(problem, tiles, arrow, settings.pairs, rng)
        elbo.append(elbo_of(problem, tiles, arrow, expected))
        if not np.isfinite(elbo[-1]):
            return Fitted(arrow, history, elbo, last, Result.DIVERGED)
        last = natural_step(problem, tiles, arrow, expected, 1.0 / t)
        arrow = last.arrow
        history.append(noted(elbo[-1], last, time.perf_counter() - at, report))
        small = last.move < settings.tolerance and last.spread < settings.spread
        if small and t > 1:
            return Fitted(arrow, history, elbo, last, Result.SUCCESSFUL)
    return Fitted(arrow, history, elbo, last, Result.NOT_CONVERGED)


def fit_arrow(
    problem: Problem,
    tiles: Plan,
    point: Parameters,
    settings: NaturalSettings,
    seed: int,
    report: Report | None,
    began: float,
) -> Variational:
    """Fit a Normal with block-arrow precision.

    Parameters
    ----------
    point
        Where to start.
    seed
        Of the draws.
    report
        Called after each step.
    began
        When the solution began, for the account of time.
    """
    prepared = time.perf_counter()
    optimum = gauss_newton(
        problem,
        tiles,
        point,
        Settings(tolerance=settings.first, max_iterations=settings.max_steps),
        report,
    )
    arrow = arrow_at(problem, optimum.parameters, optimum.equations)
    found = Fitted(arrow, [], [], None, optimum.result)
    if optimum.result is Result.SUCCESSFUL:
        found = found._replace(result=Result.DEGENERATE)
        if not optimum.equations.factor.null.shape[1]:
            found = _with_draws(problem, tiles, arrow, settings, seed, report)
    return ended_arrow(
        problem,
        tiles,
        found,
        optimum,
        (began, prepared),
        (
            "natural gradient: expectations at the mean until steps are below "
            f"{settings.first:g} σ, then over {settings.pairs} opposite pair(s) of "
            "draws, ρ = 1/t"
        ),
        verdict(found, len(optimum.history), "with draws"),
    )


def ended_arrow(
    problem: Problem,
    tiles: Plan,
    found: Fitted,
    optimum: Optimum,
    times: tuple[float, float],
    schedule: str,
    said: str,
    judged: RobustOptimum | None = None,
) -> Variational:
    """Return the answer that a fitted Normal makes.

    Parameters
    ----------
    found
        Where the ascent ended.
    optimum
        Where it started.
    times
        When the solution and when the iterations began.
    schedule, said
        Steps and verdict, in words.
    judged
        What a heavy-tailed solution thinks of its data.
    """
    fitted = time.perf_counter()
    began, prepared = times
    history = list(optimum.history) + found.history
    equations = as_equations(found.arrow, optimum.equations)
    free = 2 * int(sum(np.sum(np.asarray(t.free)) for t in tiles.tiles))
    solution = as_solution(
        problem,
        tiles,
        _moments(problem, tiles, found.arrow, equations),
        free + found.arrow.basis.shape[1],
        history,
        found.result,
        {
            "start": prepared - began,
            "iterations": fitted - prepared,
            "posterior": time.perf_counter() - fitted,
        },
        equations,
        judged,
    )
    return Variational(
        guide="arrow",
        solution=solution,
        elbo=np.array(found.elbo),
        step=len(optimum.history) + 1.0 + np.arange(len(found.elbo)),
        steps=len(history),
        seconds=time.perf_counter() - prepared,
        result=found.result,
        verdict=said,
        schedule=schedule,
    )


def verdict(found: Fitted, first: int, how: str) -> str:
    """Return how it ended, in words, with the figures it rests on.

    Parameters
    ----------
    first
        Number of steps at the mean, before those of the ascent.
    how
        What the ascent's steps were.
    """
    said = {
        Result.SUCCESSFUL: "converged",
        Result.DIVERGED: "diverged: the ELBO became NaN or infinite",
        Result.NOT_CONVERGED: "not converged",
    }.get(found.result, found.result.value)
    words = f"{said} after {first} steps at the mean and {len(found.elbo)} {how}"
    last = found.last
    if last is None:
        return words
    return (
        f"{words}: the last moved means by up to {last.move:.2g} σ and changed σ by "
        f"up to {100 * last.spread:.2g} %"
    )


def as_equations(arrow: Arrow, equations: Equations) -> Equations:
    """Return the guide's factors in the shape of Gauss-Newton's equations."""
    system = equations.system._replace(tiles=arrow.tiles)
    return equations._replace(system=system, factor=arrow.factor, root=arrow.root)


def _moments(
    problem: Problem, tiles: Plan, arrow: Arrow, equations: Equations
) -> Moments:
    """Return mean and covariances, all from the factors."""
    information = prior_terms(problem, arrow.parameters).information
    found = gaussian_posterior(problem, tiles, equations, information, None)
    parameters = jax.tree.map(np.asarray, arrow.parameters)
    return Moments(parameters, found.sources, found.shared)
