"""How likely a pair is one source: by position and by magnitude, learned from the data.

The odds of a pair against both rows being alone are the likelihood ratio of Sutherland
& Saunders (1992, MNRAS 259, 413), seen from both sides:

    Q_a f(x, y) q(Δm) Π [q(Δm') / c(Δcolour)] / [(1 - Q_a) n(m_b) (1 - Q_b)]

Q_a, Q_b are the shares of the rows of either table that have a partner in the other, by
magnitude, colour and whether motion is known; f the density of the offset, a Gaussian
with a wider one of thrice its width; q the density of the difference in magnitude in a
band that both know, and in further bands, or of a different band's, by the one's
magnitude and colour; c the density of the difference of colours of chance pairs, which
is that of the further band where the first is given; n the density of the other table
by place and magnitude. f, q, c and Q are found by expectation maximisation on part of
the sky, see `learning`, n is counted.
"""

from dataclasses import dataclass, field

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
    PREFERRED,
    SORTS,
    STEP,
    Features,
)
from .surveys import BANDS

SIZES, _PER_DECADE, _SMALLEST = 24, 4, 1e-5
"""Classes of the size of position errors: number, how many to a factor of ten, and the
least size [arcsec]."""
WIDE = 3.0
"""Width of the wider Gaussian over the other's."""
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
        By which stated position errors are multiplied, by the size of the error: (24,).
    scale
        The same over all pairs.
    wide
        Share of true pairs that are in the wider Gaussian.
    magnitude
        Density of asinh of the scaled difference, by kind of comparison and by the
        one's magnitude and colour: (10, `GRADES`, n).
    colour
        The same of two colours, of chance pairs: (2, n).
    share_one, share_other
        Shares of rows with a partner, by class: ((4 * `BINS` + 1) * `SORTS`,).
    """

    east: float = 0.0
    north: float = 0.0
    scales: Floats = field(default_factory=lambda: np.ones(SIZES))
    scale: float = 1.0
    wide: float = 0.1
    magnitude: Floats = field(
        default_factory=lambda: np.repeat(first_magnitude()[:, None], GRADES, 1)
    )
    colour: Floats = field(default_factory=lambda: np.array(first_colour()))
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


def first_magnitude() -> Floats:
    """Return densities to begin with: near zero in one band, anywhere in two."""
    t = np.sinh((EDGES[:-1] + EDGES[1:]) / 2)
    normal = np.exp(-0.5 * (t / 2.0) ** 2) * np.sqrt(1 + t**2)
    flat = np.where(np.abs(t) < 40, np.sqrt(1 + t**2), 1e-6)
    rows = [0.8 * _unit(normal) + 0.2 * _unit(flat)] * len(PREFERRED)
    return np.array(rows + [_unit(np.ones(CELLS))] * len(CROSSED))


def first_colour() -> Floats:
    """Return densities of colours to begin with: of a magnitude and more."""
    t = np.sinh((EDGES[:-1] + EDGES[1:]) / 2) * COLOUR_SCALE
    row = _unit(np.exp(-0.5 * t**2) * np.sqrt(1 + (t / COLOUR_SCALE) ** 2) + 1e-6)
    return np.array([row] * len(FURTHER))


def _unit(values: Floats) -> Floats:
    return np.asarray(values / (values.sum() * STEP))


def offset_density(model: MatchModel, pairs: Pairs) -> tuple[Floats, Floats]:
    """Return the density of the offset, and the wider Gaussian's part of it."""
    square = square_of(model, pairs)
    scale = model.scales[size_class(pairs)]
    unit = 2 * np.pi * np.sqrt(pairs.east_variance * pairs.north_variance)
    core = (1 - model.wide) * np.exp(-0.5 * square / scale**2) / scale**2
    far = scale * WIDE
    wide = model.wide * np.exp(-0.5 * square / far**2) / far**2
    total = core + wide
    return total / unit, wide / np.maximum(total, 1e-300)


def size_class(pairs: Pairs) -> Ints:
    size = (pairs.east_variance * pairs.north_variance) ** 0.25
    place = np.floor(np.log10(np.maximum(size, _SMALLEST) / _SMALLEST) * _PER_DECADE)
    return np.minimum(place, SIZES - 1).astype(np.int64)


def square_of(model: MatchModel, pairs: Pairs) -> Floats:
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
    offset, _ = offset_density(model, features.pairs)
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


__all__ = [
    "SIZES",
    "WIDE",
    "HalfModels",
    "MatchModel",
    "first_colour",
    "first_magnitude",
    "odds",
    "offset_density",
    "size_class",
    "square_of",
]
