"""Residuals of all measurements at given parameters, in pixels and on the sky."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._parts import each_part
from reseau.model import OnDetector, OnPlane, Parameters, Problem
from reseau.model.arrangement import whitening_factors

from .plan import Blocks, Part, Plan, batch_program
from .stages import by_pixel, frames_at, in_slots, stages


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


def residuals_at(problem: Problem, tiles: Plan, parameters: Parameters) -> Residuals:
    """Return the residuals of all measurements at `parameters`."""
    measurements = problem.measurements
    frames = frames_at(problem, parameters)
    m = measurements.pixel.shape[0]
    found = np.zeros((4, m + 1))

    def of_part(part: Part) -> None:
        for batch in part.batches:
            plane, at = stages(problem.instrument, frames, batch.blocks)
            values = np.asarray(_residuals(batch.blocks, plane, at))
            found[:, batch.row.ravel()] = values.reshape(4, -1)

    each_part(of_part, tiles.parts)
    x, y, east, north = found[:, :m]
    factors = whitening_factors(np.asarray(measurements.covariance))
    pull = np.stack([factors[0] * x, factors[1] * x + factors[2] * y], axis=-1)
    pixel, sky = np.stack([x, y], axis=-1), np.stack([east, north], axis=-1)
    return Residuals(pixel, sky, pull)


@batch_program
def _residuals(blocks: Blocks, plane: OnPlane, at: OnDetector) -> Array:
    """Return residuals along x, y [pixel] and on the sky, east, north [rad], (4, k, n).

    A source that is held fixed has a tangent plane all the same.
    """
    px, py, _ = in_slots(blocks)
    x, y = px - at.pixel[0], py - at.pixel[1]
    (xe, xn), (ye, yn) = by_pixel(at, plane.source)
    area = xe * yn - xn * ye
    return jnp.stack([x, y, (yn * x - xn * y) / area, (xe * y - ye * x) / area])
