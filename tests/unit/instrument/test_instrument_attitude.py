"""Camera axes, angles and steps: conventions and edges."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from reseau.errors import PrecisionError
from reseau.instrument import (
    attitude_difference,
    attitude_from_axes,
    camera_axes,
    rotate_axes,
)

QUARTER = np.pi / 2


def test_at_the_origin_x_is_east_and_y_is_north() -> None:
    axes = camera_axes(np.zeros(3))
    assert_allclose(axes, [[0, 1, 0], [0, 0, 1], [1, 0, 0]], atol=1e-16)


def test_position_angle_runs_from_north_through_east() -> None:
    axes = camera_axes(np.array([0.0, 0.0, QUARTER]))
    assert_allclose(axes[1], [0, 1, 0], atol=1e-16)  # +Y points East
    assert_allclose(axes[0], [0, 0, -1], atol=1e-16)  # +X points South


def test_axes_are_right_handed_and_orthonormal() -> None:
    rng = np.random.default_rng(0)
    axes = np.asarray(camera_axes(rng.uniform(-7.0, 7.0, (100, 3))))
    assert_allclose(np.cross(axes[:, 0], axes[:, 1]), axes[:, 2], atol=1e-15)
    assert_allclose(
        axes @ axes.swapaxes(1, 2), np.tile(np.eye(3), (100, 1, 1)), atol=1e-15
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_right_ascension_is_zero_at_a_pole(sign: float) -> None:
    axes = np.array([[0.0, 1.0, 0.0], [-sign, 0.0, 0.0], [0.0, 0.0, sign]])
    attitude = attitude_from_axes(axes)
    assert_allclose(attitude, [0.0, sign * QUARTER, 0.0], atol=0)
    turned = rotate_axes(axes, np.array([0.0, 0.0, 0.7]))
    assert_allclose(attitude_from_axes(turned), [0.0, sign * QUARTER, 0.7], atol=1e-15)


def test_angles_stay_below_a_full_turn() -> None:
    tiny = -1e-20
    attitude = attitude_from_axes(camera_axes(np.array([tiny, 0.2, tiny])))
    assert attitude[0] == 0.0
    assert attitude[2] == 0.0
    wrapped = attitude_from_axes(camera_axes(np.array([-0.1, 0.2, -0.3])))
    assert_allclose(wrapped, [2 * np.pi - 0.1, 0.2, 2 * np.pi - 0.3], rtol=1e-15)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ([1e-6, 0.0, 0.0], [1e-6 / np.cos(0.5), 0.0, 1e-6 * np.tan(0.5)]),
        ([0.0, 1e-6, 0.0], [0.0, 1e-6, 0.0]),
        ([0.0, 0.0, 1e-6], [0.0, 0.0, 1e-6]),
    ],
)
def test_a_small_step_moves_east_north_and_in_angle(
    step: list[float], expected: list[float]
) -> None:
    """The meridians converge, so that a step to the East turns North as well."""
    start = np.array([1.0, 0.5, 2.0])
    moved = attitude_from_axes(rotate_axes(camera_axes(start), np.array(step)))
    assert_allclose(moved - start, expected, rtol=0, atol=2e-12)


def test_derivative_at_a_step_of_zero() -> None:
    """Each component turns the axes about its own vector: k × (x, y, A)."""
    axes = np.asarray(camera_axes(np.array([1.0, 0.5, 2.0])))
    cos, sin = np.cos(2.0), np.sin(2.0)
    east, north = axes[0] * cos + axes[1] * sin, axes[1] * cos - axes[0] * sin
    slopes = jax.jit(jax.jacfwd(lambda s: rotate_axes(axes, s)))(np.zeros(3))
    for i, k in enumerate((north, -east, -axes[2])):
        assert_allclose(slopes[..., i], np.cross(k, axes), rtol=0, atol=1e-15)

    def there_and_back(step: jax.Array) -> jax.Array:
        return attitude_difference(rotate_axes(axes, step), axes)

    slopes = jax.jit(jax.jacfwd(there_and_back))(np.zeros(3))
    assert_allclose(slopes, np.eye(3), rtol=0, atol=1e-15)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1.0, 3.0, np.pi - 1e-9, np.pi])
def test_difference_of_any_roll(angle: float) -> None:
    axes = camera_axes(np.array([1.0, 0.5, 2.0]))
    turned = camera_axes(np.array([1.0, 0.5, 2.0 + angle]))
    step = np.abs(attitude_difference(turned, axes))
    assert_allclose(step, [0.0, 0.0, angle], rtol=0, atol=1e-15)


def test_32_bits_are_refused() -> None:
    with pytest.raises(PrecisionError, match="enable_x64"):
        camera_axes(np.zeros(3, np.float32))
