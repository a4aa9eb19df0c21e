"""Light deflection against ERFA and against published sizes."""

import astropy.constants as const
import astropy.units as u
import erfa
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from reseau.constants import ASTRONOMICAL_UNIT, MILLIARCSECOND
from reseau.records import Bodies
from reseau.sky import deflect, deflection_angle, undeflect

MICROARCSECOND = MILLIARCSECOND / 1000

# GM/c² of the Sun [au]: half of ERFA's Schwarzschild radius (eraLd, SRS).
SUN = 1.97412574336e-8 / 2

# Mass [solar], equatorial radius [km], J₂, place as seen from the Earth [au]; masses
# and shapes from JPL's tables of physical parameters and gravity fields.
_TABLE = {
    "Saturn": (2.858860e-4, 60268.0, 16290.6e-6, (7.7, 5.0, 1.7)),
    "Jupiter": (9.547919e-4, 71492.0, 14696.5e-6, (-3.1, 3.5, 1.6)),
    "Sun": (1.0, 695700.0, 0.0, (0.62, -0.70, -0.31)),
    "Moon": (3.694303e-8, 1738.1, 0.0, (1.7e-3, 1.8e-3, 7e-4)),
}
_POLES = {"Saturn": (40.589, 83.537), "Jupiter": (268.057, 64.495)}


def _pole(name):
    ra, dec = np.deg2rad(_POLES.get(name, (0.0, 90.0)))
    return [np.cos(ra) * np.cos(dec), np.sin(ra) * np.cos(dec), np.sin(dec)]


def _bodies(*names, oblate=True, distance=None):
    """Return bodies, farthest first; at a distance on their line of sight if given."""
    rows = [_TABLE[name] for name in names]
    place = np.array([row[3] for row in rows])
    if distance is not None:
        place = place / np.linalg.norm(place, axis=1, keepdims=True) * distance
    return Bodies(
        position=place,
        mass=np.array([row[0] for row in rows]) * SUN,
        radius=np.array([row[1] for row in rows]) / ASTRONOMICAL_UNIT,
        oblateness=np.array([row[2] * oblate for row in rows]),
        pole=np.array([_pole(name) for name in names]),
    )


