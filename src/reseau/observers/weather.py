"""The state of the air at a site, and what Laplace's formula makes of it."""

from dataclasses import dataclass, replace

import astropy.units as u
import jax
import numpy as np
from jaxtyping import Float

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain
from reseau.records import Air
from reseau.sky import check_air, laplace_constants

from .given import plain_number
from .site import LIMITS, Site

_UNITS = {
    "pressure": u.hPa,
    "temperature": u.deg_C,
    "humidity": u.one,
    "wavelength": u.um,
    "height": u.m,
    "latitude": u.deg,
}


@dataclass(frozen=True)
class Weather:
    """State of the air at a site, and the light's wavelength; quantities are converted.

    Attributes
    ----------
    pressure
        At the site [hPa].
    temperature
        [°C].
    humidity
        Relative, from 0 to 1.
    wavelength
        Effective, in vacuum [µm].
    height, latitude
        Of the site [m], [deg]; `at` takes them from it. Without them refraction errs by
        some mas at 70° from the zenith and 5000 m.

    Raises
    ------
    CatalogueError
        A value is impossible, as in another unit.
    ConfigError
        Height or latitude is that of no site.

    Notes
    -----
    Values that JAX traces are not looked at.

    Examples
    --------
    >>> from reseau.observers import Site, Weather
    >>> Weather(743.0, 11.0, 0.15, 0.6).at(Site(-29.26, -70.73, 2400.0)).height
    2400.0
    """

    pressure: float
    temperature: float
    humidity: float
    wavelength: float
    height: float = 0.0
    latitude: float = 45.0

    def __post_init__(self) -> None:
        for name, unit in _UNITS.items():
            value = plain_number(getattr(self, name), unit, name=name)
            object.__setattr__(self, name, value)
        air = (self.pressure, self.temperature, self.humidity, self.wavelength)
        if not any(isinstance(value, jax.core.Tracer) for value in air):
            check_air(*air)
        for name in ("height", "latitude"):
            _check_place(name, getattr(self, name))

    def at(self, site: Site) -> "Weather":
        """Return the same weather with the height and latitude of a site.

        Parameters
        ----------
        site
            Where it was measured.
        """
        return replace(self, height=site.height, latitude=site.latitude)


@in_double
def air_above(
    zenith: Float[np.ndarray, "*n 3"],
    weather: Weather,
    *,
    wavelength: float | None = None,
) -> Air:
    """Return the air above an observer, as the room `sky` refracts with it.

    Parameters
    ----------
    zenith
        Unit vectors along the vertical, ICRS.
    weather
        The same for all.
    wavelength
        Of other light than the weather's [µm].
    """
    tangent, cube = _laplace(
        weather.pressure,
        weather.temperature,
        weather.humidity,
        weather.wavelength if wavelength is None else wavelength,
        height=weather.height,
        latitude=weather.latitude * DEGREE,
    )
    shape = zenith.shape[:-1]
    return Air(
        zenith=zenith,
        tangent=np.full(shape, float(tangent)),
        cube=np.full(shape, float(cube)),
    )


_laplace = quick_jit(laplace_constants)


def _check_place(name: str, value: float) -> None:
    low, high, unit = LIMITS[name]
    if isinstance(value, jax.core.Tracer) or low <= value <= high:
        return
    raise ConfigError(
        explain(
            given=f"{name} = {value:g} {unit}",
            wanted=f"from {low:g} to {high:g} {unit}",
            where="the weather at the site",
            todo="take them from the site: weather.at(site)",
        )
    )


__all__ = ["Weather", "air_above"]
