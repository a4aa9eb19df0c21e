"""There and back, anywhere on the sphere and in the focal plane."""

import functools

import jax
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from reseau.instrument import (
    PROJECTIONS,
    BrownConrady,
    Detectors,
    Distortion,
    Instrument,
    InverseSIP,
    Legendre,
    Powers,
    Radial,
    attitude_difference,
    attitude_from_axes,
    camera_axes,
    deproject,
    direction_to_pixel,
    pixel_to_direction,
    project,
    rotate_axes,
)
from strategies import examples, seeds

S = 21000.0
FOCAL = 4.86e6
RANGES = {"gnomonic": 1.4, "equidistant": 3.1, "orthographic": 1.4}
MODELS: dict[str, Distortion] = {
    "legendre": Legendre(S, degree=4),
    "powers": Powers(S, degree=3, degree_kind="per-axis"),
    "sip": InverseSIP(S, degree=4, centre=(300.0, -100.0)),
    "brown-conrady": BrownConrady(S, n_radial=2),
    "radial": Radial(S),
}

turn = st.floats(-2 * np.pi, 4 * np.pi)
latitude = st.floats(-np.pi / 2, np.pi / 2)
attitudes = st.tuples(turn, latitude, turn).map(np.array)
POLES = [np.array([1.0, sign * np.pi / 2, 2.0]) for sign in (1, -1)]

to_axes = jax.jit(camera_axes)
from_axes = jax.jit(attitude_from_axes)
rotate = jax.jit(rotate_axes)
difference = jax.jit(attitude_difference)
to_plane = jax.jit(project, static_argnums=0)
from_plane = jax.jit(deproject, static_argnums=0)
to_pixels = jax.jit(direction_to_pixel)
to_directions = jax.jit(pixel_to_direction)


@examples(200)
@given(attitude=attitudes)
@example(attitude=POLES[0])
@example(attitude=POLES[1])
@example(attitude=np.array([2 * np.pi, 0.0, 2 * np.pi]))
@example(attitude=np.array([-1e-17, 0.0, -1e-17]))
def test_angles_to_axes_and_back(attitude: np.ndarray) -> None:
    """The angles are canonical, and say the same axes."""
    axes = to_axes(attitude)
    found = np.asarray(from_axes(axes))
    assert 0.0 <= found[0] < 2 * np.pi
    assert 0.0 <= found[2] < 2 * np.pi
    assert abs(found[1] - attitude[1]) < 1e-15
    assert_allclose(to_axes(found), axes, rtol=0, atol=4e-15)


@examples(200)
@given(attitude=attitudes, step=st.tuples(*[st.floats(-1.75, 1.75)] * 3).map(np.array))
@example(attitude=POLES[0], step=np.array([1e-8, 1e-8, 1e-8]))
@example(attitude=POLES[1], step=np.zeros(3))
def test_steps_there_and_back(attitude: np.ndarray, step: np.ndarray) -> None:
    """Any rotation of less than half a turn is found again."""
    axes = to_axes(attitude)
    moved = rotate(axes, step)
    # Close to half a turn the vector flips sign: that is another name for it.
    if np.linalg.norm(step) < 3.0:
        assert_allclose(difference(moved, axes), step, rtol=0, atol=2e-14)
    again = rotate(axes, difference(moved, axes))
    assert_allclose(again, moved, rtol=0, atol=1e-14)
    assert_allclose(np.asarray(moved) @ np.asarray(moved).T, np.eye(3), atol=1e-14)


@examples(100)
@given(seed=seeds, name=st.sampled_from(PROJECTIONS), exponent=st.floats(-9.0, 0.0))
def test_directions_to_the_plane_and_back(
    seed: int, name: str, exponent: float
) -> None:
    rng = np.random.default_rng(seed)
    distance = RANGES[name] * 10.0**exponent * rng.random(20)
    angle = rng.uniform(0.0, 2 * np.pi, 20)
    x, y = np.sin(distance) * np.cos(angle), np.sin(distance) * np.sin(angle)
    z = np.cos(distance)
    back = from_plane(name, *to_plane(name, x, y, z))
    assert_allclose(back, (x, y, z), rtol=0, atol=3e-15)
    assert_allclose(back[0], x, rtol=1e-13, atol=1e-30)


@functools.cache
def instrument(basis: str, projection: str, parity: int) -> Instrument:
    """Return a telescope with two displaced detectors and a distortion."""
    model = MODELS[basis]
    width = np.minimum(model.widths(10.0), 2000.0)
    draw = np.random.default_rng(1).uniform(-1.0, 1.0, model.n_coefficients)
    return Instrument(
        name="any",
        projection=projection,
        parity=parity,
        focal=np.array([FOCAL, 1.01 * FOCAL]),
        focal_sigma=np.array(0.0),
        focal_prior="gamma",
        scale="exposure-axis",
        distortion=model,
        coefficients=model.default() + width * draw,
        coefficient_sigma=width,
        skew=np.array(1e-4),
        skew_sigma=np.array(0.0),
        detectors=Detectors(
            ids=(1, 2),
            centre=np.array([[-11100.0, 100.0], [11100.0, -80.0]]),
            theta=np.array([0.01, 3.1]),
            pitch=np.array([[10.0, 10.0], [10.1, 9.9]]),
            naxis=np.full((2, 2), 1920.0),
            sigma_centre=np.zeros(2),
            sigma_theta=np.zeros(2),
            sigma_pitch=np.zeros(2),
        ),
    )


@pytest.mark.parametrize(
    ("basis", "projection", "parity"),
    [
        ("legendre", "gnomonic", -1),
        ("powers", "equidistant", 1),
        ("sip", "gnomonic", -1),
        ("brown-conrady", "orthographic", 1),
        ("radial", "gnomonic", 1),
    ],
)
@examples(40)
@given(attitude=attitudes, seed=seeds)
@example(attitude=POLES[0], seed=0)
@example(attitude=POLES[1], seed=0)
@example(attitude=np.array([0.0, 0.0, 0.0]), seed=0)
def test_pixels_to_the_sky_and_back(
    basis: str, projection: str, parity: int, attitude: np.ndarray, seed: int
) -> None:
    """All over both detectors: within 1e-8 pixel, 0.0005 uas in direction."""
    rng = np.random.default_rng(seed)
    pixel = rng.uniform(-0.5, 1919.5, (30, 2))
    row = rng.integers(0, 2, 30)
    telescope = instrument(basis, projection, parity)
    direction = to_directions(telescope, attitude, pixel, row)
    assert_allclose(np.linalg.norm(direction, axis=-1), 1.0, rtol=1e-15)
    # Rounding of the direction, 1e-16, times the focal length in pixels.
    assert_allclose(
        to_pixels(telescope, attitude, direction, row), pixel, rtol=0, atol=1e-8
    )


@examples(30)
@given(attitude=attitudes, shift=turn, seed=seeds)
def test_turning_the_sky_in_right_ascension_changes_no_pixel(
    attitude: np.ndarray, shift: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    telescope = instrument("legendre", "gnomonic", -1)
    pixel = rng.uniform(-0.5, 1919.5, (30, 2))
    row = rng.integers(0, 2, 30)
    direction = np.asarray(to_directions(telescope, attitude, pixel, row))
    cos, sin = np.cos(shift), np.sin(shift)
    turned = direction @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    moved = attitude + np.array([shift, 0.0, 0.0])
    # The sum of two angles of up to 30 rad rounds at 4e-15 rad, 2e-9 pixel.
    assert_allclose(to_pixels(telescope, moved, turned, row), pixel, rtol=0, atol=2e-8)
