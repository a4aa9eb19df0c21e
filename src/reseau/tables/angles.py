"""Right ascensions and declinations as text: ``05:35:17.3``, ``-5d23m28s``."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn

STEP = b"reseau_step_deg"
"""Key of a field's metadata: in which steps the angle was written [deg]."""

_SEXAGESIMAL = (
    r"^\s*(?P<sign>[+-]?)\s*(?P<a>\d{1,3})\s*(?P<mark>[:hHdD°\s])\s*"
    r"(?P<b>\d{1,2})\s*[:mM'′\s]\s*(?P<c>\d{1,2}(?:\.\d*)?)\s*[sS\"″]*\s*$"
)
_DEGREES = ("deg", "degree", "degrees")
_HOURS = ("h", "hour", "hours", "hourangle")


def read_angles(table: pa.Table, where: str | Path) -> pa.Table:
    """Return the table with sexagesimal `ra` and `dec` in degrees.

    Parameters
    ----------
    table
        As read; columns that hold numbers stay as they are.
    where
        For messages.

    Raises
    ------
    CatalogueError
        A text is no angle, or hours cannot be told from degrees.

    Warns
    -----
    ReseauWarning
        `ra` is taken in hours, which nobody said.
    """
    for name in ("ra", "dec"):
        if name not in table.column_names:
            continue
        column = table[name]
        if is_text(column.type):
            table = _with_degrees(table, name, column, where)
    return table


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column's values are texts."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_one(kind) for is_one in kinds)


def _with_degrees(
    table: pa.Table, name: str, column: pa.ChunkedArray, where: str | Path
) -> pa.Table:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = column.combine_chunks().cast(pa.string())
    parts = pc.extract_regex(text, pattern=_SEXAGESIMAL)
    fits = parts.is_valid().to_numpy(zero_copy_only=False)
    if not fits.any():
        return table  # numbers as text, or no angles at all: `validate` says so
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), ""), True)
    wrong = ~fits & ~blank.to_numpy(zero_copy_only=False)
    if wrong.any():
        raise _no_angle(name, text, wrong, where, "a text as 05:35:17.3 in every row")
    a, b, c = (_numbers(parts, key) for key in "abc")
    if (np.nan_to_num(np.stack([b, c])) >= 60).any():
        wrong = (b >= 60) | (c >= 60)
        raise _no_angle(name, text, wrong, where, "minutes and seconds below 60")
    i = table.schema.get_field_index(name)
    metadata = dict(table.schema.field(i).metadata or {})
    unit = metadata.get(b"unit", b"").decode().strip().lower()
    marks = set(pc.unique(pc.utf8_lower(pc.struct_field(parts, "mark"))).to_pylist())
    factor = _factor(name, unit, marks, a, text, where)
    is_minus = pc.fill_null(pc.equal(pc.struct_field(parts, "sign"), "-"), False)
    negative = is_minus.to_numpy(zero_copy_only=False)
    values = factor * (a + b / 60 + c / 3600) * np.where(negative, -1.0, 1.0)
    digits = pc.struct_field(parts, "c")
    decimals = pc.max(
        pc.utf8_length(pc.replace_substring_regex(digits, r"^\d+\.?", ""))
    )
    step = factor / 3600 * 10.0 ** -int(decimals.as_py())
    metadata |= {b"unit": b"deg", STEP: repr(step).encode()}
    field = pa.field(name, pa.float64(), metadata=metadata)
    return table.set_column(i, field, pa.chunked_array([values]))


def _numbers(parts: pa.StructArray, key: str) -> NDArray:
    values = pc.struct_field(parts, key).cast(pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False), float)


def _factor(
    name: str, unit: str, marks: set, a: NDArray, text: pa.Array, where: str | Path
) -> float:
    if name == "dec" or unit in _DEGREES or marks <= {"d", "°", None}:
        return 1.0
    said = unit in _HOURS or marks <= {"h", None}
    if (np.nan_to_num(a) >= 24).any():
        raise _no_angle(
            name,
            text,
            np.nan_to_num(a) >= 24,
            where,
            "hours below 24; degrees are said as ra=NAME[deg]",
        )
    if not said:
        warn(
            f"{where}: ra is written as {text[0].as_py()!r} and taken in hours; say "
            "ra=NAME[deg] where columns are chosen if it is degrees",
            ReseauWarning,
        )
    return 15.0


def _no_angle(
    name: str, text: pa.Array, wrong: NDArray, where: str | Path, wanted: str
) -> CatalogueError:
    rows = np.flatnonzero(wrong)
    shown = [repr(text[int(i)].as_py()) for i in rows[:3]]
    return CatalogueError(
        explain(
            given=f"column {name} has {len(rows)} of {len(wrong)} texts that are no "
            f"angle ({some(shown)})",
            wanted=wanted,
            where=f"{where}, column {name}, rows {some(rows)} (counted from 0)",
            todo=f"correct these rows, or write {name} in decimal degrees",
        )
    )


__all__ = ["STEP", "is_text", "read_angles"]
