"""Directions that change no pixel, and the datum, against the full prediction."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plates import make_plate, two_detectors
from reseau.instrument import camera_axes
from reseau.model import detector_parameters, exposure_frame, predict, take_step
from reseau.model.gauge import find_datum, mean_scales, sky_rotations, to_datum
from reseau.sky import displaced


@pytest.fixture(scope="module")
def plate():
    return make_plate(sources=80, exposures=4, seed=8)


def _pixels(problem, parameters, direction):
    frame = exposure_frame(
        jnp.asarray(parameters.axes),
        jnp.asarray(parameters.focal),
        problem.exposures.surroundings,
    )
    rows = problem.measurements
    return np.stack(
        predict(
            problem.instrument,
            tuple(jnp.asarray(direction)[rows.source, i] for i in range(3)),
            jax.tree.map(lambda v: v[rows.exposure], frame),
            jnp.asarray(parameters.coefficients),
            jnp.asarray(parameters.skew),
            jnp.asarray(parameters.detectors),
            jnp.asarray(rows.detector),
        )
    )


def test_rotations_of_the_sky_change_no_pixel(plate):
    problem, truth = plate.problem, plate.truth
    columns = sky_rotations(np.asarray(truth.axes), problem.layout)
    turn = 1e-6 * np.array([0.3, -0.8, 0.5])
    step = columns @ turn
    moved = take_step(truth, step, np.zeros_like(truth.offset))
    direction = plate.direction + np.cross(turn, plate.direction)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    before = _pixels(problem, truth, plate.direction)
    np.testing.assert_allclose(_pixels(problem, moved, direction), before, atol=1e-6)
    assert np.abs(_pixels(problem, moved, plate.direction) - before).max() > 0.1


def test_datum_keeps_the_pixels_and_meets_its_constraints(plate):
    problem, truth = plate.problem, plate.truth
    reported = to_datum(problem, truth)
    before = _pixels(problem, truth, plate.direction)
    after = _pixels(problem, reported, plate.direction)
    shift = np.asarray(reported.detectors) - np.asarray(truth.detectors)
    assert np.abs(shift[:, :2]).max() > 3.0  # the test plate has something to move
    np.testing.assert_allclose(after, before, atol=2e-3)
    left = np.asarray(reported.detectors) - detector_parameters(problem.instrument)
    np.testing.assert_allclose(left.mean(axis=0)[:3], 0.0, atol=1e-9)


def test_modes_change_no_pixel_to_first_order(plate):
    problem, truth = plate.problem, plate.truth
    datum = find_datum(problem, truth)
    assert datum.modes == ("shift", "rotation", "pitch", "pitch ratio")
    before = _pixels(problem, truth, plate.direction)
    for mode in datum.directions.T:
        step = mode * 1e-3 / np.abs(mode[problem.layout.detectors]).max()
        moved = take_step(truth, step, np.zeros_like(truth.offset))
        after = _pixels(problem, moved, plate.direction)
        only = np.zeros_like(step)
        only[problem.layout.detectors] = step[problem.layout.detectors]
        alone = take_step(truth, only, np.zeros_like(truth.offset))
        effect = np.abs(_pixels(problem, alone, plate.direction) - before).max()
        assert np.abs(after - before).max() < 2e-3 * effect


def test_transform_is_the_derivative_of_the_datum(plate):
    """Moving along a mode changes nothing that is reported."""
    problem, truth = plate.problem, plate.truth
    datum = find_datum(problem, truth)
    transform = datum.transform()
    np.testing.assert_allclose(
        transform @ datum.directions,
        np.zeros_like(datum.directions),
        atol=1e-9 * np.abs(datum.directions).max(),
    )
    np.testing.assert_allclose(transform @ transform, transform, atol=1e-6)
    rng = np.random.default_rng(0)
    part = problem.layout.detectors
    step = np.zeros(problem.layout.size)
    step[part] = rng.normal(0, 1e-6, part.stop - part.start)
    moved = take_step(truth, step, np.zeros_like(truth.offset))
    change = np.asarray(to_datum(problem, moved).detectors) - np.asarray(
        to_datum(problem, truth).detectors
    )
    # Turning and stretching the whole, by 1e-4 here, turns and stretches the step.
    expected = (transform @ step)[part].reshape(change.shape)
    size = np.abs(expected).max(axis=0)
    size[:2] = size[:2].max()
    np.testing.assert_allclose(change / size, expected / size, atol=1e-3)


def test_fixed_detectors_have_no_datum(plate):
    problem = plate.problem
    fixed = type(problem)(
        instrument=problem.instrument,
        exposures=problem.exposures,
        measurements=problem.measurements,
        prior=problem.prior,
        free=("sources", "attitude", "scale", "distortion"),
    )
    assert find_datum(fixed, plate.truth).modes == ()
    assert to_datum(fixed, plate.truth) is plate.truth


def test_offsets_are_not_touched(plate):
    offset = np.full_like(plate.truth.offset, 1e-7)
    moved = take_step(plate.truth, np.zeros(plate.problem.layout.size), offset)
    reported = to_datum(plate.problem, moved)
    np.testing.assert_array_equal(reported.offset, moved.offset)
    direction = displaced(jnp.asarray(plate.direction), jnp.asarray(offset))
    assert np.abs(np.asarray(direction) - plate.direction).max() > 0


@pytest.mark.parametrize("fixed", ["scale", "distortion"])
def test_the_datum_does_not_touch_what_is_fixed(plate, fixed):
    problem, truth = plate.problem, plate.truth
    free = tuple(b for b in problem.free if b != fixed)
    held = replace(problem, free=free)
    datum = find_datum(held, truth)
    layout = problem.layout
    rows = {
        "scale": np.arange(layout.size)[layout.exposures].reshape(-1, 5)[:, 3:].ravel(),
        "distortion": np.arange(layout.size)[layout.distortion],
    }[fixed]
    np.testing.assert_array_equal(datum.directions[rows], 0.0)
    reported = to_datum(held, truth)
    before, after = (
        (p.focal if fixed == "scale" else p.coefficients) for p in (truth, reported)
    )
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("scale", ["exposure", "plate"])
def test_tied_focal_lengths_stay_tied(scale):
    plate = make_plate(
        sources=80,
        exposures=4,
        seed=8,
        focal_scatter=0.0,
        instrument=two_detectors(scale=scale),
    )
    reported = to_datum(plate.problem, plate.truth)
    assert np.abs(np.asarray(reported.focal) - 3.0e6).max() > 1.0  # it did move
    np.testing.assert_allclose(reported.focal[:, 0], reported.focal[:, 1], rtol=1e-13)
    if scale == "plate":
        np.testing.assert_allclose(reported.focal, reported.focal[0, 0], rtol=1e-13)


@pytest.mark.parametrize(("spread", "held"), [(0.0, 4), (5.0, 3)])
def test_equal_position_angles_leave_the_ratio_of_scales_open(spread, held):
    """Then a stretch of the sky is F_x against F_y, and both are held."""
    problem = make_plate(free_network=True).problem
    attitude = np.array(problem.exposures.attitude)
    attitude[:, 2] = np.radians(40.0 + spread * np.arange(6))
    axes = np.asarray(camera_axes(attitude))
    assert mean_scales(problem, axes).shape == (problem.layout.size, held)
