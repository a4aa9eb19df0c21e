"""Galactic coordinates, and windows in them, also as expressions of the database."""

import math

import numpy as np
from numpy.typing import NDArray

from reseau._windows import Window

POLE = (192.85948, 27.12825)
"""North galactic pole, right ascension and declination [deg]."""
NODE = 122.93192
"""Galactic longitude of the north celestial pole [deg]."""


def inside_sql(window: Window, ra: str, dec: str) -> str:
    """Return the condition of SQL that a position is in a window, limits included.

    Parameters
    ----------
    window
        In galactic coordinates.
    ra, dec
        Expressions, ICRS [deg].
    """
    middle, half = (window.l_min + window.l_max) / 2, (window.l_max - window.l_min) / 2
    longitude, latitude = galactic_sql(ra, dec)
    away = f"abs(({longitude} - {middle!r} + 900.0) % 360.0 - 180.0)"
    return (
        f"({latitude} BETWEEN {window.b_min!r} AND {window.b_max!r} "
        f"AND {away} <= {half + 1e-12!r})"
    )


def galactic_sql(ra: str, dec: str) -> tuple[str, str]:
    """Return expressions of galactic longitude, in [0, 360), and latitude [deg].

    Parameters
    ----------
    ra, dec
        Expressions, ICRS [deg].
    """
    pole_ra, pole_dec = POLE
    angle = math.radians(pole_dec)
    sine, cosine = math.sin(angle), math.cos(angle)
    d, a = f"radians({dec})", f"radians({ra} - {pole_ra!r})"
    up = f"(sin({d}) * {sine!r} + cos({d}) * {cosine!r} * cos({a}))"
    along = f"(sin({d}) * {cosine!r} - cos({d}) * {sine!r} * cos({a}))"
    turn = f"degrees(atan2(cos({d}) * sin({a}), {along}))"
    longitude = f"(({NODE!r} - {turn} + 720.0) % 360.0)"
    return longitude, f"degrees(asin(greatest(least({up}, 1.0), -1.0)))"


def galactic(ra: NDArray, dec: NDArray) -> tuple[NDArray, NDArray]:
    """Return galactic longitude, in [0, 360), and latitude [deg].

    Parameters
    ----------
    ra, dec
        ICRS [deg].

    Notes
    -----
    The pole and the node of the Hipparcos catalogue (ESA 1997, vol. 1, section 1.5.3),
    which Gaia uses; astropy's go by FK5 and differ by up to 0.03 arcsec.
    """
    pole_ra, pole_dec = np.radians(POLE)
    a, d = np.radians(ra) - pole_ra, np.radians(dec)
    up = np.sin(d) * np.sin(pole_dec) + np.cos(d) * np.cos(pole_dec) * np.cos(a)
    along = np.sin(d) * np.cos(pole_dec) - np.cos(d) * np.sin(pole_dec) * np.cos(a)
    angle = np.degrees(np.arctan2(np.cos(d) * np.sin(a), along))
    return (NODE - angle) % 360.0, np.degrees(np.arcsin(np.clip(up, -1, 1)))


__all__ = ["galactic", "galactic_sql", "inside_sql"]
