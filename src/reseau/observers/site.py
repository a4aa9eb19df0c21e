"""A telescope on the ground: state and zenith from geodetic coordinates.

The site turns with the Earth (`rotation`), which is its diurnal velocity, at most
465 m/s or 0.32″ of aberration. Tides, plate motion and the deflection of the vertical
are left out: 0.3 m, centimetres a year, and up to a minute of arc between the vertical
of the ellipsoid and the plumb line, of which refraction alone takes notice (35 mas at
45° from the zenith for the whole field; 1 mas of it differs across half a degree).
"""

from dataclasses import dataclass

import astropy.units as u
import erfa
import numpy as np
from jaxtyping import Float

from reseau.constants import ASTRONOMICAL_UNIT, DEGREE, SPEED_OF_LIGHT
from reseau.errors import ConfigError, explain

from .ephemeris import Ephemeris
from .epochs import AnyEpochs, tcb_years
from .geocentre import geocentre
from .given import plain_number, wrong_kind
from .rotation import SPIN, earth_rotation
from .states import Observer

WGS84 = 1  # ERFA's number of the ellipsoid
LIMITS = {
    "latitude": (-90.0, 90.0, "deg"),
    "longitude": (-180.0, 360.0, "deg"),
    "height": (-500.0, 20_000.0, "m"),
}
"""What is accepted of each coordinate."""


@dataclass(frozen=True)
class Site:
    """A place on the Earth, WGS84; quantities are converted.

    Attributes
    ----------
    latitude
        Geodetic, north positive [deg].
    longitude
        East positive [deg].
    height
        Above the ellipsoid [m].

    Raises
    ------
    ConfigError
        A coordinate is not a number or outside of `LIMITS`.

    Examples
    --------
    >>> from reseau.observers import Site
    >>> str(Site(-29.26, -70.73, 2400))
    'site:-29.26,-70.73,2400'
    """

    latitude: float
    longitude: float
    height: float

    def __str__(self) -> str:
        """Return the text that names the site in options."""
        return f"site:{self.latitude},{self.longitude},{self.height}"

    def __post_init__(self) -> None:
        for name, (low, high, unit) in LIMITS.items():
            value = plain_number(getattr(self, name), u.Unit(unit), name=name)
            object.__setattr__(self, name, value)
            if not low <= value <= high:
                raise ConfigError(
                    explain(
                        given=f"{name} = {value:g} {unit}",
                        wanted=f"from {low:g} to {high:g} {unit}",
                        where="the site",
                        todo="give geodetic latitude and longitude (east positive) in "
                        "degrees and the height in metres, in this order",
                    )
                )

    def terrestrial(self) -> Float[np.ndarray, "3"]:
        """Return the position from the Earth's centre, ITRS axes [km]."""
        longitude, latitude = self.longitude * DEGREE, self.latitude * DEGREE
        place: np.ndarray = erfa.gd2gc(WGS84, longitude, latitude, self.height)
        return place / 1000.0

    def vertical(self) -> Float[np.ndarray, "3"]:
        """Return the unit vector normal to the ellipsoid, upwards, ITRS axes."""
        up: np.ndarray = erfa.s2c(self.longitude * DEGREE, self.latitude * DEGREE)
        return up


def site_states(
    epoch: AnyEpochs, site: Site, *, ephemeris: str | Ephemeris = "builtin"
) -> Observer:
    """Return where a site is, how it moves, and where its zenith points.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`. From 1900 to 2100 with the
        embedded series.
    site
        The place.
    ephemeris
        Of the Earth: "builtin" or "de440".

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or outside of the ephemeris.
    WrongKindError
        The site is none, or stands where the epochs should.

    Notes
    -----
    UT1 and polar motion at dates without data: see `reseau.observers.rotation`. The
    site's place and velocity are added to the Earth's as vectors; relativity would
    change them by 6 cm and 5 µm/s.

    Examples
    --------
    >>> from reseau.observers import Site, site_states
    >>> state = site_states(2024.5, Site(-29.26, -70.73, 2400.0))
    >>> state.zenith.shape
    (1, 3)
    """
    if not isinstance(site, Site):
        wanted = "a Site(latitude, longitude, height)"
        raise wrong_kind(site, wanted=wanted, where="the site")
    epoch = tcb_years(epoch)
    earth = geocentre(epoch, ephemeris=ephemeris)
    rotation = earth_rotation(epoch)
    place = rotation.to_celestial @ site.terrestrial()
    moving = SPIN * np.cross(rotation.axis, place)
    return Observer(
        position=earth.position + place / ASTRONOMICAL_UNIT,
        velocity=earth.velocity + moving / SPEED_OF_LIGHT,
        zenith=rotation.to_celestial @ site.vertical(),
    )


__all__ = ["LIMITS", "Site", "site_states"]
