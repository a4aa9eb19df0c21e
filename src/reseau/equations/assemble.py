"""Normal equations of a plate, tile by tile, with the sources eliminated.

For each tile the residuals and their derivatives are formed, whitened, and
gathered into the 2 x 2 blocks of the sources, their borders on the tile's columns
and the corner; the sources are eliminated at once and only the corner's share is
kept (DESIGN: block arrow, Schur complement).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._precision import in_double
from reseau._usual import up_to_usual
from reseau.instrument import Detectors, Instrument
from reseau.linalg import (
    Tile,
    back_substitute,
    block_covariance,
    eliminate,
    forward_2x2,
)
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
from reseau.model.likelihood import Likelihood
from reseau.records import Surroundings

from .averages import Averages
from .heavy_tails import Factors, Terms, curved, weighted_prior
from .plan import Block, TileData

PARTS = 2
"""Number of threads that tiles are shared between."""

T = TypeVar("T")
R = TypeVar("R")

OfTile = tuple[Array, Array, Array, tuple[tuple[Array, Array], ...]]
"""Source rows, prior information, which are free, exposures and detectors met."""

AHEAD = 4
"""How many tiles may wait for computation."""


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
        Whitened squared residuals of the measurements, and of the sources' priors; of
        a heavy-tailed likelihood the sum of its losses.
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

    With more rows of sources than there are, the last one again, up to a usual number.
    """
    offset = np.asarray(parameters.offset)
    row = up_to_usual(offset.shape[0])
    return _frames(
        replace(parameters, offset=offset[row]),
        np.asarray(problem.prior.direction)[row],
        problem.exposures.surroundings,
        problem.instrument.detectors,
    )


def assemble(
    problem: Problem,
    tiles: list[TileData],
    parameters: Parameters,
    damping: float,
    terms: Terms | Averages | None = None,
) -> System:
    """Return the normal equations at `parameters`.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    damping
        Levenberg-Marquardt factor: the diagonal is raised by this fraction.
    terms
        Heavy-tailed likelihood and priors, or what they give on average; absent:
        Normal.
    """
    frames = frames_at(problem, parameters)
    factor = jnp.asarray(damping)

    def part(some: Sequence[tuple[int, TileData]]) -> tuple[Corner, list[Tile]]:
        return _assemble_part(problem, frames, some, factor, terms)

    parts = in_parts(part, list(enumerate(tiles)))
    corners = [corner for corner, _ in parts]
    total = jax.tree.map(lambda *values: sum_of(list(values)), *corners)
    return System(total, interleaved([reduced for _, reduced in parts]))


def _assemble_part(
    problem: Problem,
    frames: Frames,
    tiles: Sequence[tuple[int, TileData]],
    damping: Array,
    terms: Terms | Averages | None,
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
            problem.instrument, frames, tile, corner, damping, terms
        )
        eliminated.append(reduced)
        # Do not run far ahead of the computation: what waits occupies memory.
        if len(eliminated) > AHEAD:
            eliminated[-AHEAD].gradient.block_until_ready()
    return corner, eliminated[::-1] if backwards else eliminated


def in_parts(function: Callable[[Sequence[T]], R], items: Sequence[T]) -> list[R]:
    """Apply a function to interleaved parts of a sequence, a thread each.

    The number of parts does not depend on the machine, and neither does the result.
    """
    parts = [items[i::PARTS] for i in range(PARTS) if items[i::PARTS]]

    @in_double
    def run(part: Sequence[T]) -> R:
        return function(part)

    if len(parts) < 2:
        return [run(part) for part in parts]
    with ThreadPoolExecutor(PARTS) as pool:
        return list(pool.map(run, parts))


def interleaved(parts: list[list[R]]) -> list[R]:
    """Put the results of `in_parts` back in order."""
    out: list[Any] = [None] * sum(len(part) for part in parts)
    for i, part in enumerate(parts):
        out[i::PARTS] = part
    return out


class Share(NamedTuple):
    """What one block of a tile gives to the normal equations.

    Attributes
    ----------
    product
        For each slot, products of the whitened columns: exposure, calibration
        (distortion and skew), detector and, last, the residual, (k, p, p).
    by_exposure, by_calibration, by_detector
        Border of the sources on the slots' exposures, on the calibration and on the
        slots' detectors, the last summed by detector.
    block, gradient
        The sources' own blocks and right-hand side, priors left out.
    """

    product: Array
    by_exposure: Array
    by_calibration: Array
    by_detector: Array
    block: Array
    gradient: Array


