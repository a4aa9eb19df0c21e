"""Derivatives of motion and parallax against differences, over the whole sphere.

Steps are of natural size (0.2″ in place, 20 mas/yr, 10 km/s), where the functions are
nearly linear, so that differences keep their digits.
"""

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quick import quick_jit
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
)
from slopes import Slopes
from strategies import examples, nothing_or, numbers

few = examples(25)

# Order of all that the functions depend on.
PLACE, OFFSETS, PARALLAX = slice(0, 3), slice(3, 5), 5
SIX, ELAPSED, OBSERVER = slice(3, 9), 9, slice(10, 13)
SCALES = np.array(
    [1e-6] * 3 + [1e-6] * 2 + [np.nan] + [1e-7] * 2 + [10.0, 0.1] + [0.1] * 3
)
COVARIANCE = np.diag([1e-10, 1e-10, 1e-10, 1e-10, 1e-10, 1.0]) ** 2

FUNCTIONS: dict[str, Callable[[jax.Array], object]] = {
    "direction_at": lambda z: direction_at(z[PLACE], z[SIX], z[ELAPSED], z[OBSERVER]),
    "direction_at with light time": lambda z: direction_at(
        z[PLACE], z[SIX], z[ELAPSED], z[OBSERVER], light_time=True
    ),
    "linear_direction_at": lambda z: linear_direction_at(
        z[PLACE], z[SIX], z[ELAPSED], z[OBSERVER]
    ),
    "propagate": lambda z: propagate(z[PLACE], z[SIX], z[ELAPSED]),
    "propagate with light time": lambda z: propagate(
        z[PLACE], z[SIX], z[ELAPSED], light_time=True
    ),
    "displace_by_parallax": lambda z: displace_by_parallax(
        z[PLACE], z[PARALLAX], z[OBSERVER]
    ),
    "parallax_factors": lambda z: parallax_factors(z[PLACE], z[OBSERVER]),
    "radial_motion": lambda z: radial_motion(z[8], z[PARALLAX]),
}


SLOPES = {name: Slopes(f, pairs=1) for name, f in FUNCTIONS.items()}

skies = st.tuples(
    numbers(0, 2 * np.pi) | st.sampled_from([0.0, 1e-12, np.pi, 2 * np.pi - 1e-12]),
    numbers(-np.pi / 2, np.pi / 2) | st.sampled_from([-np.pi / 2, 0.0, np.pi / 2]),
)
stars = st.tuples(
    nothing_or(1e-9, 1e-6),
    nothing_or(1e-9, 1e-6),
    nothing_or(1e-7, 3e-6),
    nothing_or(1e-9, 5e-5),
    nothing_or(1e-9, 5e-5),
    numbers(-500, 500),
)
times = nothing_or(1e-3, 30.0)
observers = st.tuples(*[numbers(-1.5, 1.5)] * 3)


def parallax_step(star: tuple[float, ...]) -> float:
    """Return a step that does not reach the parallax at which a distance is known."""
    if star[2]:
        return 1e-3 * abs(star[2])
    return 1e-6 * max(abs(star[3]), abs(star[4])) or 1e-12


