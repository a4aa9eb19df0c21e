"""Velocities of a model: means and dispersions against radius, the bar's field."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.galaxy.kinematics import Kinematics, Moments

AZIMUTHS = 24
"""Places on each circle, over which moments are averaged."""


@dataclass(frozen=True, eq=False)
class VelocityCurves:
    """Velocities of a component in the plane, means over circles.

    Attributes
    ----------
    radius
        Of the circles [pc].
    rotation
        Mean azimuthal velocity, positive in the sense of the Galaxy's rotation [km/s].
    sigma_r, sigma_phi, sigma_z
        Dispersions outwards, in azimuth and upwards: roots of the mean variances about
        the mean velocity of the place [km/s].
    """

    radius: Float[np.ndarray, "n"]
    rotation: Float[np.ndarray, "n"]
    sigma_r: Float[np.ndarray, "n"]
    sigma_phi: Float[np.ndarray, "n"]
    sigma_z: Float[np.ndarray, "n"]


def velocity_curves(
    kinematics: Kinematics, component: str, radius: Float[np.ndarray, "n"]
) -> VelocityCurves:
    """Return a component's mean rotation and dispersions against radius.

    Parameters
    ----------
    kinematics
        Of the Galaxy.
    component
        Its name.
    radius
        In the plane [pc], above 0.
    """
    angle = 2.0 * np.pi * (np.arange(AZIMUTHS) + 0.5) / AZIMUTHS
    cos, sin = np.tile(np.cos(angle), len(radius)), np.tile(np.sin(angle), len(radius))
    far = np.repeat(radius, AZIMUTHS)
    outwards = np.stack([cos, sin, 0.0 * cos], axis=1)
    # Clockwise seen from the North, as the Galaxy rotates.
    onwards = np.stack([sin, -cos, 0.0 * cos], axis=1)
    up = np.broadcast_to([0.0, 0.0, 1.0], outwards.shape)
    found = kinematics.moments(component, far[:, None] * outwards)
    mean = np.einsum("ni,ni->n", found.mean, onwards)

    def spread(axis: np.ndarray) -> np.ndarray:
        variance = np.einsum("ni,nij,nj->n", axis, found.covariance, axis)
        return np.sqrt(_on_circles(variance))

    return VelocityCurves(
        radius, _on_circles(mean), spread(outwards), spread(onwards), spread(up)
    )


def _on_circles(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, AZIMUTHS).mean(axis=1)


def vertex_deviation(moments: Moments) -> Float[np.ndarray, "n"]:
    """Return the angle of the velocity ellipsoid's long axis in the plane [deg].

    Parameters
    ----------
    moments
        Galactocentric, as `Kinematics.moments` returns them.

    Returns
    -------
    From X, which is the line of sight towards the centre, to Y, which is l = 90 deg,
    in (-90, 90]: tan 2θ = 2 C_XY / (C_XX - C_YY).
    """
    c = moments.covariance
    return np.rad2deg(0.5 * np.arctan2(2.0 * c[:, 0, 1], c[:, 0, 0] - c[:, 1, 1]))


def plane_grid(half: float, cells: int) -> Float[np.ndarray, "n 3"]:
    """Return the middles of cells of a square in the plane about the centre [pc].

    Parameters
    ----------
    half
        Half the side [pc].
    cells
        Along a side; X varies slowest.
    """
    middle = half * ((2.0 * np.arange(cells) + 1.0) / cells - 1.0)
    x, y = (a.ravel() for a in np.meshgrid(middle, middle, indexing="ij"))
    return np.stack([x, y, 0.0 * x], axis=1)


__all__ = ["VelocityCurves", "plane_grid", "velocity_curves", "vertex_deviation"]
