"""Tables of surveys as relations of the database, whatever the file's format.

Parquet and CSV are read by the database itself. A FITS table is streamed into it by
blocks of rows, only the columns that are wanted, so that a file larger than the memory
does no harm. Other formats are read whole.
"""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.errors import FileFormatError, ReseauWarning, explain, warn
from reseau.tables import is_path, place_of, table_from
from reseau.tables.files import require_file, table_format

from .database import name, readable, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS = 200_000
"""Rows of a FITS table that are in memory at a time."""

_NULLS = ("", "null", "NULL", "None", "nan", "NaN", "NA", "N/A", "--", "\\N")


@dataclass(frozen=True)
class Opened:
    """A table that the database can read.

    Attributes
    ----------
    where
        The file, for messages.
    kind
        "parquet", "csv", "fits", or "memory".
    types
        Types of the database by column; of a FITS file only as far as it matters.
    units
        As the file tells them.
    source
        Path, or the table in memory.
    """

    where: str
    kind: str
    types: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    source: Any = None


def open_table(connection: "DuckDBPyConnection", given: Any) -> Opened:
    """Find the columns of a table, without reading it.

    Parameters
    ----------
    connection
        The database.
    given
        A file, or a table in memory.

    Raises
    ------
    FileFormatError
        The file is absent, damaged, or of no known format.
    """
    where = place_of(given, "the table")
    if is_path(given) and Path(given).exists():
        path = require_file(given)
        kind = table_format(path)
        if kind == "parquet":
            return _parquet(connection, path)
        if kind == "csv" and path.suffix.lower() in (".csv", ".txt", ".tsv"):
            return _csv(connection, path)
        if kind == "fits" and path.suffix.lower() != ".gz":
            return _fits(path)
    elif is_path(given) and "[" not in str(given):
        require_file(given)
    table = table_from(given, what="the table")
    units = {f.name: _unit(f) for f in table.schema if _unit(f)}
    types = {f.name: _type_of(f.type) for f in table.schema}
    return Opened(where, "memory", types, units, table)


def _unit(column: pa.Field) -> str:
    return (column.metadata or {}).get(b"unit", b"").decode()


def _type_of(arrow: pa.DataType) -> str:
    if pa.types.is_integer(arrow):
        return "BIGINT"
    if pa.types.is_floating(arrow) or pa.types.is_decimal(arrow):
        return "DOUBLE"
    return "BOOLEAN" if pa.types.is_boolean(arrow) else "VARCHAR"


def _described(connection: "DuckDBPyConnection", relation: str) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {row[0]: row[1] for row in rows}


def _parquet(connection: "DuckDBPyConnection", path: Path) -> Opened:
    relation = f"read_parquet({text(path)})"
    with readable(str(path), "a whole Parquet file"):
        types = _described(connection, relation)
        schema = pq.read_schema(path)
    units = {f.name: _unit(f) for f in schema if _unit(f)}
    return Opened(str(path), "parquet", types, units, relation)


def _csv(connection: "DuckDBPyConnection", path: Path) -> Opened:
    nulls = ", ".join(map(text, _NULLS))
    relation = f"read_csv({text(path)}, nullstr=[{nulls}], sample_size=200000)"
    with readable(str(path), "a table of text, its first line the names"):
        types = _described(connection, relation)
    _check_whole(path, list(types))
    return Opened(str(path), "csv", types, {}, relation)


def _check_whole(path: Path, names: list[str]) -> None:
    """Raise where lines are not alike, and warn where the last one has no end."""
    if len(names) == 1 and any(sign in names[0] for sign in ",;\t|"):
        raise FileFormatError(
            explain(
                given="a line with more or fewer values than there are names in the "
                f"first, {len(names[0].split(','))} of them",
                wanted="a table of text whose lines all have as many values",
                where=str(path),
                todo="look at its last line: a file that was cut ends in half a line; "
                "get it again, or correct it",
            )
        )
    with path.open("rb") as content:
        content.seek(-1, os.SEEK_END)
        if content.read(1) not in b"\r\n":
            warn(
                f"{path}: the last line has no end of line; if the file was cut, its "
                "last value is wrong and rows are missing: get it again",
                ReseauWarning,
            )


