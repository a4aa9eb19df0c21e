"""Derivatives of aberration and its differential part, over the whole sphere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quick import quick_jit
from reseau.constants import DEGREE
from reseau.records import Bodies
from reseau.sky import (
    aberrate,
    aberrate_first_order,
    aberrate_third_order,
    aberration_angle,
    aberration_angle_third_order,
    differential,
    differential_aberration,
    direction_from_angles,
    effective_velocity,
    plate_residual,
    potential,
    secular_motion,
    unaberrate,
)
from slopes import Slopes
from strategies import examples, numbers

few = examples(25)
angles = st.tuples(
    numbers(0, 360) | st.sampled_from([0.0, 1e-12, 180.0, 360.0]),
    numbers(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0]),
)
speeds = st.sampled_from([0.0, 1e-12, 1e-4, 0.3, 0.8])
components = numbers(-1e-3, 1e-3)

EXACT = Slopes(aberrate)
EXPANSIONS = [Slopes(aberrate_first_order), Slopes(aberrate_third_order)]
ANGLES = [Slopes(aberration_angle), Slopes(aberration_angle_third_order)]
BACK = Slopes(unaberrate)
SECULAR = Slopes(secular_motion)


def vector(place: tuple[float, float]) -> np.ndarray:
    ra, dec = jnp.asarray(place) * DEGREE
    return np.asarray(direction_from_angles(ra, dec))


@few
@given(angles, angles, speeds)
def test_aberration(place, apex, speed):
    n, v = vector(place), speed * vector(apex)
    EXACT.check(n, v, tolerance=1e-7)
    BACK.check(n, v, tolerance=1e-7)


@few
@given(angles, speeds, st.sampled_from([-1.0, 1.0]))
def test_aberration_along_the_velocity(place, speed, sign):
    """The formulas have no axis normal to both, so nothing breaks there."""
    n = vector(place)
    for slopes in (EXACT, *EXPANSIONS):
        slopes.check(n, 0.3 * sign * speed * n, tolerance=1e-8)


@few
@given(angles, angles, st.sampled_from([0.0, 1e-12, 1e-4, 0.1]))
def test_expansions(place, apex, speed):
    for slopes in EXPANSIONS:
        slopes.check(vector(place), speed * vector(apex), tolerance=1e-9)


@few
@given(numbers(0, np.pi) | st.sampled_from([0.0, np.pi]), speeds)
def test_angles(angle, speed):
    for slopes in ANGLES:
        slopes.check(angle, speed, tolerance=1e-7)


@few
@given(angles, components, components, components)
def test_secular_motion(place, x, y, z):
    """Where East and North turn slowly enough for differences to follow them."""
    n = vector(place)
    if np.hypot(n[0], n[1]) > 0.3:
        SECULAR.check(n, [x, y, z], tolerance=1e-9)
    SECULAR.check_finite(n, [x, y, z])


def _seen(n: jax.Array, v: jax.Array, place: jax.Array, mass: jax.Array) -> jax.Array:
    bodies = Bodies(place, mass, jnp.zeros(2), jnp.zeros(2), jnp.zeros((2, 3)))
    return aberrate(n, effective_velocity(v, potential(bodies)))


POTENTIAL = Slopes(_seen)


@few
@given(angles, angles, speeds)
def test_the_potential(place, apex, speed):
    away = np.array([[0.0, 1.0, 0.2], [3.0, -4.0, 0.5]])
    mass = np.array([0.02, 0.01])
    n, v = vector(place), 0.5 * speed * vector(apex)
    POTENTIAL.check(n, v, away, mass, tolerance=1e-7)


OFFSET = np.random.default_rng(0).uniform(-0.02, 0.02, (12, 2))
FIELD = Slopes(
    lambda n, v, offset: differential(lambda m: aberrate(m, v), n, offset), step=1e-4
)


@few
@given(angles, angles, st.sampled_from([0.0, 1e-4, 0.3]))
def test_the_field(place, apex, speed):
    n = vector(place)
    if np.hypot(n[0], n[1]) > 0.3:
        FIELD.check(n, speed * vector(apex), OFFSET, tolerance=1e-7)


AT_POLE = Slopes(
    lambda v, offset: differential(
        lambda m: aberrate(m, v), jnp.asarray([0.0, 0.0, -1.0]), offset
    ),
    step=1e-4,
)


@few
@given(angles, st.sampled_from([0.0, 1e-4, 0.3]))
def test_the_field_at_a_pole(apex, speed):
    AT_POLE.check(speed * vector(apex), OFFSET, tolerance=1e-7)


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_what_a_plate_model_leaves(degree):
    field = np.random.default_rng(1).normal(size=(12, 2))
    slopes = Slopes(lambda x, d: plate_residual(x, d, degree), step=1e-3)
    slopes.check(50 * OFFSET, field, tolerance=1e-6)


def _sizes(n: jax.Array, v: jax.Array, half: jax.Array) -> jax.Array:
    effect = differential_aberration(n, v, half, degree=1, n_side=4)
    return jnp.stack([effect.rms, effect.rms_left[0], effect.rms_left[1]])


def test_the_sizes():
    """At rest as well, where they are of rounding only."""
    slopes = Slopes(_sizes, step=1e-5)
    n, v = vector((10.0, 40.0)), vector((30.0, 20.0))
    slopes.check(n, 1e-3 * v, 0.05, tolerance=1e-7)
    slopes.check_finite(n, 0.0 * v, 0.05)


def test_sizes_that_are_exactly_zero():
    """A root mean square has a kink there; the derivative given is zero."""

    def size(half: jax.Array) -> jax.Array:
        effect = differential_aberration(
            jnp.asarray([1.0, 0.0, 0.0]), jnp.zeros(3), half, degree=0, n_side=3
        )
        return effect.rms + effect.largest_left[0]

    value, slope = quick_jit(jax.value_and_grad(size))(jnp.asarray(0.0))
    assert float(value) == 0.0
    assert float(slope) == 0.0
