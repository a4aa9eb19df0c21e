"""Pairs of rows near each other on the sky, by zones: an equality join of cells.

The sky is divided into zones of declination and these into cells of right ascension
(Gray, Nieto-Santisteban & Szalay 2007, MSR-TR-2006-52). Each row of the smaller table
stands in all cells that its circle touches, each of the larger one in its own; those of
equal cells are compared exactly.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .objects import Columns
from .options import MatchOptions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ARCSEC = 3600.0


@dataclass(frozen=True, eq=False)
class Pairs:
    """Candidate pairs of two tables, each row's place and what tells them apart.

    Attributes
    ----------
    one, other
        Places of the rows: (n,).
    east, north
        Position of the other less that of the one, both at one epoch [arcsec].
    east_variance, north_variance
        Of those, with the errors of motion, or of motion that is not known [arcsec²].
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    east: NDArray[np.float64]
    north: NDArray[np.float64]
    east_variance: NDArray[np.float64]
    north_variance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.one)

    def of(self, which: NDArray) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(*(getattr(self, name)[which] for name in _FIELDS))


_FIELDS = ("one", "other", "east", "north", "east_variance", "north_variance")


def common_epoch(one: Columns, other: Columns) -> float:
    """Return the epoch at which cells are compared [Julian year].

    It is that of the table of which fewer motions are known, since the other's rows can
    be moved there.

    Parameters
    ----------
    one, other
        Rows with `epoch` and `pmra`.
    """
    share = [
        np.isfinite(c["pmra"]).mean() if len(c["ra"]) else 1.0 for c in (one, other)
    ]
    still = one if share[0] <= share[1] else other
    return float(np.median(still["epoch"])) if len(still["ra"]) else 2000.0


def candidate_pairs(
    connection: "DuckDBPyConnection",
    one: Columns,
    other: Columns,
    epoch: float,
    options: MatchOptions,
) -> Pairs:
    """Return the pairs of rows that may be one source.

    Parameters
    ----------
    connection
        The database.
    one, other
        Rows, with positions, motions and their errors.
    epoch
        At which they are compared first, see `common_epoch`; the pairs that are
        returned are compared each at its own epochs.
    options
        Radii, and what unknown motion may be.
    """
    if not len(one["ra"]) or not len(other["ra"]):
        return Pairs(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 4)
    swap = len(one["ra"]) > len(other["ra"])
    small, large = (other, one) if swap else (one, other)
    connection.register("small_rows", pa.table(_moved(small, epoch)))
    connection.register("large_rows", pa.table(_moved(large, epoch)))
    try:
        found = connection.execute(
            _query(options.largest_radius_arcsec / ARCSEC)
        ).fetchnumpy()
    finally:
        connection.unregister("small_rows")
        connection.unregister("large_rows")
    a, b = (np.asarray(found[n], dtype=np.int64) for n in ("small", "large"))
    first, second = (b, a) if swap else (a, b)
    order = np.lexsort((second, first))
    return _compared(one, other, first[order], second[order], options)


def _moved(rows: Columns, epoch: float) -> Columns:
    years = epoch - rows["epoch"]
    north = np.nan_to_num(rows["pmdec"]) * years / (ARCSEC * 1e3)
    east = np.nan_to_num(rows["pmra"]) * years / (ARCSEC * 1e3)
    dec = np.clip(rows["dec"] + north, -90.0, 90.0)
    ra = (rows["ra"] + east / np.maximum(np.cos(np.radians(dec)), 1e-9)) % 360.0
    return {"place": np.arange(len(ra)), "ra": ra, "dec": dec}


