"""How the Earth is turned at an epoch: UT1, polar motion, and its axes in the ICRS.

UT1 is reckoned as TT - ΔT. ΔT and polar motion are the measured ones (IERS series B, as
the package astropy-iers-data carries it: nothing is fetched, and nothing warns) from
1962 to the end of that file. Elsewhere:

- before 1962 ΔT is the polynomial of Espenak & Meeus 2006 (NASA/TP-2006-214141), within
  1.2 s (since 1910: 0.8 s) of the series of Morrison et al. 2021 (Proc. R. Soc. A 477,
  20200776); before 1900, where no site is expected, its value of 1900;
- after the end of the file ΔT stays at its last value; it drifted by 5 s in all from
  2000 to 2025, and by 1.5 s a year at the fastest since 1900;
- polar motion is zero there, of at most 0.6″.

Half a second of UT1 turns a site by 7.5″ (3.6e-5 rad): 12 µas of diurnal aberration at
the equator, the same over a field; 230 m on the ground, which no parallax shows; and
the zenith by 7.5″, of which refraction alone takes notice (4 mas at 45° from the
zenith for the whole field; 0.1 mas of it differs across half a degree).

A site's frame follows the IAU 2006/2000A precession and nutation (`erfa.c2i06a`)
without the observed corrections to the pole, below 1 mas. From 1960 to 1972, when UTC
drifted, UT1 is up to 2.6 ms (0.06 µas of diurnal aberration) from ERFA's and astropy's:
`erfa.utcut1` counts that drift within a day for TAI but not for UT1.
"""

import functools
import logging
from dataclasses import dataclass

import erfa
import numpy as np
from astropy.utils import iers
from jaxtyping import Float

from reseau.constants import ARCSECOND

from .epochs import AnyEpochs, Epochs
from .times import terrestrial_time

logger = logging.getLogger(__name__)

MODIFIED = 2_400_000.5
"""Julian date at which modified Julian dates begin."""

TT_AHEAD_OF_TAI = 32.184  # s, exact
LEAP_SECONDS_SINCE = 41_317.0  # MJD of 1972-01-01, when UTC began to take them
SPIN = 1.00273781191135448 * 2.0 * np.pi / 86_400.0
"""Angular velocity of the Earth against the stars [rad/s] (IAU 2000, ERA's rate)."""

# Espenak & Meeus 2006: ΔT [s] in powers of (year - origin); by the last year of each.
_POLYNOMIALS = (
    (1920.0, 1900.0, (-2.79, 1.494119, -0.0598939, 0.0061966, -0.000197)),
    (1941.0, 1920.0, (21.20, 0.84493, -0.076100, 0.0020936)),
    (1961.0, 1950.0, (29.07, 0.407, -1.0 / 233.0, 1.0 / 2547.0)),
    (1986.0, 1975.0, (45.45, 1.067, -1.0 / 260.0, -1.0 / 718.0)),
)


@dataclass(frozen=True, eq=False)
class Rotation:
    """The Earth's orientation, one row an epoch.

    Attributes
    ----------
    to_celestial
        Matrices that turn vectors of the Earth (ITRS) to ICRS axes.
    axis
        Unit vectors along the axis of rotation, ICRS.
    """

    to_celestial: Float[np.ndarray, "n 3 3"]
    axis: Float[np.ndarray, "n 3"]


@dataclass(frozen=True, eq=False)
class _Measured:
    """The IERS's series: days [MJD TT], ΔT [s] and the pole's coordinates [rad]."""

    day: Float[np.ndarray, "m"]
    delta: Float[np.ndarray, "m"]
    pole_x: Float[np.ndarray, "m"]
    pole_y: Float[np.ndarray, "m"]


