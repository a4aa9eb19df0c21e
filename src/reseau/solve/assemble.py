"""Normal equations of a plate, tile by tile, with the sources eliminated.

For each tile the residuals and their derivatives are formed, whitened, and
gathered into the 2 x 2 blocks of the sources, their borders on the tile's columns
and the corner; the sources are eliminated at once and only the corner's share is
kept (DESIGN: block arrow, Schur complement).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import Instrument
from reseau.linalg import Tile, back_substitute, block_covariance, eliminate
from reseau.model import (
    PER_DETECTOR,
    PER_EXPOSURE,
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

from .plan import TileData


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
    offset: Float[Array, "n_src 2"]
    coefficients: Float[Array, "n_coef"]
    skew: Float[Array, ""]
    detectors: DetectorFrame


class Corner(NamedTuple):
    """Sums over tiles.

    Attributes
    ----------
    matrix, right
        Schur complement of the sources in the shared parameters, and right side.
    diagonal
        Diagonal before the elimination.
    chi2
        Whitened squared residuals of the measurements, and of the sources' priors.
    """

    matrix: Array
    right: Array
    diagonal: Array
    chi2: Array


class System(NamedTuple):
    """Normal equations at one point: the corner and the eliminated sources."""

    corner: Corner
    tiles: list[Tile]


@jax.jit
def _frames(
    parameters: Parameters, direction: Array, velocity: Array, origin: Array
) -> Frames:
    return Frames(
        sources=source_frame(direction, parameters.offset),
        exposures=exposure_frame(parameters.axes, parameters.focal, velocity),
        offset=parameters.offset,
        coefficients=parameters.coefficients,
        skew=parameters.skew,
        detectors=detector_frame(parameters.detectors, origin),
    )


def frames_at(problem: Problem, parameters: Parameters) -> Frames:
    """Return what all tiles share at `parameters`."""
    values = jax.tree.map(jnp.asarray, parameters)
    return _frames(
        values,
        jnp.asarray(problem.prior.direction),
        jnp.asarray(problem.exposures.velocity),
        jnp.asarray(problem.instrument.detectors.origin),
    )


def assemble(
    problem: Problem, tiles: list[TileData], parameters: Parameters, damping: float
) -> System:
    """Return the normal equations at `parameters`.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    damping
        Levenberg-Marquardt factor: the diagonal is raised by this fraction.
    """
    frames = frames_at(problem, parameters)
    size = problem.layout.size
    corner = Corner(
        jnp.zeros((size, size)), jnp.zeros(size), jnp.zeros(size), jnp.zeros(2)
    )
    eliminated = []
    for tile in tiles:
        corner, reduced = _add_tile(
            problem.instrument,
            frames,
            tile,
            corner,
            jnp.asarray(damping),
            problem.aberration,
        )
        eliminated.append(reduced)
    return System(corner, eliminated)


def _add_tile(
    instrument: Instrument,
    frames: Frames,
    tile: TileData,
    corner: Corner,
    damping: Array,
    aberration: bool,
) -> tuple[Corner, Tile]:
    """Add one tile's share to the corner; return it with the sources eliminated.

    In four compiled steps: merged into one, the compiler would compute the early
    stages again for every column of the derivatives.
    """
    plane = _plane_stage(instrument, frames, tile, aberration)
    pixels = _detector_stage(instrument, frames, tile, plane.position)
    rows = _whitened(instrument, tile, plane, pixels)
    return _gather(frames, tile, rows, corner, damping)


@partial(jax.jit, static_argnums=3)
def _plane_stage(
    instrument: Instrument, frames: Frames, tile: TileData, aberration: bool
) -> OnPlane:
    return on_plane(
        instrument,
        jax.tree.map(lambda v: v.at[tile.source].get(mode="clip"), frames.sources),
        jax.tree.map(lambda v: v[tile.exposure], frames.exposures),
        tile.valid,
        aberration=aberration,
    )


@jax.jit
def _detector_stage(
    instrument: Instrument, frames: Frames, tile: TileData, position: tuple[Array, ...]
) -> OnDetector:
    return on_detector(
        instrument,
        position,
        frames.coefficients,
        frames.skew,
        frames.detectors,
        jnp.asarray(tile.detector),
    )


class Rows(NamedTuple):
    """Whitened residuals and derivatives of a tile: slots, columns, x and y, sources.

    Attributes
    ----------
    source
        Derivatives by the sources' offsets, (k, 2, 2, n).
    shared
        Derivatives by the slot's exposure, by the calibration (distortion, skew, all
        detectors), and last the residuals, (k, p, 2, n).
    """

    source: Array
    shared: Array


@jax.jit
def _whitened(
    instrument: Instrument, tile: TileData, plane: OnPlane, at: OnDetector
) -> Rows:
    w = tile.whitening
    Pair = tuple[tuple[Array, ...], tuple[Array, ...]]

    def whiten(x: Array, y: Array) -> Array:
        """Columns first; returns (k, columns, 2, n)."""
        return jnp.stack([w[0] * x, w[1] * x + w[2] * y]).transpose(2, 1, 0, 3)

    def onward(parts: Pair) -> tuple[Array, Array]:
        (xx, xy), (yx, yy) = at.plane
        of_x, of_y = jnp.stack(parts[0]), jnp.stack(parts[1])
        return xx * of_x + xy * of_y, yx * of_x + yy * of_y

    met = (
        tile.detector
        == jnp.arange(instrument.detectors.centre.shape[0])[:, None, None, None]
    )
    of_detector = [
        jnp.where(met, jnp.stack(part), 0.0).reshape(-1, *tile.detector.shape)
        for part in at.detector
    ]
    groups = [
        onward(plane.exposure),
        calibration_columns(instrument, plane.position, at),
        of_detector,
        ((tile.pixel_x - at.pixel[0])[None], (tile.pixel_y - at.pixel[1])[None]),
    ]
    return Rows(
        source=whiten(*onward(plane.source)) * tile.free,
        shared=jnp.concatenate([whiten(*group) for group in groups], axis=1),
    )


@partial(jax.jit, donate_argnums=3)
def _gather(
    frames: Frames, tile: TileData, rows: Rows, corner: Corner, damping: Array
) -> tuple[Corner, Tile]:
    source, shared = rows
    k, p, _, n = shared.shape
    columns = _columns(frames, tile)
    flat = shared.reshape(k, p, 2 * n)
    product = jnp.einsum("kpm,kqm->kpq", flat, flat)

    offset = frames.offset.at[tile.source].get(mode="clip").T
    pull = jnp.sum(tile.information * offset, axis=1)
    block = jnp.sum(source[:, :, None] * source[:, None], axis=(0, 3))
    block = block + tile.information
    gradient = jnp.sum(source * shared[:, None, -1], axis=(0, 2)) - pull
    by_exposure = jnp.sum(source[:, None] * shared[:, :PER_EXPOSURE, None], axis=3)
    by_calibration = jnp.sum(
        source[:, None] * shared[:, PER_EXPOSURE:-1, None], axis=(0, 3)
    )
    border = jnp.concatenate([by_exposure.reshape(-1, 2, n), by_calibration])
    unit = jnp.eye(2)[:, :, None]
    raised = block * (1.0 + damping * unit) + (tile.free == 0) * unit
    reduced, loss, loss_right = eliminate(raised, border, gradient, columns)
    matrix, right, diagonal, chi2 = _corner_share(product)
    chi2 = jnp.stack([chi2, jnp.sum(pull * offset)])
    return (
        Corner(
            corner.matrix.at[columns[:, None], columns[None, :]].add(matrix - loss),
            corner.right.at[columns].add(right - loss_right),
            corner.diagonal.at[columns].add(diagonal),
            corner.chi2 + chi2,
        ),
        reduced,
    )


def _corner_share(product: Array) -> tuple[Array, Array, Array, Array]:
    """Lay the products of each slot's columns out on the tile's columns.

    Parameters
    ----------
    product
        For each slot, products of the columns exposure, calibration and residual.

    Returns
    -------
    Matrix, right-hand side and diagonal on the tile's columns, and χ².
    """
    k, e = product.shape[0], PER_EXPOSURE
    slot = jnp.arange(k)
    exposures = (
        jnp.zeros((k, e, k, e)).at[slot, :, slot, :].set(product[:, :e, :e])
    ).reshape(k * e, k * e)
    mixed = product[:, :e, e:-1].reshape(k * e, -1)
    total = jnp.sum(product[:, e:, e:], axis=0)
    matrix = jnp.block([[exposures, mixed], [mixed.T, total[:-1, :-1]]])
    right = jnp.concatenate([product[:, :e, -1].reshape(-1), total[:-1, -1]])
    return matrix, right, jnp.diagonal(matrix), total[-1, -1]


def _columns(frames: Frames, tile: TileData) -> Array:
    """Return the columns of the corner that a tile meets."""
    exposure = (
        jnp.asarray(tile.exposure)[:, None] * PER_EXPOSURE + jnp.arange(PER_EXPOSURE)
    ).reshape(-1)
    start = frames.exposures.axes.shape[0] * PER_EXPOSURE
    n_detectors = frames.detectors.centre.shape[0]
    n = frames.coefficients.shape[0] + 1 + n_detectors * PER_DETECTOR
    return jnp.concatenate([exposure, start + jnp.arange(n)])


_substitute = jax.jit(back_substitute)
_covariance = jax.jit(block_covariance)


def source_steps(
    system: System, tiles: list[TileData], shared: np.ndarray, n_sources: int
) -> Float[np.ndarray, "n_src 2"]:
    """Return the sources' part of the solution, zero for sources not measured."""
    step = jnp.asarray(shared)
    return _scatter(
        system, tiles, lambda tile: _substitute(tile, step), np.zeros((n_sources, 2))
    )


