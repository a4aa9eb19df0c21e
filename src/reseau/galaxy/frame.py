"""Between the sky and galactocentric axes about Sgr A*, and the Sun in them.

Galactocentric axes are right-handed: X from the Sun towards the centre (the Sun at
X < 0), Y towards Galactic rotation, Z towards the north pole, with the origin at
Sgr A*. They are those of astropy's `Galactocentric` with ``galcen_coord`` at Sgr A* and
no extra roll: ICRS axes are turned until X points at Sgr A*, moved by R0, and tilted by
asin(z_sun / R0), so that the Sun is `z_sun` above the plane.

Galactic longitude and latitude are ERFA's (`erfa.icrs2g`, after the Hipparcos
Catalogue, vol. 1, 1.5.3); astropy's `Galactic` differs from them by 20 mas or so.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import erfa
import numpy as np
from jaxtyping import Float

from reseau.constants import AU_PER_YEAR, DEGREE
from reseau.errors import ConfigError, ShapeError, explain

ROLL = 58.5986320306 * DEGREE
"""Roll about X that puts Z near the north Galactic pole: astropy's `roll0`."""

PC_PER_KPC = 1000.0

Numbers = np.ndarray | float
Vectors = Float[np.ndarray, "*batch 3"]


@dataclass(frozen=True)
class GalacticFrame:
    """Where the Sun and the Galaxy's centre are, and how the Sun moves.

    Attributes
    ----------
    r0
        Distance from the Sun to Sgr A* [pc].
    z_sun
        Height of the Sun above the plane through Sgr A* [pc].
    sun_velocity
        Total velocity of the Sun towards the centre, rotation and the north pole, along
        X, Y and Z [km/s].
    centre
        Galactic longitude and latitude of Sgr A* [deg].
    """

    r0: float
    z_sun: float
    sun_velocity: tuple[float, float, float]
    centre: tuple[float, float]

    def __post_init__(self) -> None:
        values = (self.r0, self.z_sun, *self.sun_velocity, *self.centre)
        if not all(math.isfinite(v) for v in values) or not self.r0 > abs(self.z_sun):
            raise ConfigError(
                explain(
                    given=f"r0 = {self.r0} pc, z_sun = {self.z_sun} pc, "
                    f"sun_velocity = {self.sun_velocity}, centre = {self.centre}",
                    wanted="finite numbers, with r0 > |z_sun|",
                    where="GalacticFrame",
                    todo="correct them; K21 has r0 = 8160 pc and z_sun = 25 pc",
                )
            )

    @classmethod
    def from_centre_motion(
        cls,
        r0: float,
        z_sun: float,
        *,
        centre: tuple[float, float],
        motion: tuple[float, float],
        towards_centre: float,
    ) -> "GalacticFrame":
        """Return the frame in which Sgr A*, at rest, has the motion that is observed.

        Parameters
        ----------
        r0, z_sun, centre
            As the attributes.
        motion
            Proper motion of Sgr A* in longitude times cos latitude and in latitude
            [mas/yr]; Reid & Brunthaler 2020 (ApJ 892, 39): -6.411, -0.219.
        towards_centre
            The Sun's velocity along X [km/s], which that motion does not tell.
        """
        still = cls(r0, z_sun, (towards_centre, 0.0, 0.0), centre)
        axes = still.axes(*centre)[:2]
        observed = AU_PER_YEAR * r0 / PC_PER_KPC * np.array(motion)
        rest = -observed - axes[:, 0] * towards_centre
        rotation, north = np.linalg.solve(axes[:, 1:], rest)
        velocity = (towards_centre, float(rotation), float(north))
        return cls(r0, z_sun, velocity, centre)

    @cached_property
    def matrix(self) -> Float[np.ndarray, "3 3"]:
        """Rotation from Galactic to galactocentric axes."""
        l, b = np.deg2rad(self.centre)  # noqa: E741
        ra, dec = erfa.g2icrs(l, b)
        aligned = erfa.ry(-dec, erfa.rz(ra, np.eye(3)))
        tilted = erfa.ry(-math.asin(self.z_sun / self.r0), erfa.rx(ROLL, aligned))
        return tilted @ _galactic_axes().T

    @cached_property
    def sun(self) -> Float[np.ndarray, "3"]:
        """Galactocentric position of the Sun [pc]."""
        flat = math.sqrt(self.r0**2 - self.z_sun**2)
        return np.array([-flat, 0.0, self.z_sun])

    def galactocentric(self, l: Numbers, b: Numbers, distance: Numbers) -> Vectors:  # noqa: E741
        """Return positions about Sgr A* [pc].

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        distance
            From the Sun [pc].
        """
        towards = directions(l, b)
        away = np.asarray(distance, dtype=float)[..., None]
        return away * (towards @ self.matrix.T) + self.sun

    def heliocentric(
        self, position: Vectors
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return longitude in (-180, 180], latitude [deg] and distance [pc].

        Parameters
        ----------
        position
            About Sgr A* [pc].
        """
        x, y, z = np.moveaxis((position - self.sun) @ self.matrix, -1, 0)
        flat = np.hypot(x, y)
        l, b = np.arctan2(y, x), np.arctan2(z, flat)  # noqa: E741
        return _arrays(np.rad2deg(l), np.rad2deg(b), np.hypot(flat, z))

    def axes(self, l: Numbers, b: Numbers) -> Float[np.ndarray, "*batch 3 3"]:  # noqa: E741
        """Return galactocentric unit vectors along longitude, latitude and outwards.

        The rows turn a galactocentric velocity relative to the Sun into its parts along
        l, along b, and the radial velocity.

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        """
        return local_axes(l, b) @ self.matrix.T

    def proper_motions(
        self,
        l: Numbers,  # noqa: E741
        b: Numbers,
        distance: Numbers,
        velocity: Vectors,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is observed of galactocentric velocities from the Sun.

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        distance
            From the Sun [pc].
        velocity
            About Sgr A* [km/s].

        Returns
        -------
        Proper motions in longitude times cos latitude and in latitude [mas/yr], and
        radial velocity [km/s].
        """
        relative = (velocity - np.array(self.sun_velocity)) @ self.matrix
        parts = np.einsum("...ij,...j->...i", local_axes(l, b), relative)
        scale = AU_PER_YEAR * np.asarray(distance, dtype=float) / PC_PER_KPC
        return _arrays(parts[..., 0] / scale, parts[..., 1] / scale, parts[..., 2])

    def velocities(
        self,
        l: Numbers,  # noqa: E741
        b: Numbers,
        distance: Numbers,
        observed: Vectors,
    ) -> Vectors:
        """Return galactocentric velocities [km/s] of what is observed.

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        distance
            From the Sun [pc].
        observed
            Proper motions in longitude times cos latitude and in latitude [mas/yr], and
            radial velocity [km/s].
        """
        scale = AU_PER_YEAR * np.asarray(distance, dtype=float) / PC_PER_KPC
        parts = observed * np.stack([scale, scale, np.ones_like(scale)], axis=-1)
        relative = np.einsum("...ij,...i->...j", local_axes(l, b), parts)
        return relative @ self.matrix.T + np.array(self.sun_velocity)

    @staticmethod
    def equatorial(
        l: Numbers,  # noqa: E741
        b: Numbers,
        pml_cosb: Numbers,
        pmb: Numbers,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return ra, dec [deg] and proper motions in ra times cos dec and in dec.

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        pml_cosb, pmb
            Proper motions in longitude times cos latitude and in latitude, any unit.
        """
        ra, dec = (np.rad2deg(a) for a in erfa.g2icrs(np.deg2rad(l), np.deg2rad(b)))
        turned = local_axes(l, b)[..., :2, :] @ _galactic_axes()
        moving = np.stack(np.broadcast_arrays(pml_cosb, pmb), axis=-1)
        motion = np.einsum("...ij,...i->...j", turned, moving)
        parts = np.einsum("...ij,...j->...i", local_axes(ra, dec)[..., :2, :], motion)
        return _arrays(ra, dec, parts[..., 0], parts[..., 1])

    @staticmethod
    def galactic(ra: Numbers, dec: Numbers) -> tuple[np.ndarray, np.ndarray]:
        """Return longitude in (-180, 180] and latitude of ra and dec, all in degrees.

        Parameters
        ----------
        ra, dec
            ICRS [deg].
        """
        l, b = erfa.icrs2g(np.deg2rad(ra), np.deg2rad(dec))  # noqa: E741
        degrees = np.rad2deg(l)
        wrapped = np.where(degrees > 180.0, degrees - 360.0, degrees)
        return _arrays(wrapped, np.rad2deg(b))


def _arrays(*values: Any) -> tuple[Any, ...]:
    """Return values as arrays, those of one place too."""
    return tuple(np.asarray(v) for v in values)


def directions(l: Numbers, b: Numbers) -> Vectors:  # noqa: E741
    """Return unit vectors of longitude and latitude [deg], in their own axes."""
    along, up = np.broadcast_arrays(np.deg2rad(l), np.deg2rad(b))
    flat = np.cos(up)
    return np.stack([flat * np.cos(along), flat * np.sin(along), np.sin(up)], axis=-1)


def local_axes(l: Numbers, b: Numbers) -> Float[np.ndarray, "*batch 3 3"]:  # noqa: E741
    """Return unit vectors along longitude, along latitude, and outwards, as rows.

    Parameters
    ----------
    l, b
        Longitude and latitude [deg].
    """
    along, up = np.broadcast_arrays(np.deg2rad(l), np.deg2rad(b))
    cl, sl, cb, sb = np.cos(along), np.sin(along), np.cos(up), np.sin(up)
    rows = (-sl, cl, np.zeros_like(cl), -sb * cl, -sb * sl, cb, cb * cl, cb * sl, sb)
    return np.stack(rows, axis=-1).reshape(*cl.shape, 3, 3)


def _galactic_axes() -> Float[np.ndarray, "3 3"]:
    """Return the Galactic axes in ICRS, as rows."""
    half = 0.5 * math.pi
    return erfa.s2c(
        *erfa.g2icrs(np.array([0.0, half, 0.0]), np.array([0.0, 0.0, half]))
    )


def check_positions(position: np.ndarray) -> None:
    """Raise `ShapeError` for what are not positions in rows of three."""
    if position.ndim != 2 or position.shape[1] != 3:
        raise ShapeError(
            explain(
                given=f"positions of shape {position.shape}",
                wanted="shape (n, 3): X, Y, Z about Sgr A* [pc]",
                where="the argument position",
                todo="GalacticFrame.galactocentric(l, b, distance) makes them",
            )
        )


__all__ = ["GalacticFrame", "check_positions", "directions", "local_axes"]
