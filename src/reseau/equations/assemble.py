"""Normal equations of a plate, batch by batch, with the sources eliminated.

Residuals and derivatives are formed of a batch of measurements at a time and multiplied
(`moments`). What concerns sources is summed by tile: their 2 x 2 blocks and their
borders on what they meet; the sources are eliminated at once and only the corner's
share is kept (DESIGN: block arrow, Schur complement).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from reseau._parts import ahead, each_part
from reseau.instrument import Instrument
from reseau.linalg import Tile, whiten
from reseau.model import (
    PER_DETECTOR,
    Combined,
    Layout,
    Parameters,
    Problem,
    combined_columns,
)

from .borders import TOGETHER, Lost, exposure_columns
from .moments import (
    Columns,
    OfBatch,
    Products,
    added,
    columns_of,
    combined,
    feature_matrix_at,
    products,
    sums_of,
)
from .objective import LeastSquares, Objective, OfPriors
from .plan import Batch, Part, Plan, TileData, rounded_up
from .stages import Frames, frames_at, rows_of, stages


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


class Sums(NamedTuple):
    """What the corner is made of before the elimination, a small part of its size.

    Attributes
    ----------
    products
        Of private columns and features.
    matrix
        Columns as combinations of features.
    """

    products: Products
    matrix: Float[np.ndarray, "n_det 2 j f"]


class System(NamedTuple):
    """Normal equations at one point: the corner and the eliminated sources.

    `sums` are what `whole_corner` is made of.
    """

    corner: Corner
    tiles: list[Tile]
    sums: Sums


def whole_corner(
    problem: Problem, sums: Sums
) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "p"]]:
    """Return the corner and its right-hand side before the elimination.

    Parameters
    ----------
    sums
        Of a `System`.
    """
    kinds = combined_columns(problem.instrument)
    return combined(problem.layout, sums.products, sums.matrix, kinds)


class Extent(NamedTuple):
    """Numbers of a layout, asked of it once.

    Attributes
    ----------
    size, each, rest
        Columns of the corner, of each exposure, and of all that belongs to none.
    plain, terms
        Of the rest, those of calibration that are no combinations, and of terms.
    """

    size: int
    each: int
    rest: int
    plain: int
    terms: int


def _extent(layout: Layout, kinds: Combined) -> Extent:
    rest = layout.size - layout.calibration.start
    plain = layout.n_coefficients - kinds.linear + 1
    return Extent(layout.size, layout.per_exposure, rest, plain, layout.n_terms)


class Setting(NamedTuple):
    """What all parts of one assembly share.

    Attributes
    ----------
    matrix, kinds
        Derivatives by calibration, detectors and terms as combinations of features, and
        how many of each kind these are.
    priors
        Terms of the sources' priors.
    """

    instrument: Instrument
    layout: Layout
    extent: Extent
    plan: Plan
    frames: Frames
    objective: Objective
    matrix: Float[np.ndarray, "n_det 2 j f"]
    kinds: Combined
    priors: OfPriors
    damping: float


def assemble(
    problem: Problem,
    tiles: Plan,
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
    kind, frames = objective or LeastSquares(), frames_at(problem, parameters)
    kinds = combined_columns(problem.instrument)
    setting = Setting(
        instrument=problem.instrument,
        layout=problem.layout,
        extent=_extent(problem.layout, kinds),
        plan=tiles,
        frames=frames,
        objective=kind,
        matrix=feature_matrix_at(problem, frames),
        kinds=kinds,
        priors=kind.priors(tiles.information, np.asarray(parameters.offset)),
        damping=damping,
    )
    parts = each_part(lambda part: _assemble_part(setting, part), tiles.parts)
    sums = added([part.products for part in parts])
    kept = Sums(sums, setting.matrix)
    matrix, right = whole_corner(problem, kept)
    diagonal = np.diag(matrix).copy()
    for part in parts:
        matrix -= part.lost.matrix
        right -= part.lost.right
    of_priors = sum(part.priors for part in parts)
    corner = Corner(matrix, right, diagonal, np.array([sums.loss, of_priors]))
    return System(corner, [tile for part in parts for tile in part.tiles], kept)


class OfPart(NamedTuple):
    """What a part of a plan gives, and the objective of its sources' priors."""

    products: Products
    lost: Lost
    priors: float
    tiles: list[Tile]


def _assemble_part(setting: Setting, part: Part) -> OfPart:
    """Return the sums over a part's tiles, and these with their sources eliminated."""
    layout, instrument = setting.layout, setting.instrument
    lost = Lost.nothing(layout.size)
    sums: list[OfBatch] = []
    reduced: list[Tile] = []
    of_priors, done = 0.0, 0
    tiles = [setting.plan.tiles[i] for i in part.tiles]
    waiting = _Waiting([], tiles[0].blocks.start)

    def derive(batch: Batch) -> tuple[Array, Columns]:
        plane, at = stages(instrument, setting.frames, batch.blocks)
        return at.features, columns_of(batch, plane, at, setting.objective)

    for batch, (features, found) in ahead(derive, part.batches):
        sums.append(products(found, features, batch.tile.size))
        waiting.append(found, batch.tile.size)
        while len(reduced) < len(tiles) and waiting.holds(tiles[len(reduced)].blocks):
            data = tiles[len(reduced)]
            tile, loss = _reduced(setting, data, waiting.taken(data.blocks))
            reduced.append(tile)
            of_priors += loss
        while len(reduced) >= done + TOGETHER or done < len(reduced) == len(tiles):
            some = slice(done, done + TOGETHER)
            group = list(zip(tiles[some], reduced[some], strict=True))
            lost.take_off(layout, group)
            done += TOGETHER
    return OfPart(sums_of(layout, part.batches, sums), lost, of_priors, reduced)


