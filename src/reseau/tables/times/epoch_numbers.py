"""What numbers in a column of epochs count, told by how great they are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain

SCALES = ("utc", "tai", "tt", "tdb", "tcb", "tcg")
"""Scales that may follow, as in ``[mjd tai]``; UTC unless given, TCB for ``yr``."""

MJD_RANGE = (15_000.0, 110_000.0)
JD_RANGE = (2_415_000.0, 2_510_000.0)
"""Days of the years 1900 to 2160."""

RANGES = {
    "mjd": MJD_RANGE,
    "jd": JD_RANGE,
    "ymd": (19_000_101, 21_600_101),
    "unix": (1e8, 6e9),
}
"""What numbers that are no years may be: dates as 20160501, seconds since 1970."""

OLD_MJD, OLD_JD = 3500.0, 2_400_000.0
"""Days from the 1860s on, later than any year is great."""

YEAR_LIKE = (1000.0, 3000.0)
"""Numbers that are years: as MJD they would be of 1861 to 1867."""

_KINDS = {
    "ymd": "dates as 20160501",
    "unix": "Unix seconds",
}


def likely_format(values: NDArray) -> str:
    """Return what numbers that are no years look like: one of `RANGES`, or nothing.

    Parameters
    ----------
    values
        Numbers of a column of epochs.
    """
    known = values[np.isfinite(values)]
    if len(known):
        for form, (low, high) in RANGES.items():
            if not (low <= known.min() and known.max() <= high):
                continue
            if form != "ymd" or _are_dates(known):
                return form
    return ""


def called(form: str) -> str:
    """Return what a format is called in a sentence."""
    return _KINDS.get(form, form.upper())


def _are_dates(values: NDArray) -> bool:
    month, day = np.floor(values / 100) % 100, values % 100
    whole = values == np.rint(values)
    real = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool(np.all(whole & real))


def check_days(
    values: NDArray, form: str, name: str, unit: str, where: str | Path
) -> None:
    """Refuse numbers that a unit calls days, and that are something else.

    Parameters
    ----------
    values
        As read.
    form
        "mjd", "jd", or "days" where the unit does not say since when.
    name, unit, where
        Column, its unit and file, for messages.

    Raises
    ------
    CatalogueError
        They are years, or days since another day than those of JD and MJD.
    """
    known = values[np.isfinite(values)]
    if form not in ("mjd", "jd", "days") or not len(known):
        return
    shown = ", ".join(f"{v:.10g}" for v in np.unique(known)[:3])
    low, high = YEAR_LIKE
    if low <= known.min() and known.max() <= high:
        year = 1858.87 + np.median(known) / 365.25
        raise CatalogueError(
            explain(
                given=f"column {name} has the unit {unit!r}, and its numbers ({shown}) "
                f"look like years; MJD {np.median(known):.0f} is of {year:.0f}",
                wanted="years, or MJD or JD",
                where=f"{where}, column {name}",
                todo=f"say {name}=NAME[yr] where columns are chosen if they are years; "
                f"write them as MJD or JD if they count days since another day",
            )
        )
    days = (known > OLD_MJD) & (known < MJD_RANGE[1])
    julian = (known > OLD_JD) & (known < JD_RANGE[1])
    if form == "days" and not (days.all() or julian.all()):
        raise CatalogueError(
            explain(
                given=f"column {name} has the unit {unit!r}, and its numbers ({shown}) "
                "are neither MJD nor JD of our days",
                wanted="days as MJD or JD, or years",
                where=f"{where}, column {name}",
                todo=f"say {name}=NAME[mjd], [jd] or [yr] where columns are chosen, or "
                "add what was taken away from JD",
            )
        )


def of_dates(values: NDArray) -> pa.ChunkedArray:
    """Return numbers as 20160501 as text of dates.

    Parameters
    ----------
    values
        Numbers; NaN becomes nothing.
    """
    known, row = np.unique(values, return_inverse=True)
    texts = [f"{v:08.0f}" if np.isfinite(v) else "" for v in known]
    dates = [f"{t[:4]}-{t[4:6]}-{t[6:]}" if t else None for t in texts]
    return pa.chunked_array([pa.array(dates, pa.string()).take(pa.array(row))])


__all__ = [
    "JD_RANGE",
    "MJD_RANGE",
    "RANGES",
    "SCALES",
    "called",
    "check_days",
    "likely_format",
    "of_dates",
]
