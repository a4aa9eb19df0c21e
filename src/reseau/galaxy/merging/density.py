"""How many sources a survey has where, by magnitude: the background of a match.

Counted in cells of the sky with some two thousand rows each, in bins of half a
magnitude. The area of a cell is that of those of its 64 parts in which there is
anything, so that cells at an edge are not taken for empty ones.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .database import text
from .surveys import BANDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BRIGHTEST, BIN, BINS = -5.0, 0.5, 70
"""Edge of the first bin of magnitude, width, and number of bins [mag]."""
ROWS = 2000
"""Rows that a cell should have."""
PARTS = 8
"""Parts of a cell along each side."""
_TRUST = 5.0
"""Rows that a bin should have to count for itself."""
_COARSE = 0.02
"""Side of the cells by which the area is guessed [deg]."""


@dataclass(frozen=True, eq=False)
class Density:
    """Surface density of a survey by cell, band and magnitude.

    Attributes
    ----------
    side
        Of a cell [deg].
    keys
        Of cells that have rows, ascending: (n,).
    area
        Of those, as far as anything is there [arcsec²]: (n,).
    rows
        In those: (n,).
    log_density
        Of rows with a magnitude in the band, of the natural logarithm [arcsec⁻² mag⁻¹]:
        (n, 4, `BINS`).
    """

    side: float
    keys: NDArray[np.int64]
    area: NDArray[np.float64]
    rows: NDArray[np.float64]
    log_density: NDArray[np.float64]

    def cell(self, ra: NDArray, dec: NDArray) -> NDArray[np.int64]:
        """Return the place of the cell of each position, -1 where there is none."""
        key = cell_key(ra, dec, self.side)
        if not len(self.keys):
            return np.full(len(key), -1)
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where(self.keys[place] == key, place, -1)

    def covers(self, ra: NDArray, dec: NDArray) -> NDArray[np.bool_]:
        """Return which positions lie where the survey has sources as elsewhere."""
        if not len(self.keys):
            return np.zeros(len(ra), bool)
        dense = self.rows / self.area >= 0.05 * np.median(self.rows / self.area)
        cell = self.cell(ra, dec)
        return np.asarray((cell >= 0) & dense[cell])

    def at(
        self, cell: NDArray[np.int64], band: NDArray[np.int64], magnitude: NDArray
    ) -> NDArray[np.float64]:
        """Return the density at magnitudes [arcsec⁻² mag⁻¹].

        Parameters
        ----------
        cell
            Places of cells.
        band
            Of each, as in `BANDS`.
        magnitude
            In that band.
        """
        x = (magnitude - BRIGHTEST) / BIN - 0.5
        low = np.clip(np.floor(x).astype(np.int64), 0, BINS - 2)
        part = np.clip(x - low, 0.0, 1.0)
        below = self.log_density[cell, band, low]
        above = self.log_density[cell, band, low + 1]
        return np.exp(below + part * (above - below))

    def total(self, cell: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the density of all rows [arcsec⁻²]."""
        return self.rows[cell] / self.area[cell]


def cell_key(ra: NDArray, dec: NDArray, side: float) -> NDArray[np.int64]:
    """Return the numbers of the cells of positions, also where there is no cell."""
    zone = np.floor((dec + 90.0) / side)
    cells = np.maximum(
        np.floor(360.0 * np.cos(np.radians((zone + 0.5) * side - 90.0)) / side), 1
    )
    along = np.floor(ra / 360.0 * cells) % cells
    return (zone * 4294967296 + along).astype(np.int64)


def _cell_sql(side: float) -> tuple[str, str]:
    """Return expressions of a row's cell, and of the part of the cell."""
    zone = f"floor((dec + 90.0) / {side!r})"
    middle = f"(({zone} + 0.5) * {side!r} - 90.0)"
    cells = f"greatest(floor(360.0 * cos(radians({middle})) / {side!r}), 1)"
    across = f"(ra / 360.0 * {cells})"
    up = f"((dec + 90.0) / {side!r} - {zone})"
    east = f"floor(({across} - floor({across})) * {PARTS})"
    part = f"(floor({up} * {PARTS}) * {PARTS} + {east})"
    key = f"({zone} * 4294967296 + floor({across}) % {cells})"
    return f"CAST({key} AS BIGINT)", f"CAST({part} AS INTEGER)"


