"""Cells of a map joined to blocks that have stars enough."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

LEVELS = 3
"""A tile is 2 to this power cells wide; no block is larger."""

TILE = 1 << LEVELS


@dataclass(frozen=True)
class Blocks:
    """A tile's cells, each in one block.

    Attributes
    ----------
    number
        Block of each cell, from 0 on.
    level
        Of each block: it is 2 to this power cells wide.
    stars
        In each block.
    """

    number: Int[np.ndarray, "n_l n_b"]
    level: Int[np.ndarray, "blocks"]
    stars: Int[np.ndarray, "blocks"]


def joined(stars: Int[np.ndarray, "n_l n_b"], least: int) -> Blocks:
    """Return the smallest blocks of a tile that all have stars enough.

    Parameters
    ----------
    stars
        In each cell, at most `TILE` cells wide.
    least
        A block is divided in four where all that are in the tile have so many.
    """
    n_l, n_b = stars.shape
    whole = np.zeros((TILE, TILE), np.int64)
    whole[:n_l, :n_b] = stars
    present = np.zeros((TILE, TILE), bool)
    present[:n_l, :n_b] = True
    level = np.full((TILE, TILE), LEVELS)
    divided = np.ones((1, 1), bool)
    for size in range(LEVELS - 1, -1, -1):
        enough = (_summed(whole, size) >= least) | (_summed(present, size) == 0)
        pairs = enough.reshape(len(enough) // 2, 2, len(enough) // 2, 2)
        divided = divided & pairs.all(axis=(1, 3))
        cells = np.kron(divided, np.ones((2 << size, 2 << size), bool))
        level[cells] = size
        divided = np.kron(divided, np.ones((2, 2), bool))
    key = _keys(level)[:n_l, :n_b]
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    number = number.reshape(n_l, n_b)
    total = np.bincount(number.ravel(), stars.ravel()).astype(np.int64)
    return Blocks(number, level[:n_l, :n_b].ravel()[first], total)


def _summed(cells: np.ndarray, size: int) -> np.ndarray:
    n = len(cells) >> size
    shape = (n, 1 << size, n, 1 << size)
    total: np.ndarray = cells.reshape(shape).sum(axis=(1, 3))
    return total


def _keys(level: np.ndarray) -> np.ndarray:
    """Return a number that the cells of a block, and no others, have."""
    i, j = np.indices(level.shape)
    return ((i >> level) * TILE + (j >> level)) * (LEVELS + 1) + level


__all__ = ["TILE", "Blocks", "joined"]
