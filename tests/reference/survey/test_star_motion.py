"""Motion of a survey's sources against astropy, ERFA, SciPy, and formulae not ours."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, get_body_barycentric
from astropy.time import Time
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.spatial.transform import Rotation

from alarm import normal_bound
from reseau.observers import TableObserver, geocentre
from reseau.survey.accelerations import draw_accelerations
from reseau.survey.binaries import (
    Orbits,
    draw_orbits,
    eccentric_anomaly,
    orbit_offset,
    thiele_innes,
)
from reseau.survey.lenses import Lenses, draw_lenses, lensed_offset, magnification
from reseau.survey.population import BINARY, SINGLE, population
from reseau.survey.star_config import StarsConfig
from reseau.survey.star_motion import directions, magnitudes, plate_directions

MICROARCSECOND = np.radians(1e-6 / 3600.0)
MAS = np.radians(1e-3 / 3600.0)
LIGHT = 63241.07708426628  # au/yr, of the light year in au (IAU)
EPOCHS = np.array([2031.2, 2031.7, 2033.1])


@pytest.fixture(scope="module")
def observers():
    return geocentre(EPOCHS).position


@pytest.fixture(scope="module")
def stars():
    config = StarsConfig(
        count=400,
        artificial=20,
        binary_fraction=0.3,
        accelerated_fraction=0.2,
        lensed_fraction=0.2,
        bodies=["moon"],
    )
    return population(config, None, np.random.default_rng(3))


@pytest.fixture(scope="module")
def seen(stars, observers):
    return directions(stars, EPOCHS, observers)


def astropys(stars, rows, epochs, observers):
    """Return astropy's space motion, seen from the observers at the Roemer time."""
    sky = SkyCoord(
        stars.ra[rows] * u.deg,
        stars.dec[rows] * u.deg,
        distance=(stars.parallax[rows] * u.mas).to(u.pc, u.parallax()),
        pm_ra_cosdec=stars.pmra[rows] * u.mas / u.yr,
        pm_dec=stars.pmdec[rows] * u.mas / u.yr,
        radial_velocity=stars.radial_velocity[rows] * u.km / u.s,
        obstime=Time(stars.ref_epoch, format="jyear", scale="tcb"),
    )
    start = sky.cartesian.xyz.value.T
    start = start / np.linalg.norm(start, axis=1, keepdims=True)
    found = np.empty((len(rows), len(epochs), 3))
    for k, (epoch, place) in enumerate(zip(epochs, observers, strict=True)):
        arrival = epoch + start @ place / LIGHT
        moved = sky.apply_space_motion(Time(arrival, format="jyear", scale="tcb"))
        towards = moved.cartesian.xyz.to_value(u.au).T - place
        found[:, k] = towards / np.linalg.norm(towards, axis=1, keepdims=True)
    return found


def test_single_stars_are_astropys_space_motion(stars, seen, observers):
    rows = np.flatnonzero((stars.kind == SINGLE) & ~stars.artificial)
    wanted = astropys(stars, rows, EPOCHS, observers)
    worst = np.linalg.norm(seen[rows] - wanted, axis=-1).max() / MICROARCSECOND
    assert worst < 0.02


def test_artificial_sources_do_not_move(stars, seen):
    rows = np.flatnonzero(stars.artificial)
    assert np.abs(seen[rows] - seen[rows, :1]).max() < 1e-15


def test_other_kinds_are_off_by_their_offsets(stars, seen, observers):
    rows = stars.orbits.row
    plain = astropys(stars, rows, EPOCHS, observers)
    # East and North of the direction itself, by differences.
    north = np.array([0.0, 0.0, 1.0]) - plain * plain[..., 2:]
    north /= np.linalg.norm(north, axis=-1, keepdims=True)
    east = np.cross(north, plain)
    moved = seen[rows] - plain
    found = np.stack([np.sum(moved * e, -1) for e in (east, north)], axis=-1) / MAS
    time = np.repeat(EPOCHS[None], len(rows), axis=0)
    # Roemer's delay, up to 8 min, matters little to orbits of 0.2 yr and more.
    allowed = 2e-3 + 1e-3 * np.abs(orbit_offset(stars.orbits, time))
    assert np.all(np.abs(found - orbit_offset(stars.orbits, time)) < allowed)
    assert np.abs(found).max() > 0.1


def test_keplers_equation_is_brents_root():
    rng = np.random.default_rng(1)
    mean = np.append(rng.uniform(-10.0, 10.0, 300), [0.0, np.pi, -np.pi, 1e-9])
    e = np.append(rng.uniform(0.0, 0.999, 300), [0.9, 0.5, 0.99, 0.999])
    found = eccentric_anomaly(mean, e)
    wanted = [
        brentq(lambda x, m=m, e=e: x - e * np.sin(x) - m, m - 1.1, m + 1.1, xtol=1e-14)
        for m, e in zip(mean, e, strict=True)
    ]
    assert np.abs(found - wanted).max() < 1e-13


