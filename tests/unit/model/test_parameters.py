"""Where each unknown sits, what it is called, and how a step changes it."""

from dataclasses import replace

import numpy as np
import pytest

from plates import make_plate
from quick import quick_jit
from reseau.errors import ConfigError
from reseau.instrument import attitude_difference
from reseau.model import (
    DETECTOR_NAMES,
    PER_DETECTOR,
    PER_EXPOSURE,
    Layout,
    free_columns,
    layout_of,
    nominal_parameters,
    parameter_names,
    take_step,
)
from reseau.model.arrangement import in_rows, whitening_factors
from reseau.model.parameters import BLOCKS, check_blocks

_difference = quick_jit(attitude_difference)


@pytest.fixture(scope="module")
def plate():
    return make_plate(sources=5, exposures=3)


@pytest.mark.parametrize("counts", [(3, 14, 2), (1, 0, 1), (2, 6, 0)])
def test_columns_lie_one_after_the_other(counts):
    layout = Layout(*counts)
    every = np.arange(layout.size)
    parts = [
        every[layout.exposures],
        every[layout.distortion],
        every[[layout.skew]],
        every[layout.detectors],
    ]
    np.testing.assert_array_equal(np.concatenate(parts), every)
    n_exposures, n_coefficients, n_detectors = counts
    assert [len(part) for part in parts] == [
        PER_EXPOSURE * n_exposures,
        n_coefficients,
        1,
        PER_DETECTOR * n_detectors,
    ]
    np.testing.assert_array_equal(every[layout.calibration], np.concatenate(parts[1:]))
    blocks = layout.blocks()
    for name, part in zip(("distortion", "skew", "detectors"), parts[1:], strict=True):
        np.testing.assert_array_equal(np.flatnonzero(blocks == name), part)
    of_exposures = blocks[layout.exposures].reshape(-1, PER_EXPOSURE)
    assert np.all(of_exposures == ["attitude"] * 3 + ["scale"] * 2)


def test_names_stand_where_the_parameters_are(plate):
    problem, layout = plate.problem, plate.problem.layout
    names = parameter_names(problem, ["a", "b", "c"], ["left", "right"])
    assert len(names) == len(set(names)) == layout.size
    assert names[PER_EXPOSURE + 2] == "pa of exposure b"
    assert names[2 * PER_EXPOSURE + 4] == "F_y of exposure c"
    assert names[layout.distortion] == list(problem.instrument.distortion.names)
    assert names[layout.skew] == "skew"
    wanted = [f"{name} of detector right" for name in DETECTOR_NAMES]
    assert names[-PER_DETECTOR:] == wanted


def test_a_step_adds_to_what_it_belongs_to(plate):
    """All but the attitudes are sums; each number of the step has its own place."""
    truth, layout = plate.truth, plate.problem.layout
    assert layout_of(truth) == layout
    step = np.arange(1.0, layout.size + 1)
    exposures = step[layout.exposures].reshape(-1, PER_EXPOSURE)
    exposures[:, :3] = 0.0
    offset = np.arange(10.0).reshape(5, 2)
    moved = take_step(truth, step, offset)
    np.testing.assert_array_equal(moved.offset, truth.offset + offset)
    np.testing.assert_array_equal(moved.focal, truth.focal + exposures[:, 3:])
    np.testing.assert_array_equal(
        moved.coefficients, truth.coefficients + step[layout.distortion]
    )
    assert float(moved.skew) == float(truth.skew) + step[layout.skew]
    np.testing.assert_array_equal(
        moved.detectors, truth.detectors + step[layout.detectors].reshape(2, 5)
    )
    np.testing.assert_allclose(moved.axes, truth.axes, rtol=0, atol=1e-15)


def test_a_step_turns_each_camera_by_its_own(plate):
    truth, layout = plate.truth, plate.problem.layout
    step = np.zeros(layout.size)
    turn = np.random.default_rng(0).normal(0, 0.1, (3, 3))
    step[layout.exposures].reshape(-1, PER_EXPOSURE)[:, :3] = turn
    moved = take_step(truth, step, np.zeros((5, 2)))
    found = _difference(moved.axes, truth.axes)
    np.testing.assert_allclose(found, turn, rtol=0, atol=1e-14)


