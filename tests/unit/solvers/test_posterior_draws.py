"""Draws from the Gaussian posterior: their scatter is the covariance, their datum its.

Statistics of n draws are judged by their own Monte Carlo error: a sample covariance
c_ij of Normal numbers scatters by √((c_ii c_jj + c_ij²) / n).
"""

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg

from alarm import covariance_bound, spread_bounds
from plates import make_plate, two_detectors
from reseau.equations.ties import tie_columns
from reseau.errors import ConfigError
from reseau.model import free_columns, prior_terms, prior_widths
from reseau.model.gauge import find_datum
from reseau.solvers import solve_plate
from reseau.solvers.posterior import factor as posterior_factor
from twin.dense import jacobian

N = 20_000
VALUES = 30_000
"""No test of this module compares more entries."""

CASES = {
    "priors": {},
    "tied": {"instrument": two_detectors(scale="plate")},
    "free network": {"free_network": True, "references": 0.0},
}


@pytest.fixture(scope="module", params=CASES)
def solution(request):
    choices = {"sources": 24, "exposures": 4, **CASES[request.param]}
    found = solve_plate(make_plate(**choices).problem)
    assert found.converged
    return found


@pytest.fixture(scope="module")
def draws(solution):
    return solution.sample(N, seed=1)


def _agree(sample, wanted, n=N):
    """Compare a sample covariance with the true one, entry by entry."""
    size = np.diag(wanted)
    error = np.sqrt((np.outer(size, size) + wanted**2) / n)
    unit = np.sqrt(np.outer(size, size))
    free = unit > 0
    pull = (sample - wanted)[free] / error[free]
    assert np.max(np.abs(pull)) < covariance_bound(n, VALUES)
    np.testing.assert_array_equal(sample[~free], 0.0)


def test_sources(solution, draws):
    for i in np.flatnonzero(draws.solved):
        _agree(np.cov(draws.offset[0, :, i].T), solution.source_covariance[i])


def test_shared(solution, draws):
    kept = np.diag(solution.shared_covariance) > 0
    sample = np.cov(draws.shared[0].T)
    wanted = solution.shared_covariance
    unit = np.sqrt(np.where(kept, np.diag(wanted), 1.0))
    scaled = wanted / np.outer(unit, unit)
    _agree(sample / np.outer(unit, unit), np.where(np.outer(kept, kept), scaled, 0.0))


def _dense(problem, parameters, solved):
    """Return the covariance of all free parameters by inverting one dense matrix."""
    _, whole = jacobian(problem, parameters)
    n = 2 * problem.prior.direction.shape[0]
    normal = whole.T @ whole
    normal[n:, n:] += prior_terms(problem, parameters).information
    free = free_columns(problem.layout, problem.free, prior_widths(problem))
    basis = tie_columns(problem, free).toarray()
    own = np.eye(n)[:, np.repeat(solved, 2)]
    spread = scipy.linalg.block_diag(own, basis)
    reduced = spread.T @ normal @ spread
    unit = 1 / np.sqrt(np.diag(reduced))
    inverse = np.linalg.inv(reduced * np.outer(unit, unit)) * np.outer(unit, unit)
    return spread @ inverse @ spread.T


@pytest.mark.parametrize("scale", ["exposure-axis", "plate"])
def test_sources_and_shared_together(scale):
    """All cross-covariances against a dense inverse, moved to the datum."""
    plate = make_plate(
        sources=24, exposures=4, references=1.0, instrument=two_detectors(scale=scale)
    )
    solution = solve_plate(plate.problem)
    problem, n = solution.problem, 48
    draws = solution.sample(N, seed=2)
    moved = np.eye(n + problem.layout.size)
    moved[n:, n:] = find_datum(problem, solution.parameters).transform()
    wanted = moved @ _dense(problem, solution.parameters, draws.solved) @ moved.T
    kept = np.concatenate(
        [np.repeat(draws.solved, 2), np.diag(solution.shared_covariance) > 0]
    )
    unit = np.where(kept, np.sqrt(np.abs(np.diag(wanted))), 1.0)
    wanted = wanted * np.outer(kept, kept) / np.outer(unit, unit)
    together = np.concatenate([draws.offset[0].reshape(N, n), draws.shared[0]], axis=1)
    _agree(np.cov(together.T) / np.outer(unit, unit), wanted)


