"""Text of a file as UTF-8 with one kind of line end, and its lines for messages."""

import csv
import re
from collections.abc import Iterator

from .content import Content
from .recognise import mark_of
from .refusals import holds_nul, refuse

COMMENT = re.compile(rb"(?m)^[ \t]*#.*\n?")
"""A line that begins with #."""


def text_of(content: Content, notes: list[str]) -> bytes:
    """Return a file's text in UTF-8, without byte-order mark, lines ended by LF.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    path, text = content.path, content.whole()
    mark, encoding = mark_of(text[:4])
    text = text[len(mark) :]
    if encoding != "utf-8":
        try:
            text = text.decode(encoding).encode()
        except UnicodeDecodeError as error:
            given = f"{path.name} begins as {encoding} and is not: {error.reason}"
            raise refuse(path, given, "text", "save it as UTF-8") from error
    elif not text.isascii() and not _is_utf8(text):
        text = text.decode("latin-1").encode()
        notes.append("is not UTF-8; its text was read as Latin-1")
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = text.rstrip(b"\x1a")  # the end of a file of DOS
    if b"\x00" in text:
        raise holds_nul(path, text)
    return text


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def lines_of(text: bytes, start: int = 0) -> Iterator[tuple[int, int, str]]:
    """Give lines one by one: where each begins, its number from 1, and the line.

    Parameters
    ----------
    text
        As `text_of` returns it.
    start
        Where to begin.
    """
    number = text.count(b"\n", 0, start) + 1
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield start, number, text[start:end].decode(errors="replace")
        start, number = end + 1, number + 1


def is_comment(line: str) -> bool:
    """Say whether a line holds no row: blank, or begun by #."""
    return not line.strip() or line.lstrip().startswith("#")


def fields_of(line: str, delimiter: str) -> list[str]:
    """Split a line at a delimiter, or at runs of blanks where that is a blank.

    Parameters
    ----------
    line
        Without its end; quotation marks keep delimiters inside a field.
    delimiter
        One character.

    Raises
    ------
    csv.Error
        A quotation is not closed.
    """
    if delimiter == " " and '"' not in line:
        return line.split()
    line = line.strip() if delimiter == " " else line
    rows = csv.reader(
        [line], delimiter=delimiter, skipinitialspace=delimiter == " ", strict=True
    )
    return next(rows, [])


__all__ = ["COMMENT", "fields_of", "is_comment", "lines_of", "text_of"]