def test_a_step_and_its_opposite(plate):
    """Along a fixed axis a turn is undone; the others only to first order."""
    truth, layout = plate.truth, plate.problem.layout
    step = np.random.default_rng(1).normal(0, 1e-3, layout.size)
    there = take_step(truth, step, np.full((5, 2), 1e-6))
    back = take_step(there, -step, np.full((5, 2), -1e-6))
    # East and North have moved with the camera: 1e-3 times a turn of 1e-3.
    off = _difference(back.axes, truth.axes)
    assert np.abs(np.asarray(off)).max() < 2e-5
    np.testing.assert_allclose(back.detectors, truth.detectors, rtol=1e-14)
    np.testing.assert_allclose(back.offset, truth.offset, rtol=0, atol=1e-21)


def test_free_are_free_blocks_of_some_width(plate):
    layout = plate.problem.layout
    width = np.ones(layout.size)
    width[layout.distortion.start] = 0.0
    free = free_columns(layout, ("attitude", "distortion"), width)
    wanted = np.zeros(layout.size, dtype=bool)
    wanted[layout.exposures].reshape(-1, PER_EXPOSURE)[:, :3] = True
    wanted[layout.distortion.start + 1 : layout.distortion.stop] = True
    np.testing.assert_array_equal(free, wanted)
    assert not free_columns(layout, ("sources",), width).any()
    width[:] = np.inf
    assert free_columns(layout, BLOCKS, width).all()


def test_a_block_that_does_not_exist_is_named():
    assert check_blocks(("sources", "skew"), "option free") == ("sources", "skew")
    with pytest.raises(ConfigError, match="distort") as caught:
        check_blocks(("sources", "distort"), "option free")
    message = str(caught.value)
    assert "option free" in message
    assert "distortion" in message  # what may have been meant
    for name in BLOCKS:
        assert name in message


def test_nominal_parameters_are_the_means_of_the_priors(plate):
    problem = plate.problem
    instrument = replace(
        problem.instrument,
        focal=np.array([2.0e6, 3.0e6]),
        skew=np.asarray(0.25),
        coefficients=np.arange(14.0),
    )
    nominal = nominal_parameters(replace(problem, instrument=instrument))
    np.testing.assert_array_equal(nominal.focal, [[2.0e6, 3.0e6]] * 3)
    np.testing.assert_array_equal(nominal.coefficients, np.arange(14.0))
    assert float(nominal.skew) == 0.25
    assert not np.any(nominal.offset)
    detectors = instrument.detectors
    np.testing.assert_array_equal(nominal.detectors[:, :2], detectors.centre)
    np.testing.assert_array_equal(nominal.detectors[:, 2], detectors.theta)
    np.testing.assert_array_equal(nominal.detectors[:, 3:], detectors.pitch)


def test_whitening_is_the_inverse_of_cholesky_s_factor():
    half = np.random.default_rng(2).normal(size=(50, 2, 2))
    covariance = half @ half.transpose(0, 2, 1) + 1e-3 * np.eye(2)
    inverse = np.linalg.inv(np.linalg.cholesky(covariance))
    found = whitening_factors(covariance)
    wanted = [inverse[:, 0, 0], inverse[:, 1, 0], inverse[:, 1, 1]]
    # Condition numbers up to 1e4 of these covariances.
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


def test_rows_are_as_they_come(plate):
    measurements = plate.problem.measurements
    rows = in_rows(plate.problem)
    np.testing.assert_array_equal(rows.source, measurements.source)
    np.testing.assert_array_equal(rows.exposure, measurements.exposure)
    np.testing.assert_array_equal(rows.detector, measurements.detector)
    np.testing.assert_array_equal(
        np.stack([rows.pixel_x, rows.pixel_y], axis=1), measurements.pixel
    )
    # Whitened squares add up to χ² of any residual.
    left = np.random.default_rng(3).normal(size=measurements.pixel.shape)
    a, b, c = rows.whitening
    chi2 = (a * left[:, 0]) ** 2 + (b * left[:, 0] + c * left[:, 1]) ** 2
    solved = np.linalg.solve(measurements.covariance, left[:, :, None])[:, :, 0]
    np.testing.assert_allclose(chi2, np.sum(left * solved, axis=1), rtol=1e-12)
