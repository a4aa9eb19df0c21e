"""Detectors: pixel conventions, rotation, identity plane."""

import dataclasses
from typing import Any

import jaxtyping
import numpy as np
import pytest
from numpy.testing import assert_allclose

from reseau.errors import ConfigError, ShapeError
from reseau.instrument import Detectors, from_pixel, identity_plane, to_pixel

CENTRE = {"centre_x": 100.0, "centre_y": -200.0}
GRID = {"pitch_x": 10.0, "pitch_y": 20.0, "origin_x": 959.5, "origin_y": 499.5}


def two_detectors(**changes: Any) -> Detectors:
    """Return two detectors of 1920 x 1000 pixels, or a wrong version of them."""
    fields: dict[str, Any] = {
        "ids": (3, 1),
        "centre": np.array([[-11100.0, 0.0], [11100.0, 0.0]]),
        "theta": np.array([0.0, np.pi]),
        "pitch": np.full((2, 2), 10.0),
        "naxis": np.array([[1920.0, 1000.0], [1920.0, 1000.0]]),
        "sigma_centre": np.full(2, 100.0),
        "sigma_theta": np.full(2, 0.001),
        "sigma_pitch": np.full(2, 0.01),
    }
    return Detectors(**(fields | changes))


def test_pixel_zero_is_the_centre_of_the_first_pixel() -> None:
    """An even detector's centre lies between pixels, at (naxis - 1) / 2."""
    assert_allclose(two_detectors().origin, [[959.5, 499.5], [959.5, 499.5]], atol=0)
    px, py = to_pixel(100.0, -200.0, theta=0.0, **CENTRE, **GRID)
    assert (px, py) == (959.5, 499.5)
    x, y = from_pixel(0.0, 0.0, theta=0.0, **CENTRE, **GRID)
    assert_allclose([x, y], [100.0 - 959.5 * 10.0, -200.0 - 499.5 * 20.0], rtol=1e-15)


def test_theta_turns_the_pixel_axes_from_x_to_y() -> None:
    quarter = np.array(np.pi / 2)
    px, py = to_pixel(100.0, -200.0 + 50.0, theta=quarter, **CENTRE, **GRID)
    # At a quarter turn the detector's own x axis points along +Y.
    assert_allclose([px, py], [959.5 + 5.0, 499.5], rtol=1e-15)
    px, py = to_pixel(100.0 + 40.0, -200.0, theta=quarter, **CENTRE, **GRID)
    assert_allclose([px, py], [959.5, 499.5 - 2.0], rtol=1e-15)


def test_pixels_and_back() -> None:
    x, y = np.random.default_rng(5).uniform(-2e4, 2e4, (2, 100))
    theta = np.linspace(-7.0, 7.0, 100)
    pixel = to_pixel(x, y, theta=theta, **CENTRE, **GRID)
    back = from_pixel(*pixel, theta=theta, **CENTRE, **GRID)
    assert_allclose(back, (x, y), rtol=0, atol=2e-11)


def test_the_identity_plane_adds_nothing() -> None:
    plane = identity_plane()
    assert plane.ids == (0,)
    assert_allclose(plane.origin, [[0.0, 0.0]], atol=0)
    for name in ("sigma_centre", "sigma_theta", "sigma_pitch"):
        assert_allclose(getattr(plane, name), [0.0], atol=0)
    x, y = to_pixel(
        123.4,
        -5.6,
        centre_x=plane.centre[0, 0],
        centre_y=plane.centre[0, 1],
        theta=plane.theta[0],
        pitch_x=plane.pitch[0, 0],
        pitch_y=plane.pitch[0, 1],
        origin_x=plane.origin[0, 0],
        origin_y=plane.origin[0, 1],
    )
    assert (x, y) == (123.4, -5.6)


def test_rows_by_id() -> None:
    assert two_detectors().row(1) == 1
    with pytest.raises(ConfigError, match="detector 2 is unknown"):
        two_detectors().row(2)


@pytest.mark.parametrize(
    "field",
    [f.name for f in dataclasses.fields(Detectors) if f.name not in ("ids", "names")],
)
def test_wrong_shapes_are_refused(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    # Where tests check array types at run time, those would complain first.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ShapeError, match=rf"detectors.{field} has shape"):
        two_detectors(**{field: np.zeros((3, 2))})


def test_ids_are_unique() -> None:
    with pytest.raises(ConfigError, match="repeated: 4"):
        two_detectors(ids=(4, 4))
