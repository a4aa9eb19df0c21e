"""Matches of two tables, and the sources that they become."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .objects import COMPARED, Objects, compared, joined, stacked, taken
from .staging import Reader
from .strips import row_of
from .two_tables import Matcher


@dataclass(frozen=True, eq=False)
class Links:
    """Matches: sources of the one table with rows of the other.

    Attributes
    ----------
    one, other
        Numbers of rows, the one's ascending; none is twice: (n,).
    probability
        That each is one source: (n,).
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    probability: NDArray[np.float64]

    def of_strip(self, strip: int) -> "Links":
        """Return the matches of the sources of a strip."""
        edges = np.array([strip, strip + 1], dtype=np.int64) << np.int64(32)
        low, high = np.searchsorted(self.one, edges)
        part = slice(int(low), int(high))
        return Links(self.one[part], self.other[part], self.probability[part])


def merge_matched(matcher: Matcher, links: Links, place: int, into: Objects) -> None:
    """Write the sources of both tables, matched pairs as one.

    Parameters
    ----------
    matcher
        Both tables.
    links
        Their matches.
    place
        Of the survey, in the order of merging.
    into
        What is written.
    """
    reader = Reader(matcher.staged, COMPARED)
    used = np.sort(links.other)
    for strip in range(len(matcher.strips)):
        one = matcher.objects.read(strip)
        here = links.of_strip(strip)
        pair = (here.one & 0xFFFFFFFF).astype(np.int64)
        parts = []
        if len(pair):
            other = compared(reader.take(here.other))
            other[f"row_{place}"] = here.other
            other[f"probability_{place}"] = here.probability
            parts.append(joined(taken(one, pair), other))
        parts.append(taken(one, _rest(len(one["ra"]), pair)))
        rows = compared(reader.read(strip))
        numbers = row_of(strip, np.arange(len(rows["ra"])))
        alone = np.flatnonzero(~_among(numbers, used))
        rest = taken(rows, alone)
        rest[f"row_{place}"] = numbers[alone]
        rest[f"probability_{place}"] = np.ones(len(alone))
        parts.append(rest)
        into.write(strip, stacked(parts, into.members))


def _among(values: NDArray[np.int64], ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[place] == values)


def _rest(n: int, which: NDArray[np.int64]) -> NDArray[np.int64]:
    left = np.ones(n, bool)
    left[which] = False
    return np.flatnonzero(left)


__all__ = ["Links", "merge_matched"]
