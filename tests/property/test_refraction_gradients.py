"""Derivatives of refraction against finite differences, on the whole sphere."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reseau.records import Air
from reseau.sky.refraction import (
    average_refraction,
    differential_colour_refraction,
    fitted_constants,
    laplace_constants,
    refract,
    refraction_integral,
    refractivity,
    unrefract,
)

some = settings(deadline=None, max_examples=25)
LIMIT = np.radians(85.0)
weather = st.tuples(
    st.floats(300.0, 1080.0),
    st.floats(-40.0, 45.0),
    st.floats(0.0, 1.0),
    st.floats(0.32, 2.4),
)
special = st.sampled_from([0.0, np.pi / 2, np.pi, -np.pi / 2, 2 * np.pi])
angle = st.one_of(st.floats(0.0, 2 * np.pi), special)
latitude = st.one_of(st.floats(-np.pi / 2, np.pi / 2), st.sampled_from([-1, 0, 1])).map(
    lambda v: np.pi / 2 * v if isinstance(v, int) else v
)
Map = Callable[[jax.Array], jax.Array]


def _unit(ra: float, dec: float) -> np.ndarray:
    return np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _differences(function: Map, at: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Differentiate by the five-point rule, error of order h⁴."""
    columns = []
    for i, h in enumerate(step):
        move = np.zeros_like(at)
        move[i] = h
        values = [np.asarray(function(at + k * move)) for k in (-2, -1, 1, 2)]
        columns.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12 / h)
    return np.stack(columns, axis=-1)


def _compiled(function: Map) -> tuple[Map, Map, Map]:
    return (
        jax.jit(function),
        jax.jit(jax.jacfwd(function)),
        jax.jit(jax.jacrev(function)),
    )


def _agree(
    functions: tuple[Map, Map, Map], at: np.ndarray, step: np.ndarray, error: float
) -> None:
    value, forward, backward = functions
    wanted = _differences(value, at, step)
    scale = np.abs(wanted).max() + 1e-300
    np.testing.assert_allclose(forward(at), wanted, atol=error * scale, rtol=0)
    np.testing.assert_allclose(backward(at), forward(at), atol=1e-12 * scale, rtol=0)


def _of_vector(function: Callable[..., jax.Array]) -> Map:
    """Write a function of direction, zenith, A and B as one of eight numbers."""
    return lambda v: function(v[:3], Air(v[3:6], v[6], v[7]))


REFRACT = _compiled(_of_vector(refract))
UNREFRACT = _compiled(_of_vector(unrefract))


@pytest.mark.parametrize("functions", [REFRACT, UNREFRACT], ids=["there", "back"])
@some
@given(angle, latitude, angle, latitude, st.booleans())
def test_directions(functions, ra, dec, zenith_ra, zenith_dec, at_zenith):
    """With respect to direction, zenith, A and B; stars at the zenith included."""
    zenith = _unit(zenith_ra, zenith_dec)
    star = zenith if at_zenith else _unit(ra, dec)
    z = np.arctan2(np.linalg.norm(np.cross(star, zenith)), star @ zenith)
    # The held series beyond 85° meets the other with a corner.
    assume(abs(z - LIMIT) > 0.01)
    at = np.concatenate([star, zenith, [2.8e-4, 3.3e-7]])
    step = np.concatenate([np.full(6, 1e-4), [1e-5, 1e-7]])
    _agree(functions, at, step, 1e-8)


REFRACTIVITY = _compiled(lambda v: refractivity(v[0], v[1], v[2], v[3]))
CONSTANTS = _compiled(
    lambda v: jnp.stack(
        laplace_constants(v[0], v[1], v[2], v[3], height=1e3 * v[4], latitude=v[5])
    )
)
STEP = np.array([1.0, 0.1, 0.01, 1e-3, 0.1, 1e-2])


def _each(functions: tuple[Map, Map, Map], at: np.ndarray, step: np.ndarray) -> None:
    """Compare column by column, since the units differ."""
    value, forward, backward = functions
    wanted = _differences(value, at, step)
    found = np.asarray(forward(at))
    scale = np.abs(wanted) + 1e-3 * np.abs(np.asarray(value(at)))[..., None]
    assert np.all(np.abs(found - wanted) <= 1e-6 * scale)
    assert np.all(np.abs(np.asarray(backward(at)) - found) <= 1e-10 * scale)


@some
@given(weather)
def test_air(conditions):
    _each(REFRACTIVITY, np.array(conditions), STEP[:4])


@some
@given(weather, st.floats(0.0, 5.0), st.floats(-1.5, 1.5))
def test_constants(conditions, height, place):
    _each(CONSTANTS, np.array([*conditions, height, place]), STEP)


INTEGRAL = _compiled(
    lambda v: refraction_integral(
        v[0], v[1], v[2], v[3], v[4], height=1e3 * v[5], latitude=v[6], lapse=v[7]
    )
)
FITTED = _compiled(lambda v: jnp.stack(fitted_constants(v[0], v[1], v[2], v[3])))


@some
@given(
    st.one_of(st.floats(0.0, 1.5), st.sampled_from([0.0, 1.5])),
    weather,
    st.floats(0.0, 5.0),
    st.floats(-1.5, 1.5),
    st.floats(0.004, 0.009),
)
def test_integral(z0, conditions, height, place, lapse):
    at = np.array([z0, *conditions, height, place, lapse])
    _each(INTEGRAL, at, np.concatenate([[1e-3], STEP, [1e-4]]))


def test_integral_at_zenith_and_horizon_is_smooth():
    for z0 in (0.0, np.pi / 2):
        at = jnp.asarray([z0, 1013.25, 15.0, 0.5, 0.59, 0.0, 0.8, 0.0065])
        for slopes in (INTEGRAL[1](at), INTEGRAL[2](at)):
            assert bool(jnp.all(jnp.isfinite(slopes)))


@some
@given(weather)
def test_fitted_constants(conditions):
    _each(FITTED, np.array(conditions), STEP[:4])


GRID = np.linspace(0.5, 0.7, 41)
BAND = np.exp(-0.5 * ((GRID - 0.6) / 0.04) ** 2)
COLOUR = _compiled(
    lambda v: jnp.stack(
        [
            differential_colour_refraction(
                v[0], v[4], 0.9, pressure=v[1], temperature=v[2], humidity=v[3]
            ),
            average_refraction(
                v[0],
                GRID,
                1.0 + v[4] * GRID,
                BAND,
                pressure=v[1],
                temperature=v[2],
                humidity=v[3],
            ),
        ]
    )
)


@some
@given(st.floats(0.0, 1.2), weather)
def test_colour(z0, conditions):
    at = np.array([z0, *conditions])
    _each(COLOUR, at, np.concatenate([[1e-3], STEP[:4]]))
