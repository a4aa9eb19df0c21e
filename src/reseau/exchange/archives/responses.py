"""What a TAP response says of itself: whether the query failed or rows were left out.

The VOTable has it in an INFO called QUERY_STATUS (IVOA DALI 1.1, section 4.4), before
the table for errors and after it for an overflow, so that the last one counts.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path

_LOOKED = 1 << 16
"""Bytes at both ends of a response in which the INFO is looked for."""
_INFO = re.compile(
    rb"<(?:\w+:)?INFO\b(?P<attributes>[^>]*?)(?:/>|>(?P<text>.*?)</(?:\w+:)?INFO>)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(rb"""(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True)
class Status:
    """What a response says of itself.

    Attributes
    ----------
    value
        "OK", "ERROR", "OVERFLOW", or empty where it says nothing.
    message
        What an error is.
    """

    value: str
    message: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the query failed."""
        return self.value == "ERROR"

    @property
    def is_overflow(self) -> bool:
        """Whether rows were left out."""
        return self.value == "OVERFLOW"


def status_of(file: Path) -> Status:
    """Return what a response says of itself.

    Parameters
    ----------
    file
        The response as it came.
    """
    with file.open("rb") as content:
        ends = content.read(_LOOKED)
        size = content.seek(0, 2)
        if size > _LOOKED:
            content.seek(max(_LOOKED, size - _LOOKED))
            ends += content.read()
    status = Status("")
    for info in _INFO.finditer(ends):
        pairs = _ATTRIBUTE.findall(info["attributes"])
        said = {key.lower().decode(): (a or b).decode() for key, a, b in pairs}
        if said.get("name", "").upper() == "QUERY_STATUS":
            text = html.unescape((info["text"] or b"").decode("utf-8", "replace"))
            status = Status(said.get("value", "").upper(), " ".join(text.split()))
    return status


__all__ = ["Status", "status_of"]