@pytest.mark.parametrize("name", FUNCTIONS)
@few
@given(skies, stars, times, observers)
@example((0.0, np.pi / 2), (0.0,) * 6, 0.0, (0.0,) * 3)
@example((2.0, -np.pi / 2), (0.0, 0.0, 0.0, 1e-6, 0.0, 20.0), 10.0, (0.1, 0.9, 0.0))
@example((0.0, 0.0), (0.0, 0.0, 2.65e-6, -4e-6, 5e-5, -110.0), -11.93, (0.0,) * 3)
def test_derivatives(name, sky, star, time, observer):
    place = np.asarray(direction_from_angles(*jnp.asarray(sky)))
    if abs(sky[1]) == np.pi / 2:
        place = np.array([0.0, 0.0, np.sign(sky[1])])
    z = np.concatenate([place, star, [time], observer])
    steps = SCALES.copy()
    steps[PARALLAX] = parallax_step(star)
    value, slopes, reverse, numeric = SLOPES[name].three(z, step=steps)
    assert np.isfinite(slopes).all()
    assert np.isfinite(reverse).all()
    # Next to a pole East turns with the slightest step, by 1e16 at most.
    near_pole = np.hypot(*place[:2]) < 0.01
    judged = slice(3 if near_pole else 0, None)
    size = np.maximum(np.abs(value), 1.0)
    rows = np.ones(len(size), bool)
    if near_pole and name.startswith("propagate"):
        # So do the components of the new proper motion, not the motion itself.
        rows[6:8] = False
    change = (slopes * steps)[rows, judged]
    size = size[rows, None]
    apart = np.abs((reverse * steps)[rows, judged] - change)
    assert np.all(apart <= 1e-9 * np.abs(change).max(axis=0) + 1e-17 * size)
    apart = np.abs((numeric * steps)[rows, judged] - change)
    assert np.all(apart <= 1e-5 * np.abs(change) + 2e-15 * size)


def covariances(z: jax.Array, light_time: bool) -> jax.Array:
    """Return covariances of place, six parameters and time, at the end."""
    start = z[None, PLACE], z[None, SIX], COVARIANCE[None], z[None, ELAPSED]
    _, _, matrix = propagate_with_covariance(*start, light_time=light_time)
    _, two = direction_and_covariance(*start, jnp.ones(3), light_time=light_time)
    # In units of the errors at the start.
    return jnp.append(jnp.ravel(matrix[0, :5, :5]), jnp.ravel(two)) * 1e20


@cache
def covariance_slopes(light_time: bool) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return the covariances, their Jacobian, and the slopes of a mixture of them."""

    @quick_jit
    def all_three(z: jax.Array) -> tuple[jax.Array, ...]:
        value, push = jax.linearize(lambda z: covariances(z, light_time), z)
        # One row only, but one that sees every entry: quicker to compile.
        (row,) = jax.linear_transpose(push, z)(jnp.cos(jnp.arange(value.size)))
        return value, jax.vmap(push, out_axes=-1)(jnp.eye(z.size)), row

    return lambda z: [np.asarray(each) for each in all_three(z)]


@pytest.mark.recovery  # programs of second derivatives take long to compile
@pytest.mark.parametrize("light_time", [False, True])
@few
@given(skies, stars, times)
@example((0.0, np.pi / 2), (0.0,) * 6, 0.0)
def test_covariances_have_derivatives(light_time, sky, star, time):
    """They are made of derivatives themselves, so these are of second order."""
    place = direction_from_angles(*jnp.asarray(sky))
    z = np.concatenate([place, star, [time]])
    slopes = covariance_slopes(light_time)
    _, forward, reverse = slopes(z)
    assert np.isfinite(forward).all()
    assert np.isfinite(reverse).all()
    if np.hypot(place[0], place[1]) < 0.01:
        # East turns with the slightest step: differences cannot follow, see above.
        return
    units = np.array([1e-6, 1e-6, 1e-6, 1e-7, 1e-7, 10.0, 1.0])
    change = forward[:, 3:] * units
    wanted = np.cos(np.arange(len(change))) @ change
    size = np.abs(change).sum(axis=0)
    assert np.all(np.abs(reverse[3:] * units - wanted) <= 1e-9 * size + 1e-12)
    # The radial velocity's error alone gives a cubic term of 0.1 yr⁻³: a short step.
    step = 1e-4 * np.eye(len(z))[ELAPSED]
    later, sooner = (slopes(z + move)[0] for move in (step, -step))
    wanted = forward[:, ELAPSED]
    bound = 2e-9 * (1.0 + np.abs(wanted).max())
    np.testing.assert_allclose((later - sooner) / 2e-4, wanted, rtol=1e-6, atol=bound)
