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
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy import ndarray

from reseau.sky import direction_from_angles
from reseau.sky.motion import (
    direction_and_covariance,
    direction_at,
    linear_direction_at,
    propagate,
    propagate_with_covariance,
    radial_motion,
)
from reseau.sky.parallax import displace_by_parallax, parallax_factors

few = settings(deadline=None, max_examples=25)

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


@cache
def compiled(name: str) -> tuple[Callable[[ndarray], ndarray], ...]:
    """Return the function, flat, and its derivatives forward and in reverse."""

    def flat(z: jax.Array) -> jax.Array:
        return jnp.concatenate([jnp.ravel(x) for x in jax.tree.leaves(f(z))])

    f = FUNCTIONS[name]
    return jax.jit(flat), jax.jit(jax.jacfwd(flat)), jax.jit(jax.jacrev(flat))


def nothing_or(least: float, most: float) -> st.SearchStrategy[float]:
    sizes = st.floats(np.log(least), np.log(most)).map(np.exp)
    signed = st.builds(lambda size, sign: size * sign, sizes, st.sampled_from([-1, 1]))
    return st.just(0.0) | signed


skies = st.tuples(
    st.floats(0, 2 * np.pi) | st.sampled_from([0.0, 1e-12, np.pi, 2 * np.pi - 1e-12]),
    st.floats(-np.pi / 2, np.pi / 2) | st.sampled_from([-np.pi / 2, 0.0, np.pi / 2]),
)
stars = st.tuples(
    nothing_or(1e-9, 1e-6),
    nothing_or(1e-9, 1e-6),
    nothing_or(1e-7, 3e-6),
    nothing_or(1e-9, 5e-5),
    nothing_or(1e-9, 5e-5),
    st.floats(-500, 500),
)
times = nothing_or(1e-3, 30.0)
observers = st.tuples(*[st.floats(-1.5, 1.5)] * 3)


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
    function, forward, reverse = compiled(name)
    slopes = np.asarray(forward(z))
    assert np.isfinite(slopes).all()
    steps = SCALES.copy()
    steps[PARALLAX] = parallax_step(star)
    # Next to a pole East turns with the slightest step, by 1e16 at most.
    near_pole = np.hypot(*place[:2]) < 0.01
    judged = slice(3 if near_pole else 0, None)
    size = np.maximum(np.abs(function(z)), 1.0)
    rows = np.ones(len(size), bool)
    if near_pole and name.startswith("propagate"):
        # So do the components of the new proper motion, not the motion itself.
        rows[6:8] = False
    change = slopes[:, judged] * steps[judged]
    apart = np.abs(reverse(z)[:, judged] * steps[judged] - change)
    bound = 1e-9 * np.abs(change[rows]).max(axis=0) + 1e-17 * size[rows, None]
    assert np.all(apart[rows] <= bound)
    for k in range(judged.start, len(z)):
        step = np.where(np.arange(len(z)) == k, steps[k], 0.0)
        change = (function(z + step) - function(z - step)) / 2
        wanted = slopes[:, k] * steps[k]
        error = 2e-15 * size + 1e-5 * np.abs(wanted)
        good = np.abs(change - wanted) <= error
        assert np.all(good[rows]), (name, k)


@cache
def covariances(light_time: bool) -> tuple[Callable[..., ndarray], ...]:
    """Return covariances of place, six parameters and time, and their derivatives."""

    def entries(place: jax.Array, six: jax.Array, elapsed: jax.Array) -> jax.Array:
        start = place[None], six[None], COVARIANCE[None], elapsed[None]
        _, _, matrix = propagate_with_covariance(*start, light_time=light_time)
        _, two = direction_and_covariance(*start, jnp.ones(3), light_time=light_time)
        # In units of the errors at the start.
        five = jnp.ravel(matrix[0, :5, :5])
        return jnp.append(five, jnp.ravel(two)) * 1e20

    def mixed(*arguments):
        found = entries(*arguments)
        return jnp.cos(jnp.arange(found.size)) @ found  # one row: quicker to compile

    return (
        jax.jit(entries),
        jax.jit(jax.jacfwd(entries, argnums=(0, 1, 2))),
        jax.jit(jax.grad(mixed, argnums=(0, 1, 2))),
    )


@few
@given(skies, stars, times, st.booleans())
@example((0.0, np.pi / 2), (0.0,) * 6, 0.0, True)
def test_covariances_have_derivatives(sky, star, time, light_time):
    """They are made of derivatives themselves, so these are of second order."""
    place = direction_from_angles(*jnp.asarray(sky))
    six, elapsed = jnp.asarray(star), jnp.asarray(time)
    entries, forward, reverse = covariances(light_time)
    slopes = forward(place, six, elapsed)
    others = reverse(place, six, elapsed)
    assert all(np.isfinite(slope).all() for slope in (*slopes, *others))
    if np.hypot(place[0], place[1]) < 0.01:
        # East turns with the slightest step: differences cannot follow, see above.
        return
    units = np.array([1e-6, 1e-6, 1e-6, 1e-7, 1e-7, 10.0])
    for slope, other, unit in (
        (slopes[1], others[1], units),
        (slopes[2], others[2], 1.0),
    ):
        wanted = np.cos(np.arange(len(slope))) @ (slope * unit)
        size = np.abs(slope * unit).sum(axis=0).max()
        np.testing.assert_allclose(other * unit, wanted, atol=1e-9 * size + 1e-12)
    step = 1e-3
    change = entries(place, six, elapsed + step) - entries(place, six, elapsed - step)
    bound = 2e-9 * (1.0 + np.abs(slopes[2]).max())
    np.testing.assert_allclose(change / (2 * step), slopes[2], rtol=1e-6, atol=bound)
