"""Physical constants and unit factors, each with its source.

Inside reseau: radians, Julian years, astronomical units, velocities in units
of the speed of light, micrometres in the focal plane.
"""

import math

SPEED_OF_LIGHT = 299_792.458  # km/s, exact (SI)
ASTRONOMICAL_UNIT = 149_597_870.7  # km, exact (IAU 2012 resolution B2)
JULIAN_YEAR = 365.25 * 86_400.0  # s, exact (IAU)

AU_PER_YEAR = ASTRONOMICAL_UNIT / JULIAN_YEAR
"""One au per Julian year [km/s], 4.740470..."""

DEGREE = math.pi / 180.0
ARCSECOND = DEGREE / 3600.0
MILLIARCSECOND = ARCSECOND / 1000.0

__all__ = [
    "ARCSECOND",
    "ASTRONOMICAL_UNIT",
    "AU_PER_YEAR",
    "DEGREE",
    "JULIAN_YEAR",
    "MILLIARCSECOND",
    "SPEED_OF_LIGHT",
]
