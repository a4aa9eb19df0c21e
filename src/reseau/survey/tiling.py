"""Which fields of a region are observed in each orbit.

A region is cut into cells; a field covers two by two of them. The next new field is the
one over the cells that have been observed least, and is paired with its neighbour half
a field away, so that each star is seen in several places of the camera.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

CELLS = ((0, 0), (1, 0), (0, 1), (1, 1))
"""Cells of a field, from its own place."""


class Grid(NamedTuple):
    """Places that fields may have in a region.

    Attributes
    ----------
    longitude, latitude
        Of the fields' middles, in steps of about half a field [deg].
    """

    longitude: Float[np.ndarray, "x"]
    latitude: Float[np.ndarray, "y"]


def grid_over(
    west: float, east: float, south: float, north: float, side: float
) -> Grid:
    """Return the places of fields that cover a rectangle, edge to edge [deg].

    Parameters
    ----------
    west, east, south, north
        The rectangle; of longitudes as they stand, without their shortening.
    side
        Of a field.
    """
    return Grid(_steps(west, east, side), _steps(south, north, side))


def _steps(low: float, high: float, side: float) -> np.ndarray:
    if high - low <= side:
        return np.array([0.5 * (low + high)])
    n = max(int(np.ceil((high - low - side) / (0.5 * side) - 1e-9)), 1)
    return np.linspace(low + 0.5 * side, high - 0.5 * side, n + 1)


def pairs(orbits: int, fields: int, grid: Grid) -> Int[np.ndarray, "p f 2"]:
    """Return the places of each orbit's fields as rows of the grid, x and y.

    Parameters
    ----------
    orbits
        How many.
    fields
        Fields an orbit.
    grid
        Where they may be.
    """
    nx, ny = len(grid.longitude), len(grid.latitude)
    counts = cell_counts(np.empty((0, 2), dtype=int), grid)
    where = np.empty((orbits * fields, 2), dtype=int)
    x, y = 0, 0
    for i in range(orbits * fields):
        if i % 2 == 0:
            x, y = _least_observed(counts)
        elif (i // 2) % 2 == 0:
            y = _neighbour(counts[x : x + 2].sum(axis=0), y, ny)
        else:
            x = _neighbour(counts[:, y : y + 2].sum(axis=1), x, nx)
        counts[x : x + 2, y : y + 2] += 1
        where[i] = x, y
    return where.reshape(orbits, fields, 2)


def cell_counts(
    where: Int[np.ndarray, "*batch 2"], grid: Grid
) -> Int[np.ndarray, "x y"]:
    """Return how often each cell is observed, one cell more on an axis than places.

    Parameters
    ----------
    where
        Places of fields, rows of the grid.
    grid
        Where they may be.
    """
    counts = np.zeros((len(grid.longitude) + 1, len(grid.latitude) + 1), dtype=int)
    places = where.reshape(-1, 2)
    for x, y in CELLS:
        np.add.at(counts, (places[:, 0] + x, places[:, 1] + y), 1)
    return counts


def _least_observed(counts: np.ndarray) -> tuple[int, int]:
    """Return the field over a cell observed least, least observed altogether."""
    four = counts[:-1, :-1], counts[1:, :-1], counts[:-1, 1:], counts[1:, 1:]
    least, total = np.minimum.reduce(four), np.add.reduce(four)
    # Among those over a least observed cell, the one whose cells were seen least.
    key = np.where(least == counts.min(), total, np.iinfo(int).max)
    x, y = np.unravel_index(int(key.argmin()), key.shape)
    return int(x), int(y)


def _neighbour(counts: np.ndarray, place: int, n: int) -> int:
    """Return the neighbouring place along an axis over cells observed less."""
    choices = [p for p in (place - 1, place + 1) if 0 <= p < n]
    if not choices:
        return place
    return min(choices, key=lambda p: int(counts[p : p + 2].sum()))


__all__ = ["Grid", "cell_counts", "grid_over", "pairs"]
