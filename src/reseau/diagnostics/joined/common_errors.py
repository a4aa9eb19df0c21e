"""What the errors of neighbours have in common: zero points over the field.

A source's error is its own part and T z, T of the source and z of all sources together.
In a cell of the sky the mean of many sources has errors of their own that average out,
and the mean of T z that does not: the error of the zero point there. It is small scale
detail that averages out of it, too, so that what stays is smooth over a cell.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from .columns import PARAMETERS, JoinedColumns

IN_CELL = 30
"""Sources in a cell on average."""

MOST_CELLS = 24
"""Along the longer side."""

FEWEST = 5
"""Sources below which a cell is empty; or none, where all are nearly so."""

SEPARATIONS = 16
"""Bins of the separation of two cells, at most; none is narrower than a cell."""


@dataclass(frozen=True)
class CommonErrors:
    """Errors that sources of a cell have in common, for each of `PARAMETERS`.

    Attributes
    ----------
    centre
        Right ascension and declination of the middle [deg].
    east, north
        Edges of the cells from there [deg].
    count
        Sources with all parameters, of each cell.
    shared
        1σ of the mean of a cell by what sources share [mas], [mas/yr]; NaN: too few
        sources.
    alone
        1σ of that mean by the sources' own errors.
    separation
        Middles of bins of the separation of two cells [deg].
    correlation
        Of the common errors of two cells so far apart; NaN: no such cells.
    """

    centre: tuple[float, float]
    east: Float[np.ndarray, "i"]
    north: Float[np.ndarray, "j"]
    count: Int[np.ndarray, "a b"]
    shared: Float[np.ndarray, "5 a b"]
    alone: Float[np.ndarray, "5 a b"]
    separation: Float[np.ndarray, "s"]
    correlation: Float[np.ndarray, "5 s"]


def common_errors(given: JoinedColumns) -> CommonErrors:
    """Return errors that neighbours have in common, over the field.

    Parameters
    ----------
    given
        The catalogue.
    """
    rows = np.flatnonzero(given.moving)
    centre, place = _places(given, rows)
    edges = _edges(place)
    shape = edges[1].size - 1, edges[0].size - 1
    cell = _cells(place, edges)
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    filled = np.flatnonzero(count >= min(FEWEST, int(count.max())))
    own = np.diagonal(given.own(), axis1=1, axis2=2)[rows]
    shared, alone = np.full((2, 5, count.size), np.nan)
    apart = _apart(edges, filled)
    limits = _limits(float(apart.max()), float(edges[0][1] - edges[0][0]))
    correlation = np.full((5, limits.size - 1), np.nan)
    for i in range(len(PARAMETERS)):
        weight = 1.0 / own[:, i]
        total = np.bincount(cell, weight, minlength=count.size)
        part = csr_array(
            (weight / total[cell], (cell, np.arange(cell.size))),
            shape=(count.size, cell.size),
        )
        mean = part @ given.modes.shared[rows, i].astype(float)
        variance = np.sum(mean**2, axis=1)
        shared[i, filled] = np.sqrt(variance[filled])
        alone[i, filled] = 1.0 / np.sqrt(total[filled])
        correlation[i] = _by_separation(mean[filled], apart, limits)
    return CommonErrors(
        centre=centre,
        east=edges[0],
        north=edges[1],
        count=count.reshape(shape),
        shared=shared.reshape(5, *shape),
        alone=alone.reshape(5, *shape),
        separation=0.5 * (limits[1:] + limits[:-1]),
        correlation=correlation,
    )


def _places(
    given: JoinedColumns, rows: Int[np.ndarray, "n"]
) -> tuple[tuple[float, float], Float[np.ndarray, "n 2"]]:
    """Return the middle [deg], and offsets on its tangent plane [deg]."""
    ra, dec = (np.deg2rad(given.catalogue[name][rows]) for name in ("ra", "dec"))
    unit = np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1
    )
    middle = unit.mean(axis=0)
    a0 = float(np.arctan2(middle[1], middle[0]))
    d0 = float(np.arctan2(middle[2], np.hypot(middle[0], middle[1])))
    east = np.array([-np.sin(a0), np.cos(a0), 0.0])
    axis = np.array([np.cos(d0) * np.cos(a0), np.cos(d0) * np.sin(a0), np.sin(d0)])
    north = np.cross(axis, east)
    # Azimuthal, equal in distance from the middle, so that any field has a place.
    offset = np.stack([unit @ east, unit @ north], axis=1)
    sine = np.linalg.norm(offset, axis=1)
    angle = np.arctan2(sine, unit @ axis)
    scale = np.where(sine > 0, angle / np.where(sine > 0, sine, 1.0), 1.0)
    centre = float(np.rad2deg(a0) % 360.0), float(np.rad2deg(d0))
    return centre, np.rad2deg(scale[:, None] * offset)


def _edges(
    place: Float[np.ndarray, "n 2"],
) -> tuple[Float[np.ndarray, "i"], Float[np.ndarray, "j"]]:
    """Return edges of square cells, east and north."""
    low, high = place.min(axis=0), place.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    side = max(
        float(np.sqrt(size[0] * size[1] * IN_CELL / len(place))),
        float(size.max()) / MOST_CELLS,
    )
    number = np.maximum(np.ceil(size / side), 1).astype(int)
    start = 0.5 * (low + high) - 0.5 * side * number
    east, north = (start[i] + side * np.arange(number[i] + 1) for i in (0, 1))
    return east, north


def _cells(
    place: Float[np.ndarray, "n 2"], edges: tuple[np.ndarray, np.ndarray]
) -> Int[np.ndarray, "n"]:
    column, row = (
        np.clip(np.searchsorted(e, place[:, i], "right") - 1, 0, e.size - 2)
        for i, e in enumerate(edges)
    )
    return np.asarray(row * (edges[0].size - 1) + column)


def _apart(
    edges: tuple[np.ndarray, np.ndarray], filled: Int[np.ndarray, "c"]
) -> Float[np.ndarray, "c c"]:
    """Return separations of the middles of cells [deg]."""
    side, number = edges[0][1] - edges[0][0], edges[0].size - 1
    middle = side * np.stack([filled % number, filled // number], axis=1)
    return np.linalg.norm(middle[:, None] - middle, axis=2)


def _limits(longest: float, side: float) -> Float[np.ndarray, "e"]:
    """Return edges of bins of the separation; the middles of cells are a side apart."""
    number = int(np.clip(np.floor(longest / side), 1, SEPARATIONS))
    return 0.5 * side + np.linspace(0.0, max(longest - 0.5 * side, side), number + 1)


def _by_separation(
    mean: Float[np.ndarray, "c r"],
    apart: Float[np.ndarray, "c c"],
    limits: Float[np.ndarray, "e"],
) -> Float[np.ndarray, "s"]:
    """Return the mean correlation of pairs of cells in bins of their separation."""
    size = np.linalg.norm(mean, axis=1)
    white = mean / np.where(size > 0, size, 1.0)[:, None]
    pairs = np.triu(np.ones(apart.shape, dtype=bool), 1) & np.outer(size > 0, size > 0)
    bins = np.searchsorted(limits, apart[pairs], "right") - 1
    bins = np.clip(bins, 0, limits.size - 2)
    number = np.bincount(bins, minlength=limits.size - 1)
    total = np.bincount(bins, (white @ white.T)[pairs], minlength=limits.size - 1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


__all__ = ["CommonErrors", "common_errors"]
