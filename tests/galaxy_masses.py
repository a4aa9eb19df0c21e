"""Masses of a model of the Galaxy by quadrature, for tests."""

import numpy as np
from numpy.typing import NDArray

from reseau.galaxy.model import Component

Edges = list[float]


def nodes(edges: Edges, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places and weights of a Gauss-Legendre rule in every interval."""
    x, w = np.polynomial.legendre.leggauss(n)
    low, high = np.array(edges[:-1])[:, None], np.array(edges[1:])[:, None]
    half = 0.5 * (high - low)
    return (low + half * (x + 1.0)).ravel(), (half * w).ravel()


def box_mass(component: Component, sides: list[Edges], n: int = 24) -> float:
    """Return the mass of an octant of a box along X, Y and Z, times eight."""
    axes = [nodes(edges, n) for edges in sides]
    x, y, z = (a.ravel() for a in np.meshgrid(*(a[0] for a in axes), indexing="ij"))
    volume = np.einsum("i,j,k->ijk", *(a[1] for a in axes)).ravel()
    return 8.0 * float(component.mass_density(np.stack([x, y, z], axis=-1)) @ volume)


def axial_mass(
    component: Component, radii: Edges, heights: Edges, n: int = 32
) -> float:
    """Return the mass of an axisymmetric component within a cylinder."""
    radius, out = nodes(radii, n)
    height, up = nodes(heights, n)
    r, z = (a.ravel() for a in np.meshgrid(radius, height, indexing="ij"))
    density = component.mass_density(np.stack([r, 0.0 * r, z], axis=-1))
    weight = np.outer(out * 2.0 * np.pi * radius, 2.0 * up).ravel()
    return float(density @ weight)
