"""Pixels of a batch of measurements and their derivatives, in stages.

What depends on a source, an exposure or a detector alone is computed once for it.
"""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._compiled import quick_jit
from reseau._usual import coarsely_usual
from reseau.instrument import Detectors, Instrument
from reseau.model import (
    DetectorFrame,
    ExposureFrame,
    OnDetector,
    OnPlane,
    Parameters,
    Problem,
    SourceFrame,
    detector_frame,
    effects_of,
    exposure_frame,
    on_detector,
    on_plane,
    source_frame,
)
from reseau.records import Surroundings

from .plan import Blocks, batch_program


class Frames(eqx.Module):
    """Where a linearisation happens: what all batches share.

    Attributes
    ----------
    sources, exposures, detectors
        Frames of all of them.
    coefficients, skew, terms
        As in `Parameters`.
    """

    sources: SourceFrame
    exposures: ExposureFrame
    coefficients: Float[Array | np.ndarray, "n_coef"]
    skew: Float[Array | np.ndarray, ""]
    detectors: DetectorFrame
    terms: Float[Array | np.ndarray, "n_term"]


@quick_jit
def _frames(
    parameters: Any, direction: Any, surroundings: Surroundings, detectors: Detectors
) -> Frames:
    return Frames(
        sources=source_frame(direction, parameters.offset),
        exposures=exposure_frame(
            parameters.axes, parameters.focal, surroundings, parameters.exposure_terms
        ),
        coefficients=parameters.coefficients,
        skew=parameters.skew,
        detectors=detector_frame(parameters.detectors, jnp.asarray(detectors.origin)),
        terms=parameters.terms,
    )


def frames_at(problem: Problem, parameters: Parameters) -> Frames:
    """Return what all batches share at `parameters`.

    With more rows of sources and exposures than there are, the last one again, up to a
    usual number: programs are compiled for few numbers of either.
    """
    offset, axes = np.asarray(parameters.offset), np.asarray(parameters.axes)
    own = np.asarray(parameters.exposure_terms)
    row, exposure = coarsely_usual(len(offset)), coarsely_usual(len(axes))
    padded = replace(
        parameters,
        offset=offset[row],
        axes=axes[exposure],
        focal=np.asarray(parameters.focal)[exposure],
        exposure_terms=own[exposure] if own.size else own,
    )
    around = problem.exposures.surroundings
    return _frames(
        padded,
        np.asarray(problem.prior.direction)[row],
        jax.tree.map(lambda leaf: np.asarray(leaf)[exposure], around),
        problem.instrument.detectors,
    )


