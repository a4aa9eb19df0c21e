"""Where epochs come in: whatever says when, as Julian years of TCB.

A year in 64 bits is rounded to 7 µs: 0.2 m of the Earth's path, 3 mm of a site's. One
in 32 bits is rounded by up to half an hour, and is refused.
"""

import warnings
from collections.abc import Sequence
from typing import TypeAlias

import astropy.units as u
import erfa
import numpy as np
from astropy.time import ScaleValueError, Time
from jaxtyping import Float

from reseau.errors import ConfigError, PrecisionError, ShapeError, UnitError, explain

from .given import wrong_kind

Epochs: TypeAlias = Float[np.ndarray, "n"]
"""Julian years, TCB, in 64 bits."""

AnyEpochs: TypeAlias = Time | float | Sequence[float] | np.ndarray
"""What `tcb_years` understands; a `Quantity` of years is an array, too."""

WHERE = "the observer's epochs"
ASTROPY = "Time(...) of astropy knows every other way to say it"


def tcb_years(epoch: AnyEpochs) -> Epochs:
    """Return Julian years of TCB, one row an epoch, of whatever says when.

    Parameters
    ----------
    epoch
        A `Time` of any scale but local, of one or several instants; or one number or
        several: Julian years, TCB. A `Quantity` is these years in its own unit. One
        instant makes one row. What is masked becomes NaN.

    Raises
    ------
    PrecisionError
        The years have 32 bits or fewer.
    UnitError
        A quantity is not of time, or a `Time` has the scale local.
    ShapeError
        The epochs have more than one axis.
    WrongKindError
        They are neither times nor numbers.

    Notes
    -----
    Whether the years are those of the ephemeris or of a table is checked where these
    are known; a Julian date is thus refused as being out of range.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from reseau.observers import tcb_years
    >>> tcb_years(Time(2451545.0, format="jd", scale="tcb"))
    array([2000.])
    """
    if isinstance(epoch, Time):
        return _rows(_of_time(epoch))
    unit = getattr(epoch, "unit", None)
    years = _rows(_numbers(epoch))
    return years if unit is None else years * _unit_in_years(unit)


def one_tcb_year(epoch: AnyEpochs) -> float:
    """Return the Julian year of TCB of one instant.

    Parameters
    ----------
    epoch
        As in `tcb_years`.

    Raises
    ------
    ShapeError
        There is another number of epochs than one.
    """
    years = tcb_years(epoch)
    if years.size != 1:
        raise ShapeError(
            explain(
                given=f"{years.size} epochs",
                wanted="one",
                where="the epoch",
                todo="call the function for each epoch",
            )
        )
    return float(years[0])


def _of_time(time: Time) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            # astropy takes all but TCB and TDB through UTC, to find the hour of the
            # day for TDB - TT: leap seconds to come change that by nanoseconds.
            if time.scale != "utc":
                warnings.simplefilter("ignore", erfa.ErfaWarning)
            years = time.tcb.jyear
    except ScaleValueError as error:
        raise UnitError(
            explain(
                given=f"a Time of the scale {time.scale!r}",
                wanted="one that can be turned into TCB: utc, tai, tt, tdb, tcb, ...",
                where=WHERE,
                todo="say which scale it is, e.g. Time(..., scale='utc')",
            )
        ) from error
    return _unmasked(years)


def _numbers(epoch: object) -> np.ndarray:
    """Return plain numbers in 64 bits, without the unit that they may have."""
    try:
        array = _unmasked(epoch)
    except (TypeError, ValueError) as error:
        raise _no_numbers(epoch) from error
    if array.dtype.kind not in "iuf":
        raise _no_numbers(epoch)
    if array.dtype.kind == "f" and array.dtype.itemsize < np.dtype(float).itemsize:
        raise PrecisionError(
            explain(
                given=f"years of {8 * array.dtype.itemsize} bits, {array.dtype}",
                wanted="float64: 32 bits are wrong by up to half an hour, 57,000 km of "
                "the Earth's path",
                where=WHERE,
                todo="read or compute them in 64 bits; .astype(float) would keep the "
                "rounding",
            )
        )
    return array


def _unmasked(values: object) -> np.ndarray:
    """Return values as a plain array, NaN where they are masked."""
    mask = getattr(values, "mask", None)
    plain = np.asarray(values)
    if mask is None or not np.any(mask):
        return plain
    return np.where(np.asarray(mask), np.nan, plain)


def _rows(years: np.ndarray) -> Epochs:
    if years.ndim > 1:
        raise ShapeError(
            explain(
                given=f"epochs of shape {years.shape}",
                wanted="one epoch, or one axis of them",
                where=WHERE,
                todo="give epochs.ravel(); see the order of the arguments",
            )
        )
    return np.atleast_1d(years).astype(float)


def _unit_in_years(unit: u.UnitBase) -> float:
    try:
        return float(unit.to(u.yr))
    except u.UnitConversionError as error:
        raise UnitError(
            explain(
                given=f"epochs in {str(unit) or 'no unit'}",
                wanted="Julian years, TCB, as numbers or in a unit of time",
                where=WHERE,
                todo=f"give years such as 2031.2; {ASTROPY}",
            )
        ) from error


def _no_numbers(epoch: object) -> ConfigError:
    return wrong_kind(
        epoch,
        wanted="astropy's Time, or Julian years, TCB, such as 2031.2",
        where=WHERE,
        todo=f"see the order of the arguments; {ASTROPY}",
    )


__all__ = ["WHERE", "AnyEpochs", "Epochs", "one_tcb_year", "tcb_years"]
