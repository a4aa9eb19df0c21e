"""The nuclear stellar disc and the nuclear star cluster: densities of mass.

The disc as a double exponential (Nishiyama et al. 2013), as flattened components of
which there may be any number (Sormani et al. 2020, MNRAS 499, 7, eq. 24, has two), or
as a table. The cluster is that of Chatzopoulos et al. 2015 (MNRAS 447, 948).
"""

import math
from dataclasses import dataclass

import numpy as np

from .places import Places

SMALLEST = 1e-3
"""Nearest to a cusp that a density is evaluated [pc]: 2e-9 of the cluster is inside."""


@dataclass(frozen=True)
class ExponentialDisc:
    """A disc that falls exponentially both ways, up to an edge.

    Attributes
    ----------
    mass
        Inside the edge [Msun].
    scale_length, scale_height
        [pc].
    radius, height
        Of the edge [pc].
    """

    mass: float
    scale_length: float
    scale_height: float
    radius: float
    height: float

    @property
    def central_density(self) -> float:
        """Density at the centre [Msun/pc^3]."""
        out, up = self.radius / self.scale_length, self.height / self.scale_height
        inside = 1.0 - (1.0 + out) * math.exp(-out)
        area = 2.0 * math.pi * self.scale_length**2 * inside
        return self.mass / (area * 2.0 * self.scale_height * -math.expm1(-up))

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3]."""
        rows = _inside(places, self.radius, self.height)
        fallen = places.radius[rows] / self.scale_length
        fallen += places.height[rows] / self.scale_height
        return _spread(len(places), rows, self.central_density * np.exp(-fallen))


@dataclass(frozen=True)
class FlattenedDisc:
    """A sum of flattened components, rho exp(-(a/s)^p) of a = sqrt(R^2 + z^2/q^2).

    Attributes
    ----------
    densities
        rho of each [Msun/pc^3].
    axis_ratios, scales, powers
        q, s [pc] and p of each.
    radius, height
        Beyond which there is nothing [pc].
    """

    densities: tuple[float, ...]
    axis_ratios: tuple[float, ...]
    scales: tuple[float, ...]
    powers: tuple[float, ...]
    radius: float
    height: float

    @property
    def mass(self) -> float:
        """Mass of all of them without an edge [Msun]."""
        parts = zip(
            self.densities, self.axis_ratios, self.scales, self.powers, strict=True
        )
        return sum(
            4.0 * math.pi * q * rho * s**3 * math.gamma(3.0 / p) / p
            for rho, q, s, p in parts
        )

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3]."""
        rows = _inside(places, self.radius, self.height)
        outwards, up = places.radius[rows] ** 2, places.height[rows] ** 2
        found = np.zeros(len(rows))
        for rho, q, s, p in zip(
            self.densities, self.axis_ratios, self.scales, self.powers, strict=True
        ):
            squared = (outwards + up / q**2) / s**2
            found += rho * np.exp(-(squared ** (0.5 * p)))
        return _spread(len(places), rows, found)


@dataclass(frozen=True)
class Cluster:
    """A flattened Dehnen sphere.

    (3 - g) M a0 / (4 pi q a^g (a + a0)^(4 - g)) with a = sqrt(R^2 + z^2/q^2).

    Attributes
    ----------
    mass
        M, without the cut-off [Msun].
    scale
        a0 [pc].
    slope
        g, of the cusp.
    axis_ratio
        q.
    radius
        Beyond which, along the major axes, there is nothing [pc].
    """

    mass: float
    scale: float
    slope: float
    axis_ratio: float
    radius: float

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3], constant inside 0.001 pc."""
        rows = _inside(places, self.radius, self.radius * self.axis_ratio)
        a = np.hypot(places.radius[rows], places.height[rows] / self.axis_ratio)
        near = np.maximum(a, SMALLEST)
        factor = (3.0 - self.slope) * self.mass * self.scale
        factor /= 4.0 * math.pi * self.axis_ratio
        falling = near**-self.slope * (near + self.scale) ** (self.slope - 4.0)
        inside = np.where(a < self.radius, factor * falling, 0.0)
        return _spread(len(places), rows, inside)

    def mass_inside(self, a: np.ndarray | float) -> np.ndarray:
        """Return the mass inside of a spheroid of a semi-major axis [pc]."""
        a = np.asarray(a, dtype=float)
        return np.asarray(self.mass * (a / (a + self.scale)) ** (3.0 - self.slope))


def _inside(places: Places, radius: float, height: float) -> np.ndarray:
    """Return the rows of places within a radius of the axis and a height."""
    near = (np.abs(places.x) < radius) & (places.height < height)
    rows = np.flatnonzero(near)
    # The distance from the axis is needed of few.
    return rows[places.x[rows] ** 2 + places.y[rows] ** 2 < radius**2]


def _spread(n: int, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    found = np.zeros(n)
    found[rows] = values
    return found


__all__ = ["SMALLEST", "Cluster", "ExponentialDisc", "FlattenedDisc"]
