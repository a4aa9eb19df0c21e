"""Parquet, with the units that astropy keeps in its own header."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from astropy.table.meta import get_header_from_yaml

from reseau.errors import ReseauError
from reseau.tables.astropy_tables import field_metadata
from reseau.tables.header_keywords import keywords_of, with_keywords

from .content import Content
from .mixins import apart
from .refusals import reason_of, refuse, truncated, unreadable

MOST_BYTES = 2**30
"""Size of a table that any Parquet file may have in memory."""

MOST_TIMES = 1000
"""How many times its own size a Parquet file may have in memory beyond that."""

_CELL = 8


def read_parquet(content: Content, notes: list[str]) -> pa.Table:
    """Read a Parquet file.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    path = content.path
    _check_end(content)
    with (
        damage_of_parquet(path),
        content.open() as file,
        # ParquetFile and not read_table: that would take folders for columns.
        pq.ParquetFile(file, page_checksum_verification=True) as opened,
    ):
        schema = opened.schema_arrow
        _check_size(opened.metadata, content)
        nested = [f.name for f in schema if pa.types.is_nested(f.type)]
        kept = [f.name for f in schema if f.name not in nested]
        table = opened.read(kept) if nested else opened.read()
    if nested:
        notes.append(f"is read without {', '.join(nested)}: a column of arrays")
    return with_header(table, path, notes)


@contextmanager
def damage_of_parquet(path: Path) -> Iterator[None]:
    """Turn what a damaged file makes Arrow raise into a message."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, ReseauError):
            raise
        raise unreadable(
            path,
            "a whole Parquet file",
            reason_of(error),
            "write or fetch it anew: what it holds is damaged",
        ) from error


def with_header(table: pa.Table, path: Path, notes: list[str]) -> pa.Table:
    """Return a table with what astropy has written of it into its header.

    Parameters
    ----------
    table
        As Arrow reads it.
    path
        Its file.
    notes
        What a user should know is added here.
    """
    header = (table.schema.metadata or {}).get(b"table_meta_yaml")
    return _with_yaml_metadata(table, header, path, notes) if header else table


def _check_end(content: Content) -> None:
    with content.open() as file:
        file.seek(max(content.size - 4, 0))
        end = file.read()
    if content.size < 12 or end != b"PAR1":
        raise truncated(
            content.path, "parquet", f"it ends with {end!r} and not with b'PAR1'"
        )


def _check_size(metadata: Any, content: Content) -> None:
    size = _CELL * metadata.num_rows * metadata.num_columns
    if size > MOST_BYTES and size > MOST_TIMES * content.size:
        rows = f"{metadata.num_rows:,} rows of {metadata.num_columns} columns"
        raise refuse(
            content.path,
            f"{content.path.name} has {content.size:,} bytes and promises {rows}",
            f"at most {MOST_TIMES} times the file's size in memory",
            "check what wrote it; if it is right, split it into several files",
        )


def _with_yaml_metadata(
    table: pa.Table, header: bytes, path: Path, notes: list[str]
) -> pa.Table:
    # astropy keeps units of Parquet columns in a header like that of ECSV.
    try:
        known = get_header_from_yaml(header.decode().split("\n"))
        declared = [(str(c["name"]), c) for c in known["datatype"]]
    # The parser of YAML raises many kinds, and RecursionError.
    except Exception as error:  # noqa: BLE001
        notes.append(f"has units that cannot be read: {reason_of(error)}")
        return table
    for name, column in declared:
        if table.column_names.count(name) == 1:
            i = table.schema.get_field_index(name)
            metadata = field_metadata(column.get("unit"), column.get("description"), {})
            field = table.schema.field(i)
            said = {k.encode(): v.encode() for k, v in metadata.items()}
            own = {**said, **(field.metadata or {})}
            table = table.set_column(i, field.with_metadata(own), table[name])
    table = with_keywords(table, keywords_of(known.get("meta")))
    return apart(table, known.get("meta"), path, notes)


__all__ = ["damage_of_parquet", "read_parquet", "with_header"]
