"""Rows of text, whatever separates their fields, into columns of Arrow."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from reseau.errors import FileFormatError

from .refusals import bad_line, reason_of, refuse, unreadable
from .text import COMMENT, fields_of, is_comment, lines_of
from .words import MISSING, AmbiguousCommaError, all_missing, has_commas, settle

_LARGEST_BLOCK = 2**31 - 1
_ENOUGH = 10
"""Lines that tell how long lines are."""


@dataclass(frozen=True)
class Layout:
    """How the rows of a text are laid out.

    Attributes
    ----------
    delimiter
        One character; a blank means runs of blanks.
    names
        Of the columns, in their order.
    first
        Where in the text rows begin.
    units, descriptions
        By name, as far as known.
    types
        Types that the file states, by name; others are told from the values.
    """

    delimiter: str
    names: Sequence[str]
    first: int
    units: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, pa.DataType] = field(default_factory=dict)


def read_rows(
    text: bytes, layout: Layout, path: Path, notes: list[str]
) -> tuple[list[str], list[pa.ChunkedArray]]:
    """Return names and columns of the rows.

    Parameters
    ----------
    text
        As `text_of` returns it.
    layout
        How its rows are laid out.
    path
        For messages.
    notes
        What a user should know is added here.
    """
    body = _without_comments(text, layout, notes)
    if _may_be_cut(body):
        notes.append(
            "ends with a shorter line than all before, and without a line end: if it "
            "was cut, its last row is wrong"
        )
    _check_quotes(body, text, layout, path)
    delimiter = layout.delimiter
    if delimiter == " " and not _has_single_blanks(body):
        body, delimiter = _joined_by_tabs(body), "\t"
    # Numbers for names, since names may repeat.
    keys = [str(i) for i in range(len(layout.names))]
    types = {
        k: layout.types[n]
        for k, n in zip(keys, layout.names, strict=True)
        if n in layout.types
    }
    if not body.strip():
        empty = pa.chunked_array([], pa.null())
        columns = [
            pa.chunked_array([], types[k]) if k in types else empty for k in keys
        ]
        return list(layout.names), columns
    try:
        table = _parse(body, keys, delimiter, types)
    except pa.ArrowInvalid as error:
        raise _explained(error, text, layout, path) from error
    return _settled(table, layout, path)


def _without_comments(text: bytes, layout: Layout, notes: list[str]) -> bytes:
    body = text[layout.first :]
    if b"#" not in body:
        return body
    body, left_out = COMMENT.subn(b"", body)
    ends = 0
    for line in reversed(text[layout.first :].splitlines()[-1000:]):
        if not is_comment(line.decode(errors="replace")):
            break
        ends += line.lstrip().startswith(b"#")
    if left_out > ends:
        lines = "line" if left_out - ends == 1 else "lines"
        notes.append(f"{left_out - ends} {lines} that begin with # were left out")
    return body


def _may_be_cut(body: bytes) -> bool:
    # The last value of a row that was cut in it is a number, and wrong.
    if body.endswith(b"\n"):
        return False
    *before, last = body[-100_000:].split(b"\n")[1:] or [b""]
    lengths = [len(line) for line in before if line.strip()]
    return len(lengths) >= _ENOUGH and len(last) < min(lengths)


def _check_quotes(body: bytes, text: bytes, layout: Layout, path: Path) -> None:
    # A quotation that is not closed would swallow the rows that follow.
    if b'"' not in body:
        return
    for _, number, line in lines_of(text, layout.first):
        if line.count('"') % 2 and not is_comment(line):
            try:
                fields_of(line, layout.delimiter)
            except csv.Error as error:
                reason = "opens a quotation that it does not close"
                raise bad_line(path, number, line, reason) from error


def _has_single_blanks(body: bytes) -> bool:
    runs = (b"  ", b"\t", b"\n ", b" \n")
    return not body.startswith(b" ") and not any(run in body for run in runs)


def _joined_by_tabs(body: bytes) -> bytes:
    if b'"' not in body:
        return b"\n".join(b"\t".join(line.split()) for line in body.split(b"\n"))
    rows = [fields_of(line, " ") for line in body.decode().split("\n")]
    return "\n".join("\t".join(_quoted(f) for f in row) for row in rows).encode()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if '"' in text or "\t" in text else text


def _parse(
    body: bytes, keys: list[str], delimiter: str, types: Mapping[str, pa.DataType]
) -> pa.Table:
    def parse(types: Mapping[str, pa.DataType]) -> pa.Table:
        return pyarrow.csv.read_csv(
            pa.py_buffer(body),
            # One block, so that a type is judged from all rows.
            pyarrow.csv.ReadOptions(
                column_names=keys,
                block_size=min(len(body) + 1, _LARGEST_BLOCK),
                # Threads of its own were at times still there when the process ended.
                use_threads=False,
            ),
            pyarrow.csv.ParseOptions(delimiter=delimiter),
            pyarrow.csv.ConvertOptions(null_values=list(MISSING), column_types=types),
        )

    table = parse(types)
    # Dates and sexagesimal angles stay as they are written, for the reader to judge.
    dates = {f.name: pa.string() for f in table.schema if pa.types.is_temporal(f.type)}
    return parse({**types, **dates}) if dates else table


def _settled(
    table: pa.Table, layout: Layout, path: Path
) -> tuple[list[str], list[pa.ChunkedArray]]:
    names: list[str] = []
    columns: list[pa.ChunkedArray] = []
    with_comma, with_point = "", False
    decimal_comma = layout.delimiter == ";" or (
        # Between tabs, commas are decimal only where no number has a point.
        layout.delimiter == "\t"
        and not any(pa.types.is_floating(c.type) for c in table.columns)
    )
    for name, given in zip(layout.names, table.columns, strict=True):
        values = given
        if name == "" and all_missing(given):
            continue  # rows end with a delimiter
        if name not in layout.types:
            with_point |= pa.types.is_floating(given.type)
            values = _settle(given, name, layout, path, decimal_comma)
            if has_commas(given, values):
                with_comma = name
        names.append(name or f"column_{len(names) + 1}")
        columns.append(values)
    if with_comma and with_point:
        raise _ambiguous(with_comma, "1,5 beside 1.234", path)
    return names, columns


def _settle(
    values: pa.ChunkedArray,
    name: str,
    layout: Layout,
    path: Path,
    decimal_comma: bool,
) -> pa.ChunkedArray:
    try:
        return settle(values, decimal_comma=decimal_comma)
    except AmbiguousCommaError as error:
        if layout.delimiter == "\t":
            return settle(values)  # as ever: a needed column says that it is text
        raise _ambiguous(name, error.args[0], path) from error


def _ambiguous(name: str, example: str, path: Path) -> FileFormatError:
    return refuse(
        path,
        f"column {name} of {path.name} has numbers as {example!r}, in which the comma "
        "may be decimal or separate thousands",
        "numbers with a decimal point",
        "write it with points in numbers and commas between columns",
    )


def _explained(
    error: Exception, text: bytes, layout: Layout, path: Path
) -> FileFormatError:
    wanted = len(layout.names)
    for _, number, line in lines_of(text, layout.first):
        if is_comment(line):
            continue
        found = fields_of(line, layout.delimiter)
        if len(found) != wanted:
            fields = "field" if len(found) == 1 else "fields"
            reason = f"has {len(found)} {fields} and not {wanted}"
            return bad_line(path, number, line, reason)
        for name, value in zip(layout.names, found, strict=True):
            if name in layout.types and not _fits(value, layout.types[name]):
                reason = f"has no {layout.types[name]} in column {name}"
                return bad_line(path, number, line, reason)
    return unreadable(
        path,
        "text in rows and columns",
        reason_of(error),
        "write it as Parquet or ECSV",
    )


def _fits(value: str, kind: pa.DataType) -> bool:
    if value.strip() in MISSING or pa.types.is_string(kind):
        return True
    try:
        pa.array([value.strip()]).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


__all__ = ["Layout", "read_rows"]
