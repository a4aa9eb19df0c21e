"""The instrument's record and the chain from camera to pixel."""

from typing import Any

import jax
import jaxtyping
import numpy as np
import pytest
from numpy.testing import assert_allclose

from reseau.errors import ConfigError, PrecisionError, ShapeError
from reseau.instrument import (
    Detectors,
    Instrument,
    Powers,
    camera_from_pixel,
    direction_to_pixel,
    identity_plane,
    measured,
    pixel_from_camera,
    pixel_to_direction,
    restored,
    undistorted,
)

FOCAL = 1e6
ZERO = np.array(0.0)


def make_instrument(**changes: Any) -> Instrument:
    """Return a small telescope, or a wrong version of it."""
    fields: dict[str, Any] = {
        "name": "small",
        "projection": "gnomonic",
        "parity": 1,
        "focal": np.array([FOCAL, 2 * FOCAL]),
        "focal_sigma": np.array(1e4),
        "focal_prior": "gamma",
        "scale": "exposure-axis",
        "distortion": Powers(1000.0, degree=2),
        "coefficients": np.array([1.0, 0.0, 0.0, 0.0, 0.0, -2.0]),
        "coefficient_sigma": np.full(6, 1000.0),
        "skew": np.array(1e-3),
        "skew_sigma": ZERO,
        "detectors": identity_plane(),
    }
    return Instrument(**(fields | changes))


def test_focal_lengths_and_parity() -> None:
    """DESIGN: X = F_x xi, Y = F_y eta at pa = 0; parity mirrors X alone."""
    z = 1.0 / np.sqrt(1.0 + 4e-6 + 9e-6)
    direction = (2e-3 * z, 3e-3 * z, z)
    for parity in (1, -1):
        x, y = undistorted("gnomonic", parity, *direction, FOCAL, 2 * FOCAL)
        assert_allclose([x, y], [parity * 2000.0, 6000.0], rtol=1e-14)


def test_skew_acts_before_the_distortion() -> None:
    instrument = make_instrument()
    x, y = measured(instrument.distortion, 2000.0, 500.0, instrument.coefficients, 1e-3)
    u = 2000.0 + 1e-3 * 500.0
    assert_allclose([x, y], [u + (u / 1000.0) ** 2, 500.0 - 2.0 * 0.25], rtol=1e-15)
    back = restored(instrument.distortion, x, y, instrument.coefficients, 1e-3)
    assert_allclose(back, [2000.0, 500.0], rtol=0, atol=1e-9)


def test_distortion_acts_after_parity() -> None:
    """A displacement that is even in X has the same sign in both hands."""
    z = np.array(1.0 / np.sqrt(1.0 + 4e-6))
    for parity in (1, -1):
        instrument = make_instrument(parity=parity, skew=ZERO)
        x, _ = pixel_from_camera(
            instrument, 2e-3 * z, ZERO, z, np.array(0), FOCAL, FOCAL
        )
        assert_allclose(x, parity * 2000.0 + 4.0, rtol=1e-13)


def test_each_measurement_has_its_own_detector_and_focal_length() -> None:
    detectors = Detectors(
        ids=(1, 2),
        centre=np.array([[0.0, 0.0], [500.0, 100.0]]),
        theta=np.array([0.0, np.pi]),
        pitch=np.array([[10.0, 10.0], [10.0, 20.0]]),
        naxis=np.array([[101.0, 101.0], [11.0, 21.0]]),
        sigma_centre=np.zeros(2),
        sigma_theta=np.zeros(2),
        sigma_pitch=np.zeros(2),
    )
    instrument = make_instrument(
        detectors=detectors, coefficients=np.zeros(6), skew=ZERO
    )
    z = 1.0 / np.sqrt(1.0 + 1e-6)
    camera = (np.full(2, 1e-3 * z), np.zeros(2), np.full(2, z))
    focal = np.array([FOCAL, 0.8 * FOCAL])
    row = np.array([0, 1])
    px, py = pixel_from_camera(instrument, *camera, row, focal, focal)
    assert_allclose(px, [50.0 + 100.0, 5.0 - 30.0], rtol=1e-12)
    assert_allclose(py, [50.0, 10.0 + 5.0], rtol=1e-12)
    back = camera_from_pixel(instrument, px, py, row, focal, focal)
    assert_allclose(back, camera, rtol=0, atol=1e-15)


def test_the_axis_falls_on_the_centre_at_any_attitude() -> None:
    instrument = make_instrument()
    attitude = np.array([[1.0, 0.5, 2.0], [6.0, -1.5, 0.0]])
    row = np.zeros(2, int)
    direction = pixel_to_direction(instrument, attitude, np.zeros((2, 2)), row)
    ra, dec = attitude[:, 0], attitude[:, 1]
    expected = [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    assert_allclose(direction.T, expected, rtol=0, atol=1e-15)
    pixel = direction_to_pixel(instrument, attitude, direction, row)
    assert_allclose(pixel, 0.0, rtol=0, atol=1e-9)


def test_under_jit_nothing_changes() -> None:
    instrument = make_instrument()
    attitude = np.array([1.0, 0.5, 2.0])
    pixel = np.random.default_rng(3).uniform(-1e4, 1e4, (20, 2))
    row = np.zeros(20, int)
    plain = pixel_to_direction(instrument, attitude, pixel, row)
    compiled = jax.jit(pixel_to_direction)(instrument, attitude, pixel, row)
    assert_allclose(compiled, plain, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"projection": "tangent"}, ConfigError, "unknown projection 'tangent'"),
        ({"parity": 0}, ConfigError, "parity is 0"),
        ({"scale": "exposures"}, ConfigError, "did you mean 'exposure'"),
        ({"focal_prior": "gauss"}, ConfigError, "one of gamma, normal"),
        ({"focal": np.array(FOCAL)}, ShapeError, r"focal has shape \(\)"),
        ({"coefficients": np.zeros(5)}, ShapeError, "A_20, A_11"),
        ({"coefficient_sigma": np.zeros(7)}, ShapeError, "coefficient_sigma"),
        ({"skew": np.zeros(1)}, ShapeError, "skew has shape"),
    ],
)
def test_wrong_records_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    # Where tests check array types at run time, those would complain first.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(error, match=text):
        make_instrument(**changes)


def test_32_bits_are_refused() -> None:
    row = np.array(0)
    with pytest.raises(PrecisionError, match="pixel is float32"):
        pixel_to_direction(make_instrument(), np.zeros(3), np.zeros(2, np.float32), row)
