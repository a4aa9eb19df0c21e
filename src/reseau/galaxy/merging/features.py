"""What the likelihood of a pair depends on: magnitudes, colours, the background."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .candidates import Pairs
from .density import BIN, BINS, BRIGHTEST, Density
from .objects import Columns
from .surveys import BANDS

PREFERRED = ("Ks", "H", "J", "G")
CROSSED = (("J", "G"), ("H", "G"), ("Ks", "G"), ("G", "J"), ("G", "H"), ("G", "Ks"))
KINDS: tuple[tuple[str, str], ...] = (*((b, b) for b in PREFERRED), *CROSSED)
"""Bands of the one and the other that are compared, the best first."""
FURTHER = (("H", "Ks"), ("J", "H"))
"""Further bands, and with which other one each makes a colour."""

COLOURS = (("J", "Ks", 0.25), ("H", "Ks", 0.1), ("J", "H", 0.16))
"""Colours of a row, the best first, and the widths of their classes [mag]."""
_BLUE, _COLOUR_CLASSES = -2, 24
"""The first class of a colour, counted from zero, and how many there are."""
SHADES = 1 + len(COLOURS) * _COLOUR_CLASSES
"""Classes of colour: none is known, then those of each colour."""
SORTS = 2 * SHADES
"""Of rows: by colour, and by whether their motion is known."""
GROUPS, _STEPS = 1 + _COLOUR_CLASSES, 20
"""Groups of grades: of 1 mag of the one, or, where different bands are compared, of its
colour, the first where none is known; and steps of magnitude in a group of these."""
GRADES = GROUPS * _STEPS
"""Grades of the one's magnitude and colour, in groups one after another."""
_BRIGHT, _FIRST_STEP, _STEP_WIDTH = 5.0, 10.5, 0.5
"""Magnitude with which the first group, and a group's second step, begin; and a step's
width [mag]."""
STEP, _SIDE = 0.125, 48
"""Width of the bins of asinh of a difference, and how many on each side of zero."""
CELLS = 2 * _SIDE
EDGES = (np.arange(CELLS + 1) - _SIDE) * STEP
_FLOOR = 0.03
"""Least error of a difference in magnitude [mag]."""
_CROSSED_WIDTH = 0.25
"""Width of the bins of a difference between different bands [mag]."""
COLOUR_SCALE = 0.1
"""Scale of a difference of colours [mag]."""
_SQUARE = 0.01
"""Side of the squares of which halves of the sky are made [deg]."""
_NO_ERROR = 0.1
"""Of a magnitude whose error is missing [mag]."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Features:
    """What the likelihood of pairs depends on.

    Attributes
    ----------
    pairs
        The pairs.
    kind
        Of comparison of magnitudes; -1: none can be compared.
    grade, place
        Grade of the one's magnitude, and bin of the difference.
    jacobian
        Of that bin's variable [mag⁻¹].
    further_grade, further
        Grades of the one's further magnitudes, and bins of differences; -1: not known:
        (2, n).
    colours
        Bins of differences of their colours: (2, n).
    ratio
        Of the variables' Jacobians of those two: (2, n).
    background
        Density of the other table [arcsec⁻² mag⁻¹], or [arcsec⁻²] where `kind` is -1.
    class_one, class_other
        Classes of magnitude and colour of both rows.
    half
        Of the sky, 0 or 1, in which the one is: squares as on a chessboard.
    """

    pairs: Pairs
    kind: Ints
    grade: Ints
    place: Ints
    jacobian: Floats
    further_grade: Ints
    further: Ints
    colours: Ints
    ratio: Floats
    background: Floats
    class_one: Ints
    class_other: Ints
    half: Ints

    def of(self, which: NDArray) -> "Features":
        """Return those of some of the pairs."""
        names = [f.name for f in fields(self)][1:]
        rest = (getattr(self, name)[..., which] for name in names)
        return Features(self.pairs.of(which), *rest)


def half_of(rows: Columns) -> Ints:
    """Return which half of the sky each row is in, as `Features.half`."""
    squares = np.floor(rows["ra"] / _SQUARE) + np.floor(rows["dec"] / _SQUARE)
    return np.asarray(squares % 2, np.int64)


def magnitude_class(rows: Columns) -> Ints:
    """Return a class of each row: the band it is known in, the bin, and the sort.

    Which share of rows has a partner depends on all that a pair is judged by: of stars
    with equal Ks, Gaia has the blue ones, and few that are too red to be seen in J. Of
    rows that only a survey without motions has, more are no stars.
    """
    found = np.full(len(rows["ra"]), len(BANDS) * BINS)
    for band in reversed(PREFERRED):
        value = rows[band]
        known = np.isfinite(value)
        place = np.clip((np.nan_to_num(value) - BRIGHTEST) / BIN, 0, BINS - 1)
        code = BANDS.index(band) * BINS + place.astype(np.int64)
        found = np.where(known, code, found)
    moves = np.isfinite(rows["pmra"]).astype(np.int64)
    return found * SORTS + _shade(rows) * 2 + moves


def _shade(rows: Columns) -> Ints:
    """Return the class of the colour of each row, as `SHADES` says."""
    found = np.zeros(len(rows["J"]), np.int64)
    for i, (band, other, width) in reversed(list(enumerate(COLOURS))):
        colour = rows[band] - rows[other]
        known = np.isfinite(colour)
        place = np.floor(np.where(known, colour, 0.0) / width) - _BLUE
        place = np.clip(place, 0, _COLOUR_CLASSES - 1).astype(np.int64)
        found = np.where(known, 1 + i * _COLOUR_CLASSES + place, found)
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
    place, grade = np.zeros(n, np.int64), np.zeros(n, np.int64)
    jacobian, magnitude = np.ones(n), np.zeros(n)
    a = {name: one[name][pairs.one] for name in _PHOTOMETRY}
    b = {name: other[name][pairs.other] for name in _PHOTOMETRY}
    shade = _shade(a)
    shade = np.where(shade > 0, 1 + (shade - 1) % _COLOUR_CLASSES, 0) * _STEPS
    for code in reversed(range(len(KINDS))):
        first, second = KINDS[code]
        both = np.isfinite(a[first]) & np.isfinite(b[second])
        kind[both], magnitude[both] = code, b[second][both]
        change = np.where(both, b[second] - a[first], 0.0)
        if first == second:
            scale = _error(a, first, b, second)
            cells, per_mag = _bin(change / scale), _jacobian(change, scale)
            own = _grade(np.where(both, a[first], 0.0))
        else:
            cells, per_mag = _crossed_bin(change), np.full(n, STEP / _CROSSED_WIDTH)
            own = shade + _steps(np.where(both, a[first], 0.0))
        place[both], jacobian[both], grade[both] = cells[both], per_mag[both], own[both]
    cell = density.cell(other["ra"][pairs.other], other["dec"][pairs.other])
    bands = np.array([BANDS.index(second) for _, second in KINDS])
    background = np.where(
        kind >= 0, density.at(cell, bands[kind], magnitude), density.total(cell)
    )
    return Features(
        pairs,
        kind,
        grade,
        place,
        jacobian,
        *_further(a, b),
        background,
        magnitude_class(one)[pairs.one],
        magnitude_class(other)[pairs.other],
        half_of(one)[pairs.one],
    )


_PHOTOMETRY = tuple(name for band in BANDS for name in (band, f"{band}_error"))


def _error(a: Columns, first: str, b: Columns, second: str) -> Floats:
    ea = np.nan_to_num(a[f"{first}_error"], nan=_NO_ERROR)
    eb = np.nan_to_num(b[f"{second}_error"], nan=_NO_ERROR)
    return np.sqrt(ea**2 + eb**2 + _FLOOR**2)


def _bin(t: Floats) -> Ints:
    place = np.floor(np.arcsinh(t) / STEP) + _SIDE
    return np.clip(place, 0, CELLS - 1).astype(np.int64)


def _jacobian(change: Floats, scale: Floats) -> Floats:
    """Return the derivative of asinh of the scaled difference [mag⁻¹]."""
    return np.asarray(1 / np.hypot(scale, change))


def _crossed_bin(change: Floats) -> Ints:
    place = np.floor(change / _CROSSED_WIDTH) + _SIDE
    return np.clip(place, 0, CELLS - 1).astype(np.int64)


def _grade(magnitude: Floats) -> Ints:
    group = np.clip(np.floor(magnitude - _BRIGHT), 0, GROUPS - 1)
    return group.astype(np.int64) * _STEPS


def _steps(magnitude: Floats) -> Ints:
    step = np.floor((magnitude - _FIRST_STEP) / _STEP_WIDTH) + 1
    return np.clip(step, 0, _STEPS - 1).astype(np.int64)


def _further(a: Columns, b: Columns) -> tuple[Ints, Ints, Ints, Floats]:
    """Return grades, bins of differences of bands and of colours, and Jacobians."""
    grades, places, colours, ratios = [], [], [], []
    for band, other in FURTHER:
        change = b[band] - a[band]
        colour = change - (b[other] - a[other])
        known = np.isfinite(colour)
        t = np.where(known, change, 0.0) / _error(a, band, b, band)
        c = np.where(known, colour, 0.0) / COLOUR_SCALE
        scale = _error(a, band, b, band)
        ratio = COLOUR_SCALE * np.sqrt(1 + c**2) / (scale * np.sqrt(1 + t**2))
        grades.append(_grade(np.where(known, a[band], 0.0)))
        places.append(np.where(known, _bin(t), -1))
        colours.append(np.where(known, _bin(c), -1))
        ratios.append(ratio)
    return np.array(grades), np.array(places), np.array(colours), np.array(ratios)


__all__ = [
    "CELLS",
    "COLOUR_SCALE",
    "CROSSED",
    "EDGES",
    "FURTHER",
    "GRADES",
    "GROUPS",
    "PREFERRED",
    "SORTS",
    "STEP",
    "Features",
    "features_of",
    "half_of",
    "magnitude_class",
]
