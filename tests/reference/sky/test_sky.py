"""Sky against ERFA: aberration, angles, tangent plane."""

import erfa
import jax.numpy as jnp
import numpy as np
import pytest

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.sky import (
    aberrate,
    angles_from_direction,
    direction_from_angles,
    displaced,
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
