"""Segments of all components' isochrones, and those that a limit lets through.

A star is a place on a segment between two points of an isochrone. A segment's weight is
the share of a component's living stars on it, so that a limit asks for sums of weights:
segments are sorted by their brighter end, once for each step of reddening.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .limit import MagnitudeLimit

STEP = 0.5
"""Steps of E(J - H) for which segments are sorted anew [mag]."""

SPAN = 512.0
"""Distance between the magnitudes of different lists when all are searched at once."""
FARTHEST = 200.0
"""Magnitudes are cut at this, which no star reaches."""


@dataclass(frozen=True, eq=False)
class Populations:
    """Segments of all components, one component after the other.

    Attributes
    ----------
    names
        Of the components.
    first
        Row of the first segment of each component, and the number of all.
    weight
        Share of the component's living stars; the sum is below 1 where there are stars
        too faint for the isochrones.
    magnitudes
        Absolute J, H, Ks, G at both ends [mag].
    mass
        Initial masses at both ends [solar masses].
    age, metallicity
        [Gyr], [M/H].
    sequence
        Number of the isochrone, counted through all components; segments of one are
        in the order of mass.
    """

    names: tuple[str, ...]
    first: Int[np.ndarray, "c1"]
    weight: Float[np.ndarray, "q"]
    magnitudes: Float[np.ndarray, "q 2 4"]
    mass: Float[np.ndarray, "q 2"]
    age: Float[np.ndarray, "q"]
    metallicity: Float[np.ndarray, "q"]
    sequence: Int[np.ndarray, "q"]

    def __len__(self) -> int:
        """Return how many segments there are."""
        return len(self.weight)

    @property
    def component(self) -> Int[np.ndarray, "q"]:
        """Number of each segment's component."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.first))

    @classmethod
    def joined(cls, names: Sequence[str], segments: Sequence[Any]) -> "Populations":
        """Return the segments of several components as one.

        Parameters
        ----------
        names
            Of the components.
        segments
            Of each, as `isochrones.luminosity_segments` returns them.
        """

        def all_of(name: str) -> Any:
            return np.concatenate([np.asarray(getattr(s, name)) for s in segments])

        counts = [len(s.weight) for s in segments]
        lengths = [1 + int(np.max(s.sequence, initial=-1)) for s in segments]
        before = np.cumsum([0, *lengths[:-1]])
        return cls(
            names=tuple(names),
            first=np.concatenate([[0], np.cumsum(counts)]),
            weight=all_of("weight"),
            magnitudes=all_of("magnitudes"),
            mass=all_of("mass"),
            age=all_of("age"),
            metallicity=all_of("metallicity"),
            sequence=all_of("sequence") + np.repeat(before, counts),
        )


class Bright(NamedTuple):
    """What is left of lists of segments after a limit.

    Attributes
    ----------
    share
        Sum of the weights that are left.
    number
        Of the list.
    start, stop
        Places of the list in the table of all lists, and where the limit cuts it.
    """

    share: Float[np.ndarray, "*g"]
    number: Int[np.ndarray, "*g"]
    start: Int[np.ndarray, "*g"]
    stop: Int[np.ndarray, "*g"]