def _add_tile(
    instrument: Instrument,
    frames: Frames,
    tile: TileData,
    corner: Corner,
    damping: Array,
    terms: Terms | Averages | None,
) -> tuple[Corner, Tile]:
    """Add one tile's share to the corner; return it with the sources eliminated."""
    bound = bound_of(terms, tile) if isinstance(terms, Terms) else None
    shares = [
        _share_by(
            instrument,
            tile.free,
            block,
            *stages(instrument, frames, tile, block),
            terms,
            bound,
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
    if isinstance(terms, (Averages, Factors)):
        return _gather_averaged(of_tile, tuple(shares), corner, damping, terms)
    if terms is None or terms.reference_prior is None:
        return _gather(frames.offset, of_tile, tuple(shares), corner, damping)
    return _gather_weighted(
        frames.offset,
        of_tile,
        tuple(shares),
        corner,
        damping,
        terms.reference_prior,
        bound,
    )


def _share_by(
    instrument: Instrument,
    free: Array | np.ndarray,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    terms: Terms | Averages | None,
    bound: Array | None,
) -> Share:
    """Return a block's share by the terms that it is of."""
    if isinstance(terms, Averages):
        return _share_averaged(instrument, free, block, plane, at, terms)
    if terms is None or terms.likelihood is None:
        return _share(instrument, free, block, plane, at)
    return _share_weighted(instrument, free, block, plane, at, terms.likelihood, bound)


def bound_of(terms: Terms, tile: TileData) -> Array:
    """Return the bounds of a tile's sources."""
    return _rows_of(jnp.asarray(terms.bound), tile.source)


@jax.jit
def _rows_of(values: Array, source: Array) -> Array:
    return values.at[source].get(mode="clip")


def _rounded_up(blocks: int) -> int:
    """Round up to 1, 2, 4, 6, 8, 12, 16, ..., so that few shapes are compiled."""
    power = 1 << (blocks - 1).bit_length()
    smaller = 3 * power // 4
    return smaller if power >= 8 and smaller >= blocks else power


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


@jax.jit
def _share(
    instrument: Instrument, free: Array, block: Block, plane: OnPlane, at: OnDetector
) -> Share:
    """Whiten a block's residuals and derivatives and form their products."""
    source, shared = whitened_columns(instrument, free, block, plane, at)
    return _products(instrument, block, source, shared, source, shared)


@jax.jit
def _share_weighted(
    instrument: Instrument,
    free: Array,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    likelihood: Likelihood,
    bound: Array,
) -> Share:
    """Form a block's products as a heavy-tailed likelihood weighs them.

    The last column holds ρ'r, half the gradient, and its last product the loss.
    """
    source, shared = whitened_columns(instrument, free, block, plane, at)
    left = shared[:, -1]
    square = jnp.sum(left**2, axis=1)
    full = block.whitening[0] > 0
    return _weighted_products(
        instrument,
        block,
        (source, shared),
        (
            curved(likelihood, left, bound, source),
            curved(likelihood, left, bound, shared[:, :-1]),
        ),
        likelihood.weight(square)[:, None] * left,
        jnp.sum(jnp.where(full, likelihood.loss(square), 0.0), axis=1),
    )


@jax.jit
def _share_averaged(
    instrument: Instrument,
    free: Array,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    averages: Averages,
) -> Share:
    """Do the same with averages over residuals in place of what one residual gives."""
    source, shared = whitened_columns(instrument, free, block, plane, at)
    curvature = at_places(averages.curvature, block)

    def bent(columns: Array) -> Array:
        return turned(curvature, columns)

    return _weighted_products(
        instrument,
        block,
        (source, shared),
        (bent(source), bent(shared[:, :-1])),
        jnp.moveaxis(at_places(averages.gradient, block), 0, 1),
        jnp.sum(at_places(averages.loss, block), axis=1),
    )


def at_places(values: Array, block: Block) -> Array:
    """Return what belongs to the measurements, (..., m), at the places of a block.

    Returns
    -------
    Values (..., k, n), zero at empty places.
    """
    return values.at[..., block.row].get(mode="fill", fill_value=0.0)


def turned(matrix: Array, columns: Array) -> Array:
    """Return matrices (2, 2, k, n) times whitened columns (k, p, 2, n)."""
    x, y = columns[:, :, 0], columns[:, :, 1]
    (xx, xy), (yx, yy) = ((m[:, None] for m in row) for row in matrix)
    return jnp.stack([xx * x + xy * y, yx * x + yy * y], axis=2)


def _weighted_products(
    instrument: Instrument,
    block: Block,
    columns: tuple[Array, Array],
    bent: tuple[Array, Array],
    gradient: Array,
    loss: Array,
) -> Share:
    """Multiply whitened columns with W times the same.

    Parameters
    ----------
    columns, bent
        By the sources and by the rest; W times these, without the residual.
    gradient
        ρ'r, (k, 2, n).
    loss
        Of each slot.
    """
    share = _products(
        instrument,
        block,
        *columns,
        bent[0],
        jnp.concatenate([bent[1], gradient[:, None]], axis=1),
    )
    # The gradient is needed as last row too; there W was applied to the other side.
    product = share.product.at[:, -1].set(share.product[:, :, -1])
    return share._replace(product=product.at[:, -1, -1].set(loss))


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


def _products(
    instrument: Instrument,
    block: Block,
    source: Array,
    shared: Array,
    source_right: Array,
    shared_right: Array,
) -> Share:
    """Multiply whitened columns with the same ones, weighted or not."""
    k, p, _, n = shared.shape
    flat, right = shared.reshape(k, p, 2 * n), shared_right.reshape(k, p, 2 * n)
    last = p - 1 - PER_DETECTOR
    by_exposure = jnp.sum(
        source[:, None] * shared_right[:, :PER_EXPOSURE, None], axis=3
    )
    by_detector = jnp.sum(source[:, None] * shared_right[:, last:-1, None], axis=3)
    met = _one_hot(jnp.asarray(block.detector), instrument)
    return Share(
        product=jnp.einsum("kpm,kqm->kpq", flat, right),
        by_exposure=by_exposure.reshape(-1, 2, n),
        by_calibration=jnp.sum(
            source[:, None] * shared_right[:, PER_EXPOSURE:last, None], axis=(0, 3)
        ),
        by_detector=jnp.einsum("kd,kpan->dpan", met, by_detector).reshape(-1, 2, n),
        block=jnp.sum(source[:, :, None] * source_right[:, None], axis=(0, 3)),
        gradient=jnp.sum(source * shared_right[:, None, -1], axis=(0, 2)),
    )


def _one_hot(detector: Array, instrument: Instrument) -> Array:
    """Return 1 where a slot is of a detector, (k, n_det)."""
    number = jnp.arange(instrument.detectors.centre.shape[0], dtype=detector.dtype)
    return (detector[:, None] == number[None, :]).astype(jnp.float64)


@partial(jax.jit, donate_argnums=3)
def _gather(
    offsets: Array,
    of_tile: OfTile,
    shares: tuple[Share, ...],
    corner: Corner,
    damping: Array,
) -> tuple[Corner, Tile]:
    """Join a tile's blocks, eliminate its sources, add the rest to the corner."""
    information = of_tile[1]
    offset = offsets.at[of_tile[0]].get(mode="clip").T
    pull = jnp.sum(information * offset, axis=1)
    return _join(
        of_tile, shares, corner, damping, (information, pull, jnp.sum(pull * offset))
    )


@partial(jax.jit, donate_argnums=3)
def _gather_weighted(
    offsets: Array,
    of_tile: OfTile,
    shares: tuple[Share, ...],
    corner: Corner,
    damping: Array,
    likelihood: Likelihood,
    bound: Array,
) -> tuple[Corner, Tile]:
    """Do the same with a heavy-tailed prior of the sources."""
    offset = offsets.at[of_tile[0]].get(mode="clip").T
    prior = weighted_prior(likelihood, of_tile[1], offset, bound)
    return _join(of_tile, shares, corner, damping, prior)


@partial(jax.jit, donate_argnums=2)
def _gather_averaged(
    of_tile: OfTile,
    shares: tuple[Share, ...],
    corner: Corner,
    damping: Array,
    averages: Averages | Factors,
) -> tuple[Corner, Tile]:
    """Do the same with averages of the sources' priors, or factors in their place."""
    source, _, free, _ = of_tile

    def rows(values: Array) -> Array:
        return values.at[..., source].get(mode="fill", fill_value=0.0) * free

    prior = (
        rows(averages.prior_curvature),
        rows(averages.prior_gradient),
        jnp.sum(rows(averages.prior_loss)),
    )
    return _join(of_tile, shares, corner, damping, prior)


def _join(
    of_tile: OfTile,
    shares: tuple[Share, ...],
    corner: Corner,
    damping: Array,
    prior: tuple[Array, Array, Array],
) -> tuple[Corner, Tile]:
    """Join a tile's blocks with its prior's information, pull and objective."""
    _, _, free, met = of_tile
    information, pull, objective = prior
    exposure = jnp.concatenate([e for e, _ in met])
    detector = jnp.concatenate([d for _, d in met])
    product = jnp.concatenate([s.product for s in shares])
    border = jnp.concatenate(
        [
            *(s.by_exposure for s in shares),
            sum_of([s.by_calibration for s in shares]),
            sum_of([s.by_detector for s in shares]),
        ]
    )
    n_common = border.shape[0] - PER_EXPOSURE * exposure.shape[0]
    columns = _columns(exposure, corner, n_common)
    block = sum_of([s.block for s in shares]) + information
    gradient = sum_of([s.gradient for s in shares]) - pull
    unit = jnp.eye(2)[:, :, None]
    raised = block * (1.0 + damping * unit) + jnp.where(free == 0, unit, 0.0)
    reduced, loss, loss_right = eliminate(raised, border, gradient, columns)
    n_detectors = shares[0].by_detector.shape[0] // PER_DETECTOR
    number = jnp.arange(n_detectors, dtype=detector.dtype)
    met_detector = (detector[:, None] == number).astype(product.dtype)
    matrix, right, diagonal, chi2 = _corner_share(product, met_detector)
    chi2 = jnp.stack([chi2, objective])
    return (
        Corner(
            corner.matrix.at[columns[:, None], columns[None, :]].add(matrix - loss),
            corner.right.at[columns].add(right - loss_right),
            corner.diagonal.at[columns].add(diagonal),
            corner.chi2 + chi2,
        ),
        reduced,
    )


def sum_of(arrays: list[Array]) -> Array:
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


_covariance = jax.jit(block_covariance)


@jax.jit
def _substitute(tile: Tile, shared: Array) -> Array:
    """Return the sources' steps and their σ with all else held, (4, n)."""
    own = jnp.eye(2)[:, :, None] * jnp.ones(tile.root.shape[-1])
    spread = forward_2x2(tile.root, own)
    return jnp.concatenate(
        [back_substitute(tile, shared), jnp.sqrt(jnp.sum(spread**2, axis=1))]
    )


def source_steps(
    system: System, tiles: list[TileData], shared: np.ndarray, n_sources: int
) -> tuple[Float[np.ndarray, "n_src 2"], Float[np.ndarray, "n_src 2"]]:
    """Return the sources' part of the solution and a lower bound of its σ [rad].

    The bound is σ with all else held. Both are zero for sources that are not measured
    or not solved for.
    """
    step = jnp.asarray(shared)
    rows = _scatter(
        system, tiles, lambda tile: _substitute(tile, step), np.zeros((n_sources, 4))
    )
    return rows[:, :2], rows[:, 2:]


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


def _scatter(
    system: System,
    tiles: list[TileData],
    function: Callable[[Tile], Any],
    out: np.ndarray,
) -> np.ndarray:
    """Collect what a function gives for each tile, sources last, into rows."""

    def part(pairs: Sequence[tuple[Tile, TileData]]) -> None:
        results = [function(eliminated) for eliminated, _ in pairs]
        for (_, tile), values in zip(pairs, results, strict=True):
            kept = np.flatnonzero(np.asarray(tile.free) > 0)
            rows = np.moveaxis(np.asarray(values), -1, 0)
            out[np.asarray(tile.source)[kept]] = rows[kept]

    in_parts(part, list(zip(system.tiles, tiles, strict=True)))
    return out