def source_covariances(
    system: System, tiles: list[TileData], root: np.ndarray, n_sources: int
) -> Float[np.ndarray, "n_src 2 2"]:
    """Return the sources' covariances, calibration included [rad²].

    Zero for sources that are fixed or not measured.
    """
    spread = jnp.asarray(root)
    return _scatter(
        system,
        tiles,
        lambda tile: _covariance(tile, spread),
        np.zeros((n_sources, 2, 2)),
    )


def own_deviations(
    system: System, tiles: list[TileData], n_sources: int
) -> Float[np.ndarray, "n_src 2"]:
    """Return the sources' σ with all else held [rad]: a lower bound of the full one."""

    def deviation(tile: Tile) -> np.ndarray:
        a, b, c = (np.asarray(tile.root[i, j]) for i, j in ((0, 0), (1, 0), (1, 1)))
        return np.stack([np.hypot(b, c) / (a * c), 1.0 / c])

    return _scatter(system, tiles, deviation, np.zeros((n_sources, 2)))


def _scatter(
    system: System,
    tiles: list[TileData],
    function: Callable[[Tile], Any],
    out: np.ndarray,
) -> np.ndarray:
    """Collect what a function gives for each tile, sources last, into rows."""
    results = [function(eliminated) for eliminated in system.tiles]
    for tile, values in zip(tiles, results, strict=True):
        kept = np.flatnonzero(np.asarray(tile.free) > 0)
        out[np.asarray(tile.source)[kept]] = np.moveaxis(np.asarray(values), -1, 0)[
            kept
        ]
    return out
