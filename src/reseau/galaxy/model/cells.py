"""Cells of distance along a line of sight, and how many stars are in each.

A density is integrated over every cell: the nuclear cluster, 6 pc across, is not what
the nearest point of a grid says of it.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain
from reseau.galaxy.frame import GalacticFrame

from .galaxy import Galaxy

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


def distance_cells(
    frame: GalacticFrame,
    l: float,  # noqa: E741
    b: float,
    *,
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


def cell_numbers(
    galaxy: Galaxy,
    l: float,  # noqa: E741
    b: float,
    edges: Float[np.ndarray, "edges"],
    *,
    extent: tuple[float, float] | None = None,
    nodes: int = NODES,
) -> Float[np.ndarray, "c k"]:
    """Return living stars per steradian in every cell of distance.

    Parameters
    ----------
    galaxy
        The model.
    l, b
        Galactic longitude and latitude [deg].
    edges
        Of the cells [pc], rising.
    extent
        Sides in l and b [deg] of a window about that direction, over which the mean is
        taken; None: the direction alone. Within a degree of Sgr A* a window matters:
        the nuclear cluster has a cusp.
    nodes
        Of the Gauss-Legendre rule in every cell.

    Returns
    -------
    One row a component, in the order of `galaxy.components`.
    """
    points, weights = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * np.diff(edges)
    distance = (0.5 * (edges[1:] + edges[:-1]))[:, None] + half[:, None] * points
    total = np.zeros((len(galaxy.components), len(half)))
    for along, up, share in _directions(l, b, extent):
        density = galaxy.star_density(along, up, distance.ravel())
        total += share * half * (density.reshape(-1, *distance.shape) @ weights)
    return total


def _directions(
    l: float,  # noqa: E741
    b: float,
    extent: tuple[float, float] | None,
) -> list[tuple[float, float, float]]:
    """Return directions of a window, with shares of its solid angle."""
    if extent is None:
        return [(l, b, 1.0)]
    points, weights = np.polynomial.legendre.leggauss(SIDE_NODES)
    along, up = l + 0.5 * extent[0] * points, b + 0.5 * extent[1] * points
    area = weights * np.cos(up * DEGREE)
    shares = np.outer(weights / weights.sum(), area / area.sum())
    return [
        (float(along[i]), float(up[k]), float(shares[i, k]))
        for i in range(SIDE_NODES)
        for k in range(SIDE_NODES)
    ]


__all__ = ["cell_numbers", "distance_cells"]
