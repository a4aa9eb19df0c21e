"""Normal equations of a plate, tile by tile, with the sources eliminated.

For each tile the residuals and their derivatives are formed, whitened, and
gathered into the 2 x 2 blocks of the sources, their borders on the tile's columns
and the corner; the sources are eliminated at once and only the corner's share is
kept (DESIGN: block arrow, Schur complement).
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import Instrument
from reseau.linalg import Tile, eliminate
from reseau.model import (
    PER_DETECTOR,
    PER_EXPOSURE,
    OnDetector,
    OnPlane,
    Parameters,
    Problem,
)

from .objective import LeastSquares, Objective
from .parts import in_parts, interleaved
from .plan import Block, TileData
from .shares import Share
from .stages import Frames, frames_at, stages, whitened_columns

OfTile = tuple[Array, Array, Array, tuple[tuple[Array, Array], ...]]
"""Source rows, prior information, which are free, exposures and detectors met."""

AHEAD = 4
"""How many tiles may wait for computation."""


class Corner(NamedTuple):
    """Sums over tiles.

    Attributes
    ----------
    matrix, right
        Schur complement of the sources in the shared parameters, and right side.
    diagonal
        Diagonal before the elimination.
    chi2
        Whitened squared residuals of the measurements, and of the sources' priors; of
        a heavy-tailed likelihood the sum of its losses.
    """

    matrix: Float[Array | np.ndarray, "p p"]
    right: Float[Array | np.ndarray, "p"]
    diagonal: Float[Array | np.ndarray, "p"]
    chi2: Float[Array | np.ndarray, "2"]


class System(NamedTuple):
    """Normal equations at one point: the corner and the eliminated sources."""

    corner: Corner
    tiles: list[Tile]


def assemble(
    problem: Problem,
    tiles: list[TileData],
    parameters: Parameters,
    damping: float,
    objective: Objective | None = None,
) -> System:
    """Return the normal equations at `parameters`.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    damping
        Levenberg-Marquardt factor: the diagonal is raised by this fraction.
    objective
        How measurements and priors enter; absent: least squares.
    """
    frames = frames_at(problem, parameters)
    factor, kind = jnp.asarray(damping), objective or LeastSquares()

    def part(some: Sequence[tuple[int, TileData]]) -> tuple[Corner, list[Tile]]:
        return _assemble_part(problem, frames, some, factor, kind)

    parts = in_parts(part, list(enumerate(tiles)))
    corners = [jax.tree.map(np.asarray, corner) for corner, _ in parts]
    total = jax.tree.map(lambda *values: sum(values[1:], values[0]), *corners)
    return System(total, interleaved([reduced for _, reduced in parts]))


def _assemble_part(
    problem: Problem,
    frames: Frames,
    tiles: Sequence[tuple[int, TileData]],
    damping: Array,
    objective: Objective,
) -> tuple[Corner, list[Tile]]:
    """Return the sums over some tiles, and these with their sources eliminated.

    Tiles come narrow ones first; every other part begins at the wide end, so that the
    threads compile different shapes.
    """
    backwards = bool(tiles[0][0] % 2)
    ordered = tiles[::-1] if backwards else tiles
    size = problem.layout.size
    shapes = ((size, size), (size,), (size,), (2,))
    corner = Corner(*jax.device_put([np.zeros(shape) for shape in shapes]))
    eliminated: list[Tile] = []
    for _, tile in ordered:
        corner, reduced = _add_tile(
            problem.instrument, frames, tile, corner, damping, objective.of_tile(tile)
        )
        eliminated.append(reduced)
        # Do not run far ahead of the computation: what waits occupies memory.
        if len(eliminated) > AHEAD:
            eliminated[-AHEAD].gradient.block_until_ready()
    return corner, eliminated[::-1] if backwards else eliminated


def _add_tile(
    instrument: Instrument,
    frames: Frames,
    tile: TileData,
    corner: Corner,
    damping: Array,
    objective: Objective,
) -> tuple[Corner, Tile]:
    """Add one tile's share to the corner; return it with the sources eliminated."""
    shares = [
        _share(
            instrument,
            tile.free,
            block,
            *stages(instrument, frames, tile, block),
            objective.of_block(block),
        )
        for block in tile.blocks
    ]
    met = [(block.exposure, block.detector) for block in tile.blocks]
    empty = _rounded_up(len(shares)) - len(shares)
    if empty:
        nothing = jax.tree.map(lambda v: np.zeros(v.shape), shares[0])
        shares += [nothing] * empty
        met += [met[0]] * empty
    of_tile = (tile.source, tile.information, tile.free, tuple(met))
    return _gather(
        frames.offset,
        of_tile,
        tuple(shares),
        corner,
        damping,
        objective.of_priors(),
    )


@jax.jit
def _share(
    instrument: Instrument,
    free: Array,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    objective: Objective,
) -> Share:
    """Whiten a block's residuals and derivatives and form their products."""
    source, shared = whitened_columns(instrument, free, block, plane, at)
    return objective.share(instrument, block, source, shared)


