"""Times of astropy as Julian years of TCB, which all epochs are here."""

import warnings

import numpy as np
from astropy.time import ScaleValueError, Time
from erfa import ErfaWarning
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain


def julian_years(time: Time, name: str, where: str = "") -> NDArray[np.float64]:
    """Return Julian years of TCB; masked where the time is.

    Parameters
    ----------
    time
        Of any scale that is tied to others.
    name, where
        Column and table, for messages.

    Raises
    ------
    CatalogueError
        The scale is `local`.
    """
    try:
        with warnings.catch_warnings():
            # astropy takes TT and TAI through UTC too, to find the hour of the day for
            # TDB - TT: leap seconds to come change that by nanoseconds.
            if time.scale != "utc":
                warnings.simplefilter("ignore", ErfaWarning)
            found = time.tcb.jyear
    except ScaleValueError as error:
        raise CatalogueError(
            explain(
                given=f"{name} holds times of the scale {time.scale!r}",
                wanted="a scale from which TCB follows: UTC, TAI, TT, TDB, TCG or TCB",
                where=f"{where}, column {name}" if where else f"column {name}",
                todo='say the scale: Time(..., scale="utc")',
            )
        ) from error
    years: NDArray[np.float64] = np.asarray(getattr(found, "unmasked", found))
    return np.ma.masked_array(years, time.mask) if time.masked else years


__all__ = ["julian_years"]
