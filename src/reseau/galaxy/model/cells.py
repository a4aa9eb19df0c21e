"""Cells of distance along a line of sight, and how many stars are in each.

A density is integrated over every cell: the nuclear cluster, 6 pc across, is not what
the nearest point of a grid says of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain
from reseau.galaxy.frame import GalacticFrame

from .component import Component
from .galaxy import Galaxy
from .places import Places

NEAREST, FARTHEST = 10.0, 30000.0
RELATIVE = 0.02
"""Largest cell in units of its distance: 0.04 mag."""
LARGEST, LARGEST_INSIDE = 50.0, 10.0
INSIDE = 2500.0
"""From the centre, within which cells are no larger than `LARGEST_INSIDE` [pc]."""
GRADED = 0.2
"""Largest cell in units of its distance from Sgr A*."""
FINEST = 0.05
NODES, SIDE_NODES = 4, 3
NARROW = 1.5
"""A window nearer to Sgr A* than this many of its sides is divided for the cusp."""
SMALLEST = 0.0004
"""Side of the smallest such window [deg], 0.06 pc at the centre."""
NUCLEAR = ("nuclear disc", "nuclear cluster")
REACH = 1500.0
"""From the centre, beyond which there is nothing of nuclear components [pc]."""

Extent = tuple[float, float]
Window = tuple[float, float, float, float]
"""Middle in l and b, and sides [deg]."""
Direction = tuple[float, float, float]
"""Longitude and latitude [deg], and a share of what is summed."""


def distance_cells(
    frame: GalacticFrame,
    l: float,  # noqa: E741
    b: float,
    *,
    extent: Extent | None = None,
    nearest: float = NEAREST,
    farthest: float = FARTHEST,
    finest: float = FINEST,
) -> Float[np.ndarray, "edges"]:
    """Return edges of cells of distance along a line of sight [pc].

    Cells are 2 per cent of the distance or less, 10 pc or less within 2.5 kpc of the
    centre, and 20 per cent of the distance from Sgr A* or less, down to `finest`, so
    that those of lines of sight near it resolve the nuclear cluster and disc. The point
    nearest to Sgr A* is an edge.

    Parameters
    ----------
    frame
        Sun and centre.
    l, b
        Galactic longitude and latitude [deg].
    extent
        Sides in l and b [deg] of a window about that direction, any line of sight of
        which the cells are to be fine enough for; None: that direction alone.
    nearest, farthest
        First and last edge [pc].
    finest
        Smallest cell [pc].
    """
    if not 0.0 < nearest < farthest < math.inf or not finest > 0.0:
        raise ConfigError(
            explain(
                given=f"nearest = {nearest}, farthest = {farthest}, finest = {finest}",
                wanted="0 < nearest < farthest, and finest > 0, all in pc",
                where="distance_cells",
                todo="correct them",
            )
        )
    l, b = _nearest_to_centre(frame.centre, l, b, extent or (0.0, 0.0))  # noqa: E741
    closest = -float(frame.axes(l, b)[2] @ frame.sun)
    impact = math.sqrt(max(float(frame.sun @ frame.sun) - closest**2, 0.0))
    widths = _Widths(closest, impact, finest)
    start = min(max(closest, nearest), farthest)
    inwards, outwards = widths.edges(start, nearest), widths.edges(start, farthest)
    return np.array([*reversed(inwards), start, *outwards])


@dataclass(frozen=True)
class _Widths:
    """How wide cells are.

    Attributes
    ----------
    closest, impact
        Distance from the Sun of the point nearest to Sgr A*, and how near it is [pc].
    finest
        Smallest cell [pc].
    """

    closest: float
    impact: float
    finest: float

    def at(self, distance: float) -> float:
        """Return the greatest width of a cell at a distance [pc]."""
        apart = math.hypot(self.impact, distance - self.closest)
        widest = LARGEST_INSIDE if apart < INSIDE else LARGEST
        graded = max(GRADED * apart, self.finest)
        return min(RELATIVE * distance, widest, graded)

    def edges(self, start: float, end: float) -> list[float]:
        """Return edges from a distance, itself left out, to another one."""
        sign, place = math.copysign(1.0, end - start), start
        found = []
        while place != end:
            width = self.at(place)
            # The far side's counts too where cells become smaller on the way.
            beyond = max(place + sign * width, 0.5 * place)
            width = min(width, self.at(beyond))
            place = place + sign * width
            if sign * (end - place) < 0.5 * width:
                place = end
            found.append(place)
        return found


def _nearest_to_centre(
    centre: tuple[float, float],
    l: float,  # noqa: E741
    b: float,
    extent: Extent,
) -> tuple[float, float]:
    """Return the direction of a window that is nearest to Sgr A* [deg]."""
    east = math.remainder(centre[0] - l, 360.0)
    north = centre[1] - b
    along = min(max(east, -0.5 * extent[0]), 0.5 * extent[0])
    return l + along, b + min(max(north, -0.5 * extent[1]), 0.5 * extent[1])


def cell_numbers(
    galaxy: Galaxy,
    l: float,  # noqa: E741
    b: float,
    edges: Float[np.ndarray, "edges"],
    *,
    extent: Extent | None = None,
) -> Float[np.ndarray, "c k"]:
    """Return living stars per steradian in every cell of distance.

    Four Gauss-Legendre nodes in every cell, three across each side of a window, which
    is divided towards Sgr A*, where the nuclear cluster has its cusp.

    Parameters
    ----------
    galaxy
        The model.
    l, b
        Galactic longitude and latitude [deg].
    edges
        Of the cells [pc], rising, as of `distance_cells`.
    extent
        Sides in l and b [deg] of a window about that direction, over whose solid angle
        the mean is taken; None: the direction alone.

    Returns
    -------
    One row a component, in the order of `galaxy.components`.
    """
    if extent is None:
        return _mean(galaxy.components, galaxy.frame, [(l, b, 1.0)], edges)
    found = np.zeros((len(galaxy.components), len(edges) - 1))
    nuclear = np.array([c.kind in NUCLEAR for c in galaxy.components])
    whole = (l, b, *extent)
    chosen = [c for c in galaxy.components if c.kind not in NUCLEAR]
    found[~nuclear] = _mean(chosen, galaxy.frame, _directions([whole]), edges)
    near = np.flatnonzero(np.abs(edges - galaxy.frame.r0) < REACH)
    if nuclear.any() and len(near) > 1:
        chosen = [c for c in galaxy.components if c.kind in NUCLEAR]
        directions = _directions(_divided(galaxy.frame.centre, whole))
        within = _mean(chosen, galaxy.frame, directions, edges[near])
        found[np.ix_(nuclear, near[:-1])] = within
    return found


def _mean(
    components: Sequence[Component],
    frame: GalacticFrame,
    directions: Sequence[Direction],
    edges: np.ndarray,
) -> np.ndarray:
    """Return stars per steradian in cells, the mean over directions with shares."""
    points, weights = np.polynomial.legendre.leggauss(NODES)
    half = 0.5 * np.diff(edges)
    distance = (0.5 * (edges[1:] + edges[:-1]))[:, None] + half[:, None] * points
    volume = half[:, None] * weights * distance**2
    total = np.zeros((len(components), len(half)))
    for l, b, share in directions:  # noqa: E741
        places = Places(frame.galactocentric(l, b, distance.ravel()))
        for i, component in enumerate(components):
            density = component.number_at(places).reshape(distance.shape)
            total[i] += share * np.einsum("ij,ij->i", density, volume)
    return total


def _divided(centre: tuple[float, float], window: Window) -> list[Window]:
    """Return parts of a window that are small where they are near to Sgr A*."""
    l, b, wide, high = window  # noqa: E741
    east, north = math.remainder(centre[0] - l, 360.0), centre[1] - b
    side = max(wide, high)
    if side <= SMALLEST or math.hypot(east, north) > NARROW * side:
        return [window]
    return [
        part
        for x in (-0.25, 0.25)
        for y in (-0.25, 0.25)
        for part in _divided(
            centre, (l + x * wide, b + y * high, 0.5 * wide, 0.5 * high)
        )
    ]


def _directions(windows: Sequence[Window]) -> list[Direction]:
    """Return directions in windows, with shares of the whole solid angle."""
    points, weights = np.polynomial.legendre.leggauss(SIDE_NODES)
    found = []
    for l, b, wide, high in windows:  # noqa: E741
        along, up = l + 0.5 * wide * points, b + 0.5 * high * points
        area = np.outer(weights * wide, weights * high * np.cos(up * DEGREE))
        found += [
            (float(along[i]), float(up[k]), float(area[i, k]))
            for i in range(SIDE_NODES)
            for k in range(SIDE_NODES)
        ]
    whole = sum(area for _, _, area in found)
    return [(l, b, area / whole) for l, b, area in found]  # noqa: E741


__all__ = ["cell_numbers", "distance_cells"]
