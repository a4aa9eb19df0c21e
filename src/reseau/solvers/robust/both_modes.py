"""The Gaussian posterior of a plate whose references may be right or wrong.

At the maximum of the robust objective every reference counts with the curvature of one
mode of its prior. Here each prior gives way to the Gaussian factor, of precision T and
slope h, that with the source's cavity has the mean and covariance of its two-mode
posterior (`two_modes`) ::

    T = S⁻¹ − V⁻¹        h = S⁻¹m − V⁻¹c

T is small along the line between two modes far apart, or negative: there the cavity
alone is better known than what both say together. All factors with the measurements
are one Gaussian posterior, so positions, calibration, covariances, residuals and draws
remain of one piece. Factors change cavities of others a little, hence two passes.

References
----------
Minka 2001, Expectation propagation for approximate Bayesian inference, UAI 17, 362.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reseau.equations.curvature import prior_curvature
from reseau.equations.equations import Equations, equations_at
from reseau.equations.heavy_tails import CLIPPED, EXACT, Factors, HeavyTails
from reseau.equations.plan import Plan
from reseau.equations.sources import source_covariances, source_steps
from reseau.model import Parameters, Problem, take_step
from reseau.model.gauge import Datum
from reseau.model.likelihood import Mixture

from .references import Cavity, find_cavity, judge_references
from .robust import RobustOptimum, reliability_at
from .two_modes import expected_weight, two_modes

PASSES = 4
"""Passes at most; a plate with many stars takes two."""

STILL = 0.02
"""Largest step of a source [σ] after which there is no further pass."""


class State(NamedTuple):
    """A point, its equations with the factors in them, and the sources' covariances.

    Attributes
    ----------
    precision, gradient
        T and T x − h at the point.
    step
        Largest step of a source to get here [σ].
    """

    point: Parameters
    equations: Equations
    precision: np.ndarray
    gradient: np.ndarray
    covariance: np.ndarray
    step: float

    def slope(self) -> np.ndarray:
        """Return h."""
        offset = np.asarray(self.point.offset)
        return np.einsum("nij,nj->ni", self.precision, offset) - self.gradient

    def cavity(self) -> Cavity:
        """Return what is known of the sources without their factors."""
        offset = np.asarray(self.point.offset)
        return find_cavity(offset, self.covariance, self.precision, self.gradient)


Linearise = Callable[[State, np.ndarray, np.ndarray], Equations | None]
"""Return the equations at a state's point, of factors with these T and T x − h; None
where they are not regular."""


def with_both_modes(
    problem: Problem, tiles: Plan, found: RobustOptimum
) -> RobustOptimum:
    """Return the posterior with both modes of each reference, at its mean.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    found
        The optimum of the robust objective. Without a mixture as the prior of
        references, or where equations are not regular, it comes back as it is.
    """
    prior = found.reliability.reference_prior
    if not isinstance(prior, Mixture) or not found.optimum.equations.regular:
        return found

    def linearise(
        state: State, precision: np.ndarray, gradient: np.ndarray
    ) -> Equations | None:
        return _equations(problem, tiles, found, state.point, precision, gradient)

    first = _start(problem, tiles, found)
    state = refined(problem, tiles, first, prior, linearise)
    if state is first:
        stated = np.asarray(problem.prior.information)
        apart = two_modes(state.cavity(), stated, prior).apart
        return found._replace(reliability=found.reliability._replace(apart=apart))
    return _judged(problem, tiles, found, state, prior)


def refined(
    problem: Problem,
    tiles: Plan,
    first: State,
    prior: Mixture,
    linearise: Linearise,
    datum: Datum | None = None,
) -> State:
    """Return the state whose factors have the moments of both modes.

    Parameters
    ----------
    first
        Where to start, with any factors; the same object comes back where no pass
        leads to regular equations.
    prior
        Of the references.
    linearise
        What the measurements say.
    datum
        Modes of the calibration along which the mean stays; absent: none.
    """
    state = first
    for _ in range(PASSES):
        new = _passed(problem, tiles, state, prior, linearise, datum)
        if new is None or new.step > state.step:
            break
        state = new
        if state.step < STILL:
            break
    return state


def _start(problem: Problem, tiles: Plan, found: RobustOptimum) -> State:
    """Return the optimum, where each prior has the curvature of one mode."""
    reliability, optimum = found.reliability, found.optimum
    n = problem.prior.direction.shape[0]
    terms = HeavyTails(None, reliability.reference_prior, np.zeros(n))
    _, gradient = prior_curvature(problem, optimum.parameters, terms)
    equations = optimum.equations
    covariance = source_covariances(equations.system, tiles, equations.root, n)
    return State(
        optimum.parameters,
        equations,
        found.prior_information,
        gradient,
        covariance,
        np.inf,
    )


def _passed(
    problem: Problem,
    tiles: Plan,
    state: State,
    prior: Mixture,
    linearise: Linearise,
    datum: Datum | None,
) -> State | None:
    """Return the state with factors of these cavities; None where it is not regular."""
    cavity = state.cavity()
    modes = two_modes(cavity, np.asarray(problem.prior.information), prior)
    offset = np.asarray(state.point.offset)
    precision, gradient = np.array(state.precision), np.array(state.gradient)
    rows = np.flatnonzero(cavity.known)
    whole = np.linalg.inv(modes.covariance[rows])
    own = np.linalg.inv(cavity.covariance[rows])
    precision[rows] = whole - own
    gradient[rows] = np.einsum("nij,nj->ni", whole, offset[rows] - modes.mean[rows])
    gradient[rows] -= np.einsum("nij,nj->ni", own, offset[rows] - cavity.offset[rows])
    equations = linearise(state, precision, gradient)
    if equations is None:
        return None
    return stepped(tiles, state.point, equations, precision, gradient, datum)


def stepped(
    tiles: Plan,
    point: Parameters,
    equations: Equations,
    precision: np.ndarray,
    gradient: np.ndarray,
    datum: Datum | None = None,
) -> State | None:
    """Return the state at the mean that factors give; None where it is not finite.

    Parameters
    ----------
    point
        Where the equations are linearised.
    precision, gradient
        T and T x − h there.
    datum
        See `refined`.
    """
    n, shared = precision.shape[0], equations.step()
    if datum is not None:
        shared = shared - datum.directions @ (datum.gain() @ shared)
    step, _ = source_steps(equations.system, tiles, shared, n)
    covariance = source_covariances(equations.system, tiles, equations.root, n)
    if not (np.all(np.isfinite(shared)) and np.all(np.isfinite(covariance))):
        return None
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    width = np.sqrt(np.where(variance > 0, variance, np.inf))
    return State(
        take_step(point, shared, step),
        equations,
        precision,
        gradient + np.einsum("nij,nj->ni", precision, step),
        covariance,
        float(np.max(np.abs(step) / width, initial=0.0)),
    )


def _equations(
    problem: Problem,
    tiles: Plan,
    found: RobustOptimum,
    point: Parameters,
    precision: np.ndarray,
    gradient: np.ndarray,
) -> Equations | None:
    """Return the equations with these factors; None where they are not regular."""
    likelihood, n = found.reliability.likelihood, precision.shape[0]
    exact = np.where(found.reliability.ambiguous, CLIPPED, EXACT)
    for bound in (exact, np.full(n, CLIPPED)):
        factors = Factors(
            likelihood=likelihood,
            reference_prior=None,
            bound=bound,
            prior_curvature=precision,
            prior_gradient=gradient,
            prior_loss=np.zeros(n),
        )
        equations = equations_at(problem, tiles, point, 0.0, factors)
        if equations.regular:
            return equations
        if likelihood is None:
            break
    return None


def _judged(
    problem: Problem,
    tiles: Plan,
    found: RobustOptimum,
    state: State,
    prior: Mixture,
) -> RobustOptimum:
    """Return where the passes ended, with data and references judged there."""
    stated = np.asarray(problem.prior.information)
    cavity = state.cavity()
    modes = two_modes(cavity, stated, prior)
    start = float(prior.fraction), float(prior.width)
    references = judge_references(cavity, stated, start=start, estimate=False)
    old = found.reliability
    terms = HeavyTails(old.likelihood, prior, np.zeros(len(stated)))
    new = reliability_at(problem, tiles, state.point, terms, references, old.ambiguous)
    weight = expected_weight(references.wrong_probability, prior)
    optimum = found.optimum._replace(parameters=state.point, equations=state.equations)
    return RobustOptimum(
        optimum,
        new._replace(
            prior_weight=np.where(np.isnan(weight), new.prior_weight, weight),
            apart=modes.apart,
        ),
        state.precision,
        state.gradient,
    )


__all__ = ["State", "refined", "stepped", "with_both_modes"]
