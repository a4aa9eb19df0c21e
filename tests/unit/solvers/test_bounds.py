"""One step goes no farther than a linearised plate is believed."""

import numpy as np
import pytest

from plates import make_plate
from reseau.model import PER_DETECTOR, PER_EXPOSURE, take_step
from reseau.solvers.bounds import MOST_OFFSET, MOST_SCALE, MOST_TURN, bounded_step


@pytest.fixture(scope="module")
def point():
    return make_plate(sources=5, exposures=3).truth


@pytest.fixture
def steps(point):
    """Steps of nothing, and views of their exposures and detectors."""
    n, d = len(point.focal), len(point.detectors)
    n_coefficients = point.coefficients.size
    size = PER_EXPOSURE * n + n_coefficients + 1 + PER_DETECTOR * d
    shared = np.zeros(size)
    exposures = shared[: PER_EXPOSURE * n].reshape(n, PER_EXPOSURE)
    detectors = shared[size - PER_DETECTOR * d :].reshape(d, PER_DETECTOR)
    return shared, exposures, detectors, np.zeros((5, 2))


def test_a_short_step_is_returned_as_it_is(point, steps):
    shared, exposures, _, offset = steps
    exposures[1, :3] = 0.1
    exposures[2, 3] = 0.2 * point.focal[2, 0]
    offset[3] = [0.03, -0.03]
    found = bounded_step(point, shared, offset)
    assert found[0] is shared
    assert found[1] is offset
    assert found[2] is False


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_focal_length_changes_by_a_quarter_at_most(point, steps, axis, sign):
    shared, exposures, _, offset = steps
    exposures[1, 3 + axis] = sign * 2.0 * point.focal[1, axis]
    exposures[0, 0], offset[2, 1] = 1e-3, 4e-3
    moved, sources, kept_back = bounded_step(point, shared, offset)
    assert kept_back
    # All of the step is cut by the same, so that its direction stays.
    np.testing.assert_allclose(moved, MOST_SCALE / 2.0 * shared, rtol=1e-14)
    np.testing.assert_allclose(sources, MOST_SCALE / 2.0 * offset, rtol=1e-14)
    focal = np.asarray(take_step(point, moved, sources).focal)
    assert focal[1, axis] / point.focal[1, axis] == pytest.approx(1 + sign * MOST_SCALE)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_pitch_changes_by_a_quarter_at_most(point, steps, axis):
    shared, _, detectors, offset = steps
    detectors[1, 3 + axis] = -point.detectors[1, 3 + axis]
    moved, _, kept_back = bounded_step(point, shared, offset)
    assert kept_back
    np.testing.assert_allclose(moved, MOST_SCALE * shared, rtol=1e-14)


def test_centres_and_turns_of_detectors_may_go_anywhere(point, steps):
    shared, _, detectors, offset = steps
    detectors[:, :3] = 1e6
    assert bounded_step(point, shared, offset)[2] is False


def test_a_camera_turns_by_the_length_of_all_three_angles(point, steps):
    shared, exposures, _, offset = steps
    exposures[2, :3] = [0.3, -0.4, 1.2]
    moved, _, kept_back = bounded_step(point, shared, offset)
    assert kept_back
    np.testing.assert_allclose(moved, MOST_TURN / 1.3 * shared, rtol=1e-14)


def test_what_is_farthest_beyond_decides(point, steps):
    shared, exposures, detectors, offset = steps
    exposures[0, 0] = 2.0 * MOST_TURN
    exposures[1, 3] = 3.0 * MOST_SCALE * point.focal[1, 0]
    detectors[0, 4] = -5.0 * MOST_SCALE * point.detectors[0, 4]
    moved, _, _ = bounded_step(point, shared, offset)
    np.testing.assert_allclose(moved, shared / 5.0, rtol=1e-14)


def test_sources_are_kept_back_one_by_one(point, steps):
    shared, exposures, _, offset = steps
    exposures[0, 0] = 1e-3
    offset[0], offset[1], offset[4] = [0.3, 0.4], [0.01, 0.0], [0.0, -0.06]
    moved, sources, kept_back = bounded_step(point, shared, offset)
    assert kept_back
    assert moved is shared
    wanted = offset.copy()
    wanted[0], wanted[4] = [0.6 * MOST_OFFSET, 0.8 * MOST_OFFSET], [0.0, -MOST_OFFSET]
    np.testing.assert_allclose(sources, wanted, rtol=1e-14)


def test_sources_are_judged_after_the_whole_was_cut(point, steps):
    shared, exposures, _, offset = steps
    exposures[0, 0] = 10.0 * MOST_TURN
    offset[0] = [4.0 * MOST_OFFSET, 0.0]
    _, sources, _ = bounded_step(point, shared, offset)
    assert sources[0, 0] == pytest.approx(0.4 * MOST_OFFSET, rel=1e-14)


def test_a_plate_without_sources(point, steps):
    shared, exposures, _, _ = steps
    exposures[0, 0] = 2.0 * MOST_TURN
    moved, sources, kept_back = bounded_step(point, shared, np.zeros((0, 2)))
    assert kept_back
    assert sources.shape == (0, 2)
    np.testing.assert_allclose(moved, shared / 2.0, rtol=1e-14)
