"""Lay measurements out in dense tiles: slots by sources.

A *slot* is an exposure of one detector. Sources are sorted by the set of slots that
met them and cut into groups, the *tiles*. A tile's measurements become dense *blocks*
(slot, source), each of a few slots of one detector, so that all later work is regular:
no scatter, no product with an exposure or a detector that the group never met. A
source measured twice in one slot takes two. Empty places have weight zero.

All blocks of a plate have one shape, and are dealt with many at a time, a *batch*: what
is compiled is compiled for one shape, and what is multiplied are few large products.
"""

import functools
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float, Int

from reseau._compiled import quick_jit
from reseau._parts import PARTS
from reseau.model import Problem
from reseau.model.arrangement import whitening_factors

TARGET_ROWS = 64
"""Sources in a tile."""

SLOTS = (1, 2, 4)
"""Slots in a block; one of these for all blocks of a problem."""

BLOCK_COST = 64
"""What handling a block costs beside its places, in places."""

BATCH = 32
"""Blocks that are computed at once, at most."""


class Blocks(NamedTuple):
    """Measurements of sources in slots, b blocks of s slots and n sources.

    Attributes
    ----------
    source
        Rows of the sources; beyond the last where there is none.
    free
        1 where a source is solved for, else 0.
    exposure, detector
        Of each slot, and of each block.
    pixel_x, pixel_y
        Position [pixel].
    whitening
        Entries 11, 21, 22 of the inverse lower Cholesky factor of the pixel
        covariance [1/pixel]; zero at empty places.
    covariates
        Of the instrument's declared terms; None: there are none.
    """

    source: Int[Array | np.ndarray, "b n"]
    free: Float[Array | np.ndarray, "b n"]
    exposure: Int[Array | np.ndarray, "b s"]
    detector: Int[Array | np.ndarray, "b"]
    pixel_x: Float[Array | np.ndarray, "b s n"]
    pixel_y: Float[Array | np.ndarray, "b s n"]
    whitening: Float[Array | np.ndarray, "3 b s n"]
    covariates: Float[Array | np.ndarray, "n_terms b s n"] | None = None

    def taken(self, some: np.ndarray) -> "Blocks":
        """Return some of the blocks."""
        second = ("whitening", "covariates")
        whole = {k: v for k, v in self._asdict().items() if k not in second}
        taken = {name: values[some] for name, values in whole.items()}
        known = self.covariates
        return Blocks(
            **taken,
            whitening=self.whitening[:, some],
            covariates=None if known is None else known[:, some],
        )


