"""Messages between processes: their length, then their bytes."""

import struct
from typing import IO

_LENGTH = struct.Struct("<Q")


def send(stream: IO[bytes], message: bytes) -> None:
    """Write a message at once.

    Parameters
    ----------
    stream
        A pipe.
    message
        Its bytes.
    """
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read a message; None: the other process has closed the pipe, or died.

    Parameters
    ----------
    stream
        A pipe.
    """
    try:
        head = stream.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack(head)
        message = stream.read(size)
    except (OSError, ValueError):
        return None
    return message if len(message) == size else None


__all__ = ["receive", "send"]
