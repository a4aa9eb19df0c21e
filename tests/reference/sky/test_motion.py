"""Motion, parallax and covariance against pygaia, ERFA, astropy and samples.

Directions are compared as vectors: 0.01 µas is 5e-14 rad, less than the last digits of
differences of angles. ERFA works with places in au, so its stars need distances: they
have parallaxes from 0.1 to 630 mas and speeds of up to some 200 km/s across, where
`pmsafe` leaves parallaxes alone (it raises those that would make a star fast).
"""

from typing import NamedTuple

import astropy.units as u
import erfa
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from numpy import ndarray
from pygaia.astrometry.coordinates import EpochPropagation
from pygaia.utils import construct_covariance_matrix

from accuracy import Accuracy
from alarm import covariance_bound, normal_bound
from reseau.constants import AU_PER_YEAR, DEGREE, MILLIARCSECOND, SPEED_OF_LIGHT
from reseau.sky import (
    direction_and_covariance,
    direction_at,
    direction_from_angles,
    displace_by_parallax,
    linear_direction_at,
    parallax_factors,
    propagate,
    propagate_with_covariance,
    radial_motion,
    tangent_offset,
)

MICROARCSECOND = MILLIARCSECOND / 1000
N = 10_000
EPOCH = 2457389.0  # near J2016, Julian day
BARNARD, NORTH, SOUTH, NEAR_POLE = range(4)
LIGHT = SPEED_OF_LIGHT / AU_PER_YEAR  # au/yr

_propagate = jax.jit(propagate, static_argnames="light_time")
_direction_at = jax.jit(direction_at, static_argnames="light_time")
_two_by_two = jax.jit(direction_and_covariance)
_with_covariance = jax.jit(propagate_with_covariance, static_argnames="light_time")


class Stars(NamedTuple):
    """Angles [rad], Gaia's numbers [mas, mas/yr, km/s] and the same for reseau."""

    ra: ndarray
    dec: ndarray
    parallax: ndarray
    pmra: ndarray
    pmdec: ndarray
    velocity: ndarray
    direction: ndarray
    astrometry: ndarray