def test_a_free_network_keeps_its_constraints():
    """No draw turns the sky: the sources' offsets hold no rotation."""
    plate = make_plate(sources=24, exposures=4, free_network=True, references=0.0)
    solution = solve_plate(plate.problem)
    draws = solution.sample(50)
    b = solution.factor.constrained_sources.reshape(48, -1)
    assert b.shape[1] >= 3
    moved = draws.offset[0].reshape(50, 48)
    sizes = np.linalg.norm(moved, axis=1, keepdims=True) * np.linalg.norm(b, axis=0)
    np.testing.assert_allclose(moved @ b / sizes, 0.0, atol=1e-10)


def test_positions_are_those_of_the_offsets(solution):
    """Angles against those that SciPy's rotations and NumPy give for one draw."""
    ra, dec = solution.sample(3, seed=1).source_angles()
    few = solution.sample(3, seed=1)
    start = solution.problem.prior.direction
    east = np.cross([0.0, 0.0, 1.0], start)
    east /= np.linalg.norm(east, axis=1)[:, None]
    north = np.cross(start, east)
    offset = solution.parameters.offset + few.offset[0, 2]
    moved = start + offset[:, :1] * east + offset[:, 1:] * north
    np.testing.assert_allclose(
        ra[0, 2], np.arctan2(moved[:, 1], moved[:, 0]) % (2 * np.pi), atol=1e-14
    )
    np.testing.assert_allclose(
        dec[0, 2], np.arcsin(moved[:, 2] / np.linalg.norm(moved, axis=1)), atol=1e-14
    )


def test_shapes_and_seeds(solution):
    first, again, other = (solution.sample(7, seed=s) for s in (4, 4, 5))
    layout = solution.problem.layout
    assert first.attitudes().shape == (1, 7, layout.n_exposures, 3)
    assert first.focal().shape == (1, 7, layout.n_exposures, 2)
    assert first.detectors().shape == (1, 7, layout.n_detectors, 5)
    assert first.coefficients().shape == (1, 7, layout.n_coefficients)
    assert first.skew().shape == (1, 7)
    np.testing.assert_array_equal(first.offset, again.offset)
    np.testing.assert_array_equal(first.shared, again.shared)
    assert np.all(first.offset[:, :, first.solved] != other.offset[:, :, other.solved])


def test_attitudes_scatter_as_their_errors_say(solution, draws):
    """Pointings, as angles, have the covariance of steps towards East and North."""
    attitude = draws.attitudes()[0]
    dec = attitude[:, :, 1].mean(axis=0)
    spread = attitude[:, :, :2].std(axis=0)
    spread[:, 0] *= np.cos(dec)
    sigma = np.sqrt(np.diag(solution.shared_covariance))
    sigma = sigma[solution.problem.layout.exposures].reshape(-1, 5)
    low, high = spread_bounds(N, spread.size)
    assert np.all(spread > low * sigma[:, :2])
    assert np.all(spread < high * sigma[:, :2])


@pytest.mark.parametrize("n", [0, -3, 10**9])
def test_impossible_numbers_are_refused(solution, n):
    with pytest.raises(ConfigError, match="draws"):
        solution.sample(n)


def test_a_solution_without_factor_says_so(solution):
    with pytest.raises(ConfigError, match="solve again"):
        replace(solution, factor=None).sample(3)


def test_borders_are_kept_small_where_that_is_exact(monkeypatch):
    """Draws with the borders rounded to 32 bits are those with 64, to 10⁻³ σ."""
    problem = make_plate(sources=24, exposures=4).problem
    small = solve_plate(problem)
    monkeypatch.setattr(posterior_factor, "ROUNDING", 0.0)
    whole = solve_plate(problem)
    assert small.factor.border.dtype == np.float32
    assert whole.factor.border.dtype == np.float64
    one, two = small.sample(50), whole.sample(50)
    sigma = np.sqrt(small.source_covariance[one.solved][:, [0, 1], [0, 1]])
    apart = (one.offset - two.offset)[0][:, one.solved] / sigma
    assert 0.0 < np.max(np.abs(apart)) < 1e-3
    np.testing.assert_array_equal(one.shared, two.shared)
