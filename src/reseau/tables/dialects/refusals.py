"""What a reader says about a file that it cannot read, and what helps.

"Copied whole?" is asked only where a file is really shorter than it says itself.
"""

from pathlib import Path

from reseau.errors import FileFormatError, explain
from reseau.tables.wrong_types import printable

_SHOWN = 60
"""Characters of a line that a message shows."""


def refuse(path: Path, given: str, wanted: str, todo: str) -> FileFormatError:
    """Return the error about a file.

    Parameters
    ----------
    path
        The file.
    given, wanted, todo
        As `errors.explain` has them.
    """
    return FileFormatError(
        explain(given=given, wanted=wanted, where=str(path), todo=todo)
    )


def truncated(path: Path, kind: str, reason: object) -> FileFormatError:
    """Return the error about a file that ends before it should.

    Parameters
    ----------
    path
        The file.
    kind
        Its format.
    reason
        How it is known.
    """
    return refuse(
        path,
        f"{path.name} cannot be read: {printable(reason)}",
        f"a whole {kind} file",
        "check whether it was copied whole: it ends too early",
    )


def unreadable(path: Path, kind: str, reason: object, todo: str) -> FileFormatError:
    """Return the error about a file of a known format that breaks its rules.

    Parameters
    ----------
    path
        The file.
    kind
        Its format.
    reason
        What is wrong.
    todo
        What helps.
    """
    return refuse(
        path, f"{path.name} cannot be read: {printable(reason)}", f"{kind}", todo
    )


def bad_line(
    path: Path,
    number: int,
    line: str,
    reason: str,
    *,
    wanted: str = "a value for each column in every row",
    todo: str = "correct or remove that line",
) -> FileFormatError:
    """Return the error about one line of a text.

    Parameters
    ----------
    path
        The file.
    number
        The line, from 1.
    line
        As it stands there.
    reason
        What is wrong with it.
    wanted, todo
        As `errors.explain` has them.
    """
    shown = printable(line)
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
    return FileFormatError(
        explain(
            given=f"{path.name} cannot be read: line {number} {reason}: {shown!r}",
            wanted=wanted,
            where=f"{path}, line {number}",
            todo=todo,
        )
    )


def holds_nul(path: Path, text: bytes) -> FileFormatError:
    """Return the error about a text with a NUL in it.

    Parameters
    ----------
    path
        The file.
    text
        Its text, or the start of it as far as the first NUL.
    """
    number = text.count(b"\n", 0, text.find(b"\x00")) + 1
    line = text.split(b"\n", number)[number - 1].decode(errors="replace")
    before, _, after = line.partition("\x00")
    before = before if len(before) < _SHOWN // 2 else f"...{before[-_SHOWN // 2 :]}"
    return bad_line(
        path,
        number,
        f"{before}<NUL>{after}".replace("\x00", "<NUL>"),
        "holds a NUL, a byte of value 0, which is no text",
        wanted="text without NULs",
        todo="write or fetch the file anew, since other bytes may be wrong where NULs "
        "are; or correct that line",
    )


def reason_of(error: BaseException) -> str:
    """Return the first line of what a library says, or the kind of its error."""
    text = str(error).strip()
    return printable(text.splitlines()[0]) if text else type(error).__name__


__all__ = ["bad_line", "holds_nul", "reason_of", "refuse", "truncated", "unreadable"]
