"""The nuclear stellar disc and the nuclear star cluster: densities of mass.

The disc as a double exponential (Nishiyama et al. 2013), as the table of the
self-consistent model of Sormani et al. 2022 (MNRAS 512, 1857), or as two flattened
components (Sormani et al. 2020, MNRAS 499, 7, eq. 24). The cluster is that of
Chatzopoulos et al. 2015 (MNRAS 447, 948).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gamma as gamma_function

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
        area = (
            2.0 * math.pi * self.scale_length**2 * (1.0 - (1.0 + out) * math.exp(-out))
        )
        return self.mass / (area * 2.0 * self.scale_height * -math.expm1(-up))

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3]."""
        inside = (places.radius < self.radius) & (places.height < self.height)
        found = np.zeros(len(inside))
        fallen = places.radius[inside] / self.scale_length
        fallen += places.height[inside] / self.scale_height
        found[inside] = self.central_density * np.exp(-fallen)
        return found


@dataclass(frozen=True)
class FlattenedDisc:
    """Two flattened components, exp(-(a/s)^p) of a = sqrt(R^2 + z^2/q^2).

    Attributes
    ----------
    mass
        Of both together [Msun].
    axis_ratio
        q.
    scales, powers
        s [pc] and p of the inner and the outer component.
    ratio
        Central density of the inner component over that of the outer one.
    radius
        Beyond which, along the major axes, there is nothing [pc].
    """

    mass: float
    axis_ratio: float
    scales: tuple[float, float]
    powers: tuple[float, float]
    ratio: float
    radius: float

    @property
    def outer_density(self) -> float:
        """Central density of the outer component [Msun/pc^3], of the whole mass."""
        inner, outer = (
            s**3 * gamma_function(3.0 / p) / p
            for s, p in zip(self.scales, self.powers, strict=True)
        )
        volume = 4.0 * math.pi * self.axis_ratio * (self.ratio * inner + outer)
        return self.mass / volume

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3]."""
        found = np.zeros(len(places.radius))
        near = np.maximum(places.radius, places.height / self.axis_ratio) < self.radius
        a = np.hypot(places.radius[near], places.height[near] / self.axis_ratio)
        inner, outer = (
            np.exp(-((a / s) ** p))
            for s, p in zip(self.scales, self.powers, strict=True)
        )
        density = self.outer_density * (self.ratio * inner + outer)
        found[near] = np.where(a < self.radius, density, 0.0)
        return found


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
        found = np.zeros(len(places.radius))
        near = np.maximum(places.radius, places.height / self.axis_ratio) < self.radius
        a = np.hypot(places.radius[near], places.height[near] / self.axis_ratio)
        a_safe = np.maximum(a, SMALLEST)
        factor = (3.0 - self.slope) * self.mass * self.scale
        factor /= 4.0 * math.pi * self.axis_ratio
        falling = a_safe**-self.slope * (a_safe + self.scale) ** (self.slope - 4.0)
        found[near] = np.where(a < self.radius, factor * falling, 0.0)
        return found

    def mass_inside(self, a: np.ndarray | float) -> np.ndarray:
        """Return the mass inside of a spheroid of a semi-major axis [pc]."""
        a = np.asarray(a, dtype=float)
        return self.mass * (a / (a + self.scale)) ** (3.0 - self.slope)


__all__ = ["SMALLEST", "Cluster", "ExponentialDisc", "FlattenedDisc"]
