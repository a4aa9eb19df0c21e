"""Which detectors are placed by their measurements, on cases by hand."""

from dataclasses import replace

import numpy as np
import pytest

from plates import make_plate
from reseau.model.participation import MANY, PLACED, taking_part

PITCH = 10.0


@pytest.fixture(scope="module")
def problem():
    return make_plate(sources=5, exposures=3).problem


def _hit(problem, *, pixel, sigma=0.1, detector=1, others=0, **widths):
    """Return a plate that hit one detector at some pixels, and the other often.

    Widths of the priors are those of detector 1: centre [µm], theta [rad], pitch.
    """
    pixel = np.atleast_2d(np.asarray(pixel, dtype=float))
    n, m = len(pixel), len(pixel) + others
    detectors = problem.instrument.detectors
    given = {f"sigma_{name}": np.array([1.0, value]) for name, value in widths.items()}
    instrument = replace(problem.instrument, detectors=replace(detectors, **given))
    measurements = replace(
        problem.measurements,
        pixel=np.concatenate([pixel, np.zeros((others, 2))]),
        covariance=np.tile(sigma**2 * np.eye(2), (m, 1, 1)),
        source=np.zeros(m, dtype=np.int32),
        exposure=np.zeros(m, dtype=np.int32),
        detector=np.r_[np.full(n, detector), np.full(others, 1 - detector)].astype(
            np.int32
        ),
    )
    return replace(problem, instrument=instrument, measurements=measurements)


KNOWN = {"centre": 0.0, "theta": 0.0, "pitch": 0.0}
OTHERS = {"others": MANY}
# σ of a pixel of 0.1 is 1 µm: ten times less than the prior it is placed.
EDGE = 0.1 * PITCH * np.sqrt(PLACED)


@pytest.mark.parametrize(("width", "wanted"), [(1.001, True), (0.999, False)])
def test_one_hit_places_a_centre_ten_times_better_than_its_prior(
    problem, width, wanted
):
    case = _hit(problem, pixel=[3, 4], **{**KNOWN, "centre": width * EDGE}, **OTHERS)
    np.testing.assert_array_equal(taking_part(case), [True, wanted])


@pytest.mark.parametrize(("width", "wanted"), [(1.001, True), (0.999, False)])
@pytest.mark.parametrize("n", [2, 5])
def test_hits_add_up(problem, n, width, wanted):
    centre = width * EDGE / np.sqrt(n)
    case = _hit(problem, pixel=[[3, 4]] * n, **{**KNOWN, "centre": centre}, **OTHERS)
    assert taking_part(case)[1] == wanted


@pytest.mark.parametrize(("width", "wanted"), [(1.001, True), (0.999, False)])
def test_a_turn_is_told_by_its_lever(problem, width, wanted):
    """A hit at a distance r from the centre tells theta to σ / r."""
    # The detector's centre is pixel (999.5, 999.5): 300 and 400 beside, 500 away.
    origin = np.asarray(problem.instrument.detectors.origin)[1]
    theta = width * EDGE / (500.0 * PITCH)
    case = _hit(
        problem,
        pixel=np.add(origin, [300, -400]),
        **{**KNOWN, "theta": theta},
        **OTHERS,
    )
    assert taking_part(case)[1] == wanted


@pytest.mark.parametrize(("width", "wanted"), [(1.001, True), (0.999, False)])
def test_pitches_are_told_each_along_its_own_axis(problem, width, wanted):
    origin = np.asarray(problem.instrument.detectors.origin)[1]
    pitch = width * EDGE / (300.0 * PITCH)
    case = _hit(
        problem,
        pixel=np.add(origin, [300, -400]),
        **{**KNOWN, "pitch": pitch},
        **OTHERS,
    )
    assert taking_part(case)[1] == wanted


def test_what_no_combination_of_hits_tells_is_not_placed(problem):
    """One hit cannot tell a shift from a turn, however good it is."""
    widths = {"centre": 100.0, "theta": 1e-3, "pitch": 0.0}
    case = _hit(problem, pixel=[0, 0], sigma=1e-6, **widths, **OTHERS)
    assert not taking_part(case)[1]
    two = _hit(problem, pixel=[[0, 0], [1999, 1999]], sigma=1e-6, **widths, **OTHERS)
    assert taking_part(two)[1]


def test_a_turn_moves_a_hit_across_its_lever(problem):
    """A hit at (a, a) moves along (−1, 1); there its error is the smaller one."""
    origin = np.asarray(problem.instrument.detectors.origin)[1]
    pixel = np.add(origin, [300, 300])
    lever = np.sqrt(2.0) * 300.0 * PITCH
    for correlation in (0.8, -0.8):
        along = 0.1 * PITCH * np.sqrt(1.0 - correlation)
        for factor, wanted in ((1.001, True), (0.999, False)):
            theta = factor * np.sqrt(PLACED) * along / lever
            case = _hit(problem, pixel=pixel, **{**KNOWN, "theta": theta}, **OTHERS)
            covariance = np.array(case.measurements.covariance)
            covariance[0] = 0.01 * np.array([[1.0, correlation], [correlation, 1.0]])
            measurements = replace(case.measurements, covariance=covariance)
            assert taking_part(replace(case, measurements=measurements))[1] == wanted


def test_correlated_errors_count_as_they_are(problem):
    """Along the axis of the small error a shift is known, across it is not."""
    case = _hit(problem, pixel=[[3, 4]], **{**KNOWN, "centre": EDGE}, **OTHERS)
    covariance = np.array(case.measurements.covariance)
    covariance[0] = 0.01 * np.array([[1.0, 0.9], [0.9, 1.0]])
    # Its larger eigenvalue is 1.9 times as large: the prior must be √1.9 times wider.
    measurements = replace(case.measurements, covariance=covariance)
    wider = {**KNOWN, "centre": 1.001 * np.sqrt(1.9) * EDGE}
    assert not taking_part(replace(case, measurements=measurements))[1]
    case = _hit(problem, pixel=[[3, 4]], **wider, **OTHERS)
    assert taking_part(replace(case, measurements=measurements))[1]


def test_a_detector_known_for_certain_takes_part(problem):
    case = _hit(problem, pixel=[3, 4], sigma=100.0, **KNOWN, **OTHERS)
    np.testing.assert_array_equal(taking_part(case), [True, True])


def test_many_hits_ask_no_further(problem):
    widths = {"centre": 1e-3, "theta": 1e-3, "pitch": 1e-3}
    case = _hit(problem, pixel=[[3, 4]] * (MANY - 1), sigma=100.0, **widths, **OTHERS)
    assert not taking_part(case)[1]
    case = _hit(problem, pixel=[[3, 4]] * MANY, sigma=100.0, **widths, **OTHERS)
    assert taking_part(case)[1]


def test_a_detector_that_nothing_hit_takes_no_part(problem):
    case = _hit(problem, pixel=[[3, 4]] * MANY, detector=0, **KNOWN)
    np.testing.assert_array_equal(taking_part(case), [True, False])


def test_where_none_is_placed_all_that_were_hit_take_part(problem):
    widths = {"centre": 1e-3, "theta": 0.0, "pitch": 0.0}
    case = _hit(problem, pixel=[3, 4], sigma=100.0, **widths)
    np.testing.assert_array_equal(taking_part(case), [False, True])


def test_without_measurements_all_take_part(problem):
    case = _hit(problem, pixel=np.zeros((0, 2)), **KNOWN)
    np.testing.assert_array_equal(taking_part(case), [True, True])
