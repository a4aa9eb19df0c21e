"""Columns of text become numbers where all of them are: words for missing, blanks."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = (
    *("", "--", "---", "...", "-", "nan", "NaN", "NAN", "-nan", "null", "NULL", "Null"),
    *("None", "none", "NONE", "N/A", "n/a", "NA", "INDEF", "indef", "#N/A", "<NA>"),
    # What spreadsheets, runtimes of C and Fortran write of what is no number.
    *("#NA", "#NUM!", "#DIV/0!", "#VALUE!", "1.#QNAN", "-1.#QNAN", "1.#IND"),
    *("-1.#IND", *("*" * n for n in range(2, 33))),
)
"""Words that stand for a missing value in a column of numbers."""

_INTEGER = r"^[+-]?[0-9]+$"
_NUMBER = r"(?i)^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([ed][+-]?[0-9]+)?$|^[+-]?inf(inity)?$"
_COMMA = r"(?i)^[+-]?[0-9]*,[0-9]+(e[+-]?[0-9]+)?$"
_THOUSANDS = r"^[+-]?[0-9]{1,3},[0-9]{3}$"


class AmbiguousCommaError(ValueError):
    """Commas in numbers may be decimal or separate thousands."""


def settle(values: pa.ChunkedArray, *, decimal_comma: bool = False) -> pa.ChunkedArray:
    """Give a column of text the type of what all of its values are.

    Parameters
    ----------
    values
        Text; other columns are returned as they are.
    decimal_comma
        Whether a comma may stand for the decimal point.

    Returns
    -------
    Integers of 64 bits, floating-point numbers, or text without blanks around it in
    which only blank values are missing.
    """
    if not pa.types.is_string(values.type):
        return values
    values = pc.utf8_trim_whitespace(values)
    missing = pc.is_in(values, value_set=pa.array(MISSING))
    numbers = pc.if_else(missing, None, values)
    if _all(numbers, _INTEGER):
        plain = pc.replace_substring_regex(numbers, r"^\+", "")
        return _integers(plain)
    if _all(numbers, _NUMBER):
        return _floats(numbers)
    if decimal_comma and _all(numbers, f"{_COMMA}|{_NUMBER}"):
        _check_commas(numbers)
        return _floats(pc.replace_substring(numbers, ",", "."))
    return pc.if_else(pc.equal(values, ""), None, values)


def _all(values: pa.ChunkedArray, pattern: str) -> bool:
    found = pc.match_substring_regex(values, pattern)
    return bool(pc.all(found, skip_nulls=True, min_count=0).as_py())


def _integers(values: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:  # more than 64 bits: no float, which would lose digits
        return values


def _floats(values: pa.ChunkedArray) -> pa.ChunkedArray:
    # Fortran writes 1.5D-3; a plus is no part of Arrow's numbers.
    plain = pc.replace_substring_regex(values, r"[dD]", "e")
    plain = pc.replace_substring_regex(plain, r"^\+", "")
    return plain.cast(pa.float64())


def _check_commas(values: pa.ChunkedArray) -> None:
    with_comma = values.filter(pc.fill_null(pc.match_substring(values, ","), False))
    points = pc.fill_null(pc.match_substring(values, "."), False)
    if _all(with_comma, _THOUSANDS) or bool(pc.any(points).as_py()):
        raise AmbiguousCommaError(with_comma[0].as_py())


def has_commas(before: pa.ChunkedArray, after: pa.ChunkedArray) -> bool:
    """Say whether text became numbers by taking commas for points."""
    if not (pa.types.is_string(before.type) and pa.types.is_floating(after.type)):
        return False
    found = pc.match_substring(before, ",")
    return bool(pc.any(found, skip_nulls=True, min_count=0).as_py())


def all_missing(values: pa.ChunkedArray) -> bool:
    """Say whether no row has a value."""
    return bool(np.all(values.is_null().to_numpy()))


__all__ = ["MISSING", "AmbiguousCommaError", "all_missing", "has_commas", "settle"]
