"""Text separated by anything: names in a first line, or in a line that begins with #.

Separators are told from the lines: tab, bar, semicolon, comma, else runs of blanks.
A line of units, and one of dashes, may follow the names, as VizieR writes them.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from reseau.errors import FileFormatError
from reseau.tables.parted_angles import is_sign
from reseau.tables.wrong_types import printable

from .arrow import table_from
from .content import Content
from .delimited import Layout, read_rows
from .headings import NUMBER, count_titles, names_in_comments, units_below
from .refusals import bad_line, refuse
from .text import fields_of, is_comment, lines_of, text_of

_DELIMITERS = "\t|;,"
_SAMPLE = 50
_RULE = re.compile(rb"(?m)^[ \t]*\+[-=+]+\+[ \t]*\n?")
_BARS = re.compile(rb"(?m)^[ \t]*\|(.*)\|[ \t]*$")


class _Line(NamedTuple):
    start: int
    number: int
    text: str


def read_separated(content: Content, notes: list[str]) -> pa.Table:
    """Read text whose fields are separated by commas, tabs, blanks, bars, semicolons.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    text = text_of(content, notes)
    if text.lstrip().startswith((b"+-", b"|")):
        text = _BARS.sub(rb"\1", _RULE.sub(b"", text))
    layout = _layout(text, content.path, notes)
    names, columns = read_rows(text, layout, content.path, notes)
    return table_from(names, columns, layout.units, layout.descriptions)


def _layout(text: bytes, path: Path, notes: list[str]) -> Layout:
    comments, sample = _first_lines(text)
    if not sample:
        raise refuse(
            path,
            f"{path.name} has no line but comments",
            "names of columns, and rows",
            "check what should have written it",
        )
    sample = _without_titles(sample, notes)
    delimiter, n_fields = _delimiter(sample, path)
    rows = [_fields(line, delimiter, path) for line in sample]
    if any(NUMBER.fullmatch(f) for f in rows[0]):
        said = names_in_comments(comments, delimiter, n_fields)
        if said is None:
            raise _no_names(path, sample[0], n_fields)
        return Layout(
            delimiter, said[0], sample[0].start, said[1], types=_signs(said[0])
        )
    names = [name.strip() for name in rows[0]]
    names += [""] * (n_fields - len(names))
    units, n_lines = units_below(rows[1:], names)
    first = sample[n_lines + 1].start if len(sample) > n_lines + 1 else len(text)
    _check_one_table(text, sample[0], path)
    return Layout(delimiter, names, first, units, types=_signs(names))


def _signs(names: Sequence[str]) -> dict[str, pa.DataType]:
    # A minus that stands alone is a word for missing in any other column.
    return {name: pa.string() for name in names if is_sign(name)}


def _without_titles(sample: list[_Line], notes: list[str]) -> list[_Line]:
    lines = [line.text for line in sample]
    counts = [count_titles(lines, delimiter) for delimiter in (*_DELIMITERS, " ")]
    n = next((n for n in counts if n), 0)
    if n:
        title = " / ".join(printable(line) for line in lines[:n])
        notes.append(f"has a title above its names, which is left out: {title!r}")
    return sample[n:]


def _first_lines(text: bytes) -> tuple[list[str], list[_Line]]:
    comments: list[str] = []
    sample: list[_Line] = []
    for start, number, line in lines_of(text):
        if not is_comment(line):
            if not sample and re.fullmatch(r'"?sep=.', line.strip().rstrip('"')):
                continue  # Excel's line
            sample.append(_Line(start, number, line))
        elif not sample and line.strip():
            comments.append(line)
        if len(sample) == _SAMPLE:
            break
    return comments, sample


def _delimiter(sample: Sequence[_Line], path: Path) -> tuple[str, int]:
    # The delimiter, and how many fields each row has.
    for delimiter in (*_DELIMITERS, " "):
        try:
            rows = [fields_of(line.text, delimiter) for line in sample]
        except csv.Error:
            continue
        n = len(rows[0])
        others = {len(row) for row in rows[1:]} or {n}
        if others == {n} and n > 1:
            return delimiter, n
        # Rows that end with a delimiter have one field more, which is empty.
        if others == {n + 1} and not any(row[-1].strip() for row in rows[1:]):
            return delimiter, n + 1
    _check_names(sample, path)
    header = sample[0].text
    found = max(_DELIMITERS, key=header.count)
    if header.count(found) == 0:
        _check_one_column(sample, path)
        return ",", 1
    return found, len(_fields(sample[0], found, path))


def _check_names(sample: Sequence[_Line], path: Path) -> None:
    # Where all rows agree, the line that does not is the one of the names.
    first, *below = sample
    for delimiter in (*_DELIMITERS, " "):
        try:
            counts = {len(fields_of(line.text, delimiter)) for line in below}
            names = fields_of(first.text, delimiter)
        except csv.Error:
            continue
        if len(below) > 1 and len(counts) == 1 and max(counts) > 1:
            raise bad_line(
                path,
                first.number,
                first.text,
                f"should name the columns and has {len(names)} "
                f"{'field' if len(names) == 1 else 'fields'}, where each of the "
                f"{len(below)} lines below has {max(counts)}",
                wanted="a name for each column in the first line",
                todo="add or correct names, separated as the rows are; remove the "
                "line if it is a title",
            )


def _check_one_column(sample: Sequence[_Line], path: Path) -> None:
    counts = [len(line.text.split()) for line in sample]
    for line, n in zip(sample, counts, strict=True):
        if n != counts[0]:
            fields = "field" if n == 1 else "fields"
            reason = f"has {n} {fields} and not {counts[0]}, as line {sample[0].number}"
            raise bad_line(path, line.number, line.text, reason)


def _fields(line: _Line, delimiter: str, path: Path) -> list[str]:
    try:
        return fields_of(line.text, delimiter)
    except csv.Error as error:
        reason = "opens a quotation that it does not close"
        raise bad_line(path, line.number, line.text, reason) from error


def _no_names(path: Path, line: _Line, n_fields: int) -> FileFormatError:
    fields = "field" if n_fields == 1 else "fields"
    return bad_line(
        path,
        line.number,
        line.text,
        f"has numbers, and no line above names the {n_fields} {fields}",
        wanted="names of the columns in the first line, or in one that begins with #",
        todo="write a name for each column above, separated as the rows are",
    )


def _check_one_table(text: bytes, header: _Line, path: Path) -> None:
    again = b"\n" + header.text.encode() + b"\n"
    at = text.find(again, header.start + len(header.text))
    if at >= 0:
        number = text.count(b"\n", 0, at + 1) + 1
        reason = f"names the columns again, as line {header.number} does"
        raise bad_line(path, number, header.text, reason)


__all__ = ["read_separated"]
