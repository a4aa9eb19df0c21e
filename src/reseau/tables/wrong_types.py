"""Say what is wrong with a column whose type is not the schema's, and in which rows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain, some

from .columns import Column

_INTEGER = r"^\s*[+-]?[0-9]+\s*$"
_NUMBER = (
    r"(?i)^\s*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf(inity)?)\s*$"
)


def printable(text: object) -> str:
    """Return what a library says without characters that steer a terminal."""
    words = "".join(c if c.isprintable() else " " for c in str(text)).split()
    return " ".join(words)


def wrong_type(
    values: pa.ChunkedArray, column: Column, where: str | Path, why: object = ""
) -> CatalogueError:
    """Return the error for a column of another type than the schema's.

    Parameters
    ----------
    values
        As read.
    column
        Of the schema.
    where
        File, for the message.
    why
        What a library says of it.
    """
    reason = f" ({printable(why)})" if why else ""
    place, todo = f"{where}, column {column.name}", _advice(values.type, column)
    is_id = column.dtype.startswith("int")
    loses = is_id and column.name.endswith("_id")
    if _is_text(values.type) and (is_id or column.dtype == "float64"):
        # What the library says is about the first of these rows only.
        reason, rows, todo = _bad_text(values, column, todo)
        place += rows
    return CatalogueError(
        explain(
            given=f"column {column.name} is of type {values.type}{reason}",
            wanted=column.dtype
            + (": floating-point numbers lose digits of an id" if loses else ""),
            where=place,
            todo=todo,
        )
    )


def _is_text(found: pa.DataType) -> bool:
    return pa.types.is_string(found) or pa.types.is_large_string(found)


def _advice(found: pa.DataType, column: Column) -> str:
    if not column.dtype.startswith("int"):
        return "write the column as that type"
    if _is_text(found) and column.name.endswith("_id"):
        what = column.name.removesuffix("_id").removeprefix("catalog") or "source"
        return f"give each {what} a number, and write the column as integers"
    return "write the column as integers"


def _bad_text(
    values: pa.ChunkedArray, column: Column, todo: str
) -> tuple[str, str, str]:
    # What is given, where, and what to do about text in a column of numbers.
    is_id = column.dtype.startswith("int")
    kind = "integers" if is_id else "numbers"
    bad = _unlike(values, _INTEGER if is_id else _NUMBER)
    if not len(bad):
        return f": {kind} written as text", "", f"write the column as {kind}"
    texts = [printable(values[int(i)].as_py()) for i in bad[:3]]
    if not is_id:
        todo = f"correct or remove what is no number, and write {kind}"
    if not is_id and any(":" in text for text in texts):
        todo = f"write {column.name} in decimal degrees"
    given = (
        f": {len(bad)} of {len(values)} values are text, no {kind} "
        f"({some([repr(t) for t in texts])})"
    )
    return given, f", rows {some(bad)} (counted from 0)", todo


def _unlike(values: pa.ChunkedArray, pattern: str) -> NDArray:
    fits = pc.match_substring_regex(values, pattern)
    return np.flatnonzero(~pc.fill_null(fits, True).to_numpy())


__all__ = ["printable", "wrong_type"]
