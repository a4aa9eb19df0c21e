"""Residuals of all measurements at given parameters, in pixels and on the sky."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import Instrument
from reseau.model import Parameters, Problem, predict

from .assemble import Frames, frames_at
from .plan import whitening_factors

CHUNK = 2**16


class Residuals(NamedTuple):
    """Observed minus predicted.

    Attributes
    ----------
    pixel
        Along x and y [pixel].
    sky
        The same, carried to the source's tangent plane: east, north [rad].
    pull
        Whitened by the measurement's covariance: first x, then y given x.
    """

    pixel: Float[np.ndarray, "n_meas 2"]
    sky: Float[np.ndarray, "n_meas 2"]
    pull: Float[np.ndarray, "n_meas 2"]


@partial(jax.jit, static_argnums=3)
def _chunk(
    instrument: Instrument,
    frames: Frames,
    rows: tuple[Array, Array, Array],
    aberration: bool,
    detectors: Array,
) -> tuple[Array, Array]:
    """Return predictions and their derivatives by the source's offsets, (2, 2, m)."""
    source, exposure, detector = rows
    of_source = jax.tree.map(lambda v: v[source], frames.sources)
    of_exposure = jax.tree.map(lambda v: v[exposure], frames.exposures)

    def seen(direction: Array) -> Array:
        return jnp.stack(
            predict(
                instrument,
                (direction[:, 0], direction[:, 1], direction[:, 2]),
                of_exposure,
                frames.coefficients,
                frames.skew,
                detectors,
                detector,
                aberration=aberration,
            )
        )

    pixel, east = jax.jvp(seen, (of_source.direction,), (of_source.east,))
    _, north = jax.jvp(seen, (of_source.direction,), (of_source.north,))
    return pixel, jnp.stack([east, north], axis=1)


def residuals_at(problem: Problem, parameters: Parameters) -> Residuals:
    """Return the residuals of all measurements at `parameters`."""
    measurements = problem.measurements
    frames = frames_at(problem, parameters)
    observed = np.asarray(measurements.pixel)
    m = observed.shape[0]
    pixel, sky = np.empty((m, 2)), np.empty((m, 2))
    size = min(CHUNK, m)
    for first in range(0, m, size):
        take = np.minimum(np.arange(first, first + size), m - 1)
        rows = tuple(
            jnp.asarray(np.asarray(v)[take])
            for v in (measurements.source, measurements.exposure, measurements.detector)
        )
        found, slope = _chunk(
            problem.instrument,
            frames,
            rows,
            problem.aberration,
            jnp.asarray(parameters.detectors),
        )
        part = slice(first, min(first + size, m))
        n = part.stop - part.start
        pixel[part] = observed[part] - np.asarray(found).T[:n]
        matrix = np.moveaxis(np.asarray(slope), -1, 0)[:n]
        sky[part] = np.linalg.solve(matrix, pixel[part][:, :, None])[:, :, 0]
    factors = whitening_factors(np.asarray(measurements.covariance))
    pull = np.stack(
        [factors[0] * pixel[:, 0], factors[1] * pixel[:, 0] + factors[2] * pixel[:, 1]],
        axis=-1,
    )
    return Residuals(pixel, sky, pull)