class Met(NamedTuple):
    """What the sources of one tile meet, block by block; see `Columns`."""

    by_exposure: Float[np.ndarray, "b s e 2 n"]
    by_plain: Float[np.ndarray, "b q 2 n"]
    by_features: Float[np.ndarray, "b 2 f 2 n"]
    own: Float[np.ndarray, "b 3 n"]
    gradient: Float[np.ndarray, "b 2 n"]


class _Waiting:
    """Blocks of tiles that are not complete yet."""

    def __init__(self, found: list[Met], start: int) -> None:
        self.found, self.start = found, start

    def append(self, columns: Columns, size: int) -> None:
        """Add a batch's blocks, as many as are not empty."""
        values = (np.asarray(getattr(columns, name))[:size] for name in Met._fields)
        self.found.append(Met(*values))

    def holds(self, blocks: slice) -> bool:
        """Return whether all of some blocks are here."""
        return blocks.stop <= self.start + sum(len(met.own) for met in self.found)

    def taken(self, blocks: slice) -> Met:
        """Return some blocks and forget all batches that end with them or before."""
        parts, begin = [], self.start
        for met in self.found:
            inside = slice(max(blocks.start - begin, 0), blocks.stop - begin)
            parts.append(Met(*(values[inside] for values in met)))
            begin += len(met.own)
        while self.found and self.start + len(self.found[0].own) <= blocks.stop:
            self.start += len(self.found.pop(0).own)
        return Met(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _reduced(setting: Setting, data: TileData, met: Met) -> tuple[Tile, float]:
    """Return a tile with its sources eliminated, and the objective of their priors."""
    (xx, xy, yy), right = met.own.sum(axis=0), met.gradient.sum(axis=0)
    curvature, pull, loss = (rows_of(v, data.source) for v in setting.priors)
    held = data.free == 0
    block = np.stack([np.stack([xx, xy]), np.stack([xy, yy])])
    block += np.where(held, 0.0, np.moveaxis(curvature, 0, -1))
    unit = np.eye(2)[:, :, None]
    block = block * (1.0 + setting.damping * unit) + np.where(held, unit, 0.0)
    right = right - np.where(held, 0.0, pull.T)
    columns = _columns_of(setting.extent, data)
    with np.errstate(all="ignore"):  # a source that nothing determines is found later
        tile = whiten(block, _border(setting, data, met, columns.size), right, columns)
    return tile, float(np.sum(np.where(held, 0.0, loss)))


def _columns_of(extent: Extent, data: TileData) -> Int[np.ndarray, "k"]:
    """Return the columns of the corner that a tile meets.

    Exposures, calibration, and as many more, of which nothing is met, as make one of
    few numbers: what follows is compiled for each of them.
    """
    rest = np.arange(extent.size - extent.rest, extent.size)
    empty = extent.each * (rounded_up(len(data.exposure)) - len(data.exposure))
    own = exposure_columns(extent.each, data.exposure)
    return np.concatenate([own, rest, np.zeros(empty, dtype=int)])


def _border(
    setting: Setting, data: TileData, met: Met, size: int
) -> Float[np.ndarray, "k 2 n"]:
    """Return the border of a tile's sources on its columns."""
    extent, matrix, kinds = setting.extent, setting.matrix, setting.kinds
    n_det, _, j, f = matrix.shape
    each = extent.each
    n = data.source.size
    border = np.zeros((size, 2, n))
    e = len(data.exposure)
    exposures = border[: each * e].reshape(e, each, 2, n)
    by_slot = met.by_exposure.reshape(-1, each, 2, n)
    for slot, exposure in data.slots:
        exposures[exposure] += by_slot[slot]
    rest = border[each * e :]
    # Features of each detector met, then their combinations.
    by_features = met.by_features.reshape(-1, 2 * f, 2 * n)
    number = np.searchsorted(data.start, np.arange(len(by_features)), side="right") - 1
    which = (np.arange(len(data.start))[:, None] == number).astype(float)
    summed = which @ by_features.reshape(len(by_features), -1)
    summed = summed.reshape(-1, 2 * f, 2 * n)
    flat = matrix[data.detector].transpose(0, 2, 1, 3).reshape(-1, j, 2 * f)
    combined = (flat @ summed).reshape(-1, j, 2, n)
    linear, shared = kinds.linear, kinds.linear + kinds.terms
    plain = extent.plain
    rest[:linear] = combined[:, :linear].sum(axis=0)
    rest[linear : linear + plain] = met.by_plain.sum(axis=0)
    detectors = rest[linear + plain :][: n_det * PER_DETECTOR]
    of_detectors = combined[:, shared : shared + PER_DETECTOR]
    detectors.reshape(n_det, PER_DETECTOR, 2, n)[data.detector] = of_detectors
    if extent.terms:
        terms = rest[linear + plain + n_det * PER_DETECTOR :][: extent.terms]
        terms[: kinds.terms] = combined[:, linear:shared].sum(axis=0)
        own = terms[kinds.terms :].reshape(n_det, kinds.own - PER_DETECTOR, 2, n)
        own[data.detector] = combined[:, shared + PER_DETECTOR :]
    return border


__all__ = ["Corner", "Sums", "System", "assemble", "whole_corner"]
