"""The content of a file that may be compressed, unpacked within stated bounds.

Compression is told by the first bytes, whatever the name. What is unpacked is
bounded while it is unpacked: a small file that becomes gigabytes is refused after
the first 64 MiB of them.
"""

import bz2
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from reseau.errors import FileFormatError

from .refusals import reason_of, refuse, truncated, unreadable

MOST_UNPACKED = 8 * 2**30
"""Bytes that a compressed file may unpack to."""

MOST_TIMES = 100
"""How many times its own size a compressed file may become, once beyond `FREE`."""

FREE = 64 * 2**20
"""Bytes that any compressed file may become."""

_START = 2**16
_STEP = 2**20
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
}

_Unpacker: TypeAlias = Callable[[BufferedIOBase, Path], Iterator[bytes]]


@dataclass(frozen=True)
class Content:
    """What is in a file, unpacked.

    Attributes
    ----------
    path
        The file, for messages.
    packing
        How it was compressed; None: not at all.
    start
        The first 64 KiB.
    size
        In bytes, unpacked.
    unpacked
        All of it where it was compressed; None: it is read from the file.
    """

    path: Path
    packing: str | None
    start: bytes
    size: int
    unpacked: bytes | None = None

    def open(self) -> BufferedIOBase:
        """Return the content as a file that can be read and sought in."""
        if self.unpacked is None:
            return self.path.open("rb")
        return io.BytesIO(self.unpacked)

    def whole(self) -> bytes:
        """Return all of the content."""
        return self.path.read_bytes() if self.unpacked is None else self.unpacked


def open_content(path: Path) -> Content:
    """Return the content of a regular file, unpacked if it is compressed.

    Parameters
    ----------
    path
        A file that exists.

    Raises
    ------
    FileFormatError
        It is no regular file, cannot be unpacked, or unpacks to too much.
    """
    _check_regular(path)
    with path.open("rb") as file:
        start = file.read(_START)
    packing = packing_of(start)
    if packing is None:
        return Content(path, None, start, path.stat().st_size)
    try:
        unpacked = _collect(path, _UNPACKERS[packing])
    except FileFormatError:
        raise
    except EOFError as error:
        raise truncated(path, packing, reason_of(error)) from error
    except (OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError) as e:
        raise _cannot_unpack(path, packing, e) from e
    if again := packing_of(unpacked[:8]):
        raise refuse(
            path,
            f"{path.name} is compressed twice ({packing}, and {again} inside)",
            "a table that is compressed once, or not at all",
            "unpack it",
        )
    return Content(path, packing, unpacked[:_START], len(unpacked), unpacked)


def packing_of(start: bytes) -> str | None:
    """Return how a file is compressed, from its first bytes; None: not at all."""
    return next((how for mark, how in _PACKED.items() if start.startswith(mark)), None)


def _check_regular(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    kind = kinds.get(stat.S_IFMT(mode), "a device")
    raise refuse(
        path,
        f"{path} is {kind}",
        "a file on disk: its format is told from its start, then it is read again",
        "write the table to a file first",
    )


def _cannot_unpack(path: Path, packing: str, error: Exception) -> FileFormatError:
    reason = reason_of(error)
    ends = ("end of stream", "end of input", "truncated compressed")
    if any(words in reason.lower() for words in ends):
        return truncated(path, packing, reason)
    return unreadable(
        path,
        f"a file of {packing} that can be unpacked",
        reason,
        "fetch it anew: what it holds is damaged",
    )


def _collect(path: Path, unpack: _Unpacker) -> bytes:
    # Bounded by what has been read so far, so that a bomb ends early.
    parts, size = [], 0
    with path.open("rb") as file:
        for part in unpack(file, path):
            size += len(part)
            bound = min(MOST_UNPACKED, max(FREE, MOST_TIMES * file.tell()))
            if size > bound:
                raise _too_much(path, bound)
            parts.append(part)
    return b"".join(parts)


def _too_much(path: Path, size: int) -> FileFormatError:
    packed = path.stat().st_size
    return refuse(
        path,
        f"{path.name} has {_bytes(packed)} and unpacks to more than {_bytes(size)}",
        f"at most {MOST_TIMES} times its size, and at most {_bytes(MOST_UNPACKED)}",
        "if it is a table, unpack it yourself, or write it as Parquet",
    )


def _bytes(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _gzip(file: BufferedIOBase, _: Path) -> Iterator[bytes]:
    # Members may follow each other, and zeros may follow the last.
    given = file.read(_STEP)
    while given.strip(b"\0"):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            if not given:
                raise EOFError("the gzip stream has no end")
            yield member.decompress(given, _STEP)
            given = member.unconsumed_tail or member.unused_data
            if not given and not member.eof:
                given = file.read(_STEP)
        given = member.unused_data or file.read(_STEP)


def _in_streams(make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]):  # type: ignore[no-untyped-def]
    def unpack(file: BufferedIOBase, _: Path) -> Iterator[bytes]:
        given = file.read(_STEP)
        while given.strip(b"\0"):
            stream = make()
            while not stream.eof:
                if stream.needs_input and not given:
                    given = file.read(_STEP)
                    if not given:
                        raise EOFError("the compressed stream has no end")
                yield stream.decompress(given, _STEP)
                given = b""
            given = stream.unused_data or file.read(_STEP)

    return unpack


def _by_arrow(codec: str) -> _Unpacker:
    def unpack(file: BufferedIOBase, _: Path) -> Iterator[bytes]:
        with pa.CompressedInputStream(pa.PythonFile(file, "r"), codec) as stream:
            while part := stream.read(_STEP):
                yield part

    return unpack


def _zip(file: BufferedIOBase, path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(file) as archive:
        members = [m for m in archive.infolist() if not m.is_dir()]
        names = {m.filename for m in members}
        if len(members) != 1:
            if names & {"[Content_Types].xml", "mimetype"}:
                kind, todo = "a spreadsheet or document", "save it as CSV"
            else:
                kind = f"a zip archive of {len(members)} files"
                todo = "unpack it, and name the table"
            raise refuse(path, f"{path.name} is {kind}", "one table", todo)
        if members[0].flag_bits & 1:
            raise refuse(
                path, f"{path.name} is encrypted", "a table", "unpack it first"
            )
        with archive.open(members[0]) as member:
            while part := member.read(_STEP):
                # The archive's place says nothing of how much was read so far.
                yield part


_UNPACKERS: dict[str, _Unpacker] = {
    "gzip": _gzip,
    "bzip2": _in_streams(bz2.BZ2Decompressor),
    "xz": _in_streams(lambda: lzma.LZMADecompressor(memlimit=2**28)),
    "zstd": _by_arrow("zstd"),
    "lz4": _by_arrow("lz4"),
    "zip": _zip,
}

__all__ = ["FREE", "MOST_TIMES", "MOST_UNPACKED", "Content", "open_content"]
