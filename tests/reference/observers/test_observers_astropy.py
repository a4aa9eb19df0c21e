"""Observers against astropy and against what is known of sun-synchronous orbits."""

from collections.abc import Iterator

import astropy.constants as const
import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import EarthLocation, get_body_barycentric_posvel
from astropy.time import Time
from astropy.utils import iers

from accuracy import Accuracy
from reseau.constants import ARCSECOND, ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.observers import (
    Site,
    circular_orbit,
    delta_t,
    geocentre,
    open_ephemeris,
    orbit_inclination,
    site_states,
)

EPOCHS = np.linspace(1950.0, 2090.0, 57)
MEASURED = np.linspace(1972.01, 2025.9, 400)
"""Epochs at which the IERS measured the Earth's rotation and UTC had leap seconds."""

MICROARCSECOND = ARCSECOND * 1e-6
PARALLAX_OF_AN_ARCSECOND = 1e6  # µas of displacement an au

SITES = [
    Site(-29.2563, -70.738, 2380.0),
    Site(19.8238, -155.469, 4205.0),
    Site(0.0, 0.0, 0.0),
    Site(-89.99, 139.27, 2835.0),
    Site(78.23, 15.39, 500.0),
]


@pytest.fixture
def bundled_iers() -> Iterator[None]:
    """Let astropy use the same measurements, and fetch none."""
    with (
        iers.conf.set_temp("auto_download", False),
        iers.earth_orientation_table.set(iers.IERS_B.open()),
    ):
        yield


def moments(epochs: np.ndarray) -> Time:
    return Time(epochs, format="jyear", scale="tcb")


def location(site: Site, higher: float = 0.0) -> EarthLocation:
    return EarthLocation.from_geodetic(
        lat=site.latitude * u.deg,
        lon=site.longitude * u.deg,
        height=(site.height + higher) * u.m,
        ellipsoid="WGS84",
    )


@pytest.mark.parametrize("body", ["sun", "earth", "moon"])
def test_the_embedded_series_is_astropys(body: str, accuracy: Accuracy):
    time = moments(EPOCHS)
    position, velocity = get_body_barycentric_posvel(body, time, ephemeris="builtin")
    found = open_ephemeris("builtin").barycentric(body, EPOCHS)
    apart = np.linalg.norm(found[0] - position.xyz.to_value(u.au).T, axis=1)
    if body == "moon":  # of which astropy has no velocity here, and takes TT for TDB
        assert apart.max() * ASTRONOMICAL_UNIT < 0.003
        return
    slower = found[1] * SPEED_OF_LIGHT - velocity.xyz.to_value(u.km / u.s).T
    accuracy.record(
        section="Observer",
        term=f"embedded series, {body}, velocity, 1950 to 2090",
        authority="astropy",
        measured=np.abs(slower).max() / SPEED_OF_LIGHT / MICROARCSECOND,
        asked=1e-5,
        note="dates rounded to 0.6 µs",
    )
    assert apart.max() < 1e-12


@pytest.mark.usefixtures("bundled_iers")
def test_sites_are_astropys(accuracy: Accuracy):
    time, earth = moments(MEASURED), geocentre(MEASURED)
    place, velocity, zenith = [], [], []
    for site in SITES:
        expected, moving = location(site).get_gcrs_posvel(time)
        above, _ = location(site, higher=1e8).get_gcrs_posvel(time)
        state = site_states(MEASURED, site)
        place.append(
            (state.position - earth.position) * ASTRONOMICAL_UNIT
            - expected.xyz.to_value(u.km).T
        )
        velocity.append(
            state.velocity
            - earth.velocity
            - moving.xyz.to_value(u.km / u.s).T / SPEED_OF_LIGHT
        )
        up = (above - expected).xyz.to_value(u.km).T
        zenith.append(state.zenith - up / np.linalg.norm(up, axis=1)[:, None])
    record = {"section": "Observer", "authority": "astropy, same UT1"}
    farthest = np.abs(place).max() / ASTRONOMICAL_UNIT * PARALLAX_OF_AN_ARCSECOND
    accuracy.record(
        term="ground site, position, parallax 1″",
        measured=farthest,
        asked=1e-4,
        **record,
    )
    accuracy.record(
        term="ground site, velocity (diurnal aberration)",
        measured=np.abs(velocity).max() / MICROARCSECOND,
        asked=1e-3,
        **record,
    )
    accuracy.record(
        term="ground site, zenith",
        measured=np.abs(zenith).max() / MICROARCSECOND,
        asked=200.0,
        note="200 µas of the zenith are 0.1 µas of refraction",
        **record,
    )


def later_than_ours(epochs: np.ndarray) -> np.ndarray:
    """Return how much later UT1 is for astropy [s]."""
    time = moments(epochs)
    behind = (time.tt.jd1 - time.ut1.jd1) + (time.tt.jd2 - time.ut1.jd2)
    return delta_t(epochs) - behind * 86_400.0


@pytest.mark.usefixtures("bundled_iers")
def test_ut1_is_astropys(accuracy: Accuracy):
    record = {"section": "Observer", "authority": "astropy, IERS-B", "unit": "µs"}
    accuracy.record(
        term="UT1, 1972 to 2025",
        measured=np.abs(later_than_ours(MEASURED)).max() * 1e6,
        asked=0.01,
        note="1 µs is 2e-5 µas of diurnal aberration",
        **record,
    )
    # Before 1972 UTC drifted against TAI by up to 2.592 ms a day (1966 to 1971), which
    # `erfa.utcut1` counts from midnight on for TAI but not for UT1.
    early = later_than_ours(np.linspace(1966.1, 1971.9, 400))
    accuracy.record(
        term="UT1, 1966 to 1971",
        measured=np.abs(early).max() * 1e6,
        asked=None,
        note="ERFA takes TAI - UTC of midnight for the whole day: 2.6 ms by its end",
        **record,
    )
    day = (moments(np.linspace(1966.1, 1971.9, 400)).utc.mjd) % 1.0
    np.testing.assert_allclose(early, 2.592e-3 * day, rtol=0, atol=1e-6)


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
    np.testing.assert_allclose(orbit_inclination(100.6), 98.6, atol=0.1)
