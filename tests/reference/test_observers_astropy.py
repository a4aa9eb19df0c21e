"""Observers against astropy and against what is known of sun-synchronous orbits."""

import astropy.constants as const
import astropy.units as u
import numpy as np
from astropy.coordinates import get_body_barycentric_posvel
from astropy.time import Time

from reseau.constants import ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.observers import circular_orbit, geocentre, orbit_inclination

EPOCHS = np.linspace(1950.0, 2090.0, 57)


def test_geocentre_is_astropys_at_the_same_tcb():
    # Taking TCB for TDB would be wrong by 600 km, 4e-6 au, in 2020.
    time = Time(EPOCHS, format="jyear", scale="tcb")
    position, velocity = get_body_barycentric_posvel("earth", time, ephemeris="builtin")
    earth = geocentre(EPOCHS)
    np.testing.assert_allclose(
        earth.position, position.xyz.to_value(u.au).T, rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        earth.velocity * SPEED_OF_LIGHT,
        velocity.xyz.to_value(u.km / u.s).T,
        rtol=0,
        atol=1e-10,
    )


def test_a_satellite_obeys_kepler():
    epoch = np.array([2031.2])
    earth, satellite = geocentre(epoch), circular_orbit(epoch)
    radius = np.linalg.norm(satellite.position - earth.position) * ASTRONOMICAL_UNIT
    speed = np.linalg.norm(satellite.velocity - earth.velocity) * SPEED_OF_LIGHT
    expected = const.GM_earth.to_value(u.km**3 / u.s**2)
    # The turning of the plane adds 1.4 m/s to 7.5 km/s, at nearly a right angle.
    np.testing.assert_allclose(speed**2 * radius, expected, rtol=1e-4)


def test_the_orbit_keeps_to_the_boundary_of_day_and_night():
    # Over whole years the node follows the true Sun's right ascension, six hours ahead;
    # within a year the equation of time takes it off by up to 4.2 degrees.
    epochs = np.linspace(2031.0, 2033.0, 2000, endpoint=False)
    earth, satellite = geocentre(epochs), circular_orbit(epochs)
    normal = np.cross(
        satellite.position - earth.position, satellite.velocity - earth.velocity
    )
    node = np.arctan2(normal[:, 0], -normal[:, 1])
    time = Time(epochs, format="jyear", scale="tcb")
    sun, _ = get_body_barycentric_posvel("sun", time, ephemeris="builtin")
    x, y, _ = sun.xyz.to_value(u.au) - earth.position.T
    ahead = np.degrees(np.angle(np.exp(1j * (node - np.arctan2(y, x)))))
    assert abs(ahead.mean() - 90.0) < 0.6  # ICRS against the mean equinox of date: 0.4
    assert np.all(np.abs(ahead - ahead.mean()) < 4.5)


def test_inclination_makes_the_node_turn_once_a_tropical_year():
    # Sentinel-2, as published by ESA: period 100.6 min, inclination 98.62 deg.
    np.testing.assert_allclose(np.degrees(orbit_inclination(100.6)), 98.6, atol=0.1)
