"""Windows of the sky in galactic coordinates, also as conditions of the database."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reseau.errors import ConfigError, explain

POLE = (192.85948, 27.12825)
"""North galactic pole, right ascension and declination [deg]."""
NODE = 122.93192
"""Galactic longitude of the north celestial pole [deg]."""


@dataclass(frozen=True)
class Window:
    """A box in galactic longitude and latitude, its edges included [deg].

    Attributes
    ----------
    low, high
        Longitudes; `low` may be negative, and `high` is greater.
    south, north
        Latitudes.
    """

    low: float
    high: float
    south: float
    north: float

    def condition(self, ra: str, dec: str) -> str:
        """Return the condition of SQL that a position is inside.

        Parameters
        ----------
        ra, dec
            Expressions [deg].
        """
        middle = (self.low + self.high) / 2
        half = (self.high - self.low) / 2
        longitude, latitude = galactic_sql(ra, dec)
        away = f"abs(({longitude} - {middle!r} + 900.0) % 360.0 - 180.0)"
        return (
            f"({latitude} BETWEEN {self.south!r} AND {self.north!r} "
            f"AND {away} <= {half + 1e-12!r})"
        )


JASMINE = Window(-1.4, 0.7, -0.6, 0.6)
"""Where JASMINE surveys the Galactic centre, as its merged catalogue has it."""


def parse_window(given: "str | Window | None") -> Window | None:
    """Return a window by name, "jasmine", or of "l,b,dl,db" [deg].

    Parameters
    ----------
    given
        Centre and full widths, with commas between; None: no window.

    Raises
    ------
    ConfigError
        It is neither.
    """
    if given is None or isinstance(given, Window):
        return given
    if given.strip().lower() == "jasmine":
        return JASMINE
    try:
        longitude, latitude, wide, high = (float(part) for part in given.split(","))
    except ValueError:
        raise _wrong(given) from None
    good = np.isfinite([longitude, latitude, wide, high]).all()
    if not (good and 0 < wide <= 360 and high > 0 and abs(latitude) <= 90):
        raise _wrong(given)
    west = longitude - wide / 2
    return Window(west, west + wide, latitude - high / 2, latitude + high / 2)


def _wrong(given: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"the window {given!r}",
            wanted="jasmine, or l,b,dl,db: centre and full widths in degrees",
            where="--window",
            todo="correct it, as in 0.3,0.0,0.1,0.1",
        )
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


__all__ = ["JASMINE", "Window", "galactic", "galactic_sql", "parse_window"]
