"""ECSV: a header in YAML that names units and types, then rows, read at CSV's speed.

Gaia's bulk files are of this kind, with the word null for missing values.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from astropy.table.meta import get_header_from_yaml

from reseau.tables.astropy_tables import history_of
from reseau.tables.header_keywords import keywords_of, with_keywords

from .arrow import table_from
from .content import Content
from .delimited import Layout, read_rows
from .mixins import apart
from .refusals import bad_line, reason_of, refuse, unreadable
from .text import fields_of, is_comment, lines_of, text_of

_LARGEST_HEADER = 4 * 2**20
_TYPES = {
    "bool": pa.bool_(),
    **{
        f"{s}int{n}": pa.type_for_alias(f"{s}int{n}")
        for s in ("", "u")
        for n in (8, 16, 32, 64)
    },
    "float16": pa.float32(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "float128": pa.float64(),
    "string": pa.string(),
}
_SEPARATORS = {",": "commas", " ": "blanks"}


def read_ecsv(content: Content, notes: list[str]) -> pa.Table:
    """Read an ECSV file.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    path, text = content.path, text_of(content, notes)
    header, first, names_line = _header(text, path)
    declared = {str(column["name"]): column for column in header["datatype"]}
    delimiter = str(header.get("delimiter", " "))
    names = _names(names_line, delimiter, list(declared), path)
    numbers = {n: c for n, c in declared.items() if "subtype" not in c}
    layout = Layout(
        delimiter,
        names,
        first,
        units={n: str(c["unit"]) for n, c in declared.items() if c.get("unit")},
        descriptions={n: str(c.get("description") or "") for n, c in declared.items()},
        types={n: _type(c, path) for n, c in numbers.items()},
    )
    found, columns = read_rows(text, layout, path, notes)
    kept = [i for i, name in enumerate(found) if name in numbers]
    if left_out := [n for n in found if n not in numbers]:
        notes.append(f"columns of arrays were left out: {', '.join(left_out)}")
    table = table_from(
        [found[i] for i in kept],
        [_blank_is_missing(columns[i]) for i in kept],
        layout.units,
        layout.descriptions,
    )
    meta = header.get("meta")
    table = table.replace_schema_metadata(history_of(meta))
    table = with_keywords(table, keywords_of(meta))
    return apart(table, meta, path, notes)


def _header(text: bytes, path: Path) -> tuple[dict[str, Any], int, tuple[int, str]]:
    # The header, where rows begin, and the line of names with its number.
    lines = []
    for start, number, line in lines_of(text):
        if start > _LARGEST_HEADER:
            given = f"{path.name} has a header of more than {_LARGEST_HEADER} bytes"
            raise refuse(path, given, "an ECSV header", "write it as Parquet")
        if is_comment(line):
            if not line.lstrip().startswith("# %ECSV"):
                lines.append(line.strip()[1:])
            continue
        try:
            header = get_header_from_yaml(lines)
        # The parser of YAML raises many kinds, and RecursionError.
        except Exception as error:
            reason = reason_of(error.__cause__ or error)
            raise _bad_header(path, reason) from error
        if not _is_header(header):
            raise _bad_header(path, "its header does not list columns under datatype")
        return header, start + len(line.encode()) + 1, (number, line)
    raise refuse(
        path,
        f"{path.name} has an ECSV header and no line of names",
        "names of columns, and rows",
        "check whether it was copied whole: it ends too early",
    )


def _bad_header(path: Path, reason: str) -> Exception:
    return unreadable(
        path,
        "an ECSV header: YAML in lines that begin with #",
        reason,
        "correct the header, or remove it and read the rows as CSV",
    )


def _is_header(header: object) -> bool:
    columns = header.get("datatype") if isinstance(header, Mapping) else None
    return isinstance(columns, list) and all(
        isinstance(c, Mapping) and "name" in c for c in columns
    )


def _names(
    line: tuple[int, str], delimiter: str, declared: list[str], path: Path
) -> list[str]:
    number, text = line
    if delimiter not in _SEPARATORS:
        given = f"{path.name} has the delimiter {delimiter!r} in its header"
        raise refuse(path, given, "a comma or a blank", "correct the header")
    try:
        names = [name.strip() for name in fields_of(text, delimiter)]
    except csv.Error:
        names = []
    if names != declared:
        raise bad_line(
            path,
            number,
            text,
            f"should name the {len(declared)} columns of the header, separated by "
            f"{_SEPARATORS[delimiter]}",
            wanted="names in the order of the header: " + ", ".join(declared[:8]),
            todo="correct the header or that line",
        )
    return names


def _type(column: Mapping[str, Any], path: Path) -> pa.DataType:
    kind = str(column.get("datatype"))
    if kind not in _TYPES:
        given = f"column {column['name']} has the datatype {kind!r} in the header"
        raise refuse(path, given, f"one of {', '.join(_TYPES)}", "correct the header")
    return _TYPES[kind]


def _blank_is_missing(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(values.type):
        return values
    return pc.if_else(pc.equal(values, ""), None, values)


__all__ = ["read_ecsv"]
