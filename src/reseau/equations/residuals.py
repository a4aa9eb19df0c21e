"""Residuals of all measurements at given parameters, in pixels and on the sky."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.model import OnDetector, OnPlane, Parameters, Problem
from reseau.model.arrangement import whitening_factors

from .parts import in_parts
from .plan import Block, TileData
from .stages import frames_at, stages


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


def residuals_at(
    problem: Problem, tiles: list[TileData], parameters: Parameters
) -> Residuals:
    """Return the residuals of all measurements at `parameters`."""
    measurements = problem.measurements
    frames = frames_at(problem, parameters)
    m = measurements.pixel.shape[0]
    found = np.zeros((m + 1, 4))

    def part(some: Sequence[TileData]) -> None:
        for tile in some:
            for block in tile.blocks:
                plane, at = stages(problem.instrument, frames, tile, block)
                values = np.asarray(_block_residuals(block, plane, at))
                found[np.asarray(block.row)] = np.moveaxis(values, 0, -1)

    in_parts(part, tiles)
    pixel, sky = found[:m, :2], found[:m, 2:]
    factors = whitening_factors(np.asarray(measurements.covariance))
    pull = np.stack(
        [factors[0] * pixel[:, 0], factors[1] * pixel[:, 0] + factors[2] * pixel[:, 1]],
        axis=-1,
    )
    return Residuals(pixel, sky, pull)


@jax.jit
def _block_residuals(block: Block, plane: OnPlane, at: OnDetector) -> Array:
    """Return residuals along x, y [pixel] and on the sky, east, north [rad], (4, k, n).

    A source that is held fixed has a tangent plane all the same.
    """
    x, y = block.pixel_x - at.pixel[0], block.pixel_y - at.pixel[1]
    (xx, xy), (yx, yy) = at.plane
    (ax, bx), (ay, by) = plane.source
    xe, xn = xx * ax + xy * ay, xx * bx + xy * by
    ye, yn = yx * ax + yy * ay, yx * bx + yy * by
    area = xe * yn - xn * ye
    return jnp.stack([x, y, (yn * x - xn * y) / area, (xe * y - ye * x) / area])
