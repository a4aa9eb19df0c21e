"""Information from the last linearisation, against equations that are derived anew."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg

from plates import make_plate
from reseau._precision import in_double
from reseau.equations.plan import plan_tiles
from reseau.equations.without_priors import without_priors
from reseau.solvers.gauss_newton import Settings, gauss_newton
from reseau.solvers.posterior.source_information import source_information
from reseau.solvers.start.parameters import find_start

NEARLY = Settings(tolerance=1e-4)
"""The last step is small enough for six digits, and larger than rounding."""

ALL = 1e-9
"""Share of columns that are kept: all that are more than rounding."""


def ended(problem):
    """Return a problem as it is solved, its plan and where an iteration ended."""
    start = find_start(problem)
    tiles = plan_tiles(start.problem)
    end = gauss_newton(start.problem, tiles, start.parameters, NEARLY)
    return start.problem, tiles, end


def both(problem):
    """Return information from the last linearisation, and from one at the end."""
    *plate, end = ended(problem)
    given = *plate, end.parameters
    ours = source_information(*given, epsilon=ALL, equations=end.equations)
    return ours, source_information(*given, epsilon=ALL), (*plate, end)


def dense(said):
    flat = said.columns.reshape(-1, said.share.size)
    return linalg.block_diag(*said.blocks) - flat @ flat.T


@pytest.fixture(scope="module")
def plate():
    return make_plate(sources=80, exposures=12, seed=2).problem


@in_double
def test_is_that_of_the_end(plate):
    ours, theirs, (problem, tiles, end) = both(plate)
    moved = np.abs(end.parameters.offset - end.equations.offset)
    assert moved.max() > 0
    assert without_priors(problem, tiles, end.equations, end.parameters.offset)
    wanted = dense(theirs)
    sigma = 1.0 / np.sqrt(np.diag(linalg.block_diag(*theirs.blocks)))
    outer = sigma[:, None] * sigma
    np.testing.assert_array_equal(ours.row, theirs.row)
    np.testing.assert_allclose(dense(ours) * outer, wanted * outer, atol=1e-6)
    slope = (ours.gradient - theirs.gradient).ravel() * sigma
    assert np.abs(slope).max() < 2e-6
    # Without the way from there to the end, it would be another gradient.
    prior = np.asarray(problem.prior.information)[ours.row]
    assert np.abs(theirs.gradient.ravel() * sigma).max() > 0.1
    pull = np.einsum("nij,nj->ni", prior, moved[ours.row]).ravel() * sigma
    assert pull.max() > 1e-6


@in_double
def test_sources_that_are_held_or_have_no_prior():
    problem = make_plate(sources=300, exposures=6, seed=5).problem
    prior = problem.prior
    information = np.array(prior.information)
    information[::7] = 0.0
    fixed = np.array(prior.fixed)
    fixed[3::11] = True
    problem = replace(
        problem, prior=replace(prior, information=information, fixed=fixed)
    )
    ours, theirs, _ = both(problem)
    assert len(ours.row) < 300 - 20
    assert not np.isin(np.flatnonzero(fixed), ours.row).any()
    sigma = 1.0 / np.sqrt(np.diag(linalg.block_diag(*theirs.blocks)))
    outer = sigma[:, None] * sigma
    np.testing.assert_allclose(dense(ours) * outer, dense(theirs) * outer, atol=1e-6)
    assert np.abs((ours.gradient - theirs.gradient).ravel() * sigma).max() < 2e-6


@in_double
def test_priors_that_leave_no_digits_are_not_taken_off(plate):
    tight = replace(
        plate, prior=replace(plate.prior, information=1e9 * plate.prior.information)
    )
    tight, tiles, end = ended(tight)
    offset = end.parameters.offset
    assert without_priors(tight, tiles, end.equations, offset) is None
    given = {"epsilon": ALL, "equations": end.equations}
    ours = source_information(tight, tiles, end.parameters, **given)
    theirs = source_information(tight, tiles, end.parameters, epsilon=ALL)
    np.testing.assert_array_equal(ours.gradient, theirs.gradient)
    np.testing.assert_array_equal(ours.blocks, theirs.blocks)
    # All columns in 64 bits are for those who want the last digits: derived anew.
    exact = [
        source_information(tight, tiles, end.parameters, epsilon=0.0, equations=given)
        for given in (None, end.equations)
    ]
    np.testing.assert_array_equal(exact[0].columns, exact[1].columns)
    # What measurements say does not depend on what was known before.
    free, _, _ = both(plate)
    scale = np.abs(free.blocks).max()
    assert np.abs(ours.blocks - free.blocks).max() < 1e-3 * scale
