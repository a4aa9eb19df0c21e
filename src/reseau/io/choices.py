"""Which column of a user's table is which: ``--columns x=XWIN[pix],y=YWIN[pix]``."""

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from reseau.errors import ConfigError, explain, missing_columns_error, near_misses, some
from reseau.schema import MEASUREMENTS, REFERENCE

GROUPS = ("field", "field_id", "block_id", "plate_id")
"""Columns that together may tell exposures apart."""

KNOWN = (
    *MEASUREMENTS.names,
    *(name for name in REFERENCE.names if name not in MEASUREMENTS),
    "catalog_id",
    "epoch",
    *GROUPS,
)
"""Columns of a table of detections that mean something."""

_CHOICE = re.compile(r"\s*([^=\[\]]+?)\s*=\s*([^=\[\]]+?)\s*(?:\[([^\]]*)\])?\s*")


@dataclass(frozen=True)
class Choice:
    """A column of the user's table and the unit the user says it has.

    Attributes
    ----------
    column
        Its name in the table.
    unit
        Its unit, instead of the table's; None: the table's.
    """

    column: str
    unit: str | None = None


def parse_columns(text: str | None) -> dict[str, Choice]:
    """Read ``name=COLUMN[unit],...``.

    Parameters
    ----------
    text
        As given on the command line; None or empty: nothing.

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
                f"{part!r} cannot be read", "name=COLUMN[unit],...", "--columns"
            )
        name = match[1]
        if name not in KNOWN or name in choices:
            near = [] if name in choices else near_misses(name, KNOWN)
            state = "given twice" if name in choices else "unknown"
            hint = f"; did you mean {some(near)}?" if near else ""
            raise _complaint(
                f"the column {name} is {state}",
                f"one of {some(KNOWN, 20)}{hint}",
                "--columns",
            )
        choices[name] = Choice(match[2], match[3])
    return choices


def _complaint(given: str, wanted: str, where: str) -> ConfigError:
    return ConfigError(
        explain(given=given, wanted=wanted, where=where, todo="correct the option")
    )


def choose_columns(
    table: pa.Table, choices: dict[str, Choice], where: str | Path
) -> pa.Table:
    """Give chosen columns their names and units.

    Parameters
    ----------
    table
        As read.
    choices
        By new name. A column that had the name is replaced.
    where
        For messages.

    Raises
    ------
    CatalogueError
        A chosen column is absent.
    """
    present = table.column_names
    absent = sorted({c.column for c in choices.values()} - set(present))
    if absent:
        raise missing_columns_error(absent, present, "the table", where)
    arrays = {n: table[n] for n in present if n not in choices}
    fields = {n: table.schema.field(n) for n in arrays}
    for name, choice in choices.items():
        arrays[name] = table[choice.column]
        field = table.schema.field(choice.column).with_name(name)
        if choice.unit is not None:
            field = field.with_metadata({**(field.metadata or {}), "unit": choice.unit})
        fields[name] = field
    return pa.Table.from_arrays(
        list(arrays.values()), schema=pa.schema(fields.values())
    )


__all__ = ["GROUPS", "KNOWN", "Choice", "choose_columns", "parse_columns"]