def _stars(n: int = N, seed: int = 3) -> Stars:
    """Return stars of the disc; Barnard's star and three at poles come first."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 2 * np.pi, n), np.arcsin(rng.uniform(-1, 1, n))
    parallax = 10 ** rng.uniform(-1, 2.8, n)
    across = rng.normal(0, 60.0, (2, n)) / AU_PER_YEAR
    pmra, pmdec = across * parallax
    velocity = rng.normal(0, 80.0, n)
    ra[BARNARD], dec[BARNARD] = 269.44850252543836 * DEGREE, 4.739420051112412 * DEGREE
    parallax[BARNARD], velocity[BARNARD] = 546.9759, -110.47
    pmra[BARNARD], pmdec[BARNARD] = -801.551, 10362.394
    dec[NORTH], dec[SOUTH], dec[NEAR_POLE] = np.pi / 2, -np.pi / 2, np.pi / 2 - 1e-7
    return _complete(ra, dec, parallax, pmra, pmdec, velocity)


def _complete(
    ra: ndarray,
    dec: ndarray,
    parallax: ndarray,
    pmra: ndarray,
    pmdec: ndarray,
    velocity: ndarray,
) -> Stars:
    six = np.zeros((len(ra), 6))
    six[:, 2:5] = np.stack([parallax, pmra, pmdec], axis=1) * MILLIARCSECOND
    six[:, 5] = velocity
    direction = np.asarray(direction_from_angles(jnp.asarray(ra), jnp.asarray(dec)))
    return Stars(ra, dec, parallax, pmra, pmdec, velocity, direction, six)


def _apart(a: ndarray, b: ndarray) -> ndarray:
    """Return the angles between unit vectors, from their difference [µas]."""
    return np.linalg.norm(np.asarray(a) - np.asarray(b), axis=-1) / MICROARCSECOND


def _pygaia(stars: Stars, years: float) -> tuple[ndarray, ...]:
    return EpochPropagation().propagate_astrometry(*stars[:6], 2016.0, 2016.0 + years)


def _pmsafe(stars: Stars, years: float) -> tuple[ndarray, ...]:
    rate = stars.astrometry[:, 3] / np.cos(stars.dec)
    return erfa.pmsafe(
        stars.ra,
        stars.dec,
        rate,
        stars.astrometry[:, 4],
        stars.parallax / 1000,
        stars.velocity,
        EPOCH,
        0.0,
        EPOCH,
        365.25 * years,
    )


@pytest.mark.parametrize("years", [10.0, -10.0])
def test_motion_is_pygaias(accuracy: Accuracy, years: float) -> None:
    stars = _stars()
    ra, dec, *rest = _pygaia(stars, years)
    direction, moved = _propagate(stars.direction, stars.astrometry, years)
    sign = "forward" if years > 0 else "back"
    accuracy.record(
        section="Motion",
        term=f"direction, six parameters, 10 yr {sign}, 10⁴ stars",
        authority="pygaia (light time off)",
        measured=_apart(direction, erfa.s2c(ra, dec)).max(),
        asked=0.01,
    )
    # At the poles themselves the basis is a matter of rounding in right ascension.
    away = np.abs(np.cos(dec)) > 1e-8
    found = np.array(moved)
    found[:, 5] = radial_motion(moved[:, 5], moved[:, 2])
    wanted = np.stack(rest, axis=1)
    deviation = np.abs(found[:, 2:] / MILLIARCSECOND - wanted)[away] * 1000
    accuracy.record(
        section="Motion",
        term=f"parallax, proper motion, radial motion, 10 yr {sign}",
        authority="pygaia (light time off)",
        measured=deviation.max(),
        asked=0.01,
        unit="µas, µas/yr",
    )
    assert away.sum() >= N - 4


@pytest.mark.parametrize("years", [10.0, -10.0])
def test_motion_with_light_time_is_erfas(accuracy: Accuracy, years: float) -> None:
    stars = _stars()
    ra, dec, pmra, pmdec, parallax, velocity = _pmsafe(stars, years)
    direction, moved = _propagate(
        stars.direction, stars.astrometry, years, light_time=True
    )
    sign = "forward" if years > 0 else "back"
    accuracy.record(
        section="Motion",
        term=f"direction, light time and Doppler on, 10 yr {sign}, 10⁴ stars",
        authority="ERFA pmsafe",
        measured=_apart(direction, erfa.s2c(ra, dec)).max(),
        asked=0.01,
    )
    away = np.abs(np.cos(dec)) > 1e-8
    wanted = np.stack(
        [parallax * 1000 * MILLIARCSECOND, pmra * np.cos(dec), pmdec], axis=1
    )
    deviation = np.abs(moved[:, 2:5] - wanted)[away] / MICROARCSECOND
    accuracy.record(
        section="Motion",
        term=f"parallax and proper motion, light time on, 10 yr {sign}",
        authority="ERFA pmsafe",
        measured=deviation.max(),
        asked=0.01,
        unit="µas, µas/yr",
    )
    accuracy.record(
        section="Motion",
        term=f"radial velocity, light time on, 10 yr {sign}",
        authority="ERFA pmsafe",
        measured=float(np.abs(moved[:, 5] - velocity).max()),
        asked=1e-9,
        unit="km/s",
    )


def test_conventions_differ_as_their_authorities_do(accuracy: Accuracy) -> None:
    """Ours with and without light time, against ERFA minus pygaia."""
    stars = _stars()
    without, _ = _propagate(stars.direction, stars.astrometry, 10.0)
    with_it, _ = _propagate(stars.direction, stars.astrometry, 10.0, light_time=True)
    ours = np.asarray(with_it) - np.asarray(without)
    theirs = erfa.s2c(*_pmsafe(stars, 10.0)[:2]) - erfa.s2c(*_pygaia(stars, 10.0)[:2])
    assert _apart(ours, theirs).max() < 0.01
    size = np.linalg.norm(ours, axis=1) / MICROARCSECOND
    assert 11.5 < size[BARNARD] < 12.5
    accuracy.record(
        section="Motion",
        term="Barnard's star, 10 yr: light time on minus off",
        authority="ERFA pmsafe minus pygaia",
        measured=size[BARNARD],
        asked=None,
        note="two conventions of what proper motion and radial velocity mean; "
        "the default is Gaia's, without light time",
    )


def test_zero_parallax_is_not_erfas_starpm(accuracy: Accuracy) -> None:
    """ERFA's `starpm` puts such a star at 10 Mpc, and stops it if it is too fast."""
    stars = _stars()
    still = _complete(*stars[:2], np.zeros(N), *stars[3:6])
    for light_time in (False, True):
        found, moved = _propagate(
            still.direction, still.astrometry, 10.0, light_time=light_time
        )
        wanted = erfa.s2c(*_pygaia(still, 10.0)[:2])
        bound = 0.01 if not light_time else 1e-2 + 10.0 * np.max(np.hypot(*stars[3:5]))
        assert _apart(found, wanted).max() < bound
        assert np.isfinite(moved).all()
        np.testing.assert_allclose(moved[:, 5], still.velocity, rtol=1e-3)
    ours, _ = _propagate(still.direction, still.astrometry, 10.0)
    rate = still.astrometry[:, 3] / np.cos(still.dec)
    with pytest.warns(erfa.ErfaWarning, match="starpm"):
        theirs = erfa.starpm(
            still.ra,
            still.dec,
            rate,
            still.astrometry[:, 4],
            np.zeros(N),
            still.velocity,
            EPOCH,
            0.0,
            EPOCH,
            3652.5,
        )
    worst = _apart(ours, erfa.s2c(*theirs[:2])).max()
    assert worst > 10_000.0
    accuracy.record(
        section="Motion",
        term="zero parallax, 10 yr",
        authority="ERFA starpm",
        measured=worst / 1000,
        asked=None,
        unit="mas",
        note="starpm drops the motion of stars that its substitute parallax makes "
        "faster than half the speed of light; reseau agrees with pygaia here",
    )


