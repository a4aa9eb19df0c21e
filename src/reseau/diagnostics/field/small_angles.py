"""Small angles in words: the unit in which each reads well, and four digits."""

import math

MICRO = 1e-3
"""One microarcsecond [mas]."""

SMALLEST = 1e-6
"""Smaller than this is not told from rounding [mas]."""


def measure(value: float) -> str:
    """Return a small angle in the unit in which it reads well.

    Parameters
    ----------
    value
        The angle [mas].
    """
    number, unit = number_and_unit(value)
    return f"{number}{unit}" if unit == "″" else f"{number} {unit}".rstrip()


def number_and_unit(value: float) -> tuple[str, str]:
    """Return a small angle as `measure` does, in two parts.

    Parameters
    ----------
    value
        The angle [mas].
    """
    if not math.isfinite(value):
        return "–", ""
    if value < SMALLEST:
        return "< 0.001", "µas"
    # Just under one, as it would be rounded to 1000 of the smaller unit.
    units = (("″", 1e3), ("mas", 1.0), ("µas", MICRO))
    unit, size = next((u for u in units if value >= 0.99995 * u[1]), units[-1])
    return _digits(value / size), unit


def _digits(value: float) -> str:
    """Return a number in four digits, three of them behind the point at most."""
    power = math.floor(math.log10(value)) if value >= 1.0 else 0
    return f"{value:.{max(3 - power, 0)}f}"


__all__ = ["MICRO", "SMALLEST", "measure", "number_and_unit"]
