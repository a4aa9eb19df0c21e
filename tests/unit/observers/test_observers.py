"""Observers: the geocentre and a sun-synchronous satellite."""

import numpy as np
import pytest

from reseau.constants import ASTRONOMICAL_UNIT, JULIAN_YEAR, SPEED_OF_LIGHT
from reseau.errors import ConfigError
from reseau.observers import (
    circular_orbit,
    geocentre,
    orbit_altitude,
    orbit_inclination,
)

EPOCHS = np.array([1950.3, 2000.0, 2031.2])


@pytest.mark.parametrize("state", [geocentre, circular_orbit])
def test_one_row_an_epoch(state):
    observer = state(EPOCHS)
    assert observer.position.shape == observer.velocity.shape == (3, 3)
    assert np.all(np.abs(np.linalg.norm(observer.position, axis=1) - 1.0) < 0.03)


@pytest.mark.parametrize(("state", "step"), [(geocentre, 60.0), (circular_orbit, 5.0)])
def test_velocity_is_the_derivative_of_position(state, step):
    epochs = 2000.0 + np.array([-1.0, 0.0, 1.0]) * step / JULIAN_YEAR
    observer = state(epochs)
    moved = (observer.position[2] - observer.position[0]) * ASTRONOMICAL_UNIT
    velocity = observer.velocity[1] * SPEED_OF_LIGHT
    # km/s: the rounding of epochs to 7 microseconds and the orbit's curvature.
    np.testing.assert_allclose(moved / (2 * step), velocity, atol=2e-4)


def test_satellite_stays_at_its_height_and_returns_after_a_period():
    minutes = np.linspace(0.0, 100.0, 51)
    epochs = 2000.0 + minutes * 60.0 / JULIAN_YEAR
    satellite, earth = circular_orbit(epochs, period=100.0), geocentre(epochs)
    relative = (satellite.position - earth.position) * ASTRONOMICAL_UNIT
    radius = np.linalg.norm(relative, axis=1)
    np.testing.assert_allclose(radius, 6378.1366 + orbit_altitude(100.0), rtol=1e-9)
    # In one revolution the node turns by 0.07 degrees: that is 9 km.
    assert np.linalg.norm(relative[-1] - relative[0]) < 10.0
    assert np.linalg.norm(relative[25] + relative[0]) < 10.0


def test_phase_turns_the_satellite_along_its_orbit():
    epoch = np.array([2031.2])
    here = circular_orbit(epoch).position - geocentre(epoch).position
    there = circular_orbit(epoch, phase=180.0).position - geocentre(epoch).position
    np.testing.assert_allclose(here, -there, atol=1e-15)


@pytest.mark.parametrize("epoch", [np.nan, 1899.0, 2101.0, 2_451_545.0])
def test_epochs_that_the_series_does_not_cover_are_refused(epoch):
    with pytest.raises(ConfigError, match=r"1 epoch outside of 1900 to 2100"):
        geocentre(np.array([2000.0, epoch]))


@pytest.mark.parametrize("period", [np.nan, -1.0, 0.0, 84.0, 230.0])
def test_periods_without_a_sun_synchronous_orbit_are_refused(period):
    with pytest.raises(ConfigError, match="a period of"):
        orbit_inclination(period)