def _query(radius: float) -> str:
    height = 2.0 * radius
    # As many cells as fit around the edge of a zone that is nearer to a pole.
    edge = (
        f"least(greatest(abs(zone * {height!r} - 90.0), "
        f"abs((zone + 1) * {height!r} - 90.0)), 90.0)"
    )
    cells = (
        f"greatest(1, CAST(floor(360.0 * cos(radians({edge})) / {height!r}) AS BIGINT))"
    )
    wide = (
        f"CASE WHEN abs(dec) + {radius!r} >= 89.99 THEN 180.0 ELSE degrees(asin(least("
        f"1.0, sin(radians({radius!r})) / cos(radians(abs(dec) + {radius!r}))))) END"
    )
    zone = f"CAST(floor((dec {{}} + 90.0) / {height!r}) AS BIGINT)"
    sine = "sin(radians((l.dec - s.dec) / 2))"
    across = "sin(radians((l.ra - s.ra) / 2))"
    away = (
        f"{sine} * {sine} + cos(radians(l.dec)) * cos(radians(s.dec)) "
        f"* {across} * {across}"
    )
    limit = float(np.sin(np.radians(radius) / 2) ** 2)
    return f"""
    WITH in_zones AS (
      SELECT place, ra, dec, {wide} AS wide,
        unnest(generate_series({zone.format(f"- {radius!r}")},
                               {zone.format(f"+ {radius!r}")})) AS zone
      FROM small_rows),
    counted AS (SELECT *, {cells} AS cells FROM in_zones),
    ranges AS (
      SELECT *, CAST(floor((ra - wide) / 360.0 * cells) AS BIGINT) AS low,
        CAST(floor((ra + wide) / 360.0 * cells) AS BIGINT) AS high
      FROM counted),
    s AS (
      SELECT place, ra, dec, zone, cells,
        unnest(generate_series(low, least(high, low + cells - 1))) AS cell
      FROM ranges),
    s_keyed AS (
      SELECT place, ra, dec,
        zone * 4294967296 + ((cell % cells) + cells) % cells AS key FROM s),
    l_zoned AS (
      SELECT place, ra, dec, {zone.format("")} AS zone FROM large_rows),
    l AS (
      SELECT place, ra, dec, zone * 4294967296
        + CAST(floor(ra / 360.0 * {cells}) AS BIGINT) % {cells} AS key
      FROM l_zoned)
    SELECT s.place AS small, l.place AS large
    FROM l JOIN s_keyed AS s ON l.key = s.key
    WHERE abs(l.dec - s.dec) <= {radius!r} AND {away} <= {limit!r}
    """


def _compared(
    one: Columns,
    other: Columns,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    options: MatchOptions,
) -> Pairs:
    """Return pairs with their separations, those that are near enough."""
    a = {n: one[n][first] for n in _GEOMETRY}
    b = {n: other[n][second] for n in _GEOMETRY}
    east, north = _offset(a, b)
    years = b["epoch"] - a["epoch"]
    unknown = options.unknown_motion
    variances = []
    for axis, offset in (("ra", east), ("dec", north)):
        motion, error = _motion(a, b, f"pm{axis}", unknown)
        np.subtract(offset, motion * years * 1e-3, out=offset)
        mas = a[f"{axis}_error"] ** 2 + b[f"{axis}_error"] ** 2 + (error * years) ** 2
        variances.append(mas * 1e-6)
    pairs = Pairs(first, second, east, north, *variances)
    reach = options.radius_sigmas * np.sqrt(np.maximum(*variances))
    reach = np.clip(
        reach, options.smallest_radius_arcsec, options.largest_radius_arcsec
    )
    return pairs.of(np.flatnonzero(np.hypot(east, north) <= reach))


_GEOMETRY = (
    *("ra", "dec", "ra_error", "dec_error", "epoch"),
    *("pmra", "pmdec", "pmra_error", "pmdec_error"),
)


def _offset(a: Columns, b: Columns) -> tuple[NDArray, NDArray]:
    """Return where `b` is in the tangent plane of `a` [arcsec]."""
    step = np.radians(b["ra"] - a["ra"])
    da, db = np.radians(a["dec"]), np.radians(b["dec"])
    east = np.cos(db) * np.sin(step)
    # sin(db - da), and what the meridians' convergence adds: nothing cancels.
    north = np.sin(db - da) + 2.0 * np.cos(db) * np.sin(da) * np.sin(step / 2) ** 2
    scale = np.degrees(1.0) * ARCSEC
    return east * scale, north * scale


def _motion(
    a: Columns, b: Columns, name: str, unknown: float
) -> tuple[NDArray, NDArray]:
    """Return the motion of pairs as the better of both knows it, and its error."""
    error = f"{name}_error"
    sizes = [
        np.where(np.isfinite(c[name]), np.nan_to_num(c[error], nan=unknown), np.inf)
        for c in (a, b)
    ]
    take = sizes[1] < sizes[0]
    size = np.where(take, sizes[1], sizes[0])
    known = np.isfinite(size)
    value = np.where(known, np.where(take, b[name], a[name]), 0.0)
    return value, np.where(known, size, unknown)


__all__ = ["Pairs", "candidate_pairs", "common_epoch"]