def _normalised(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _stars(bodies, n=10_000, seed=0):
    """Return stars all over the sky, many close to each limb and many opposite to it.

    None is hidden by a body.
    """
    rng = np.random.default_rng(seed)
    toward = np.repeat(_normalised(bodies.position), n // 8, axis=0)
    limb = bodies.radius / np.linalg.norm(bodies.position, axis=-1)
    angle = np.arcsin(
        np.repeat(limb, n // 8) * 10 ** rng.uniform(1e-6, 2.0, len(toward))
    )[:, None]
    side = rng.choice([-1.0, 1.0], size=(len(toward), 1))
    aside = _normalised(np.cross(toward, rng.normal(size=toward.shape)))
    special = np.cos(angle) * side * toward + np.sin(angle) * aside
    stars = _normalised(np.vstack([special, rng.normal(size=(n, 3))]))
    return stars[~_hidden(stars, bodies)][:n]


def _hidden(stars, bodies):
    across = np.cross(stars[:, None], bodies.position)
    behind = stars @ bodies.position.T > 0
    return np.any(behind & (np.linalg.norm(across, axis=-1) < bodies.radius), axis=1)


def _largest(found, wanted):
    """Return the largest angle between vectors nearly along each other [µas]."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    difference = found - wanted
    across = difference - np.sum(difference * found, axis=-1, keepdims=True) * found
    return float(np.linalg.norm(across, axis=-1).max() / MICROARCSECOND)


def _erfa_ldn(bodies, stars):
    """Return ERFA's directions.

    The bodies are at rest: ERFA would move them to where they were when the light
    passed, which is the caller's here. Its limiter is set to act within the discs only.
    """
    rows = np.zeros(len(bodies.mass), dtype=erfa.dt_eraLDBODY)
    rows["bm"] = bodies.mass / SUN
    rows["dl"] = (bodies.radius / np.linalg.norm(bodies.position, axis=-1)) ** 2 / 2.5
    rows["pv"]["p"] = bodies.position
    return erfa.ldn(rows, np.zeros(3), stars)


def test_four_bodies_are_erfas(accuracy):
    """Sun, Jupiter, Saturn and Moon together, and stars grazing each.

    ERFA lets each body bend what the one before has bent, in the order of the light's
    way; the bodies here act independently, which with this order is the same to well
    below the tolerance.
    """
    bodies = _bodies("Saturn", "Jupiter", "Sun", "Moon", oblate=False)
    stars = _stars(bodies)
    accuracy.record(
        section="Light deflection",
        term="Sun, Jupiter, Saturn and Moon, 10⁴ stars, on limbs and opposite",
        authority="ERFA ldn",
        asked=0.01,
        measured=_largest(jax.jit(deflect)(stars, bodies), _erfa_ldn(bodies, stars)),
    )


@pytest.mark.parametrize("name", list(_TABLE))
def test_one_body_is_erfas(name, accuracy):
    bodies = _bodies(name, oblate=False)
    stars = _stars(bodies, seed=1)
    place = bodies.position[0]
    distance = np.linalg.norm(place)
    wanted = erfa.ld(
        bodies.mass[0] / SUN, stars, stars, -place / distance, distance, 1e-12
    )
    accuracy.record(
        section="Light deflection",
        term=f"{name}, 10⁴ stars, on the limb and opposite",
        authority="ERFA ld",
        asked=0.01,
        measured=_largest(jax.jit(deflect)(stars, bodies), wanted),
    )


def test_the_sun_is_erfas(accuracy):
    bodies = _bodies("Sun")
    stars = _stars(bodies, seed=2)
    distance = np.linalg.norm(bodies.position[0])
    # ERFA's limiter acts within 292″ of the Sun's centre, where nothing is seen.
    wanted = erfa.ldsun(stars, -bodies.position[0] / distance, distance)
    accuracy.record(
        section="Light deflection",
        term="Sun, 10⁴ stars, on the limb and opposite",
        authority="ERFA ldsun",
        asked=0.01,
        measured=_largest(jax.jit(deflect)(stars, bodies), wanted),
    )


def test_order_of_bodies_is_erfas_second_order(accuracy):
    """What ERFA's order of bodies changes is of the order that both neglect."""
    bodies = _bodies("Saturn", "Jupiter", "Sun", oblate=False)
    turned = jax.tree.map(lambda leaf: leaf[::-1], bodies)
    stars = _stars(bodies)
    forth, back = _erfa_ldn(bodies, stars), _erfa_ldn(turned, stars)
    ours = jax.jit(deflect)
    assert _largest(ours(stars, bodies), ours(stars, turned)) < 1e-4
    measured = _largest(forth / np.linalg.norm(forth, axis=-1, keepdims=True), back)
    assert 0.1 < measured < 10
    accuracy.record(
        section="Light deflection",
        term="Sun first in place of last, stars on the limbs of planets",
        authority="ERFA ldn against itself",
        asked=None,
        measured=measured,
        note="ERFA bends one after the other; here bodies act independently",
    )


@pytest.mark.parametrize("reach", [0.3, 2.0, 30.0, 1e5])
@pytest.mark.parametrize("name", ["Sun", "Jupiter"])
def test_sources_at_a_distance_are_erfas(name, reach, accuracy):
    """Sources before, beside and beyond the body."""
    bodies = _bodies(name, oblate=False)
    place = bodies.position[0]
    distance = np.linalg.norm(place)
    stars = _stars(bodies, seed=3)
    sources = reach * stars
    beyond = _normalised(sources - place)
    wanted = erfa.ld(
        bodies.mass[0] / SUN, stars, beyond, -place / distance, distance, 1e-12
    )
    found = jax.jit(deflect)(stars, bodies, source=sources)
    accuracy.record(
        section="Light deflection",
        term=f"{name}, sources at {reach:g} au",
        authority="ERFA ld",
        asked=0.01,
        measured=_largest(found, wanted),
    )


def test_very_far_is_infinity():
    bodies = _bodies("Saturn", "Jupiter", "Sun", "Moon")
    stars = _stars(bodies, seed=4)
    far = jax.jit(deflect)(stars, bodies, source=1e13 * stars)
    assert _largest(far, jax.jit(deflect)(stars, bodies)) < 1e-3


def _published():
    """Klioner 2003, AJ 125, 1580, table 1: on the limb, and its last digit [µas]."""
    sun, jupiter, saturn = const.R_sun, 71492 * u.km, 60268 * u.km
    yield "Sun", 1.0, sun, 1.75e6, 5e3
    yield "Jupiter", 4.2, jupiter, 16270.0, 10.0
    yield "Saturn", 8.5, saturn, 5780.0, 10.0


@pytest.mark.parametrize("row", list(_published()), ids=lambda row: row[0])
def test_published_sizes_on_the_limb(row, accuracy):
    name, distance, radius, wanted, rounding = row
    mass = _TABLE[name][0] * SUN
    limb = np.arcsin(radius.to_value(u.au) / distance)
    found = float(deflection_angle(limb, distance, mass)) / MICROARCSECOND
    accuracy.record(
        section="Light deflection",
        term=f"{name}, limb, {wanted:g} µas",
        authority="Klioner 2003, table 1",
        asked=rounding,
        measured=abs(found - wanted),
        note="asked: the last printed digit",
    )


def test_sun_at_a_right_angle(accuracy):
    mass = (const.G * const.M_sun / const.c**2).to_value(u.au)
    found = float(deflection_angle(np.pi / 2, 1.0, mass)) / MILLIARCSECOND
    accuracy.record(
        section="Light deflection",
        term="Sun at 90°, 4.07 mas",
        authority="published size",
        asked=0.005,
        measured=abs(found - 4.07),
        unit="mas",
    )


def _oblate_part(name, distance, angle):
    """Return the quadrupole's bending at the limb, at an angle from the axis [µas].

    The axis lies across the line of sight; components away from the body and along the
    limb.
    """
    bodies = _bodies(name, distance=distance)
    toward = bodies.position[0] / distance
    pole = _normalised(np.cross(toward, [0.3, -0.5, 0.6]))
    bodies = Bodies(
        bodies.position, bodies.mass, bodies.radius, bodies.oblateness, pole[None]
    )
    sphere = Bodies(
        bodies.position, bodies.mass, bodies.radius, np.zeros(1), pole[None]
    )
    out = np.cos(angle) * pole + np.sin(angle) * np.cross(toward, pole)
    limb = np.arcsin(bodies.radius[0] / distance * (1 + 1e-12))
    star = np.cos(limb) * toward + np.sin(limb) * out
    difference = np.asarray(deflect(star, bodies) - deflect(star, sphere))
    along = np.cross(toward, out)
    return np.array([difference @ out, difference @ along]) / MICROARCSECOND


@pytest.mark.parametrize(
    ("name", "distance", "wanted"), [("Jupiter", 4.2, 240.0), ("Saturn", 8.5, 95.0)]
)
def test_published_sizes_of_the_quadrupole(name, distance, wanted, accuracy):
    angles = np.linspace(0, 2 * np.pi, 73)
    sizes = [np.linalg.norm(_oblate_part(name, distance, a)) for a in angles]
    accuracy.record(
        section="Light deflection",
        term=f"{name}'s quadrupole on the limb, {wanted:g} µas",
        authority="Klioner 2003, table 1",
        asked=1.0,
        measured=abs(max(sizes) - wanted),
        note="the published figure is rounded",
    )


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 4, np.pi / 2, 2.0])
def test_quadrupole_is_crosta_and_mignards(angle):
    """J₂ R²/b² (1 - 2 (n·z)² - (t·z)²) outwards, 2 J₂ R²/b² (m·z)(n·z) along the limb.

    In units of the monopole; n outwards, m along the limb, t along the ray, z the axis.
    """
    distance = 4.2
    mass, radius, oblateness, _ = _TABLE["Jupiter"]
    impact = radius / ASTRONOMICAL_UNIT
    limb = 4 * mass * SUN / impact / MICROARCSECOND
    wanted = limb * oblateness * np.array([-np.cos(2 * angle), -np.sin(2 * angle)])
    found = _oblate_part("Jupiter", distance, angle)
    # Theirs is the limit of a far observer, and the axis is not quite across the ray.
    np.testing.assert_allclose(found, wanted, atol=1e-3 * limb * oblateness)


def _exact_angles(seen, distance, mass):
    """Return geometric separations of seen ones, along the bent ray [rad].

    Bouguer's invariant for the refractive index 1 + 2m/r makes the ray an integral: of
    dψ/(1 - ε cos ψ) from the observer to infinity, ε = 2m/h, h the invariant.
    """
    epsilon = 2 * mass / ((distance + 2 * mass) * np.sin(seen))

    def excess(angle):
        return epsilon * np.cos(angle) / (1 - epsilon * np.cos(angle))

    bent, _ = quad(excess, seen - np.pi / 2, np.pi / 2, epsabs=0, epsrel=1e-13)
    return seen - bent


@pytest.mark.parametrize(
    ("name", "distance", "radii", "size"),
    [("Sun", 1.0, 1.0, 3200.0), ("Sun", 1.0, 18.6, 0.5), ("Jupiter", 6.2, 1.0, 16.0)],
)
def test_neglected_second_order_is_as_stated(name, distance, radii, size, accuracy):
    """The documented size of what is neglected, from a ray that is not straight."""
    bodies = _bodies(name, oblate=False, distance=distance)
    toward = bodies.position[0] / distance
    aside = _normalised(np.cross(toward, [0.1, 0.2, -0.5]))
    limb = np.arcsin(radii * bodies.radius[0] / distance)
    seen = limb + float(deflection_angle(limb, distance, bodies.mass[0]))
    geometric = _exact_angles(seen, distance, bodies.mass[0])
    star = _normalised(np.cos(geometric) * toward + np.sin(geometric) * aside)
    found = np.asarray(deflect(star, bodies))
    wanted = np.cos(seen) * toward + np.sin(seen) * aside
    measured = _largest(found, wanted)
    assert measured == pytest.approx(size, rel=0.05)
    accuracy.record(
        section="Light deflection",
        term=f"second order, {name}, {radii:g} radii from its centre",
        authority="ray in the refractive index 1 + 2m/r",
        asked=None,
        measured=measured,
        note="neglected, by ERFA too: the bent ray passes farther out",
    )


def test_scalar_formula_is_the_vectors():
    bodies = _bodies("Sun")
    stars = _stars(bodies, seed=5)
    place = bodies.position[0]
    distance = np.linalg.norm(place)
    across = np.linalg.norm(np.cross(stars, place), axis=-1)
    separation = np.arctan2(across, stars @ place)
    for gamma in (1.0, 0.9):
        seen = np.asarray(deflect(stars, bodies, gamma=gamma))
        angle = np.linalg.norm(np.cross(stars, seen), axis=-1)
        wanted = deflection_angle(separation, distance, bodies.mass[0], gamma)
        assert np.abs(angle - wanted).max() < 1e-4 * MICROARCSECOND


def test_undeflect_undoes(accuracy):
    bodies = _bodies("Saturn", "Jupiter", "Sun", "Moon")
    stars = _stars(bodies, seed=6)
    worst = 0.0
    for source in (None, 40 * stars):
        seen = jax.jit(deflect)(stars, bodies, source=source)
        back = jax.jit(undeflect)(seen, bodies, source=source)
        worst = max(worst, _largest(back, stars))
    accuracy.record(
        section="Light deflection",
        term="deflected and back, four bodies, on limbs",
        authority="round trip",
        asked=1e-4,
        measured=worst,
    )


@pytest.mark.parametrize("name", list(_TABLE))
def test_inside_the_disc_it_falls_to_nothing(name):
    """Held per unit of impact parameter: continuous, linear, zero at the centre."""
    bodies = _bodies(name)
    toward = _normalised(bodies.position[0])
    aside = _normalised(np.cross(toward, [0.1, 0.2, -0.5]))
    limb = bodies.radius[0] / np.linalg.norm(bodies.position[0])
    share = np.array([0.0, 0.25, 0.5, 1 - 1e-9, 1 + 1e-9])[:, None]
    stars = _normalised(toward + share * np.tan(np.arcsin(limb)) * aside)
    moved = np.linalg.norm(np.asarray(deflect(stars, bodies)) - stars, axis=-1)
    edge = moved[3]
    assert moved[0] < 1e-2 * edge
    np.testing.assert_allclose(moved[1:3] / edge, [0.25, 0.5], atol=0.02)
    np.testing.assert_allclose(moved[4], edge, rtol=1e-6)


def test_broadcasting():
    """Bodies of each exposure against stars of all; a body for each direction."""
    bodies = _bodies("Saturn", "Jupiter")
    stars = _stars(bodies, n=160)
    moved = jax.tree.map(lambda leaf: np.stack([leaf, leaf])[:, None], bodies)
    found = deflect(stars, moved)
    assert found.shape == (2, 160, 3)
    assert jnp.array_equal(found[0], deflect(stars, bodies))
    each = jax.tree.map(lambda leaf: np.broadcast_to(leaf, (160, *leaf.shape)), bodies)
    assert jnp.array_equal(deflect(stars, each), deflect(stars, bodies))
    back = undeflect(found, moved, gamma=np.ones((2, 1)), source=30 * stars[None])
    assert back.shape == (2, 160, 3)
    assert undeflect(stars, moved).shape == (2, 160, 3)
