"""Write files and directories under a temporary name and rename them when whole.

A run that fails leaves nothing beside its output, and of one that is killed the next
run removes what is left. An earlier output is there, whole, until the new one is. What
is replaced was written by reseau for the same purpose and holds nothing else: a
solution never takes the place of a dataset, nor of a folder with other files in it.
"""

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, NoReturn

from reseau._writing import (
    locked,
    recover_earlier,
    rename_new,
    replace_directory,
    sweep,
    temporary_directory,
    temporary_file,
)
from reseau.errors import (
    LeftoverWarning,
    OutputExistsError,
    ReseauError,
    explain,
    some,
    warn,
)

from .owned import DATASET, SOLUTION, is_rest, why_not_ours, why_not_replaced

SOLUTION_MARKS = (SOLUTION.mark,)
"""Files by which a directory is known to be a solution."""
DATASET_MARKS = (DATASET.mark,)
"""Files by which a directory is known to be a dataset."""
OUTPUT_MARKS = (*SOLUTION_MARKS, *DATASET_MARKS)
"""Files by which a directory is known to be a solution or a dataset."""

_ADVICE = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT),
        "free some space or choose another place",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "get permission to write there, or choose another place",
    ),
    **dict.fromkeys(
        (errno.ENOTDIR, errno.EEXIST, errno.ENOENT),
        "correct the path: a part of it is a file or no place to write",
    ),
    errno.ENAMETOOLONG: "give a shorter name",
}
"""What to do about the errors of the system."""

NOTHING_LEFT = "nothing was left there"
"""What becomes of an output that is whole or not there at all."""


def check_output(
    path: str | Path,
    *,
    kind: Literal["file", "directory"],
    overwrite: bool = False,
    marks: Collection[str] = OUTPUT_MARKS,
) -> Path:
    """Return the real path of an output, or say why it may not be written.

    Call it before a long computation; the writers call it again. It removes what
    killed runs left in the same folder, and gives an output its name back that one of
    them had taken away.

    Parameters
    ----------
    path
        Where the output is to go.
    kind
        What is going to be written there.
    overwrite
        Whether an output of the same kind may be replaced.
    marks
        Of `OUTPUT_MARKS`, those of the directories that may be replaced.

    Raises
    ------
    OutputExistsError
        Something is there that was not to be, or may never be, replaced.
    ReseauError
        Nothing can be written there.

    Warns
    -----
    LeftoverWarning
        A killed run left something that may not be removed.
    """
    with os_errors(path):
        # A link is followed, so that what it points to is replaced and not the link.
        target = Path(os.path.realpath(path))
        _check_place(path, target)
        if target.parent.is_dir():
            clear(target)
        if target.exists():
            _check_replaceable(path, target, kind, overwrite, marks)
        return target


def _check_place(path: str | Path, target: Path) -> None:
    # The folder in which the output, or the folders above it, will be made.
    if Path(path).is_symlink() and not target.exists():
        raise _unwritable(path, "it is a link to nothing", "remove the link")
    folder = next(p for p in target.parents if os.path.lexists(p))
    if not folder.is_dir():
        what = f"{folder} is not a directory"
        raise _unwritable(path, what, _ADVICE[errno.ENOTDIR])
    if not os.access(folder, os.W_OK | os.X_OK):
        what = f"the directory {folder} may not be written to"
        raise _unwritable(path, what, _ADVICE[errno.EACCES])


def _check_replaceable(
    path: str | Path,
    target: Path,
    kind: Literal["file", "directory"],
    overwrite: bool,
    marks: Collection[str],
) -> None:
    other = target.is_dir() if kind == "file" else not target.is_dir()
    if other:
        _refuse(path, f"a new {kind}", "give another name")
    if not overwrite:
        _refuse(
            path,
            f"a {kind} that does not exist yet",
            "give another name or --overwrite",
        )
    if kind == "directory":
        _refuse_foreign(path, target, marks)
    elif why := why_not_replaced(target):
        _refuse(
            path,
            f"a file of the kind that is written: {why}",
            "give another name, or remove the file yourself",
        )


def _refuse_foreign(path: str | Path, found: Path, marks: Collection[str]) -> None:
    """Refuse to replace a directory that reseau did not write, or not all of it."""
    why = why_not_ours(found, marks)
    if why:
        _refuse(
            path,
            f"an empty directory, or one that holds {' or '.join(marks)}: "
            f"no other directory is ever deleted, and {why}",
            "give another name, or remove or empty the directory yourself",
        )


