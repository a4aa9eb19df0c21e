"""Cells of distance along a line of sight, and how many stars are in each.

A density is integrated over every cell: the nuclear cluster, 6 pc across, is not what
the nearest point of a grid says of it.
"""

import math

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE
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
SMALLEST = 0.05
NODES = 4


def distance_cells(
    frame: GalacticFrame,
    l: float,  # noqa: E741
    b: float,
    *,
    nearest: float = NEAREST,
    farthest: float = FARTHEST,
    finest: float = SMALLEST,
) -> Float[np.ndarray, "edges"]:
    """Return edges of cells of distance along a line of sight [pc].

    Cells are 2 per cent of the distance or less, 10 pc or less within 2.5 kpc of the
    centre, and 20 per cent of the distance from Sgr A* or less, down to `finest`, so
    that those of lines of sight near it resolve the nuclear cluster and disc.

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
    to_centre = -frame.axes(l, b)[2] @ frame.sun
    impact = math.sqrt(max(float(frame.sun @ frame.sun) - to_centre**2, 0.0))

    def step(distance: float) -> float:
        apart = math.hypot(impact, distance - to_centre)
        widest = LARGEST_INSIDE if apart < INSIDE else LARGEST
        return min(RELATIVE * distance, widest, max(GRADED * apart, finest))

    # Outwards from the point nearest to Sgr A*, which is an edge: a cusp is no node's.
    start = float(np.clip(to_centre, nearest, farthest))
    inwards = _walk(start, nearest, step)
    outwards = _walk(start, farthest, step)
    return np.array([*reversed(inwards), start, *outwards])


def _walk(start, end, step):  # type: ignore[no-untyped-def]
    sign, place, edges = math.copysign(1.0, end - start), start, []
    while sign * (end - place) > 0.0:
        width = step(place)
        # The step at the far edge counts too where cells shrink on the way.
        width = min(width, step(max(place + sign * width, NEAREST)))
        place = place + sign * width
        if sign * (end - place) < 0.5 * width:
            place = end
        edges.append(place)
    return edges


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
        taken; None: the direction alone.
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


def _directions(l, b, extent):  # type: ignore[no-untyped-def]
    if extent is None:
        return [(l, b, 1.0)]
    points, weights = np.polynomial.legendre.leggauss(3)
    up = b + 0.5 * extent[1] * points
    area = weights * np.cos(up * DEGREE)
    return [
        (l + 0.5 * extent[0] * p, float(u), 0.5 * w * a / area.sum())
        for u, a in zip(up, area, strict=True)
        for p, w in zip(points, weights, strict=True)
    ]


__all__ = ["cell_numbers", "distance_cells"]
