"""How likely a pair is one source: by position and by magnitude, learned from the data.

The odds of a pair against both rows being alone are the likelihood ratio of Sutherland &
Saunders (1992, MNRAS 259, 413), seen from both sides:

    Q_a f(x, y) q(Δm) c(Δcolour) / [(1 - Q_a) n(m_b) (1 - Q_b)]

Q_a, Q_b are the shares of the rows of either table that have a partner in the other, by
magnitude; f the density of the offset, a Gaussian with a wider one of thrice its width;
q the density of the difference in magnitude; c that of colours over what it is of chance
pairs; n the density of the other table by place and magnitude. f, q, c and Q are found by
expectation maximisation on part of the sky, n is counted.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .candidates import Pairs
from .density import BIN, BINS, BRIGHTEST, Density
from .objects import Columns
from .resolution import probabilities
from .surveys import BANDS

_PREFERRED = ("Ks", "H", "J", "G")
_CROSSED = (("J", "G"), ("H", "G"), ("Ks", "G"), ("G", "J"), ("G", "H"), ("G", "Ks"))
_KINDS: tuple[tuple[str, str], ...] = (*((b, b) for b in _PREFERRED), *_CROSSED)
"""Bands of the one and the other that are compared, the best first."""
_COLOURS = (("H", "Ks"), ("J", "H"))

_STEP, _SIDE = 0.125, 48
"""Width of the bins of asinh of a difference, and how many on each side of zero."""
_CELLS = 2 * _SIDE
_EDGES = (np.arange(_CELLS + 1) - _SIDE) * _STEP
_FLOOR = 0.03
"""Least error of a difference in magnitude [mag]."""
_CROSSED_SCALE = 0.25
"""Scale of a difference between different bands [mag]."""
_NO_ERROR = 0.1
"""Of a magnitude whose error is missing [mag]."""
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
    scale
        By which stated position errors are multiplied.
    wide
        Share of true pairs that are in the wider Gaussian.
    magnitude
        Density of asinh of the scaled difference, by kind of comparison: (10, n).
    colour
        The same of two colours, over that of chance pairs: (2, n).
    share_one, share_other
        Shares of rows with a partner, by class of magnitude: (4 * `BINS` + 1,).
    """

    east: float = 0.0
    north: float = 0.0
    scale: float = 1.0
    wide: float = 0.1
    magnitude: Floats = field(default_factory=lambda: _first_magnitude())
    colour: Floats = field(default_factory=lambda: np.ones((len(_COLOURS), _CELLS)))
    share_one: Floats = field(default_factory=lambda: _first_share())
    share_other: Floats = field(default_factory=lambda: _first_share())


def _first_share() -> Floats:
    return np.full(len(BANDS) * BINS + 1, _STARTING_SHARE)


def _first_magnitude() -> Floats:
    """Return densities to begin with: near zero in one band, anywhere in two."""
    t = np.sinh((_EDGES[:-1] + _EDGES[1:]) / 2)
    normal = np.exp(-0.5 * (t / 2.0) ** 2) * np.sqrt(1 + t**2)
    flat = np.where(np.abs(t) < 40, np.sqrt(1 + t**2), 1e-6)
    rows = [0.8 * _unit(normal) + 0.2 * _unit(flat)] * len(_PREFERRED)
    return np.array(rows + [_unit(flat)] * len(_CROSSED))


def _unit(values: Floats) -> Floats:
    return np.asarray(values / (values.sum() * _STEP))


@dataclass(frozen=True, eq=False)
class Features:
    """What the likelihood of pairs depends on.

    Attributes
    ----------
    pairs
        The pairs.
    kind
        Of comparison of magnitudes; -1: none can be compared.
    place
        Bin of the difference.
    jacobian
        Of that bin's variable [mag⁻¹].
    colours
        Bins of differences of colours; -1: not known: (2, n).
    background
        Density of the other table [arcsec⁻² mag⁻¹], or [arcsec⁻²] where `kind` is -1.
    class_one, class_other
        Classes of magnitude of both rows.
    """

    pairs: Pairs
    kind: Ints
    place: Ints
    jacobian: Floats
    colours: Ints
    background: Floats
    class_one: Ints
    class_other: Ints


def magnitude_class(rows: Columns) -> Ints:
    """Return a class of magnitude of each row: the band it is known in, and the bin."""
    found = np.full(len(rows["ra"]), len(BANDS) * BINS)
    for band in reversed(_PREFERRED):
        value = rows[band]
        known = np.isfinite(value)
        place = np.clip((np.nan_to_num(value) - BRIGHTEST) / BIN, 0, BINS - 1)
        code = BANDS.index(band) * BINS + place.astype(np.int64)
        found = np.where(known, code, found)
    return found


def features_of(
    pairs: Pairs, one: Columns, other: Columns, density: Density
) -> Features:
    """Return what the likelihood of pairs depends on.

    Parameters
    ----------
    pairs
        Candidates.
    one, other
        The rows of both tables.
    density
        Of the other table.
    """
    n = len(pairs)
    kind = np.full(n, -1)
    delta, scale, magnitude = np.zeros(n), np.ones(n), np.zeros(n)
    a = {name: one[name][pairs.one] for name in _PHOTOMETRY}
    b = {name: other[name][pairs.other] for name in _PHOTOMETRY}
    for code in reversed(range(len(_KINDS))):
        first, second = _KINDS[code]
        both = np.isfinite(a[first]) & np.isfinite(b[second])
        kind[both] = code
        delta[both] = (b[second] - a[first])[both]
        size = _error(a, first, b, second) if first == second else _CROSSED_SCALE
        scale[both] = np.broadcast_to(size, n)[both]
        magnitude[both] = b[second][both]
    t = delta / scale
    cell = density.cell(other["ra"][pairs.other], other["dec"][pairs.other])
    bands = np.array([BANDS.index(second) for _, second in _KINDS])
    background = np.where(
        kind >= 0, density.at(cell, bands[kind], magnitude), density.total(cell)
    )
    return Features(
        pairs,
        kind,
        _bin(t),
        1 / (scale * np.sqrt(1 + t**2)),
        np.array([_colour(a, b, *colour) for colour in _COLOURS]).reshape(-1, n),
        background,
        magnitude_class(one)[pairs.one],
        magnitude_class(other)[pairs.other],
    )


