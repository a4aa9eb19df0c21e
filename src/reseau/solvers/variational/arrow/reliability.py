"""What a Normal thinks of heavy-tailed data: weights, probabilities, references.

As in a robust solution (`robust`), but for averages over the Normal in place of values
at the optimum.
"""

import jax.numpy as jnp
import numpy as np

from reseau.equations.equations import Equations, equations_at
from reseau.equations.heavy_tails import CLIPPED, HeavyTails
from reseau.equations.plan import Plan
from reseau.equations.residuals import residuals_at
from reseau.equations.sources import source_covariances
from reseau.errors import Result
from reseau.model import Parameters, Problem
from reseau.model.likelihood import Mixture
from reseau.solvers.gauss_newton import Optimum
from reseau.solvers.robust.references import (
    Cavity,
    ReferenceTest,
    find_cavity,
    judge_references,
)
from reseau.solvers.robust.robust import Reliability, RobustOptimum, fit_outliers
from reseau.solvers.robust.two_modes import expected_weight, two_modes

from .averages import Outlook, Tails, look
from .modes import refined_arrow


def judge_at(
    problem: Problem, tiles: Plan, parameters: Parameters, tails: Tails
) -> RobustOptimum:
    """Return what the Gaussian posterior about a point thinks of its data.

    For guides that have no factors of their own. References are judged where both of
    their modes leave the mean, near that point.
    """
    n = problem.prior.direction.shape[0]
    terms = HeavyTails(tails.likelihood, tails.reference_prior, jnp.full(n, CLIPPED))
    equations = equations_at(problem, tiles, parameters, 0.0, terms)
    none = np.zeros(n, dtype=bool)
    found = refined_arrow(problem, tiles, parameters, equations, tails, none)
    if found is not None:
        at, outlook = found.arrow.parameters, found.outlook
        return judge_data(problem, tiles, at, found.equations, tails, outlook)
    outlook = look(problem, tiles, parameters, equations, tails, none)
    return judge_data(problem, tiles, parameters, equations, tails, outlook)


def judge_data(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    equations: Equations,
    tails: Tails,
    outlook: Outlook,
) -> RobustOptimum:
    """Return what a Normal thinks of its data.

    Parameters
    ----------
    parameters, equations
        Its mean and factors.
    tails
        Densities of the data.
    outlook
        Averages over it.
    """
    precision = np.asarray(outlook.averages.prior_curvature)
    gradient = np.asarray(outlook.averages.prior_gradient)
    stated = np.asarray(problem.prior.information)
    cavity = find_cavity(
        np.asarray(parameters.offset),
        source_covariances(equations.system, tiles, equations.root, stated.shape[0]),
        precision,
        gradient,
    )
    references = _judge_references(cavity, stated, tails)
    known = np.any(stated != 0, axis=(1, 2))
    prior_weight, apart = outlook.prior_weight, None
    if isinstance(tails.reference_prior, Mixture):
        of_modes = expected_weight(references.wrong_probability, tails.reference_prior)
        prior_weight = np.where(np.isnan(of_modes), prior_weight, of_modes)
        apart = two_modes(cavity, stated, tails.reference_prior).apart
    weight = outlook.weight
    fraction, width, outlier = 0.0, np.nan, np.zeros_like(weight)
    if isinstance(tails.likelihood, Mixture):
        fraction = float(tails.likelihood.fraction)
        width = float(tails.likelihood.width)
        # ρ' = 1 − (1 − 1/k²) times the probability to be broad.
        outlier = (1.0 - weight) / (1.0 - width**-2)
    elif tails.likelihood is not None:
        pull = residuals_at(problem, tiles, parameters).pull
        fraction, width, outlier = fit_outliers(np.sum(pull**2, axis=1))
    reliability = Reliability(
        weight=weight,
        outlier_probability=np.clip(outlier, 0.0, 1.0),
        outlier_fraction=fraction,
        outlier_width=width,
        prior_weight=np.where(known, prior_weight, np.nan),
        references=references,
        ambiguous=outlook.ambiguous,
        likelihood=tails.likelihood,
        reference_prior=tails.reference_prior,
        apart=apart,
    )
    optimum = Optimum(parameters, equations, [], Result.SUCCESSFUL)
    return RobustOptimum(optimum, reliability, precision, gradient)


def _judge_references(
    cavity: Cavity, stated: np.ndarray, tails: Tails
) -> ReferenceTest:
    """Test each reference against what the Normal says without it."""
    prior = tails.reference_prior
    if not isinstance(prior, Mixture):
        return judge_references(cavity, stated)
    start = float(prior.fraction), float(prior.width)
    return judge_references(cavity, stated, start=start, estimate=False)


__all__ = ["judge_at", "judge_data"]
