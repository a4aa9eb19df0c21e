"""Epochs as people write them, to Julian years of TCB.

A bare number is a Julian year. Dates, ``J2015.5``, ``B1950.0`` and times are
recognised; numbers that count days are when a unit says so: ``epoch=MJD[mjd]``.
"""

import re
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.time import Time, TimeDelta
from erfa import ErfaWarning
from numpy.typing import NDArray

from reseau.errors import CatalogueError, ReseauWarning, UnitError, explain, some, warn

from .epoch_numbers import JD_RANGE, SCALES, check_days, of_dates
from .time_systems import TimeSystem, days_since, time_system

NAMES = ("epoch", "ref_epoch")
"""Columns that hold epochs."""

FORMATS = {
    "mjd": "mjd",
    "jd": "jd",
    "iso": "iso",
    "isot": "iso",
    "yr": "jyear",
    "jyear": "jyear",
    "byear": "byear",
    "unix": "unix",
    "ymd": "ymd",
}
"""What an epoch may be written as, beside its unit, and astropy's format."""


def read_epochs(table: pa.Table, where: str | Path) -> pa.Table:
    """Return the table with its epochs as Julian years of TCB.

    Parameters
    ----------
    table
        Columns `epoch` and `ref_epoch` as they were read, their units in the metadata.
    where
        For messages.

    Raises
    ------
    CatalogueError, UnitError
        A date cannot be read.

    Warns
    -----
    ReseauWarning
        A format or a scale was recognised that nobody named.
    """
    for name in NAMES:
        if name not in table.column_names:
            continue
        missing = pc.is_null(table[name], nan_is_null=True)
        if table.num_rows and pc.all(missing).as_py():
            table = table.drop_columns(name)  # an empty column says nothing
        else:
            table = _with_years(table, name, where)
    return table


class _Written(NamedTuple):
    """How the epochs of a column are written, as far as anything says so.

    Attributes
    ----------
    unit
        Of the column.
    form, scale
        Format and time scale; None: not said.
    system
        What the header says of the column.
    """

    unit: str
    form: str | None
    scale: str | None
    system: TimeSystem


def _with_years(table: pa.Table, name: str, where: str | Path) -> pa.Table:
    i = table.schema.get_field_index(name)
    field = table.schema.field(i)
    written = _how_written(table, name, where)
    column, written = _numbers_or_text(table[name], written, name, where)
    read = _years_of(column, written, name, where)
    if read is None:
        return table
    years, said = read
    if said:
        warn(
            f"{where}: column {name} is read as {said}; say it with "
            f"{name}=NAME[mjd], [jd], [iso] or [yr] and a scale as in [mjd tai] if "
            "that is wrong",
            ReseauWarning,
        )
    metadata = {**(field.metadata or {}), b"unit": b"yr"}
    new = pa.field(name, pa.float64(), metadata=metadata)
    return table.set_column(i, new, pa.chunked_array([years]))


def _how_written(table: pa.Table, name: str, where: str | Path) -> _Written:
    """Return what the unit of a column says, and the header where the unit does not."""
    metadata = table.schema.field(name).metadata or {}
    unit = metadata.get(b"unit", b"").decode().strip()
    form, scale = _asked(unit, name, where)
    system = time_system(table, name)
    scale = scale or (system.scale if form not in (None, "jyear", "byear") else None)
    return _Written(unit, form, scale, system)


