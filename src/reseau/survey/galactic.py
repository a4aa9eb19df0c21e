"""Between Galactic and equatorial axes, and the place that the mini survey looks at.

The rotation is ERFA's (`erfa.icrs2g`), after the Hipparcos Catalogue, vol. 1, 1.5.3.
"""

import erfa
import numpy as np

from reseau.constants import DEGREE

CENTRE = (-0.3 * DEGREE, 0.1 * DEGREE)
"""Galactic longitude and latitude of the mini survey [rad]."""


def equatorial(
    longitude: np.ndarray, latitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascension and declination [rad] of Galactic coordinates [rad]."""
    return erfa.g2icrs(longitude, latitude)


def galactic(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Galactic longitude in [-π, π) and latitude [rad] of ra and dec [rad]."""
    longitude, latitude = erfa.icrs2g(ra, dec)
    return (longitude + np.pi) % (2.0 * np.pi) - np.pi, latitude


def equatorial_motion(
    longitude: np.ndarray,
    latitude: np.ndarray,
    *,
    along: np.ndarray,
    across: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Turn proper motions from Galactic to equatorial axes.

    Parameters
    ----------
    longitude, latitude
        Galactic coordinates [rad].
    along, across
        Proper motions in longitude times cos latitude and in latitude, any unit.

    Returns
    -------
    In right ascension times cos dec and in declination, the same unit.
    """
    angle = north_angle(longitude, latitude)
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * along + sin * across, cos * across - sin * along


def north_angle(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Return the position angle of Galactic North, from North through East [rad].

    Parameters
    ----------
    longitude, latitude
        Galactic coordinates [rad].
    """
    ra, dec = equatorial(longitude, latitude)
    pole_ra, pole_dec = erfa.g2icrs(0.0, 0.5 * np.pi)
    return np.arctan2(
        np.cos(pole_dec) * np.sin(pole_ra - ra),
        np.cos(dec) * np.sin(pole_dec)
        - np.sin(dec) * np.cos(pole_dec) * np.cos(pole_ra - ra),
    )


__all__ = ["CENTRE", "equatorial", "equatorial_motion", "galactic", "north_angle"]
