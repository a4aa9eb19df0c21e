"""Sites on the ground, and the Earth's rotation where nobody has measured it."""

import logging
import warnings

import numpy as np
import pytest

from reseau.constants import ARCSECOND, ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import ConfigError
from reseau.observers import Site, delta_t, earth_rotation, geocentre, site_states

EPOCHS = np.array([1900.0, 1955.5, 1962.5, 2000.0, 2024.5, 2050.0, 2099.9])


def test_a_site_turns_with_the_earth_below_its_zenith():
    equator = Site(0.0, 30.0, 0.0)
    earth, state = geocentre(EPOCHS), site_states(EPOCHS, equator)
    place = (state.position - earth.position) * ASTRONOMICAL_UNIT
    moving = (state.velocity - earth.velocity) * SPEED_OF_LIGHT
    np.testing.assert_allclose(np.linalg.norm(place, axis=1), 6378.137, atol=1e-4)
    # The angular velocity of the IERS, 7.292115e-5 rad/s.
    speed = 7.292115e-5 * 6378.137
    np.testing.assert_allclose(np.linalg.norm(moving, axis=1), speed, rtol=1e-6)
    np.testing.assert_allclose(
        np.sum(place * state.zenith, axis=1), 6378.137, rtol=1e-10
    )
    np.testing.assert_allclose(np.linalg.norm(state.zenith, axis=1), 1.0, rtol=1e-14)
    assert np.abs(np.sum(moving * place, axis=1)).max() < 1e-8


def test_a_pole_stays_and_looks_along_the_axis():
    state = site_states(EPOCHS, Site(90.0, 0.0, 0.0))
    moving = (state.velocity - geocentre(EPOCHS).velocity) * SPEED_OF_LIGHT
    # Polar motion, below 0.6″, lets the geographical pole go about by 1.3 mm/s.
    assert np.linalg.norm(moving, axis=1).max() < 1.4e-6
    axis = earth_rotation(EPOCHS).axis
    apart = np.linalg.norm(np.cross(state.zenith, axis), axis=1)
    assert apart.max() < 0.6 * ARCSECOND
    assert apart[3] > 0.0  # of 2000, where the pole's motion is known


def test_east_is_where_a_site_goes_and_height_is_upwards():
    epoch = np.array([2024.5])
    here, there = (site_states(epoch, Site(-29.0, -70.0, h)) for h in (0.0, 5000.0))
    up = (there.position - here.position)[0] * ASTRONOMICAL_UNIT
    np.testing.assert_allclose(up, 5.0 * here.zenith[0], atol=1e-7)
    eastern = site_states(epoch, Site(-29.0, -69.9, 0.0))
    moving = here.velocity - geocentre(epoch).velocity
    assert np.sum(moving * (eastern.position - here.position)) > 0


def test_longitude_may_be_given_from_0_to_360():
    epoch = np.array([2024.5])
    west, east = (site_states(epoch, Site(10.0, lon, 0.0)) for lon in (-70.0, 290.0))
    np.testing.assert_allclose(west.zenith, east.zenith, atol=1e-15)


def test_dates_without_data_are_logged_not_warned_of(caplog):
    site = Site(-29.0, -70.0, 2400.0)
    with caplog.at_level(logging.INFO, "reseau.observers.rotation"):
        site_states(np.array([2000.0]), site)
        assert not caplog.records
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            site_states(EPOCHS, site)
    assert [r.levelname for r in caplog.records] == ["INFO"]
    assert caplog.records[0].getMessage().startswith("4 epochs")


def test_the_reckoning_of_ut1_goes_over_into_the_measured_one():
    # On 1962-01-01 the polynomials meet the IERS's series, and from one to another.
    for year in (1920.0, 1941.0, 1961.0, 1962.0):
        before, after = delta_t(year + np.array([-0.01, 0.01]))
        assert abs(after - before) < 0.3
    assert delta_t(np.array([1900.0])) == pytest.approx(-2.79, abs=0.01)
    # As published: 63.83 s on 2000-01-01, 69.18 s on 2024-01-01.
    known = delta_t(np.array([2000.0, 2024.0]))
    np.testing.assert_allclose(known, [63.83, 69.18], atol=0.01)
    late = delta_t(np.array([2040.0, 2099.0]))
    assert late[0] == late[1]


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ((91.0, 0.0, 0.0), r"latitude = 91 deg(.|\n)*from -90 to 90 deg"),
        ((0.0, 361.0, 0.0), r"longitude = 361 deg(.|\n)*from -180 to 360"),
        ((0.0, 0.0, 30_000.0), r"height = 30000 m(.|\n)*from -500 to 20000 m"),
        ((np.nan, 0.0, 0.0), "latitude = nan"),
    ],
)
def test_impossible_sites_are_refused(site, message):
    with pytest.raises(ConfigError, match=message):
        Site(*site)