def test_orbits_are_newtons_turned_by_scipys_rotations():
    # Newton's law integrated in the plane of the orbit, then turned by three rotations
    # in axes of North, East and away from us.
    rng = np.random.default_rng(2)
    n, worst = 5, 0.0
    period, e = rng.uniform(1.0, 20.0, n), rng.uniform(0.1, 0.8, n)
    inclination, node, arg = rng.uniform(0.0, 3.0, (3, n))
    size = rng.uniform(0.5, 3.0, n)
    constants = thiele_innes(size, inclination=inclination, node=node, periastron=arg)
    start = rng.uniform(2010.0, 2020.0, n)
    orbits = Orbits(np.arange(n), period, e, start, constants)
    elapsed = np.linspace(0.0, 25.0, 40)
    found = orbit_offset(orbits, start[:, None] + elapsed)
    for k in range(n):
        pull = 4.0 * np.pi**2 * size[k] ** 3 / period[k] ** 2
        near = size[k] * (1.0 - e[k])
        fastest = np.sqrt(pull / size[k] * (1.0 + e[k]) / (1.0 - e[k]))

        def newton(_, state, pull=pull):
            return [
                *state[2:],
                *(-pull * state[:2] / np.hypot(state[0], state[1]) ** 3),
            ]

        path = solve_ivp(
            newton,
            (0.0, 25.0),
            [near, 0.0, 0.0, fastest],
            method="DOP853",
            t_eval=elapsed,
            rtol=1e-12,
            atol=1e-14,
        ).y[:2]
        turn = Rotation.from_euler("ZXZ", [node[k], inclination[k], arg[k]])
        plane = np.stack([*path, np.zeros(len(elapsed))], axis=-1)
        north, east, _ = turn.apply(plane).T
        worst = max(worst, np.abs(found[k] - np.stack([east, north], -1)).max())
    # mas: integration is good to 1e-9 of them.
    assert worst < 1e-8


def test_orbits_obey_keplers_third_law_of_the_drawn_masses():
    rng = np.random.default_rng(4)
    orbits = draw_orbits(rng, np.arange(20_000), np.full(20_000, 2.0))
    a, b, f, g = orbits.constants.T
    # Semi-major axis from the constants (Halbwachs et al. 2023, A&A 674, A9, app. A).
    p, q = 0.5 * (a**2 + b**2 + f**2 + g**2), a * g - b * f
    size = np.sqrt(p + np.sqrt(p**2 - q**2)) / 2.0  # au
    # The light's centre turns at most on a star's own share of the separation: masses
    # of at most 2 solar ones, half of the separation each.
    separation = (2.0 * orbits.period**2) ** (1.0 / 3.0)
    assert np.all(size < 0.5 * separation)
    assert np.all((orbits.period > 0.2 - 1e-12) & (orbits.period < 200.0 + 1e-9))
    # Isotropic: cos i = q / size² is uniform.
    cosine = q / (size * 2.0) ** 2
    assert abs(cosine.mean()) < normal_bound() / np.sqrt(3.0 * len(cosine))
    assert abs(np.mean(cosine**2) - 1.0 / 3.0) < normal_bound() * np.sqrt(
        4.0 / 45.0 / len(cosine)
    )


def test_accelerations_bend_the_path_by_half_of_them_a_year():
    config = StarsConfig(count=50, accelerated_fraction=1.0)
    stars = population(config, None, np.random.default_rng(7))
    epochs = np.array([2030.0, 2031.0, 2032.0])
    seen = directions(stars, epochs, np.zeros((3, 3)))
    bent = (seen[:, 0] - 2.0 * seen[:, 1] + seen[:, 2]) / MAS
    east = np.stack([-np.sin(np.radians(stars.ra)), np.cos(np.radians(stars.ra))], -1)
    found = np.sum(bent[:, :2] * east, axis=-1)
    # Perspective acceleration, 2 μ v ϖ / A, is below 1e-4 mas/yr² in the field.
    np.testing.assert_allclose(found, stars.accelerations.size[:, 0], atol=2e-4)
    strong = np.abs(stars.accelerations.size).max()
    assert strong > 2e-3
    # Two solar masses' pull at 15 au and the parallax are the most there can be.
    pull = 1.5 * 6.674e-11 * 1.989e30 / (15.0 * 1.496e11) ** 2  # m/s²
    most = pull * 3.156e7**2 / 1.496e11  # au/yr²
    many = draw_accelerations(
        np.random.default_rng(1), np.arange(10_000), np.ones(10_000), 2016.0
    )
    size = np.linalg.norm(many.size, axis=1).max()
    assert 0.5 * most < size < 1.001 * most


