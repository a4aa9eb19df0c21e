"""A Parquet file as a table of PostgreSQL: COPY in parts, each a transaction.

The table is made under a name of its own, with a comment that says of which file it is
and how many rows are there; comment and rows are written in one transaction. A database
that goes away in the middle so costs one part, and nothing is lost or doubled. When all
rows are there the table has its index and its name.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reseau.errors import (
    FileFormatError,
    OutputExistsError,
    ServiceError,
    explain,
)

from .address import Address, address_of
from .columns import postgres_type, text_of
from .connection import PATIENCE, Database
from .relation import full_name, quoted

ROWS = 100_000
"""Rows of a part."""
FORMAT = "reseau-table/1"
"""What the comment of a table says that was written here."""

_PARTIAL = ".partial"
_COMMENT = "SELECT obj_description(to_regclass(%s), 'pg_class')"
_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname IN ('q3c', 'pg_sphere')"

Told = Callable[[int, int], None]


def store(
    parquet: str | Path,
    url: str | Path,
    *,
    overwrite: bool = False,
    rows: int = ROWS,
    patience: float = PATIENCE,
    told: Told | None = None,
) -> int:
    """Write a Parquet file into a table of PostgreSQL.

    The table gets a primary key where it has `source_id`, and an index on the sky where
    it has `ra` and `dec`: q3c's or pgSphere's where that extension is installed, else
    one of declination.

    Parameters
    ----------
    parquet
        The table.
    url
        ``postgresql://user@host/database?table=schema.name``; the schema is made where
        it is not there.
    overwrite
        Whether a table may be replaced that reseau wrote; no other one ever is.
    rows
        Rows of a part.
    patience
        Seconds that the database may be away.
    told
        Called after each part with how many rows are there, and of how many.

    Returns
    -------
    Rows of the table.

    Raises
    ------
    OutputExistsError
        A table of that name is there.
    ServiceError
        The database cannot be reached or went away for longer; what is done stays.
    CatalogueError
        A column has a type that no column of PostgreSQL has.
    ConfigError
        The address names no table, or psycopg is not installed.
    """
    address = address_of(url)
    with (
        _opened(Path(parquet)) as file,
        Database(address, patience=patience) as database,
    ):
        sink = _Sink(address, file.schema_arrow, _digest(Path(parquet)))
        sink.check_free(database, overwrite)
        done = sink.begin(database)
        total = file.metadata.num_rows
        for first, batch in _batches(file, rows):
            after = first + batch.num_rows
            if after > done:
                sink.append(database, batch.slice(max(done - first, 0)), after)
            if told is not None:
                told(after, total)
        sink.finish(database, total)
    return int(total)


def check_table(url: str | Path, *, overwrite: bool = False) -> None:
    """Raise unless `store` may write a table; call it before a long computation.

    Parameters
    ----------
    url, overwrite
        As of `store`.
    """
    address = address_of(url)
    with Database(address) as database:
        _Sink(address, pa.schema([]), "").check_free(database, overwrite)


def _opened(parquet: Path) -> Any:
    try:
        return pq.ParquetFile(parquet)
    except (OSError, pa.ArrowInvalid) as error:
        raise FileFormatError(
            explain(
                given=f"{parquet} cannot be read: {error}",
                wanted="a Parquet file",
                where=str(parquet),
                todo="correct the name, or write the file anew",
            )
        ) from error


def _digest(parquet: Path) -> str:
    with parquet.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _batches(file: Any, rows: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Give parts of a file, with how many rows are before each."""
    first = 0
    for batch in file.iter_batches(batch_size=rows):
        yield first, batch
        first += batch.num_rows


