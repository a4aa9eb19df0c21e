"""The Normal of heavy-tailed measurements whose references may be right or wrong.

Of two positions that a reference leaves open, the Normal that the ELBO likes best sits
on one. With a mixture for their prior, references are therefore taken as in a robust
solution (`both_modes`): each prior gives way to the factor that with the source's
cavity has the moments of both modes. Measurements keep their averages, which are taken
anew over each Normal on the way.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from reseau.equations.equations import Equations, equations_at
from reseau.equations.plan import Plan
from reseau.model import Parameters, Problem
from reseau.model.likelihood import Mixture
from reseau.solvers.robust.both_modes import State, refined, stepped
from reseau.solvers.robust.robust import RobustOptimum

from .averages import OfPriors, Outlook, Tails, look
from .normal import Arrow, arrow_at


def factors_of(start: RobustOptimum) -> OfPriors | None:
    """Return the factors that a robust solution has for its priors, if it has any."""
    if start.prior_gradient is None:
        return None
    offset = np.asarray(start.optimum.parameters.offset)
    moved = np.einsum("nij,nj->ni", start.prior_information, offset)
    return OfPriors(start.prior_information, moved - start.prior_gradient)


class Refined(NamedTuple):
    """A Normal with both modes of each reference, and what the data look like from it.

    Attributes
    ----------
    arrow, equations
        Mean and factors.
    outlook
        From there, with the factors that stand for the priors.
    """

    arrow: Arrow
    equations: Equations
    outlook: Outlook


def refined_arrow(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    equations: Equations,
    tails: Tails,
    ambiguous: Bool[np.ndarray, "n"],
    factors: OfPriors | None = None,
) -> Refined | None:
    """Return the Normal with both modes; None where there is none.

    Parameters
    ----------
    parameters, equations
        Mean of a Normal to start from, and equations with its factors.
    tails
        Of measurements and priors; without a mixture for these there are no modes.
    ambiguous
        Sources that have the clipped curvature at the start.
    factors
        That stand for the priors at the start; absent: averages of these.
    """
    prior = tails.reference_prior
    if not isinstance(prior, Mixture):
        return None
    datum = arrow_at(problem, parameters, equations).datum

    none = np.zeros(problem.prior.direction.shape[0], dtype=bool)

    def linearise(
        state: State, precision: np.ndarray, gradient: np.ndarray
    ) -> Equations | None:
        offset = np.asarray(state.point.offset)
        slope = np.einsum("nij,nj->ni", precision, offset) - gradient
        at = state.point, state.equations, tails, none
        outlook = look(problem, tiles, *at, OfPriors(precision, slope))
        return _regular(problem, tiles, state.point, outlook)

    outlook = look(problem, tiles, parameters, equations, tails, ambiguous, factors)
    precision = np.asarray(outlook.averages.prior_curvature)
    gradient = np.asarray(outlook.averages.prior_gradient)
    # A cavity is found where the mean is at rest, with the very averages it rests on.
    averaged = _regular(problem, tiles, parameters, outlook)
    if averaged is None:
        return None
    first = stepped(tiles, parameters, averaged, precision, gradient, datum)
    if first is None:
        return None
    first = first._replace(step=np.inf)
    state = refined(problem, tiles, first, prior, linearise, datum)
    if state is first:
        return None
    arrow = arrow_at(problem, state.point, state.equations)
    factors = OfPriors(state.precision, state.slope())
    at = state.point, state.equations, tails, none
    return Refined(arrow, state.equations, look(problem, tiles, *at, factors))


def _regular(
    problem: Problem, tiles: Plan, point: Parameters, outlook: Outlook
) -> Equations | None:
    """Return the equations of averages; None where they are not regular."""
    equations = equations_at(problem, tiles, point, 0.0, outlook.averages)
    return equations if equations.regular else None


__all__ = ["Refined", "factors_of", "refined_arrow"]
