"""Derivatives against finite differences, and of inverses against inverses."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from quick import quick_jit
from reseau.instrument import (
    BrownConrady,
    Distortion,
    InverseSIP,
    Legendre,
    Powers,
    Radial,
    attitude_difference,
    attitude_from_axes,
    camera_axes,
    deproject,
    project,
    rotate_axes,
)
from strategies import examples, seeds

S = 21000.0
MODELS: dict[str, Distortion] = {
    "legendre": Legendre(S, degree=4),
    "powers": Powers(S, degree=3),
    "sip": InverseSIP(S, degree=3, minimum_degree=1, centre=(300.0, -100.0)),
    "brown-conrady": BrownConrady(S, n_radial=2),
    "radial": Radial(S),
}
Map = Callable[..., tuple[jax.Array, ...]]


def central_difference(
    function: Map, at: tuple[np.ndarray, ...], along: tuple[np.ndarray, ...], h: float
) -> np.ndarray:
    """Differentiate by the five-point rule, error of order h⁴."""

    def value(step: float) -> np.ndarray:
        moved = [a + step * h * d for a, d in zip(at, along, strict=True)]
        return np.asarray(function(*moved))

    return (8.0 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12.0 * h)


def draw(
    basis: str, seed: int
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Return points with coefficients, and a tangent of about 10 um."""
    rng = np.random.default_rng(seed)
    model = MODELS[basis]
    width = np.minimum(model.widths(15.0), 2000.0)
    size = model.n_coefficients
    x, y = rng.uniform(-0.9 * S, 0.9 * S, (2, 20))
    coefficients = model.default() + width * rng.uniform(-1.0, 1.0, size)
    tangent = (*rng.uniform(-10.0, 10.0, (2, 20)), width * rng.uniform(-0.5, 0.5, size))
    return (x, y, coefficients), tangent


DEPROJECT = quick_jit(deproject, static_argnums=0)
PROJECT = quick_jit(project, static_argnums=0)
ROTATE = quick_jit(rotate_axes)


@functools.cache
def slopes(basis: str, sense: str) -> Callable[..., tuple[jax.Array, ...]]:
    """Return a map's value, its slope along a tangent, and backwards by weights."""
    function = getattr(MODELS[basis], sense)

    @quick_jit
    def all_three(
        at: tuple[jax.Array, ...], along: tuple[jax.Array, ...], weights: jax.Array
    ) -> tuple[jax.Array, ...]:
        value, push = jax.linearize(lambda *each: jnp.stack(function(*each)), *at)
        back = jax.linear_transpose(push, *at)(weights)
        backwards = sum(jnp.vdot(g, t) for g, t in zip(back, along, strict=True))
        return value, push(*along), backwards

    return all_three


NO_WEIGHT = np.zeros((2, 20))


@pytest.mark.parametrize("sense", ["displace", "restore"])
@pytest.mark.parametrize("basis", MODELS)
@examples(10)
@given(seed=seeds)
def test_distortion_and_inverse(basis: str, sense: str, seed: int) -> None:
    """By position and by coefficient, through Newton's method where there is one."""
    at, along = draw(basis, seed)
    all_three = slopes(basis, sense)
    _, exact, _ = all_three(at, along, NO_WEIGHT)
    expected = central_difference(
        lambda *moved: all_three(moved, along, NO_WEIGHT)[0], at, along, 0.02
    )
    # Rounding of positions, 4e-12 um, over the step; the slopes are of order 10 um.
    assert_allclose(np.asarray(exact), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("basis", MODELS)
@examples(10)
@given(seed=seeds)
@example(seed=228723422)  # Newton's iteration stops 2e-8 um early, no less is allowed
def test_inverses_have_inverse_derivatives(basis: str, seed: int) -> None:
    """The chain there and back is the identity, its derivatives too, exactly."""
    (x, y, coefficients), (dx, dy, dc) = draw(basis, seed)
    there, moved, _ = slopes(basis, "displace")(
        (x, y, coefficients), (dx, dy, dc), NO_WEIGHT
    )
    _, back, _ = slopes(basis, "restore")(
        (*there, coefficients), (*moved, dc), NO_WEIGHT
    )
    assert_allclose(back, (dx, dy), rtol=0, atol=1e-13 * 10.0)


@pytest.mark.parametrize("sense", ["displace", "restore"])
@pytest.mark.parametrize("basis", MODELS)
def test_backwards_agrees_with_forwards(basis: str, sense: str) -> None:
    at, along = draw(basis, 5)
    weights = np.random.default_rng(6).normal(size=(2, 20))
    _, exact, backwards = slopes(basis, sense)(at, along, weights)
    assert_allclose(backwards, np.sum(weights * np.asarray(exact)), rtol=1e-10)


@pytest.mark.parametrize("name", ["gnomonic", "equidistant", "orthographic"])
@examples(10)
@given(seed=seeds)
def test_projections_along_the_sphere(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.uniform(-0.6, 0.6, (2, 20)) * 10.0 ** rng.uniform(-6.0, 0.0, 20)
    along = tuple(rng.uniform(-1.0, 1.0, (2, 20)))

    inverse = functools.partial(DEPROJECT, name)
    _, exact = jax.jvp(inverse, (p, q), along)
    expected = central_difference(inverse, (p, q), along, 1e-3)
    assert_allclose(np.asarray(exact), expected, rtol=0, atol=1e-9)
    # Tangents to the sphere lead back to where they came from.
    camera = inverse(p, q)
    _, back = jax.jvp(functools.partial(PROJECT, name), camera, exact)
    assert_allclose(np.asarray(back), along, rtol=0, atol=1e-13)


@quick_jit
def rotation_slopes(
    attitude: jax.Array, step: jax.Array, along: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the derivatives of a step, of there and back, of angles and back."""
    axes = camera_axes(attitude)
    _, moved = jax.jvp(lambda s: rotate_axes(axes, s), (step,), (along,))
    _, back = jax.jvp(
        lambda s: attitude_difference(rotate_axes(axes, s), axes), (step,), (along,)
    )
    _, angles = jax.jvp(
        lambda a: attitude_from_axes(camera_axes(a)), (attitude,), (along,)
    )
    return moved, back, angles


@examples(30)
@given(seed=seeds, size=st.sampled_from([0.0, 1e-9, 1e-3, 0.03, 0.5, 1.6]))
def test_rotations(seed: int, size: float) -> None:
    """Steps and differences, at zero and on both sides of every branch."""
    rng = np.random.default_rng(seed)
    attitude = rng.uniform([0.0, -1.4, 0.0], [6.28, 1.4, 6.28], (10, 3))
    step = size * rng.uniform(-1.0, 1.0, (10, 3))
    along = rng.uniform(-1.0, 1.0, (10, 3))
    moved, back, angles = rotation_slopes(attitude, step, along)
    axes = camera_axes(attitude)
    expected = central_difference(lambda s: ROTATE(axes, s), (step,), (along,), 1e-3)
    assert_allclose(moved, expected, rtol=0, atol=1e-9)
    assert_allclose(back, along, rtol=0, atol=1e-12)
    assert_allclose(angles, along, rtol=0, atol=1e-13)
