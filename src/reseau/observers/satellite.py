"""A satellite on a circular, sun-synchronous orbit, as JASMINE's.

The oblate Earth turns the plane of an inclined orbit; at the right inclination it
keeps pace with the mean Sun. With its ascending node at six or eighteen hours of local
mean time the orbit follows the boundary of day and night. The Earth's axis of the ICRS
is taken: precession since J2000 (0.4° by 2031) tilts a simulated orbit, no more.
"""

import math

import astropy.units as u
import numpy as np
from jaxtyping import Float

from reseau.constants import ASTRONOMICAL_UNIT, DEGREE, SPEED_OF_LIGHT
from reseau.errors import ConfigError, explain

from .ephemeris import Ephemeris
from .epochs import AnyEpochs, tcb_years
from .geocentre import geocentre
from .given import plain_number
from .states import Observer
from .times import DAYS_PER_YEAR

# IERS Conventions 2010 (IERS TN 36), table 1.1.
GRAVITATIONAL_PARAMETER = 398_600.4418  # km³/s²
EARTH_RADIUS = 6_378.1366  # km, equatorial
DYNAMICAL_FORM_FACTOR = 1.0826359e-3  # J2

# Mean longitude of the Sun: Astronomical Almanac, low-precision formulae (section C).
SUN_AT_J2000 = 280.460 * DEGREE
SUN_PER_DAY = 0.9856474 * DEGREE

MINUTE = 60.0
DAY = 86_400.0


def circular_orbit(
    epoch: AnyEpochs,
    *,
    period: float = 100.0,
    phase: float = 0.0,
    node_time: float = 18.0,
    ephemeris: str | Ephemeris = "builtin",
) -> Observer:
    """Return the states of a satellite on a circular sun-synchronous orbit.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`. From 1900 to 2100 with the
        embedded series.
    period
        Time of one revolution [min]; 100 is an altitude of 758 km.
    phase
        Argument of latitude at J2000 [deg], as in `Orbit`.
    node_time
        Local mean solar time of the ascending node [h]; 6 and 18 are the boundary of
        day and night.
    ephemeris
        Of the Earth: "builtin" or "de440".

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or outside of the ephemeris.
    ConfigError
        No such orbit is sun-synchronous, or a number is not finite.
    """
    phase = plain_number(phase, u.deg, name="phase")
    node_time = plain_number(node_time, u.h, name="node_time")
    period = plain_number(period, u.min, name="period")
    epoch = tcb_years(epoch)
    earth = geocentre(epoch, ephemeris=ephemeris)
    along, onward = _orbit_vectors(epoch, period, phase, node_time)
    radius, spin = _radius(period), 2.0 * math.pi / (period * MINUTE)
    # The plane itself turns, which adds 1.4 m/s to the speed: 1 mas of aberration.
    turning = np.cross([0.0, 0.0, SUN_PER_DAY / DAY], along)
    speed = radius / SPEED_OF_LIGHT
    return Observer(
        position=earth.position + along * (radius / ASTRONOMICAL_UNIT),
        velocity=earth.velocity + (onward * spin + turning) * speed,
    )


def orbit_directions(
    epoch: AnyEpochs, *, period: float, phase: float, node_time: float
) -> Float[np.ndarray, "n 3"]:
    """Return unit vectors from the Earth's centre to a satellite, ICRS.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.
    period, phase, node_time
        Of the orbit [min], [deg], [h], as of `circular_orbit`.

    Raises
    ------
    ConfigError
        No such orbit is sun-synchronous, or a number is not finite.
    """
    return _orbit_vectors(tcb_years(epoch), period, phase, node_time)[0]


def orbit_altitude(period: float) -> float:
    """Return the height of a circular orbit above the equator [km].

    Parameters
    ----------
    period
        Time of one revolution [min].
    """
    return _radius(plain_number(period, u.min, name="period")) - EARTH_RADIUS


def orbit_inclination(period: float) -> float:
    """Return the inclination at which a circular orbit is sun-synchronous [deg].

    Parameters
    ----------
    period
        Time of one revolution [min].

    Raises
    ------
    ConfigError
        The orbit lies inside the Earth, or so high that no inclination serves.

    Notes
    -----
    The node moves by ``-1.5 J₂ n (R/a)² cos i`` on a circular orbit.
    """
    period = plain_number(period, u.min, name="period")
    radius = _radius(period)
    rate = 2.0 * math.pi / (period * MINUTE)
    oblateness = 1.5 * DYNAMICAL_FORM_FACTOR * rate * (EARTH_RADIUS / radius) ** 2
    cosine = -(SUN_PER_DAY / DAY) / oblateness
    if radius <= EARTH_RADIUS or cosine < -1.0:
        raise ConfigError(
            explain(
                given=f"a period of {period} min, {radius - EARTH_RADIUS:.0f} km up",
                wanted="a circular sun-synchronous orbit: 85 to 225 min, about",
                where="the satellite's orbit",
                todo="choose a period near 100 min",
            )
        )
    return math.acos(cosine) / DEGREE


def _radius(period: float) -> float:
    """Return the radius [km] of Kepler's circle."""
    if not 0.0 < period < math.inf:
        raise ConfigError(
            explain(
                given=f"a period of {period} min",
                wanted="a positive number, and finite",
                where="the satellite's orbit",
                todo="choose a period near 100 min",
            )
        )
    rate = 2.0 * math.pi / (period * MINUTE)
    return (GRAVITATIONAL_PARAMETER / rate**2) ** (1.0 / 3.0)


def _check_finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise ConfigError(
                explain(
                    given=f"{name} = {value}",
                    wanted="a finite number: the phase in degrees, the node_time in "
                    "hours",
                    where="the satellite's orbit",
                    todo="leave it out, or correct it",
                )
            )


def _orbit_vectors(
    epoch: np.ndarray, period: float, phase: float, node_time: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors to the satellite and along its motion, a row each."""
    _check_finite(phase=phase, node_time=node_time)
    days = (epoch - 2000.0) * DAYS_PER_YEAR
    node = SUN_AT_J2000 + SUN_PER_DAY * days + (node_time - 12.0) * 15.0 * DEGREE
    inclination = orbit_inclination(period) * DEGREE
    latitude = phase * DEGREE + 2.0 * math.pi * days * (DAY / MINUTE / period)
    cos_i, sin_i = math.cos(inclination), math.sin(inclination)
    cos_n, sin_n = np.cos(node), np.sin(node)
    ascending = np.stack([cos_n, sin_n, np.zeros_like(node)], axis=-1)
    ahead = np.stack([-sin_n * cos_i, cos_n * cos_i, np.full_like(node, sin_i)], -1)
    cos_u, sin_u = np.cos(latitude)[:, None], np.sin(latitude)[:, None]
    return cos_u * ascending + sin_u * ahead, cos_u * ahead - sin_u * ascending


__all__ = ["circular_orbit", "orbit_altitude", "orbit_directions", "orbit_inclination"]
