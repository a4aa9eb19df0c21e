"""The galactocentric frame: round trips, borders, and what it refuses."""

import math

import numpy as np
import pytest

from reseau.errors import ConfigError, ShapeError
from reseau.galaxy.frame import GalacticFrame
from reseau.galaxy.model.places import Places

CENTRE = (-0.05576475, -0.04615706)
FRAME = GalacticFrame(8160.0, 25.0, (10.0, 248.0, 8.47), CENTRE)


def test_positions_round_trip_also_next_to_sun_and_centre() -> None:
    rng = np.random.default_rng(1)
    near = rng.normal(0.0, 1.0, (50, 3))
    position = np.concatenate([near, FRAME.sun + near, 9000.0 * near])
    back = FRAME.galactocentric(*FRAME.heliocentric(position))
    np.testing.assert_allclose(back, position, atol=1e-9)


def test_longitudes_are_in_the_half_open_range() -> None:
    l, b, _ = FRAME.heliocentric(FRAME.galactocentric(359.9, -0.1, 5000.0))  # noqa: E741
    assert l == pytest.approx(-0.1)
    assert b == pytest.approx(-0.1)


def test_velocities_round_trip() -> None:
    rng = np.random.default_rng(2)
    l, b = rng.uniform(-180, 180, 50), rng.uniform(-89, 89, 50)  # noqa: E741
    distance, velocity = rng.uniform(10, 2e4, 50), rng.normal(0, 100, (50, 3))
    observed = np.stack(FRAME.proper_motions(l, b, distance, velocity), axis=-1)
    back = FRAME.velocities(l, b, distance, observed)
    np.testing.assert_allclose(back, velocity, atol=1e-9)


def test_axes_are_orthonormal_and_follow_the_positions() -> None:
    axes = FRAME.axes(np.array([30.0, -100.0]), np.array([5.0, 60.0]))
    np.testing.assert_allclose(
        axes @ axes.swapaxes(-1, -2), [np.eye(3)] * 2, atol=1e-14
    )
    step = 1e-4
    east = FRAME.galactocentric(30.0 + step, 5.0, 1000.0)
    west = FRAME.galactocentric(30.0 - step, 5.0, 1000.0)
    along = (east - west) / np.linalg.norm(east - west)
    np.testing.assert_allclose(along, axes[0, 0], atol=1e-9)


def test_a_proper_motion_keeps_its_size_and_its_way() -> None:
    """A small step along it in l and b is one along it in ra and dec."""
    l, b, pml, pmb = 123.0, -34.0, 3.0, -4.0  # noqa: E741
    ra, dec, pmra, pmdec = FRAME.equatorial(l, b, pml, pmb)
    assert math.hypot(pmra, pmdec) == pytest.approx(5.0)
    step = 1e-5
    ra2, dec2, *_ = FRAME.equatorial(
        l + step * pml / math.cos(math.radians(b)), b + step * pmb, 0.0, 0.0
    )
    assert (ra2 - ra) * math.cos(math.radians(dec)) / step == pytest.approx(
        pmra, rel=1e-4
    )
    assert (dec2 - dec) / step == pytest.approx(pmdec, rel=1e-4)
    np.testing.assert_allclose(FRAME.galactic(ra, dec), (l, b), atol=1e-12)


@pytest.mark.parametrize(
    "wrong", [(0.0, 0.0), (-1.0, 0.0), (100.0, 100.0), (math.nan, 0.0)]
)
def test_impossible_frames_are_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="r0 > "):
        GalacticFrame(*wrong, (0.0, 0.0, 0.0), CENTRE)


@pytest.mark.unchecked
def test_positions_are_rows_of_three() -> None:
    with pytest.raises(ShapeError, match=r"shape \(4,\)"):
        Places(np.zeros(4))