def test_negative_and_tiny_parallaxes_move_as_gaias() -> None:
    """The Gaia formula holds for them; the two conventions stay close and finite."""
    stars = _stars(seed=5)
    rng = np.random.default_rng(6)
    parallax = rng.normal(0, 0.3, N)
    parallax[:50] = np.geomspace(1e-12, 1e-3, 50)
    pm = rng.normal(0, 5.0, (2, N))
    faint = _complete(*stars[:2], parallax, *pm, stars.velocity)
    direction, moved = _propagate(faint.direction, faint.astrometry, 10.0)
    ra, dec, parallax, *_, radial = _pygaia(faint, 10.0)
    assert _apart(direction, erfa.s2c(ra, dec)).max() < 0.01
    zeta = np.asarray(radial_motion(moved[:, 5], moved[:, 2])) / MILLIARCSECOND
    proper = np.hypot(*pm)
    # Transverse speeds from half that of light on say that the distance is not known.
    known = proper * AU_PER_YEAR < 0.5 * SPEED_OF_LIGHT * np.abs(faint.parallax)
    assert 20 < np.sum(~known) < 100
    np.testing.assert_allclose(zeta[known], radial[known], atol=1e-12)
    unknown = np.abs(zeta - radial)[~known]
    turned = (proper**2 * 10.0 * MILLIARCSECOND)[~known]
    np.testing.assert_allclose(unknown, turned, rtol=1e-2)
    np.testing.assert_allclose(moved[~known, 5], stars.velocity[~known], atol=1e-6)
    np.testing.assert_allclose(moved[:, 2] / MILLIARCSECOND, parallax, atol=1e-12)
    other, seen = _propagate(faint.direction, faint.astrometry, 10.0, light_time=True)
    assert np.isfinite(seen).all()
    assert _apart(direction, other).max() < 0.1


@pytest.mark.parametrize("light_time", [False, True])
@pytest.mark.parametrize("years", [10.0, -12.0, 200.0])
def test_motion_is_undone(light_time: bool, years: float) -> None:
    stars = _stars()
    there = _propagate(stars.direction, stars.astrometry, years, light_time=light_time)
    back, found = _propagate(*there, -years, light_time=light_time)
    assert _apart(back, stars.direction).max() < 0.001
    away = np.abs(np.cos(stars.dec)) > 1e-6
    np.testing.assert_allclose(found[away, 2:5], stars.astrometry[away, 2:5], rtol=1e-8)
    np.testing.assert_allclose(found[:, 5], stars.velocity, atol=1e-9)


