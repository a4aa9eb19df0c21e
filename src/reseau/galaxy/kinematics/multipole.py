"""Gravity of an axisymmetric density, by multipoles."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.special import eval_legendre

from .nuclear import GRAVITATION

Array = Float[np.ndarray, "*#batch"]
Density = Callable[[Array, Array], Array]
"""Density [Msun / pc³] of radius and height [pc], symmetric about the plane."""


@runtime_checkable
class HasPotential(Protocol):
    """An axisymmetric potential, symmetric about the plane."""

    def potential(self, radius: Array, height: Array) -> Array:
        """Return the potential [km²/s²], 0 far away."""


@runtime_checkable
class HasGradient(Protocol):
    """An axisymmetric potential by its derivatives."""

    def gradient(self, radius: Array, height: Array) -> tuple[Array, Array]:
        """Return the derivatives by radius and height [km²/s²/pc]."""


HIGHEST_ORDER = 32
ANGLES = 128
"""Nodes of the integral over the angle from the plane, from 0 to 90 deg."""
GAUSS = 6
"""Nodes of the integral between two radii."""
RADII = np.geomspace(1e-4, 1e4, 600)
"""Radii that the multipoles are integrated over [pc]; there is no mass beyond."""


@dataclass(frozen=True)
class Multipole:
    """Potential of an axisymmetric density that is symmetric about the plane.

    Attributes
    ----------
    density
        Of radius and height.
    point_mass
        At the centre [Msun].

    Notes
    -----
    Binney & Tremaine (2008), eq. 2.95, even orders up to 32. The radial integrals are
    those of cubic splines of the multipoles in the logarithm of the radius. Inside the
    first radius the density is taken as constant, which matters nowhere.
    """

    density: Density
    point_mass: float = 0.0

    @cached_property
    def orders(self) -> np.ndarray:
        """Orders of the expansion, (m,)."""
        return np.arange(0, HIGHEST_ORDER + 1, 2)

    @cached_property
    def _radial(self) -> CubicSpline:
        """Potential of each order as a function of ln r, in units of G."""
        node, weight = np.polynomial.legendre.leggauss(ANGLES)
        node, weight = 0.5 * (node + 1.0), 0.5 * weight  # sine of the latitude
        height = RADII[:, None] * node
        density = self.density(RADII[:, None] * np.sqrt(1.0 - node**2), height)
        legendre = eval_legendre(self.orders[:, None], node)
        moment = (density * weight) @ legendre.T * (2 * self.orders + 1)
        return CubicSpline(np.log(RADII), _integrals(moment, self.orders), axis=0)

    def potential(self, radius: Array, height: Array) -> Array:
        """Return the potential [km²/s²], 0 far away."""
        r, mu = _spherical(radius, height)
        radial = self._radial(np.log(r))
        total = np.zeros_like(r)
        for k, order in enumerate(self.orders.tolist()):
            total += radial[..., k] * eval_legendre(order, mu)
        return GRAVITATION * (total - self.point_mass / r)

    def gradient(self, radius: Array, height: Array) -> tuple[Array, Array]:
        """Return the derivatives of the potential by radius and height [km²/s²/pc]."""
        r, mu = _spherical(radius, height)
        radial, slope = self._radial(np.log(r)), self._radial(np.log(r), 1)
        by_r, by_mu = np.zeros_like(r), np.zeros_like(r)
        for k, order in enumerate(self.orders.tolist()):
            by_r += slope[..., k] * eval_legendre(order, mu)
            by_mu += radial[..., k] * _legendre_slope(order, mu)
        by_r = (by_r + self.point_mass / r) / r
        by_mu /= r
        cos = np.sqrt(1.0 - mu**2)
        outwards = cos * by_r - mu * cos * by_mu
        upwards = mu * by_r + cos**2 * by_mu
        return GRAVITATION * outwards, GRAVITATION * upwards


def _spherical(radius: Array, height: Array) -> tuple[Array, Array]:
    r = np.maximum(np.hypot(radius, height), RADII[0])
    return r, np.clip(height / r, -1.0, 1.0)


def _legendre_slope(order: int, mu: Array) -> Array:
    """Return the derivative of a Legendre polynomial; at the poles its limit."""
    below = eval_legendre(max(order - 1, 0), mu)
    here = eval_legendre(order, mu)
    flat = np.maximum(1.0 - mu**2, 1e-12)
    inside = order * (below - mu * here) / flat
    pole = 0.5 * order * (order + 1) * np.sign(mu) ** (order + 1)
    return np.where(1.0 - mu**2 < 1e-10, pole, inside)


def _integrals(moment: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return the potential of each order at `RADII`, (radius, order).

    From one radius to the next, so that powers of radii far apart never meet.
    """
    step = np.log(RADII[1] / RADII[0])
    node, weight = np.polynomial.legendre.leggauss(GAUSS)
    part, weight = 0.5 * (node + 1.0), 0.5 * weight * step
    spline = CubicSpline(np.log(RADII), moment, axis=0)
    between = np.log(RADII[:-1, None]) + step * part
    squared = np.exp(2.0 * between)[..., None] * spline(between)
    rising = np.exp(-step * np.multiply.outer(1.0 - part, orders + 1))
    falling = np.exp(-step * np.multiply.outer(part, orders))
    inner = np.einsum("q,iqm,qm->im", weight, squared, rising)
    outer = np.einsum("q,iqm,qm->im", weight, squared, falling)
    inside, outside = np.zeros_like(moment), np.zeros_like(moment)
    inside[0] = moment[0] * RADII[0] ** 2 / (orders + 3)
    for i in range(len(RADII) - 1):
        inside[i + 1] = inside[i] * np.exp(-step * (orders + 1)) + inner[i]
    for i in reversed(range(len(RADII) - 1)):
        outside[i] = outside[i + 1] * np.exp(-step * orders) + outer[i]
    return -4.0 * np.pi / (2 * orders + 1) * (inside + outside)


__all__ = ["Density", "HasGradient", "HasPotential", "Multipole"]
