"""A Parquet file written group by group, never more of it in memory than one group."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .columns import TableSchema
from .files import for_astropy
from .validation import field_of

LONGEST = 32
"""Characters of a text that astropy is told to make room for."""


class GroupWriter:
    """Writes groups of rows, all of the same columns.

    Parameters
    ----------
    path
        Where to.
    schema
        What the table is.
    names
        Columns of it that the file has, in order.
    repeated
        Columns in which the same values come again and again.
    meta
        What `astropy.table.Table.meta` is to be.
    """

    def __init__(
        self,
        path: Path,
        schema: TableSchema,
        names: Sequence[str],
        *,
        repeated: Sequence[str],
        meta: Mapping[str, object] | None = None,
    ) -> None:
        plain = pa.schema([field_of(schema[name]) for name in names])
        noted = dict(for_astropy(plain.empty_table(), meta or {}).schema.metadata)
        for field in plain:
            if pa.types.is_string(field.type):
                noted[f"table::len::{field.name}".encode()] = str(LONGEST).encode()
        self.schema = plain.with_metadata(noted)
        self.rows = 0
        self._writer = pq.ParquetWriter(
            path,
            self.schema,
            compression="none",
            use_dictionary=[name for name in repeated if name in names],
            write_page_checksum=True,
        )

    def write(self, columns: Mapping[str, Any]) -> None:
        """Write a group of rows.

        Parameters
        ----------
        columns
            Arrays of one length, of NumPy or of Arrow.
        """
        arrays = [_array(columns[f.name], f.type) for f in self.schema]
        self.write_table(pa.Table.from_arrays(arrays, schema=self.schema))

    def write_table(self, table: pa.Table) -> None:
        """Write a table of the same columns as one group of rows.

        Parameters
        ----------
        table
            The rows; none: nothing is written.
        """
        if len(table):
            self._writer.write_table(table, row_group_size=len(table))
            self.rows += len(table)

    def close(self) -> None:
        """End the file."""
        self._writer.close()


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, np.ndarray):
        return pa.array(values, type=kind)
    return values.cast(kind)


@contextmanager
def group_writer(path: Path, *args: Any, **choices: Any) -> Iterator[GroupWriter]:
    """Give a `GroupWriter`, which is closed when the block ends.

    Parameters
    ----------
    path, *args, **choices
        As of `GroupWriter`.
    """
    writer = GroupWriter(path, *args, **choices)
    try:
        yield writer
    finally:
        writer.close()


__all__ = ["GroupWriter", "group_writer"]
