"""Where a solution starts: alignment by references, parity, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from plates import make_plate
from reseau.errors import CatalogueError, ConfigError
from reseau.instrument import attitude_difference
from reseau.solve.start import find_start


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
