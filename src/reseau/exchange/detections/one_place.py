"""Rows of one source say one position: equal modulo 360°, and but for rounding."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn
from reseau.tables.precision import step_in

EXACT = 1e-10
"""Positions nearer than this are the same [deg]: 0.36 µas, and rounding of 64 bits."""

_MAS = 3_600_000.0


def wrapped(ra: NDArray) -> NDArray:
    """Return right ascensions from 0 to 360 [deg]; those that are there stay exact."""
    outside = (ra < 0.0) | (ra >= 360.0)
    return np.where(outside, np.mod(ra, 360.0), ra)


def place_keys(ra: NDArray, dec: NDArray) -> NDArray:
    """Return integers, a row each, that are equal for the same place.

    Parameters
    ----------
    ra, dec
        [deg].
    """
    around = round(360.0 / EXACT)
    keys = [np.rint(wrapped(ra) / EXACT) % around, np.rint(dec / EXACT)]
    return np.stack(keys, axis=1).astype(np.int64)


def separations(
    ra: NDArray, dec: NDArray, ra0: NDArray, dec0: NDArray
) -> tuple[NDArray, NDArray]:
    """Return small offsets towards East, divided by cos(dec), and North [deg].

    Parameters
    ----------
    ra, dec, ra0, dec0
        Places and from where [deg].
    """
    return np.mod(ra - ra0 + 180.0, 360.0) - 180.0, dec - dec0


def rounding_of(table: pa.Table, where: str | Path) -> float:
    """Return by how much one place may differ between rows [deg].

    Parameters
    ----------
    table
        With ra and dec as they were read.
    where
        For messages.
    """
    steps = [step_in(table, n, "deg", where) for n in ("ra", "dec")]
    return max(1.01 * max(steps), 10 * EXACT)


def far_from_first(
    row: NDArray, ra: NDArray, dec: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Return how far each position is from the first of its group.

    Parameters
    ----------
    row
        Group of each, from 0.
    ra, dec
        [deg].

    Returns
    -------
    Offsets in ra and dec, and the distance on the sky [deg]; infinite where one has a
    position and the other has none, zero where both have none.
    """
    first = np.unique(row, return_index=True)[1]
    east, north = separations(ra, dec, ra[first][row], dec[first][row])
    far = np.hypot(east * np.cos(np.deg2rad(dec)), north)
    lost = np.isnan(ra) | np.isnan(dec)
    far = np.where(lost | lost[first][row], np.inf, far)
    return east, north, np.where(lost & lost[first][row], 0.0, far)


def one_place(
    row: NDArray,
    ra: NDArray,
    dec: NDArray,
    rounding: float,
    ids: NDArray,
    where: str | Path,
) -> tuple[NDArray, NDArray]:
    """Return the position of each group, or refuse groups that have several.

    Parameters
    ----------
    row
        Group of each position, from 0.
    ra, dec
        [deg]; NaN: none.
    rounding
        How far positions of a group may lie apart [deg]; they are averaged.
    ids
        Of the groups.
    where
        For messages.

    Raises
    ------
    CatalogueError
        Positions of a group differ by more.

    Warns
    -----
    ReseauWarning
        Positions of a group differ by rounding.
    """
    first = np.unique(row, return_index=True)[1]
    east, north, far = far_from_first(row, ra, dec)
    bad = far > rounding
    if bad.any():
        groups = np.unique(row[bad])
        raise CatalogueError(
            explain(
                given=f"ra and dec differ between rows of {len(groups)} of "
                f"{len(first)} sources, by up to {angle(far.max())}",
                wanted="one position a source, equal in all its rows",
                where=f"{where}, source_id {some(ids[groups])}",
                todo="if these numbers count the rows of each exposure and not stars, "
                "give true identifiers, or leave the column away: then equal ra and "
                "dec identify; else correct ra and dec",
            )
        )
    known = np.nan_to_num(far) > 0
    if not known.any():
        return wrapped(ra[first]), dec[first]
    if far.max() > 10 * EXACT:
        warn(
            f"{where}: ra and dec of one source differ between its rows by rounding, "
            f"up to {angle(far.max())} ({len(np.unique(row[known]))} of {len(first)} "
            "sources); their mean is taken",
            ReseauWarning,
        )
    count = np.bincount(row)
    mean_east = np.bincount(row, weights=np.nan_to_num(east)) / count
    mean_north = np.bincount(row, weights=np.nan_to_num(north)) / count
    return wrapped(ra[first] + mean_east), dec[first] + mean_north


def angle(degrees: float) -> str:
    """Write a small angle [deg] in the unit that fits."""
    if not np.isfinite(degrees):
        return "more than can be said: some rows have none"
    size = degrees * _MAS
    for unit, factor in (("mas", 1.0), ("arcsec", 1e3), ("deg", _MAS)):
        if size < 1e3 * factor or unit == "deg":
            return f"{size / factor:.3g} {unit}"
    return ""


__all__ = [
    "EXACT",
    "angle",
    "far_from_first",
    "one_place",
    "place_keys",
    "rounding_of",
    "separations",
    "wrapped",
]
