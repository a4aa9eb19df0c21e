"""What a plate says about its sources, against the plate's own posterior and data.

Information and the priors of the sources together are the posterior, which the solver
forms by another way; weights of a robust solution are larger covariances.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg

from plates import make_plate, two_detectors
from reseau._precision import in_double
from reseau.equations.plan import plan_tiles
from reseau.linalg import BlockLowRank, Columns, factorise_low_rank
from reseau.model.likelihood import student
from reseau.solvers import Robust, Settings, solve_plate
from reseau.solvers.posterior.source_information import source_information

SHAPE = {"sources": 80, "exposures": 12, "seed": 2}
CLOSE = Settings(tolerance=1e-6)


def solved(**choices):
    """Return a small plate, solved to the last digits."""
    plate = make_plate(**SHAPE)
    return solve_plate(plate.problem, settings=CLOSE, **choices)


@pytest.fixture(scope="module", params=[0.0, 1e-3])
def solution(request):
    return solved(information=request.param)


def with_priors(solution):
    """Return the factor of information and priors, and the gradient of both."""
    said = solution.information
    prior = np.asarray(solution.problem.prior.information)[said.row]
    columns = Columns(np.arange(len(said.row)), said.columns)
    matrix = BlockLowRank(said.blocks + prior, (columns,))
    pull = np.einsum("nij,nj->ni", prior, said.offset)
    return factorise_low_rank(matrix), said.gradient - pull


def test_information_and_priors_are_the_posterior_of_the_plate(solution):
    said = solution.information
    factor, gradient = with_priors(solution)
    wanted = solution.source_covariance[said.row]
    sigma = np.sqrt(np.einsum("nii->ni", wanted))
    outer = sigma[:, :, None] * sigma[:, None, :]
    apart = np.abs((factor.covariance_blocks() - wanted) / outer).max()
    assert apart < (1e-3 if said.epsilon else 1e-7)
    # At the optimum nothing draws a source on.
    step = factor.solve(gradient) / sigma
    assert np.abs(step).max() < (1e-3 if said.epsilon else 1e-4)


def test_dense_equations_of_the_measurements_say_the_same(solution):
    from .dense import jacobian

    said, problem = solution.information, solution.problem
    n = problem.prior.direction.shape[0]
    rest, slope = jacobian(problem, solution.parameters)
    # The sources' priors are last of what belongs to sources, of 2 n rows.
    count = 2 * len(problem.measurements.source)
    of_sources, shared = slope[:count, : 2 * n], slope[:count, 2 * n :]
    assert rest.size == count + 2 * n
    assert shared.shape[1] == problem.layout.size
    blocks = of_sources.T @ of_sources
    own = blocks.reshape(n, 2, n, 2)[said.row, :, said.row]
    scale = np.sqrt(np.einsum("nii->ni", own))
    outer = scale[:, :, None] * scale[:, None, :]
    # Offsets are from where sources start: they turn and stretch by what they are.
    limit = 2.0 * np.abs(said.offset).max()
    assert limit < 1e-4
    assert np.abs((said.blocks - own) / outer).max() < limit


@in_double
def test_weights_are_covariances_that_are_larger():
    found = solved(robust=Robust(likelihood=student(4.0)), information=1e-3)
    problem = found.problem
    weight = found.reliability.weight
    assert weight.min() < 0.5 < weight.max()
    measured = problem.measurements
    covariance = np.asarray(measured.covariance) / weight[:, None, None]
    larger = replace(problem, measurements=replace(measured, covariance=covariance))
    tiles = plan_tiles(problem)
    ours = source_information(
        problem, tiles, found.parameters, epsilon=0.0, weight=weight
    )
    theirs = source_information(
        larger, plan_tiles(larger), found.parameters, epsilon=0.0
    )
    dense = [
        linalg.block_diag(*said.blocks)
        - said.columns.reshape(-1, said.share.size)
        @ said.columns.reshape(-1, said.share.size).T
        for said in (ours, theirs)
    ]
    scale = np.sqrt(np.diag(linalg.block_diag(*theirs.blocks)))
    assert np.abs((dense[0] - dense[1]) / scale / scale[:, None]).max() < 1e-9
    sigma = np.abs(theirs.gradient).max()
    assert np.abs(ours.gradient - theirs.gradient).max() < 1e-8 * sigma


def test_instruments_of_other_cameras_say_the_same_of_sources():
    other = make_plate(**SHAPE, instrument=two_detectors(degree=5)).problem
    found = solve_plate(other, settings=CLOSE, information=0.0)
    factor, _ = with_priors(found)
    wanted = found.source_covariance[found.information.row]
    ratio = np.einsum("nii->ni", factor.covariance_blocks())
    ratio /= np.einsum("nii->ni", wanted)
    assert np.abs(ratio - 1.0).max() < 1e-6
