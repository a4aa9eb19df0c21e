"""The bar's mean motion and its tensor, in the bar's axes and the Galaxy's."""

import numpy as np
import pytest

from galaxy_velocities import galaxy, kinematics
from reseau.errors import ConfigError
from reseau.galaxy.kinematics.parameters import BarConfig

ANGLE = np.deg2rad(27.0)


def bar():
    return kinematics().law("bar").bar


def from_bar(x: float, y: float, z: float = 0.0) -> np.ndarray:
    """Turn a place along, across and above the bar, near end at x > 0."""
    towards_sun = x * np.cos(ANGLE) - y * np.sin(ANGLE)
    left = x * np.sin(ANGLE) + y * np.cos(ANGLE)
    return np.array([[-towards_sun, left, z]])


def test_the_near_end_is_at_positive_longitude():
    l, _, distance = galaxy().frame.heliocentric(from_bar(2000.0, 0.0))  # noqa: E741
    assert l[0] > 5.0
    assert distance[0] < galaxy().frame.r0


def test_the_pattern_turns_as_the_disc():
    place = from_bar(1500.0, 0.0)  # on the major axis nothing streams
    mean = bar().mean(place)[0]
    assert mean @ place[0] == pytest.approx(0.0, abs=1e-9)
    assert np.linalg.norm(mean) == pytest.approx(47.4106 * 1.5, rel=1e-9)
    disc = kinematics().moments("thin7", place).mean[0]
    assert mean @ disc > 0.0


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_streaming_is_along_the_bar_and_in_the_sense_of_rotation(side):
    place = from_bar(0.0, side * 800.0)
    rotation = 47.4106e-3 * np.array([place[0, 1], -place[0, 0], 0.0])
    stream = bar().mean(place)[0] - rotation
    along = from_bar(1.0, 0.0)[0]
    assert np.cross(stream, along) == pytest.approx(np.zeros(3), abs=1e-9)
    expected = 43.0365 * (1.0 - np.exp(-((800.0 / 406.56) ** 2)))
    assert np.linalg.norm(stream) == pytest.approx(expected, rel=1e-9)
    assert stream @ rotation > 0.0


def test_dispersions_at_the_centre_and_far_away():
    centre = np.sqrt(np.diag(bar().moments(np.zeros((1, 3))).covariance[0]))
    sx, sy = 63.9939 + 151.8548, 75.8180 + 78.0279
    cos2, sin2 = np.cos(ANGLE) ** 2, np.sin(ANGLE) ** 2
    assert centre == pytest.approx(
        [
            np.sqrt(sx**2 * cos2 + sy**2 * sin2),
            np.sqrt(sx**2 * sin2 + sy**2 * cos2),
            71.2336 + 81.9642,
        ],
        rel=1e-9,
    )
    far = bar().dispersions(np.array([[1e5, 1e5, 1e5]]))[0]
    assert far == pytest.approx([63.9939, 75.8180, 71.2336], rel=1e-6)


def test_dispersions_by_hand():
    x, y, z = 400.0, -900.0, 300.0
    flat = ((x / 858.107) ** 4.25237 + (-y / 3217.05) ** 4.25237) ** (1.02532 / 4.25237)
    planar = np.exp(-((flat + (z / 950.691) ** 1.02532) ** (1.0 / 1.02532)))
    flat = ((x / 558.43) ** 3.71001 + (-y / 2003.217) ** 3.71001) ** (1.07455 / 3.71001)
    vertical = np.exp(-((flat + (z / 3823.209) ** 1.07455) ** (1.0 / 1.07455)))
    expected = [
        63.9939 + 151.8548 * planar,
        75.8180 + 78.0279 * planar,
        71.2336 + 81.9642 * vertical,
    ]
    got = bar().dispersions(np.array([[x, y, z]]))[0]
    assert got == pytest.approx(expected, rel=1e-12)


def test_covariance_is_the_turned_tensor():
    place = from_bar(500.0, 300.0, 200.0)
    sx, sy, sz = bar().dispersions(np.array([[500.0, 300.0, 200.0]]))[0]
    sin, cos = np.sin(ANGLE), np.cos(ANGLE)
    # In axes with X away from the Sun the off-diagonal element has the other sign.
    expected = np.array(
        [
            [sx**2 * cos**2 + sy**2 * sin**2, -(sx**2 - sy**2) * sin * cos, 0.0],
            [-(sx**2 - sy**2) * sin * cos, sx**2 * sin**2 + sy**2 * cos**2, 0.0],
            [0.0, 0.0, sz**2],
        ]
    )
    got = bar().moments(place).covariance[0]
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_vertex_deviation_of_drawn_stars():
    """The long axis of the ellipse of velocities lies along the bar."""
    position = np.repeat(from_bar(100.0, 0.0, 300.0), 40_000, axis=0)
    velocity = kinematics().draw("bar", position, np.random.default_rng(3))
    tensor = np.cov(velocity[:, :2].T)
    axis = np.linalg.eigh(tensor)[1][:, -1]
    angle = np.rad2deg(np.arctan2(axis[1], -axis[0])) % 180.0
    assert angle == pytest.approx(27.0, abs=1.5)
    correlation = tensor[0, 1] / np.sqrt(tensor[0, 0] * tensor[1, 1])
    assert correlation < -0.1


def test_draws_have_the_moments_where_few_are_too_fast():
    position = np.repeat(from_bar(1200.0, 500.0, 600.0), 50_000, axis=0)
    velocity = kinematics().draw("bar", position, np.random.default_rng(4))
    moments = kinematics().moments("bar", position[:1])
    error = moments.dispersion[0] / np.sqrt(50_000)
    assert np.abs(velocity.mean(axis=0) - moments.mean[0]) == pytest.approx(
        np.zeros(3), abs=4.0 * error.max()
    )
    scale = np.outer(moments.dispersion[0], moments.dispersion[0])
    difference = (np.cov(velocity.T) - moments.covariance[0]) / scale
    assert np.abs(difference).max() < 0.025


def test_no_star_of_the_bar_is_faster_than_allowed():
    velocity = kinematics().draw("bar", np.zeros((30_000, 3)), np.random.default_rng(6))
    speed = np.linalg.norm(velocity, axis=1)
    assert speed.max() <= 600.0
    # Some were drawn again: the tail up to the limit is there.
    assert speed.max() > 580.0


def test_lists_of_a_wrong_length():
    preset = bar().config
    given = {**vars(preset), "planar_exponents": [4.0]}
    with pytest.raises(ConfigError, match="planar_exponents"):
        BarConfig(**given)
