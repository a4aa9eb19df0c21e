"""How likely a pair is one source: by position and by magnitude, learned from the data.

The odds of a pair against both rows being alone are the likelihood ratio of Sutherland
& Saunders (1992, MNRAS 259, 413), seen from both sides:

    Q_a f(x, y) q(Δm) Π [q(Δm') / c(Δcolour)] / [(1 - Q_a) n(m_b) (1 - Q_b)]

Q_a, Q_b are the shares of the rows of either table that have a partner in the other, by
magnitude; f the density of the offset, a Gaussian with a wider one of thrice its width;
q the density of the difference in magnitude in a band that both know, and in further
bands; c the density of the difference of colours of chance pairs, which is that of the
further band where the first is given; n the density of the other table by place and
magnitude. f, q, c and Q are found by expectation maximisation on part of the sky, n is
counted.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .candidates import Pairs
from .density import BINS
from .features import (
    CELLS,
    COLOUR_SCALE,
    CROSSED,
    EDGES,
    FURTHER,
    GRADES,
    GROUPS,
    PREFERRED,
    SORTS,
    STEP,
    Features,
)
from .resolution import probabilities
from .surveys import BANDS

_OF_GRADE, _OF_GROUP, _OF_ALL = 10.0, 50.0, 20.0
"""Pairs that a grade, a group of them, and all, should have to count for themselves."""
_OF_CLASS = 20.0
"""Rows that a class of magnitude and colour should have to count for itself."""
_FITTING = 8
"""Rounds in which the factors of magnitude and of colour are fitted."""
_SIZES, _PER_DECADE, _SMALLEST = 24, 4, 1e-5
"""Classes of the size of position errors: number, how many to a factor of ten, and the
least size [arcsec]."""
_WIDE = 3.0
"""Width of the wider Gaussian over the other's."""
ITERATIONS = 40
_STARTING_SHARE = 0.5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MatchModel:
    """What has been learned of true and of chance pairs.

    Attributes
    ----------
    east, north
        Mean offset of the other table from the one [arcsec].
    scales
        By which stated position errors are multiplied, by the size of the error: (20,).
    scale
        The same over all pairs.
    wide
        Share of true pairs that are in the wider Gaussian.
    magnitude
        Density of asinh of the scaled difference, by kind of comparison and by the
        one's magnitude: (10, 20, n).
    colour
        The same of two colours, of chance pairs: (2, n).
    share_one, share_other
        Shares of rows with a partner, by class of magnitude: (4 * `BINS` + 1,).
    """

    east: float = 0.0
    north: float = 0.0
    scales: Floats = field(default_factory=lambda: np.ones(_SIZES))
    scale: float = 1.0
    wide: float = 0.1
    magnitude: Floats = field(
        default_factory=lambda: np.repeat(_first_magnitude()[:, None], GRADES, 1)
    )
    colour: Floats = field(default_factory=lambda: np.array(_first_colour()))
    share_one: Floats = field(default_factory=lambda: np.array(_first_share()))
    share_other: Floats = field(default_factory=lambda: np.array(_first_share()))


@dataclass(frozen=True, eq=False)
class HalfModels:
    """What has been learned in either half of the sky, apart.

    Attributes
    ----------
    halves
        The models; pairs of the one half are judged by that of the other.
    """

    halves: tuple[MatchModel, MatchModel]

    @property
    def east(self) -> float:
        """Mean offset of the other table from the one [arcsec]."""
        return (self.halves[0].east + self.halves[1].east) / 2

    @property
    def north(self) -> float:
        """Likewise [arcsec]."""
        return (self.halves[0].north + self.halves[1].north) / 2

    @property
    def scale(self) -> float:
        """By which stated position errors are multiplied."""
        return (self.halves[0].scale + self.halves[1].scale) / 2

    @property
    def wide(self) -> float:
        """Share of true pairs that are in the wider Gaussian."""
        return (self.halves[0].wide + self.halves[1].wide) / 2

    def odds(self, features: Features) -> Floats:
        """Return the odds of each pair against both its rows being alone."""
        first, second = (odds(model, features) for model in self.halves)
        return np.where(features.half == 0, second, first)

    def is_like(self, before: "HalfModels") -> bool:
        """Return whether learning has come to rest."""
        return all(
            np.abs(now.share_one - then.share_one).max() < 1e-4
            and abs(now.scale - then.scale) < 1e-4
            for now, then in zip(self.halves, before.halves, strict=True)
        )


def _first_share() -> Floats:
    return np.full((len(BANDS) * BINS + 1) * SORTS, _STARTING_SHARE)