def test_light_leaves_when_the_star_is_there() -> None:
    """Departure times from distances in au, also where T + t, 2 T + t vanish."""
    parallax = np.array([0.5, 0.5, 0.5, 0.5, 200.0]) * 1000
    light = 1 / (parallax * MILLIARCSECOND) / LIGHT
    elapsed = light * np.array([-2.0, -1.0, -2.5, 3.0, 0.01])
    n = len(parallax)
    pmra, velocity = np.full(n, 3000.0), np.array([0.0, 50.0, -50.0, 20.0, 1e5])
    stars = _complete(np.ones(n), np.zeros(n), parallax, pmra, np.zeros(n), velocity)
    assert np.all(np.isfinite(stars.astrometry))
    direction, moved = _propagate(
        stars.direction, stars.astrometry, elapsed, light_time=True
    )
    # The place by ERFA's `starpv`, moved for as long as light says, found by bisection.
    pv = erfa.starpv(
        stars.ra,
        stars.dec,
        stars.astrometry[:, 3],
        stars.astrometry[:, 4],
        parallax / 1000,
        velocity,
    )
    place, speed = pv["p"], pv["v"] * 365.25
    low, high = -1e3 * np.ones(n), 1e3 * np.ones(n)
    for _ in range(200):
        middle = (low + high) / 2
        distance = np.linalg.norm(place + speed * middle[:, None], axis=1)
        late = middle + (distance - np.linalg.norm(place, axis=1)) / LIGHT > elapsed
        low, high = np.where(late, low, middle), np.where(late, middle, high)
    wanted = place + speed * low[:, None]
    length = np.linalg.norm(wanted, axis=1, keepdims=True)
    assert _apart(direction, wanted / length).max() < 0.1
    np.testing.assert_allclose(1 / moved[:, 2], length[:, 0], rtol=1e-12)


def test_observed_place_is_erfas_pmpx(accuracy: Accuracy) -> None:
    """`pmpx` adds the Roemer delay, and is Gaia's convention otherwise."""
    stars = _stars()
    observer = np.array([0.4, -0.85, -0.35])
    years = 10.0
    wanted = erfa.pmpx(
        stars.ra[4:],
        stars.dec[4:],
        stars.astrometry[4:, 3] / np.cos(stars.dec[4:]),
        stars.astrometry[4:, 4],
        stars.parallax[4:] / 1000,
        stars.velocity[4:],
        years,
        observer,
    )
    delay = stars.direction @ observer / LIGHT
    found = _direction_at(stars.direction, stars.astrometry, years + delay, observer)
    accuracy.record(
        section="Parallax",
        term="motion and parallax at an observer, 10 yr, 10⁴ stars",
        authority="ERFA pmpx",
        measured=_apart(found[4:], wanted).max(),
        asked=0.01,
        note="pmpx's Roemer delay is put into the elapsed time",
    )


def test_light_reaches_the_observer_at_another_time() -> None:
    """With light time the observer sees what the barycentre sees r·b/c later."""
    stars = _stars()
    observer = np.array([0.4, -0.85, -0.35])
    delay = stars.direction @ observer / LIGHT
    seen = _direction_at(
        stars.direction, stars.astrometry, 10.0, observer, light_time=True
    )
    barycentric, moved = _propagate(
        stars.direction, stars.astrometry, 10.0 + delay, light_time=True
    )
    wanted = displace_by_parallax(barycentric, moved[:, 2], observer)
    assert _apart(seen, wanted).max() < 0.001
    unaware, moved = _propagate(
        stars.direction, stars.astrometry, 10.0, light_time=True
    )
    without = displace_by_parallax(unaware, moved[:, 2], observer)
    proper = np.hypot(stars.pmra, stars.pmdec) * 1000
    expected = proper * np.abs(delay)
    np.testing.assert_allclose(_apart(seen, without), expected, atol=1.0, rtol=1e-2)
    assert expected[BARNARD] > 30.0


def test_parallax_is_astropys(accuracy: Accuracy) -> None:
    """Against differences of places in au, of stars with distances."""
    stars = _stars()
    observer = np.array([0.3, -0.9, 0.2])
    place = SkyCoord(
        ra=stars.ra * u.rad,
        dec=stars.dec * u.rad,
        distance=1 / (stars.parallax * MILLIARCSECOND) * u.au,
    )
    wanted = place.cartesian.xyz.to_value(u.au).T - observer
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    found = displace_by_parallax(stars.direction, stars.astrometry[:, 2], observer)
    accuracy.record(
        section="Parallax",
        term="parallax, 10⁴ stars up to 630 mas",
        authority="astropy, places in au",
        measured=_apart(found, wanted).max(),
        asked=1e-3,
    )
    still = stars.astrometry * [0, 0, 1, 0, 0, 0]
    same = _direction_at(stars.direction, still, 0.0, observer)
    assert _apart(same, wanted).max() < 1e-3


