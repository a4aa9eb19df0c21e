"""Identifiers as people have them, to 64-bit integers and back.

Text that is a number is that number, ``Gaia DR3 4295806720`` its digits. Other text
gets a number: of a source one that depends on the text alone, so that tables and plates
agree; of an exposure its place in the alphabet.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn

EXACT_FLOAT = 2**53
"""Integers below are exact as floating-point numbers of 64 bits."""

MISSING = (
    *("", "null", "none", "nan", "n/a", "--", "missing", "<na>"),
    *("unmatched", "not matched", "no match", "no_match", "nomatch", "unidentified"),
)
"""Words for no identifier."""

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_GAIA = re.compile(r"(Gaia E?DR\d)\s+(\d{1,19})", re.IGNORECASE)


@dataclass(frozen=True)
class Identifiers:
    """A column of identifiers.

    Attributes
    ----------
    values
        int64, null where there is none.
    texts
        What the numbers stand for, where they were text.
    """

    values: pa.ChunkedArray
    texts: Mapping[int, str] = field(default_factory=dict)

    @property
    def missing(self) -> NDArray:
        """Which rows have none."""
        return np.asarray(self.values.is_null().to_numpy())


def read_identifiers(
    column: pa.ChunkedArray,
    name: str,
    where: str | Path,
    *,
    known: Mapping[str, int] | None = None,
    in_order: bool = False,
) -> Identifiers:
    """Return identifiers as integers, whatever they were written as.

    Parameters
    ----------
    column
        As read.
    name, where
        For messages.
    known
        Numbers that texts have already, from another table.
    in_order
        Whether texts are numbered 0, 1, ... and not by what they say.

    Raises
    ------
    CatalogueError
        Floating-point numbers that have lost digits, or are no integers.

    Warns
    -----
    ReseauWarning
        Identifiers were written as floating-point numbers.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        column, kind = column.cast(pa.string()), pa.string()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Identifiers(_of_floats(column, name, where))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _of_text(column.cast(pa.string()), known, in_order)
    if pa.types.is_null(kind):
        return Identifiers(column.cast(pa.int64()))
    if kind == pa.uint64() and (pc.max(column).as_py() or 0) >= 2**63:
        raise _too_great(pc.max(column).as_py(), column.type, name, where)
    return Identifiers(column)


def _of_floats(
    column: pa.ChunkedArray, name: str, where: str | Path
) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise _refusal(
                f"column {name} is of type {column.type}: {error}",
                f"integers from {-(2**63)} to {2**63 - 1}",
                f"{where}, column {name}",
                "write the column as 64-bit integers where the table comes from",
            ) from error
    values = np.asarray(column.cast(pa.float64()).to_numpy(), float)
    missing = np.isnan(values)
    limit = EXACT_FLOAT if column.type == pa.float64() else 2**24
    if (np.abs(values[~missing]) >= limit).any():
        largest = np.abs(values[~missing]).max()
        if largest >= 2.0**63:
            raise _too_great(largest, column.type, name, where)
        raise _refusal(
            f"column {name} is of type {column.type}, with values up to {largest:.17g}",
            "integers: floating-point numbers lose digits of an id above "
            f"{limit:.3g}, and different stars become one",
            f"{where}, column {name}",
            "write the column as 64-bit integers where the table comes from; in pandas "
            'read it with dtype={"' + name + '": "Int64"}',
        )
    broken = ~missing & (values != np.rint(values))
    if broken.any():
        rows = np.flatnonzero(broken)
        raise _refusal(
            f"column {name} is of type {column.type}, {len(rows)} of its "
            f"{len(values)} values are no integers ({some(values[rows], 3)})",
            "integers, or text",
            f"{where}, column {name}, rows {some(rows)} (counted from 0)",
            "name the column that identifies",
        )
    warn(
        f"{where}: column {name} is written as floating-point numbers; all of them are "
        "integers and none has lost digits",
        ReseauWarning,
    )
    whole = np.where(missing, 0, values).astype(np.int64)
    return pa.chunked_array([pa.array(whole, mask=missing)])


