"""What PostgreSQL says of a table: its columns, its key, its indexes on the sky."""

from collections.abc import Iterable
from dataclasses import dataclass

from reseau.errors import CatalogueError, TableWarning, explain, some, suggestion, warn

from .columns import Column
from .connection import Database

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull
FROM pg_attribute a WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum"""
_KEYS = """
SELECT a.attname FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1
  AND i.indpred IS NULL AND i.indexprs IS NULL AND a.attnotnull
  AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
ORDER BY i.indisprimary DESC, a.attnum"""
_KIND = "SELECT relkind = 'r' FROM pg_class WHERE oid = %s"
_INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s"
_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname IN ('q3c', 'pg_sphere')"
_TABLES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""

_RA = ("ra", "raj2000", "ra2000", "ra_icrs", "_raj2000", "radeg", "alpha")
_DEC = ("dec", "dej2000", "dec2000", "de_icrs", "de", "_dej2000", "dedeg", "delta")


@dataclass(frozen=True)
class Relation:
    """A table, or a view.

    Attributes
    ----------
    oid
        Its number.
    name
        As SQL writes it, with its schema.
    columns
        Those that can be read.
    key
        An integer column without two rows of one value; empty: there is none.
    extensions
        Of "q3c" and "pg_sphere", those installed.
    indexes
        Definitions of its indexes.
    is_table
        Whether it is a plain table, and no view.
    sphere_column
        A column of pgSphere's points; empty: there is none.
    """

    oid: int
    name: str
    columns: tuple[Column, ...]
    key: str
    extensions: frozenset[str]
    indexes: tuple[str, ...]
    is_table: bool = True
    sphere_column: str = ""

    def has_index(self, word: str) -> bool:
        """Return whether an index is built with some function or operator class.

        Parameters
        ----------
        word
            Of its definition.
        """
        return any(word in definition for definition in self.indexes)

    def position(self) -> tuple[str, str]:
        """Return the columns of right ascension and declination [deg].

        Raises
        ------
        CatalogueError
            There are none of a known name.
        """
        by_name = {c.name.lower(): c.name for c in self.columns}
        ra = [by_name[n] for n in _RA if n in by_name]
        dec = [by_name[n] for n in _DEC if n in by_name]
        if ra and dec:
            return ra[0], dec[0]
        raise CatalogueError(
            explain(
                given=f"no position among the columns {some(by_name.values(), 12)}",
                wanted=f"right ascension and declination, e.g. {_RA[0]} and {_DEC[0]}",
                where=self.name,
                todo="make a view with columns ra and dec, or give no --window",
            )
        )


def quoted(name: str) -> str:
    """Return an identifier as SQL writes it.

    Parameters
    ----------
    name
        Of a column or a table.
    """
    return '"' + name.replace('"', '""') + '"'


def full_name(schema: str, table: str) -> str:
    """Return the name of a table as SQL writes it."""
    return ".".join(quoted(part) for part in (schema, table) if part)


def relation_of(database: Database) -> Relation:
    """Return what is known of the table that an address names.

    Parameters
    ----------
    database
        Where it is.

    Raises
    ------
    CatalogueError
        It is not there, or holds no column that can be read.
    """
    name, oid = _found(database)
    columns = [Column(*row) for row in database.rows(_COLUMNS, (oid,))]
    points = [c.name for c in columns if c.kind == "spoint"]
    left_out = [c for c in columns if c.arrow is None and c.kind != "spoint"]
    kept = tuple(c for c in columns if c.arrow is not None)
    if not kept:
        raise CatalogueError(
            explain(
                given=f"the table {name} has no column of numbers or texts",
                wanted="a table of sources",
                where=database.address.shown,
                todo="name another table",
            )
        )
    if left_out:
        kinds = ", ".join(f"{c.name} ({c.kind})" for c in left_out)
        warn(f"{name} is read without {kinds}", TableWarning)
    keys = _first(database.rows(_KEYS, (oid,)))
    extensions = frozenset(row[0] for row in database.rows(_EXTENSIONS))
    indexes = tuple(row[0] for row in database.rows(_INDEXES, (oid,)))
    ((is_table,),) = database.rows(_KIND, (oid,))
    return Relation(
        *(oid, name, kept, keys, extensions, indexes, is_table),
        sphere_column=points[0] if points else "",
    )


def _first(rows: Iterable[tuple[str, ...]]) -> str:
    return next((row[0] for row in rows), "")


def _found(database: Database) -> tuple[str, int]:
    """Return the name and the number of a table, written as it is or in small letters.

    Small letters are what PostgreSQL makes of names without quotation marks.
    """
    address = database.address
    for change in (str, str.lower):
        name = full_name(change(address.schema), change(address.table))
        ((oid,),) = database.rows("SELECT to_regclass(%s)::oid::bigint", (name,))
        if oid is not None:
            return name, int(oid)
    known = [row[0] for row in database.rows(_TABLES)]
    asked = ".".join(p for p in (address.schema, address.table) if p)
    near = [*known, *(name.partition(".")[2] for name in known)]
    raise CatalogueError(
        explain(
            given=f"there is no table {asked}",
            wanted=f"one of {some(sorted(known), 10) or 'none: the database is empty'}",
            where=address.shown,
            todo=suggestion(asked, near, otherwise="correct table= in the address"),
        )
    )


__all__ = ["Relation", "full_name", "quoted", "relation_of"]
