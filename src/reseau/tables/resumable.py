"""Outputs that are made piece by piece, and continued after a run that was killed.

Such an output is made where it will be. A file `incomplete.json` is there from the
first moment on and goes last; each piece is written under a temporary name and renamed
when whole, so that what has its name is done. Whoever is killed at any moment, and by
whatever, the same run continues, and the bytes at the end are the same.
"""

import errno
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from reseau._writing import (
    is_temporary,
    locked,
    sweep,
    temporary_directory,
    temporary_file,
)
from reseau.errors import OutputExistsError, explain

from .atomic import (
    OUTPUT_MARKS,
    check_output,
    clear,
    name_directory,
    os_errors,
    parents,
    refuse_while_written,
)
from .incomplete import (
    INCOMPLETE,
    Incomplete,
    differences,
    incomplete,
    read_incomplete,
)
from .owned import foreign_pieces

TO_CONTINUE = "what is done stays: run the same command again to continue"


@dataclass(frozen=True)
class Resumable:
    """An output that is being made piece by piece.

    Attributes
    ----------
    folder
        Where it is made, which is where it will be.
    pieces
        Names of all pieces that are wanted, relative to the folder.
    """

    folder: Path
    pieces: tuple[str, ...]

    def is_done(self, name: str) -> bool:
        """Return whether a piece is there; whole, since it got its name last."""
        return (self.folder / name).exists()

    def missing(self) -> list[str]:
        """Return the names of the pieces that are still to be made, in their order."""
        return [name for name in self.pieces if not self.is_done(name)]


@contextmanager
def resumable_directory(
    path: str | Path,
    *,
    identity: Mapping[str, Any],
    pieces: Sequence[str],
    overwrite: bool = False,
    marks: Collection[str] = OUTPUT_MARKS,
) -> Iterator[Resumable]:
    """Begin an output of many pieces, or continue what an earlier run has begun.

    Parameters
    ----------
    path
        Directory to make.
    identity
        What makes the content: options, seeds, digests of the input; plain values of
        JSON. A run continues only what has the same, from the same version of reseau.
    pieces
        Names of the pieces, relative to the directory: files, or directories.
    overwrite
        Whether what is there may be replaced if reseau wrote it, and to begin anew what
        another run has begun. The same run is continued all the same.
    marks
        Of `OUTPUT_MARKS`, one of which will say what the directory is.

    Yields
    ------
    The directory, in which only this run makes pieces, by `piece_directory` and
    `piece_file`: in any process, as long as this one is in the block. When the block
    ends well, the output is whole, whether or not all pieces are there. When it ends by
    an exception, what is done stays.

    Raises
    ------
    OutputExistsError
        Something else is there, another run has begun it with another `identity`, or
        one is writing there.
    ReseauError
        Nothing can be written there.

    Examples
    --------
    >>> from reseau.tables import piece_file, resumable_directory
    >>> wanted = [f"measurements/plate_id={n}/0.parquet" for n in range(3)]
    >>> with resumable_directory(  # doctest: +SKIP
    ...     "survey", identity={"seed": 1}, pieces=wanted
    ... ) as output:
    ...     for name in output.missing():
    ...         with piece_file(output.folder / name) as temporary:
    ...             temporary.write_bytes(b"...")
    """
    now = incomplete(marks, identity, _version(), pieces)
    with os_errors(path, TO_CONTINUE):
        target = Path(os.path.realpath(path))
        if target.parent.is_dir():
            clear(target)
        if not _may_continue(path, target, now, overwrite):
            _begin(path, target, now, overwrite, marks)
    with locked(target, patience=0.0) as free:
        if not free or not (target / INCOMPLETE).exists():
            refuse_while_written(path)
        _sweep(target, now)
        try:
            yield Resumable(target, now.pieces)
        except BaseException as error:
            with suppress(OSError):
                _sweep(target, now)
            done = f"{now.done(target)} of {len(now.pieces)} pieces are in {path}"
            error.add_note(f"{done}; {TO_CONTINUE}")
            raise
        with os_errors(path, TO_CONTINUE):
            (target / INCOMPLETE).unlink()


def _version() -> str:
    try:
        return version_of("reseau")
    except PackageNotFoundError:  # a source tree that was not installed
        return "unknown"


def _may_continue(
    path: str | Path, target: Path, now: Incomplete, overwrite: bool
) -> bool:
    """Return whether an earlier run has begun the same; raise for another one."""
    earlier = read_incomplete(target)
    if earlier is None:
        return False
    found = differences(earlier, now)
    if not found:
        return True
    if overwrite:
        _refuse_if_written(path, target)
        return False
    done = f"{earlier.done(target)} of {len(earlier.pieces)} pieces"
    raise OutputExistsError(
        explain(
            given=f"the output {path} is incomplete, {done}, and of another run: "
            f"{found}",
            wanted="the same run, to continue it, or an output that does not exist yet",
            where=str(target / INCOMPLETE),
            todo="run the command as it was to continue; give another name; or "
            "--overwrite to begin anew",
        )
    )


def _refuse_if_written(path: str | Path, target: Path) -> None:
    with locked(target, patience=0.0) as free:
        if not free:
            refuse_while_written(path)


def _begin(
    path: str | Path,
    target: Path,
    now: Incomplete,
    overwrite: bool,
    marks: Collection[str],
) -> None:
    """Make the directory, which says from its first moment on that it is incomplete."""
    check_output(path, kind="directory", overwrite=overwrite, marks=marks)
    with parents(target), temporary_directory(target) as temporary:
        (temporary / INCOMPLETE).write_text(now.text(), encoding="utf-8")
        name_directory(path, temporary, target, overwrite=overwrite, marks=marks)


def _sweep(target: Path, now: Incomplete) -> None:
    """Remove the pieces that killed runs have left half, and nothing else."""
    # What somebody put into a temporary is left with it.
    foreign = [target / name for name in foreign_pieces(target, now.marks)]

    def is_ours(path: Path) -> bool:
        return not any(path in other.parents or path == other for other in foreign)

    for folder in list(_folders(target)):
        sweep(folder, is_ours)


def _folders(target: Path) -> Iterator[Path]:
    """Give a folder and all below it: what is no piece may have been left half too."""
    for place, below, _ in os.walk(target):
        yield Path(place)
        below[:] = [name for name in below if not is_temporary(name)]


@contextmanager
def piece_directory(path: Path) -> Iterator[Path]:
    """Give a temporary directory that becomes a piece when the block ends well.

    Parameters
    ----------
    path
        The piece's name in the directory that `resumable_directory` gives. A piece of
        that name that is there already stays: it is the same.
    """
    with os_errors(path, TO_CONTINUE):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_directory(path) as temporary:
            yield temporary
            try:
                temporary.rename(path)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise


@contextmanager
def piece_file(path: Path) -> Iterator[Path]:
    """Give the name of a file to be made, which takes its own when the block ends well.

    Parameters
    ----------
    path
        The piece's name in the directory that `resumable_directory` gives. A file of
        that name that is there already is replaced.
    """
    with os_errors(path, TO_CONTINUE):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_file(path) as temporary:
            yield temporary
            temporary.replace(path)


__all__ = [
    "Resumable",
    "piece_directory",
    "piece_file",
    "resumable_directory",
]