def _first_magnitude() -> Floats:
    """Return densities to begin with: near zero in one band, anywhere in two."""
    t = np.sinh((EDGES[:-1] + EDGES[1:]) / 2)
    normal = np.exp(-0.5 * (t / 2.0) ** 2) * np.sqrt(1 + t**2)
    flat = np.where(np.abs(t) < 40, np.sqrt(1 + t**2), 1e-6)
    rows = [0.8 * _unit(normal) + 0.2 * _unit(flat)] * len(PREFERRED)
    return np.array(rows + [_unit(np.ones(CELLS))] * len(CROSSED))


def _first_colour() -> Floats:
    """Return densities of colours to begin with: of a magnitude and more."""
    t = np.sinh((EDGES[:-1] + EDGES[1:]) / 2) * COLOUR_SCALE
    row = _unit(np.exp(-0.5 * t**2) * np.sqrt(1 + (t / COLOUR_SCALE) ** 2) + 1e-6)
    return np.array([row] * len(FURTHER))


def _unit(values: Floats) -> Floats:
    return np.asarray(values / (values.sum() * STEP))


def _offset_density(model: MatchModel, pairs: Pairs) -> tuple[Floats, Floats]:
    """Return the density of the offset, and the wider Gaussian's part of it."""
    square = _square(model, pairs)
    scale = model.scales[_size_class(pairs)]
    unit = 2 * np.pi * np.sqrt(pairs.east_variance * pairs.north_variance)
    core = (1 - model.wide) * np.exp(-0.5 * square / scale**2) / scale**2
    far = scale * _WIDE
    wide = model.wide * np.exp(-0.5 * square / far**2) / far**2
    total = core + wide
    return total / unit, wide / np.maximum(total, 1e-300)


def _size_class(pairs: Pairs) -> Ints:
    size = (pairs.east_variance * pairs.north_variance) ** 0.25
    place = np.floor(np.log10(np.maximum(size, _SMALLEST) / _SMALLEST) * _PER_DECADE)
    return np.minimum(place, _SIZES - 1).astype(np.int64)


def _square(model: MatchModel, pairs: Pairs) -> Floats:
    return np.asarray(
        (pairs.east - model.east) ** 2 / pairs.east_variance
        + (pairs.north - model.north) ** 2 / pairs.north_variance
    )


def odds(model: MatchModel, features: Features) -> Floats:
    """Return the odds of each pair against both its rows being alone.

    Parameters
    ----------
    model
        As learned.
    features
        Of the pairs.
    """
    offset, _ = _offset_density(model, features.pairs)
    table = model.magnitude[features.kind, features.grade, features.place]
    difference = table * features.jacobian
    same = offset * np.where(features.kind >= 0, difference, 1.0)
    for i, (band, _) in enumerate(FURTHER):
        place, colour = features.further[i], features.colours[i]
        grade = features.further_grade[i]
        true = model.magnitude[PREFERRED.index(band), grade, place] * features.ratio[i]
        same = same * np.where(place >= 0, true / model.colour[i, colour], 1.0)
    q = model.share_one[features.class_one]
    p = model.share_other[features.class_other]
    return np.asarray(q * same / ((1 - q) * (1 - p) * features.background))


@dataclass(frozen=True, eq=False)
class Sample:
    """Part of the sky from which a model is learned.

    Attributes
    ----------
    features
        Of all candidate pairs there.
    rows_one, rows_other
        Rows by half of the sky and class that lie where the other table covers it:
        (2, n).
    """

    features: Features
    rows_one: Floats
    rows_other: Floats


def learned(sample: Sample) -> HalfModels:
    """Return the models that fit part of the sky best.

    A pair is judged by what was learned in the half that it is not in: a chance pair
    cannot vouch for itself in a class in which there are few others.

    Parameters
    ----------
    sample
        Its candidate pairs; with none, the models are those which learning begins with.
    """
    models = HalfModels((MatchModel(), MatchModel()))
    features = sample.features
    if not len(features.pairs):
        return models
    _, one = np.unique(features.pairs.one, return_inverse=True)
    _, other = np.unique(features.pairs.other, return_inverse=True)
    places = [np.flatnonzero(features.half == half) for half in (0, 1)]
    parts = [
        Sample(features.of(place), sample.rows_one[half], sample.rows_other[half])
        for half, place in enumerate(places)
    ]
    for _ in range(ITERATIONS):
        worth = np.zeros(len(one))
        for half, place in enumerate(places):
            worth[place] = odds(models.halves[1 - half], parts[half].features)
        likely = probabilities(worth, one, other)
        before = models
        models = HalfModels(
            (
                _improved(before.halves[1], parts[0], likely[places[0]]),
                _improved(before.halves[0], parts[1], likely[places[1]]),
            )
        )
        if models.is_like(before):
            break
    return models