def test_lenses_are_the_two_images_of_the_lens_equation():
    rng = np.random.default_rng(5)
    lenses = draw_lenses(rng, np.arange(200), 2031.0, 2034.0)
    time = rng.uniform(2029.0, 2036.0, (200, 6))
    source = (
        lenses.place[:, None]
        + (time - lenses.epoch[:, None])[..., None] * lenses.motion[:, None]
    )
    beta, radius = np.linalg.norm(source, axis=-1), lenses.radius[:, None]
    # θ = β + θ_E²/θ has two roots; each image is magnified by dθ/dβ θ/β.
    images = np.stack(
        [0.5 * (beta + s * np.hypot(beta, 2.0 * radius)) for s in (1, -1)]
    )
    light = 1.0 / np.abs(1.0 - (radius / images) ** 4)
    centre = np.sum(light * images, axis=0) / np.sum(light, axis=0)
    wanted = ((centre - beta) / beta)[..., None] * source
    error = np.abs(lensed_offset(lenses, time) - wanted).max()
    assert error < 1e-12
    np.testing.assert_allclose(magnification(lenses, time), np.sum(light, axis=0))
    # Largest displacement: θ_E / √8 at u = √2 (Dominik & Sahu 2000, ApJ 534, 213).
    one = Lenses(
        *(np.array([v]) for v in (0, 2031.0, 1.0)), *np.array([[[0.0, 2**0.5]]] * 2)
    )
    np.testing.assert_allclose(
        np.linalg.norm(lensed_offset(one, np.array([[2031.0]]))), 8.0**-0.5
    )


def test_only_lensed_stars_change_brightness(stars):
    found = magnitudes(stars, EPOCHS)
    lensed = np.zeros(len(stars), dtype=bool)
    lensed[stars.lenses.row] = True
    assert np.all(found[~lensed] == stars.phot_hw_mag[~lensed, None])
    assert np.all(found[lensed] < stars.phot_hw_mag[lensed, None])


def test_the_moon_is_where_its_light_left_it(stars, seen, observers):
    worst = 0.0
    for epoch, place, found in zip(
        EPOCHS, observers, seen[stars.bodies.row[0]], strict=True
    ):

        def towards(delay, epoch=epoch, place=place):
            time = Time(epoch, -delay, format="jyear", scale="tcb")
            return get_body_barycentric("moon", time).xyz.to_value(u.au) - place

        def late(delay, towards=towards):
            return np.linalg.norm(towards(delay)) - LIGHT * delay

        wanted = towards(brentq(late, 0.0, 1e-5, xtol=1e-14))
        wanted /= np.linalg.norm(wanted)
        worst = max(worst, np.linalg.norm(found - wanted))
    # A year in 64 bits is known to 7 µs, in which the Moon moves 4 µas against Earth.
    assert worst < 10.0 * MICROARCSECOND


def test_a_body_of_a_table_is_seen_late():
    # On a circle of 2.5 au; light needs 12 to 29 min, in which it moves by 8″ to 19″.
    year = np.linspace(2030.0, 2034.0, 3000)
    rate = 2.0 * np.pi / 2.5**1.5

    def place(time):
        angle = rate * (time - 2030.0)
        return 2.5 * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)

    angle = rate * (year - 2030.0)
    speed = 2.5 * rate / LIGHT
    velocity = speed * np.stack([-np.sin(angle), np.cos(angle), 0.0 * angle], axis=-1)
    table = TableObserver(year, place(year), velocity)
    config = StarsConfig(count=1, bodies=["asteroid"])
    stars = population(
        config, None, np.random.default_rng(1), tables={"Asteroid": table}
    )
    observers = geocentre(EPOCHS).position
    found = directions(stars, EPOCHS, observers)[stars.bodies.row[0]]
    for epoch, observer, seen in zip(EPOCHS, observers, found, strict=True):

        def late(delay, epoch=epoch, observer=observer):
            gone = np.linalg.norm(place(epoch - delay) - observer)
            return gone - LIGHT * delay

        delay = brentq(late, 0.0, 1e-3, xtol=1e-16)
        wanted = place(epoch - delay) - observer
        wanted /= np.linalg.norm(wanted)
        assert np.linalg.norm(seen - wanted) < 100.0 * MICROARCSECOND
        without = place(epoch) - observer
        without /= np.linalg.norm(without)
        assert np.linalg.norm(seen - without) > 1e6 * MICROARCSECOND


def test_held_stars_are_seen_at_the_mean_epoch_and_observer(stars, observers):
    held = plate_directions(stars, EPOCHS, observers, motion="held")
    assert held.shape == (len(stars), 1, 3)
    wanted = directions(stars, EPOCHS.mean(keepdims=True), observers.mean(0)[None])
    np.testing.assert_array_equal(held, wanted)
    moving = plate_directions(stars, EPOCHS, observers, motion="moving")
    np.testing.assert_array_equal(moving, directions(stars, EPOCHS, observers))


def test_parts_are_seen_where_the_whole_is(stars, seen, observers):
    rows = np.random.default_rng(9).permutation(len(stars))[:150]
    part = directions(stars.taken(rows), EPOCHS, observers)
    np.testing.assert_allclose(part, seen[rows], atol=1e-15)
    assert np.isin(stars.kind[rows], [BINARY]).any()
