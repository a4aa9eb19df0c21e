"""Sky against ERFA and astropy: aberration, motion, parallax, covariance."""

import astropy.units as u
import erfa
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from reseau.constants import AU_PER_YEAR, DEGREE, MILLIARCSECOND
from reseau.sky import (
    aberrate,
    angles_from_direction,
    direction_and_covariance,
    direction_at,
    direction_from_angles,
    displaced,
    radial_motion,
    tangent_basis,
    tangent_offset,
    unaberrate,
)

MICROARCSECOND = MILLIARCSECOND / 1000


def _directions(n: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    vectors[0], vectors[1] = (0.0, 0.0, 1.0), (1.0, -1e-12, 0.0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _separation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest angle between unit vectors, from their difference [rad]."""
    return float(np.linalg.norm(np.asarray(a) - np.asarray(b), axis=-1).max())


def test_aberration_is_erfas():
    """ERFA `ab` with the Sun at infinity, where its potential vanishes."""
    n = 10_000
    direction = _directions(n)
    velocity = 3e-4 * np.random.default_rng(1).uniform(-1, 1, (n, 3))
    inverse_gamma = np.sqrt(1 - np.sum(velocity**2, axis=1))
    wanted = erfa.ab(direction, velocity, np.full(n, 1e30), inverse_gamma)
    found = aberrate(jnp.asarray(direction), jnp.asarray(velocity))
    assert _separation(found, wanted) < 1e-3 * MICROARCSECOND


@pytest.mark.parametrize("speed", [1e-4, 0.3, 0.9])
def test_aberration_is_undone(speed):
    direction = jnp.asarray(_directions(100))
    velocity = speed * jnp.asarray(_directions(100, 5))
    back = unaberrate(aberrate(direction, velocity), velocity)
    assert _separation(back, direction) < 1e-14
    length = jnp.linalg.norm(aberrate(direction, velocity), axis=-1)
    np.testing.assert_allclose(length, 1.0, rtol=1e-14)


def test_angles_are_erfas():
    direction = _directions(1000)
    ra, dec = erfa.c2s(direction)
    found_ra, found_dec = angles_from_direction(jnp.asarray(direction))
    np.testing.assert_allclose(found_ra, ra % (2 * np.pi), atol=1e-15)
    np.testing.assert_allclose(found_dec, dec, atol=1e-15)
    back = direction_from_angles(found_ra, found_dec)
    assert _separation(back, direction) < 2e-15


def test_tangent_plane_is_erfas():
    """Gnomonic offsets against ERFA `tpxev`, to a degree from the origin."""
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 2 * np.pi, 500), rng.uniform(-1.5, 1.5, 500)
    origin = np.asarray(direction_from_angles(jnp.asarray(ra), jnp.asarray(dec)))
    offset = rng.uniform(-1, 1, (500, 2)) * DEGREE
    away = np.asarray(displaced(jnp.asarray(origin), jnp.asarray(offset)))
    xi, eta = erfa.tpxev(away, origin)
    np.testing.assert_allclose(offset, np.stack([xi, eta], 1), atol=1e-15)
    found = tangent_offset(jnp.asarray(away), jnp.asarray(origin))
    np.testing.assert_allclose(found, offset, atol=1e-15)


def test_basis_at_the_poles():
    poles = jnp.asarray([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    east, north = tangent_basis(poles)
    np.testing.assert_array_equal(east, [[0, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(north, [[-1, 0, 0], [1, 0, 0]])


def _catalogue(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 2 * np.pi, n), np.arcsin(rng.uniform(-1, 1, n))
    parameters = np.zeros((n, 6))
    parameters[:, 2] = rng.uniform(20.0, 550.0, n) * MILLIARCSECOND
    parameters[:, 3:5] = rng.normal(0, 500.0, (n, 2)) * MILLIARCSECOND
    parameters[:, 5] = rng.normal(0, 60.0, n)
    # Barnard's star (Gaia DR3).
    ra[0], dec[0] = 269.44850252543836 * DEGREE, 4.739420051112412 * DEGREE
    parameters[0, 2:] = [546.9759, -801.551, 10362.394, 0.0]
    parameters[0, 2:] *= MILLIARCSECOND
    parameters[0, 5] = -110.47
    return ra, dec, parameters


def test_motion_is_astropys():
    """`apply_space_motion` over 10 years, from the same epoch.

    ERFA's `starpm`, which astropy calls, adds light time and the relativistic
    Doppler effect; these are of the order μ v/c t and the bound allows for them.
    """
    n = 2000
    ra, dec, parameters = _catalogue(n)
    start = SkyCoord(
        ra=ra * u.rad,
        dec=dec * u.rad,
        distance=(MILLIARCSECOND / parameters[:, 2]) * u.kpc,
        pm_ra_cosdec=parameters[:, 3] / MILLIARCSECOND * u.mas / u.yr,
        pm_dec=parameters[:, 4] / MILLIARCSECOND * u.mas / u.yr,
        radial_velocity=parameters[:, 5] * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tcb"),
    )
    moved = start.apply_space_motion(Time(2026.0, format="jyear", scale="tcb"))
    wanted = moved.cartesian.xyz.value.T
    wanted = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    found = direction_at(
        direction_from_angles(jnp.asarray(ra), jnp.asarray(dec)),
        jnp.asarray(parameters),
        jnp.full(n, 10.0),
        jnp.zeros(3),
    )
    apart = np.linalg.norm(np.asarray(found) - wanted, axis=1)
    proper = np.hypot(parameters[:, 3], parameters[:, 4])
    light_time = 10.0 * proper * np.abs(parameters[:, 5]) / 299_792.458
    assert np.all(apart < 2.0 * light_time + 0.05 * MICROARCSECOND)
    slow = np.abs(parameters[:, 5]) < 1.0
    assert slow.sum() > 10
    assert apart[slow].max() < 1.0 * MICROARCSECOND


def test_parallax_is_that_of_geometry():
    """Against the difference of positions in au, where parallaxes are large."""
    n = 1000
    ra, dec, parameters = _catalogue(n)
    parameters[:, 3:] = 0.0
    observer = np.array([0.3, -0.9, 0.2])
    direction = np.asarray(direction_from_angles(jnp.asarray(ra), jnp.asarray(dec)))
    distance = 1 / parameters[:, 2]
    wanted = direction * distance[:, None] - observer
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    found = direction_at(
        jnp.asarray(direction), jnp.asarray(parameters), jnp.zeros(n), observer
    )
    assert _separation(found, wanted) < 1e-3 * MICROARCSECOND


def test_zero_and_negative_parallaxes_are_allowed():
    direction = jnp.asarray(_directions(2))
    parameters = jnp.zeros((2, 6)).at[1, 2].set(-MILLIARCSECOND)
    observer = jnp.asarray([0.0, 1.0, 0.0])
    found = direction_at(direction, parameters, jnp.zeros(2), observer)
    np.testing.assert_allclose(found[0], direction[0], atol=1e-16)
    np.testing.assert_allclose(found[1, 1], direction[1, 1] + MILLIARCSECOND, rtol=1e-6)


def test_radial_motion_has_its_unit():
    """A star at 1 pc receding at 1 au/yr: ζ = ϖ = 1 arcsec per year."""
    second = 1000 * MILLIARCSECOND
    np.testing.assert_allclose(radial_motion(AU_PER_YEAR, second), second, rtol=1e-12)


def test_covariance_is_that_of_a_sample():
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
    direction, found = direction_and_covariance(
        start, mean, covariance[None], np.array([15.0]), observer
    )
    n = 200_000
    drawn = rng.multivariate_normal(mean[0], covariance, n, check_valid="ignore")
    moved = direction_at(
        jnp.broadcast_to(start, (n, 3)),
        jnp.asarray(drawn),
        jnp.full(n, 15.0),
        jnp.asarray(observer),
    )
    offset = np.asarray(tangent_offset(moved, jnp.broadcast_to(direction, (n, 3))))
    sample = np.cov(offset.T)
    scale = np.sqrt(np.diag(sample))
    ratio = (np.asarray(found[0]) - sample) / np.outer(scale, scale)
    assert np.abs(ratio).max() < 5 * np.sqrt(2 / n)


def test_derivatives_are_those_of_differences():
    """At the pole, at RA 0 and elsewhere; steps of 1e-6 in every parameter."""
    direction = jnp.asarray(_directions(6))
    parameters = 1e-6 * jnp.asarray(np.random.default_rng(0).normal(size=(6, 6)))
    observer = jnp.asarray([0.1, 0.9, -0.4])

    def offsets(p):
        moved = direction_at(direction, p, jnp.full(6, 3.0), observer)
        return tangent_offset(aberrate(moved, jnp.asarray([1e-4, 0, 0])), direction)

    for k in range(6):
        tangent = jnp.zeros((6, 6)).at[:, k].set(1.0)
        _, slope = jax.jvp(offsets, (parameters,), (tangent,))
        step = 1e-6
        forth = offsets(parameters + step * tangent)
        back = offsets(parameters - step * tangent)
        numeric = (forth - back) / (2 * step)
        np.testing.assert_allclose(slope, numeric, atol=3e-9)