def _too_great(
    largest: float, kind: pa.DataType, name: str, where: str | Path
) -> CatalogueError:
    return _refusal(
        f"column {name} has numbers up to {largest:.17g} (read as {kind})",
        "integers below 9223372036854775808, which 64 bits with a sign hold, or text",
        f"{where}, column {name}",
        "write them as text that is no number, as S9223372036854775808, or number the "
        "sources anew, in all tables alike",
    )


def _of_text(
    column: pa.ChunkedArray, known: Mapping[str, int] | None, in_order: bool
) -> Identifiers:
    trimmed = pc.utf8_trim_whitespace(column)
    absent = pc.is_in(pc.utf8_lower(trimmed), pa.array(MISSING))
    trimmed = pc.if_else(absent, pa.scalar(None, pa.string()), trimmed)
    encoded = trimmed.combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()  # different texts, not rows
    numbers, plain = _numbers(words, known or {}, in_order)
    row = encoded.indices
    values = pa.array(numbers, pa.int64()).take(row)
    texts = {} if plain else dict(zip(numbers, words, strict=True))
    return Identifiers(pa.chunked_array([values]), texts)


def _numbers(
    words: list[str], known: Mapping[str, int], in_order: bool
) -> tuple[list[int], bool]:
    # The number of each text, and whether the text is nothing but that number.
    if words and all(w in known for w in words):
        return [known[w] for w in words], False
    if all(_INTEGER.fullmatch(w) and abs(int(w)) < 2**63 for w in words):
        found = [int(w) for w in words]
        if len(set(found)) == len(found):
            return found, True
    gaia = [_GAIA.fullmatch(w) for w in words]
    if words and all(gaia) and len({release_of(w) for w in words}) == 1:
        return [int(m[2]) for m in gaia if m], False
    if in_order and not known:
        place = {w: i for i, w in enumerate(sorted(words))}
        return [place[w] for w in words], False
    numbers = [known.get(w, number_of_text(w)) for w in words]
    if len(set(numbers)) != len(numbers):
        raise _refusal(
            "two texts that identify sources have the same number",
            "texts that can be told apart",
            "identifiers as text",
            "give the sources integers as source_id",
        )
    return numbers, False


def number_of_text(text: str) -> int:
    """Return a number from 2**62 to 2**63 that stands for a text, the same anywhere.

    Parameters
    ----------
    text
        Name of a source. Two of a million have the same number once in 10**7 tables.
    """
    digest = hashlib.sha256(text.encode()).digest()[:8]
    return 2**62 + int.from_bytes(digest) % 2**62


def release_of(text: str) -> str:
    """Return the release of Gaia that a name is of, "GAIA DR3"; empty: none.

    Parameters
    ----------
    text
        As ``Gaia DR3 4295806720``. The stars of EDR3 have the numbers of DR3.
    """
    found = _GAIA.fullmatch(text)
    return found[1].upper().replace("EDR", "DR") if found else ""


def stands_for_nothing(column: pa.ChunkedArray, words: Collection[str]) -> NDArray:
    """Return which rows have one of the identifiers that mean "not identified".

    Parameters
    ----------
    column
        As read.
    words
        Those identifiers as text; one of `MISSING` means null.
    """
    wanted = {w.strip().lower() for w in words}
    nothing = bool(wanted & set(MISSING))
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        text = np.asarray(column.to_numpy(), float)
        numbers = [float(w) for w in wanted if re.fullmatch(r"[+-]?\d+(\.0*)?", w)]
        return np.isin(text, numbers) | (nothing & np.isnan(text))
    words_of = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
    if nothing:
        wanted |= set(MISSING)
    found = pc.is_in(words_of, pa.array(sorted(wanted)))
    filled = pc.if_else(pc.is_null(words_of), pa.scalar(nothing), found)
    return np.asarray(filled.to_numpy())


def _refusal(given: str, wanted: str, where: str, todo: str) -> CatalogueError:
    return CatalogueError(explain(given=given, wanted=wanted, where=where, todo=todo))


__all__ = [
    "MISSING",
    "Identifiers",
    "number_of_text",
    "read_identifiers",
    "release_of",
    "stands_for_nothing",
]
