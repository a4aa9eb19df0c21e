"""Read NumPy archives that anybody may have touched, without believing them."""

import math
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

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


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an archive as `numpy.savez` does, each array where it can be read in place.

    Parameters
    ----------
    path
        The file.
    arrays
        By name.
    """
    with path.open("wb") as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, values in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            # Local header, name, own padding, and the field for large files (ZIP64).
            begin = stream.tell() + _LOCAL_HEADER + len(member.filename) + 4 + 20
            padding = -begin % ALIGNED
            member.extra = struct.pack("<HH", _PADDING, padding) + bytes(padding)
            with archive.open(member, "w", force_zip64=True) as content:
                np.lib.format.write_array(content, np.asanyarray(values))


ALIGNED = 64
"""Bytes by which arrays are aligned in a file: what is not is copied piece by piece."""

_PADDING = 0xD935
"""Extra field that readers skip, as in archives of Android applications."""


def map_array(path: Path, name: str) -> np.ndarray:
    """Return an array of an archive as it lies in the file, checked but not copied.

    Of many such arrays together there may be more than memory holds.

    Parameters
    ----------
    path
        The file, written without compression.
    name
        Of the array.

    Raises
    ------
    ValueError
        The array is not as it was written.
    Exception
        One of `UNREADABLE`.
    """
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        member = archive.getinfo(f"{name}.npy")
        _check_size(archive, member)
        with archive.open(member) as content:
            shape, in_columns, dtype = _header(content)
            header = content.tell()
        stream.seek(member.header_offset + _NAME_SIZES)
        sizes = struct.unpack("<HH", stream.read(4))
    start = member.header_offset + _LOCAL_HEADER + sum(sizes)
    whole: Any = np.memmap(path, np.uint8, "r", start, (member.file_size,))
    if in_columns or zlib.crc32(whole) != member.CRC:
        raise ValueError(f"{name} is not as it was written")
    values: np.ndarray = whole[header:].view(np.uint8)
    if values.ctypes.data % dtype.itemsize:
        values = np.array(values)
    return values.view(dtype).reshape(shape)


_LOCAL_HEADER, _NAME_SIZES = 30, 26
"""Bytes of a member's header without name and extra field, and where their sizes are
(PKWARE, APPNOTE.TXT, 4.3.7)."""


def _header(content: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, order and type that an array's header promises."""
    version = np.lib.format.read_magic(content)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return read(content)


def _check_size(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Compare the values that a header promises with the bytes that are there."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    with archive.open(member) as content:
        shape, _, dtype = _header(content)
    promised = math.prod(shape) * dtype.itemsize
    if promised > member.file_size:
        raise ValueError(
            f"{member.filename} promises {promised:,} bytes, "
            f"of which there are {member.file_size:,}"
        )


__all__ = ["UNREADABLE", "map_array", "read_arrays", "write_arrays"]