@dataclass(frozen=True)
class _Sink:
    """A table that is being written."""

    address: Address
    schema: pa.Schema
    digest: str

    @property
    def name(self) -> str:
        """The table's name as SQL writes it."""
        return full_name(self.address.schema, self.address.table)

    @property
    def partial(self) -> str:
        """Its name while it is written."""
        return full_name(self.address.schema, self.address.table + _PARTIAL)

    def _comment(self, done: int) -> str:
        return json.dumps({"format": FORMAT, "sha256": self.digest, "rows": done})

    def check_free(self, database: Database, overwrite: bool) -> None:
        """Raise unless the name is free, or may be taken."""
        ((oid,),) = database.rows("SELECT to_regclass(%s)::oid::bigint", (self.name,))
        if oid is None:
            return
        is_ours = _said(database, self.name) is not None
        if overwrite and is_ours:
            return
        wanted = "a table that reseau wrote" if overwrite else "a name that is free"
        todo = "name another table, or drop it yourself"
        raise OutputExistsError(
            explain(
                given=f"the table {self.name} is there already",
                wanted=wanted,
                where=self.address.shown,
                todo=f"{todo}, or --overwrite" if is_ours else todo,
            )
        )

    def begin(self, database: Database) -> int:
        """Make the table, or go on with one of the same file; return its rows."""
        said = _said(database, self.partial)
        if said is not None and said.get("sha256") == self.digest:
            return int(said["rows"])
        columns = ", ".join(f"{quoted(f.name)} {postgres_type(f)}" for f in self.schema)

        def make(connection: Any) -> None:
            if self.address.schema:
                schema = quoted(self.address.schema)
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.execute(f"DROP TABLE IF EXISTS {self.partial}")
            connection.execute(f"CREATE TABLE {self.partial} ({columns})")
            self._describe(connection)
            self._mark(connection, self.partial, 0)

        database.done(make)
        return 0

    def _describe(self, connection: Any) -> None:
        """Say units and meanings of columns in their comments."""
        for column in self.schema:
            said = {k.decode(): v.decode() for k, v in (column.metadata or {}).items()}
            unit = f"[{said['unit']}]" if said.get("unit") else ""
            text = f"{unit} {said.get('description', '')}".strip().replace("'", "''")
            if text:
                name = f"{self.partial}.{quoted(column.name)}"
                connection.execute(f"COMMENT ON COLUMN {name} IS '{text}'")

    def _mark(self, connection: Any, name: str, done: int) -> None:
        text = self._comment(done).replace("'", "''")
        connection.execute(f"COMMENT ON TABLE {name} IS '{text}'")

    def append(self, database: Database, batch: pa.RecordBatch, done: int) -> None:
        """Write rows after those that are there."""
        text = text_of(_plain(batch))
        columns = ", ".join(quoted(name) for name in self.schema.names)
        query = (
            f"COPY {self.partial} ({columns}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')"
        )

        def add(connection: Any) -> None:
            there = _rows_in(connection, self.partial)
            if there == done:
                return  # the answer to an earlier attempt was lost, its rows were not
            if there != done - batch.num_rows:
                raise self._disturbed(there)
            with connection.cursor() as cursor, cursor.copy(query) as copy:
                copy.write(text)
            self._mark(connection, self.partial, done)

        database.done(add)

    def _disturbed(self, there: int | None) -> ServiceError:
        rows = "gone" if there is None else f"at row {there:,}"
        return ServiceError(
            explain(
                given=f"the table {self.partial} is {rows}: another run writes there",
                wanted="one run that writes a table",
                where=self.address.shown,
                todo="wait for the other run's end, or name another table",
            )
        )

    def finish(self, database: Database, total: int) -> None:
        """Give the table its index and its name."""
        statements = self._index(database)

        def rename(connection: Any) -> None:
            if _rows_in(connection, self.partial) is None:
                return  # it has its name: the answer to an earlier attempt was lost
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"DROP TABLE IF EXISTS {self.name}")
            self._mark(connection, self.partial, total)
            table = quoted(self.address.table)
            connection.execute(f"ALTER TABLE {self.partial} RENAME TO {table}")

        database.done(rename)
        database.done(lambda connection: connection.execute(f"ANALYZE {self.name}"))

    def _index(self, database: Database) -> list[str]:
        """Return what makes the key and the index on the sky."""
        names = set(self.schema.names)
        found = []
        if "source_id" in names and pa.types.is_integer(
            self.schema.field("source_id").type
        ):
            found.append(f"ALTER TABLE {self.partial} ADD PRIMARY KEY (source_id)")
        if not {"ra", "dec"} <= names:
            return found
        extensions = {row[0] for row in database.rows(_EXTENSIONS)}
        how = "(dec, ra)"
        if "q3c" in extensions:
            how = "(q3c_ang2ipix(ra, dec))"
        elif "pg_sphere" in extensions:
            how = "USING gist (spoint(radians(ra), radians(dec)))"
        return [*found, f"CREATE INDEX ON {self.partial} {how}"]


def _said(database: Database, name: str) -> dict[str, Any] | None:
    """Return what the comment of a table says, None where it is not one of ours."""
    ((text,),) = database.rows(_COMMENT, (name,))
    return _parsed(text)


def _rows_in(connection: Any, name: str) -> int | None:
    """Return how many rows a table's comment says it has."""
    (text,) = connection.execute(_COMMENT, (name,)).fetchone()
    said = _parsed(text)
    return None if said is None else int(said["rows"])


def _parsed(text: str | None) -> dict[str, Any] | None:
    try:
        said = json.loads(text or "")
    except ValueError:
        return None
    known = isinstance(said, dict) and said.get("format") == FORMAT
    return said if known else None


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch in which texts that are kept as numbers are texts."""
    columns = [
        c.dictionary_decode() if pa.types.is_dictionary(c.type) else c
        for c in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


__all__ = ["check_table", "store"]
