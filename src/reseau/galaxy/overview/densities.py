"""Densities of a model by part of the Galaxy: projected, along a line, by radius."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.galaxy.model import ARCMIN2, Component, Galaxy

PARTS = {
    "disc": "thin disc",
    "thick disc": "thick disc",
    "bar": "bar",
    "nuclear disc": "nuclear disc",
    "nuclear cluster": "nuclear cluster",
}
"""What components of a kind are called together."""

STEPS = (0.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 5e3, 7e3, 1e4)
"""Between them a column is integrated by Gauss' rule [pc]."""

NODES = 6
"""Of the rule in each step."""

PC_PER_KPC = 1000.0


def parts_of(galaxy: Galaxy) -> dict[str, tuple[Component, ...]]:
    """Return the components of each part of a Galaxy that it has.

    Parameters
    ----------
    galaxy
        The model.
    """
    found: dict[str, tuple[Component, ...]] = {}
    for component in galaxy.components:
        part = PARTS[component.kind]
        found[part] = (*found.get(part, ()), component)
    return found


@dataclass(frozen=True, eq=False)
class Projection:
    """Mass of parts of the Galaxy in columns of a square grid.

    Attributes
    ----------
    across, up
        Middles of cells along both axes of the picture [pc], galactocentric.
    mass
        Column density of living stars and remnants by part [Msun/pc²], (across, up).
    """

    across: Float[np.ndarray, "u"]
    up: Float[np.ndarray, "v"]
    mass: Mapping[str, Float[np.ndarray, "u v"]]

    @property
    def total(self) -> Float[np.ndarray, "u v"]:
        """Column density of all parts [Msun/pc²]."""
        return np.sum(list(self.mass.values()), axis=0)


def seen_from_above(galaxy: Galaxy, half: float = 9e3, cells: int = 90) -> Projection:
    """Return the column densities along Z, over X and Y.

    Parameters
    ----------
    galaxy
        The model.
    half
        Half the side of the square about the centre [pc].
    cells
        Along a side.
    """
    x = _middles(half, cells)
    return _projection(galaxy, x, x, (0, 1, 2))


def seen_edge_on(
    galaxy: Galaxy, half: float = 9e3, height: float = 2.5e3, cells: int = 90
) -> Projection:
    """Return the column densities along Y, over X and Z.

    Parameters
    ----------
    galaxy
        The model.
    half, height
        Half the sides of the rectangle about the centre [pc].
    cells
        Along its longer side.
    """
    up = _middles(height, max(2, 2 * round(0.5 * cells * height / half)))
    return _projection(galaxy, _middles(half, cells), up, (0, 2, 1))


def _middles(half: float, cells: int) -> np.ndarray:
    """Return the middles of cells from -half to half."""
    return half * ((2.0 * np.arange(cells) + 1.0) / cells - 1.0)


def _projection(
    galaxy: Galaxy, u: np.ndarray, v: np.ndarray, axes: tuple[int, int, int]
) -> Projection:
    """Integrate along the last of some axes, on both sides of the plane or centre."""
    away, weight = columns_of_nodes(STEPS, NODES)
    away, weight = np.concatenate([-away, away]), np.tile(weight, 2)
    grid = np.meshgrid(u, v, away, indexing="ij")
    position = np.empty((grid[0].size, 3))
    for axis, values in zip(axes, grid, strict=True):
        position[:, axis] = values.ravel()
    density = dict(zip(galaxy.names, galaxy.mass_density(position), strict=True))
    shape = (len(u), len(v), len(away))
    return Projection(
        u,
        v,
        {
            part: np.sum([density[c.name] for c in parts], axis=0).reshape(shape)
            @ weight
            for part, parts in parts_of(galaxy).items()
        },
    )


def columns_of_nodes(
    edges: Sequence[float], n: int
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Return places and weights of Gauss' rule in every interval.

    Parameters
    ----------
    edges
        Of the intervals, rising.
    n
        Nodes in each.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n)
    pairs = [(low, 0.5 * (high - low)) for low, high in itertools.pairwise(edges)]
    places = np.concatenate([low + half * (nodes + 1.0) for low, half in pairs])
    return places, np.concatenate([half * weights for _, half in pairs])


def stars_along(
    galaxy: Galaxy,
    l: float,  # noqa: E741
    b: float,
    distance: Float[np.ndarray, "n"],
) -> dict[str, Float[np.ndarray, "n"]]:
    """Return living stars by part, per square arcminute and kpc of distance.

    Parameters
    ----------
    galaxy
        The model.
    l, b
        Galactic longitude and latitude [deg].
    distance
        From the Sun [pc].
    """
    density = dict(zip(galaxy.names, galaxy.star_density(l, b, distance), strict=True))
    unit = ARCMIN2 * PC_PER_KPC
    return {
        part: unit * np.sum([density[c.name] for c in parts], axis=0)
        for part, parts in parts_of(galaxy).items()
    }


def mass_density_at(
    galaxy: Galaxy, part: str, radius: Float[np.ndarray, "n"], height: float = 0.0
) -> Float[np.ndarray, "n"]:
    """Return the mass density of a part against radius [Msun/pc³].

    Parameters
    ----------
    galaxy
        The model.
    part
        One of `PARTS`.
    radius
        From the axis [pc], towards the Sun.
    height
        Above the plane [pc].
    """
    position = np.stack([-radius, 0.0 * radius, np.full_like(radius, height)], axis=1)
    return np.sum([c.mass_density(position) for c in parts_of(galaxy)[part]], axis=0)


def mass_within(
    galaxy: Galaxy, part: str, radius: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """Return the mass of an axisymmetric part within spheres [Msun].

    Parameters
    ----------
    galaxy
        The model.
    part
        A nuclear one, symmetric about the plane and the axis.
    radius
        Of the spheres about Sgr A* [pc], rising.
    """
    edges = np.concatenate([[0.0], radius])
    places, weight = columns_of_nodes([float(edge) for edge in edges], NODES)
    # Latitude, dense near the plane: the disc's height is a tenth of its radius.
    sine, share = columns_of_nodes((0.0, 0.01, 0.03, 0.1, 0.3, 1.0), NODES)
    r, s = (a.ravel() for a in np.meshgrid(places, sine, indexing="ij"))
    flat = r * np.sqrt(1.0 - s**2)
    position = np.stack([-flat, 0.0 * flat, r * s], axis=1)
    density = np.sum(
        [c.mass_density(position) for c in parts_of(galaxy)[part]], axis=0
    ).reshape(len(places), len(sine))
    shells = 4.0 * np.pi * places**2 * (density @ share) * weight
    return np.cumsum(shells.reshape(len(radius), NODES).sum(axis=1))


__all__ = [
    "PARTS",
    "Projection",
    "columns_of_nodes",
    "mass_density_at",
    "mass_within",
    "parts_of",
    "seen_edge_on",
    "seen_from_above",
    "stars_along",
]
