"""Slow twins: the whole problem as one residual vector of one parameter vector.

Nothing of the tiles, the stages or the elimination is used, only the prediction and
the retraction of a step; derivatives are those of automatic differentiation through
the whole chain.
"""

import jax
import jax.numpy as jnp
import numpy as np

from quick import quick_jit
from reseau.model import Parameters, Problem, exposure_frame, predict, take_step
from reseau.sky import displaced


def residual_vector(problem: Problem, start: Parameters):
    """Return a function of (source steps, shared steps): whitened residuals, priors."""
    roots = _roots(problem)
    return lambda step: _residuals(problem, start, *roots, step)


def jacobian(problem: Problem, start: Parameters):
    """Return residuals and their dense derivatives at `start`."""
    residual, slope = _jacobian(problem, start, *_roots(problem))
    return np.asarray(residual), np.asarray(slope)


def _roots(problem: Problem):
    """Return what whitens the measurements and the priors of the sources."""
    factor = np.linalg.inv(np.linalg.cholesky(problem.measurements.covariance))
    root = np.zeros((problem.prior.direction.shape[0], 2, 2))
    known = np.any(problem.prior.information != 0, axis=(1, 2))
    if not problem.free_network:
        roots = np.linalg.cholesky(problem.prior.information[known])
        root[known] = roots.transpose(0, 2, 1)
    return factor, root


# Compiled as wholes, the problem an argument: once for all problems of one shape.
@jax.jit
def _residuals(problem, start, factor, root, step):
    measurements, n = problem.measurements, problem.prior.direction.shape[0]
    moved = take_step(start, step[2 * n :], step[: 2 * n].reshape(n, 2))
    direction = displaced(jnp.asarray(problem.prior.direction), moved.offset)
    around = problem.exposures.surroundings
    frame = exposure_frame(moved.axes, moved.focal, around, moved.exposure_terms)
    pixel = predict(
        problem.instrument,
        tuple(direction[measurements.source, i] for i in range(3)),
        jax.tree.map(lambda v: v[measurements.exposure], frame),
        moved.coefficients,
        moved.skew,
        moved.detectors,
        jnp.asarray(measurements.detector),
        moved.terms,
        measurements.covariates,
    )
    left = jnp.asarray(measurements.pixel) - jnp.stack(pixel, axis=-1)
    whitened = jnp.einsum("mij,mj->mi", factor, left)
    prior = -jnp.einsum("nij,nj->ni", root, moved.offset)
    return jnp.concatenate([whitened.ravel(), prior.ravel()])


@quick_jit
def _jacobian(problem, start, factor, root):
    def twice(step):
        found = _residuals(problem, start, factor, root, step)
        return found, found

    size = 2 * problem.prior.direction.shape[0] + problem.layout.size
    slope, residual = jax.jacfwd(twice, has_aux=True)(jnp.zeros(size))
    return residual, slope
