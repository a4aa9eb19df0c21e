"""Part of the sky from which the likelihood of two tables' pairs is learned."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .candidates import Pairs
from .density import Density, density_of
from .features import Features, features_of, half_of, magnitude_class
from .learning import Sample
from .likelihood import MatchModel
from .objects import Columns, taken
from .staging import Reader
from .two_tables import Matcher

SAMPLE = 2_000_000
"""Rows of both tables from which a model is learned."""


def sample_of(matcher: Matcher, density: Density, reader: Reader) -> Sample:
    """Return the strips with most rows of both, as many as are needed to learn from."""
    own = density_of(
        matcher.connection, str(matcher.objects.folder / "strip-*.parquet"), ()
    )
    parts: list[Features] = []
    rows_one: list[NDArray[np.float64]] = []
    rows_other: list[NDArray[np.float64]] = []
    rows = 0
    for strip in _by_richness(matcher):
        one, other, numbers, pairs = matcher.pairs_of(strip, reader)
        parts.append(features_of(pairs, one, other, density))
        for book, table, elsewhere in (
            (rows_one, one, density),
            (rows_other, taken(other, (numbers >> 32) == strip), own),
        ):
            inside = np.flatnonzero(elsewhere.covers(table["ra"], table["dec"]))
            book.append(_rows_of(taken(table, inside)))
        rows += len(one["ra"]) + len(other["ra"])
        if rows >= SAMPLE:
            break
    return Sample(_together(parts), sum(rows_one, _NONE), sum(rows_other, _NONE))


_CLASSES = len(MatchModel().share_one)
_NONE = np.zeros((2, _CLASSES))


def _rows_of(table: Columns) -> NDArray[np.float64]:
    """Return how many rows there are by half of the sky, and by class."""
    place = half_of(table) * _CLASSES + magnitude_class(table)
    return np.bincount(place, minlength=2 * _CLASSES).reshape(2, -1).astype(float)


def _by_richness(matcher: Matcher) -> list[int]:
    def rows(strip: int) -> int:
        files = matcher.objects.file(strip), matcher.staged.file(strip)
        return min(_rows(file) for file in files)

    strips = [s for s in range(len(matcher.strips)) if rows(s)]
    found = sorted(strips, key=lambda s: (-rows(s), s))
    # Where tables only touch across the border of two strips, that is all there is.
    return found or list(range(len(matcher.strips)))


def _rows(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows) if file.exists() else 0


def _together(parts: list[Features]) -> Features:
    """Return the features of several strips, their rows numbered on."""
    pairs, begin_one, begin_other = [], 0, 0
    for part in parts:
        own = part.pairs
        rest = (getattr(own, n) for n in _REST)
        pairs.append(Pairs(own.one + begin_one, own.other + begin_other, *rest))
        begin_one += int(own.one.max(initial=-1)) + 1
        begin_other += int(own.other.max(initial=-1)) + 1
    both = Pairs(
        *(np.concatenate([getattr(p, n) for p in pairs]) for n in ("one", "other")),
        *(np.concatenate([getattr(p, n) for p in pairs]) for n in _REST),
    )
    names = ("kind", "grade", "place", "jacobian")
    after = ("background", "class_one", "class_other", "half")
    return Features(
        both,
        *(np.concatenate([getattr(p, n) for p in parts]) for n in names),
        *(
            np.concatenate([getattr(p, n) for p in parts], axis=1)
            for n in ("further_grade", "further", "colours", "ratio")
        ),
        *(np.concatenate([getattr(p, n) for p in parts]) for n in after),
    )


_REST = ("east", "north", "east_variance", "north_variance")


__all__ = ["sample_of"]
