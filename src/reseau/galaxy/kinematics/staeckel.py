"""Actions of orbits through one place of an axisymmetric potential.

The potential is taken as separable in prolate spheroidal coordinates (u, v), along the
two coordinate lines through the place (Binney 2012, MNRAS 426, 1324):
R = Δ sinh u sin v, z = Δ cosh u cos v.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from .multipole import HasPotential

Numbers = Float[np.ndarray, "n"]

LINE = 300
"""Points at which the potential is taken along a coordinate line."""
HALVINGS = 26
"""Of the interval in which a turning point is looked for."""
ORBIT = 16
"""Nodes of an action's integral from one turning point to the other."""
LARGEST = 1e4
"""Distance that orbits do not leave [pc]."""
LEAST_ACROSS = 1e-6
"""Smallest v; orbits with angular momentum do not come near it."""


@dataclass(frozen=True)
class Place:
    """A place in a potential, with the coordinate lines through it.

    Attributes
    ----------
    potential
        Symmetric about the plane.
    radius, height
        Of the place; radius greater than 0, height 0 or greater [pc].
    focus
        Δ, half the distance of the foci of the coordinates [pc].
    """

    potential: HasPotential
    radius: float
    height: float
    focus: float

    @cached_property
    def coordinates(self) -> tuple[float, float]:
        """Return u and v of the place."""
        near = np.hypot(self.radius, self.height - self.focus)
        far = np.hypot(self.radius, self.height + self.focus)
        cosh = max(0.5 * (far + near) / self.focus, 1.0)
        cos = np.clip(0.5 * (far - near) / self.focus, -1.0, 1.0)
        return float(np.arccosh(cosh)), float(np.arccos(cos))

    @cached_property
    def directions(self) -> Float[np.ndarray, "2 2"]:
        """Unit vectors along u and v, as rows of their (R, z) components."""
        u, v = self.coordinates
        along = np.array([np.cosh(u) * np.sin(v), np.sinh(u) * np.cos(v)])
        across = np.array([np.sinh(u) * np.cos(v), -np.cosh(u) * np.sin(v)])
        return np.array([along, across]) / self.stretch

    @property
    def stretch(self) -> float:
        """Return length per coordinate, over Δ, of either coordinate."""
        u, v = self.coordinates
        return float(np.hypot(np.sinh(u), np.sin(v)))

    def at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the potential at coordinates [km²/s²]."""
        radius = self.focus * np.sinh(u) * np.sin(v)
        height = self.focus * np.cosh(u) * np.cos(v)
        return self.potential.potential(radius, height)

    @cached_property
    def line_along(self) -> CubicSpline:
        """U along the line of constant v, as a function of u."""
        _, v0 = self.coordinates
        last = np.arcsinh(LARGEST / self.focus)
        u = last * np.linspace(0.0, 1.0, LINE) ** 1.5
        stretch = np.sinh(u) ** 2 + np.sin(v0) ** 2
        value = stretch * self.at(u, np.full_like(u, v0))
        return CubicSpline(u, value)

    @cached_property
    def line_across(self) -> CubicSpline:
        """V along the line of constant u, as a function of v up to a right angle."""
        u0, _ = self.coordinates
        v = np.linspace(0.0, 0.5 * np.pi, LINE)
        stretch = np.sinh(u0) ** 2 + np.sin(v) ** 2
        return CubicSpline(v, -stretch * self.at(np.full_like(v, u0), v))

    def actions(
        self, along: Numbers, across: Numbers, azimuthal: Numbers
    ) -> tuple[Numbers, Numbers]:
        """Return radial and vertical actions [pc km/s] of bound orbits.

        Parameters
        ----------
        along, across, azimuthal
            Velocities along u, v and the azimuth, the last not 0 [km/s].
        """
        u0, v0 = self.coordinates
        here = self.at(np.array([u0]), np.array([v0]))[0]
        energy = 0.5 * (along**2 + across**2 + azimuthal**2) + here
        barrier = 0.5 * (self.radius * azimuthal / self.focus) ** 2
        scale = 0.5 * self.stretch**2
        radial = _Motion(
            self.line_along, -1.0, u0, np.sinh, energy, barrier, scale * along**2
        )
        vertical = _Motion(
            self.line_across, 1.0, v0, np.sin, energy, barrier, scale * across**2
        )
        return self._radial(radial), self._vertical(vertical)

    def _radial(self, motion: "_Motion") -> Numbers:
        last = np.arcsinh(LARGEST / self.focus)
        low = motion.turning(motion.start, LEAST_ACROSS)
        high = motion.turning(motion.start, last)
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        angle = (np.arange(ORBIT) + 0.5) * np.pi / ORBIT
        momentum = motion.momentum(middle[:, None] + half[:, None] * np.cos(angle))
        # Midpoint in the angle: the roots at both ends are smooth in it.
        return self.focus * half * (momentum @ np.sin(angle)) / ORBIT

    def _vertical(self, motion: "_Motion") -> Numbers:
        low = motion.turning(motion.start, LEAST_ACROSS)
        half = 0.5 * np.pi - low
        angle = (np.arange(ORBIT // 2) + 0.5) * np.pi / ORBIT
        momentum = motion.momentum(0.5 * np.pi - half[:, None] * np.cos(angle))
        return 2.0 * self.focus * half * (momentum @ np.sin(angle)) / ORBIT


@dataclass(frozen=True)
class _Motion:
    """Motion along one coordinate line, of n orbits.

    Half the squared momentum over Δ² is `kinetic` at the start, and elsewhere that plus
    the difference of E g² - L/g² and of the line's function with its sign, g being
    sinh u or sin v.
    """

    line: CubicSpline
    sign: float
    start: float
    growth: np.ufunc
    energy: Numbers
    barrier: Numbers
    kinetic: Numbers

    def _rest(self, at: np.ndarray) -> np.ndarray:
        grown = self.growth(at) ** 2
        wide = (slice(None), *(None,) * (at.ndim - 1))
        energy, barrier = self.energy[wide], self.barrier[wide]
        return energy * grown - barrier / grown + self.sign * self.line(at)

    @cached_property
    def _offset(self) -> Numbers:
        return self.kinetic - self._rest(np.full(len(self.kinetic), self.start))

    def squared(self, at: np.ndarray) -> np.ndarray:
        """Return half the squared momentum over Δ²."""
        wide = (slice(None), *(None,) * (at.ndim - 1))
        return self._rest(at) + self._offset[wide]

    def momentum(self, at: np.ndarray) -> np.ndarray:
        """Return the momentum over Δ, 0 where there is no motion."""
        return np.sqrt(2.0 * np.maximum(self.squared(at), 0.0))

    def turning(self, inside: float, outside: float) -> Numbers:
        """Return where the motion turns between two places."""
        a = np.full(len(self.energy), inside)
        b = np.full(len(self.energy), outside)
        for _ in range(HALVINGS):
            middle = 0.5 * (a + b)
            moving = self.squared(middle) > 0.0
            a, b = np.where(moving, middle, a), np.where(moving, b, middle)
        return 0.5 * (a + b)


__all__ = ["Place"]
