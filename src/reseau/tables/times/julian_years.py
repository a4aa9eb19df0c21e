"""Times of astropy as Julian years of TCB, which all epochs are here."""

import numpy as np
from astropy.time import ScaleValueError, Time
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain


def julian_years(time: Time, name: str, where: str = "") -> NDArray[np.float64]:
    """Return Julian years of TCB.

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
        years: NDArray[np.float64] = np.asarray(time.tcb.jyear)
    except ScaleValueError as error:
        raise CatalogueError(
            explain(
                given=f"{name} holds times of the scale {time.scale!r}",
                wanted="a scale from which TCB follows: UTC, TAI, TT, TDB, TCG or TCB",
                where=f"{where}, column {name}" if where else f"column {name}",
                todo='say the scale: Time(..., scale="utc")',
            )
        ) from error
    return years


__all__ = ["julian_years"]
