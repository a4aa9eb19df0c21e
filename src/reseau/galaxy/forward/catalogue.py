"""Mock catalogues in files: a piece for each tile, then all of them as one table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.tables import piece_file
from reseau.tables.columns import TableSchema
from reseau.tables.mock_layouts import MOCK
from reseau.tables.streamed import group_writer
from reseau.tables.validation import field_of

from .stars import Columns
from .window import Tile

CATALOGUE = "catalogue.parquet"
"""Table of all stars."""

ROWS = 250_000
"""About how many rows a group has."""

REPEATED = (
    "ref_epoch",
    "component",
    "age",
    "metallicity",
    "on_map",
    "astrometric_params_solved",
)
"""Columns in which the same values come again and again."""


def piece_of(tile: Tile) -> str:
    """Return the name of a tile's file within a mock's directory."""
    return f"tiles/{tile.number:07d}.parquet"


def schema_names(example: Iterable[str], schema: TableSchema = MOCK) -> list[str]:
    """Return those of some columns that the schema has, in its order."""
    wanted = set(example)
    return [name for name in schema.names if name in wanted]


def write_tile(
    path: Path,
    parts: Iterator[Columns],
    names: Sequence[str],
    components: Sequence[str],
) -> int:
    """Write the stars of a tile, and return how many there are.

    Parameters
    ----------
    path
        The piece.
    parts
        Columns, some stars at a time.
    names
        Of the columns.
    components
        Names of the components.
    """
    with (
        piece_file(path) as temporary,
        group_writer(temporary, MOCK, names, repeated=REPEATED) as writer,
    ):
        for part in parts:
            writer.write(as_arrow_columns(part, components))
        return writer.rows


def as_arrow_columns(part: Columns, components: Sequence[str]) -> Mapping[str, Any]:
    """Return columns with the component as text."""
    texts = pa.DictionaryArray.from_arrays(
        pa.array(part["component"], pa.int32()), pa.array(list(components), pa.string())
    )
    return {**part, "component": texts}


def mock_table(part: Columns, components: Sequence[str]) -> pa.Table:
    """Return stars as a table.

    Parameters
    ----------
    part
        Columns, with the number of the component.
    components
        Names of the components.
    """
    named = as_arrow_columns(part, components)
    fields = [field_of(MOCK[name]) for name in schema_names(part)]
    arrays = [
        pa.array(named[f.name], f.type)
        if isinstance(named[f.name], np.ndarray)
        else named[f.name].cast(f.type)
        for f in fields
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def join_pieces(
    folder: Path, pieces: Sequence[str], names: Sequence[str], meta: Mapping[str, Any]
) -> Counter[str]:
    """Write the table of all stars, and return how many each component has.

    Parameters
    ----------
    folder
        The mock's directory.
    pieces
        Names of the files of its tiles, in order.
    names
        Of the columns.
    meta
        What astropy's table says of itself.
    """
    with (
        piece_file(folder / CATALOGUE) as temporary,
        group_writer(temporary, MOCK, names, repeated=REPEATED, meta=meta) as writer,
    ):
        counts: Counter[str] = Counter()
        waiting: list[pa.Table] = []
        for piece in pieces:
            with pq.ParquetFile(folder / piece) as file:
                for group in range(file.num_row_groups):
                    waiting.append(file.read_row_group(group))
                    counts.update(counted(waiting[-1]))
                    if sum(map(len, waiting)) >= ROWS:
                        writer.write_table(_as_one(waiting, writer.schema))
                        waiting = []
        if waiting:
            writer.write_table(_as_one(waiting, writer.schema))
        return counts


def counted(table: pa.Table) -> Counter[str]:
    """Return how many rows each component has.

    Parameters
    ----------
    table
        With the column `component`.
    """
    found = table["component"].value_counts().to_pylist()
    return Counter({row["values"]: row["counts"] for row in found})


def _as_one(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    whole = pa.concat_tables(tables).combine_chunks()
    return whole.replace_schema_metadata(schema.metadata)


__all__ = [
    "CATALOGUE",
    "as_arrow_columns",
    "counted",
    "join_pieces",
    "mock_table",
    "piece_of",
    "schema_names",
    "write_tile",
]