def earth_rotation(epoch: AnyEpochs) -> Rotation:
    """Return how the Earth is turned.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or can be no year, as a Julian date.

    References
    ----------
    IERS Conventions 2010, chapter 5 (based on the celestial intermediate origin).
    """
    first, second = terrestrial_time(epoch)
    delta, pole_x, pole_y = _orientation((first - MODIFIED) + second)
    celestial = erfa.c2i06a(first, second)
    angle = erfa.era00(first, second - delta / 86_400.0)
    polar = erfa.pom00(pole_x, pole_y, erfa.sp00(first, second))
    terrestrial = erfa.c2tcio(celestial, angle, polar)
    return Rotation(
        to_celestial=np.swapaxes(terrestrial, -1, -2), axis=celestial[..., 2, :]
    )


def delta_t(epoch: AnyEpochs) -> Epochs:
    """Return TT - UT1 [s]; see the module's notes for where it comes from.

    Parameters
    ----------
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.

    Raises
    ------
    EphemerisRangeError
        An epoch is not a number or can be no year, as a Julian date.
    """
    first, second = terrestrial_time(epoch)
    return _orientation((first - MODIFIED) + second)[0]


def _orientation(day: Epochs) -> tuple[Epochs, Epochs, Epochs]:
    """Return ΔT [s] and polar motion [rad] at days [MJD TT]."""
    known = _measured()
    before, after = day < known.day[0], day > known.day[-1]
    delta = np.interp(day, known.day, known.delta)
    delta = np.where(before, _historical(day), delta)
    outside = before | after
    if outside.any():
        logger.info(
            "%d epochs are outside of the measured rotation of the Earth (MJD %.0f to "
            "%.0f): extrapolated UT1, no polar motion",
            outside.sum(),
            known.day[0],
            known.day[-1],
        )
    pole = (np.interp(day, known.day, p) for p in (known.pole_x, known.pole_y))
    pole_x, pole_y = (np.where(outside, 0.0, p) for p in pole)
    return delta, pole_x, pole_y


@functools.cache
def _measured() -> _Measured:
    table = iers.IERS_B.open()
    utc = np.asarray(table["MJD"].value, dtype=float)
    ahead = _atomic_ahead_of_utc(utc) + TT_AHEAD_OF_TAI
    return _Measured(
        day=utc + ahead / 86_400.0,
        delta=ahead - np.asarray(table["UT1_UTC"].value, dtype=float),
        pole_x=np.asarray(table["PM_x"].value, dtype=float) * ARCSECOND,
        pole_y=np.asarray(table["PM_y"].value, dtype=float) * ARCSECOND,
    )


def _atomic_ahead_of_utc(utc: Float[np.ndarray, "m"]) -> Float[np.ndarray, "m"]:
    """Return TAI - UTC [s] at days [MJD UTC] since 1960.

    Leap seconds come from the file beside the IERS's, so that the two are of one date.
    `erfa.dat` knows the drifting UTC before 1972, but would call coming years dubious.
    """
    leaps = iers.LeapSeconds.from_iers_leap_seconds()
    row = np.searchsorted(np.asarray(leaps["mjd"]), utc, side="right") - 1
    ahead = np.asarray(leaps["tai_utc"], dtype=float)[np.maximum(row, 0)]
    early = utc < LEAP_SECONDS_SINCE
    ahead[early] = erfa.dat(*erfa.jd2cal(MODIFIED, utc[early]))
    return ahead


def _historical(day: Epochs) -> Epochs:
    """Return ΔT [s] before the measured series; its value of 1900 before that."""
    year = np.maximum(2000.0 + (day - 51_544.5) / 365.25, _POLYNOMIALS[0][1])
    pieces = [
        np.polynomial.polynomial.polyval(year - origin, coefficients)
        for _, origin, coefficients in _POLYNOMIALS
    ]
    ends = [end for end, _, _ in _POLYNOMIALS[:-1]]
    return np.choose(np.searchsorted(ends, year, side="right"), pieces)


__all__ = ["SPIN", "Rotation", "delta_t", "earth_rotation"]
