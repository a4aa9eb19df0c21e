"""What tells true pairs from chance ones, learned from part of the sky.

Expectation maximisation: pairs' probabilities follow from the densities and shares of a
model, and these from the probabilities. It is done in two halves of the sky, each
judged by what was learned in the other.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .features import CELLS, FURTHER, GRADES, GROUPS, PREFERRED, SORTS, STEP, Features
from .likelihood import (
    SIZES,
    WIDE,
    HalfModels,
    MatchModel,
    first_colour,
    first_magnitude,
    odds,
    offset_density,
    size_class,
    square_of,
)
from .resolution import probabilities

_OF_GRADE, _OF_GROUP, _OF_ALL = 10.0, 50.0, 20.0
"""Pairs that a grade, a group of them, and all, should have to count for themselves."""
_OF_CLASS = 20.0
"""Rows that a class of magnitude and colour should have to count for itself."""
_FITTING = 8
"""Rounds in which the factors of magnitude and of colour are fitted."""
ITERATIONS = 40

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
    _, wide = offset_density(model, pairs)
    core = probability * (1 - wide)
    weights = core / pairs.east_variance, core / pairs.north_variance
    east, north = (
        float((w * d).sum() / max(w.sum(), 1e-300))
        for w, d in zip(weights, (pairs.east, pairs.north), strict=True)
    )
    moved = replace(model, east=east, north=north)
    square = square_of(moved, pairs) / 2
    total = probability.sum()
    # As if ten pairs had been seen before, of stated errors and few far ones.
    fit = core * square + probability * wide * square / WIDE**2
    scale = (fit.sum() + 10.0) / (total + 10.0)
    size = size_class(pairs)
    scales = (_summed(size, fit, SIZES) + 10.0 * scale) / (
        _summed(size, probability, SIZES) + 10.0
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
    for kind, prior in enumerate(first_magnitude()):
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
        if not len(weight):
            found.append(np.broadcast_to(prior, (GRADES, CELLS)))
            continue
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
    for place, prior in zip(features.colours, first_colour(), strict=True):
        known = place >= 0
        counts = _summed(place[known], 1 - probability[known], CELLS)
        found.append(_smoothed(counts, prior, _OF_ALL))
    return np.array(found)


def _shares(classes: Ints, probability: Floats, rows: Floats) -> Floats:
    """Return shares by class; those of few rows as magnitude and colour have them."""
    matched = _summed(classes, probability, len(rows)).reshape(-1, SORTS)
    rows = np.maximum(rows.reshape(-1, SORTS), matched)
    expected = np.full(rows.shape, matched.sum() / max(rows.sum(), 1.0))
    there = np.ix_(rows.any(axis=1), rows.any(axis=0))
    expected[there] = _expected(matched[there], rows[there])
    share = (matched + _OF_CLASS * expected) / (rows + _OF_CLASS)
    return np.asarray(np.clip(share, 1e-6, 1 - 1e-3).ravel())


def _expected(matched: Floats, rows: Floats) -> Floats:
    """Return shares whose odds are a factor of magnitude times one of colour.

    The factors are those that give each magnitude, and each colour, its matches, as if
    four rows more had been seen of each, with the mean share.
    """
    mean = matched.sum() / max(rows.sum(), 1.0)
    worth = np.full(rows.shape, mean / max(1 - mean, 1e-6))
    for _ in range(_FITTING):
        for axis in (1, 0):
            share = worth / (1 + worth)
            found = (rows * share).sum(axis, keepdims=True) + 4 * mean
            change = matched.sum(axis, keepdims=True) + 4 * mean
            change = change / np.maximum(found, 1e-300)
            worth = np.clip(worth * change, 1e-9, 1e9)
    return np.asarray(worth / (1 + worth))


__all__ = ["Sample", "learned"]