def batch_program(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of a batch: with care where there are many, else in a hurry.

    Parameters
    ----------
    function
        One of its arguments is a batch's blocks.
    """
    quick, careful = quick_jit(function), jax.jit(function)

    @functools.wraps(function)
    def run(*given: Any) -> Any:
        blocks = next(each for each in given if isinstance(each, Blocks))
        return (careful if len(blocks.detector) == BATCH else quick)(*given)

    return run


class Batch(NamedTuple):
    """A number of blocks that is the same for all batches of a plan.

    Attributes
    ----------
    blocks
        Measurements; those beyond the last one are empty.
    row
        Row of the measurement at each place; beyond the last where there is none.
    tile
        Of each block that is not empty, the number of its tile.
    """

    blocks: Blocks
    row: Int[np.ndarray, "b s n"]
    tile: Int[np.ndarray, "k"]


class Repeats(NamedTuple):
    """Slots of a tile and which of its exposures they are of, each of these once."""

    slot: Int[np.ndarray, "k"]
    exposure: Int[np.ndarray, "k"]


class TileData(NamedTuple):
    """One group of sources.

    Attributes
    ----------
    source
        Rows of the sources; beyond the last row where the group is not full.
    free
        1 where a source is solved for, else 0.
    exposure
        Exposures that met any of them, each once.
    slots
        Of which of these exposures its blocks' slots are: all first ones, then all
        that are a second time of the same exposure, and so on.
    detector, start
        Detectors that met any of them, and the first block of each.
    blocks
        Which blocks are its own.
    """

    source: Int[np.ndarray, "n"]
    free: Float[np.ndarray, "n"]
    exposure: Int[np.ndarray, "e"]
    slots: tuple[Repeats, ...]
    detector: Int[np.ndarray, "d"]
    start: Int[np.ndarray, "d"]
    blocks: slice


class Part(NamedTuple):
    """Tiles in a row that are worked on by one thread, and the batches of them."""

    tiles: range
    batches: tuple[Batch, ...]


class Plan(NamedTuple):
    """A plate's measurements as they are worked on.

    Attributes
    ----------
    tiles
        All groups of sources.
    blocks, row
        All blocks, in the order of the tiles, and the measurements at their places.
    parts
        The same in batches.
    information
        Prior information of the sources, zero where they are not solved for [rad⁻²].
    n_measurements
        How many measurements there are; the row at empty places.
    """

    tiles: list[TileData]
    blocks: Blocks
    row: Int[np.ndarray, "b s n"]
    parts: tuple[Part, ...]
    information: Float[np.ndarray, "n_src 2 2"]
    n_measurements: int

    def of_tiles(self, numbers: list[int]) -> "Plan":
        """Return a plan of some of the tiles."""
        ranges = [self.tiles[i].blocks for i in numbers]
        blocks = np.concatenate(
            [np.arange(r.start, r.stop) for r in ranges] or [np.zeros(0, int)]
        )
        last = np.cumsum([r.stop - r.start for r in ranges])
        tiles = [
            self.tiles[i]._replace(blocks=slice(int(e) - (r.stop - r.start), int(e)))
            for i, r, e in zip(numbers, ranges, last, strict=True)
        ]
        return _planned(
            self._replace(
                tiles=tiles, blocks=self.blocks.taken(blocks), row=self.row[blocks]
            )
        )

    def held(self, pixel: Float[np.ndarray, "m 2"], counts: np.ndarray) -> "Plan":
        """Return the plan with all sources held and other measurements.

        Parameters
        ----------
        pixel
            What is measured, of all measurements.
        counts
            Which of these count, (m,).
        """
        at, used = np.minimum(self.row, len(pixel) - 1), np.append(counts, False)
        blocks = self.blocks._replace(
            free=np.zeros_like(self.blocks.free),
            pixel_x=pixel[at, 0],
            pixel_y=pixel[at, 1],
            whitening=np.asarray(self.blocks.whitening) * used[self.row],
        )
        tiles = [tile._replace(free=np.zeros_like(tile.free)) for tile in self.tiles]
        nothing = np.zeros_like(self.information)
        return _planned(self._replace(tiles=tiles, blocks=blocks, information=nothing))


class Places(NamedTuple):
    """Where each measurement goes: block, slot in it, row; and what each block is."""

    block: np.ndarray
    slot: np.ndarray
    position: np.ndarray
    exposure: np.ndarray
    detector: np.ndarray
    tile: np.ndarray
    filled: np.ndarray


def plan_tiles(problem: Problem) -> Plan:
    """Return the plan of a problem's measurements."""
    measurements = problem.measurements
    source = np.asarray(measurements.source)
    n_detectors = len(problem.instrument.detectors.ids)
    exposure, detector = (
        np.asarray(x).astype(np.int64)
        for x in (measurements.exposure, measurements.detector)
    )
    used = np.unique(source)
    rows = min(TARGET_ROWS, 8 * -(-used.size // 8))
    met = exposure * n_detectors + detector
    order = used[_order_by_slots(source, met, used, rows)]
    places = _place(source, exposure, detector, order, rows)
    return _fill(problem, order, places, rows)


def _order_by_slots(
    source: np.ndarray, met: np.ndarray, used: np.ndarray, rows: int
) -> np.ndarray:
    """Return an order of `used` that puts sources with alike slots together.

    Bisects along the first principal component of who was seen in which slot, until
    a group is no larger than a tile.
    """
    seen = scipy.sparse.csr_matrix(
        (np.ones(source.size), (np.searchsorted(used, source), met)),
        shape=(used.size, int(met.max()) + 1),
    )
    rng = np.random.default_rng(0)
    stack, order = [np.arange(used.size)], []
    while stack:
        group = stack.pop()
        if group.size <= rows:
            order.append(group)
            continue
        ranked = group[np.argsort(_principal_score(seen[group], rng), kind="stable")]
        half = -(-(group.size // 2) // rows) * rows
        stack += [ranked[half:], ranked[:half]]
    return np.concatenate(order)


def _principal_score(
    matrix: scipy.sparse.csr_matrix, rng: np.random.Generator
) -> np.ndarray:
    """Return each row's coordinate along the main direction of scatter."""
    number, size = matrix.shape
    across = matrix.T  # once: making it takes longer than a product
    mean = across @ np.full(number, 1.0 / number)
    vector = rng.normal(size=size)
    score = matrix @ vector - mean @ vector
    for _ in range(4):
        vector = across @ score - mean * score.sum()
        vector /= np.linalg.norm(vector) + np.finfo(float).tiny
        score = matrix @ vector - mean @ vector
    return score


def _place(
    source: np.ndarray,
    exposure: np.ndarray,
    detector: np.ndarray,
    order: np.ndarray,
    rows: int,
) -> Places:
    """Assign measurements to tiles, blocks, slots and rows."""
    rank = np.empty(int(source.max()) + 1, dtype=np.int64)
    rank[order] = np.arange(order.size)
    tile, position = np.divmod(rank[source], rows)
    n_exposures, n_detectors = int(exposure.max()) + 1, int(detector.max()) + 1
    repeat = _repeat_number(source, exposure * n_detectors + detector)
    n_repeats = int(repeat.max()) + 1
    # Slots of one tile and detector in a row, each time of an exposure a slot.
    group = tile * n_detectors + detector
    key = (group * n_repeats + repeat) * n_exposures + exposure
    slots, which = np.unique(key, return_inverse=True)
    of_group = slots // (n_repeats * n_exposures)
    first = np.concatenate([[True], of_group[1:] != of_group[:-1]])
    start = np.flatnonzero(first)
    number = np.arange(slots.size) - start[np.cumsum(first) - 1]
    counts = np.diff(np.append(start, slots.size))
    size = min(SLOTS, key=lambda s: np.sum(-(-counts // s)) * (s * rows + BLOCK_COST))
    needed = -(-counts // size)
    block = np.repeat(np.cumsum(needed) - needed, counts) + number // size
    n_blocks = int(needed.sum())
    filled = np.zeros((n_blocks, size), dtype=bool)
    filled[block, number % size] = True
    exposures = np.zeros((n_blocks, size), dtype=np.int32)
    exposures[block, number % size] = slots % n_exposures
    exposures = np.where(filled, exposures, exposures[:, :1])
    of_block = np.repeat(of_group[start], needed)
    return Places(
        block=block[which],
        slot=(number % size)[which],
        position=position,
        exposure=exposures,
        detector=(of_block % n_detectors).astype(np.int32),
        tile=of_block // n_detectors,
        filled=filled,
    )


def _repeat_number(source: np.ndarray, met: np.ndarray) -> np.ndarray:
    """Return 0 for the first measurement of a source in a slot, 1 for the next."""
    pair = source.astype(np.int64) * (int(met.max()) + 1) + met
    order = np.argsort(pair, kind="stable")
    ranked = pair[order]
    start = np.concatenate([[True], ranked[1:] != ranked[:-1]])
    index = np.arange(pair.size)
    repeat = np.empty(pair.size, dtype=np.int64)
    repeat[order] = index - np.maximum.accumulate(np.where(start, index, 0))
    return repeat


def _fill(problem: Problem, order: np.ndarray, places: Places, rows: int) -> Plan:
    """Return the plan of measurements at their places."""
    measurements, prior = problem.measurements, problem.prior
    n_sources = prior.direction.shape[0]
    at = (places.block, places.slot, places.position)
    shape = (*places.exposure.shape, rows)

    def spread(values: np.ndarray, empty: float, dtype: type) -> np.ndarray:
        out: np.ndarray = np.full(shape, empty, dtype=dtype)
        out[at] = values
        return out

    n_tiles = -(-order.size // rows)
    source = np.full((n_tiles, rows), n_sources, dtype=np.int32)
    source.ravel()[: order.size] = order
    known = np.minimum(source, n_sources - 1)
    solved = (source < n_sources) & ~np.asarray(prior.fixed)[known]
    free = solved.astype(float) * float("sources" in problem.free)
    information = np.zeros((n_sources, 2, 2))
    if not problem.free_network:
        kept = source[free > 0]
        information[kept] = np.asarray(prior.information)[kept]
    pixel = np.asarray(measurements.pixel)
    factors = whitening_factors(np.asarray(measurements.covariance))
    blocks = Blocks(
        source=source[places.tile],
        free=free[places.tile],
        exposure=places.exposure,
        detector=places.detector,
        pixel_x=spread(pixel[:, 0], 0.0, float),
        pixel_y=spread(pixel[:, 1], 0.0, float),
        whitening=np.stack([spread(f, 0.0, float) for f in factors]),
        covariates=None
        if measurements.covariates is None
        else np.stack([spread(u, 0.0, float) for u in measurements.covariates]),
    )
    row = spread(np.arange(len(pixel)), len(pixel), np.int32)
    last = np.cumsum(np.bincount(places.tile, minlength=n_tiles))
    first = np.concatenate([[0], last[:-1]])
    tiles = [
        _tile(source[i], free[i], slice(int(first[i]), int(last[i])), places)
        for i in range(n_tiles)
    ]
    return _planned(Plan(tiles, blocks, row, (), information, len(pixel)))


def _tile(
    source: np.ndarray, free: np.ndarray, blocks: slice, places: Places
) -> TileData:
    """Return one tile, with what its slots are."""
    slot = np.flatnonzero(places.filled[blocks].ravel())
    exposure, which = np.unique(
        places.exposure[blocks].ravel()[slot], return_inverse=True
    )
    times = _repeat_number(which, np.zeros_like(which))
    detector, start = np.unique(places.detector[blocks], return_index=True)
    repeats = [
        Repeats(slot[times == i], which[times == i]) for i in range(times.max() + 1)
    ]
    return TileData(source, free, exposure, tuple(repeats), detector, start, blocks)


def rounded_up(number: int) -> int:
    """Return the next of 4, 6, 8, 12, 16, ...: few numbers, to compile programs for."""
    power = max(4, 1 << (number - 1).bit_length())
    smaller = 3 * power // 4
    return smaller if smaller >= max(number, 4) else power


def _planned(plan: Plan) -> Plan:
    """Return a plan with its tiles dealt out to parts and their blocks to batches."""
    tiles = plan.tiles
    sizes = np.array([t.blocks.stop - t.blocks.start for t in tiles], dtype=int)
    total = int(sizes.sum())
    size = min(BATCH, 1 << max(total - 1, 0).bit_length())
    n_parts = max(min(PARTS, total // size), 1)
    middle = np.cumsum(sizes) - 0.5 * sizes
    part = np.minimum((middle * n_parts / max(total, 1)).astype(int), n_parts - 1)
    ends = np.searchsorted(part, np.arange(n_parts + 1))
    of_block = np.repeat(np.arange(len(tiles)), sizes)
    parts = []
    for first, last in pairwise(ends):
        if first == last:
            continue
        begin, end = tiles[first].blocks.start, tiles[last - 1].blocks.stop
        batches = [
            _batch(plan, of_block, np.arange(i, min(i + size, end)), size)
            for i in range(begin, end, size)
        ]
        parts.append(Part(range(int(first), int(last)), tuple(batches)))
    return plan._replace(parts=tuple(parts))


def _batch(plan: Plan, tile: np.ndarray, some: np.ndarray, size: int) -> Batch:
    """Return a batch of some blocks, filled up with empty ones."""
    at = np.concatenate([some, np.full(size - some.size, some[-1])])
    blocks, row = plan.blocks.taken(at), plan.row[at]
    if some.size < size:
        whitening = np.array(blocks.whitening)
        whitening[:, some.size :] = 0.0
        blocks = blocks._replace(whitening=whitening)
        row = np.array(row)
        row[some.size :] = plan.n_measurements
    on_device: Any = jax.device_put(blocks)
    return Batch(Blocks(*on_device), row, tile[some])


__all__ = [
    "Batch",
    "Blocks",
    "Part",
    "Plan",
    "Repeats",
    "TileData",
    "batch_program",
    "plan_tiles",
    "rounded_up",
]
