"""Slow twins: the whole problem as one residual vector of one parameter vector.

Nothing of the tiles, the stages or the elimination is used, only the prediction and
the retraction of a step; derivatives are those of automatic differentiation through
the whole chain.
"""

import jax
import jax.numpy as jnp
import numpy as np

from reseau.model import Parameters, Problem, exposure_frame, predict, take_step
from reseau.sky import displaced


def residual_vector(problem: Problem, start: Parameters):
    """Return a function of (source steps, shared steps): whitened residuals, priors."""
    measurements = problem.measurements
    factor = np.linalg.inv(np.linalg.cholesky(measurements.covariance))
    n = problem.prior.direction.shape[0]
    root = np.zeros((n, 2, 2))
    known = np.any(problem.prior.information != 0, axis=(1, 2))
    if not problem.free_network:
        roots = np.linalg.cholesky(problem.prior.information[known])
        root[known] = roots.transpose(0, 2, 1)

    def vector(step):
        moved = take_step(start, step[2 * n :], step[: 2 * n].reshape(n, 2))
        direction = displaced(jnp.asarray(problem.prior.direction), moved.offset)
        frame = exposure_frame(moved.axes, moved.focal, problem.exposures.surroundings)
        pixel = predict(
            problem.instrument,
            tuple(direction[measurements.source, i] for i in range(3)),
            jax.tree.map(lambda v: v[measurements.exposure], frame),
            moved.coefficients,
            moved.skew,
            moved.detectors,
            jnp.asarray(measurements.detector),
        )
        left = jnp.asarray(measurements.pixel) - jnp.stack(pixel, axis=-1)
        whitened = jnp.einsum("mij,mj->mi", factor, left)
        prior = -jnp.einsum("nij,nj->ni", root, moved.offset)
        return jnp.concatenate([whitened.ravel(), prior.ravel()])

    return vector


def jacobian(problem: Problem, start: Parameters):
    """Return residuals and their dense derivatives at `start`."""
    vector = residual_vector(problem, start)
    size = 2 * problem.prior.direction.shape[0] + problem.layout.size
    zero = jnp.zeros(size)
    return np.asarray(vector(zero)), np.asarray(jax.jacfwd(vector)(zero))