def _numbers_or_text(
    column: pa.ChunkedArray, written: _Written, name: str, where: str | Path
) -> tuple[pa.ChunkedArray, _Written]:
    """Return a column whose type tells only numbers from text: dates become text."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_duration(column.type) or pa.types.is_time(column.type):
        raise _no_epoch(column, name, where)
    if written.form == "ymd" and _is_number(column.type):
        return of_dates(_as_float(column)), written._replace(form="iso")
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp(column.type.unit))  # to UTC
    if pa.types.is_temporal(column.type):
        column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S")
    return column, written


def _years_of(
    column: pa.ChunkedArray, written: _Written, name: str, where: str | Path
) -> tuple[NDArray, str] | None:
    """Return Julian years and what they were taken for, if nobody said it.

    None where there is nothing to convert: years, or nothing that is a time.
    """
    if _is_text(column.type):
        return _of_text(column, written.form, written.scale, name, where)
    if not _is_number(column.type):
        return None  # `validate` says so
    if written.system.origin is not None and _is_days(written.unit, written.form):
        return _since_origin(_as_float(column), written, name, where)
    if written.form is None:
        return None
    if written.form == "iso":
        raise CatalogueError(
            explain(
                given=f"column {name} is said to hold dates and holds numbers",
                wanted="text as 2016-05-01T12:00:00",
                where=f"{where}, column {name}",
                todo=f"say {name}=NAME[mjd] or what else the numbers are",
            )
        )
    days, form, scale = _as_float(column), written.form, written.scale
    check_days(days, form, name, written.unit, where)
    chosen, guessed = _days(days, form)
    years = _julian_years(days, chosen, scale or _usual_scale(chosen))
    return years, f"{chosen.upper()} ({(scale or 'utc').upper()})" if guessed else ""


def _since_origin(
    days: NDArray, written: _Written, name: str, where: str | Path
) -> tuple[NDArray, str]:
    """Return Julian years of times since the day that the header names."""
    system = written.system
    days = days_since(days, written.unit, system, name, where)
    scale = written.scale or system.scale or "utc"
    years = _julian_years(days, "mjd", scale)
    return years, f"times since {system.said} ({scale.upper()})"


def _as_float(column: pa.ChunkedArray) -> NDArray:
    return np.asarray(column.cast(pa.float64()).to_numpy(), float)


def _asked(unit: str, name: str, where: str | Path) -> tuple[str | None, str | None]:
    # The format and the scale that a unit names; both None: Julian years.
    words = unit.lower().split()
    scales = [w for w in words if w in SCALES]
    rest = [w for w in words if w not in SCALES]
    if len(scales) > 1 or len(rest) > 1:
        return None, None
    form = rest[0] if rest else ""
    scale = scales[0] if scales else None
    if form in FORMATS:
        known = FORMATS[form]
        # Years without a scale are the schema's own.
        return (None, None) if known == "jyear" and scale is None else (known, scale)
    if form in ("d", "day", "days"):
        return "days", scale
    if scale is not None:
        raise UnitError(
            explain(
                given=f"column {name} has the unit {unit!r}",
                wanted=f"one of {', '.join(FORMATS)}, and a scale of "
                f"{', '.join(SCALES)}",
                where=f"{where}, column {name}",
                todo=f"write {name}=NAME[mjd utc], for instance",
            )
        )
    return None, None


def _is_days(unit: str, form: str | None) -> bool:
    # Whether numbers count from a day that the header names.
    return form == "days" or (form is None and unit in ("s", "h", "min"))


def _no_epoch(column: pa.ChunkedArray, name: str, where: str | Path) -> CatalogueError:
    return CatalogueError(
        explain(
            given=f"column {name} is of type {column.type}",
            wanted="times: years, dates, MJD or JD, and no durations",
            where=f"{where}, column {name}",
            todo="add the day that they count from",
        )
    )


def _days(values: NDArray, form: str) -> tuple[str, bool]:
    if form != "days":
        return form, False
    known = values[np.isfinite(values)]
    is_julian = bool(len(known)) and bool(np.median(known) > JD_RANGE[0] - 1e5)
    return ("jd" if is_julian else "mjd"), True


def _usual_scale(form: str) -> str:
    return {"jyear": "tcb", "byear": "tt"}.get(form, "utc")


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


_YEAR = re.compile(r"([JB])\s*(\d{4}(?:\.\d*)?)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)


def _of_text(
    column: pa.ChunkedArray,
    form: str | None,
    scale: str | None,
    name: str,
    where: str | Path,
) -> tuple[NDArray, str]:
    encoded = pc.fill_null(pc.utf8_trim_whitespace(column), "").combine_chunks()
    encoded = encoded.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    wrong: list[str] = []
    found: set[str] = set()
    years = np.full(len(words), np.nan)
    for i, word in enumerate(words):  # of different texts, not of rows
        if not word or word.lower() in ("nan", "null", "none", "--"):
            continue
        try:
            years[i], how = _of_word(word, form, scale)
        except ValueError:
            wrong.append(word)
        else:
            found.add(how)
    if form is not None:
        numbers = [float(w) for w in words if _NUMBER.fullmatch(w)]
        check_days(np.array(numbers), form, name, form, where)
    if wrong:
        raise CatalogueError(
            explain(
                given=f"column {name} holds {some([repr(w) for w in wrong], 3)}",
                wanted="Julian years, dates as 2016-05-01T12:00:00, J2016.0 or B1950.0",
                where=f"{where}, column {name}",
                todo="write the epochs so, or as numbers",
            )
        )
    row = np.asarray(encoded.indices)
    told = found - {""} if form is None else set()
    return years[row], " and ".join(sorted(told))


def _of_word(word: str, form: str | None, scale: str | None) -> tuple[float, str]:
    if _NUMBER.fullmatch(word):
        if form is None:
            return float(word), ""
        value = np.array([float(word)])
        if form == "ymd":
            return _of_word(str(of_dates(value)[0]), None, scale)
        chosen, _ = _days(value, form)
        return float(_julian_years(value, chosen, scale or _usual_scale(chosen))[0]), ""
    year = _YEAR.fullmatch(word)
    if year and year[1].upper() == "J":
        return float(year[2]), ""
    if year:
        value = np.array([float(year[2])])
        return float(_julian_years(value, "byear", "tt")[0]), ""
    text, hours = _without_zone(word)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErfaWarning)
        time = Time(text.replace("T", " "), format="iso", scale=scale or "utc")
        time = time - TimeDelta(hours / 24.0, format="jd")
        return float(time.tcb.jyear), f"dates ({(scale or 'utc').upper()})"


_ZONE = re.compile(r"(.*\d:\d\d.*?)(?:Z|([+-])(\d\d):?(\d\d)?)")


def _without_zone(word: str) -> tuple[str, float]:
    """Return a time without its zone, and the zone's hours East of Greenwich."""
    match = _ZONE.fullmatch(word)
    if match is None:
        return word.removesuffix("Z"), 0.0
    if match[2] is None:
        return match[1], 0.0
    hours = int(match[3]) + int(match[4] or 0) / 60.0
    return match[1], -hours if match[2] == "-" else hours


def _julian_years(values: NDArray, form: str, scale: str) -> NDArray:
    # Of different values only: exposures have few, measurements many.
    known, row = np.unique(values, return_inverse=True)
    years = np.full(len(known), np.nan)
    good = np.isfinite(known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErfaWarning)
        time = Time(known[good], format=form, scale=scale)
        years[good] = time.tcb.jyear
    return years[row]


__all__ = ["FORMATS", "NAMES", "read_epochs"]
