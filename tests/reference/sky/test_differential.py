"""Differential aberration against ERFA and closed forms; plate models against NumPy."""

import erfa
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial.polynomial import polyvander2d

from accuracy import Accuracy
from reseau.constants import DEGREE, MILLIARCSECOND, SPEED_OF_LIGHT
from reseau.errors import ShapeError
from reseau.sky import (
    aberrate,
    differential,
    differential_aberration,
    differential_effect,
    direction_from_angles,
    plate_residual,
    tangent_basis,
)

MICROARCSECOND = MILLIARCSECOND / 1000
CENTRES = [(0.0, 90.0), (0.0, -90.0), (359.999, 0.0), (266.4, -28.9), (80.0, 89.9)]
HALF_SIDE = 0.275 * DEGREE


def _vector(ra: float, dec: float) -> jax.Array:
    return direction_from_angles(jnp.asarray(ra) * DEGREE, jnp.asarray(dec) * DEGREE)


def _velocity(speed: float, seed: int = 0) -> np.ndarray:
    apex = np.random.default_rng(seed).normal(size=3)
    return speed * apex / np.linalg.norm(apex)


def _field(half_side: float, n: int = 9) -> np.ndarray:
    side = np.linspace(-half_side, half_side, n)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
def test_a_plate_models_residual_is_numpys(degree):
    """`lstsq` on the columns of `polyvander2d` up to the total degree."""
    rng = np.random.default_rng(degree)
    offset = rng.uniform(-0.02, 0.03, (60, 2))
    displacement = rng.normal(size=(60, 2))
    powers = np.add.outer(np.arange(degree + 1), np.arange(degree + 1)).ravel()
    columns = polyvander2d(*(offset.T / 0.03), [degree, degree])[:, powers <= degree]
    solution = np.linalg.lstsq(columns, displacement, rcond=None)[0]
    found = plate_residual(offset, displacement, degree)
    np.testing.assert_allclose(found, displacement - columns @ solution, atol=1e-12)
    exact = columns @ rng.normal(size=solution.shape)
    np.testing.assert_allclose(plate_residual(offset, exact, degree), 0.0, atol=1e-12)


def test_too_few_stars_are_refused():
    with pytest.raises(ShapeError, match=r"5 stars\n.*at least 6.*degree 2"):
        plate_residual(np.zeros((5, 2)), np.zeros((5, 2)), 2)


def _erfas(velocity: np.ndarray, n: jax.Array) -> jax.Array:
    root = np.sqrt(1 - velocity @ velocity)
    return jnp.asarray(erfa.ab(np.asarray(n), velocity, 1e30, root))


def test_differential_aberration_is_erfas(accuracy: Accuracy):
    """All sizes of the record, with ERFA's `ab` in place of `aberrate`."""
    worst = 0.0
    for seed, place in enumerate(CENTRES):
        centre, velocity = _vector(*place), _velocity(1.3e-4, seed)
        found = differential_aberration(centre, velocity, HALF_SIDE)
        wanted = differential_effect(
            lambda n, v=velocity: _erfas(v, n), centre, HALF_SIDE
        )
        apart = jax.tree.map(lambda a, b: float(jnp.max(jnp.abs(a - b))), found, wanted)
        worst = max(worst, *apart)
    accuracy.record(
        section="Aberration",
        term="differential over 0.55°, before and after plate models",
        authority="ERFA ab, Sun at infinity",
        measured=worst / MICROARCSECOND,
        asked=1e-3,
    )


@pytest.mark.parametrize("place", CENTRES)
@pytest.mark.parametrize("speed", [1e-4, 0.3])
def test_the_linear_part_is_a_scale(place, speed):
    """By the Doppler factor √(1 - β²) / (1 + V·n), which is 1 - V·n to first order."""
    centre, velocity = _vector(*place), _velocity(speed)

    def moved(offset: jax.Array) -> jax.Array:
        return differential(lambda n: aberrate(n, velocity), centre, offset[None])[0]

    slope = jax.jacfwd(moved)(jnp.zeros(2))
    along = float(velocity @ np.asarray(centre))
    scale = np.sqrt(1 - speed**2) / (1 + along)
    np.testing.assert_allclose(slope, (scale - 1) * np.eye(2), atol=3e-16)
    assert abs(scale - 1 + along) < 2 * speed**2


