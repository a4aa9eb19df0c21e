"""What `reseau effects` accepts of the numbers that describe a field."""

import math

import astropy.units as u

from reseau.errors import ConfigError, explain
from reseau.observers import plain_number
from reseau.observers.given import wrong_kind

WIDEST = 60.0
"""Wider fields have no useful tangent plane [deg]."""

# Lowest, highest, unit, hint; the epoch's range is the ephemeris's affair.
_LIMITS: dict[str, tuple[float, float, u.UnitBase, str]] = {
    "ra": (-720.0, 720.0, u.deg, "0 to 360 are usual"),
    "dec": (-90.0, 90.0, u.deg, "declinations end at the poles"),
    "epoch": (-math.inf, math.inf, u.yr, "a Julian year such as 2031.2"),
    "fov": (0.0, WIDEST, u.deg, "the side of the square field"),
    "parallax": (-1e4, 1e4, u.mas, "the greatest of a star is 769"),
}


def within_limits(name: str, given: float | u.Quantity) -> float:
    """Return a number in the unit of its option, or refuse it.

    Parameters
    ----------
    name
        Of the option.
    given
        A number in that unit, or a quantity.

    Raises
    ------
    ConfigError
        The number cannot be.
    UnitError
        The quantity is of another kind.
    """
    low, high, unit, hint = _LIMITS[name]
    value = _one_number(plain_number(given, unit, name=name), name)
    if low <= value <= high and (name != "fov" or value > 0.0):
        return value
    wanted = f"from {low:g} to {high:g} {unit}"
    if name == "fov":
        wanted = f"more than 0, at most {high:g} {unit}"
    raise ConfigError(
        explain(
            given=f"{name} = {value:g}",
            wanted="a number" if math.isinf(high) else wanted,
            where=f"the option {name}",
            todo=f"correct it ({hint})",
        )
    )


def _one_number(given: object, name: str) -> float:
    try:
        return float(given)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, ValueError) as error:
        raise wrong_kind(
            given,
            wanted="one number, or a quantity",
            where=f"the option {name}",
            todo="call the function for each field",
        ) from error


__all__ = ["WIDEST", "within_limits"]