def _improved(model: MatchModel, sample: Sample, probability: Floats) -> MatchModel:
    features, pairs = sample.features, sample.features.pairs
    _, wide = _offset_density(model, pairs)
    core = probability * (1 - wide)
    weights = core / pairs.east_variance, core / pairs.north_variance
    east, north = (
        float((w * d).sum() / max(w.sum(), 1e-300))
        for w, d in zip(weights, (pairs.east, pairs.north), strict=True)
    )
    moved = replace(model, east=east, north=north)
    square = _square(moved, pairs) / 2
    total = probability.sum()
    # As if ten pairs had been seen before, of stated errors and few far ones.
    fit = core * square + probability * wide * square / _WIDE**2
    scale = (fit.sum() + 10.0) / (total + 10.0)
    size = _size_class(pairs)
    scales = (_summed(size, fit, _SIZES) + 10.0 * scale) / (
        _summed(size, probability, _SIZES) + 10.0
    )
    share = ((probability * wide).sum() + 0.5) / (total + 10.0)
    return replace(
        moved,
        scales=np.clip(np.sqrt(scales), 0.1, 10.0),
        scale=float(np.sqrt(scale)),
        wide=float(np.clip(share, 1e-6, 0.4)),
        magnitude=_magnitudes(features, probability),
        colour=_colours(features, probability),
        share_one=_shares(features.class_one, probability, sample.rows_one),
        share_other=_shares(features.class_other, probability, sample.rows_other),
    )


def _magnitudes(features: Features, probability: Floats) -> Floats:
    found = []
    for kind, prior in enumerate(_first_magnitude()):
        which = features.kind == kind
        uses = [(features.grade[which], features.place[which], probability[which])]
        for i, (band, _) in enumerate(FURTHER):
            if kind == PREFERRED.index(band):
                which = features.further[i] >= 0
                grade, place = features.further_grade[i], features.further[i]
                uses.append((grade[which], place[which], probability[which]))
        grade, place, weight = (
            np.concatenate(values) for values in zip(*uses, strict=True)
        )
        counts = _summed(grade * CELLS + place, weight, GRADES * CELLS)
        counts = counts.reshape(GRADES, CELLS)
        mean = _smoothed(counts.sum(axis=0), prior, _OF_ALL)
        groups = counts.reshape(GROUPS, -1, CELLS)
        group = _smoothed(groups.sum(axis=1), mean, _OF_GROUP)[:, None]
        found.append(_smoothed(groups, group, _OF_GRADE).reshape(counts.shape))
    return np.array(found)


def _summed(place: Ints, weight: Floats, count: int) -> Floats:
    """Return sums of weights by place; numbers also where there is no weight."""
    return np.bincount(place, weight, count).astype(np.float64)


def _smoothed(counts: Floats, prior: Floats, trust: float) -> Floats:
    """Return a smoothed density, as if `trust` values of a prior had been seen."""
    first, last = counts[..., :1], counts[..., -1:]
    padded = np.concatenate([first, counts, last], axis=-1)
    smooth = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / 4
    total = counts.sum(axis=-1, keepdims=True)
    own = smooth / np.maximum(smooth.sum(axis=-1, keepdims=True) * STEP, 1e-300)
    return np.asarray((total * own + trust * prior) / (total + trust))


def _colours(features: Features, probability: Floats) -> Floats:
    found = []
    for place, prior in zip(features.colours, _first_colour(), strict=True):
        known = place >= 0
        counts = _summed(place[known], 1 - probability[known], CELLS)
        found.append(_smoothed(counts, prior, _OF_ALL))
    return np.array(found)


def _shares(classes: Ints, probability: Floats, rows: Floats) -> Floats:
    """Return shares by class; those of few rows as magnitude and colour have them."""
    matched = _summed(classes, probability, len(rows)).reshape(-1, SORTS)
    rows = np.maximum(rows.reshape(-1, SORTS), matched)
    share = (matched + _OF_CLASS * _expected(matched, rows)) / (rows + _OF_CLASS)
    return np.asarray(np.clip(share, 1e-6, 1 - 1e-3).ravel())


def _expected(matched: Floats, rows: Floats) -> Floats:
    """Return shares whose odds are a factor of magnitude times one of colour.

    The factors are those that give each magnitude, and each colour, its matches, as if
    four rows more had been seen of each, with the mean share.
    """
    mean = matched.sum() / max(rows.sum(), 1.0)
    odds = np.full(rows.shape, mean / max(1 - mean, 1e-6))
    for _ in range(_FITTING):
        for axis in (1, 0):
            share = odds / (1 + odds)
            found = (rows * share).sum(axis, keepdims=True) + 4 * mean
            change = matched.sum(axis, keepdims=True) + 4 * mean
            change = change / np.maximum(found, 1e-300)
            odds = np.clip(odds * change, 1e-9, 1e9)
    return np.asarray(odds / (1 + odds))


__all__ = [
    "HalfModels",
    "MatchModel",
    "Sample",
    "learned",
    "odds",
]