_PHOTOMETRY = tuple(name for band in BANDS for name in (band, f"{band}_error"))


def _error(a: Columns, first: str, b: Columns, second: str) -> Floats:
    ea = np.nan_to_num(a[f"{first}_error"], nan=_NO_ERROR)
    eb = np.nan_to_num(b[f"{second}_error"], nan=_NO_ERROR)
    return np.sqrt(ea**2 + eb**2 + _FLOOR**2)


def _bin(t: Floats) -> Ints:
    place = np.floor(np.arcsinh(t) / _STEP) + _SIDE
    return np.clip(place, 0, _CELLS - 1).astype(np.int64)


def _colour(a: Columns, b: Columns, blue: str, red: str) -> Ints:
    difference = (b[blue] - b[red]) - (a[blue] - a[red])
    size = np.hypot(_error(a, blue, b, blue), _error(a, red, b, red))
    known = np.isfinite(difference)
    return np.where(known, _bin(np.where(known, difference, 0.0) / size), -1)


def _offset_density(model: MatchModel, pairs: Pairs) -> tuple[Floats, Floats]:
    """Return the density of the offset, and the wider Gaussian's part of it."""
    square = _square(model, pairs)
    unit = 2 * np.pi * np.sqrt(pairs.east_variance * pairs.north_variance)
    core = (1 - model.wide) * np.exp(-0.5 * square / model.scale**2)
    far = model.scale * _WIDE
    wide = model.wide * np.exp(-0.5 * square / far**2)
    core, wide = core / model.scale**2, wide / far**2
    total = core + wide
    return total / unit, wide / np.maximum(total, 1e-300)


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
    difference = model.magnitude[features.kind, features.place] * features.jacobian
    same = offset * np.where(features.kind >= 0, difference, 1.0)
    for table, place in zip(model.colour, features.colours, strict=True):
        same = same * np.where(place >= 0, table[place], 1.0)
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
        Rows by class of magnitude that lie where the other table covers the sky.
    """

    features: Features
    rows_one: Floats
    rows_other: Floats


def learned(sample: Sample) -> MatchModel:
    """Return the model that fits part of the sky best.

    Parameters
    ----------
    sample
        Its candidate pairs; with none, the model is that which learning begins with.
    """
    model = MatchModel()
    pairs = sample.features.pairs
    if not len(pairs):
        return model
    _, one = np.unique(pairs.one, return_inverse=True)
    _, other = np.unique(pairs.other, return_inverse=True)
    for _ in range(ITERATIONS):
        probability = probabilities(odds(model, sample.features), one, other)
        before, model = model, _improved(model, sample, probability)
        change = np.abs(model.share_one - before.share_one).max()
        if change < 1e-4 and abs(model.scale - before.scale) < 1e-4:
            break
    return model


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
    fit = (core * square + probability * wide * square / _WIDE**2).sum() + 10.0
    share = ((probability * wide).sum() + 0.5) / (total + 10.0)
    return replace(
        moved,
        scale=float(np.clip(np.sqrt(fit / (total + 10.0)), 0.2, 5.0)),
        wide=float(np.clip(share, 0.001, 0.4)),
        magnitude=_magnitudes(features, probability),
        colour=_colours(features, probability),
        share_one=_shares(features.class_one, probability, sample.rows_one),
        share_other=_shares(features.class_other, probability, sample.rows_other),
    )


def _magnitudes(features: Features, probability: Floats) -> Floats:
    first = _first_magnitude()
    found = []
    for kind, prior in enumerate(first):
        of_kind = features.kind == kind
        place, weight = features.place[of_kind], probability[of_kind]
        found.append(_histogram(place, weight, prior, 20.0))
    return np.array(found)


def _histogram(place: Ints, weight: Floats, prior: Floats, trust: float) -> Floats:
    """Return a smoothed density, as if `trust` values of a prior had been seen."""
    counts = np.bincount(place, weight, _CELLS)
    padded = np.pad(counts, 1, mode="edge")
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    total = counts.sum()
    own = smooth / max(smooth.sum() * _STEP, 1e-300)
    return np.asarray((total * own + trust * prior) / (total + trust))


def _colours(features: Features, probability: Floats) -> Floats:
    flat = np.full(_CELLS, 1 / (_CELLS * _STEP))
    found = []
    for place in features.colours:
        known = place >= 0
        true = _histogram(place[known], probability[known], flat, 20.0)
        false = _histogram(place[known], 1 - probability[known], flat, 20.0)
        found.append(true / false)
    return np.array(found)


def _shares(classes: Ints, probability: Floats, rows: Floats) -> Floats:
    matched = np.bincount(classes, probability, len(rows))
    mean = matched.sum() / max(rows.sum(), 1.0)
    share = (matched + 4 * mean) / (np.maximum(rows, matched) + 4)
    return np.asarray(np.clip(share, 1e-4, 1 - 1e-3))


__all__ = [
    "Features",
    "MatchModel",
    "Sample",
    "features_of",
    "learned",
    "magnitude_class",
    "odds",
]
