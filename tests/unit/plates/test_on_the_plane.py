"""Places in the focal plane and angles of exposures, a few or many at once."""

import numpy as np
import pytest

from plates import two_detectors
from quick import quick_jit
from reseau._usual import CHUNK
from reseau.instrument import camera_axes
from reseau.plates.on_the_plane import attitudes, plane_positions

_axes = quick_jit(camera_axes)


@pytest.mark.parametrize("n", [1, 5, CHUNK + 3])
def test_attitudes_are_the_angles_that_made_the_axes(n):
    rng = np.random.default_rng(n)
    angles = np.stack(
        [
            rng.uniform(0.0, 2 * np.pi, n),
            np.arcsin(rng.uniform(-0.999, 0.999, n)),
            rng.uniform(0.0, 2 * np.pi, n),
        ],
        axis=1,
    )
    # ra and pa near a pole lose 1/cos(dec) of the digits: 20 times here.
    np.testing.assert_allclose(attitudes(np.asarray(_axes(angles))), angles, atol=1e-13)


def test_of_no_exposures():
    assert attitudes(np.zeros((0, 3, 3))).shape == (0, 3)


@pytest.mark.parametrize("n", [1, 7, CHUNK + 3])
def test_places_by_hand(n):
    """The first detector lies straight, the second is turned by a right angle."""
    detectors = two_detectors().detectors
    rng = np.random.default_rng(n)
    pixel, row = rng.uniform(0.0, 1999.0, (n, 2)), rng.integers(0, 2, n)
    off = 10.0 * (pixel - 999.5)
    straight = np.stack([-10_500.0 + off[:, 0], off[:, 1]], axis=1)
    turned = np.stack([10_500.0 - off[:, 1], off[:, 0]], axis=1)
    wanted = np.where(row[:, None] == 0, straight, turned)
    found = plane_positions(detectors, pixel, row)
    # 1e-16 of some 1e4 µm, a few operations.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)


def test_of_no_measurements():
    detectors = two_detectors().detectors
    found = plane_positions(detectors, np.zeros((0, 2)), np.zeros(0, dtype=int))
    assert found.shape == (0, 2)
