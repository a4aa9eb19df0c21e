"""Bodies around an observer: instants, sizes, and what is refused."""

import numpy as np
import pytest

from reseau.constants import ARCSECOND, ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import ConfigError, ShapeError
from reseau.observers import (
    BODIES,
    SOLAR_SYSTEM,
    EphemerisRangeError,
    circular_orbit,
    deflecting_bodies,
    geocentre,
    open_ephemeris,
)

EPOCH = np.array([2016.0, 2024.5, 2031.2])
YEARS_PER_AU = 499.004784 / 31_557_600.0  # light time, from the IAU's au and c


def test_every_body_has_its_constants():
    assert tuple(BODIES) == SOLAR_SYSTEM
    oblate = [b.equatorial_oblateness() for b in BODIES.values()]
    assert 0 < min(oblate) < max(oblate) < 0.02


# Klioner 2003, AJ 125, 1580: deflection of a ray that grazes the limb [mas].
GRAZING = {
    "sun": 1750.0,
    "mercury": 0.083,
    "venus": 0.493,
    "earth": 0.574,
    "moon": 0.026,
    "mars": 0.116,
    "jupiter": 16.270,
    "saturn": 5.780,
    "uranus": 2.080,
    "neptune": 2.533,
}


@pytest.mark.parametrize("name", SOLAR_SYSTEM)
def test_deflection_at_the_limb_is_as_published(name):
    body = BODIES[name]
    grazing = 4 * body.mass() * ASTRONOMICAL_UNIT / body.radius
    np.testing.assert_allclose(grazing / ARCSECOND * 1000.0, GRAZING[name], rtol=0.02)


def test_leaves_have_exposures_first_and_bodies_next():
    found = deflecting_bodies(
        SOLAR_SYSTEM, EPOCH, circular_orbit(EPOCH).position, ephemeris="de440"
    )
    assert found.position.shape == found.pole.shape == (3, 10, 3)
    assert found.mass.shape == found.radius.shape == found.oblateness.shape == (3, 10)
    np.testing.assert_allclose(np.linalg.norm(found.pole, axis=-1), 1.0, rtol=1e-14)


@pytest.mark.parametrize("name", ["sun", "venus", "jupiter", "neptune"])
def test_a_body_is_where_it_was_a_light_time_ago(name):
    source, observer = open_ephemeris("de440"), geocentre(EPOCH, ephemeris="de440")
    found = deflecting_bodies([name], EPOCH, observer.position, ephemeris="de440")
    vector = found.position[:, 0]
    ago = np.linalg.norm(vector, axis=1) * YEARS_PER_AU
    then, _ = source.barycentric(name, EPOCH - ago)
    # Two iterations leave (v/c)² of the distance; a year in 64 bits is 7 µs.
    np.testing.assert_allclose(vector, then - observer.position, rtol=0, atol=2e-12)
    now, _ = source.barycentric(name, EPOCH)
    moved = np.linalg.norm(vector + observer.position - now, axis=1)
    speed = np.linalg.norm(source.barycentric(name, EPOCH)[1], axis=1)
    np.testing.assert_allclose(moved / ago * YEARS_PER_AU, speed, rtol=0.01)


def test_the_earth_is_where_it_is():
    satellite, earth = circular_orbit(EPOCH), geocentre(EPOCH)
    found = deflecting_bodies(["earth"], EPOCH, satellite.position)
    np.testing.assert_array_equal(
        found.position[:, 0], earth.position - satellite.position
    )


def test_the_suns_potential_is_that_of_its_escape_velocity():
    found = deflecting_bodies(["sun"], EPOCH, geocentre(EPOCH).position)
    potential = found.mass[:, 0] / np.linalg.norm(found.position[:, 0], axis=-1)
    escape = np.sqrt(2 * potential) * SPEED_OF_LIGHT
    np.testing.assert_allclose(escape, 42.12, rtol=0.01)  # km/s, at one au


def test_bodies_are_known_to_the_ends_of_an_ephemeris():
    source = open_ephemeris("de440")
    ends = np.array([source.first, source.last])
    position = geocentre(ends, ephemeris=source).position
    found = deflecting_bodies(["neptune"], ends, position, ephemeris=source)
    assert np.isfinite(found.position).all()
    with pytest.raises(EphemerisRangeError):
        deflecting_bodies(["sun"], ends - 1.0, position, ephemeris=source)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["sun", "jupter"], r"'jupter'(.|\n)*did you mean 'jupiter'"),
        (["sun", "sun"], r"bodies named twice: sun"),
        ([], r"no body"),
        (["jupiter"], r"pip install 'reseau\[ephemeris\]'"),
        (["earth"], r"0 km from the centre of the body 'earth'(.|\n)*rows 0, 1, 2"),
    ],
)
def test_what_is_refused(names, message):
    with pytest.raises(ConfigError, match=message):
        deflecting_bodies(names, EPOCH, geocentre(EPOCH).position)


def test_positions_must_fit_the_epochs():
    with pytest.raises(ShapeError, match=r"3 epochs and positions of shape \(2, 3\)"):
        deflecting_bodies(["sun"], EPOCH, np.ones((2, 3)))