def _fits(path: Path) -> Opened:
    header = _fits_table(path)
    types, units = {}, {}
    for i in range(1, header["TFIELDS"] + 1):
        column = str(header[f"TTYPE{i}"]).strip()
        code = str(header[f"TFORM{i}"]).strip().lstrip("0123456789")[:1]
        scaled = header.get(f"TSCAL{i}", 1) != 1
        whole = code in "BIJK" and not scaled
        types[column] = "BIGINT" if whole else "VARCHAR" if code == "A" else "DOUBLE"
        if header.get(f"TUNIT{i}"):
            units[column] = str(header[f"TUNIT{i}"]).strip()
    return Opened(str(path), "fits", types, units, path)


def _fits_table(path: Path) -> Any:
    """Return the header of the first table, or say why the file is no whole table."""
    # Not at the top: astropy takes a second.
    from astropy.io import fits

    try:
        with _opened_fits(path) as units:
            for unit in units:
                if isinstance(unit, fits.BinTableHDU):
                    _require_whole(path, unit)
                    return unit.header
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    raise _damaged(path, "it holds no binary table")


@contextmanager
def _opened_fits(path: Path) -> Iterator[Any]:
    """Open a FITS file in place; what astropy warns of is judged by ourselves."""
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path, memmap=True) as units:
            yield units


def _require_whole(path: Path, unit: Any) -> None:
    header = unit.header
    begin, has = unit.fileinfo()["datLoc"], path.stat().st_size
    row = header["NAXIS1"]
    if begin + row * header["NAXIS2"] > has:
        rows = max(has - begin, 0) // row if row else 0
        raise _damaged(
            path,
            f"it is truncated: the header promises {header['NAXIS2']:,} rows, "
            f"{rows:,} are there",
        )


def _damaged(path: Path, why: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=f"the FITS file cannot be read: {why}",
            wanted="a whole file with a binary table",
            where=str(path),
            todo="get the file again: the transfer may have ended early",
        )
    )


def relation_of(
    connection: "DuckDBPyConnection", opened: Opened, columns: Sequence[str], label: str
) -> str:
    """Return what stands after FROM to read a table, after bringing it in if needed.

    Parameters
    ----------
    connection
        The database.
    opened
        The table.
    columns
        Those that will be wanted.
    label
        A name of its own in the database.
    """
    if opened.kind == "parquet":
        return str(opened.source)
    wanted = ", ".join(map(name, columns))
    if opened.kind == "csv":
        with readable(opened.where, "a table of text whose columns are of one type"):
            connection.execute(
                f"CREATE TABLE {label} AS SELECT {wanted} FROM {opened.source}"
            )
        return label
    if opened.kind == "memory":
        connection.register(label, opened.source.select(list(columns)))
        return label
    batches = fits_batches(Path(opened.source), columns)
    first = next(batches)
    reader = pa.RecordBatchReader.from_batches(first.schema, _chained(first, batches))
    connection.register(f"{label}_rows", reader)
    connection.execute(f"CREATE TABLE {label} AS SELECT * FROM {label}_rows")
    connection.unregister(f"{label}_rows")
    return label


def _chained(
    first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def fits_batches(
    path: Path, columns: Sequence[str], rows: int = ROWS
) -> Iterator[pa.RecordBatch]:
    """Give the columns of the first table of a FITS file, block by block.

    Parameters
    ----------
    path
        The file.
    columns
        Names.
    rows
        Of a block.

    Yields
    ------
    At least one block, of no rows where the table has none. Integers stay integers;
    where one equals TNULL it is missing, and so is NaN.
    """
    from astropy.io import fits

    with _opened_fits(path) as units:
        unit = next(u for u in units if isinstance(u, fits.BinTableHDU))
        nulls = {c.name: c.null for c in unit.columns if c.null not in (None, "")}
        count = unit.header["NAXIS2"]
        for begin in range(0, max(count, 1), rows):
            block = unit.data[begin : begin + rows]
            arrays = [_arrow(block[c], nulls.get(c)) for c in columns]
            yield pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _arrow(values: np.ndarray, null: int | None) -> pa.Array:
    values = np.asarray(values)
    if values.dtype.kind in "SU":
        stripped = np.char.strip(values.astype(str))
        return pa.array(stripped, type=pa.string(), mask=stripped == "")
    native = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("="))
    if native.dtype.kind == "b":
        return pa.array(native)
    if native.dtype.kind == "f":
        return pa.array(native, mask=np.isnan(native))
    mask = None if null is None else native == null
    return pa.array(native, mask=mask)


__all__ = ["Opened", "fits_batches", "open_table", "relation_of"]
