"""Mean velocity and covariance, and the turn from cylindrical to Cartesian axes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n 3"]
Tensors = Float[np.ndarray, "n 3 3"]


@dataclass(frozen=True)
class Moments:
    """First and second moments of a velocity distribution at n places.

    Attributes
    ----------
    mean
        Mean velocity [km/s], galactocentric Cartesian axes, (n, 3).
    covariance
        About the mean [km²/s²], (n, 3, 3).
    """

    mean: Vectors
    covariance: Tensors

    @property
    def dispersion(self) -> Vectors:
        """Standard deviations along the axes [km/s], (n, 3)."""
        return np.sqrt(np.einsum("nii->ni", self.covariance))


@dataclass(frozen=True)
class CylindricalMoments:
    """Moments of an axisymmetric component in cylindrical axes.

    Attributes
    ----------
    rotation
        Mean azimuthal velocity, positive in the sense of the Galaxy's rotation [km/s].
    sigma_r, sigma_phi, sigma_z
        Dispersions outwards, in azimuth and upwards [km/s].
    correlation
        Of the velocities outwards and upwards.
    """

    rotation: Numbers
    sigma_r: Numbers
    sigma_phi: Numbers
    sigma_z: Numbers
    correlation: Numbers


@dataclass(frozen=True)
class Cylinder:
    """Cylindrical coordinates of places, with the directions of their axes.

    The azimuth grows in the sense of the Galaxy's rotation, which is clockwise seen
    from the North: at the Sun (X < 0) it points to +Y, towards l = 90 deg.

    Attributes
    ----------
    radius
        Distance from the axis [pc].
    height
        Z [pc].
    outwards
        X / radius and Y / radius, (n, 2); (1, 0) on the axis itself.
    """

    radius: Numbers
    height: Numbers
    outwards: Float[np.ndarray, "n 2"]

    @classmethod
    def of(cls, position: Vectors) -> "Cylinder":
        """Return the cylindrical coordinates of galactocentric positions [pc]."""
        radius = np.hypot(position[:, 0], position[:, 1])
        on_axis = radius == 0.0
        safe = np.where(on_axis, 1.0, radius)
        outwards = position[:, :2] / safe[:, None]
        outwards[on_axis] = (1.0, 0.0)
        return cls(radius, position[:, 2], outwards)

    def cartesian(
        self, radial: Numbers, azimuthal: Numbers, vertical: Numbers
    ) -> Vectors:
        """Return Cartesian components of vectors given in cylindrical axes.

        Parameters
        ----------
        radial, azimuthal, vertical
            Outwards, in the sense of rotation, upwards; any unit.
        """
        cos, sin = self.outwards[:, 0], self.outwards[:, 1]
        out = np.empty((len(radial), 3))
        out[:, 0] = radial * cos + azimuthal * sin
        out[:, 1] = radial * sin - azimuthal * cos
        out[:, 2] = vertical
        return out

    def moments(self, local: CylindricalMoments) -> Moments:
        """Return moments in Cartesian axes.

        Parameters
        ----------
        local
            In cylindrical axes, at the same places.
        """
        zero = np.zeros_like(self.radius)
        mean = self.cartesian(zero, local.rotation, zero)
        radial = self.cartesian(zero + 1.0, zero, zero)
        azimuthal = self.cartesian(zero, zero + 1.0, zero)
        up = self.cartesian(zero, zero, zero + 1.0)
        tilt = local.correlation * local.sigma_r * local.sigma_z
        covariance = (
            _outer(radial, radial, local.sigma_r**2)
            + _outer(azimuthal, azimuthal, local.sigma_phi**2)
            + _outer(up, up, local.sigma_z**2)
            + _outer(radial, up, tilt)
            + _outer(up, radial, tilt)
        )
        return Moments(mean, covariance)


def _outer(left: Vectors, right: Vectors, weight: Numbers) -> Tensors:
    return np.einsum("ni,nj,n->nij", left, right, weight)


__all__ = ["Cylinder", "CylindricalMoments", "Moments"]
