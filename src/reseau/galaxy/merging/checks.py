"""Columns in wrong units: noticed by what they hold, and named."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reseau.errors import ReseauWarning, UnitError, explain, warn

from .surveys import BANDS

_USUAL: Mapping[str, tuple[float, float, str, str]] = {
    **dict.fromkeys(BANDS, (2.0, 28.0, "magnitudes", "fluxes, in mJy or counts")),
    **{
        f"{band}_error": (1e-5, 2.0, "errors in mag", "fluxes or mmag")
        for band in BANDS
    },
    "ra_error": (5e-3, 3000.0, "errors in mas", "arcsec, degrees or radians"),
    "dec_error": (5e-3, 3000.0, "errors in mas", "arcsec, degrees or radians"),
    "error_major": (1.0, 5000.0, "errors in mas", "degrees or mas"),
    "pmra_error": (5e-3, 500.0, "errors in mas/yr", "arcsec/yr or degrees"),
    "pmdec_error": (5e-3, 500.0, "errors in mas/yr", "arcsec/yr or degrees"),
}
"""Between what the median of a quantity lies, what it then is, and else may be."""


@dataclass(frozen=True)
class Extent:
    """Where the positions of a survey lie, as they stand [deg].

    Attributes
    ----------
    where
        The file.
    ra, dec
        Least and greatest.
    """

    where: str
    ra: tuple[float, float]
    dec: tuple[float, float]


CHECKED = tuple(_USUAL)
"""Quantities whose medians are judged, see `check_medians`."""


def check_medians(
    medians: Mapping[str, float | None], columns: Mapping[str, str], where: str
) -> None:
    """Raise where the median of a column cannot be in the unit that it should have.

    Parameters
    ----------
    medians
        Of quantities, of values that are not missing; None: there are none.
    columns
        What they are called in the file.
    where
        The file.

    Raises
    ------
    UnitError
        Of the first such column.
    """
    for quantity, median in medians.items():
        if median is None or not math.isfinite(median) or quantity not in _USUAL:
            continue
        low, high, wanted, other = _USUAL[quantity]
        if low <= abs(median) <= high:
            continue
        raise UnitError(
            explain(
                given=f"the median of the column {columns[quantity]} is {median:.6g}: "
                f"these may be {other}",
                wanted=f"{wanted}, of a median between {low:g} and {high:g}",
                where=where,
                todo="convert the column, or write its unit into the file, or in "
                f"brackets into the file of --config: {quantity} = "
                f'"{columns[quantity]}[unit]"',
            )
        )


def check_positions(bad: int, rows: int, ra: str, dec: str, where: str) -> None:
    """Raise where so many positions are impossible that the unit must be another one.

    Parameters
    ----------
    bad, rows
        Rows with positions out of range, and all of them.
    ra, dec
        Names of the columns.
    where
        The file.

    Raises
    ------
    UnitError
        More than one in a hundred is.
    """
    if not rows or bad <= 0.01 * rows:
        return
    raise UnitError(
        explain(
            given=f"{bad:,} of {rows:,} rows have no position in {ra}, {dec}: no "
            "numbers, or out of range",
            wanted="degrees, with right ascension from 0 to 360, declination within 90",
            where=where,
            todo="convert sexagesimal text, arcseconds or milliarcseconds to degrees",
        )
    )


def check_overlap(extents: Sequence[Extent]) -> None:
    """Raise, or warn, where a survey lies elsewhere than all the others.

    Parameters
    ----------
    extents
        Of all files that have rows.

    Raises
    ------
    UnitError
        It would lie where others do if it were in radians, or its right ascension in
        hours, or ra and dec were exchanged, or galactic.
    """
    apart = [
        one
        for one in extents
        if len(extents) > 1
        and not any(_meet(one, other) for other in extents if other is not one)
    ]
    for one in apart:
        _check_readings(one, [other for other in extents if other is not one])
    for one in apart:
        warn(
            f"{one.where} covers no place that another survey covers, and nothing of "
            "it can be matched",
            ReseauWarning,
        )


def _check_readings(one: Extent, others: Sequence[Extent]) -> None:
    for what, otherwise in _readings(one):
        if any(_meet(otherwise, other) for other in others):
            raise UnitError(
                explain(
                    given=f"positions from ({one.ra[0]:.6g}, {one.dec[0]:.6g}) to "
                    f"({one.ra[1]:.6g}, {one.dec[1]:.6g}), where no other survey is: "
                    f"they lie with the others if {what}",
                    wanted="ra and dec in degrees, ICRS",
                    where=one.where,
                    todo="convert the columns, or write the unit into the file, or "
                    'into that of --config: ra = "ra[rad]", "ra[hourangle]"',
                )
            )


def _meet(one: Extent, other: Extent, margin: float = 0.01) -> bool:
    apart = one.dec[0] > other.dec[1] + margin or other.dec[0] > one.dec[1] + margin
    if apart:
        return False
    if max(one.ra[1] - one.ra[0], other.ra[1] - other.ra[0]) > 180:
        return True  # about 0 h, or all around
    return not (one.ra[0] > other.ra[1] + margin or other.ra[0] > one.ra[1] + margin)


def _readings(one: Extent) -> list[tuple[str, Extent]]:
    found = []
    if abs(one.dec[0]) < 1.6 and abs(one.dec[1]) < 1.6 and one.ra[1] < 6.3:
        turned = Extent(
            one.where, _scaled(one.ra, 57.29578), _scaled(one.dec, 57.29578)
        )
        found.append(("they are radians", turned))
    if one.ra[1] <= 24:
        hours = Extent(one.where, _scaled(one.ra, 15.0), one.dec)
        found.append(("the right ascension is in hours", hours))
    if abs(one.ra[0]) <= 90 and abs(one.ra[1]) <= 90:
        found.append(("ra and dec are exchanged", Extent(one.where, one.dec, one.ra)))
    return found


def _scaled(pair: tuple[float, float], factor: float) -> tuple[float, float]:
    return pair[0] * factor, pair[1] * factor


__all__ = [
    "CHECKED",
    "Extent",
    "check_medians",
    "check_overlap",
    "check_positions",
]
