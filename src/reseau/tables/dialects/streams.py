"""What a VOTable's XML says, before its parser is let at it.

That parser follows links, makes room for what a file promises, and skips characters of
a stream that it does not know, after which every value is another.
"""

import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_VALUES = 10**6
"""Values in one cell that a column may declare."""

_BYTES = {
    **dict.fromkeys(("boolean", "unsignedByte", "char"), 1),
    **dict.fromkeys(("short", "unicodeChar"), 2),
    **dict.fromkeys(("int", "float"), 4),
    **dict.fromkeys(("long", "double", "floatComplex"), 8),
    "doubleComplex": 16,
}


class RefusedError(Exception):
    """What stands in a file and must not: the words given, wanted, to do."""


@dataclass
class Inspection:
    """Walks through the XML.

    Attributes
    ----------
    promised
        The number of rows that each table says it has; empty: it does not.
    """

    promised: list[str] = field(default_factory=list)
    _fields: list[tuple[str, str]] = field(default_factory=list)
    _kind: str = ""
    _stream: list[str] | None = None

    def walk(self, text: bytes) -> None:
        """Look at every element.

        Parameters
        ----------
        text
            XML.

        Raises
        ------
        RefusedError
            Something must not be there.
        expat.ExpatError
            It is no XML.
        """
        parser = expat.ParserCreate()
        parser.EntityDeclHandler = _refuse_entity
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.buffer_text = True
        parser.Parse(text, True)

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("TD", "TR"):
            return
        match tag.rpartition(":")[2]:
            case "TABLE":
                self.promised.append(attributes.get("nrows", ""))
                self._fields = []
            case "FIELD":
                kind = attributes.get("datatype", ""), attributes.get("arraysize", "1")
                self._fields.append(kind)
                _check_width(attributes.get("name", ""), kind[1])
            case "BINARY" | "BINARY2" | "FITS" as kind:
                self._kind = kind
            case "STREAM":
                _check_stream(attributes)
                self._stream = []

    def _characters(self, text: str) -> None:
        if self._stream is not None:
            self._stream.append(text)

    def _end(self, tag: str) -> None:
        if self._stream is not None and tag.rpartition(":")[2] == "STREAM":
            self._check_length("".join("".join(self._stream).split()))
            self._stream = None

    def _check_length(self, text: str) -> None:
        # Rows of fixed width: the stream holds a whole number of them.
        try:
            size = len(binascii.a2b_base64(text, strict_mode=True))
        except (binascii.Error, ValueError) as error:
            raise _broken_stream(str(error)) from error
        width = self._width()
        if width and size % width:
            raise _broken_stream(f"it has {size:,} bytes, and a row {width}")

    def _width(self) -> int:
        # Bytes of a row; 0 where rows differ or it cannot be told.
        if self._kind == "FITS":
            return 0
        total = math.ceil(len(self._fields) / 8) if self._kind == "BINARY2" else 0
        for datatype, size in self._fields:
            n = _values(size)
            if "*" in size or n is None or datatype not in (*_BYTES, "bit"):
                return 0
            total += math.ceil(n / 8) if datatype == "bit" else n * _BYTES[datatype]
        return total


def _values(size: str) -> int | None:
    numbers = size.rstrip("*").strip().rstrip("x")
    if not numbers:
        return 1
    if not re.fullmatch(r"\d{1,12}(x\d{1,12})*", numbers):
        return None
    return math.prod(int(n) for n in numbers.split("x"))


def _check_width(name: str, size: str) -> None:
    n = _values(size)
    if n is None or n > MOST_VALUES:
        raise RefusedError(
            f"has a column {name} of {size!r} values a row",
            f"at most {MOST_VALUES:,} values in a row",
            "check what wrote it",
        )


def _check_stream(attributes: Mapping[str, str]) -> None:
    todo = "open it in TOPCAT, and save it as VOTable with its data inline"
    if href := attributes.get("href"):
        raise RefusedError(
            f"says that its rows are elsewhere: {href}",
            "rows in the file itself: nothing is fetched and no other file opened",
            todo,
        )
    encoding = attributes.get("encoding", "base64")
    if encoding != "base64":
        raise RefusedError(f"has rows in the encoding {encoding}", "base64", todo)


def _broken_stream(reason: str) -> RefusedError:
    return RefusedError(
        f"has a stream of rows that cannot be right: {reason}",
        "base64 of whole rows",
        "fetch or write it anew: bytes of it were lost or changed",
    )


def _refuse_entity(name: str, *_: object) -> None:
    raise RefusedError(
        f"declares the entity {name}",
        "a VOTable without entities, which may name files or grow without end",
        "write it anew from TOPCAT or astropy, or remove the declaration",
    )


__all__ = ["Inspection", "RefusedError"]
