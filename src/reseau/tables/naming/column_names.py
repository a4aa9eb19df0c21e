"""Which column of a user's table is which: ``--columns x=XWIN[pix],y=YWIN[pix]``."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
from astropy.time import Time

from reseau.errors import (
    ConfigError,
    WrongKindError,
    explain,
    missing_columns_error,
    near_misses,
    some,
)
from reseau.tables.layouts import MEASUREMENTS, REFERENCE
from reseau.tables.parted_angles import with_angles_of_parts
from reseau.tables.times.julian_years import julian_years

from .repeated import settle_repeated

GROUPS = ("field", "field_id", "block_id", "plate_id")
"""Columns that together may tell exposures apart."""

KNOWN = (
    *MEASUREMENTS.names,
    *(n for n in REFERENCE.names if n not in MEASUREMENTS and n != "source_name"),
    "catalog_id",
    "epoch",
    *GROUPS,
)
"""Columns of a table of detections that mean something."""

_CHOICE = re.compile(r"\s*([^=\[\]]+?)\s*=\s*([^=\[\]]+?)\s*(?:\[([^\]]*)\])?\s*")
_DATE = re.compile(r"[JBjb]?\d{4}(\.\d*)?|\d{4}-\d\d-\d\d([T ].*)?")


@dataclass(frozen=True)
class Choice:
    """A column of the user's table and the unit the user says it has.

    Attributes
    ----------
    column
        Its name in the table, or one value for all rows: a number or a date.
    unit
        Its unit, instead of the table's; None: the table's. Of an epoch also "mjd",
        "jd", "iso", "yr" or "byear", and a scale: "mjd tai".
    """

    column: str
    unit: str | None = None


Choices = str | Mapping[str, Choice | str | u.Quantity | u.UnitBase | Time] | None
"""As text; or by name the column, a `Choice`, the unit of a column that has that name,
or one value for all rows."""


def as_choices(
    columns: Choices, known: Collection[str] = KNOWN, option: str = "--columns"
) -> dict[str, Choice]:
    """Return what a user chose, however it was written.

    Parameters
    ----------
    columns
        Text as of `parse_columns`, a mapping ``{"x": "XWIN[pix]"}``, or None.
    known
        Names that mean something.
    option
        For messages.

    Raises
    ------
    ConfigError
        As of `parse_columns`; WrongKindError: it is something else.
    """
    if columns is None or isinstance(columns, str):
        return parse_columns(columns, known, option)
    if not isinstance(columns, Mapping):
        raise WrongKindError(
            explain(
                given=f"columns is a {type(columns).__name__}",
                wanted='text "x=XWIN[pix],y=YWIN[pix]", or a dictionary',
                where=option,
                todo='write {"x": "XWIN[pix]", "y": "YWIN[pix]"}',
            )
        )
    result: dict[str, Choice] = {}
    for name, choice in columns.items():
        chosen = _as_choice(str(name), choice, option)
        if chosen is not None:
            _check_name(str(name), {}, known, option)
            result[str(name)] = chosen
        else:
            result |= parse_columns(f"{name}={choice}", known, option)
    return result


def _as_choice(name: str, choice: object, option: str) -> Choice | None:
    # None: it is text.
    if isinstance(choice, Choice):
        return choice
    if isinstance(choice, u.UnitBase):
        return Choice(name, str(choice))
    if isinstance(choice, (u.Quantity, Time)) and np.ndim(choice):
        raise _complaint(
            f"{name} is an array of shape {np.shape(choice)}",
            "one value for all rows, or the name of a column",
            option,
        )
    if isinstance(choice, Time):
        return Choice(repr(float(julian_years(choice, name, option))), "yr")
    if isinstance(choice, u.Quantity):
        return Choice(repr(float(choice.value)), str(choice.unit))
    return None


def parse_columns(
    text: str | None, known: Collection[str] = KNOWN, option: str = "--columns"
) -> dict[str, Choice]:
    """Read ``name=COLUMN[unit],...``.

    Parameters
    ----------
    text
        As given on the command line; None or empty: nothing.
    known
        Names that mean something.
    option
        For messages.

    Raises
    ------
    ConfigError
        The text is not of that form, or a name is unknown or repeated.

    Examples
    --------
    >>> parse_columns("x=XWIN[pix]")
    {'x': Choice(column='XWIN', unit='pix')}
    """
    choices: dict[str, Choice] = {}
    for part in (text or "").split(",") if text else ():
        match = _CHOICE.fullmatch(part)
        if not match:
            raise _complaint(
                f"{part!r} cannot be read", "name=COLUMN[unit],...", option
            )
        name = match[1]
        _check_name(name, choices, known, option)
        choices[name] = Choice(match[2], match[3])
    return choices


def _check_name(
    name: str, before: Collection[str], known: Collection[str], option: str
) -> None:
    if name in known and name not in before:
        return
    near = [] if name in before else near_misses(name, known)
    state = "given twice" if name in before else "unknown"
    hint = f"; did you mean {some(near)}?" if near else ""
    raise _complaint(
        f"the column {name} is {state}",
        f"one of {some(known, len(known))}{hint}",
        option,
    )


def _complaint(given: str, wanted: str, where: str) -> ConfigError:
    return ConfigError(
        explain(given=given, wanted=wanted, where=where, todo="correct the option")
    )


def choose_columns(
    table: pa.Table,
    choices: Mapping[str, Choice],
    where: str | Path,
    *,
    known: Collection[str] = KNOWN,
    option: str = "--columns",
) -> pa.Table:
    """Give chosen columns their names and units.

    Parameters
    ----------
    table
        As read.
    choices
        By new name. A column that had the name is replaced. ``NAME#2`` is the second
        column of a name; a number or a date that is no column is the value of all rows.
    where
        For messages.
    known
        Names that mean something.
    option
        For messages.

    Raises
    ------
    CatalogueError
        A chosen column is absent, or a column that is needed is there twice with
        different values.
    """
    choices = {n: _as_spelt(c, table.column_names) for n, c in choices.items()}
    # The first of two columns keeps the bare name.
    wanted = {n: c.column.removesuffix("#1") for n, c in choices.items()}
    named = {c.column for c in choices.values()}
    needed = {c for c in named if "#" not in c} | (set(known) - set(choices))
    table = settle_repeated(table, needed, where, option)
    if "ra" in known and "dec" in known:
        table = with_angles_of_parts(table, choices, where)
    present = table.column_names
    absent = sorted(set(wanted.values()) - set(present))
    constants = {c: _constant(c) for c in absent}
    lost = [c for c, value in constants.items() if value is None]
    if lost:
        raise missing_columns_error(lost, present, "the table", where)
    gone = {c for c in wanted.values() if c not in known}
    arrays = {n: table[n] for n in present if n not in choices and n not in gone}
    fields = {n: table.schema.field(n) for n in arrays}
    for name, choice in choices.items():
        column = wanted[name]
        if column in present:
            arrays[name] = table[column]
            field = table.schema.field(column).with_name(name)
        else:
            arrays[name] = pa.chunked_array([[constants[column]] * table.num_rows])
            field = pa.field(name, arrays[name].type)
        if choice.unit is not None:
            field = _with_unit(field, choice.unit)
        fields[name] = field
    return pa.Table.from_arrays(
        list(arrays.values()),
        schema=pa.schema(fields.values(), metadata=table.schema.metadata),
    )


def _with_unit(field: pa.Field, unit: str) -> pa.Field:
    # The user's unit instead of the table's, and of its day 0 and its scale.
    own = field.metadata or {}
    kept = {k: v for k, v in own.items() if k != b"unit" and k[:5] != b"time_"}
    return field.with_metadata({**kept, b"unit": unit.encode()})


def _as_spelt(choice: Choice, present: Collection[str]) -> Choice:
    if choice.column in present:
        return choice
    # Names in FITS have no capitals and no small letters.
    alike = [n for n in present if n.lower() == choice.column.lower()]
    if len(alike) == 1:
        return Choice(alike[0], choice.unit)
    if choice.unit is None:
        return choice
    # "x [pix]" may be the name of a column, brackets and all; the unit is meant, too.
    for name in (f"{choice.column} [{choice.unit}]", f"{choice.column}[{choice.unit}]"):
        if name in present:
            return Choice(name, choice.unit)
    return choice


def _constant(text: str) -> int | float | str | None:
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if np.isfinite(value) else None
    return text if _DATE.fullmatch(text) else None


__all__ = [
    "GROUPS",
    "KNOWN",
    "Choice",
    "Choices",
    "as_choices",
    "choose_columns",
    "parse_columns",
]
