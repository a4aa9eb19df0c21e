"""Lines and numbers of text files, and what is said when they are wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reseau.errors import FileFormatError, explain


@dataclass(frozen=True)
class TextFile:
    """A text file without its comments.

    Attributes
    ----------
    path
        Of the file.
    lines
        Those that are neither empty nor begin with ``#``.
    numbers
        Of the lines in the file, from 1.
    comments
        The lines that begin with ``#``.
    """

    path: Path
    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    comments: tuple[str, ...]

    def table(self, begin: int, width: int, what: str) -> Float[np.ndarray, "n w"]:
        """Return numbers that are separated by blanks.

        Parameters
        ----------
        begin
            The first line, among `lines`.
        width
            How many numbers are read from each line.
        what
            What a line holds, for messages.

        Raises
        ------
        FileFormatError
            A line has fewer numbers or other words, or there is none.
        """
        rows = []
        for line, number in zip(self.lines[begin:], self.numbers[begin:], strict=True):
            try:
                rows.append([float(word) for word in line.split()[:width]])
            except ValueError:
                rows.append([])
            if len(rows[-1]) != width:
                raise self.wrong(line, f"{width} numbers: {what}", number)
        if not rows:
            raise self.wrong("no rows", f"lines of {width} numbers: {what}")
        return np.array(rows)

    def wrong(
        self, given: str, wanted: str, line: int | None = None
    ) -> FileFormatError:
        """Return the error about a line, or about the whole file."""
        shown = given.strip()
        return FileFormatError(
            explain(
                given=repr(shown[:70]) if line else shown,
                wanted=wanted,
                where=str(self.path) + (f", line {line}" if line else ""),
                todo="correct the line, or give the file as it was published",
            )
        )


def read_text(path: Path) -> TextFile | None:
    """Return a file's lines, or None where it is no text.

    Parameters
    ----------
    path
        Of a file that exists.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    kept, numbers, comments = [], [], []
    for number, line in enumerate(content.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            comments.append(line.strip())
        elif line.strip():
            kept.append(line)
            numbers.append(number)
    return TextFile(path, tuple(kept), tuple(numbers), tuple(comments))


def are_numbers(words: list[str]) -> bool:
    """Return whether all words are numbers."""
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return bool(words)


__all__ = ["TextFile", "are_numbers", "read_text"]
