"""What stands above the rows of a text: titles, names, units, types and dashes."""

import csv
import re
from collections.abc import Sequence

import astropy.units as u

from .text import fields_of
from .words import MISSING

NUMBER = re.compile(
    r"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eEdD][+-]?\d+)?\s*|\s*[+-]?\d+[:-]\d+[:-]\d.*"
)
"""A number, a date or a sexagesimal angle: what is no name of a column."""

_NAME = re.compile(r"[A-Za-z_][^\s,;|]*")
_TYPE = re.compile(r"\d+[SNMDsnmd]|[NS]")
"""What RDB writes below a name: how wide its column is, and whether of numbers."""

_BRACKETS = re.compile(r"^[\[(]([^\[\]()]*)[\])]$")
_MOST_TITLES = 3


def count_titles(lines: Sequence[str], delimiter: str) -> int:
    """Return how many lines above the names are a title.

    Parameters
    ----------
    lines
        The first that are no comments, from the first of them on.
    delimiter
        One character.

    Returns
    -------
    0 unless below other lines one has names, and all below have as many fields, with
    numbers among them.
    """
    try:
        rows = [fields_of(line, delimiter) for line in lines]
    except csv.Error:
        return 0
    for n in range(1, min(_MOST_TITLES, len(rows) - 2) + 1):
        names, below = rows[n], rows[n + 1 :]
        titles = rows[:n]
        if (
            len(names) > 1
            and all(len(row) == len(names) for row in below)
            and all(len(row) != len(names) for row in titles)
            and not any(NUMBER.fullmatch(row[0]) for row in titles if row)
            and _are_names(names)
            and any(NUMBER.fullmatch(f) for f in below[-1])
        ):
            return n
    return 0


def _are_names(row: Sequence[str]) -> bool:
    names = [f.strip() for f in row]
    return (
        len(set(names)) == len(names)
        and all(_NAME.fullmatch(name) for name in names)
        and not all(_is_unit(name) for name in names)
    )


def names_in_comments(
    comments: Sequence[str], delimiter: str, n_fields: int
) -> tuple[list[str], dict[str, str]] | None:
    """Return names and units of columns that stand in lines that begin with #.

    Parameters
    ----------
    comments
        Those above the first row.
    delimiter, n_fields
        Of the rows.

    Returns
    -------
    The last line that fits, as numpy.savetxt writes it; where that one has units only,
    the names are above it. None: no line fits.
    """
    units: list[str] = []
    for line in reversed(comments):
        fields = _words_of(line, delimiter, n_fields)
        if fields is None:
            if units:
                break
            continue
        if not units and _are_units_only(fields):
            units = fields
            continue
        return fields, by_name(fields, units)
    return (units, {}) if units and len(set(units)) == len(units) else None


def _words_of(line: str, delimiter: str, n_fields: int) -> list[str] | None:
    text = line.strip().lstrip("#").strip()
    for separator in (delimiter, " "):
        try:
            words = [word.strip() for word in fields_of(text, separator)]
        except csv.Error:
            continue
        is_data = any(NUMBER.fullmatch(word) for word in words)
        if len(words) == n_fields and all(words) and not is_data:
            return words
    return None


def _are_units_only(fields: Sequence[str]) -> bool:
    words = [f for f in fields if f.strip("- ")]
    return bool(words) and all(_is_unit(f) for f in words)


def units_below(
    rows: Sequence[Sequence[str]], names: Sequence[str]
) -> tuple[dict[str, str], int]:
    """Return units by name, and how many lines below the names are no rows.

    Parameters
    ----------
    rows
        Fields of the lines below the names.
    names
        Of the columns.
    """
    for n_lines in (1, 2):
        if len(rows) >= n_lines and _are_dashes(rows[n_lines - 1], rows[: n_lines - 1]):
            units = rows[0] if n_lines == 2 else []
            return by_name(names, units), n_lines
    if len(rows) > 1 and _are_types(rows[0], rows[1]):
        return {}, 1
    if len(rows) > 1 and _are_units(rows[0], rows[1]):
        return by_name(names, rows[0]), 1
    return {}, 0


def by_name(names: Sequence[str], units: Sequence[str]) -> dict[str, str]:
    """Return units by the name of their column, without those that are blank."""
    bare = [_BRACKETS.sub(r"\1", unit.strip()).strip() for unit in units]
    pairs = zip(names, bare, strict=False)
    return {name: unit for name, unit in pairs if unit.strip("-")}


def _are_dashes(row: Sequence[str], above: Sequence[Sequence[str]]) -> bool:
    if not all(re.fullmatch(r"\s*-+\s*", f) for f in row):
        return False
    if any(f.strip() not in MISSING for f in row):
        return True
    # Dashes that are short are words for missing as well: then the line above tells.
    return len(row) > 1 and not any(NUMBER.fullmatch(f) for r in above for f in r)


def _are_types(row: Sequence[str], below: Sequence[str]) -> bool:
    return (
        len(row) > 1
        and all(_TYPE.fullmatch(f.strip()) for f in row)
        and any(NUMBER.fullmatch(f) for f in below)
    )


def _are_units(row: Sequence[str], below: Sequence[str]) -> bool:
    pairs = [(f.strip(), b) for f, b in zip(row, below, strict=False) if f.strip(" -")]
    return bool(pairs) and all(
        f not in MISSING
        and not NUMBER.fullmatch(f)
        and _is_unit(f)
        and NUMBER.fullmatch(b)
        for f, b in pairs
    )


def _is_unit(text: str) -> bool:
    text = text.strip("[]()")
    try:
        return text in ("pixels", "px", "degrees") or bool(u.Unit(text))
    except (ValueError, TypeError):
        return False


__all__ = ["NUMBER", "by_name", "count_titles", "names_in_comments", "units_below"]
