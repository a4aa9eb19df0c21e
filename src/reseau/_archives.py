"""Read NumPy archives that anybody may have touched, without believing them."""

import math
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, IndexError),
    *(OverflowError, MemoryError, RecursionError, RuntimeError, AttributeError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What the libraries raise for an archive that is damaged or is none."""


def read_arrays(path: Path, names: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Read the arrays of an archive that was written without compression.

    Parameters
    ----------
    path
        The file.
    names
        Arrays to read; all unless any are named.

    Raises
    ------
    ValueError
        An array claims more values than the file holds.
    Exception
        One of `UNREADABLE`.
    """
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            _check_size(archive, member)
        stream.seek(0)
        # Opened here: NumPy leaves a file open that is no archive.
        with np.load(stream, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names or arrays.files}


def _check_size(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Compare the values that a header promises with the bytes that are there."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    with archive.open(member) as content:
        version = np.lib.format.read_magic(content)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(content)
    promised = math.prod(shape) * dtype.itemsize
    if promised > member.file_size:
        raise ValueError(
            f"{member.filename} promises {promised:,} bytes, "
            f"of which there are {member.file_size:,}"
        )


__all__ = ["UNREADABLE", "read_arrays"]
