"""Lay measurements out in dense tiles: slots by sources.

A *slot* is an exposure of one detector. Sources are sorted by the set of slots that
met them and cut into groups. A group's measurements become a dense array (slot,
source), one slot for every one that any of them met, so that all later work is
regular: no scatter, no product with an exposure or a detector that the group never
met. A source measured twice in one slot takes two. Empty places have weight zero.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse
from jaxtyping import Array, Float, Int

from reseau.model import Problem
from reseau.model.arrangement import whitening_factors

TARGET_ROWS = 64
"""Sources in a tile."""

SLOTS = (4, 12, 24)
"""Slots in a block of a tile; one of these for all blocks of a problem."""

BLOCK_COST = 1500
"""What handling a block costs beside its places, in places."""


class Block(NamedTuple):
    """Measurements of a tile's sources in a few slots.

    Attributes
    ----------
    exposure, detector
        Of each slot.
    row
        Row of the measurement at each place; beyond the last where there is none.
    pixel_x, pixel_y
        Position [pixel].
    whitening
        Entries 11, 21, 22 of the inverse lower Cholesky factor of the pixel
        covariance [1/pixel]; zero at empty places.
    """

    exposure: Int[Array | np.ndarray, "k"]
    detector: Int[Array | np.ndarray, "k"]
    row: Int[Array | np.ndarray, "k n"]
    pixel_x: Float[Array | np.ndarray, "k n"]
    pixel_y: Float[Array | np.ndarray, "k n"]
    whitening: Float[Array | np.ndarray, "3 k n"]


class TileData(NamedTuple):
    """One group of sources with all that was measured of them.

    Attributes
    ----------
    source
        Rows of the sources; beyond the last row where the group is not full.
    information
        Prior information of the sources [rad⁻²].
    free
        1 where a source is solved for, else 0.
    blocks
        The measurements, a fixed number of slots at a time, so that all blocks
        have one shape and are compiled once.
    """

    source: Int[Array | np.ndarray, "n"]
    information: Float[Array | np.ndarray, "2 2 n"]
    free: Float[Array | np.ndarray, "n"]
    blocks: tuple[Block, ...]


class Places(NamedTuple):
    """Where each measurement goes: group, row in it, slot; and what each slot is."""

    group: np.ndarray
    position: np.ndarray
    slot: np.ndarray
    slot_group: np.ndarray
    slot_meaning: np.ndarray
    slot_number: np.ndarray


def plan_tiles(problem: Problem) -> list[TileData]:
    """Return the tiles of a problem's measurements, the narrow ones first."""
    measurements = problem.measurements
    source = np.asarray(measurements.source)
    n_detectors = len(problem.instrument.detectors.ids)
    met = np.asarray(measurements.exposure) * n_detectors
    met = met + np.asarray(measurements.detector)
    used = np.unique(source)
    rows = min(TARGET_ROWS, 8 * -(-used.size // 8))
    order = used[_order_by_slots(source, met, used, rows)]
    places = _place(source, met, order, rows)
    needed = np.bincount(places.slot_group)
    slots = min(SLOTS, key=lambda s: np.sum(-(-needed // s)) * (s * rows + BLOCK_COST))
    widths = -(-needed // slots)
    return [
        tile
        for width in np.unique(widths)
        for tile in _fill(problem, order, places, rows, slots, widths == width)
    ]


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
    mean = np.asarray(matrix.mean(axis=0)).ravel()
    vector = rng.normal(size=mean.size)
    score = matrix @ vector - mean @ vector
    for _ in range(4):
        vector = matrix.T @ score - mean * score.sum()
        vector /= np.linalg.norm(vector) + np.finfo(float).tiny
        score = matrix @ vector - mean @ vector
    return score


def _place(source: np.ndarray, met: np.ndarray, order: np.ndarray, rows: int) -> Places:
    """Assign measurements to groups, rows and slots."""
    rank = np.empty(int(source.max()) + 1, dtype=np.int64)
    rank[order] = np.arange(order.size)
    group, position = np.divmod(rank[source], rows)
    repeat = _repeat_number(source, met)
    n_slots = int(met.max()) + 1
    n_repeats = int(repeat.max()) + 1
    key = (group * n_repeats + repeat) * n_slots + met
    slots, which = np.unique(key, return_inverse=True)
    slot_group = slots // (n_repeats * n_slots)
    first = np.searchsorted(slot_group, np.arange(slot_group.max() + 1))
    number = np.arange(slots.size) - first[slot_group]
    return Places(group, position, number[which], slot_group, slots % n_slots, number)


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


def _fill(
    problem: Problem,
    order: np.ndarray,
    places: Places,
    rows: int,
    slots: int,
    chosen: np.ndarray,
) -> list[TileData]:
    """Return the tiles of the chosen groups, which have the same number of blocks."""
    groups = np.flatnonzero(chosen)
    width = -(-np.bincount(places.slot_group)[groups[0]] // slots)
    number = np.full(chosen.size, -1)
    number[groups] = np.arange(groups.size)
    inside = np.flatnonzero(number[places.group] >= 0)
    at = (number[places.group[inside]], places.slot[inside], places.position[inside])
    shape = (groups.size, width * slots, rows)
    measurements, prior = problem.measurements, problem.prior
    n_sources = prior.direction.shape[0]
    n_measurements = measurements.pixel.shape[0]

    def spread(values: np.ndarray, empty: float, dtype: type) -> np.ndarray:
        out: np.ndarray = np.full(shape, empty, dtype=dtype)
        out[at] = values[inside]
        return out

    row = spread(np.arange(n_measurements), n_measurements, np.int32)
    pixel = np.asarray(measurements.pixel)
    x, y = spread(pixel[:, 0], 0.0, float), spread(pixel[:, 1], 0.0, float)
    factors = whitening_factors(np.asarray(measurements.covariance))
    whitening = np.stack([spread(f, 0.0, float) for f in factors], axis=1)
    met = np.zeros((groups.size, width * slots), dtype=np.int32)
    slot = np.flatnonzero(number[places.slot_group] >= 0)
    met[number[places.slot_group[slot]], places.slot_number[slot]] = (
        places.slot_meaning[slot]
    )
    exposure, detector = np.divmod(met, len(problem.instrument.detectors.ids))
    source = np.full(chosen.size * rows, n_sources, dtype=np.int32)
    source[: order.size] = order
    source = source.reshape(-1, rows)[groups]
    known = np.minimum(source, n_sources - 1)
    solved = (source < n_sources) & ~np.asarray(prior.fixed)[known]
    free = solved.astype(float) * float("sources" in problem.free)
    information = np.asarray(prior.information)[known]
    if problem.free_network:
        information = np.zeros_like(information)
    information = np.moveaxis(information * free[..., None, None], 1, -1)

    def block(i: int, part: slice) -> Block:
        return Block(
            exposure=exposure[i, part],
            row=row[i, part],
            detector=detector[i, part],
            pixel_x=x[i, part],
            pixel_y=y[i, part],
            whitening=whitening[i][:, part],
        )

    parts = [slice(j * slots, (j + 1) * slots) for j in range(width)]
    return [
        TileData(
            source=source[i],
            information=information[i],
            free=free[i],
            blocks=tuple(block(i, part) for part in parts),
        )
        for i in range(groups.size)
    ]