@dataclass(frozen=True, eq=False)
class BrightestFirst:
    """Segments sorted by the least magnitude that stars on them may have.

    Attributes
    ----------
    limit
        Band and magnitude.
    bins
        How many steps of reddening there are lists for.
    components
        How many components.
    kinds
        Shares of the kinds of stars, single ones first, which have lists of their own.
    reddest
        Greatest intrinsic J - H at an end of a segment [mag].
    keys
        Magnitudes in ascending order, list after list, each moved by `SPAN`.
    sums
        Sums of weights up to each of them, list after list, each moved by 2.
    segment
        Row of the segment.
    start
        Where each list begins.
    """

    limit: MagnitudeLimit
    bins: int
    components: int
    kinds: tuple[float, ...]
    reddest: float
    keys: Float[np.ndarray, "m"]
    sums: Float[np.ndarray, "m"]
    segment: Int[np.ndarray, "m"]
    start: Int[np.ndarray, "lists"]

    def cut(
        self,
        kind: int,
        component: Int[np.ndarray, "*#g"],
        modulus: Float[np.ndarray, "*#g"],
        extinction: Float[np.ndarray, "*#g 4"],
    ) -> Bright:
        """Return which segments may have stars that are not beyond the limit.

        Parameters
        ----------
        kind
            Number of the kind of stars.
        component
            Number of the component.
        modulus
            Least distance modulus of the stars [mag].
        extinction
            Least extinction in J, H, Ks, G [mag].

        Notes
        -----
        With c the intrinsic colour and e = A_J - A_H, the magnitude has the term
        ``-g (c + e)²``. Lists are sorted with e of a step's lower end, k; since
        ``(c + e)² - (c + k)² <= (e - k) (2 c_max + e + k)`` no star is lost if the
        limit is moved by g times that.
        """
        linear = sum(
            w * extinction[..., i] for i, w in enumerate(self.limit.weights) if w
        )
        threshold = self.limit.magnitude - modulus - linear
        number = component + kind * self.bins * self.components
        if self.limit.curvature:
            excess = np.maximum(extinction[..., 0] - extinction[..., 1], 0.0)
            step = np.minimum((excess / STEP).astype(np.int64), self.bins - 1)
            low = STEP * step
            rest = (excess - low) * (2.0 * self.reddest + excess + low)
            threshold = threshold + self.limit.curvature * rest
            number = number + step * self.components
        return self._cut(*np.broadcast_arrays(number, threshold))

    def _cut(self, number: np.ndarray, threshold: np.ndarray) -> Bright:
        wanted = SPAN * number + np.clip(threshold, -FARTHEST, FARTHEST)
        stop = np.searchsorted(self.keys, wanted, side="right")
        start = self.start[number]
        last = self.sums[np.maximum(stop - 1, 0)] - 2.0 * number
        return Bright(np.where(stop > start, last, 0.0), number, start, stop)

    def chosen(
        self, bright: Bright, rows: Int[np.ndarray, "n"], share: Float[np.ndarray, "n"]
    ) -> Int[np.ndarray, "n"]:
        """Return segments at given shares of what a limit has left.

        Parameters
        ----------
        bright
            What is left in g lists.
        rows
            Which of them, for each star.
        share
            From 0 to below 1, uniform for random segments.
        """
        start, stop = bright.start[rows], bright.stop[rows]
        wanted = 2.0 * bright.number[rows] + share * bright.share[rows]
        place = np.searchsorted(self.sums, wanted, side="right")
        return self.segment[np.clip(place, start, stop - 1)]


def brightest_first(
    populations: Populations,
    limit: MagnitudeLimit,
    kinds: Sequence[tuple[float, Float[np.ndarray, "q _ 4"]]],
    largest: float,
) -> BrightestFirst:
    """Return the segments of populations sorted for a limit.

    Parameters
    ----------
    populations
        The segments.
    limit
        Band and magnitude.
    kinds
        For each kind of stars its share, and absolute magnitudes J, H, Ks, G such that
        no star of a segment is brighter than the brightest of them; of single stars
        those of both ends.
    largest
        Greatest E(J - H) [mag].
    """
    bins = 1 + int(largest / STEP) if limit.curvature else 1
    lists = bins * len(populations.names)
    parts = [
        _sorted(populations, limit, ends, (kind, step, bins))
        for kind, (_, ends) in enumerate(kinds)
        for step in range(bins)
    ]
    before = len(populations) * np.arange(len(parts))[:, None]
    reddest = max(np.nanmax(e[..., 0] - e[..., 1], initial=0.0) for _, e in kinds)
    return BrightestFirst(
        limit=limit,
        bins=bins,
        components=lists // bins,
        kinds=tuple(share for share, _ in kinds),
        reddest=float(reddest),
        keys=np.concatenate([part[0] for part in parts]),
        sums=np.concatenate([part[1] for part in parts]),
        segment=np.concatenate([part[2] for part in parts]),
        start=(before + populations.first[:-1]).ravel(),
    )


def _sorted(
    populations: Populations,
    limit: MagnitudeLimit,
    ends: np.ndarray,
    place: tuple[int, int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keys, sums and rows of the lists of one kind at one reddening."""
    kind, step, bins = place
    owner = populations.component
    linear = sum(w * ends[..., i] for i, w in enumerate(limit.weights) if w)
    colour = ends[..., 0] - ends[..., 1]
    key = linear - limit.curvature * (colour + STEP * step) ** 2
    key = np.clip(np.nan_to_num(key.min(axis=1), nan=FARTHEST), -FARTHEST, FARTHEST)
    order = np.lexsort((key, owner))
    number = (kind * bins + step) * len(populations.names) + owner[order]
    sums = _sums(populations.weight[order], populations.first)
    return SPAN * number + key[order], 2.0 * number + sums, order


def _sums(weight: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the sums of weights up to each segment, for each component anew."""
    parts = [np.cumsum(weight[a:b]) for a, b in pairwise(first)]
    return np.concatenate(parts)


__all__ = ["Bright", "BrightestFirst", "Populations", "brightest_first"]
