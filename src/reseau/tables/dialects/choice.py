"""Which of several tables in a file: ``file.fits[CCD2]``, ``file.fits[2]``."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reseau.errors import FileFormatError, explain, suggestion

_CHOICE = re.compile(r"(.+)\[([^\[\]]+)\]")


class Listed(NamedTuple):
    """A table in a file: its number, its name, its rows."""

    number: int
    name: str
    rows: int | None


def split_table_choice(path: str | Path) -> tuple[Path, str | None]:
    """Return the file and the table in it that ``file[TABLE]`` names.

    Parameters
    ----------
    path
        A file whose own name ends in brackets is that file.

    Returns
    -------
    The file, which may not exist, and the name or number of a table or None.
    """
    whole = Path(path)
    match = _CHOICE.fullmatch(str(path))
    if match is None or _exists(whole) or not _exists(Path(match[1])):
        return whole, None
    return Path(match[1]), match[2].strip()


def table_file(path: str | Path) -> Path:
    """Return the file of a table, without the choice of ``file[TABLE]``."""
    return split_table_choice(path)[0]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, or a NUL in it
        return False


def choose_table(tables: Sequence[Listed], choice: str | None, path: Path) -> Listed:
    """Return the one table that is meant.

    Parameters
    ----------
    tables
        Those in the file.
    choice
        Name or number; None: there should be one only.
    path
        For messages.

    Raises
    ------
    FileFormatError
        There is none, or it is not clear which.
    """
    if choice is None:
        if len(tables) == 1:
            return tables[0]
        given = f"{path.name} holds {len(tables)} tables" if tables else ""
        raise _unclear(path, given or f"{path.name} holds no table", tables)
    named = [t for t in tables if t.name.strip().lower() == choice.lower()]
    if not named and choice.isascii() and choice.isdigit():
        named = [t for t in tables if t.number == int(choice)]
    if len(named) == 1:
        return named[0]
    many = f"{len(named)} tables" if named else "no table"
    raise _unclear(path, f"{path.name} has {many} {choice}", tables, choice)


def no_choice(choice: str | None, path: Path, kind: str) -> None:
    """Refuse the choice of a table in a format whose files hold one."""
    if choice is not None:
        raise FileFormatError(
            explain(
                given=f"[{choice}] after {path.name}, which is {kind}",
                wanted="a FITS file or a VOTable, which may hold several tables",
                where=f"{path}[{choice}]",
                todo=f"leave [{choice}] away",
            )
        )


def _unclear(
    path: Path, given: str, tables: Sequence[Listed], choice: str | None = None
) -> FileFormatError:
    if not tables:
        wanted = "a table of detections or sources"
        todo = "name another file, or check whether all of it was copied"
    else:
        wanted = "one of " + ", ".join(_shown(t) for t in tables[:20])
        if len(tables) > 20:
            wanted += f" and {len(tables) - 20} more"
        names = [t.name for t in tables if t.name]
        todo = f"name one, as '{path.name}[{_likeliest(tables, choice)}]' (in quotes "
        todo += "for the shell)"
        if choice is not None and choice.lower() not in map(str.lower, names):
            todo = suggestion(choice, names, otherwise=todo)
    return FileFormatError(
        explain(given=given, wanted=wanted, where=str(path), todo=todo)
    )


def _likeliest(tables: Sequence[Listed], choice: str | None) -> str:
    # No few rows beside many are sources; a name that several have names none.
    alike = [t for t in tables if t.name.lower() == (choice or t.name).lower()]
    names = [t.name.lower() for t in tables]
    tables = alike or tables
    most = max(t.rows or 0 for t in tables)
    best = next(t for t in tables if 4 * (t.rows or 0) >= most)
    is_name = bool(best.name) and names.count(best.name.lower()) == 1
    return best.name if is_name else str(best.number)


def _shown(table: Listed) -> str:
    name = f"[{table.number}] {table.name}".strip()
    return name if table.rows is None else f"{name} ({table.rows} rows)"


__all__ = ["Listed", "choose_table", "no_choice", "split_table_choice", "table_file"]
