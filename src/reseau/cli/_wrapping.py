"""Lines that end at words within 80 columns, or as many as COLUMNS says."""

import os
import re

WIDTH = 80
"""Where lines end unless the variable COLUMNS says otherwise."""


def line_width() -> int:
    """Return how many columns a line may have."""
    given = os.environ.get("COLUMNS", "")
    return max(int(given), 40) if given.isdigit() else WIDTH


def wrapped(text: str) -> str:
    """Return a text whose lines are broken at words.

    Words longer than a line, as paths are, are left whole, so that they can be copied.
    A line that begins with a label, as ``where:``, goes on below what follows that.

    Parameters
    ----------
    text
        Lines; each is broken by itself.
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line))


def columns(rows: list[tuple[str, str]]) -> list[str]:
    """Return names and values in two columns, long values broken at words.

    Parameters
    ----------
    rows
        Names and values.
    """
    width = max((len(name) for name, _ in rows), default=0)
    return [
        part
        for name, value in rows
        for part in _broken(f"  {name:<{width}}  ", value, width + 4)
    ]


_LABEL = re.compile(r"\s*([a-z][a-z ]{0,9}:\s+)?")


def _parts(line: str) -> list[str]:
    if len(line) <= line_width():
        return [line]
    label = _LABEL.match(line)
    start = label[0] if label else ""
    return _broken(start, line[len(start) :], len(start))


def _broken(start: str, value: str, indent: int) -> list[str]:
    """Return lines that begin with `start`, the later ones with so many blanks."""
    lines, current, width = [], start, line_width()
    for word in value.split():
        bare = not current.strip() or current == start
        if not bare and len(current) + 1 + len(word) > width:
            lines.append(current)
            current, bare = " " * indent, True
        current += word if bare else f" {word}"
    return [line.rstrip() for line in (*lines, current)]


__all__ = ["WIDTH", "columns", "line_width", "wrapped"]
