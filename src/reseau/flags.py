"""The bits of the column `flags` of a solution's sources: one registry.

A bit says what to know of a source before its position is used; none means that
nothing is out of the ordinary. Names and descriptions are read from here by decoders
and docs, and bits keep their meaning in later versions.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, overload

import numpy as np
from jaxtyping import Int

from reseau.errors import ConfigError, explain, unknown_name

Flags = Int[np.ndarray, "n"] | Sequence[int]
"""A column of flags."""


class Flag(NamedTuple):
    """One bit.

    Attributes
    ----------
    bit
        Its number, from 0.
    name
        In one word, for decoders and tables.
    description
        In a sentence.
    """

    bit: int
    name: str
    description: str

    @property
    def value(self) -> int:
        """Return the integer with only this bit set."""
        return 1 << self.bit


FLAGS = (
    Flag(
        0,
        "wrong_reference",
        "the reference position disagrees with the measurements: the p-value of their "
        "difference is below 0.0008",
    ),
    Flag(
        1,
        "near_wrong_reference",
        "wrong references, had they been believed, would have moved this source by "
        "more than half its error",
    ),
    Flag(
        2,
        "outliers",
        "at least one of its measurements is more likely an outlier than not",
    ),
    Flag(
        3,
        "mostly_outliers",
        "at least half of its measurements are more likely outliers than not",
    ),
    Flag(
        4,
        "few_measurements",
        "fewer than four good measurements: outliers among them cannot be told",
    ),
    Flag(
        5,
        "no_reference",
        "no reference position enters: the position comes from the measurements alone",
    ),
    Flag(
        6,
        "prior_dominated",
        "nine tenths of what is known of the position come from the reference itself",
    ),
    Flag(7, "held", "the position was given and held fixed"),
    Flag(
        8,
        "ambiguous",
        "its position has two likely values or no clear one: with its reference right "
        "and with it wrong (each more likely than 0.02) it lies more than 2σ apart, σ² "
        "the mean of both variances, and position and error are mean and spread of "
        "both (of guides other than arrow, those of one); or a measurement lies "
        "between good and bad, and the error is approximate",
    ),
    Flag(
        9,
        "extrapolated",
        "no reference is near enough to tell what the calibration does here: what it "
        "adds to the variance is more than one reference of the usual quality, "
        "measured at this place, would leave of it",
    ),
)
"""All flags, by bit."""

BY_NAME = {flag.name: flag for flag in FLAGS}


def flag_value(*names: str | Iterable[str]) -> int:
    """Return the integer with the bits of these names set.

    Parameters
    ----------
    names
        Of flags: one or several, or a list of them.

    Raises
    ------
    ConfigError
        A name is unknown.

    Examples
    --------
    >>> from reseau.flags import flag_value
    >>> flag_value("wrong_reference", "outliers")
    5
    """
    found = 0
    for name in _listed(names):
        if name not in BY_NAME:
            raise unknown_name("flag", name, BY_NAME, where="flags")
        found |= BY_NAME[name].value
    return found


@overload
def decode_flags(value: int | np.integer) -> list[str]: ...


@overload
def decode_flags(value: Flags) -> list[list[str]]: ...


def decode_flags(value: int | np.integer | Flags) -> list[str] | list[list[str]]:
    """Return the names of the bits that are set, lowest first.

    Bits of later versions are named by their number.

    Parameters
    ----------
    value
        The flags of a source, or a column of them.

    Returns
    -------
    The names; of a column, a list of them for each row.

    Raises
    ------
    ConfigError
        A value is negative or no integer.

    Examples
    --------
    >>> from reseau.flags import decode_flags
    >>> decode_flags(5)
    ['wrong_reference', 'outliers']
    >>> decode_flags([0, 1])
    [[], ['wrong_reference']]
    """
    values = _as_bits(value)
    if values.ndim == 0:
        return _names(int(values))
    each, rows = np.unique(values, return_inverse=True)
    known = [_names(int(v)) for v in each]
    return [[*known[row]] for row in rows]


def count_flags(values: Flags) -> dict[str, int]:
    """Return how many rows have each flag that any has, by name.

    Parameters
    ----------
    values
        A column of flags.
    """
    bits = _as_bits(values)
    counts = {f.name: int(np.count_nonzero(bits & f.value)) for f in FLAGS}
    return {name: count for name, count in counts.items() if count}


def has_flags(values: Flags, *names: str | Iterable[str]) -> np.ndarray:
    """Return which rows have any of these flags.

    Parameters
    ----------
    values
        A column of flags.
    names
        Of flags: one or several, or a list of them.

    Examples
    --------
    >>> from reseau.flags import has_flags
    >>> has_flags([0, 4, 128], "outliers", "held")
    array([False,  True,  True])
    """
    return np.asarray((_as_bits(values) & flag_value(*names)) != 0)


def _listed(names: Iterable[str | Iterable[str]]) -> list[str]:
    """Return names that were given one by one or in lists as one list."""
    given = [[name] if isinstance(name, str) else [*name] for name in names]
    return [name for some in given for name in some]


def _names(value: int) -> list[str]:
    known = {flag.bit: flag.name for flag in FLAGS}
    bits = [b for b in range(value.bit_length()) if value >> b & 1]
    return [known.get(b, f"bit_{b}") for b in bits]


def _as_bits(values: int | np.integer | Flags) -> np.ndarray:
    """Return flags as integers, or refuse what cannot be a sum of bits."""
    found = np.asarray(values)
    if found.size == 0 and found.ndim == 1:
        return found.astype(np.int64)
    if found.dtype.kind not in "iu" or found.ndim > 1:
        kind = "a list" if found.ndim else "a value"
        given = f"{kind} of type {found.dtype}: {str(values)[:40]}"
        raise _no_flags(given, "read the column flags without changing its type")
    if np.any(found < 0):
        raise _no_flags(f"the value {found.min()}", "correct it")
    return found


def _no_flags(given: str, todo: str) -> ConfigError:
    return ConfigError(
        explain(
            given=given,
            wanted="integers, 0 or more, one or a column of them",
            where="flags",
            todo=todo,
        )
    )


def flags_table() -> str:
    """Return the registry as a Markdown table, for the docs."""
    rows = [f"| {f.bit} | {f.value} | `{f.name}` | {f.description} |" for f in FLAGS]
    head = ["| bit | value | name | meaning |", "|---:|---:|---|---|"]
    return "\n".join([*head, *rows])


__all__ = [
    "FLAGS",
    "Flag",
    "count_flags",
    "decode_flags",
    "flag_value",
    "flags_table",
    "has_flags",
]