def _rounded_up(blocks: int) -> int:
    """Round up to 1, 2, 4, 6, 8, 12, 16, ..., so that few shapes are compiled."""
    power = 1 << (blocks - 1).bit_length()
    smaller = 3 * power // 4
    return smaller if power >= 8 and smaller >= blocks else power


@partial(jax.jit, donate_argnums=3)
def _gather(
    offsets: Array,
    of_tile: OfTile,
    shares: tuple[Share, ...],
    corner: Corner,
    damping: Array,
    objective: Objective,
) -> tuple[Corner, Tile]:
    """Join a tile's blocks, eliminate its sources, add the rest to the corner."""
    source, given, free, met = of_tile
    offset = offsets.at[source].get(mode="clip").T
    information, pull, of_prior = objective.prior(given, offset)
    exposure = jnp.concatenate([e for e, _ in met])
    detector = jnp.concatenate([d for _, d in met])
    product = jnp.concatenate([s.product for s in shares])
    border = jnp.concatenate(
        [
            *(s.by_exposure for s in shares),
            _sum_of([s.by_calibration for s in shares]),
            _sum_of([s.by_detector for s in shares]),
        ]
    )
    n_common = border.shape[0] - PER_EXPOSURE * exposure.shape[0]
    columns = _columns(exposure, corner, n_common)
    block = _sum_of([s.block for s in shares]) + information
    gradient = _sum_of([s.gradient for s in shares]) - pull
    unit = jnp.eye(2)[:, :, None]
    raised = block * (1.0 + damping * unit) + jnp.where(free == 0, unit, 0.0)
    reduced, loss, loss_right = eliminate(raised, border, gradient, columns)
    n_detectors = shares[0].by_detector.shape[0] // PER_DETECTOR
    number = jnp.arange(n_detectors, dtype=detector.dtype)
    met_detector = (detector[:, None] == number).astype(product.dtype)
    matrix, right, diagonal, chi2 = _corner_share(product, met_detector)
    chi2 = jnp.stack([chi2, of_prior])
    return (
        Corner(
            jnp.asarray(corner.matrix)
            .at[columns[:, None], columns[None, :]]
            .add(matrix - loss),
            jnp.asarray(corner.right).at[columns].add(right - loss_right),
            jnp.asarray(corner.diagonal).at[columns].add(diagonal),
            corner.chi2 + chi2,
        ),
        reduced,
    )


def _sum_of(arrays: list[Array]) -> Array:
    """Add arrays of one shape."""
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


def _corner_share(product: Array, met: Array) -> tuple[Array, Array, Array, Array]:
    """Lay the products of each slot's columns out on the tile's columns.

    Parameters
    ----------
    product
        For each slot, products of the columns exposure, calibration, detector and
        residual.
    met
        1 where a slot is of a detector, (k, n_det).

    Returns
    -------
    Matrix, right-hand side and diagonal on the tile's columns, and χ².
    """
    k, e, d = product.shape[0], PER_EXPOSURE, PER_DETECTOR
    n = met.shape[1]
    cal, det = slice(e, -1 - d), slice(-1 - d, -1)
    slot = jnp.arange(k)
    exposures = (
        jnp.zeros((k, e, k, e)).at[slot, :, slot, :].set(product[:, :e, :e])
    ).reshape(k * e, k * e)
    to_cal = product[:, :e, cal].reshape(k * e, -1)
    to_det = product[:, :e, None, det] * met[:, None, :, None]
    side = jnp.concatenate([to_cal, to_det.reshape(k * e, n * d)], axis=1)
    of_detector = jnp.einsum("kn,kpq->npq", met, product[:, :, det])
    number = jnp.arange(n)
    detectors = (
        jnp.zeros((n, d, n, d)).at[number, :, number, :].set(of_detector[:, det])
    ).reshape(n * d, n * d)
    mixed = jnp.moveaxis(of_detector[:, cal], 0, 1).reshape(-1, n * d)
    total = jnp.sum(product, axis=0)
    last = jnp.block([[total[cal, cal], mixed], [mixed.T, detectors]])
    matrix = jnp.block([[exposures, side], [side.T, last]])
    right = jnp.concatenate(
        [
            product[:, :e, -1].reshape(-1),
            total[cal, -1],
            of_detector[:, -1].reshape(-1),
        ]
    )
    return matrix, right, jnp.diagonal(matrix), total[-1, -1]


def _columns(exposure: Array, corner: Corner, n_common: int) -> Array:
    """Return the columns of the corner that a tile meets: exposures, then the rest."""
    kind = exposure.dtype
    own = exposure[:, None] * PER_EXPOSURE + jnp.arange(PER_EXPOSURE, dtype=kind)
    size = corner.right.shape[0]
    rest = jnp.arange(size - n_common, size, dtype=kind)
    return jnp.concatenate([own.reshape(-1), rest])


__all__ = ["Corner", "System", "assemble"]
