"""The bar and its X: boxy generalised ellipsoids with a Gaussian end.

Koshimoto, Baba & Bennett 2021 (ApJ 917, 78), whose models are an exponential or a
Gaussian bar, each with or without an X. Axes of the bar: along it (x), across it in the
plane (y), and up (z); the near end is at positive longitude.
"""

import math
from dataclasses import dataclass

import numpy as np

from .places import Places

PROFILES = ("exponential", "gaussian")
NEGLIGIBLE = 50.0
"""Density is 0 where it is below exp(-50), 2e-22, of that at the centre."""


@dataclass(frozen=True)
class Ellipsoid:
    """exp(-r) or exp(-r^2/2) in a generalised ellipsoid, with a Gaussian end.

    r is ((|x/x0|^p + |y/y0|^p)^(q/p) + |z/z0|^q)^(1/q).

    Attributes
    ----------
    x0, y0, z0
        Scale lengths along the axes [pc].
    in_plane, vertical
        The powers p and q.
    cutoff_radius, cutoff_width
        Distance from the axis of rotation where the Gaussian end begins, and its
        standard deviation [pc].
    profile
        "exponential" or "gaussian".
    """

    x0: float
    y0: float
    z0: float
    in_plane: float
    vertical: float
    cutoff_radius: float
    cutoff_width: float
    profile: str = "exponential"

    def shape(self, x: list[np.ndarray], y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the sum over alternatives of x, without the end."""
        across = np.abs(y / self.y0) ** self.in_plane
        up = np.abs(z / self.z0) ** self.vertical
        found = np.zeros(len(y))
        for along in x:
            plane = np.abs(along / self.x0) ** self.in_plane + across
            power = plane ** (self.vertical / self.in_plane) + up
            found += np.exp(-self._exponent(power))
        return found

    def _exponent(self, power: np.ndarray) -> np.ndarray:
        """Return r or r^2/2 of r to the power of q."""
        if self.profile == "exponential":
            return power ** (1.0 / self.vertical)
        return 0.5 * power ** (2.0 / self.vertical)

    def end(self, radius: np.ndarray) -> np.ndarray:
        """Return the factor of the end at distances from the axis of rotation."""
        beyond = np.maximum(radius - self.cutoff_radius, 0.0) / self.cutoff_width
        return np.exp(-0.5 * beyond**2)

    def reaches(self, places: Places) -> np.ndarray:
        """Say where the density is not negligible."""
        far = math.sqrt(2.0 * NEGLIGIBLE)
        widths = NEGLIGIBLE if self.profile == "exponential" else far
        near = places.radius < self.cutoff_radius + far * self.cutoff_width
        return near & (places.height < widths * self.z0)


@dataclass(frozen=True)
class Bar:
    """Density of the bar and the X, in units of the bar's at the centre.

    Attributes
    ----------
    angle
        Between the long axis and the line from the centre to the Sun [rad].
    body
        The bar without the X.
    arms
        An arm of the X; None: there is no X.
    arm_share
        Factor of an arm, relative to the body's.
    arm_slope
        Of the arms: they are at x = slope z and x = -slope z.
    """

    angle: float
    body: Ellipsoid
    arms: Ellipsoid | None = None
    arm_share: float = 0.0
    arm_slope: float = 0.0

    def shape(self, places: Places) -> np.ndarray:
        """Return the density relative to the body's at the centre."""
        found = self._of(self.body, 0.0, places)
        if self.arms is not None:
            found += self.arm_share * self._of(self.arms, self.arm_slope, places)
        return found

    def _of(self, part: Ellipsoid, slope: float, places: Places) -> np.ndarray:
        found = np.zeros(len(places))
        rows = np.flatnonzero(part.reaches(places))
        x, y = self.in_bar(places.x[rows], places.y[rows])
        z = places.z[rows]
        alternatives = [x]
        if part is self.arms:
            alternatives = [x - slope * z, x + slope * z]
        found[rows] = part.shape(alternatives, y, z) * part.end(places.radius[rows])
        return found

    def in_bar(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates along and across the bar, its near end at positive x.

        The same function leads back: X is away from the Sun and the bar's x towards it.

        Parameters
        ----------
        x, y
            Galactocentric [pc].
        """
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return y * sin - x * cos, x * sin + y * cos


__all__ = ["PROFILES", "Bar", "Ellipsoid"]