def clear(target: Path) -> None:
    """Put right what killed runs left where an output is to go.

    Parameters
    ----------
    target
        Real path of the output, in a folder that exists.
    """
    recover_earlier(target)
    left = sweep(target.parent, is_rest)
    if left:
        warn(
            explain(
                given=f"a run that was killed left {some([p.name for p in left])}",
                wanted="nothing hidden beside an output",
                where=str(target.parent),
                todo="look into it, and remove it if no run is writing there",
            ),
            LeftoverWarning,
        )


def _refuse(path: str | Path, wanted: str, todo: str) -> NoReturn:
    what = "directory" if Path(path).is_dir() else "file"
    raise OutputExistsError(
        explain(
            given=f"the output {path} is there already ({what})",
            wanted=wanted,
            where=str(path),
            todo=todo,
        )
    )


def refuse_while_written(path: str | Path) -> NoReturn:
    """Raise the error about an output that another run is writing at this moment."""
    _refuse(
        path,
        "one run that writes it, and another one is doing so",
        "wait until that has ended, or give another name",
    )


@contextmanager
def parents(target: Path) -> Iterator[None]:
    """Make the folders above an output; take away those made if anything fails."""
    missing = [p for p in target.parents if not p.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def os_errors(path: str | Path, left: str = NOTHING_LEFT) -> Iterator[None]:
    """Turn what the system says of a place into a message with advice.

    Parameters
    ----------
    path
        The place.
    left
        What has become of what was written so far.
    """
    try:
        yield
    except ReseauError:
        raise
    except OSError as error:
        todo = _ADVICE.get(error.errno or 0, "choose another place")
        why = error.strerror or str(error)
        raise _unwritable(path, why, todo, left) from error


def _unwritable(
    path: str | Path, why: str, todo: str, left: str = NOTHING_LEFT
) -> ReseauError:
    return ReseauError(
        explain(
            given=f"the output could not be written: {why}",
            wanted="a place that can be written and has room",
            where=str(path),
            todo=f"{todo}; {left}",
        )
    )


@contextmanager
def new_file(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary file that takes the name `path` when the block ends well.

    Parameters
    ----------
    path
        Final name.
    overwrite
        Whether a file of that name may be replaced.
    """
    target = check_output(path, kind="file", overwrite=overwrite)
    with (
        os_errors(path),
        parents(target),
        temporary_file(target) as temporary,
    ):
        yield temporary
        _name_file(path, temporary, target, overwrite)


def _name_file(
    path: str | Path, temporary: Path, target: Path, overwrite: bool
) -> None:
    """Give a whole file its name."""
    if overwrite:
        if target.exists():
            _check_replaceable(path, target, "file", overwrite, ())
        temporary.replace(target)
        return
    try:
        rename_new(temporary, target)
    except FileExistsError:
        _refuse_later(path, "file")


def _refuse_later(path: str | Path, kind: str) -> NoReturn:
    _refuse(
        path,
        f"a {kind} that does not exist yet; another run wrote it meanwhile",
        "give each run a name of its own",
    )


@contextmanager
def new_directory(
    path: str | Path,
    *,
    overwrite: bool = False,
    marks: Collection[str] = OUTPUT_MARKS,
) -> Iterator[Path]:
    """Give a temporary directory that becomes `path` when the block ends well.

    Parameters
    ----------
    path
        Final name.
    overwrite
        Whether a directory of that name may be replaced if reseau wrote it.
    marks
        Of `OUTPUT_MARKS`, those of the directories that may be replaced.
    """
    target = check_output(path, kind="directory", overwrite=overwrite, marks=marks)
    with (
        os_errors(path),
        parents(target),
        temporary_directory(target) as temporary,
    ):
        yield temporary
        name_directory(path, temporary, target, overwrite=overwrite, marks=marks)


def name_directory(
    path: str | Path,
    temporary: Path,
    target: Path,
    *,
    overwrite: bool,
    marks: Collection[str],
) -> None:
    """Give a directory its name; the temporary's is then that of the earlier one.

    Parameters
    ----------
    path
        The output as the user calls it.
    temporary
        The directory.
    target
        Its name, as `check_output` returns it.
    overwrite, marks
        As of `new_directory`.
    """
    with suppress(FileExistsError):
        rename_new(temporary, target)
        return
    if not overwrite:
        _refuse_later(path, "directory")
    with locked(target) as free:
        if not free:
            refuse_while_written(path)
        _check_replaceable(path, target, "directory", overwrite, marks)
        replace_directory(
            temporary, target, lambda found: _refuse_foreign(path, found, marks)
        )


__all__ = [
    "DATASET_MARKS",
    "OUTPUT_MARKS",
    "SOLUTION_MARKS",
    "check_output",
    "clear",
    "name_directory",
    "new_directory",
    "new_file",
    "os_errors",
    "parents",
    "refuse_while_written",
]
