"""Two renames that Python lacks: exchange two names, and take only a free name.

Linux has both in ``renameat2``, macOS in ``renamex_np``. Elsewhere, and on file
systems that cannot, callers are told and have another way.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD = -100
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What a system or a file system answers that does not know the flags."""

if sys.platform == "darwin":
    _SWAP, _NEW = 2, 4
else:
    _SWAP, _NEW = 2, 1


def _find_rename() -> Callable[[bytes, bytes, int], int] | None:
    """Return the system's rename with flags, or None where there is none."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            swap = library.renamex_np
            swap.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
            return lambda a, b, flags: int(swap(a, b, flags))
        rename = library.renameat2
        rename.argtypes = (
            *(ctypes.c_int, ctypes.c_char_p),
            *(ctypes.c_int, ctypes.c_char_p),
            ctypes.c_uint,
        )
        return lambda a, b, flags: int(rename(_AT_FDCWD, a, _AT_FDCWD, b, flags))
    except (OSError, AttributeError, TypeError):
        return None


_rename = _find_rename()


def _renamed(old: Path, new: Path, flags: int) -> bool:
    """Rename with flags, or return False where that is not known."""
    if _rename is None:
        return False
    if _rename(os.fsencode(old), os.fsencode(new), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(new))


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names that exist, at once; return False where that cannot be.

    Parameters
    ----------
    one, other
        Files or directories of one file system.
    """
    return _renamed(one, other, _SWAP)


def rename_new(old: Path, new: Path) -> None:
    """Rename, or raise `FileExistsError` where the new name is taken.

    Parameters
    ----------
    old
        File or directory.
    new
        Its new name on the same file system.
    """
    if _renamed(old, new, _NEW):
        return
    if old.is_dir():
        # Only one process can make it, and a directory may take an empty one's place.
        new.mkdir()
        old.rename(new)
        return
    os.link(old, new)
    old.unlink()


__all__ = ["exchange", "rename_new"]
