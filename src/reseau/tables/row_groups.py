"""A Parquet file read group by group: never more of it in memory than one group."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Int

from reseau.errors import TableWarning, warn

from .dialects.content import open_content
from .dialects.parquet import damage_of_parquet, with_header
from .dialects.recognise import format_of
from .files import require_file


class Bounds(NamedTuple):
    """Least and greatest value of a column in a group."""

    low: int
    high: int


class RowGroups:
    """The groups of rows of a Parquet file, each of which can be read alone.

    It is open as long as the block of a ``with`` lasts.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileFormatError
        It does not exist, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._native = open_file(require_file(path))
        with damage_of_parquet(path), ExitStack() as opened:
            opened.callback(self._native.close)
            self._file = pq.ParquetFile(
                self._native, page_checksum_verification=True, pre_buffer=False
            )
            opened.pop_all()

    def __enter__(self) -> "RowGroups":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._native.close()

    def has_integers(self, column: str) -> bool:
        """Return whether the file has a column, once, and integers are in it.

        Parameters
        ----------
        column
            Its name.
        """
        schema = self._file.schema_arrow
        once = schema.names.count(column) == 1
        return once and pa.types.is_integer(schema.field(column).type)

    def __len__(self) -> int:
        return int(self._file.num_row_groups)

    def bounds(self, column: str) -> list[Bounds | None]:
        """Return what the file says of a column in each group; None: nothing.

        Parameters
        ----------
        column
            Of integers.
        """
        place = self._file.schema_arrow.names.index(column)
        metadata = self._file.metadata
        # Columns of numbers alone are one leaf each, and in the same order.
        flat = metadata.num_columns == len(self._file.schema_arrow.names)
        found: list[Bounds | None] = []
        for group in range(len(self)):
            told = metadata.row_group(group).column(place).statistics if flat else None
            if told is None or not told.has_min_max or told.null_count:
                found.append(None)
            else:
                found.append(Bounds(int(told.min), int(told.max)))
        return found

    def column(self, group: int, column: str) -> Int[np.ndarray, "n"]:
        """Return the values of a column of integers in a group; missing ones are -1.

        Parameters
        ----------
        group
            Its number, from 0.
        column
            Its name.
        """
        with damage_of_parquet(self.path):
            values = self._file.read_row_group(group, columns=[column])[column]
        return values.cast(pa.int64()).fill_null(-1).to_numpy()

    def rows(self, chosen: Sequence[tuple[int, Bool[np.ndarray, "_"]]]) -> pa.Table:
        """Return some rows of some groups, in the order of the file.

        Parameters
        ----------
        chosen
            Numbers of groups, ascending, with which of their rows are wanted.
        """
        schema = self._file.schema_arrow
        nested = [f.name for f in schema if pa.types.is_nested(f.type)]
        kept = [f.name for f in schema if f.name not in nested]
        tables = [pa.schema([schema.field(n) for n in kept]).empty_table()]
        for group, wanted in chosen:
            with damage_of_parquet(self.path):
                table = self._file.read_row_group(group, columns=kept)
            whole = bool(wanted.all())
            tables.append(table if whole else table.filter(pa.array(wanted)))
        found = pa.concat_tables(tables[1:] or tables).combine_chunks()
        notes = [f"is read without {', '.join(nested)}: a column of arrays"]
        notes = notes if nested else []
        found = with_header(
            found.replace_schema_metadata(schema.metadata), self.path, notes
        )
        for note in dict.fromkeys(notes):
            warn(f"{self.path.name} {note}", TableWarning)
        return found


def is_read_by_groups(path: Path) -> bool:
    """Return whether a file is Parquet, and not compressed as a whole.

    Parameters
    ----------
    path
        A file.
    """
    content = open_content(require_file(path))
    return content.packing is None and format_of(content) == "parquet"


def open_file(path: Path) -> pa.NativeFile:
    """Open a file of which parts are read."""
    return pa.OSFile(str(path))


__all__ = ["Bounds", "RowGroups", "is_read_by_groups"]
