"""Write files and directories under a temporary name and rename them when whole.

A run that is killed or fails leaves nothing under the final name, and one that
fails leaves nothing beside it either. A directory is replaced only if it is
empty or was written by reseau for the same purpose: a solution never takes the
place of a dataset.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from reseau.errors import OutputExistsError, ReseauError, explain

SOLUTION_MARKS = ("summary.json",)
"""Files by which a directory is known to be a solution."""
DATASET_MARKS = ("dataset.toml",)
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


def _is_replaceable_directory(path: Path, marks: Collection[str]) -> bool:
    found = {mark for mark in OUTPUT_MARKS if (path / mark).is_file()}
    # What also holds another output's mark is that output.
    return (bool(found) and found <= set(marks)) or not any(path.iterdir())


def check_output(
    path: str | Path,
    *,
    kind: Literal["file", "directory"],
    overwrite: bool = False,
    marks: Collection[str] = OUTPUT_MARKS,
) -> Path:
    """Return the real path of an output, or say why it may not be written.

    Call it before a long computation; the writers call it again.

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
    """
    with os_errors(path):
        # A link is followed, so that what it points to is replaced and not the link.
        target = Path(os.path.realpath(path))
        _check_place(path, target)
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
    if kind == "directory" and not _is_replaceable_directory(target, marks):
        _refuse(
            path,
            f"an empty directory, or one that holds {' or '.join(marks)}: "
            "no other directory is ever deleted",
            "give another name, or remove the directory yourself",
        )


def _refuse(path: str | Path, wanted: str, todo: str) -> None:
    what = "directory" if Path(path).is_dir() else "file"
    raise OutputExistsError(
        explain(
            given=f"the output {path} is there already ({what})",
            wanted=wanted,
            where=str(path),
            todo=todo,
        )
    )


@contextmanager
def _parents(target: Path) -> Iterator[None]:
    # Make the folders above the target; take away those made if anything fails.
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
def os_errors(path: str | Path) -> Iterator[None]:
    """Turn what the system says of a place into a message with advice."""
    try:
        yield
    except ReseauError:
        raise
    except OSError as error:
        todo = _ADVICE.get(error.errno or 0, "choose another place")
        raise _unwritable(path, error.strerror or str(error), todo) from error


def _unwritable(path: str | Path, why: str, todo: str) -> ReseauError:
    return ReseauError(
        explain(
            given=f"the output could not be written: {why}",
            wanted="a place that can be written and has room",
            where=str(path),
            todo=f"{todo}; nothing was left there",
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
    with os_errors(path), _parents(target):
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


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
    with os_errors(path), _parents(target):
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            _take_place(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _take_place(new: Path, target: Path) -> None:
    if not target.exists():
        new.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    # A directory can only be renamed onto an empty one, which `old` is.
    target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old)


def _umask() -> int:
    # The system only tells the mask when it is set.
    mask = os.umask(0)
    os.umask(mask)
    return mask


__all__ = [
    "DATASET_MARKS",
    "OUTPUT_MARKS",
    "SOLUTION_MARKS",
    "check_output",
    "new_directory",
    "new_file",
    "os_errors",
]
