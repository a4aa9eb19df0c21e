"""The centre of the Earth, from the analytic ephemeris that ERFA carries.

No file and no network are needed: `erfa.epv00` evaluates a series fitted to DE405,
good to 13 km and 5 mm/s between 1900 and 2100. A star of 100 mas parallax is displaced
by 9e-6 mas and a direction aberrated by 4e-3 mas at most by such errors; a plate's free
pointings absorb the latter.

Epochs are Julian years of TCB; the series wants TDB, which runs slower by the constant
rate L_B and is taken from `erfa.tcbtdb` (IAU 2006 resolution B3; the two differ by 21 s
in 2020, which is 600 km of the Earth's path). The positions are left in TDB-compatible
au: the scale 1 - L_B is 1.6e-8 and does not show; velocities have none.
"""

from dataclasses import dataclass

import erfa
import numpy as np
from jaxtyping import Float

from reseau.constants import ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import ConfigError, explain, some

J2000 = 2_451_545.0
DAYS_PER_YEAR = 365.25
FIRST, LAST = 1900.0, 2100.0
"""Julian years between which the series is good."""

AU_PER_DAY = ASTRONOMICAL_UNIT / 86_400.0 / SPEED_OF_LIGHT
"""One au per day in units of the speed of light."""


@dataclass(frozen=True)
class Observer:
    """States of an observer, one row an epoch, in the BCRS (ICRS axes).

    Attributes
    ----------
    position
        From the barycentre of the solar system [au].
    velocity
        Relative to it [c].
    """

    position: Float[np.ndarray, "n 3"]
    velocity: Float[np.ndarray, "n 3"]


def geocentre(epoch: Float[np.ndarray, "n"]) -> Observer:
    """Return where the centre of the Earth is and how it moves.

    Parameters
    ----------
    epoch
        Julian years, TCB, from 1900 to 2100.

    Raises
    ------
    ConfigError
        An epoch is not a number or outside of those years.

    Examples
    --------
    >>> import numpy as np
    >>> from reseau.observers import geocentre
    >>> earth = geocentre(np.array([2031.2]))
    >>> bool(0.98 < np.linalg.norm(earth.position) < 1.02)
    True
    """
    _check_epochs(epoch)
    _, barycentric = erfa.epv00(*barycentric_dynamical_time(epoch))
    return Observer(
        position=np.array(barycentric["p"]),
        velocity=np.array(barycentric["v"]) * AU_PER_DAY,
    )


def barycentric_dynamical_time(
    epoch: Float[np.ndarray, "n"],
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Return TDB as a two-part Julian date of Julian years of TCB.

    Parameters
    ----------
    epoch
        Julian years, TCB.
    """
    days = (np.asarray(epoch) - 2000.0) * DAYS_PER_YEAR
    first, second = erfa.tcbtdb(np.full_like(days, J2000), days)
    return first, second


def _check_epochs(epoch: np.ndarray) -> None:
    inside = (epoch >= FIRST) & (epoch <= LAST)
    if not inside.all():
        raise ConfigError(
            explain(
                given=f"{np.sum(~inside)} epochs outside of {FIRST:.0f} to {LAST:.0f} "
                f"({some(np.asarray(epoch)[~inside])})",
                wanted="Julian years, TCB, for which the Earth's series is good",
                where="the observer's epochs",
                todo="give epochs as years such as 2031.2, not as Julian dates, or "
                "give the observer's positions and velocities",
            )
        )


__all__ = ["Observer", "barycentric_dynamical_time", "geocentre"]
