"""Hidden directories that become an output, and what killed runs left.

A temporary lies beside what it will be, is a directory ``.reseau-partial-HEX.NAME``
and is locked as long as its process lives. The system frees the lock of a process that
was killed, so that the next run knows what to remove.
"""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .renaming import exchange, rename_new

try:
    import fcntl
except ImportError:  # a system without such locks: nothing is ever removed
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"\.reseau-(partial|earlier)-[0-9a-f]{12}\.(?P<name>.+)", re.DOTALL)
_LONGEST = 255
"""Bytes that a name may have on common file systems."""
PATIENCE = 20.0
"""How long to wait for another run that is replacing the same output [s]."""


def is_temporary(name: str) -> bool:
    """Return whether a file of this name was made to become an output."""
    return _NAME.fullmatch(name) is not None


def _hidden(target: Path, what: str = "partial") -> Path:
    start = f".reseau-{what}-{secrets.token_hex(6)}."
    name = start + target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = start + "output" + target.suffix[:20]
    return target.with_name(name)


def _open(path: Path) -> int:
    # Without locks there is nothing to hold, and no directory that can be opened.
    return os.open(os.devnull if fcntl is None else path, os.O_RDONLY)


def _lock(descriptor: int) -> bool | None:
    """Lock without waiting; False: another process has it; None: there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        return None
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Return whether a path is what was opened."""
    try:
        return fcntl is None or os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False


def _keep(path: Path) -> int | None:
    """Open and lock a new temporary; None if a sweeping run was faster."""
    try:
        descriptor = _open(path)
    except FileNotFoundError:
        return None
    if _lock(descriptor) is not False and _is_still(path, descriptor):
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def temporary_directory(target: Path) -> Iterator[Path]:
    """Give an empty directory beside `target`; what is left of it is removed."""
    descriptor = None
    path = target
    try:
        while descriptor is None:
            path = _hidden(target)
            path.mkdir()
            descriptor = _keep(path)
        yield path
    finally:
        if path != target:
            remove(path)
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def temporary_file(target: Path) -> Iterator[Path]:
    """Give a name of a file to be made, with the suffix of `target`.

    It lies in a hidden directory, which is what is locked: some libraries remove and
    make anew what they write.
    """
    with temporary_directory(target) as folder:
        yield folder / final_name(folder)


def final_name(path: Path) -> str:
    """Return the name of the output that a temporary is to become."""
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return match["name"]


def remove(path: Path) -> None:
    """Remove a temporary, whether or not it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, patience: float = PATIENCE) -> Iterator[bool]:
    """Lock a directory or file that others may be replacing, waiting for them.

    Gives True where the lock was got or there are no locks, False where another run
    kept it for longer than `patience` [s].
    """
    give_up = time.monotonic() + patience
    while True:
        descriptor = _open(path)
        try:
            free = _lock(descriptor) is not False
            if free and _is_still(path, descriptor):
                yield True
                return
            if not free and time.monotonic() > give_up:
                yield False
                return
        finally:
            os.close(descriptor)
        time.sleep(0.02)


def replace_directory(new: Path, target: Path, refuse: Callable[[Path], None]) -> None:
    """Put a directory in the place of another; what was there is under `new`'s name.

    Parameters
    ----------
    new
        The temporary.
    target
        A directory, locked by the caller.
    refuse
        Called with what was there, under its hidden name, before it is removed: raises
        if somebody put a file of his own there meanwhile, and all is put back.
    """
    if exchange(new, target):
        try:
            refuse(new)
        except BaseException:
            exchange(new, target)
            raise
        return
    # Killed after the first rename, the next run finds the earlier output by its name.
    earlier = _hidden(target, "earlier")
    target.rename(earlier)
    try:
        refuse(earlier)
        rename_new(new, target)
    except BaseException:
        earlier.rename(target)
        raise
    earlier.rename(new)


def recover_earlier(target: Path) -> None:
    """Give an output its name back that a killed run had just taken away."""
    if target.exists() or not target.parent.is_dir():
        return
    for path in target.parent.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is None or match[1] != "earlier" or match["name"] != target.name:
            continue
        with _claimed(path) as mine, suppress(OSError):
            if mine:
                rename_new(path, target)
                return


@contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Lock what a dead process left; False where it lives, or nobody can know."""
    if fcntl is None:
        yield False
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        yield _lock(descriptor) is True and _is_still(path, descriptor)
    finally:
        os.close(descriptor)


def is_single(folder: Path) -> bool:
    """Return whether a temporary holds nothing but the one file it was made for."""
    return all(p.name == final_name(folder) for p in folder.iterdir())


def sweep(folder: Path, is_ours: Callable[[Path], bool] = is_single) -> list[Path]:
    """Remove the temporaries that killed runs left in a folder.

    Parameters
    ----------
    folder
        Where outputs are written.
    is_ours
        Whether a directory holds nothing but files of ours.

    Returns
    -------
    Those that were left: somebody else's files are in them, or whether their process
    lives cannot be known. Those of living processes are no news.
    """
    kept: list[Path] = []
    try:
        found = [p for p in folder.iterdir() if is_temporary(p.name)]
    except OSError:
        return kept
    for path in found:
        with _claimed(path) as dead:
            if dead and is_ours(path):
                remove(path)
            elif dead or fcntl is None:
                kept.append(path)
    return kept


__all__ = [
    "final_name",
    "is_temporary",
    "locked",
    "recover_earlier",
    "replace_directory",
    "sweep",
    "temporary_directory",
    "temporary_file",
]
