"""Cells of a tile: small boxes in longitude, latitude and distance, and their stars.

Within a box the density has the shape of the trilinear interpolation of its corners,
from which places are drawn exactly, and a number of stars that is right where the
density is quadratic. Boxes are 0.025° wide, 3.6
pc at the Galactic centre, where each is divided again and again towards Sgr A*, for the
cusp of the nuclear star cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from reseau.constants import DEGREE

from .window import TILE, Tile

SIDE = 4
"""Cells along a tile's side."""

SMALLEST = 0.0004
"""Side of the smallest cells [deg], 0.06 pc at the Galactic centre."""
NEAR = 1.5
"""A cell whose middle is nearer to Sgr A* than this many of its sides is divided."""

NEAREST, FARTHEST = 10.0, 30_000.0
"""Distances between which stars are drawn [pc]."""
FACTOR = 1.12
"""Ratio of neighbouring distances far from the Galactic centre."""
COARSE, FINE = 200.0, 0.05
"""Steps at the Galactic centre's distance: in every tile, and next to Sgr A* [pc]."""
GROWTH = 0.2
"""Steps grow with the distance from the centre by this share of it."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Boxes of a tile and the numbers of living stars at their corners.

    Attributes
    ----------
    edges
        West, east, south, north of each column of boxes [deg].
    distance
        Edges of the boxes along the line of sight [pc].
    corners
        Living stars per deg² of longitude times latitude and pc at the corners, for
        each component, column, distance edge and lateral corner: south-west,
        south-east, north-west, north-east.
    curvature
        Stars of each box in units of those of that interpolation.
    """

    edges: Float[np.ndarray, "k 4"]
    distance: Float[np.ndarray, "d1"]
    corners: Float[np.ndarray, "c k d1 4"]
    curvature: Float[np.ndarray, "c k d"]

    @cached_property
    def numbers(self) -> Float[np.ndarray, "c k d"]:
        """Expected number of living stars in each box."""
        west, east, south, north = self.edges.T
        area = (east - west) * (north - south)
        mean = self.corners.mean(axis=-1)
        step = np.diff(self.distance)
        found: np.ndarray = (
            0.5 * (mean[..., :-1] + mean[..., 1:]) * step * area[:, None]
        )
        return found * self.curvature

    @property
    def middles(self) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
        """Longitude and latitude of the columns' middles [deg]."""
        west, east, south, north = self.edges.T
        return 0.5 * (west + east), 0.5 * (south + north)

    @cached_property
    def blocks(self) -> Int[np.ndarray, "b n"]:
        """Columns that proposals are made for together: all, or each alone.

        Where columns are of one size the density varies little between them; where the
        tile is divided towards Sgr A* they are of many sizes.
        """
        number = np.arange(len(self.edges))
        alone = len(number) > SIDE**2
        return number.reshape((-1, 1) if alone else (1, -1))

    @cached_property
    def largest(self) -> Float[np.ndarray, "c b d"]:
        """Greatest density in each block's boxes, at one of their corners."""
        most = self.corners.max(axis=-1)
        boxes = np.maximum(most[..., :-1], most[..., 1:]) * self.curvature
        found: np.ndarray = boxes[:, self.blocks].max(axis=2)
        return found

    def density(
        self, box: tuple[Int[np.ndarray, "n"], ...], place: Float[np.ndarray, "n 3"]
    ) -> Float[np.ndarray, "n"]:
        """Return the density at places within boxes.

        Parameters
        ----------
        box
            Numbers of component, column and distance.
        place
            Eastward, northward and outward in the box, 0 to 1.
        """
        component, column, step = box
        near = self.corners[component, column, step]
        far = self.corners[component, column, step + 1]
        x, y, z = place.T
        at = near + z[:, None] * (far - near)
        south = at[:, 0] + x * (at[:, 1] - at[:, 0])
        north = at[:, 2] + x * (at[:, 3] - at[:, 2])
        linear = south + y * (north - south)
        found: np.ndarray = linear * self.curvature[component, column, step]
        return found


def cells_of(galaxy: Any, tile: Tile) -> Cells:
    """Return the cells of a tile.

    Parameters
    ----------
    galaxy
        A `Galaxy`: its `frame`, and `star_density(l, b, distance)` per sr and pc.
    tile
        The tile.
    """
    centre = galaxy.frame.centre
    edges = columns_of_tile(tile, centre)
    offset = float(np.min(_away(edges, centre)))
    radius = galaxy.frame.r0
    distance = distance_edges(radius, radius * DEGREE * offset)
    west, east, south, north = edges.T
    l = np.stack([west, east, west, east], axis=-1)  # noqa: E741
    b = np.stack([south, south, north, north], axis=-1)
    places, row = np.unique(
        np.stack([l.ravel(), b.ravel()], axis=-1), axis=0, return_inverse=True
    )
    density = _densities(galaxy, places, distance)
    at_corners = density[:, row.ravel()].reshape(len(density), len(edges), 4, -1)
    corners = np.ascontiguousarray(at_corners.swapaxes(2, 3))
    return Cells(edges, distance, corners, _curvature(galaxy, edges, distance, corners))


