"""Position angles of cameras against astropy's."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from quick import quick_jit
from reseau.instrument import camera_axes
from reseau.model.observation import position_angle

_camera_axes, _position_angle = quick_jit(camera_axes), quick_jit(position_angle)

RNG = np.random.default_rng(0)
ATTITUDE = np.stack(
    [
        RNG.uniform(0.0, 2 * np.pi, 40),
        np.arcsin(RNG.uniform(-0.9999, 0.9999, 40)),
        RNG.uniform(-np.pi, np.pi, 40),
    ],
    axis=1,
)


def _astropy_angle(axes):
    """Return the position angle at which a point a little along ŷ is seen."""
    axis, along = axes[:, 2], axes[:, 1]
    step = 1e-4
    end = np.cos(step) * axis + np.sin(step) * along
    start, stop = (
        SkyCoord(*vectors.T, representation_type="cartesian") for vectors in (axis, end)
    )
    return start.position_angle(stop).to_value(u.rad)


def test_against_astropy():
    axes = np.asarray(_camera_axes(ATTITUDE))
    cos, sin = (np.asarray(part) for part in _position_angle(axes))
    wanted = _astropy_angle(axes)
    apart = np.abs(np.exp(1j * wanted) - (cos + 1j * sin))
    # Directions have 1e-16, and the point is 1e-4 away.
    assert apart.max() < 1e-11


def test_the_angle_of_an_attitude_is_its_third_number():
    axes = np.asarray(_camera_axes(ATTITUDE))
    cos, sin = _position_angle(axes)
    np.testing.assert_allclose(cos, np.cos(ATTITUDE[:, 2]), rtol=0, atol=1e-13)
    np.testing.assert_allclose(sin, np.sin(ATTITUDE[:, 2]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("turn", [0.3, -2.0, np.pi])
def test_a_roll_adds_to_the_angle(turn):
    """Of a camera turned about its own axis, counted from North through East."""
    axes = np.asarray(_camera_axes(ATTITUDE))
    x, y, z = axes[:, 0], axes[:, 1], axes[:, 2]
    east = np.cross([0.0, 0.0, 1.0], z)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.cross(z, east)
    angle = ATTITUDE[:, 2:] + turn
    rolled = np.array(axes)
    rolled[:, 1] = np.cos(angle) * north + np.sin(angle) * east
    rolled[:, 0] = np.cross(rolled[:, 1], z)
    np.testing.assert_allclose(np.cross(y, z), x, rtol=0, atol=1e-14)
    cos, sin = _position_angle(rolled)
    np.testing.assert_allclose(cos, np.cos(angle[:, 0]), rtol=0, atol=1e-13)
    np.testing.assert_allclose(sin, np.sin(angle[:, 0]), rtol=0, atol=1e-13)