@pytest.mark.parametrize("place", CENTRES)
def test_the_field_is_the_closed_form(place):
    """To first order, over 6°: (V₁ - ξ V·n) √(1 + r²) - V₁ - ξ (V₁ ξ + V₂ η).

    The first term is the projection of V - n (n·V), the rest what moving the tangent
    point by V₁, V₂ takes off.
    """
    centre, velocity = _vector(*place), _velocity(1e-7)
    offset = _field(3 * DEGREE)
    east, north = tangent_basis(centre)
    across = np.array([velocity @ np.asarray(east), velocity @ np.asarray(north)])
    root = np.sqrt(1 + np.sum(offset**2, axis=1, keepdims=True))
    wanted = (across - offset * float(velocity @ np.asarray(centre))) * root
    wanted -= across + offset * (offset @ across)[:, None]
    found = differential(lambda n: aberrate(n, velocity), centre, offset)
    np.testing.assert_allclose(found, wanted, atol=2e-15)
    assert np.abs(wanted).max() > 1e-9


@pytest.mark.parametrize(("degree", "order"), [(1, 2), (2, 3), (3, 4)])
def test_what_is_left_falls_with_the_field(degree, order):
    """V/c θ² after an affine plate model, V/c θ³ after a quadratic one, and so on."""
    centre, velocity = _vector(266.4, -28.9), _velocity(0.1)
    sides = np.array([0.04, 0.02, 0.01])
    left = [
        float(differential_aberration(centre, velocity, s, degree).rms_left[degree])
        for s in sides
    ]
    slopes = np.diff(np.log(left)) / np.diff(np.log(sides))
    np.testing.assert_allclose(slopes, order, atol=0.03)


def test_a_satellites_velocity_goes_into_the_scale():
    """7.5 km/s over 0.55°: 35 mas at a corner, 0.15 mas after scale and shift.

    Looking along the velocity the effect is largest, looking across the rest is.
    """
    velocity = np.array([7.5 / SPEED_OF_LIGHT, 0.0, 0.0])
    along = differential_aberration(_vector(0.0, 0.0), velocity, HALF_SIDE)
    corner = np.sqrt(2) * HALF_SIDE * velocity[0]
    assert float(along.largest) == pytest.approx(corner, rel=1e-4)
    assert float(along.largest) == pytest.approx(35 * MILLIARCSECOND, rel=0.03)
    assert float(along.largest_left[1]) < MICROARCSECOND
    across = differential_aberration(_vector(90.0, 0.0), velocity, HALF_SIDE)
    assert float(across.largest_left[1]) > 0.05 * MILLIARCSECOND
    assert float(across.largest_left[1]) < 0.15 * MILLIARCSECOND
    assert float(across.largest_left[2]) < 1e-2 * MICROARCSECOND


@pytest.mark.parametrize("place", CENTRES)
def test_the_shift_is_that_of_the_centre(place):
    centre, velocity = _vector(*place), _velocity(1e-4)
    seen = np.asarray(aberrate(centre, velocity))
    shift = differential_aberration(centre, velocity, HALF_SIDE).shift
    wanted = float(jnp.arctan(jnp.linalg.norm(shift)))
    assert erfa.sepp(np.asarray(centre), seen) == pytest.approx(wanted, abs=1e-15)


def test_sizes_are_those_of_the_field():
    """Of a pure change of scale by 1e-3, at the grid's points."""
    centre = _vector(0.0, 90.0)

    def grown(n: jax.Array) -> jax.Array:
        away = n * jnp.asarray([1.001, 1.001, 1.0])
        return away / jnp.linalg.norm(away, axis=-1, keepdims=True)

    effect = differential_effect(grown, centre, 0.01, degree=1, n_side=3)
    assert float(effect.largest) == pytest.approx(np.sqrt(2) * 1e-5, rel=1e-9)
    assert float(effect.rms) == pytest.approx(np.sqrt(12 / 9) * 1e-5, rel=1e-9)
    np.testing.assert_allclose(effect.rms_left, [effect.rms, 0.0], atol=1e-16)
    np.testing.assert_allclose(effect.shift, 0.0, atol=1e-16)
