"""Velocity moments of the nuclear stellar disc from a table in radius and height."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from reseau.galaxy.nuclear_moments import DiscTable

from .moments import Cylinder, CylindricalMoments

Numbers = Float[np.ndarray, "n"]
Table = Float[np.ndarray, "x y"]

GRAVITATION = 4.300917270e-3
"""Newton's constant [pc km² / (s² Msun)] (CODATA 2018, IAU 2015 nominal solar mass)."""


@dataclass(frozen=True, eq=False)
class NuclearDiscMoments:
    """Moments of the nuclear stellar disc.

    Attributes
    ----------
    table
        On a grid of radius and height.

    Notes
    -----
    Between knots the moments are linear (of dispersions, the logarithm is); beyond the
    last ones they are as there. The correlation of v_R and v_z has the sign of z: below
    the plane the tilt is the other way.
    """

    table: DiscTable

    @cached_property
    def _stack(self) -> tuple[Table, ...]:
        t = self.table
        logarithms = (np.log(s) for s in (t.sigma_r, t.sigma_phi, t.sigma_z))
        return (t.rotation, *logarithms, t.correlation)

    def moments(self, place: Cylinder) -> CylindricalMoments:
        """Return the moments at places."""
        i, out = cells(self.table.radius, place.radius)
        k, up = cells(self.table.height, np.abs(place.height))
        found = [bilinear(table, i, k, out, up) for table in self._stack]
        return CylindricalMoments(
            rotation=found[0],
            sigma_r=np.exp(found[1]),
            sigma_phi=np.exp(found[2]),
            sigma_z=np.exp(found[3]),
            correlation=np.sign(place.height) * found[4],
        )


def cells(
    knots: Float[np.ndarray, "knots"], values: Numbers
) -> tuple[np.ndarray, Numbers]:
    """Return which cell values are in, and how far through it they are (0 to 1).

    Parameters
    ----------
    knots
        Increasing.
    values
        Those outside are at the nearest end.
    """
    cell = np.searchsorted(knots, values, side="right") - 1
    np.clip(cell, 0, len(knots) - 2, out=cell)
    part = (values - knots[cell]) / (knots[cell + 1] - knots[cell])
    return cell, np.clip(part, 0.0, 1.0)


def bilinear(
    table: Table, i: np.ndarray, k: np.ndarray, out: Numbers, up: Numbers
) -> Numbers:
    """Return a table between its knots.

    Parameters
    ----------
    table
        Values at the knots.
    i, k
        Cells along its first and its second axis.
    out, up
        How far through the cells, 0 to 1.
    """
    flat, width = table.reshape(-1), table.shape[1]
    corner = i * width + k
    low = flat.take(corner)
    low += up * (flat.take(corner + 1) - low)
    corner += width
    high = flat.take(corner)
    high += up * (flat.take(corner + 1) - high)
    low += out * (high - low)
    return low


def draw_cylindrical(
    moments: CylindricalMoments, rng: np.random.Generator
) -> Float[np.ndarray, "n 3"]:
    """Draw Gaussian velocities outwards, in azimuth and upwards [km/s].

    Parameters
    ----------
    moments
        At the places of the stars.
    rng
        Of which three numbers are taken for each star.
    """
    normal = rng.standard_normal((len(moments.rotation), 3))
    rho = moments.correlation
    normal[:, 2] = rho * normal[:, 0] + np.sqrt(1.0 - rho**2) * normal[:, 2]
    normal[:, 0] *= moments.sigma_r
    normal[:, 1] = moments.rotation + moments.sigma_phi * normal[:, 1]
    normal[:, 2] *= moments.sigma_z
    return normal


__all__ = [
    "GRAVITATION",
    "NuclearDiscMoments",
    "bilinear",
    "cells",
    "draw_cylindrical",
]