def test_zero_and_negative_parallaxes_are_allowed() -> None:
    direction = _stars(4).direction[2:]
    observer = np.array([0.0, 1.0, 0.0])
    parallax = np.array([0.0, -MILLIARCSECOND])
    found = displace_by_parallax(direction, parallax, observer)
    np.testing.assert_array_equal(found[0], direction[0])
    np.testing.assert_allclose(found[1, 1], direction[1, 1] + MILLIARCSECOND, rtol=1e-6)


def test_parallax_factors_are_the_first_order(accuracy: Accuracy) -> None:
    """The lecture's P and Q from angles; the rest is of second order in ϖ b."""
    stars = _stars()
    x, y, z = observer = np.array([0.3, -0.9, 0.2])
    p, q = parallax_factors(stars.direction, observer)
    sin_ra, cos_ra = np.sin(stars.ra), np.cos(stars.ra)
    np.testing.assert_allclose(p, x * sin_ra - y * cos_ra, atol=1e-15 * 1e3)
    wanted = (x * cos_ra + y * sin_ra) * np.sin(stars.dec) - z * np.cos(stars.dec)
    np.testing.assert_allclose(q, wanted, atol=1e-15 * 1e3)
    rest = []
    for factor in (1.0, 2.0):
        parallax = factor * stars.astrometry[:, 2]
        exact = displace_by_parallax(stars.direction, parallax, observer)
        offset = np.asarray(tangent_offset(exact, stars.direction))
        linear = parallax[:, None] * np.stack([p, q], axis=1)
        rest.append(np.linalg.norm(offset - linear, axis=1))
        assert np.all(rest[-1] <= 1.01 * parallax**2 + 1e-15)
    near = (stars.parallax > 300) & (rest[0] > 1e-13)
    assert near.sum() > 100
    np.testing.assert_allclose(rest[1][near] / rest[0][near], 4.0, rtol=0.05)
    accuracy.record(
        section="Parallax",
        term="parallax factors P, Q against the vector form, Barnard's star",
        authority="reseau, exact",
        measured=rest[0][BARNARD] / MICROARCSECOND,
        asked=None,
        note="second order in parallax",
    )


def test_linear_model_lacks_perspective_acceleration() -> None:
    """What it leaves out is μ ζ t² to first order, for Barnard's star."""
    stars = _stars(10)
    one = slice(BARNARD, BARNARD + 1)
    direction, six = stars.direction[one], stars.astrometry[one]
    nowhere, years = np.zeros(3), 1.0
    exact, _ = _propagate(direction, six, years)
    linear = linear_direction_at(direction, six, years, nowhere)
    zeta = radial_motion(six[:, 5], six[:, 2])
    apart = tangent_offset(exact, direction) - tangent_offset(linear, direction)
    wanted = -six[:, 3:5] * zeta[:, None] * years**2
    np.testing.assert_allclose(apart, wanted, rtol=1e-3)
    observer = np.array([0.3, -0.9, 0.2])
    at_rest = six * [0, 0, 1, 0, 0, 0]
    shifted = linear_direction_at(direction, at_rest, 0.0, observer)
    exact = displace_by_parallax(direction, six[:, 2], observer)
    assert 0.1 < _apart(shifted, exact)[0] < 3.0
    faint = np.array([[1e-7, -2e-7, 1e-9, 3e-9, -2e-9, 0.0]])
    linear = linear_direction_at(direction, faint, 5.0, observer)
    exact = _direction_at(direction, faint, 5.0, observer)
    assert _apart(linear, exact)[0] < 1e-3


def test_radial_motion_has_its_unit() -> None:
    """A star at 1 pc receding at 1 au/yr: ζ = ϖ = 1 arcsec per year."""
    second = 1000 * MILLIARCSECOND
    np.testing.assert_allclose(radial_motion(AU_PER_YEAR, second), second, rtol=1e-12)


