"""What a Normal thinks of heavy-tailed data: weights, probabilities, references.

As in a robust solution (`robust`), but for averages over the Normal in place of values
at the optimum.
"""

import jax.numpy as jnp
import numpy as np

from reseau.errors import Result
from reseau.model import Parameters, Problem
from reseau.model.likelihood import Mixture
from reseau.solve.assemble import source_covariances
from reseau.solve.gauss_newton import Equations, Optimum, equations_at
from reseau.solve.plan import TileData
from reseau.solve.references import ReferenceTest, find_cavity, judge_references
from reseau.solve.residuals import residuals_at
from reseau.solve.robust import Reliability, RobustOptimum, fit_outliers
from reseau.solve.weighted import CLIPPED, Terms

from .outlook import Outlook, Tails, look


def judge_at(
    problem: Problem, tiles: list[TileData], parameters: Parameters, tails: Tails
) -> RobustOptimum:
    """Return what the Gaussian posterior about a point thinks of its data.

    For guides that have no factors of their own.
    """
    n = problem.prior.direction.shape[0]
    terms = Terms(tails.likelihood, tails.reference_prior, jnp.full(n, CLIPPED))
    equations = equations_at(problem, tiles, parameters, 0.0, terms)
    none = np.zeros(n, dtype=bool)
    outlook = look(problem, tiles, parameters, equations, tails, none)
    return judge_data(problem, tiles, parameters, equations, tails, outlook)


def judge_data(
    problem: Problem,
    tiles: list[TileData],
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
    information = np.moveaxis(np.asarray(outlook.averages.prior_curvature), -1, 0)
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
    known = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    reliability = Reliability(
        weight=weight,
        outlier_probability=np.clip(outlier, 0.0, 1.0),
        outlier_fraction=fraction,
        outlier_width=width,
        prior_weight=np.where(known, outlook.prior_weight, np.nan),
        references=_judge_references(
            problem, tiles, parameters, equations, tails, outlook
        ),
        ambiguous=outlook.ambiguous,
        likelihood=tails.likelihood,
        reference_prior=tails.reference_prior,
    )
    optimum = Optimum(parameters, equations, [], Result.SUCCESSFUL)
    return RobustOptimum(optimum, reliability, information)


def _judge_references(
    problem: Problem,
    tiles: list[TileData],
    parameters: Parameters,
    equations: Equations,
    tails: Tails,
    outlook: Outlook,
) -> ReferenceTest:
    """Test each reference against what the Normal says without it."""
    n = problem.prior.direction.shape[0]
    cavity = find_cavity(
        np.asarray(parameters.offset),
        source_covariances(equations.system, tiles, equations.root, n),
        np.moveaxis(np.asarray(outlook.averages.prior_curvature), -1, 0),
        np.asarray(outlook.averages.prior_gradient).T,
    )
    stated = np.asarray(problem.prior.information)
    prior = tails.reference_prior
    if not isinstance(prior, Mixture):
        return judge_references(cavity, stated)
    start = float(prior.fraction), float(prior.width)
    return judge_references(cavity, stated, start=start, estimate=False)


__all__ = ["judge_at", "judge_data"]
