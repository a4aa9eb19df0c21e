"""One more survey matched with the sources that are merged already, strip by strip."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .candidates import ARCSEC, Pairs, candidate_pairs, common_epoch
from .density import Density, density_of
from .likelihood import (
    Features,
    MatchModel,
    Sample,
    features_of,
    learned,
    magnitude_class,
    odds,
)
from .objects import COMPARED, Columns, Objects, compared, joined, stacked, taken
from .options import MatchOptions
from .resolution import components, one_to_one, probabilities
from .staging import Reader, Staged
from .strips import Strips, row_of
from .surveys import BANDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE = 1_000_000
"""Rows of both tables from which a model is learned."""
LEAST_ODDS = 1e-6
"""Pairs of less are no rivals to any other."""
CLEAR = 0.9
"""Matches that are less likely are called ambiguous."""


def reach_of(options: MatchOptions, surveys: int) -> float:
    """Return how far from its strip a source may lie and be matched [deg]."""
    return (2.0 * options.largest_radius_arcsec * surveys + 10.0) / ARCSEC


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


@dataclass(frozen=True, eq=False)
class Step:
    """How one survey was matched.

    Attributes
    ----------
    survey
        Its name.
    with_surveys
        Names of those that were merged before.
    sources, rows
        How many there were of either.
    candidates
        Pairs that were near enough.
    matches
        Pairs that are one source each.
    expected_false
        Matches that are none, as expected: the sum of their probabilities of being so.
    expected_missed
        Pairs that are one source and were not chosen, as expected.
    ambiguous
        Matches less likely than `CLEAR`.
    model
        What was learned.
    """

    survey: str
    with_surveys: tuple[str, ...]
    sources: int
    rows: int
    candidates: int
    matches: int
    expected_false: float
    expected_missed: float
    ambiguous: int
    model: MatchModel


@dataclass(frozen=True, eq=False)
class Matcher:
    """Two tables that are matched.

    Attributes
    ----------
    connection
        The database.
    objects, staged
        The sources, and the survey.
    strips
        The strips.
    reach
        How far from its strip a source may lie [deg].
    options
        Radii and the like.
    """

    connection: "DuckDBPyConnection"
    objects: Objects
    staged: Staged
    strips: Strips
    reach: float
    options: MatchOptions

    def pairs_of(
        self, strip: int, reader: Reader
    ) -> tuple[Columns, Columns, NDArray[np.int64], Pairs]:
        """Return a strip's sources, the rows around them, their numbers, and pairs."""
        one = self.objects.read(strip)
        if not len(one["ra"]):
            return one, one, np.zeros(0, np.int64), _no_pairs()
        low, high = one["dec"].min() - self.reach, one["dec"].max() + self.reach
        found, numbers = [], []
        for near in range(strip - 1, strip + 2):
            rows = compared(reader.read(near))
            inside = np.flatnonzero((rows["dec"] >= low) & (rows["dec"] <= high))
            found.append(taken(rows, inside))
            numbers.append(row_of(near, inside))
        other = {name: np.concatenate([f[name] for f in found]) for name in COMPARED}
        epoch = common_epoch(one, other)
        pairs = candidate_pairs(self.connection, one, other, epoch, self.options)
        return one, other, np.concatenate(numbers), pairs


def _no_pairs() -> Pairs:
    return Pairs(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 4)


def match(
    matcher: Matcher, tell: Callable[[], None] | None = None
) -> tuple[Links, Step]:
    """Match a survey with sources.

    Parameters
    ----------
    matcher
        Both.
    tell
        Called after each strip.
    """
    bands = tuple(b for b in BANDS if b in matcher.staged.columns)
    pattern = str(matcher.staged.folder / "strip-*.parquet")
    density = density_of(matcher.connection, pattern, bands)
    reader = Reader(matcher.staged, COMPARED)
    model = learned(_sample(matcher, density, reader))
    total = _Total()
    groups = _Groups(matcher)
    for strip in range(len(matcher.strips)):
        one, other, numbers, pairs = matcher.pairs_of(strip, reader)
        total.sources += len(one["ra"])
        total.candidates += len(pairs)
        features = features_of(pairs, one, other, density)
        groups.add(strip, odds(model, features), pairs, other["dec"], numbers)
        for links, missed in groups.closed(strip):
            total.add(links, missed)
        if tell is not None:
            tell()
    links = total.links()
    return links, Step(
        matcher.staged.survey.title,
        (),
        total.sources,
        matcher.staged.counts.kept,
        total.candidates,
        len(links.one),
        float((1 - links.probability).sum()),
        total.missed,
        int((links.probability < CLEAR).sum()),
        model,
    )


