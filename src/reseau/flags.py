"""The bits of the column `flags` of a solution's sources: one registry.

A bit says what to know of a source before its position is used; none means that
nothing is out of the ordinary. Names and descriptions are read from here by decoders
and docs, and bits keep their meaning in later versions.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from reseau.errors import unknown_name


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
        "its likelihood has no clear peak (a measurement or its reference lies between "
        "good and bad): the error takes no negative curvature into account and is "
        "approximate",
    ),
)
"""All flags, by bit."""

BY_NAME = {flag.name: flag for flag in FLAGS}


def flag_value(*names: str) -> int:
    """Return the integer with the bits of these names set.

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
    for name in names:
        if name not in BY_NAME:
            raise unknown_name("flag", name, BY_NAME, where="flags")
    return sum({BY_NAME[name].value for name in names})


def decode_flags(value: int) -> list[str]:
    """Return the names of the bits that are set, lowest first.

    Bits of later versions are named by their number.

    Examples
    --------
    >>> from reseau.flags import decode_flags
    >>> decode_flags(5)
    ['wrong_reference', 'outliers']
    """
    known = {flag.bit: flag.name for flag in FLAGS}
    value = int(value)
    bits = [b for b in range(value.bit_length()) if value >> b & 1]
    return [known.get(b, f"bit_{b}") for b in bits]


def count_flags(values: Int[np.ndarray, "n"]) -> dict[str, int]:
    """Return how many rows have each flag that any has, by name.

    Parameters
    ----------
    values
        A column of flags.
    """
    counts = {f.name: int(np.count_nonzero(values & f.value)) for f in FLAGS}
    return {name: count for name, count in counts.items() if count}


def has_flags(values: Int[np.ndarray, "n"], names: Iterable[str]) -> np.ndarray:
    """Return which rows have any of these flags.

    Parameters
    ----------
    values
        A column of flags.
    names
        Of flags.
    """
    return np.asarray((values & flag_value(*names)) != 0)


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
