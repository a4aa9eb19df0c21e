"""Velocity moments of the nuclear disc and cluster from tables in radius and height."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .moments import Cylinder, CylindricalMoments

Numbers = Float[np.ndarray, "n"]
Table = Float[np.ndarray, "radius height"]

GRAVITATION = 4.300917270e-3
"""Newton's constant [pc km² / (s² Msun)] (CODATA 2018, IAU 2015 nominal solar mass)."""


@dataclass(frozen=True)
class NuclearTable:
    """Moments of an axisymmetric component on a grid of radius and height.

    Attributes
    ----------
    source
        Where the table is from.
    radius, height
        Knots, increasing; the first height is 0 [pc].
    rotation
        Mean azimuthal velocity, (radius, height) [km/s].
    sigma_r, sigma_phi, sigma_z
        Dispersions [km/s].
    correlation
        Of the velocities outwards and upwards, above the plane; below it, it has the
        other sign.
    """

    source: str
    radius: Float[np.ndarray, "radius"]
    height: Float[np.ndarray, "height"]
    rotation: Table
    sigma_r: Table
    sigma_phi: Table
    sigma_z: Table
    correlation: Table

    def moments(self, place: Cylinder) -> CylindricalMoments:
        """Return moments at places, linear between knots (dispersions: their logarithm).

        Beyond the last knots they are as there.

        Parameters
        ----------
        place
            Where.
        """
        i, out = _cells(self.radius, place.radius)
        k, up = _cells(self.height, np.abs(place.height))
        corner = i * len(self.height) + k

        def at(table: Table) -> Numbers:
            flat = table.reshape(-1)
            low = flat.take(corner) * (1.0 - up) + flat.take(corner + 1) * up
            next_ = corner + len(self.height)
            high = flat.take(next_) * (1.0 - up) + flat.take(next_ + 1) * up
            return low * (1.0 - out) + high * out

        return CylindricalMoments(
            rotation=at(self.rotation),
            sigma_r=np.exp(at(np.log(self.sigma_r))),
            sigma_phi=np.exp(at(np.log(self.sigma_phi))),
            sigma_z=np.exp(at(np.log(self.sigma_z))),
            correlation=np.sign(place.height) * at(self.correlation),
        )


def _cells(knots: Numbers, values: Numbers) -> tuple[np.ndarray, Numbers]:
    """Return which cell values are in, and how far through it they are (0 to 1)."""
    cell = np.searchsorted(knots, values, side="right") - 1
    cell = np.clip(cell, 0, len(knots) - 2)
    part = (values - knots[cell]) / (knots[cell + 1] - knots[cell])
    return cell, np.clip(part, 0.0, 1.0)


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


__all__ = ["GRAVITATION", "NuclearTable", "draw_cylindrical"]
