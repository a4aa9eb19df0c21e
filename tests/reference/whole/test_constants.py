"""Constants against ERFA, astropy, skyfield and pygaia, which have their own."""

import erfa
import numpy as np
import pytest
from astropy import constants as nominal
from pygaia.astrometry.constants import au_km_year_per_sec
from skyfield.constants import ERAD

from reseau.constants import (
    ASTRONOMICAL_UNIT,
    AU_PER_YEAR,
    DEGREE,
    JULIAN_YEAR,
    SPEED_OF_LIGHT,
)
from reseau.observers import BODIES
from reseau.observers.rotation import LEAP_SECONDS_SINCE, SPIN, TT_AHEAD_OF_TAI
from reseau.observers.satellite import (
    DYNAMICAL_FORM_FACTOR,
    EARTH_RADIUS,
    GRAVITATIONAL_PARAMETER,
    SUN_AT_J2000,
    SUN_PER_DAY,
)
from reseau.sky.secular import _FROM_GALACTIC


def test_units_are_erfas():
    assert erfa.CMPS == SPEED_OF_LIGHT * 1000.0
    assert erfa.DAU == ASTRONOMICAL_UNIT * 1000.0
    assert erfa.DJY * erfa.DAYSEC == JULIAN_YEAR
    assert erfa.TTMTAI == TT_AHEAD_OF_TAI
    assert pytest.approx(au_km_year_per_sec, rel=1e-15) == AU_PER_YEAR


def test_the_first_leap_second_is_erfas():
    """UTC drifted, by fractions of a second, up to 1971."""
    day = erfa.cal2jd(1972, 1, 1)[1]
    assert day == LEAP_SECONDS_SINCE
    assert erfa.dat(1972, 1, 1, 0.0) == 10.0
    assert erfa.dat(1971, 12, 31, 0.0) % 1.0 > 0.8


def test_galactic_axes_are_erfas():
    """The Hipparcos Catalogue prints ten digits; ERFA has thirty."""
    longitude, latitude = np.array([0.0, 0.5, 0.0]) * np.pi, np.array([0.0, 0.0, 0.5])
    axes = erfa.s2c(*erfa.g2icrs(longitude, latitude * np.pi)).T
    np.testing.assert_allclose(_FROM_GALACTIC, axes, atol=6e-11, rtol=0)


def test_the_earths_spin_is_erfas():
    turned = erfa.era00(erfa.DJ00, 0.5) - erfa.era00(erfa.DJ00, 0.0)
    assert turned % (2.0 * np.pi) / 43_200.0 == pytest.approx(SPIN, rel=1e-12)


def test_radii_are_nominal():
    """IAU 2015 resolution B3 for Sun and Jupiter; skyfield has the IERS's Earth."""
    assert nominal.R_sun.to_value("km") == BODIES["sun"].radius
    assert nominal.R_jup.to_value("km") == BODIES["jupiter"].radius
    assert pytest.approx(EARTH_RADIUS, rel=1e-15) == ERAD / 1000.0
    earth = BODIES["earth"]
    assert earth.radius == earth.oblateness_radius == EARTH_RADIUS
    assert earth.oblateness == DYNAMICAL_FORM_FACTOR


def test_the_earths_mass_is_nominal():
    """IAU 2015 resolution B3 has seven digits; DE440's unit of time is TDB's."""
    both = np.array([GRAVITATIONAL_PARAMETER, BODIES["earth"].gravitational_parameter])
    np.testing.assert_allclose(both, nominal.GM_earth.to_value("km3/s2"), rtol=1.2e-7)
    assert both[1] / both[0] == pytest.approx(1.0 - erfa.ELB, rel=1e-9)


def test_the_mean_sun_is_erfas():
    """The almanac's formula is for the equinox of date, and for the Sun as seen.

    So 20.5″ of aberration are in its longitude, and precession in its rate.
    """
    seen = erfa.fae03(0.0) + np.pi - 20.5 / 3600.0 * DEGREE
    assert seen == pytest.approx(SUN_AT_J2000, abs=0.001 * DEGREE)
    beyond = erfa.fae03(0.01) - erfa.fae03(0.0)  # a full turn, by a Julian year
    precession = erfa.p06e(erfa.DJ00, 365.25)[12]
    yearly = 2.0 * np.pi + beyond + precession
    assert yearly / 365.25 == pytest.approx(SUN_PER_DAY, abs=1e-7 * DEGREE)
