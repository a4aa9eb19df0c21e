"""A table that is made of pieces on disk, row groups after row groups.

Pieces lie in a directory beside the table, each whole or absent, and are joined at the
end without ever being in memory together.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reseau.errors import FileFormatError, explain
from reseau.tables import new_file, piece_file
from reseau.tables.astropy_tables import header_yaml
from reseau.tables.files import write_parquet
from reseau.tables.owned import PIECES

MARKS = (PIECES.mark,)
"""Of the directory; see `tables.owned`."""

_LENGTHS = b"table::len::"
"""Keys under which astropy keeps the longest text of a column."""


def folder_of(output: Path) -> Path:
    """Return the directory in which the pieces of a table are kept."""
    return output.with_name(f"{output.name}.pieces")


def write_piece(path: Path, table: pa.Table, said: Mapping[str, str]) -> None:
    """Write a piece, which has its name when it is whole.

    Parameters
    ----------
    path
        Where to.
    table
        Its rows.
    said
        To be kept with it, see `said_of`.
    """
    metadata: dict[bytes | str, bytes | str] = {**(table.schema.metadata or {})}
    metadata.update(said)
    with piece_file(path) as temporary:
        write_parquet(table.replace_schema_metadata(metadata), temporary)


def said_of(path: Path) -> dict[str, str]:
    """Return what is kept with a piece, or a table."""
    metadata = pq.read_schema(path).metadata or {}
    return {k.decode(): v.decode("utf-8", "replace") for k, v in metadata.items()}


def joined(
    pieces: Sequence[Path],
    output: str | Path,
    *,
    meta: Mapping[str, str],
    overwrite: bool = False,
) -> int:
    """Write one table of all pieces, in their order, and return its rows.

    Parameters
    ----------
    pieces
        Parquet files with the same columns.
    output
        The table.
    meta
        Provenance, kept as `astropy.table.Table.meta`.
    overwrite
        Whether a file of that name may be replaced.
    """
    schema = _schema(pieces, meta)
    rows = 0
    with (
        new_file(output, overwrite=overwrite) as temporary,
        pq.ParquetWriter(
            temporary, schema, compression="zstd", write_page_checksum=True
        ) as writer,
    ):
        for batch in _batches(pieces):
            writer.write_batch(_cast(batch, schema))
            rows += batch.num_rows
    return rows


def _batches(pieces: Iterable[Path]) -> Iterable[pa.RecordBatch]:
    for piece in pieces:
        with pq.ParquetFile(piece) as file:
            yield from file.iter_batches(batch_size=1 << 17)


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [batch.column(field.name).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _schema(pieces: Sequence[Path], meta: Mapping[str, str]) -> pa.Schema:
    """Return the columns of all pieces, with what astropy wants to know of them."""
    schemas = [pq.read_schema(piece) for piece in pieces]
    names = [schema.names for schema in schemas]
    if any(each != names[0] for each in names):
        raise FileFormatError(
            explain(
                given=f"pieces have other columns than {pieces[0].name}",
                wanted="the same columns in all pieces",
                where=str(pieces[0].parent),
                todo="was the table changed meanwhile? --overwrite begins anew",
            )
        )
    bare = [schema.with_metadata(None) for schema in schemas]
    whole = pa.unify_schemas(bare, promote_options="permissive")
    lengths: dict[bytes, bytes] = {}
    for schema in schemas:
        for key, value in (schema.metadata or {}).items():
            if key.startswith(_LENGTHS):
                longest = max(int(value), int(lengths.get(key, b"1")))
                lengths[key] = str(longest).encode()
    said = {"table_meta_yaml": header_yaml(whole.empty_table(), dict(meta))}
    provenance = {f"reseau_{key}": value for key, value in meta.items()}
    metadata: dict[bytes | str, bytes | str] = {}
    for part in (lengths, said, provenance):
        metadata.update(part)  # type: ignore[arg-type]
    return whole.with_metadata(metadata)


def remove(folder: Path) -> None:
    """Remove the pieces of a table that is written; what is not ours stays."""
    for pattern in PIECES.files:
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


__all__ = ["MARKS", "folder_of", "joined", "remove", "said_of", "write_piece"]
