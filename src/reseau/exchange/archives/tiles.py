"""Tiles of a window: what one query asks for, and the polygon that holds it.

Tiles share their edges and leave nothing out: a tile has its lower edges and, at the
window's own limits only, its upper ones.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import erfa
import numpy as np

from reseau._windows import TURN, Window

LARGEST = 5.0
"""Width of a tile up to which its polygon is described by four corners [deg]."""

_POLE = 89.99
"""Latitude from which a parallel counts as the pole [deg]."""
_EDGE_POINTS = 65


@dataclass(frozen=True)
class Tile:
    """A box of a window.

    Attributes
    ----------
    name
        Number in the window, with one more digit for each time it was split.
    l_min, l_max, b_min, b_max
        Limits [deg].
    last_l, last_b
        Whether the upper limit belongs to it.
    """

    name: str
    l_min: float
    l_max: float
    b_min: float
    b_max: float
    last_l: bool = True
    last_b: bool = True

    @property
    def box(self) -> Window:
        """The box with all its limits."""
        return Window(self.l_min, self.l_max, self.b_min, self.b_max)

    def contains(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Return which places are in the tile.

        Parameters
        ----------
        longitude
            Galactic longitude [deg] on the turn of the window, see `Window.longitude`.
        latitude
            Galactic latitude [deg].
        """
        below_l = longitude <= self.l_max if self.last_l else longitude < self.l_max
        below_b = latitude <= self.b_max if self.last_b else latitude < self.b_max
        inside = (longitude >= self.l_min) & (latitude >= self.b_min)
        return inside & below_l & below_b

    def split(self) -> tuple["Tile", ...]:
        """Return the four quarters, in the order of their names."""
        l, b = _between(self.l_min, self.l_max), _between(self.b_min, self.b_max)  # noqa: E741
        limits = [
            (self.l_min, l, self.b_min, b, False, False),
            (l, self.l_max, self.b_min, b, self.last_l, False),
            (self.l_min, l, b, self.b_max, False, self.last_b),
            (l, self.l_max, b, self.b_max, self.last_l, self.last_b),
        ]
        return tuple(Tile(f"{self.name}-{n}", *each) for n, each in enumerate(limits))


def _between(low: float, high: float) -> float:
    return 0.5 * (low + high)


def tiles_of(window: Window, side: float) -> list[Tile]:
    """Cut a window into tiles of about the same size, row after row.

    Parameters
    ----------
    window
        What is wanted.
    side
        Width and height that a tile may have [deg]; at most `LARGEST` is used.
    """
    side = min(side, LARGEST)
    ls = _edges(window.l_min, window.l_max, side)
    bs = _edges(window.b_min, window.b_max, side)
    digits = len(str((len(ls) - 1) * (len(bs) - 1) - 1))
    cells = [(i, j) for j in range(len(bs) - 1) for i in range(len(ls) - 1)]
    return [
        Tile(
            f"{n:0{digits}d}",
            *(ls[i], ls[i + 1], bs[j], bs[j + 1]),
            last_l=i == len(ls) - 2,
            last_b=j == len(bs) - 2,
        )
        for n, (i, j) in enumerate(cells)
    ]


def _edges(low: float, high: float, side: float) -> list[float]:
    number = max(1, math.ceil((high - low) / side - 1e-9))
    inner = [low + (high - low) * i / number for i in range(1, number)]
    return [low, *inner, high]


def galactic(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Galactic longitude and latitude [deg] of ra and dec [deg], ICRS.

    The rotation is ERFA's, after the Hipparcos Catalogue, vol. 1, 1.5.3.
    """
    l, b = erfa.icrs2g(np.radians(ra), np.radians(dec))  # noqa: E741
    return np.degrees(l), np.degrees(b)


def polygon(box: Window, margin: float = 0.0) -> np.ndarray:
    """Return corners of a convex polygon that holds a box and little else.

    Meridians are great circles; a parallel is not, and bends away from the pole. So the
    edge nearer to the equator is moved until the great circle through its ends touches
    the parallel in the middle: tan b' = tan b cos(width/2).

    Parameters
    ----------
    box
        At most `LARGEST` wide; wider boxes would have polygons that hold much more.
    margin
        By which all sides are moved outwards [deg].

    Returns
    -------
    Right ascension and declination [deg], ICRS, one row a corner, in their order.
    """
    furthest = min(max(abs(box.b_min), abs(box.b_max)) + margin, _POLE)
    beside = margin / math.cos(math.radians(furthest))
    left, right = box.l_min - beside, box.l_max + beside
    low, high = box.b_min - margin, box.b_max + margin
    half = math.cos(math.radians(0.5 * (right - left)))
    if low > 0.0:
        low = math.degrees(math.atan(math.tan(math.radians(low)) * half))
    if high < 0.0:
        high = math.degrees(math.atan(math.tan(math.radians(high)) * half))
    corners = [(left, low), (right, low), (right, high), (left, high)]
    # A corner at a pole stands behind it, where the other side of the sky begins.
    behind = 0.5 * (left + right) + 0.5 * TURN
    if high >= _POLE:
        corners = [(left, low), (right, low), (behind, 90.0 - margin)]
    elif low <= -_POLE:
        corners = [(behind, margin - 90.0), (right, high), (left, high)]
    return _equatorial(np.array(corners))


def _equatorial(places: np.ndarray) -> np.ndarray:
    ra, dec = erfa.g2icrs(*np.radians(places).T)
    return np.column_stack([np.degrees(ra) % TURN, np.degrees(dec)])


def bounds(box: Window, margin: float = 0.0) -> tuple[float, float, float, float]:
    """Return limits in right ascension and declination [deg] that hold a box.

    Parameters
    ----------
    box
        What is wanted, of any size.
    margin
        By which limits are widened [deg].

    Returns
    -------
    Lowest and highest right ascension, the first larger where they go through 0, and
    lowest and highest declination.
    """
    ra, dec = _equatorial(np.array(list(_outline(box)))).T
    # An arc between two points bends by no more than this from the chord.
    step = math.radians(max(box.l_max - box.l_min, box.b_max - box.b_min))
    bend = math.degrees((step / (_EDGE_POINTS - 1)) ** 2)
    low, high = dec.min() - margin - bend, dec.max() + margin + bend
    poles = [box.contains(*galactic(np.zeros(1), np.array([d])))[0] for d in (-90, 90)]
    low, high = (-90.0 if poles[0] else low), (90.0 if poles[1] else high)
    if low <= -_POLE or high >= _POLE:
        return 0.0, TURN, max(float(low), -90.0), min(float(high), 90.0)
    beside = (margin + bend) / math.cos(math.radians(max(abs(low), abs(high))))
    middle = ra[0]
    turned = (ra - middle + 0.5 * TURN) % TURN - 0.5 * TURN
    west, east = turned.min() - beside, turned.max() + beside
    if east - west >= 0.5 * TURN:
        return 0.0, TURN, float(low), float(high)
    limits = (middle + west) % TURN, (middle + east) % TURN, low, high
    return tuple(float(x) for x in limits)  # type: ignore[return-value]


def _outline(box: Window) -> Iterator[tuple[float, float]]:
    for l in np.linspace(box.l_min, box.l_max, _EDGE_POINTS):  # noqa: E741
        yield from ((float(l), box.b_min), (float(l), box.b_max))
    for b in np.linspace(box.b_min, box.b_max, _EDGE_POINTS):
        yield from ((box.l_min, float(b)), (box.l_max, float(b)))


__all__ = ["LARGEST", "Tile", "bounds", "galactic", "polygon", "tiles_of"]
