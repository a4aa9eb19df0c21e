"""Units of numbers in TOML files, converted in decimal arithmetic.

So that writing a number in another unit and reading it again gives the same bits.
"""

from decimal import Decimal, Overflow, localcontext

_DIGITS = 40
_DEGREE = Decimal("0.01745329251994329576923690768488612713442871888541725456097")
_FACTORS = {
    "": Decimal(1),
    "um": Decimal(1),
    "mm": Decimal(1000),
    "deg": _DEGREE,
}
"""What one unit of the file is in the code's units: um and radians."""


def from_unit(value: Decimal, unit: str) -> float:
    """Convert a decimal number in a file's unit to the code's unit.

    Infinite where it is too large for a floating-point number there.
    """
    with localcontext(prec=_DIGITS) as context:
        context.traps[Overflow] = False
        return float(value * _FACTORS[unit])


def to_unit(value: int | float, unit: str) -> str:
    """Write a number in a file's unit so that reading it gives the same bits.

    Parameters
    ----------
    value
        In the code's unit (um, radian).
    unit
        Unit in the file.
    """
    if unit in ("", "um"):
        return repr(float(value))
    with localcontext(prec=_DIGITS):
        exact = Decimal(float(value)) / _FACTORS[unit]
        for digits in range(15, 25):
            number = Decimal(f"{exact:.{digits}g}").normalize()
            if from_unit(number, unit) == value:
                break
    plain = -6 < number.adjusted() < 16
    text = f"{number:f}" if plain else str(number)
    return text if any(c in text for c in ".E") else f"{text}.0"


__all__ = ["from_unit", "to_unit"]
