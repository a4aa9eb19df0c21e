"""Where a solution starts: alignment by references, parity, refusals."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from plates import make_plate, two_detectors
from reseau.errors import CatalogueError, ConfigError
from reseau.instrument import attitude_difference
from reseau.model import Problem
from reseau.solvers.start.alignment import camera_directions
from reseau.solvers.start.parameters import find_start


def test_references_align_whatever_the_estimates():
    plate = make_plate(pointing_error=3600.0, angle_error=40 * 3600.0)
    start = find_start(plate.problem)
    assert np.all(start.aligned)
    off = np.asarray(attitude_difference(start.parameters.axes, plate.truth.axes))
    # The nominal instrument is wrong by tens of µm of some metres.
    assert np.abs(off[:, :2]).max() < 1e-4
    assert np.abs(off[:, 2]).max() < 0.02


def test_mirrored_positions_are_named():
    problem = make_plate().problem
    mirrored = replace(problem.instrument, parity=-problem.instrument.parity)
    with pytest.raises(ConfigError, match=r"mirrored(.|\n)*set parity = -1"):
        find_start(replace(problem, instrument=mirrored))


def test_exposures_of_which_nothing_tells_where_they_point():
    problem = make_plate(references=0.0).problem
    attitude = np.array(problem.exposures.attitude)
    attitude[2] = np.nan
    exposures = replace(problem.exposures, attitude=attitude)
    with pytest.raises(CatalogueError, match=r"1 of 6 exposures(.|\n)*rows 2"):
        find_start(replace(problem, exposures=exposures))


def test_sources_without_a_prior_start_where_they_were_seen():
    plate = make_plate(references=0.5)
    start = find_start(plate.problem)
    prior = plate.problem.prior
    alone = ~np.any(prior.information != 0, axis=(1, 2))
    seen = np.bincount(plate.problem.measurements.source, minlength=alone.size) > 0
    found = start.problem.prior.direction[alone & seen]
    off = np.linalg.norm(found - plate.direction[alone & seen], axis=1)
    assert off.max() < 3e-5
    kept = start.problem.prior.direction[~alone]
    np.testing.assert_array_equal(kept, prior.direction[~alone])


def _single(n: int = 5, **changes: object) -> Problem:
    """Return one exposure of a few references on one detector."""
    instrument = replace(two_detectors(), **changes) if changes else two_detectors()
    plate = make_plate(sources=600, exposures=1, references=1.0, instrument=instrument)
    measurements = plate.problem.measurements
    rows = np.flatnonzero(measurements.detector == 0)
    rows = rows[:: rows.size // n][:n]
    kept = jax.tree.map(lambda leaf: np.asarray(leaf)[rows], measurements)
    return replace(plate.problem, measurements=kept)


def _read(problem: Problem, ra: np.ndarray, dec: np.ndarray) -> Problem:
    """Return the problem with the references at other places [rad]."""
    direction = np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1
    )
    return replace(problem, prior=replace(problem.prior, direction=direction))


def _angles(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = problem.prior.direction.T
    return np.arctan2(y, x) % (2 * np.pi), np.arcsin(z)


@pytest.mark.parametrize("n", [3, 5])
def test_three_stars_tell_the_parity(n):
    problem = _single(n)
    assert find_start(problem).aligned.all()
    mirrored = replace(problem.instrument, parity=-problem.instrument.parity)
    with pytest.raises(ConfigError, match=rf"{n} of {n} to(.|\n)*set parity = -1"):
        find_start(replace(problem, instrument=mirrored))


def test_two_stars_align_a_camera_that_is_upside_down():
    problem = _single(2)
    attitude = np.array(problem.exposures.attitude)
    right = find_start(problem).parameters.axes
    attitude[:, 2] += np.pi
    turned = replace(problem.exposures, attitude=attitude)
    start = find_start(replace(problem, exposures=turned))
    assert start.aligned.all()
    np.testing.assert_allclose(start.parameters.axes, right, atol=1e-12)


def test_units_of_ra_and_dec_are_recognised():
    problem = _single(8)
    ra, dec = _angles(problem)
    with pytest.raises(CatalogueError, match=r"with ra in hours .8 of 8(.|\n)*by 15"):
        find_start(_read(problem, ra / 15.0, dec))
    with pytest.raises(CatalogueError, match=r"with ra and dec in radians .8 of 8"):
        find_start(_read(problem, np.radians(ra), np.radians(dec)))
    # Those at 266 degrees cannot have been declinations.
    moved = _read(problem, (ra - ra.mean()) / np.cos(dec.mean()) + 0.5, dec)
    with pytest.raises(CatalogueError, match="ra and dec exchanged"):
        find_start(_read(moved, *_angles(moved)[::-1]))


def test_a_focal_length_that_cannot_be_meant_is_named():
    problem = _single(8)
    half = replace(problem.instrument, focal=0.5 * problem.instrument.focal)
    with pytest.raises(ConfigError, match=r"focal length of 299[0-9]"):
        find_start(replace(problem, instrument=half))


def test_a_wrong_pair_is_a_stray_and_moves_nothing():
    plate = make_plate(references=1.0)
    clean = find_start(plate.problem)
    assert not clean.strays.any()
    direction = np.array(plate.problem.prior.direction)
    direction[[3, 17]] = direction[[17, 3]]
    prior = replace(plate.problem.prior, direction=direction)
    start = find_start(replace(plate.problem, prior=prior))
    source = plate.problem.measurements.source
    np.testing.assert_array_equal(start.strays, np.isin(source, [3, 17]))
    off = attitude_difference(start.parameters.axes, clean.parameters.axes)
    # Detectors are off by 20 µm of some metres, and each star knows of its own.
    assert np.abs(np.asarray(off)).max() < 1e-3


def test_nominal_distortion_that_folds_the_plane():
    """Places that come from nowhere, by the nominal distortion, are no lost sources."""
    problem = make_plate(sources=40, exposures=3, references=0.3).problem
    coefficients = np.zeros(problem.instrument.coefficients.shape)
    coefficients[0] = -8000.0
    instrument = replace(problem.instrument, coefficients=coefficients)
    folded = replace(problem, instrument=instrument)
    assert not np.all(np.isfinite(camera_directions(folded)))
    start = find_start(folded)
    length = np.linalg.norm(start.problem.prior.direction, axis=1)
    np.testing.assert_allclose(length, 1.0, rtol=1e-12)
