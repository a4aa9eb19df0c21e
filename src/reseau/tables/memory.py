"""Tables in memory, of any library that people use, as Arrow's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
from astropy.table import QTable, Row, Table

from reseau.errors import CatalogueError, WrongKindError, explain

from .astropy_tables import from_astropy, to_astropy
from .files import read_table
from .header_keywords import keywords_of, with_keywords

KINDS = (
    "an astropy Table or QTable, a pandas DataFrame, a pyarrow Table, a structured "
    "array, or a dictionary of columns"
)
"""What counts as a table in memory."""

IN_MEMORY = "the table in memory"
"""Where a table without a file is, in messages."""

_IDS = ("source_id", "catalog_id", "exposure_id", "detector_id")
"""Columns that may be kept in a table's metadata instead."""


def is_path(source: object) -> bool:
    """Return whether something names a file or a directory."""
    return isinstance(source, (str, Path))


def is_table(source: object) -> bool:
    """Return whether something is a table in memory, one of `KINDS`."""
    if isinstance(source, np.ndarray):
        return _is_records(source)
    kinds = (Table, Row, pa.Table, pa.RecordBatch, Mapping)
    is_frame = hasattr(source, "iloc") and hasattr(source, "columns")
    is_other = is_frame or _is_catalogue(source) or hasattr(source, "to_arrow")
    return isinstance(source, kinds) or is_other


def _is_catalogue(source: object) -> bool:
    # By what it has: the room of catalogues is above this one.
    return isinstance(getattr(source, "table", None), QTable) and hasattr(
        source, "at_epoch"
    )


def _is_records(source: object) -> bool:
    # A place of astropy is a structured array, too, and a quantity.
    is_array = isinstance(source, np.ndarray) and not isinstance(source, u.Quantity)
    return is_array and bool(source.dtype.names)  # type: ignore[attr-defined]


def place_of(source: object, otherwise: str = IN_MEMORY) -> str:
    """Return what a table is called in messages."""
    if is_path(source):
        return str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else otherwise


def table_from(source: Any, *, what: str = "the table") -> pa.Table:
    """Return any table as Arrow's: from a file, or in memory.

    Parameters
    ----------
    source
        A path, one of `KINDS`, or a `Catalogue`.
    what
        What it is to be, for messages.

    Returns
    -------
    Columns with units in the metadata. Identifiers that are kept in the metadata of the
    table, or as a named index, are columns.

    Raises
    ------
    WrongKindError
        It is none of these.
    """
    if is_path(source):
        return with_kept_index(read_table(source))
    return with_kept_index(as_arrow(source, what=what))


def as_arrow(source: Any, *, what: str = "the table") -> pa.Table:
    """Return a table in memory as Arrow's.

    Parameters
    ----------
    source
        One of `KINDS`, or a `Catalogue`.
    what
        What it is to be, for messages.
    """
    where = place_of(source)
    if _is_catalogue(source):
        source = source.table
    if isinstance(source, Row):
        source = source.table[source.index : source.index + 1]
    if _is_records(source):
        source = Table(np.atleast_1d(source))
    if isinstance(source, Table):
        return from_astropy(_with_meta_ids(source), where=where)
    if isinstance(source, pa.Table):
        return _without_views(source)
    if isinstance(source, pa.RecordBatch):
        return _without_views(pa.Table.from_batches([source]))
    if (
        hasattr(source, "iloc")
        and hasattr(source, "index")
        and hasattr(source, "dtypes")
    ):
        if not hasattr(source, "columns"):
            raise _wrong_kind(source, what)
        return _from_pandas(source, where)
    if isinstance(source, Mapping):
        try:
            return from_astropy(QTable(dict(source)), where=where)
        except (TypeError, ValueError) as error:
            raise CatalogueError(
                explain(
                    given=f"a dictionary that makes no table: {error}",
                    wanted="one array of each column, all of one length",
                    where=what,
                    todo="correct the columns",
                )
            ) from error
    if hasattr(source, "to_arrow"):
        found = source.to_arrow()
        if isinstance(found, pa.Table):
            return _without_views(found)
    raise _wrong_kind(source, what)


def _without_views(table: pa.Table) -> pa.Table:
    # Text as polars keeps it, for which Arrow has few functions.
    for i, field in enumerate(table.schema):
        if field.type == pa.string_view():
            column = table.column(i).cast(pa.string())
            table = table.set_column(i, field.with_type(pa.string()), column)
    return table


def _wrong_kind(source: object, what: str) -> WrongKindError:
    return WrongKindError(
        explain(
            given=f"{what} is a {type(source).__name__}",
            wanted=f"a path, {KINDS}",
            where=what,
            todo="make it one of these, e.g. astropy.table.QTable(...)",
        )
    )


def _from_pandas(frame: Any, where: str) -> pa.Table:
    # Column by column, so that doubles, mixed types and any index get a word of ours.
    arrays, names = [], []
    index = frame.index
    for level, name in enumerate(index.names):
        if name is not None and str(name) not in map(str, frame.columns):
            arrays.append(_array(index.get_level_values(level), str(name), where))
            names.append(str(name))
    for i, name in enumerate(frame.columns):
        arrays.append(_array(frame.iloc[:, i], str(name), where))
        names.append(str(name))
    table = _without_views(pa.Table.from_arrays(arrays, names=names))
    return with_keywords(table, keywords_of(getattr(frame, "attrs", {})))


def _array(column: Any, name: str, where: str) -> pa.Array:
    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise CatalogueError(
            explain(
                given=f"column {name} holds values of mixed kinds ({error})",
                wanted="numbers, truth values or text, None where missing",
                where=f"{where}, column {name}",
                todo="convert the column, e.g. with astype",
            )
        ) from error


def _with_meta_ids(table: Table) -> Table:
    found = {
        name: table.meta[key]
        for name in _IDS
        for key in (name, name.upper())
        if key in table.meta and name not in table.colnames
    }
    # What is said of all rows at once is a keyword, see `header_keywords`.
    kept = {k: v for k, v in found.items() if np.ndim(v) and len(v) == len(table)}
    if not kept:
        return table
    table = table.copy(copy_data=False)
    for name, values in kept.items():
        table[name] = values
    return table


def with_kept_index(table: pa.Table) -> pa.Table:
    """Return the table with an index that pandas left in the metadata only.

    Parameters
    ----------
    table
        As read; an index of consecutive numbers, if it has a name, is in no column.
    """
    text = (table.schema.metadata or {}).get(b"pandas")
    if not text:
        return table
    try:
        indices = json.loads(text).get("index_columns", [])
    except ValueError:
        return table
    for index in indices:
        name = index.get("name") if isinstance(index, dict) else None
        if name is None or name in table.column_names or index.get("kind") != "range":
            continue
        values = np.arange(
            int(index["start"]), int(index["stop"]), int(index["step"]), dtype=np.int64
        )
        if len(values) == table.num_rows:
            table = table.append_column(str(name), pa.array(values))
    return table


def as_qtable(source: Any, *, what: str = "the catalogue") -> QTable:
    """Return a table in memory as astropy's, with units and masks.

    Parameters
    ----------
    source
        One of `KINDS`.
    what
        What it is to be, for messages.
    """
    return QTable(to_astropy(as_arrow(source, what=what)))


__all__ = [
    "IN_MEMORY",
    "KINDS",
    "as_arrow",
    "as_qtable",
    "is_path",
    "is_table",
    "place_of",
    "table_from",
    "with_kept_index",
]
