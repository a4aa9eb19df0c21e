"""One more survey matched with the sources that are merged already, strip by strip."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .candidates import Pairs
from .density import density_of
from .features import features_of
from .learning import learned
from .likelihood import HalfModels
from .linking import Links
from .objects import COMPARED
from .resolution import components, one_to_one, probabilities
from .sampling import sample_of
from .staging import Reader
from .strips import row_of
from .surveys import BANDS
from .two_tables import Matcher

LEAST_ODDS = 1e-6
"""Pairs of less are no rivals to any other."""
CLEAR = 0.9
"""Matches that are less likely are called ambiguous."""


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
    model: HalfModels


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
    model = learned(sample_of(matcher, density, reader))
    total = _Total()
    groups = _Groups(matcher)
    for strip in range(len(matcher.strips)):
        one, other, numbers, pairs = matcher.pairs_of(strip, reader)
        total.sources += len(one["ra"])
        total.candidates += len(pairs)
        features = features_of(pairs, one, other, density)
        groups.add(strip, model.odds(features), pairs, other["dec"], numbers)
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


__all__ = ["CLEAR", "Step", "match"]
