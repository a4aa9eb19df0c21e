"""Projections: scale at the centre, horizons, names."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from reseau.errors import ConfigError
from reseau.instrument import PROJECTIONS, deproject, project

ANGLE = 0.3
RADIUS = {
    "gnomonic": np.tan(ANGLE),
    "equidistant": ANGLE,
    "orthographic": np.sin(ANGLE),
}


@pytest.mark.parametrize("name", PROJECTIONS)
def test_distance_from_the_centre(name: str) -> None:
    x, y, z = np.sin(ANGLE) * 0.6, np.sin(ANGLE) * 0.8, np.cos(ANGLE)
    p, q = project(name, np.array(x), np.array(y), np.array(z))
    assert_allclose([p, q], RADIUS[name] * np.array([0.6, 0.8]), rtol=1e-15)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_the_centre_is_smooth(name: str) -> None:
    zero, one = np.array(0.0), np.array(1.0)
    value, slope = jax.jvp(
        lambda x, y: project(name, x, y, one), (zero, zero), (one, zero)
    )
    assert_allclose(value, [0.0, 0.0], atol=0)
    assert_allclose(slope, [1.0, 0.0], atol=0)
    value, slope = jax.jvp(lambda p: deproject(name, p, zero), (zero,), (one,))
    assert_allclose(value, [0.0, 0.0, 1.0], atol=0)
    assert_allclose(slope, [1.0, 0.0, 0.0], atol=0)


@pytest.mark.parametrize(
    ("name", "z", "is_seen"),
    [
        ("gnomonic", 1e-3, True),
        ("gnomonic", 0.0, False),
        ("gnomonic", -0.5, False),
        ("orthographic", 0.0, True),
        ("orthographic", -0.5, False),
        ("equidistant", -0.999, True),
        ("equidistant", -1.0, False),
    ],
)
def test_horizons(name: str, z: float, is_seen: bool) -> None:
    x = np.sqrt(1.0 - z * z)
    p, q = project(name, np.array([x]), np.array([0.0]), np.array([z]))
    assert np.isfinite(p[0]) == is_seen
    assert np.isfinite(q[0]) == is_seen


def test_points_that_nothing_falls_on() -> None:
    far = np.array([1.1, 3.2])
    zero = np.zeros(2)
    assert np.isnan(deproject("orthographic", far, zero)[0]).all()
    assert np.isnan(deproject("equidistant", far, zero)[2]).tolist() == [False, True]
    assert np.isfinite(deproject("gnomonic", far, zero)[0]).all()


def test_the_switch_to_the_series_leaves_no_step() -> None:
    """ARC on both sides of the switch agrees with arcsin."""
    sine = np.sqrt(np.linspace(0.9e-3, 1.1e-3, 1001))
    p, _ = project("equidistant", sine, np.zeros_like(sine), np.sqrt(1.0 - sine**2))
    assert_allclose(p, np.arcsin(sine), rtol=1e-15)
    x, _, z = deproject("equidistant", p, np.zeros_like(sine))
    assert_allclose(x, sine, rtol=1e-15)
    assert_allclose(z, np.cos(np.arcsin(sine)), rtol=1e-15)


def test_an_unknown_name_is_explained() -> None:
    zero = np.array(0.0)
    with pytest.raises(ConfigError, match="orthographc") as error:
        project("orthographc", zero, zero, zero)
    for part in (
        "wanted: one of gnomonic",
        "where:",
        "to do:  did you mean 'orthographic'?",
    ):
        assert part in str(error.value)
