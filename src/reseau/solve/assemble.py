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

from ..instrument import Instrument
from ..linalg import Tile, back_substitute, block_covariance, eliminate
from ..model import (
    PER_DETECTOR,
    PER_EXPOSURE,
    ExposureFrame,
    Parameters,
    Problem,
    SourceFrame,
    exposure_frame,
    linearise,
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
    detectors: Float[Array, "n_det 5"]


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
    parameters: Parameters, direction: Array, velocity: Array
) -> Frames:
    return Frames(
        sources=source_frame(direction, parameters.offset),
        exposures=exposure_frame(parameters.axes, parameters.focal, velocity),
        offset=parameters.offset,
        coefficients=parameters.coefficients,
        skew=parameters.skew,
        detectors=parameters.detectors,
    )


def frames_at(problem: Problem, parameters: Parameters) -> Frames:
    """Return what all tiles share at `parameters`."""
    values = jax.tree.map(jnp.asarray, parameters)
    return _frames(
        values,
        jnp.asarray(problem.prior.direction),
        jnp.asarray(problem.exposures.velocity),
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


@partial(jax.jit, static_argnums=5, donate_argnums=3)
def _add_tile(
    instrument: Instrument,
    frames: Frames,
    tile: TileData,
    corner: Corner,
    damping: Array,
    aberration: bool,
) -> tuple[Corner, Tile]:
    """Add one tile's share to the corner; return it with the sources eliminated."""
    residual, source, exposure, calibration = _whitened(
        instrument, frames, tile, aberration
    )
    n, k = residual.shape[1:]
    columns = _columns(frames, tile)
    n_exposure = PER_EXPOSURE * k

    offset = frames.offset.at[tile.source].get(mode="clip")
    pull = jnp.einsum("nij,nj->ni", tile.information, offset)
    block = jnp.einsum("cank,cbnk->nab", source, source) + tile.information
    gradient = jnp.einsum("cank,cnk->na", source, residual) - pull
    raised = block * (1.0 + damping * jnp.eye(2))
    held = (tile.free == 0)[:, None, None] * jnp.eye(2)
    by_exposure = jnp.einsum("cank,cpnk->nakp", source, exposure)
    by_calibration = jnp.einsum("cank,cpnk->nap", source, calibration)
    border = jnp.concatenate(
        [by_exposure.reshape(n, 2, n_exposure), by_calibration], axis=-1
    )
    reduced, loss, loss_right = eliminate(raised + held, border, gradient, columns)

    in_exposure = jnp.einsum("cpnk,cqnk->kpq", exposure, exposure)
    mixed = jnp.einsum("cpnk,cqnk->kpq", exposure, calibration)
    in_calibration = jnp.einsum("cpnk,cqnk->pq", calibration, calibration)
    right = jnp.concatenate(
        [
            jnp.einsum("cpnk,cnk->kp", exposure, residual).reshape(-1),
            jnp.einsum("cpnk,cnk->p", calibration, residual),
        ]
    )
    diagonal = jnp.concatenate(
        [
            jnp.diagonal(in_exposure, axis1=1, axis2=2).reshape(-1),
            jnp.diagonal(in_calibration),
        ]
    )
    slot = jnp.arange(k)
    corner_share = (
        (-loss[:n_exposure, :n_exposure])
        .reshape(k, PER_EXPOSURE, k, PER_EXPOSURE)
        .at[slot, :, slot, :]
        .add(in_exposure)
        .reshape(n_exposure, n_exposure)
    )
    side = mixed.reshape(n_exposure, -1) - loss[:n_exposure, n_exposure:]
    last = in_calibration - loss[n_exposure:, n_exposure:]
    share = jnp.block([[corner_share, side], [side.T, last]])
    chi2 = jnp.stack([jnp.sum(residual**2), jnp.sum(pull * offset)])
    return (
        Corner(
            corner.matrix.at[columns[:, None], columns[None, :]].add(share),
            corner.right.at[columns].add(right - loss_right),
            corner.diagonal.at[columns].add(diagonal),
            corner.chi2 + chi2,
        ),
        reduced,
    )


def _columns(frames: Frames, tile: TileData) -> Array:
    """Return the columns of the corner that a tile meets."""
    exposure = (
        jnp.asarray(tile.exposure)[:, None] * PER_EXPOSURE + jnp.arange(PER_EXPOSURE)
    ).reshape(-1)
    start = frames.exposures.axes.shape[0] * PER_EXPOSURE
    n = frames.coefficients.shape[0] + 1 + frames.detectors.size
    return jnp.concatenate([exposure, start + jnp.arange(n)])


def _whitened(
    instrument: Instrument, frames: Frames, tile: TileData, aberration: bool
) -> tuple[Array, Array, Array, Array]:
    """Return whitened residuals (2, n, k) and derivatives (2, p, n, k).

    The derivatives are those by the source, by the slot's exposure and by the
    calibration (distortion, skew, all detectors).
    """

    def of_source(values: Array) -> Array:
        return values.at[tile.source].get(mode="clip")

    valid = tile.valid
    at = linearise(
        instrument,
        jax.tree.map(of_source, frames.sources),
        jax.tree.map(lambda v: v[tile.exposure], frames.exposures),
        frames.coefficients,
        frames.skew,
        frames.detectors,
        jnp.asarray(tile.detector),
        valid,
        aberration=aberration,
    )
    w = tile.whitening

    def whiten(x: Array, y: Array) -> Array:
        return jnp.stack([w[0] * x, w[1] * x + w[2] * y])

    def rows(parts: tuple[Any, Any]) -> Array:
        shape = valid.shape
        x = jnp.stack([jnp.broadcast_to(p, shape) for p in parts[0]])
        y = jnp.stack([jnp.broadcast_to(p, shape) for p in parts[1]])
        return whiten(x, y)

    residual = whiten(tile.pixel_x - at.pixel[0], tile.pixel_y - at.pixel[1])
    source = rows(at.source) * jnp.asarray(tile.free)[:, None]
    n_detectors = frames.detectors.shape[0]
    met = (jnp.asarray(tile.detector) == jnp.arange(n_detectors)[:, None, None]).astype(
        residual.dtype
    )
    own = rows(at.detector)
    of_detector = (own[:, None] * met[None, :, None]).reshape(
        2, n_detectors * PER_DETECTOR, *valid.shape
    )
    calibration = jnp.concatenate([whiten(*at.calibration), of_detector], axis=1)
    return residual, source, rows(at.exposure), calibration


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
        a, b, c = (np.asarray(tile.root[:, i, j]) for i, j in ((0, 0), (1, 0), (1, 1)))
        return np.stack([np.hypot(b, c) / (a * c), 1.0 / c], axis=-1)

    return _scatter(system, tiles, deviation, np.zeros((n_sources, 2)))


def _scatter(
    system: System,
    tiles: list[TileData],
    function: Callable[[Tile], Any],
    out: np.ndarray,
) -> np.ndarray:
    """Collect what a function gives for each tile into rows of sources."""
    results = [function(eliminated) for eliminated in system.tiles]
    for tile, values in zip(tiles, results, strict=True):
        kept = np.flatnonzero(np.asarray(tile.free) > 0)
        out[np.asarray(tile.source)[kept]] = np.asarray(values)[kept]
    return out
