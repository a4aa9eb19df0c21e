"""A table of PostgreSQL as a Parquet file: COPY part by part, each a piece.

A piece is whole or absent, so that a database that goes away in the middle costs the
part that was being copied and nothing is lost or doubled: the same run waits for it,
and a later one goes on where this one ended.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reseau._windows import Window
from reseau.errors import OutputExistsError, TableWarning, explain, warn
from reseau.exchange.archives.pieces import (
    MARKS,
    folder_of,
    joined,
    remove,
    write_piece,
)
from reseau.tables import Resumable, piece_file, resumable_directory
from reseau.tables.owned import PIECES

from .address import address_of
from .columns import table_of
from .connection import PATIENCE, Database
from .parts import Part, Parts, cut, parts_of
from .relation import Relation, quoted, relation_of

ROWS = 200_000
"""Rows of a piece."""

Told = Callable[[int, int], None]


def staged(
    url: str | Path,
    folder: str | Path,
    window: Window | None = None,
    *,
    rows: int = ROWS,
    patience: float = PATIENCE,
    overwrite: bool = False,
    told: Told | None = None,
) -> Path:
    """Copy a table of PostgreSQL, or the part of it in a window, into a Parquet file.

    Parameters
    ----------
    url
        ``postgresql://user@host/database?table=schema.name``.
    folder
        Where the file is made, as ``schema.name.parquet``; pieces lie beside it until
        it is whole. One that is whole already, of the same table as it is now, is
        returned.
    window
        The part of the sky; absent: all rows.
    rows
        Rows of a piece.
    patience
        Seconds that the database may be away.
    overwrite
        Whether pieces of another state of the table may be removed.
    told
        Called after each piece with how many are done, and of how many.

    Returns
    -------
    The file. Integers keep 64 bits and NULL is null; rows are in the order of the key.

    Raises
    ------
    ServiceError
        The database cannot be reached or went away for longer; what is done stays.
    CatalogueError
        There is no such table, or no position in it to which a window applies.
    ConfigError
        The address names no table, or psycopg is not installed.
    """
    address = address_of(url)
    with Database(address, patience=patience) as database:
        copy = _copy_of(database, window, rows)
        target = Path(folder) / f"{copy.short_name}.parquet"
        if _is_there(target, copy):
            return target
        with resumable_directory(
            folder_of(target),
            identity=copy.identity(),
            pieces=copy.names(),
            overwrite=overwrite,
            marks=MARKS,
        ) as pieces:
            _copy_all(database, copy, pieces, told)
            _tell_changes(database, copy, rows)
            meta = {"source": address.shown, "staged": copy.digest()}
            found = [pieces.folder / name for name in pieces.pieces]
            joined(found, target, meta=meta, overwrite=True)
            with piece_file(pieces.folder / PIECES.mark) as temporary:
                temporary.write_text(json.dumps({"format": f"{PIECES.format}1"}))
        remove(folder_of(target))
    return target


@dataclass(frozen=True)
class _Copy:
    """What is copied of a table, and in which parts."""

    shown: str
    relation: Relation
    window: Window | None
    parts: Parts

    @property
    def short_name(self) -> str:
        """The table's name for a file."""
        return self.relation.name.replace('"', "").replace("/", "_")

    def names(self) -> list[str]:
        """Return the names of the pieces."""
        return [f"piece-{n:05d}.parquet" for n in range(len(self.parts.parts))]

    def identity(self) -> dict[str, Any]:
        """Return what makes the content."""
        return {
            "source": self.shown,
            "window": None if self.window is None else str(self.window),
            "columns": [f"{c.name} {c.kind}" for c in self.relation.columns],
            "state": list(self.parts.state),
            "parts": _digest([part.where for part in self.parts.parts]),
        }

    def digest(self) -> str:
        """Return a short text that another content has not."""
        return _digest(self.identity())

    def rows(self, database: Database, part: Part) -> pa.Table:
        """Return the rows of one part."""
        query = self._query(part)

        def copied(connection: Any) -> bytes:
            with connection.cursor() as cursor, cursor.copy(query) as copy:
                return b"".join(bytes(piece) for piece in copy)

        table = table_of(database.done(copied), self.relation.columns)
        if self.window is None:
            return table
        return cut(table, self.relation, self.window, part.tile)

    def _query(self, part: Part) -> str:
        columns = ", ".join(quoted(c.name) for c in self.relation.columns)
        order = f" ORDER BY {quoted(self.relation.key)}" if self.relation.key else ""
        where = f" WHERE {part.where}" if part.where else ""
        select = f"SELECT {columns} FROM {self.relation.name}{where}{order}"
        return f"COPY ({select}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"


def _copy_of(database: Database, window: Window | None, rows: int) -> _Copy:
    relation = relation_of(database)
    parts = parts_of(database, relation, window, rows)
    return _Copy(database.address.shown, relation, window, parts)


def _copy_all(
    database: Database, copy: _Copy, pieces: Resumable, told: Told | None
) -> None:
    """Copy the parts that are not there."""
    total = len(pieces.pieces)
    each = zip(pieces.pieces, copy.parts.parts, strict=True)
    for done, (name, part) in enumerate(each, start=1):
        if not pieces.is_done(name):
            table = copy.rows(database, part)
            said = {"rows": str(table.num_rows)}
            write_piece(pieces.folder / name, table, said)
        if told is not None:
            told(done, total)


def _tell_changes(database: Database, copy: _Copy, rows: int) -> None:
    """Warn where somebody wrote into the table while it was copied."""
    after = parts_of(database, copy.relation, copy.window, rows)
    if after.state != copy.parts.state:
        warn(
            f"{copy.relation.name} was changed while it was copied: some of its rows "
            "may be as they were before, others as they are now",
            TableWarning,
        )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_there(target: Path, copy: _Copy) -> bool:
    """Return whether a file holds what is wanted of the table as it is now."""
    if not target.is_file():
        return False
    metadata = pq.read_schema(target).metadata or {}
    if b"reseau_staged" in metadata:
        return metadata[b"reseau_staged"].decode() == copy.digest()
    raise OutputExistsError(
        explain(
            given=f"{target} is there, and no copy of a table of a database",
            wanted="a folder for copies",
            where=str(target),
            todo="name another folder",
        )
    )


__all__ = ["staged"]
