"""Pixels of a block and their derivatives, in stages, and the same whitened.

What depends on a source, an exposure or a detector alone is computed once for it.
"""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._usual import up_to_usual
from reseau.instrument import Detectors, Instrument
from reseau.model import (
    DetectorFrame,
    ExposureFrame,
    OnDetector,
    OnPlane,
    Parameters,
    Problem,
    SourceFrame,
    calibration_columns,
    detector_frame,
    exposure_frame,
    on_detector,
    on_plane,
    source_frame,
)
from reseau.records import Surroundings

from .plan import Block, TileData


class Frames(eqx.Module):
    """Where a linearisation happens: what all tiles share.

    Attributes
    ----------
    sources, exposures
        Frames of all sources and exposures.
    offset
        Source offsets from the prior [rad].
    coefficients, skew, detectors
        As in `Parameters`.
    """

    sources: SourceFrame
    exposures: ExposureFrame
    offset: Float[Array | np.ndarray, "n_src 2"]
    coefficients: Float[Array | np.ndarray, "n_coef"]
    skew: Float[Array | np.ndarray, ""]
    detectors: DetectorFrame


@jax.jit
def _frames(
    parameters: Any, direction: Any, surroundings: Surroundings, detectors: Detectors
) -> Frames:
    return Frames(
        sources=source_frame(direction, parameters.offset),
        exposures=exposure_frame(parameters.axes, parameters.focal, surroundings),
        offset=parameters.offset,
        coefficients=parameters.coefficients,
        skew=parameters.skew,
        detectors=detector_frame(parameters.detectors, jnp.asarray(detectors.origin)),
    )


def frames_at(problem: Problem, parameters: Parameters) -> Frames:
    """Return what all tiles share at `parameters`.

    With more rows of sources and exposures than there are, the last one again, up to a
    usual number: programs are compiled for few numbers of either.
    """
    offset, axes = np.asarray(parameters.offset), np.asarray(parameters.axes)
    row, exposure = up_to_usual(offset.shape[0]), up_to_usual(axes.shape[0])
    padded = replace(
        parameters,
        offset=offset[row],
        axes=axes[exposure],
        focal=np.asarray(parameters.focal)[exposure],
    )
    around = problem.exposures.surroundings
    return _frames(
        padded,
        np.asarray(problem.prior.direction)[row],
        jax.tree.map(lambda leaf: np.asarray(leaf)[exposure], around),
        problem.instrument.detectors,
    )


def stages(
    instrument: Instrument,
    frames: Frames,
    tile: TileData,
    block: Block,
) -> tuple[OnPlane, OnDetector]:
    """Return a block's positions and pixels with their derivatives.

    In two compiled steps, and what follows in others: merged into one, the compiler
    would compute the early stages again for every column of the derivatives.
    """
    plane = _plane_stage(
        instrument,
        frames.sources,
        frames.exposures,
        tile.source,
        block.exposure,
        block.whitening,
    )
    pixels = _detector_stage(
        instrument,
        plane.position,
        frames.coefficients,
        frames.skew,
        frames.detectors,
        block.detector,
    )
    return plane, pixels


def rows_of(values: np.ndarray, rows: Array | np.ndarray) -> np.ndarray:
    """Return rows of an array; of those beyond the last, the last.

    By NumPy, outside of compiled programs, which else would be of as many kinds as
    there are numbers of sources.

    Parameters
    ----------
    values
        With the rows along the first axis.
    rows
        Which.
    """
    return np.take(values, np.asarray(rows), axis=0, mode="clip")


@jax.jit
def _plane_stage(
    instrument: Instrument,
    sources: SourceFrame,
    exposures: ExposureFrame,
    source: Array,
    exposure: Array,
    whitening: Array,
) -> OnPlane:
    return on_plane(
        instrument,
        jax.tree.map(lambda v: v.at[source].get(mode="clip"), sources),
        jax.tree.map(lambda v: v[exposure], exposures),
        whitening[0] > 0,
    )


@jax.jit
def _detector_stage(
    instrument: Instrument,
    position: tuple[Any, Any],
    coefficients: Array,
    skew: Array,
    detectors: DetectorFrame,
    met: Array,
) -> OnDetector:
    frames = jax.tree.map(lambda v: v[met], detectors)
    return on_detector(instrument, position, coefficients, skew, frames)


def whitened_columns(
    instrument: Instrument, free: Array, block: Block, plane: OnPlane, at: OnDetector
) -> tuple[Array, Array]:
    """Return the whitened derivatives of a block's pixels and its residuals.

    Returns
    -------
    Those by the sources (k, 2, 2, n), and those by exposure, calibration and detector
    with the residual as last column, (k, p, 2, n); the row is the third axis.
    """
    w = tuple(block.whitening[i][:, None] for i in range(3))
    Pair = tuple[tuple[Any, ...], tuple[Any, ...]]

    def whiten(x: Array, y: Array) -> Array:
        """Columns (k, p, n) of x and y to (k, p, 2, n)."""
        return jnp.stack([w[0] * x, w[1] * x + w[2] * y], axis=2)

    def columns(parts: Pair) -> tuple[Array, Array]:
        x, y = (jnp.stack(jnp.broadcast_arrays(*p), axis=1) for p in parts)
        return x, y

    def onward(parts: Pair) -> tuple[Array, Array]:
        (xx, xy), (yx, yy) = (tuple(c[:, None] for c in row) for row in at.plane)
        of_x, of_y = columns(parts)
        return xx * of_x + xy * of_y, yx * of_x + yy * of_y

    left = (block.pixel_x - at.pixel[0], block.pixel_y - at.pixel[1])
    shape = left[0].shape
    own = tuple(tuple(jnp.broadcast_to(c, shape) for c in p) for p in at.detector)
    groups = [
        onward(plane.exposure),
        calibration_columns(instrument, plane.position, at),
        columns((own[0], own[1])),
        columns(((left[0],), (left[1],))),
    ]
    source = whiten(*onward(plane.source)) * free
    return source, jnp.concatenate([whiten(*group) for group in groups], axis=1)


__all__ = ["Frames", "frames_at", "rows_of", "stages", "whitened_columns"]
