"""SExtractor's ASCII_HEAD: a numbered line for each column, then rows."""

import re
from pathlib import Path

import pyarrow as pa

from reseau.errors import FileFormatError

from .arrow import table_from
from .content import Content
from .delimited import Layout, read_rows
from .refusals import bad_line, refuse
from .text import is_comment, lines_of, text_of

_COLUMN = re.compile(r"#\s*(\d+)\s+(\S+)\s*(.*?)\s*(?:\[([^\[\]]*)\])?\s*")


def read_sextractor(content: Content, notes: list[str]) -> pa.Table:
    """Read a catalogue of the type ASCII_HEAD.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    path, text = content.path, text_of(content, notes)
    columns: dict[int, tuple[str, str, str]] = {}
    for start, number, line in lines_of(text):
        if not is_comment(line):
            layout = _layout(columns, len(line.split()), start)
            if layout is None:
                raise _do_not_fit(path, number, line, columns)
            names, found = read_rows(text, layout, path, notes)
            return table_from(names, found, layout.units, layout.descriptions)
        if match := _COLUMN.fullmatch(line.strip()):
            if int(match[1]) in columns:
                raise bad_line(path, number, line, "describes a column once more")
            columns[int(match[1])] = match[2], match[3], match[4] or ""
    raise refuse(
        path,
        f"{path.name} names columns and has no rows",
        "at least one row",
        "check what SExtractor found, or whether the file was copied whole",
    )


def _layout(
    columns: dict[int, tuple[str, str, str]], n_fields: int, first: int
) -> Layout | None:
    # A number that is skipped belongs to a column of several values.
    numbers = sorted(columns)
    if not numbers or numbers[0] != 1 or numbers[-1] > n_fields:
        return None
    names, units, descriptions = [], {}, {}
    for this, following in zip(numbers, [*numbers[1:], n_fields + 1], strict=True):
        name, description, unit = columns[this]
        for i in range(following - this):
            names.append(f"{name}_{i}" if i else name)
            units[names[-1]] = unit
            descriptions[names[-1]] = description
    return Layout(" ", names, first, units, descriptions)


def _do_not_fit(
    path: Path, number: int, line: str, columns: dict[int, tuple[str, str, str]]
) -> FileFormatError:
    last = max(columns, default=0)
    return bad_line(
        path,
        number,
        line,
        f"has {len(line.split())} fields, and the lines above describe {last}",
        wanted="numbered lines (# 1 NUMBER ...) that describe each field",
        todo="restore the lines that are missing, or correct this one",
    )


__all__ = ["read_sextractor"]
