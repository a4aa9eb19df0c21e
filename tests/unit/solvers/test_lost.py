"""A plate whose equations are not finite: a solution that says so, and no more."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from plates import make_plate
from quick import quick_jit
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.errors import Result
from reseau.model import exposure_frame, predict
from reseau.sky import displaced
from reseau.solvers.gauss_newton import Optimum
from reseau.solvers.lost import lost_solution

SECONDS = {"start": 1.0, "iterations": 2.0}


@quick_jit
def _predicted(problem, parameters):
    rows = problem.measurements
    direction = displaced(problem.prior.direction, parameters.offset)[rows.source]
    frame = exposure_frame(
        parameters.axes, parameters.focal, problem.exposures.surroundings
    )
    return predict(
        problem.instrument,
        tuple(direction[:, i] for i in range(3)),
        jax.tree.map(lambda v: v[rows.exposure], frame),
        parameters.coefficients,
        parameters.skew,
        parameters.detectors,
        rows.detector,
    )


@pytest.fixture(scope="module")
def plate():
    return make_plate()


def _lost(plate, parameters=None):
    problem = plate.problem
    tiles = plan_tiles(problem)
    at = plate.truth if parameters is None else parameters
    equations = equations_at(problem, tiles, at, 0.0)
    optimum = Optimum(at, equations, [], Result.NOT_FINITE)
    return lost_solution(problem, tiles, optimum, None, SECONDS)


@pytest.fixture(scope="module")
def solution(plate):
    return _lost(plate)


def test_it_did_not_converge(solution):
    assert solution.result is Result.NOT_FINITE
    assert not solution.converged
    assert solution.datum == "none: nothing was solved"
    assert solution.null_directions == ()
    assert solution.history == []
    assert solution.seconds == SECONDS
    assert solution.strays is None


def test_of_everything_there_is_a_place_and_nothing_is_known(solution):
    n, p = 60, solution.problem.layout.size
    for name, shape in (
        ("source_covariance", (n, 2, 2)),
        ("shared_covariance", (p, p)),
        ("prior_pull", (n,)),
        ("calibration_pull", (p,)),
        ("chi2", ()),
        ("dof", ()),
        ("sigma0", ()),
    ):
        values = np.asarray(getattr(solution, name))
        assert values.shape == shape, name
        assert np.all(np.isnan(values)), name
    assert solution.undetermined.shape == (p,)
    assert solution.undetermined.all()
    assert solution.redundancy is None
    assert solution.error_scales is None


def test_residuals_are_observed_minus_predicted_all_the_same(plate, solution):
    """They are what tells a user where it went wrong."""
    problem, truth = plate.problem, plate.truth
    predicted = np.stack(_predicted(problem, truth), axis=1)
    wanted = problem.measurements.pixel - predicted
    # 1e-16 of the 3e5 pixels of a focal length.
    np.testing.assert_allclose(solution.residuals.pixel, wanted, rtol=0, atol=1e-9)
    assert np.abs(wanted).max() > 1e-3
    # Parameters are those where the iteration ended.
    assert solution.parameters is truth


def test_one_exposure_that_ran_away_leaves_the_residuals_of_the_others(plate):
    focal = np.array(plate.truth.focal)
    focal[2] = np.nan
    found = _lost(plate, replace(plate.truth, focal=focal))
    exposure = plate.problem.measurements.exposure
    finite = np.all(np.isfinite(found.residuals.pixel), axis=1)
    np.testing.assert_array_equal(finite, exposure != 2)
    assert np.isnan(found.sigma0)