def density_of(
    connection: "DuckDBPyConnection", files: str, bands: tuple[str, ...]
) -> Density:
    """Count a survey.

    Parameters
    ----------
    connection
        The database.
    files
        Pattern of the Parquet files with its rows, with `ra`, `dec` and bands.
    bands
        Those that it has.
    """
    relation = f"read_parquet({text(files)})"
    side = _side(connection, relation)
    cell, part = _cell_sql(side)
    found = connection.execute(
        f"SELECT cell, count(*) AS parts, sum(n) AS rows FROM (SELECT {cell} AS cell, "
        f"{part} AS part, count(*) AS n FROM {relation} GROUP BY ALL) "
        "GROUP BY cell ORDER BY cell"
    ).fetchnumpy()
    keys = np.asarray(found["cell"], np.int64)
    rows = np.asarray(found["rows"], float)
    area = np.asarray(found["parts"], float) / PARTS**2 * _cell_area(keys, side)
    log_density = np.full((len(keys), len(BANDS), BINS), -30.0)
    for i, band in enumerate(BANDS):
        if band in bands:
            counts = _counts(connection, relation, cell, band, keys)
            log_density[:, i] = np.log(_smooth(counts) / (area[:, None] * BIN) + 1e-13)
    return Density(side, keys, area, rows, log_density)


def _side(connection: "DuckDBPyConnection", relation: str) -> float:
    cell, _ = _cell_sql(_COARSE)
    row = connection.execute(
        f"SELECT sum(n), count(*) FROM (SELECT {cell} AS cell, count(*) AS n "
        f"FROM {relation} GROUP BY cell)"
    ).fetchone()
    if not row or not row[1]:
        return 1.0
    per_square_degree = row[0] / (row[1] * _COARSE**2)
    return float(np.clip(np.sqrt(ROWS / per_square_degree), 0.01, 2.0))


def _cell_area(keys: NDArray[np.int64], side: float) -> NDArray[np.float64]:
    zone = keys // 4294967296
    low, high = np.radians(zone * side - 90.0), np.radians((zone + 1) * side - 90.0)
    middle = np.radians((zone + 0.5) * side - 90.0)
    cells = np.maximum(np.floor(360.0 * np.cos(middle) / side), 1)
    steradian = 2 * np.pi / cells * (np.sin(np.minimum(high, np.pi / 2)) - np.sin(low))
    return np.asarray(steradian * np.degrees(3600.0) ** 2)


def _counts(
    connection: "DuckDBPyConnection",
    relation: str,
    cell: str,
    band: str,
    keys: NDArray[np.int64],
) -> NDArray[np.float64]:
    found = connection.execute(
        f"SELECT {cell} AS cell, CAST(floor(({band} - {BRIGHTEST!r}) / {BIN!r}) AS "
        f"INTEGER) AS bin, count(*) AS n FROM {relation} WHERE {band} IS NOT NULL "
        "GROUP BY ALL"
    ).fetchnumpy()
    counts = np.zeros((len(keys), BINS))
    place = np.searchsorted(keys, np.asarray(found["cell"], np.int64))
    bins = np.clip(np.asarray(found["bin"], np.int64), 0, BINS - 1)
    np.add.at(counts, (place, bins), np.asarray(found["n"], float))
    return counts


def _smooth(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let bins of few rows have what the survey's mean shape makes of their cell."""
    share = counts.sum(axis=0)
    share = share / max(share.sum(), 1.0)
    expected = counts.sum(axis=1, keepdims=True) * share
    trust = expected / (expected + _TRUST)
    return trust * counts + (1 - trust) * expected


__all__ = ["BIN", "BINS", "BRIGHTEST", "Density", "density_of"]