def _covariances(n: int, seed: int = 8) -> tuple[ndarray, ndarray]:
    """Return Gaia's errors and correlations, and 6×6 matrices [rad, km/s]."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n, 5, 8)) * 10 ** rng.uniform(-2, 0, (n, 5, 1))
    five = roots @ np.swapaxes(roots, 1, 2)
    sigma = np.sqrt(np.diagonal(five, axis1=1, axis2=2))
    first, second = np.triu_indices(5, k=1)
    ratio = five[:, first, second] / (sigma[:, first] * sigma[:, second])
    six = np.zeros((n, 6, 6))
    six[:, :5, :5] = five * MILLIARCSECOND**2
    six[:, 5, 5] = 10 ** rng.uniform(-1, 4, n)
    return np.concatenate([sigma, ratio], axis=1), six


def _pygaia_covariance(stars: Stars, matrix: ndarray, years: float) -> ndarray:
    means = np.stack(stars[:6])
    move = EpochPropagation().propagate_astrometry_and_covariance_matrix
    return move(means, matrix, 2016.0, 2016.0 + years)[1]


def _to_radial_motion(stars_six: ndarray, covariance: ndarray) -> ndarray:
    """Transform covariances from radial velocity to radial proper motion [mas]."""
    jacobian = np.tile(np.eye(6), (len(covariance), 1, 1))
    jacobian[:, 5, 5] = stars_six[:, 2] / AU_PER_YEAR
    jacobian[:, 5, 2] = stars_six[:, 5] / AU_PER_YEAR
    turned = jacobian @ covariance @ np.swapaxes(jacobian, 1, 2)
    return turned / MILLIARCSECOND**2


@pytest.mark.parametrize("years", [10.0, -10.0])
def test_covariance_is_pygaias(accuracy: Accuracy, years: float) -> None:
    """All 36 entries, in pygaia's parameters.

    pygaia's sixth parameter is the radial proper motion, whose variance has the term
    (σ_ϖ σ_v / A)². Of ours this is in the first five rows and columns; for the sixth,
    which is the radial velocity, pygaia is run once more without that term.
    """
    stars = _stars()
    columns, covariance = _covariances(N)
    error = np.sqrt(covariance[:, 5, 5])
    full = construct_covariance_matrix(columns, stars.parallax, stars.velocity, error)
    linear = full.copy()
    linear[:, 5, 5] -= (columns[:, 2] * error / AU_PER_YEAR) ** 2
    wanted = _pygaia_covariance(stars, linear, years)
    wanted[:, :5, :5] = _pygaia_covariance(stars, full, years)[:, :5, :5]
    _, moved, found = _with_covariance(
        stars.direction, stars.astrometry, covariance, np.full(N, years)
    )
    found = _to_radial_motion(np.asarray(moved), np.asarray(found))
    away = np.abs(np.cos(stars.dec)) > 1e-8
    found, wanted = found[away], wanted[away]
    sigma = np.sqrt(np.diagonal(wanted, axis1=1, axis2=2))
    deviation = np.sqrt(np.diagonal(found, axis1=1, axis2=2)) - sigma
    sign = "forward" if years > 0 else "back"
    accuracy.record(
        section="Motion",
        term=f"errors of six parameters, 10 yr {sign}, 10⁴ covariances",
        authority="pygaia (light time off)",
        measured=np.abs(deviation).max() * 1000,
        asked=0.01,
        unit="µas, µas/yr",
        note="pygaia's sixth parameter is the radial proper motion; transformed",
    )
    ratio = np.abs(found - wanted) / (sigma[:, :, None] * sigma[:, None, :])
    accuracy.record(
        section="Motion",
        term=f"covariance of five parameters, 10 yr {sign}",
        authority="pygaia (light time off)",
        measured=ratio[:, :5, :5].max(),
        asked=1e-9,
        unit="σ_i σ_j",
        note="0.02″ from the pole East itself is known to 1e-9 only",
    )
    accuracy.record(
        section="Motion",
        term=f"covariance with the radial velocity, 10 yr {sign}",
        authority="pygaia (light time off)",
        measured=ratio[:, 5].max(),
        asked=1e-6,
        unit="σ_i σ_j",
        note="the variance of the product of parallax and radial velocity reaches the "
        "moved radial velocity by (μ t)² only",
    )


def test_light_time_hardly_changes_the_covariance() -> None:
    stars = _stars(2000)
    _, covariance = _covariances(2000)
    years = np.full(2000, 10.0)
    start = stars.direction, stars.astrometry, covariance, years
    _, _, without = _with_covariance(*start)
    _, _, with_it = _with_covariance(*start, light_time=True)
    sigma = np.sqrt(np.diagonal(without, axis1=1, axis2=2))
    scale = sigma[:, :, None] * sigma[:, None, :]
    ratio = np.abs(np.asarray(with_it) - np.asarray(without)) / scale
    assert 0.0 < ratio.max() < 0.02


@pytest.mark.parametrize("light_time", [False, True])
def test_covariance_is_undone(light_time: bool) -> None:
    stars = _stars(500)
    _, covariance = _covariances(500)
    # The variance of the product of parallax and radial velocity is none of a Jacobian.
    covariance[:, 5, 5] = 1e-12
    years = np.full(500, 30.0)
    there = _with_covariance(
        stars.direction, stars.astrometry, covariance, years, light_time=light_time
    )
    _, _, back = _with_covariance(*there, -years, light_time=light_time)
    away = np.abs(np.cos(stars.dec)) > 1e-6
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))[:, :5]
    scale = sigma[:, :, None] * sigma[:, None, :]
    ratio = (np.asarray(back) - covariance)[:, :5, :5] / scale
    assert np.abs(ratio[away]).max() < 1e-4


def test_covariance_is_that_of_a_sample() -> None:
    """J C Jᵀ against 200,000 draws, parallax, motion and all correlations included."""
    rng = np.random.default_rng(4)
    ra, dec = jnp.asarray([4.6]), jnp.asarray([-0.5])
    start = direction_from_angles(ra, dec)
    mean = np.array([[0.0, 0.0, 8.0, -3.0, 5.0, 0.0]]) * MILLIARCSECOND
    mean[0, 5] = 20.0
    half = rng.normal(size=(6, 6)) * [0.1, 0.1, 0.5, 0.2, 0.3, 0.0]
    covariance = half.T @ half * MILLIARCSECOND**2
    covariance[5, 5] = 100.0**2
    observer = np.array([-0.8, 0.5, 0.2])
    direction, found = _two_by_two(
        start, mean, covariance[None], np.array([15.0]), observer
    )
    n = 200_000
    drawn = rng.multivariate_normal(mean[0], covariance, n, check_valid="ignore")
    moved = _direction_at(
        jnp.broadcast_to(start, (n, 3)),
        jnp.asarray(drawn),
        jnp.full(n, 15.0),
        jnp.asarray(observer),
    )
    offset = np.asarray(tangent_offset(moved, jnp.broadcast_to(direction, (n, 3))))
    sample = np.cov(offset.T)
    scale = np.sqrt(np.diag(sample))
    ratio = (np.asarray(found[0]) - sample) / np.outer(scale, scale)
    assert np.abs(ratio).max() < covariance_bound(n, 3) * np.sqrt(2 / n)


def test_product_of_uncertain_numbers_has_a_variance() -> None:
    """A fast star whose parallax and radial velocity are priors only: a sample knows.

    With both means zero the Jacobian alone would give no error along the motion.
    """
    rng = np.random.default_rng(9)
    start = direction_from_angles(jnp.asarray([1.0]), jnp.asarray([0.3]))
    mean = np.array([[0.0, 0.0, 0.0, 5000.0, 0.0, 0.0]]) * MILLIARCSECOND
    covariance = np.diag([0.0, 0.0, MILLIARCSECOND, 0.0, 0.0, 100.0]) ** 2
    years = np.array([50.0])
    _, _, found = _with_covariance(start, mean, covariance[None], years)
    n = 200_000
    drawn = mean + rng.normal(size=(n, 6)) * np.sqrt(np.diag(covariance))
    moved, _ = _propagate(jnp.broadcast_to(start, (n, 3)), jnp.asarray(drawn), 50.0)
    new, _ = _propagate(start, mean, 50.0)
    offset = np.asarray(tangent_offset(moved, jnp.broadcast_to(new, (n, 3))))
    sample = np.var(offset[:, 0])
    assert sample > MICROARCSECOND**2
    # The product of two normal numbers has a kurtosis of 9.
    bound = normal_bound() * np.sqrt(8 / n)
    np.testing.assert_allclose(found[0, 0, 0], sample, rtol=bound)


def test_direction_covariance_is_part_of_the_six() -> None:
    stars = _stars(200)
    _, covariance = _covariances(200)
    years = np.full(200, 10.0)
    start = stars.direction, stars.astrometry, covariance, years
    direction, _, six = _with_covariance(*start)
    other, two = _two_by_two(*start, np.zeros(3))
    assert _apart(direction, other).max() < 1e-4
    sigma = np.sqrt(np.diagonal(two, axis1=1, axis2=2))
    scale = sigma[:, :, None] * sigma[:, None, :]
    assert np.max(np.abs(six[:, :2, :2] - two) / scale) < 1e-9
