"""Tables of PostgreSQL in the place of files, for verbs that read and write files."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from reseau._windows import Window
from reseau.exchange.archives.postgres.address import address_of, is_address
from reseau.exchange.archives.postgres.sink import check_table, store
from reseau.exchange.archives.postgres.source import staged
from reseau.tables import check_output

R = TypeVar("R")


def uses_database(inputs: Any, output: Any) -> bool:
    """Return whether an input or the output is the address of a table.

    Parameters
    ----------
    inputs, output
        What a verb was given.
    """
    return is_address(output) or any(_split(one)[1] for one in _listed(inputs))


def _listed(inputs: Any) -> list[Any]:
    is_one = isinstance(inputs, (str, Path)) or not isinstance(inputs, Sequence)
    return [inputs] if is_one else list(inputs)


def _split(one: Any) -> tuple[str, str]:
    """Return "survey=" and the address, both empty for what is none."""
    if is_address(one):
        return "", str(one)
    if isinstance(one, str):
        key, sign, rest = one.partition("=")
        if sign and is_address(rest):
            return key + sign, rest
    return "", ""


def through_files(
    work: Callable[[list[Any], Path], R],
    inputs: Any,
    output: Any,
    *,
    window: Window | None,
    overwrite: bool,
) -> tuple[R, str | None]:
    """Do a verb's work on files that tables of PostgreSQL are copied to and from.

    The files lie in a directory beside the output, or in this one where the output is a
    table. It is removed at the end; after an error it stays, so that the same call
    goes on with what was copied.

    Parameters
    ----------
    work
        Takes inputs without addresses, and the file to write.
    inputs, output
        As given: files, tables in memory, addresses, and "survey=ADDRESS".
    window
        The part of the sky that is read.
    overwrite
        Whether a table that reseau wrote may be replaced.

    Returns
    -------
    What the work gave, and the address of the table that was written without a
    password; None: a file was written.
    """
    target = address_of(output) if is_address(output) else None
    if target is not None:
        check_table(output, overwrite=overwrite)
        name = ".".join(p for p in (target.schema, target.table) if p)
        file, folder = Path(f"{name}.parquet"), Path(f"{name}.staged")
    else:
        file = check_output(output, kind="file", overwrite=overwrite)
        folder = file.with_name(f"{file.name}.staged")
    given, copies = [], []
    for n, one in enumerate(_listed(inputs)):
        key, url = _split(one)
        if not url:
            given.append(one)
            continue
        copies.append(staged(url, folder / str(n), window, overwrite=True))
        given.append(f"{key}{copies[-1]}" if key else copies[-1])
    if target is None:
        found = work(given, Path(output))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        found = work(given, folder / file.name)
        store(folder / file.name, output, overwrite=overwrite)
        copies += folder.glob(f"{file.stem}*.parquet")
    _remove(folder, copies)
    return found, None if target is None else target.shown


def _remove(folder: Path, copies: list[Path]) -> None:
    """Remove copies and the directories that are empty then; nothing else."""
    for copy in copies:
        copy.unlink(missing_ok=True)
    for place in (*{copy.parent for copy in copies} - {folder}, folder):
        with suppress(OSError):
            place.rmdir()


__all__ = ["through_files", "uses_database"]