class _Total:
    """Matches and counts as they come in."""

    def __init__(self) -> None:
        self.parts: list[Links] = []
        self.sources = self.candidates = 0
        self.missed = 0.0

    def add(self, links: Links, missed: float) -> None:
        self.parts.append(links)
        self.missed += missed

    def links(self) -> Links:
        names = ("one", "other", "probability")
        empty = Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        found = [
            np.concatenate([getattr(part, name) for part in [empty, *self.parts]])
            for name in names
        ]
        order = np.argsort(found[0], kind="stable")
        return Links(*(values[order] for values in found))


class _Groups:
    """Pairs that wait until all of their group have come in.

    A pair of a source near the northern edge of its strip may have rivals in the next
    one: it waits, with all that hangs together with it, until that has been read.
    """

    def __init__(self, matcher: Matcher) -> None:
        self.strips, self.reach = matcher.strips, matcher.reach
        self.least = matcher.options.least_probability
        self.odds = np.zeros(0)
        self.one = self.other = np.zeros(0, np.int64)
        self.dec = np.zeros(0)

    def add(
        self,
        strip: int,
        worth: NDArray[np.float64],
        pairs: Pairs,
        dec: NDArray[np.float64],
        numbers: NDArray[np.int64],
    ) -> None:
        keep = np.flatnonzero(worth > LEAST_ODDS)
        self.odds = np.concatenate([self.odds, worth[keep]])
        self.one = np.concatenate([self.one, row_of(strip, pairs.one[keep])])
        other = pairs.other[keep]
        self.other = np.concatenate([self.other, numbers[other]])
        self.dec = np.concatenate([self.dec, dec[other]])

    def closed(self, strip: int) -> Iterator[tuple[Links, float]]:
        """Give the matches of groups that no later strip can add to, and drop these."""
        if not len(self.odds):
            return
        _, one = np.unique(self.one, return_inverse=True)
        _, other = np.unique(self.other, return_inverse=True)
        done = np.ones(len(one), bool)
        if strip + 1 < len(self.strips):
            border = self.strips.bounds(strip)[1] - 2 * self.reach
            group = components(one, other)
            northmost = np.full(int(group.max()) + 1, -np.inf)
            np.maximum.at(northmost, group, self.dec)
            done = northmost[group] < border
        which = np.flatnonzero(done)
        if len(which):
            yield self._resolved(which, one[which], other[which])
        for name in ("odds", "one", "other", "dec"):
            setattr(self, name, getattr(self, name)[~done])

    def _resolved(
        self, which: NDArray[np.int64], one: NDArray, other: NDArray
    ) -> tuple[Links, float]:
        probability = probabilities(self.odds[which], one, other)
        chosen = one_to_one(probability, one, other, self.least)
        found = which[chosen]
        missed = float(probability.sum() - probability[chosen].sum())
        return Links(self.one[found], self.other[found], probability[chosen]), missed


def _sample(matcher: Matcher, density: Density, reader: Reader) -> Sample:
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
            classes = magnitude_class(taken(table, inside))
            book.append(np.bincount(classes, minlength=_CLASSES).astype(float))
        rows += len(one["ra"]) + len(other["ra"])
        if rows >= SAMPLE:
            break
    return Sample(_together(parts), sum(rows_one, _NONE), sum(rows_other, _NONE))


_CLASSES = len(MatchModel().share_one)
_NONE = np.zeros(_CLASSES)


def _by_richness(matcher: Matcher) -> list[int]:
    def rows(strip: int) -> int:
        files = matcher.objects.file(strip), matcher.staged.file(strip)
        return min(_rows(file) for file in files)

    strips = [s for s in range(len(matcher.strips)) if rows(s)]
    found = sorted(strips, key=lambda s: (-rows(s), s))
    # Where tables only touch across the border of two strips, that is all there is.
    return found or list(range(len(matcher.strips)))


def _rows(file: object) -> int:
    import pyarrow.parquet as pq

    path = str(file)
    try:
        return int(pq.read_metadata(path).num_rows)
    except FileNotFoundError:
        return 0


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
    after = ("background", "class_one", "class_other")
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


__all__ = ["Links", "Matcher", "Step", "match", "merge_matched", "reach_of"]
