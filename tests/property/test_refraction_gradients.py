"""Derivatives of refraction against finite differences, on the whole sphere."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reseau.records import Air
from reseau.sky import (
    average_refraction,
    differential_colour_refraction,
    fitted_constants,
    laplace_constants,
    refract,
    refraction_integral,
    refractivity,
    unrefract,
)
from slopes import Slopes, Three
from strategies import examples, numbers

some = examples(25)
LIMIT = np.radians(85.0)
weather = st.tuples(
    numbers(300.0, 1080.0),
    numbers(-40.0, 45.0),
    numbers(0.0, 1.0),
    numbers(0.32, 2.4),
)
special = st.sampled_from([0.0, np.pi / 2, np.pi, -np.pi / 2, 2 * np.pi])
angle = numbers(0.0, 2 * np.pi) | special
latitude = numbers(-np.pi / 2, np.pi / 2) | st.sampled_from([-np.pi / 2, np.pi / 2])


def _unit(ra: float, dec: float) -> np.ndarray:
    return np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _of_vector(function: Callable[..., jax.Array]) -> Callable[[jax.Array], jax.Array]:
    """Write a function of direction, zenith, A and B as one of eight numbers."""
    return lambda v: function(v[:3], Air(v[3:6], v[6], v[7]))


EIGHT = np.concatenate([np.full(6, 1e-4), [1e-5, 1e-7]])
REFRACT = Slopes(_of_vector(refract), EIGHT)
UNREFRACT = Slopes(_of_vector(unrefract), EIGHT)


@pytest.mark.parametrize("slopes", [REFRACT, UNREFRACT], ids=["there", "back"])
@some
@given(angle, latitude, angle, latitude, st.booleans())
def test_directions(slopes, ra, dec, zenith_ra, zenith_dec, at_zenith):
    """With respect to direction, zenith, A and B; stars at the zenith included."""
    zenith = _unit(zenith_ra, zenith_dec)
    star = zenith if at_zenith else _unit(ra, dec)
    z = np.arctan2(np.linalg.norm(np.cross(star, zenith)), star @ zenith)
    # The held series beyond 85° meets the other with a corner.
    assume(abs(z - LIMIT) > 0.01)
    found = slopes.three(np.concatenate([star, zenith, [2.8e-4, 3.3e-7]]))
    scale = np.abs(found.numeric).max()
    for one, other, error in (
        (found.forward, found.numeric, 1e-8),
        (found.reverse, found.forward, 1e-12),
    ):
        np.testing.assert_allclose(one, other, atol=error * scale, rtol=0)


STEP = np.array([1.0, 0.1, 0.01, 1e-3, 0.1, 1e-2])
REFRACTIVITY = Slopes(lambda v: refractivity(v[0], v[1], v[2], v[3]), STEP[:4])
CONSTANTS = Slopes(
    lambda v: laplace_constants(
        v[0], v[1], v[2], v[3], height=1e3 * v[4], latitude=v[5]
    ),
    STEP,
)


# By how much each of them may be different: hPa, °C, fraction, µm, km, rad.
UNITS = np.array([1000.0, 300.0, 1.0, 0.5, 8.0, 1.0])


def _each(found: Three, units: np.ndarray, size: np.ndarray | None = None) -> None:
    """Compare column by column, with a floor for changes that are next to nothing.

    The size of each number is its value's, unless that is a difference of larger ones.
    """
    size = np.abs(found.value)[:, None] if size is None else size
    scale = np.abs(found.numeric) + 1e-3 * size / units
    assert np.all(np.abs(found.forward - found.numeric) <= 1e-6 * scale)
    assert np.all(np.abs(found.reverse - found.forward) <= 1e-10 * scale)


@some
@given(weather)
def test_air(conditions):
    _each(REFRACTIVITY.three(np.array(conditions)), UNITS[:4])


@some
@given(weather, numbers(0.0, 5.0), numbers(-1.5, 1.5))
def test_constants(conditions, height, place):
    _each(CONSTANTS.three(np.array([*conditions, height, place])), UNITS)


INTEGRAL = Slopes(
    lambda v: refraction_integral(
        v[0], v[1], v[2], v[3], v[4], height=1e3 * v[5], latitude=v[6], lapse=v[7]
    ),
    np.concatenate([[1e-3], STEP, [1e-4]]),
)
FITTED = Slopes(lambda v: fitted_constants(v[0], v[1], v[2], v[3]), STEP[:4])


@some
@given(
    numbers(0.0, 1.5) | st.sampled_from([0.0, 1.5]),
    weather,
    numbers(0.0, 5.0),
    numbers(-1.5, 1.5),
    numbers(0.004, 0.009),
)
def test_integral(z0, conditions, height, place, lapse):
    found = INTEGRAL.three(np.array([z0, *conditions, height, place, lapse]))
    _each(found, np.concatenate([[1.0], UNITS, [0.0065]]))


def test_integral_at_zenith_and_horizon_is_smooth():
    for z0 in (0.0, np.pi / 2):
        INTEGRAL.check_finite([z0, 1013.25, 15.0, 0.5, 0.59, 0.0, 0.8, 0.0065])


@pytest.mark.recovery  # like the integral, of which it is made
@some
@given(weather)
def test_fitted_constants(conditions):
    found = FITTED.three(np.array(conditions))
    # The second is a difference of two refractions, each a fifteenth of the first.
    _each(found, UNITS[:4], found.value[0] / np.array([[1.0], [15.0]]))


GRID = np.linspace(0.5, 0.7, 41)
BAND = np.exp(-0.5 * ((GRID - 0.6) / 0.04) ** 2)
COLOUR = Slopes(
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
    ),
    np.concatenate([[1e-3], STEP[:4]]),
)


@some
@given(numbers(0.0, 1.2), weather)
def test_colour(z0, conditions):
    found = COLOUR.three(np.array([z0, *conditions]))
    # The first is a difference of two refractions that are both like the second.
    size = np.append(found.forward[1, 0], np.full(4, found.value[1]))
    _each(found, np.append(1.0, UNITS[:4]), size)
