"""Time scales and ranges: Julian years of TCB to what ephemerides are tabulated in.

`erfa.tcbtdb` turns TCB into TDB (IAU 2006 resolution B3; TDB runs slower by the
constant rate L_B, 21 s by 2020, in which the Earth moves by 600 km).
"""

import erfa
import numpy as np
from jaxtyping import Bool

from reseau.errors import ConfigError, explain, some
from reseau.tables.layouts import YEARS

from .epochs import WHERE, AnyEpochs, Epochs, tcb_years

J2000 = 2_451_545.0
DAYS_PER_YEAR = 365.25


class EphemerisRangeError(ConfigError):
    """Epochs lie outside of those for which states are known.

    Attributes
    ----------
    first, last
        The range that is covered, Julian years, TCB.
    mask
        True for the epochs that are outside, in the order in which they were given.
    """

    def __init__(
        self, message: str, *, first: float, last: float, mask: Bool[np.ndarray, "n"]
    ) -> None:
        super().__init__(message)
        self.first, self.last, self.mask = first, last, mask


def barycentric_dynamical_time(epoch: AnyEpochs) -> tuple[Epochs, Epochs]:
    """Return TDB as a two-part Julian date.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or can be no year, as a Julian date.
    """
    epoch = tcb_years(epoch)
    first, last = YEARS
    check_epochs(epoch, first=first, last=last, what="the time scales here")
    days = (epoch - 2000.0) * DAYS_PER_YEAR
    first, second = erfa.tcbtdb(np.full_like(days, J2000), days)
    return first, second


def terrestrial_time(epoch: AnyEpochs) -> tuple[Epochs, Epochs]:
    """Return TT as a two-part Julian date.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or can be no year, as a Julian date.

    Notes
    -----
    TDB - TT, up to 1.7 ms, is that of the geocentre (`erfa.dtdb`); at a site it differs
    by 2 µs.
    """
    first, second = barycentric_dynamical_time(epoch)
    ahead = erfa.dtdb(first, second, 0.0, 0.0, 0.0, 0.0)
    tt_first, tt_second = erfa.tdbtt(first, second, ahead)
    return tt_first, tt_second


def julian_years(dynamical_date: float) -> float:
    """Return Julian years of TCB of a Julian date of TDB."""
    first, second = erfa.tdbtcb(J2000, dynamical_date - J2000)
    return float(2000.0 + (first - J2000 + second) / DAYS_PER_YEAR)


def check_epochs(epoch: Epochs, *, first: float, last: float, what: str) -> None:
    """Refuse epochs that are not numbers or not within a range.

    Parameters
    ----------
    epoch
        Julian years, TCB.
    first, last
        The range, both ends included [Julian year].
    what
        Whose range it is, for the message.

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or not from `first` to `last`.
    """
    outside = ~((epoch >= first) & (epoch <= last))
    if not outside.any():
        return
    n = int(outside.sum())
    raise EphemerisRangeError(
        explain(
            given=f"{n} epoch{'s' if n > 1 else ''} outside of {first:.8g} to "
            f"{last:.8g} (rows {some(np.flatnonzero(outside))}: "
            f"{some(np.asarray(epoch)[outside])})",
            wanted=f"Julian years, TCB, covered by {what}",
            where=WHERE,
            todo="give epochs as years such as 2031.2 or as astropy's Time, not as "
            "Julian dates, or give the observer's positions and velocities",
        ),
        first=first,
        last=last,
        mask=outside,
    )


__all__ = [
    "DAYS_PER_YEAR",
    "J2000",
    "EphemerisRangeError",
    "barycentric_dynamical_time",
    "check_epochs",
    "julian_years",
    "terrestrial_time",
]
