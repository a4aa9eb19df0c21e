"""Products of the sources' borders, some tiles at a time.

Tiles in a row meet nearly the same exposures. Their borders are put side by side on all
columns that any of them meets, so that sums over sources are few large products.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau._parts import in_parts
from reseau.linalg import Tile
from reseau.model import Layout

from .plan import TileData

TOGETHER = 4
"""Tiles whose borders are multiplied at once."""


class Lost(NamedTuple):
    """What the corner and its right-hand side lose by an elimination."""

    matrix: Float[np.ndarray, "p p"]
    right: Float[np.ndarray, "p"]

    @classmethod
    def nothing(cls, size: int) -> "Lost":
        """Return zeros, to add to."""
        return cls(np.zeros((size, size)), np.zeros(size))

    def take_off(self, layout: Layout, group: Sequence[tuple[TileData, Tile]]) -> None:
        """Add what the corner loses by some tiles."""
        columns, _, border, gradient = joined(layout, group)
        flat = np.asarray(border).reshape(len(border), -1)
        add_square(self.matrix, np.asarray(columns), flat)
        self.right[columns] += flat @ np.asarray(gradient).ravel()


def exposure_columns(each: int, exposure: Int[np.ndarray, "e"]) -> Int[np.ndarray, "k"]:
    """Return the columns of some exposures, of which each has as many."""
    return (exposure[:, None] * each + np.arange(each)).ravel()


def joined(layout: Layout, group: Sequence[tuple[TileData, Tile]]) -> Tile:
    """Return some tiles as one, on all columns that one of them meets, each once.

    Parameters
    ----------
    group
        Tiles; their borders are on the tile's exposures and then on all that does not
        belong to one; rows beyond are empty.
    """
    exposure = np.unique(np.concatenate([data.exposure for data, _ in group]))
    n, rest = group[0][0].source.size, layout.size - layout.calibration.start
    each = layout.per_exposure
    e = each * exposure.size
    border = np.zeros((e + rest, 2, len(group), n))
    of_exposures = border[:e].reshape(exposure.size, each, 2, len(group), n)
    for i, (data, tile) in enumerate(group):
        k = each * data.exposure.size
        own = np.asarray(tile.border)
        at = np.searchsorted(exposure, data.exposure)
        of_exposures[at, :, :, i] = own[:k].reshape(-1, each, 2, n)
        border[e:, :, i] = own[k : k + rest]
    columns = np.concatenate(
        [
            exposure_columns(each, exposure),
            np.arange(layout.size - rest, layout.size),
        ]
    )
    return Tile(
        columns,
        np.concatenate([np.asarray(tile.root) for _, tile in group], axis=-1),
        border.reshape(e + rest, 2, -1),
        np.concatenate([np.asarray(tile.gradient) for _, tile in group], axis=-1),
    )


def solved(
    group: Sequence[tuple[TileData, Tile]],
) -> tuple[Int[np.ndarray, "m"], Int[np.ndarray, "m"]]:
    """Return which sources of some tiles are solved for, and their rows."""
    free = np.concatenate([data.free for data, _ in group])
    kept = np.flatnonzero(free > 0)
    return kept, np.concatenate([data.source for data, _ in group])[kept]


def add_square(
    matrix: Float[np.ndarray, "p p"],
    columns: Int[np.ndarray, "c"],
    flat: Float[np.ndarray, "c m"],
) -> None:
    """Add the products of rows with each other to a matrix at their columns."""
    at = (columns[:, None] * len(matrix) + columns).ravel()
    matrix.ravel()[at] += (flat @ flat.T).ravel()


def groups(number: int) -> list[slice]:
    """Return which tiles are multiplied together."""
    return [slice(i, i + TOGETHER) for i in range(0, number, TOGETHER)]


def summed(size: int, number: int, add: Callable[[Lost, slice], None]) -> Lost:
    """Return a sum over groups of tiles, the same however many threads there are.

    Parameters
    ----------
    size, number
        Of the corner, and of the tiles.
    add
        Adds what a group gives.
    """

    def part(some: Sequence[slice]) -> Lost:
        lost = Lost.nothing(size)
        for group in some:
            add(lost, group)
        return lost

    total = Lost.nothing(size)
    for found in in_parts(part, groups(number)):
        total.matrix[:] += found.matrix
        total.right[:] += found.right
    return total


__all__ = [
    "TOGETHER",
    "Lost",
    "add_square",
    "exposure_columns",
    "groups",
    "joined",
    "solved",
    "summed",
]
