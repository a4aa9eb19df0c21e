"""What is refused before anything is refracted: impossible air, stars not above it.

These look at concrete numbers, so they belong in front of compiled functions, not in
them.
"""

import math

import numpy as np

from reseau._precision import Kind, refuse_unit
from reseau.errors import CatalogueError, explain, some
from reseau.sky._kinds import ANGLE, WAVELENGTH, WEATHER

from .air import Amount

# Name: lowest, highest, unit, and what a value in another range may have been.
_KINDS: dict[str, Kind] = {**WEATHER, "wavelength": WAVELENGTH}
_LIMITS: dict[str, tuple[float, float, str]] = {
    "pressure": (0.0, 1200.0, "hPa"),
    "temperature": (-100.0, 65.0, "°C"),
    "humidity": (0.0, 1.0, "(a fraction)"),
    "wavelength": (0.2, 30.0, "µm"),
}
_CONFUSIONS: dict[str, tuple[tuple[float, float, str], ...]] = {
    "pressure": (
        (5e4, 1.2e5, "that looks like Pa: divide by 100"),
        (1200.0, math.inf, "give hPa (mbar); 1 atm is 1013.25, 1 Torr 1.333"),
    ),
    "temperature": ((173.0, 338.0, "that looks like kelvin: subtract 273.15"),),
    "humidity": ((1.0, 100.0, "that looks like per cent: divide by 100"),),
    "wavelength": (
        (2000.0, 30000.0, "that looks like ångström: divide by 10000"),
        (200.0, 2000.0, "that looks like nm: divide by 1000"),
        (1e-7, 3e-5, "that looks like metres: multiply by 1e6"),
    ),
}


def check_zenith_distance(
    z: Amount, *, where: str = "the sources' zenith distances"
) -> None:
    """Refuse sources that are not above the horizon.

    Parameters
    ----------
    z
        Zenith distances [rad].
    where
        What the rows are rows of, for the message.

    Raises
    ------
    CatalogueError
        If a zenith distance is negative, 90° or more, or not a number.
    UnitError
        If they carry a unit.
    """
    refuse_unit("check_zenith_distance", "z", z, ANGLE)
    degrees = np.degrees(np.atleast_1d(np.asarray(z, dtype=float)))
    good = (degrees >= 0.0) & (degrees < 90.0)
    _refuse(
        degrees,
        good,
        name="zenith distance",
        unit="°",
        wanted="0° ≤ zenith distance < 90°",
        where=where,
        todo="leave these rows out, or correct the site, the epoch or the positions: "
        "below the horizon nothing is seen, and refraction has no meaning",
    )


def check_air(
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    wavelength: Amount,
    *,
    where: str = "the weather at the site",
) -> None:
    """Refuse air that cannot be, and say which unit was probably meant.

    Parameters
    ----------
    pressure, temperature, humidity, wavelength
        As in `refractivity`: hPa, °C, 0 to 1, µm.
    where
        File or table, for the message.

    Raises
    ------
    CatalogueError
        If a value is out of range or not a number.
    UnitError
        If values carry a unit.
    """
    given = {
        "pressure": pressure,
        "temperature": temperature,
        "humidity": humidity,
        "wavelength": wavelength,
    }
    for name, values in given.items():
        refuse_unit("check_air", name, values, _KINDS[name])
        low, high, unit = _LIMITS[name]
        array = np.atleast_1d(np.asarray(values, dtype=float))
        good = (array >= low) & (array <= high)
        _refuse(
            array,
            good,
            name=name,
            unit=" " + unit,
            wanted=f"{name} from {low:g} to {high:g} {unit}",
            where=where,
            todo=_advice(name, array[~good]),
        )


def _advice(name: str, wrong: np.ndarray) -> str:
    """Say what a value out of range may have been meant to be."""
    for low, high, text in _CONFUSIONS[name]:
        if wrong.size and low <= wrong.flat[0] <= high:
            return text
    return f"correct the {name}; a missing one has no default"


def _refuse(
    values: np.ndarray,
    good: np.ndarray,
    *,
    name: str,
    unit: str,
    wanted: str,
    where: str,
    todo: str,
) -> None:
    """Raise a `CatalogueError` that names the rows that are not good."""
    rows = np.argwhere(~good)
    if rows.size == 0:
        return
    found = some(
        f"{values[tuple(row)]:.10g}{unit} (row {', '.join(map(str, row))})"
        for row in rows
    )
    raise CatalogueError(
        explain(given=f"{name} {found}", wanted=wanted, where=where, todo=todo)
    )


__all__ = ["check_air", "check_zenith_distance"]
