"""The air above a site: as given, or that of a standard atmosphere at its height."""

import math
from collections.abc import Mapping
from typing import Any

from reseau.errors import ConfigError, explain
from reseau.observers import ObserverChoice, Site, TableObserver, Weather

HUMIDITY = 0.5
"""Relative humidity where none is given."""

WAVELENGTH = 0.59
"""Wavelength where none is given [µm]."""

# International Standard Atmosphere (ISO 2533:1975), troposphere: 15 °C and 1013.25 hPa
# at sea level, 6.5 K less for each kilometre.
SEA_LEVEL_PRESSURE = 1013.25  # hPa
SEA_LEVEL_TEMPERATURE = 288.15  # K
LAPSE = 0.0065  # K/m
EXPONENT = 5.25588
ZERO_CELSIUS = 273.15  # K
TROPOPAUSE = 11_000.0  # m
HYDROSTATIC = 9.80665 * 0.0289644 / 8.31432  # K/m, weight of a mole by gas constant


def weather_at(
    choice: ObserverChoice | TableObserver, **given: Any
) -> tuple[Weather | None, tuple[str, ...]]:
    """Return the weather where an observer is, and which of it was not given.

    Parameters
    ----------
    choice
        The observer; only a site has air.
    **given
        Pressure [hPa], temperature [°C], humidity [0 to 1] and wavelength [µm], or
        quantities; None: that of the standard atmosphere.

    Raises
    ------
    ConfigError
        Air was given to an observer who has none.
    CatalogueError
        A value is impossible.
    """
    if not isinstance(choice, Site):
        _check_no_air(given)
        return None, ()
    temperature, pressure = standard_air(choice.height)
    standard = {
        "pressure": pressure,
        "temperature": temperature,
        "humidity": HUMIDITY,
        "wavelength": WAVELENGTH,
    }
    absent = [name for name in standard if given.get(name) is None]
    known = {name: value for name, value in given.items() if value is not None}
    values = {**standard, **known}
    absent = [name for name in absent if name != "wavelength"]
    return Weather(**values).at(choice), tuple(absent)


def standard_air(height: float) -> tuple[float, float]:
    """Return temperature [°C] and pressure [hPa] of the standard atmosphere.

    Parameters
    ----------
    height
        Above sea level [m]; isothermal from 11 to 20 km.

    References
    ----------
    ISO 2533:1975, International Standard Atmosphere.
    """
    ratio = 1.0 - LAPSE * min(height, TROPOPAUSE) / SEA_LEVEL_TEMPERATURE
    kelvin = SEA_LEVEL_TEMPERATURE * ratio
    above = max(height - TROPOPAUSE, 0.0)
    thinning = math.exp(-HYDROSTATIC / kelvin * above)
    return kelvin - ZERO_CELSIUS, SEA_LEVEL_PRESSURE * ratio**EXPONENT * thinning


def _check_no_air(given: Mapping[str, Any]) -> None:
    names = [name for name, value in given.items() if value is not None]
    if names:
        raise ConfigError(
            explain(
                given=f"{' and '.join(names)} for an observer without air",
                wanted="observer = site:LAT,LON,HEIGHT",
                where=f"the option {names[0]}",
                todo="name a site, or leave the air out",
            )
        )


__all__ = ["HUMIDITY", "WAVELENGTH", "standard_air", "weather_at"]
