"""When a region may be observed: the Sun's angle, seasons, the half of each orbit."""

import numpy as np
from jaxtyping import Float

from reseau.observers import (
    BODIES,
    geocentre,
    open_ephemeris,
    orbit_altitude,
    orbit_directions,
)

from .pointings import MINUTES_PER_YEAR
from .schedule_config import OrbitConfig

OBLIQUITY = 0.40909280422232897
"""Of the ecliptic at J2000, 84381.406″ (IAU 2006) [rad]."""

EARTH_RADIUS = BODIES["earth"].radius
"""Equatorial [km]."""

Target = Float[np.ndarray, "3"]


def sun_angles(
    epoch: Float[np.ndarray, "m"], target: Target, *, ephemeris: str = "builtin"
) -> Float[np.ndarray, "m"]:
    """Return the angle between the Sun and a target, from the geocentre [rad].

    Parameters
    ----------
    epoch
        Julian years, TCB.
    target
        Unit vector, ICRS.
    ephemeris
        Where Earth and Sun are.
    """
    sun = sun_directions(epoch, ephemeris=ephemeris)
    across = np.linalg.norm(np.cross(sun, target), axis=-1)
    return np.arctan2(across, sun @ target)


def sun_directions(
    epoch: Float[np.ndarray, "m"], *, ephemeris: str = "builtin"
) -> Float[np.ndarray, "m 3"]:
    """Return unit vectors from the geocentre to the Sun, ICRS, without aberration."""
    earth = geocentre(epoch, ephemeris=ephemeris).position
    to_sun = open_ephemeris(ephemeris).barycentric("sun", epoch)[0] - earth
    return to_sun / np.linalg.norm(to_sun, axis=-1, keepdims=True)


def sun_longitudes(
    epoch: Float[np.ndarray, "m"], target: Target, *, ephemeris: str = "builtin"
) -> Float[np.ndarray, "m"]:
    """Return the Sun's ecliptic longitude from that of a target [rad]."""
    sun = _ecliptic(sun_directions(epoch, ephemeris=ephemeris))
    there = _ecliptic(target)
    return np.arctan2(sun[:, 1], sun[:, 0]) - np.arctan2(there[1], there[0])


def _ecliptic(direction: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(OBLIQUITY), np.sin(OBLIQUITY)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, cos, sin], [0.0, -sin, cos]])
    return direction @ turn.T


def middle_of_orbit(
    start: Float[np.ndarray, "m"],
    target: Target,
    *,
    period: float,
    node_time: float,
    phase: float,
) -> Float[np.ndarray, "m"]:
    """Return when, next after a start, the Earth is farthest from the line of sight.

    There the satellite is between the Earth and the target, as far as its orbit goes.

    Parameters
    ----------
    start
        Julian years, TCB, rising by a period or a multiple. Successive starts have
        successive middles: since the orbit's plane turns, later ones may lie outside
        of the period that follows their start, by a period a year at most.
    target
        Unit vector, ICRS.
    period, node_time, phase
        Of the orbit [min], [h], [deg], as of `circular_orbit`.
    """
    places = []
    for quarter in (0.0, 0.25):
        epoch = start + quarter * period / MINUTES_PER_YEAR
        up = orbit_directions(epoch, period=period, node_time=node_time, phase=phase)
        places.append(up @ target)
    # Without jumps: one of a turn would skip an orbit, or observe one twice.
    angle = np.unwrap(np.arctan2(places[1], places[0]))
    angle -= 2.0 * np.pi * np.floor(angle[:1] / (2.0 * np.pi))
    return start + angle / (2.0 * np.pi) * period / MINUTES_PER_YEAR


def earth_limb_angles(
    epoch: Float[np.ndarray, "m"], axis: Float[np.ndarray, "m 3"], orbit: OrbitConfig
) -> Float[np.ndarray, "m"]:
    """Return the angle from a satellite's line of sight to the Earth's limb [rad].

    Negative where the Earth, taken as a sphere without air, is in the way.

    Parameters
    ----------
    epoch
        Julian years, TCB.
    axis
        Lines of sight, unit vectors, ICRS.
    orbit
        The satellite's.
    """
    up = orbit_directions(
        epoch, period=orbit.period, node_time=orbit.node_time, phase=orbit.phase
    )
    across = np.linalg.norm(np.cross(up, axis), axis=-1)
    from_nadir = np.arctan2(across, -np.sum(up * axis, axis=-1))
    radius = EARTH_RADIUS + orbit_altitude(orbit.period)
    return from_nadir - np.arcsin(EARTH_RADIUS / radius)


__all__ = [
    "earth_limb_angles",
    "middle_of_orbit",
    "sun_angles",
    "sun_directions",
    "sun_longitudes",
]
