"""Residuals of all measurements at given parameters, in pixels and on the sky."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._parts import each_part
from reseau.model import OnDetector, OnPlane, Parameters, Problem
from reseau.model.arrangement import whitening_factors

from .plan import Batch, Blocks, Part, Plan, batch_program
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


class Gathered:
    """Residuals of a plate while they are computed, batch by batch.

    Parameters
    ----------
    n_measurements
        How many there are.
    """

    def __init__(self, n_measurements: int) -> None:
        self._found = np.zeros((4, n_measurements + 1))

    def add(self, batch: Batch, plane: OnPlane, at: OnDetector) -> None:
        """Add those of a batch, given what `stages` returns."""
        values = np.asarray(_residuals(batch.blocks, plane, at))
        self._found[:, batch.row.ravel()] = values.reshape(4, -1)

    def of(self, problem: Problem) -> Residuals:
        """Return the residuals of all measurements."""
        x, y, east, north = self._found[:, :-1]
        pixel, sky = np.stack([x, y], axis=-1), np.stack([east, north], axis=-1)
        covariance = np.asarray(problem.measurements.covariance)
        return Residuals(pixel, sky, _whitened(covariance, x, y))

    def pulls(
        self, problem: Problem, rows: Int[np.ndarray, "k"]
    ) -> Float[np.ndarray, "k 2"]:
        """Return the whitened residuals of some measurements."""
        x, y = self._found[:2, rows]
        return _whitened(np.asarray(problem.measurements.covariance)[rows], x, y)


def residuals_at(problem: Problem, tiles: Plan, parameters: Parameters) -> Residuals:
    """Return the residuals of all measurements at `parameters`."""
    return _gathered(problem, tiles, parameters).of(problem)


def pulls_at(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    rows: Int[np.ndarray, "k"],
) -> Float[np.ndarray, "k 2"]:
    """Return the whitened residuals of some of the measurements in tiles."""
    return _gathered(problem, tiles, parameters).pulls(problem, rows)


def _gathered(problem: Problem, tiles: Plan, parameters: Parameters) -> Gathered:
    frames = frames_at(problem, parameters)
    found = Gathered(problem.measurements.pixel.shape[0])

    def of_part(part: Part) -> None:
        for batch in part.batches:
            plane, at = stages(problem.instrument, frames, batch.blocks)
            found.add(batch, plane, at)

    each_part(of_part, tiles.parts)
    return found


def _whitened(
    covariance: Float[np.ndarray, "k 2 2"], x: np.ndarray, y: np.ndarray
) -> Float[np.ndarray, "k 2"]:
    factors = whitening_factors(covariance)
    return np.stack([factors[0] * x, factors[1] * x + factors[2] * y], axis=-1)


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