def stages(
    instrument: Instrument, frames: Frames, blocks: Blocks
) -> tuple[OnPlane, OnDetector]:
    """Return positions and pixels of b blocks with their derivatives, (b s, n).

    In two compiled steps, and what follows in others: merged into one, the compiler
    would compute the early stages again for every column of the derivatives.
    """
    plane = _plane_stage(
        instrument,
        frames.sources,
        frames.exposures,
        blocks,
    )
    if blocks.covariates is None:
        pixels = _detector_stage(
            instrument,
            plane.position,
            frames.coefficients,
            frames.skew,
            frames.detectors,
            blocks,
        )
    else:
        pixels = _detector_stage_with_terms(
            instrument,
            plane.position,
            (frames.coefficients, frames.skew, frames.terms, frames.exposures.terms),
            frames.detectors,
            blocks,
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


@batch_program
def _plane_stage(
    instrument: Instrument,
    sources: SourceFrame,
    exposures: ExposureFrame,
    blocks: Blocks,
) -> OnPlane:
    source, exposure, whitening = (
        jnp.asarray(v) for v in (blocks.source, blocks.exposure, blocks.whitening)
    )
    b, s, n = whitening.shape[1:]

    def at_places(values: Array) -> Array:
        found = values.at[source].get(mode="clip")
        wide = jnp.broadcast_to(found[:, None], (b, s, *found.shape[1:]))
        return wide.reshape(b * s, *found.shape[1:])

    return on_plane(
        instrument,
        jax.tree.map(at_places, sources),
        jax.tree.map(lambda v: v[exposure.reshape(-1)], exposures),
        whitening[0].reshape(b * s, n) > 0,
    )


@batch_program
def _detector_stage(
    instrument: Instrument,
    position: tuple[Any, Any],
    coefficients: Array,
    skew: Array,
    detectors: DetectorFrame,
    blocks: Blocks,
) -> OnDetector:
    met = jnp.asarray(blocks.detector)
    slots = position[0].shape[0] // met.shape[0]
    frames = jax.tree.map(lambda v: v[jnp.repeat(met, slots)], detectors)
    return on_detector(instrument, position, coefficients, skew, frames)


@batch_program
def _detector_stage_with_terms(
    instrument: Instrument,
    position: tuple[Any, Any],
    values: tuple[Array, Array, Array, Array | None],
    detectors: DetectorFrame,
    blocks: Blocks,
) -> OnDetector:
    """Return what `_detector_stage` does, of an instrument with declared terms.

    Parameters
    ----------
    values
        Coefficients, skew, terms, and those terms that each exposure has.
    """
    coefficients, skew, terms = (jnp.asarray(v) for v in values[:3])
    own = values[3]
    met = jnp.asarray(blocks.detector)
    slots = position[0].shape[0] // met.shape[0]
    detector = jnp.repeat(met, slots)
    if own is not None:
        own = own[jnp.asarray(blocks.exposure).reshape(-1)][:, None]
    known = jnp.asarray(blocks.covariates)
    effects = effects_of(
        instrument,
        terms,
        own,
        detector[:, None],
        known.reshape(known.shape[0], -1, known.shape[-1]),
    )
    return on_detector(
        instrument,
        position,
        coefficients,
        skew,
        jax.tree.map(lambda v: v[detector], detectors),
        effects,
    )


def exposure_columns(plane: OnPlane, at: OnDetector) -> tuple[list[Array], list[Array]]:
    """Return derivatives of the pixels x and y by all that belongs to the exposure."""
    by_x, by_y = by_pixel(at, plane.exposure)
    return [*by_x, *at.exposure[0]], [*by_y, *at.exposure[1]]


def in_slots(blocks: Blocks) -> tuple[Array, Array, Array]:
    """Return x, y (b s, n) and whitening (3, b s, n) of the slots of all blocks."""
    whitening = jnp.asarray(blocks.whitening)
    shape = (-1, whitening.shape[-1])
    x, y = (jnp.asarray(v).reshape(shape) for v in (blocks.pixel_x, blocks.pixel_y))
    return x, y, whitening.reshape(3, *shape)


def whitened_own(blocks: Blocks, plane: OnPlane, at: OnDetector) -> tuple[Array, Array]:
    """Return whitened derivatives by the sources and residuals.

    Returns
    -------
    Those by the sources' offsets (b s, 2, 2, n), the row of the pixel third, zero where
    sources are not solved for, and the residuals (b s, 2, n).
    """
    px, py, w = in_slots(blocks)
    x, y = px - at.pixel[0], py - at.pixel[1]
    residual = jnp.stack([w[0] * x, w[1] * x + w[2] * y], axis=1)
    by_x, by_y = by_pixel(at, plane.source)
    white = [
        jnp.stack([w[0] * a, w[1] * a + w[2] * b], axis=1)
        for a, b in zip(by_x, by_y, strict=True)
    ]
    slots = x.shape[0] // jnp.shape(blocks.free)[0]
    free = jnp.repeat(jnp.asarray(blocks.free), slots, axis=0)
    return jnp.stack(white, axis=1) * free[:, None, None], residual


def by_pixel(
    at: OnDetector, columns: tuple[tuple[Any, ...], tuple[Any, ...]]
) -> tuple[list[Array], list[Array]]:
    """Carry derivatives of the undistorted position on to the pixels x and y."""
    (xx, xy), (yx, yy) = at.plane
    pairs = list(zip(*columns, strict=True))
    return (
        [xx * a + xy * b for a, b in pairs],
        [yx * a + yy * b for a, b in pairs],
    )


def stacked(
    x: list[Array], y: list[Array], shape: tuple[int, ...]
) -> Float[Array, "b s e 2 n"]:
    """Return columns of the pixels x and y as one array, in blocks.

    Parameters
    ----------
    x, y
        A column each, of all slots or of the slots of blocks.
    shape
        Blocks, slots of each, and sources.
    """
    both = [jnp.stack([v.reshape(shape) for v in of], axis=2) for of in (x, y)]
    return jnp.stack(both, axis=3)


__all__ = [
    "Frames",
    "by_pixel",
    "exposure_columns",
    "frames_at",
    "in_slots",
    "rows_of",
    "stacked",
    "stages",
    "whitened_own",
]