def _curvature(
    galaxy: Any, edges: np.ndarray, distance: np.ndarray, corners: np.ndarray
) -> np.ndarray:
    """Return stars of boxes in units of those of the interpolation of their corners.

    Along the line of sight by Simpson's rule; across it two thirds of the middle and a
    third of the corners' mean, which is right for what is quadratic.
    """
    west, east, south, north = edges.T
    places = np.stack([0.5 * (west + east), 0.5 * (south + north)], axis=-1)
    both = np.empty(2 * len(distance) - 1)
    both[::2], both[1::2] = distance, 0.5 * (distance[:-1] + distance[1:])
    along = _densities(galaxy, places, both)
    middle = 0.5 * (along[..., :-1:2] + along[..., 2::2])
    simpson = (middle + 2.0 * along[..., 1::2]) / 3.0
    mean = corners.mean(axis=-1)
    corner = 0.5 * (mean[..., :-1] + mean[..., 1:])
    known = (middle > 0.0) & (corner > 0.0)
    ratio = np.divide(simpson, middle, out=np.ones_like(middle), where=known)
    across = np.divide(middle, corner, out=np.ones_like(middle), where=known)
    found: np.ndarray = ratio * (1.0 + 2.0 * across) / 3.0
    return found


def _densities(
    galaxy: Any, places: Float[np.ndarray, "p 2"], distance: Float[np.ndarray, "d1"]
) -> Float[np.ndarray, "c p d1"]:
    """Return living stars per deg² of l times b, and pc."""
    l, b = (np.repeat(v, len(distance)) for v in places.T)  # noqa: E741
    found = galaxy.star_density(l, b, np.tile(distance, len(places)))
    per_square = DEGREE**2 * np.cos(b * DEGREE)
    scaled: np.ndarray = (found * per_square).reshape(len(found), len(places), -1)
    return scaled


def columns_of_tile(tile: Tile, centre: Sequence[float]) -> Float[np.ndarray, "k 4"]:
    """Return west, east, south, north of a tile's columns of boxes [deg].

    Parameters
    ----------
    tile
        The tile.
    centre
        Galactic l, b of Sgr A* [deg].
    """
    steps = np.arange(SIDE + 1) / SIDE
    l, b = tile.west + TILE * steps, tile.south + TILE * steps  # noqa: E741
    l[-1], b[-1] = tile.east, tile.north
    whole = np.array(
        [(l[i], l[i + 1], b[j], b[j + 1]) for j in range(SIDE) for i in range(SIDE)]
    )
    done = []
    while len(whole):
        side = whole[:, 1] - whole[:, 0]
        split = (_away(whole, centre) < NEAR * side) & (side > SMALLEST)
        done.append(whole[~split])
        whole = _quarters(whole[split])
    return np.concatenate(done)


def _away(edges: Float[np.ndarray, "k 4"], centre: Sequence[float]) -> np.ndarray:
    """Return how far the columns' middles are from a place [deg]."""
    west, east, south, north = edges.T
    l = (0.5 * (west + east) - centre[0] + 180.0) % 360.0 - 180.0  # noqa: E741
    return np.hypot(l, 0.5 * (south + north) - centre[1])


def _quarters(edges: Float[np.ndarray, "k 4"]) -> Float[np.ndarray, "k4 4"]:
    west, east, south, north = edges.T
    l, b = 0.5 * (west + east), 0.5 * (south + north)  # noqa: E741
    parts = [
        np.stack([x0, x1, y0, y1], axis=-1)
        for y0, y1 in ((south, b), (b, north))
        for x0, x1 in ((west, l), (l, east))
    ]
    return np.concatenate(parts)


def distance_edges(radius: float, impact: float) -> Float[np.ndarray, "d1"]:
    """Return edges of boxes along a line of sight, dense where it passes the centre.

    Parameters
    ----------
    radius
        Distance of the Galactic centre [pc].
    impact
        How near to it the line passes [pc].
    """
    least = float(np.clip(0.3 * impact, FINE, COARSE))
    # From the centre outwards, where steps grow with the distance from it.
    offsets = [0.5 * least]
    while offsets[-1] < 0.9 * radius:
        away = offsets[-1]
        offsets.append(away + min(max(least, GROWTH * away), COARSE))
    steps = np.array(offsets)
    inner = radius * (FACTOR - 1.0)
    outer = COARSE / (FACTOR - 1.0)
    near = radius - steps[radius - steps > min(outer, 0.5 * radius)]
    nearest = near.min()
    first = np.geomspace(
        NEAREST, nearest, 1 + int(np.ceil(np.log(nearest / NEAREST) / np.log(FACTOR)))
    )
    beyond = radius + steps[steps < max(4.0 * inner, 2500.0)]
    last = beyond.max()
    tail = np.geomspace(
        last, FARTHEST, 1 + int(np.ceil(np.log(FARTHEST / last) / np.log(FACTOR)))
    )
    return np.unique(np.concatenate([first[:-1], near, beyond, tail[1:]]))


__all__ = ["Cells", "cells_of", "columns_of_tile", "distance_edges"]
