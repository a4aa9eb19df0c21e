"""The embedded database of a merge: its limits, and what it says put in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reseau._threads import cores
from reseau.errors import FileFormatError, ReseauError, explain

from .options import WorkOptions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def database(folder: Path, work: WorkOptions) -> "Iterator[DuckDBPyConnection]":
    """Open a database that keeps its tables, and what it spills, in a folder.

    Parameters
    ----------
    folder
        Of the merge, removed with it.
    work
        How much memory and how many threads it may take.
    """
    # Not at the top: the package is imported without it.
    import duckdb

    connection = duckdb.connect(str(folder / "merge.duckdb"))
    try:
        spilled = folder / "spilled"
        spilled.mkdir()
        connection.execute(f"SET memory_limit='{work.memory_gib * 1024:.0f}MiB'")
        connection.execute(f"SET threads={work.threads or cores()}")
        connection.execute(f"SET temp_directory={text(spilled)}")
        connection.execute("SET preserve_insertion_order=false")
        connection.execute("SET enable_progress_bar=false")
        connection.execute("SET autoinstall_known_extensions=false")
        yield connection
    finally:
        connection.close()


def text(value: object) -> str:
    """Return a text of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def name(column: str) -> str:
    """Return the name of a column in SQL."""
    return '"' + column.replace('"', '""') + '"'


@contextmanager
def readable(where: str, what: str) -> Iterator[None]:
    """Turn what the database says of a file that it cannot read into a message.

    Parameters
    ----------
    where
        The file.
    what
        What it should be.
    """
    import duckdb

    try:
        yield
    except ReseauError:
        raise
    except duckdb.OutOfMemoryException as error:
        raise ReseauError(
            explain(
                given="the database has no more memory, or its disk is full: "
                f"{first_line(error)}",
                wanted="room for what is spilled, about the size of the input",
                where=where,
                todo="free space beside the output, or raise memory_gib in [work]",
            )
        ) from error
    except duckdb.Error as error:
        raise FileFormatError(
            explain(
                given=f"the file cannot be read: {first_line(error)}",
                wanted=what,
                where=where,
                todo="get the file again, or correct it",
            )
        ) from error


def first_line(error: BaseException) -> str:
    """Return the beginning of what an exception says."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


__all__ = ["database", "first_line", "name", "readable", "text"]
