"""The solution that chains make: their means, their covariances, the chains themselves.

Flags and the verdict on references stay those of the Gauss-Newton solution that the
chains started from, of the same densities: a reference is judged by the difference of
two inverse covariances, which a few hundred draws do not give to the precision that it
takes. So do the names of what is undetermined and the degrees of freedom.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.equations import Residuals
from reseau.equations.plan import plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.errors import Result
from reseau.model import Parameters, take_step
from reseau.solvers.plate import calibration_pulls, prior_pulls
from reseau.solvers.posterior.draws import Draws
from reseau.solvers.solution import Solution

from .nuts import Sampled


@in_double
def solution_of_chains(found: Sampled) -> Solution:
    """Return the solution that the chains of a sampler make.

    Parameters
    ----------
    found
        What `solve_nuts` returned.

    Returns
    -------
    Means and covariances of the draws, with residuals and shifts from the priors at
    the mean. `Solution.draws` has the chains.
    """
    return _solution(found)


def _solution(found: Sampled) -> Solution:
    start = found.solution
    draws = _about_their_mean(found.draws)
    problem, mean = start.problem, draws.centre
    residuals = residuals_at(problem, plan_tiles(problem), mean)
    offset = draws.offset.reshape(-1, *draws.offset.shape[2:])
    shared = np.nan_to_num(draws.shared).reshape(-1, draws.shared.shape[2])
    n = offset.shape[0] - 1
    return replace(
        start,
        parameters=mean,
        source_covariance=np.einsum("dni,dnj->nij", offset, offset) / n,
        shared_covariance=shared.T @ shared / n,
        prior_pull=prior_pulls(problem, mean),
        calibration_pull=_calibration_pulls(start, mean),
        residuals=residuals,
        chi2=_chi2(start, residuals),
        result=Result.SUCCESSFUL if found.converged else Result.NOT_CONVERGED,
        seconds={**start.seconds, "chains": found.seconds},
        factor=None,
        draws=draws,
    )


def _about_their_mean(draws: Draws) -> Draws:
    """Return the same draws as steps from their mean."""
    offset = draws.offset.mean(axis=(0, 1))
    shared = np.nan_to_num(draws.shared.mean(axis=(0, 1)))
    mean = take_step(draws.centre, jnp.asarray(shared), jnp.asarray(offset))
    return replace(
        draws,
        centre=jax.tree.map(np.array, mean),
        offset=draws.offset - offset,
        shared=draws.shared - shared,
    )


def _calibration_pulls(start: Solution, mean: Parameters) -> Float[np.ndarray, "p"]:
    """Return shifts from the priors: those of the start and what was stepped since.

    Both points are in the datum, where common modes of the detectors are at nominal
    and priors are not; the pulls of a solution are those before it was taken there.
    """
    here, there = (
        calibration_pulls(start.problem, p) for p in (mean, start.parameters)
    )
    return np.asarray(start.calibration_pull + (here - there))


def _chi2(start: Solution, residuals: Residuals) -> float:
    """Return χ² as the degrees of freedom count: outliers as far as they are good."""
    square = np.sum(residuals.pull**2, axis=1)
    if start.reliability is None:
        return float(np.sum(square))
    return float((1.0 - start.reliability.outlier_probability) @ square)


__all__ = ["solution_of_chains"]
