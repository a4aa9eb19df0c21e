"""Heavy tails by sampling: NUTS of the same density referees the Normals.

On a plate of 30 sources and 4 exposures with outliers and wrong references. With a
mixture that tells good from bad the posterior is nearly Normal, and all must agree:
NUTS, Gauss-Newton, arrow, and mean-field as far as it can. With Student's density and
two or three measurements a source it is not: there Gauss-Newton's curvature at the
maximum promises too little, and arrow must be what a Normal can be at best.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from alarm import normal_bound, spread_bounds
from reseau.equations.equations import equations_at
from reseau.equations.heavy_tails import EXACT, HeavyTails
from reseau.equations.plan import plan_tiles
from reseau.equations.sources import source_steps
from reseau.solvers import Settings, solve_plate
from reseau.solvers.chains.nuts import solve_nuts
from reseau.solvers.variational import scaled_schedule, solve_variational

from .heavy import densities, source_sigma, spoiled_plate

pytestmark = pytest.mark.recovery
# Chains of two densities take minutes; `test_arrow_heavy_tails` has the rest.

DRAWS = 300
VALUES = 300
"""No test of this module judges more with one bound."""


class Sampled(NamedTuple):
    """Gauss-Newton's solution and draws of the density that it maximises.

    Attributes
    ----------
    exact
        The solution of robust Gauss-Newton.
    equations
        Its exact curvature.
    rows
        Of the sources that are solved for.
    offset, shared
        Draws of these and of the calibration, chains joined.
    effective, r_hat, divergences
        Of the chains.
    """

    exact: object
    equations: object
    rows: np.ndarray
    offset: np.ndarray
    shared: np.ndarray
    effective: float
    r_hat: float
    divergences: int


@pytest.fixture(scope="module")
def spoiled():
    return spoiled_plate()


def _sample(problem, name):
    exact = solve_plate(
        problem, robust=densities(name), settings=Settings(tolerance=1e-4)
    )
    problem, judged = exact.problem, exact.reliability
    tails = judged.likelihood, judged.reference_prior
    tiles = plan_tiles(problem)
    n = problem.prior.direction.shape[0]
    equations = equations_at(
        problem, tiles, exact.parameters, 0.0, HeavyTails(*tails, jnp.full(n, EXACT))
    )
    found = solve_nuts(problem, start=exact, draws=DRAWS, warm_up=150, seed=3)
    rows = np.flatnonzero(found.draws.solved)
    offset = found.draws.offset[:, :, rows] + np.asarray(exact.parameters.offset)[rows]
    return Sampled(
        exact,
        equations,
        rows,
        offset.reshape(-1, *offset.shape[2:]),
        found.draws.shared.reshape(-1, found.draws.shared.shape[2]),
        found.effective,
        found.r_hat,
        found.divergences,
    )


@pytest.fixture(scope="module")
def sampled(spoiled):
    return {name: _sample(spoiled.problem, name) for name in ("student", "mixture")}


@pytest.fixture(scope="module")
def arrow(spoiled):
    return {name: _fit(spoiled.problem, name) for name in ("student", "mixture")}


def _fit(problem, name, **choices):
    found = solve_variational(
        problem, **{"guide": "arrow", **choices}, robust=densities(name)
    )
    assert found.converged, found.verdict
    return found.solution


def _half_width(draws):
    """Return half the width of the central 68 %, σ of a Normal."""
    low, high = np.quantile(draws, [0.158655, 0.841345], axis=0)
    return (high - low) / 2


@pytest.mark.parametrize("name", ["student", "mixture"])
def test_the_chains_agree(sampled, name):
    """Bounds are far from what is usual, 1.01 and 300: each machine has its chains.

    Of independent draws, the largest R-hat of so many values exceeds 1.06 once in 10⁶
    runs.
    """
    found = sampled[name]
    assert found.r_hat < 1.06
    assert found.effective > DRAWS / 4


def _check_means(found, solution):
    """Means within Monte Carlo error."""
    spread = found.offset.std(axis=0)
    moved = np.asarray(solution.parameters.offset)[found.rows] - found.offset.mean(0)
    bound = normal_bound(VALUES) / np.sqrt(found.effective)
    assert np.max(np.abs(moved) / spread) < bound


def _check_sigma(found, solution):
    """σ within Monte Carlo error; of the calibration as well.

    The effective number is that of means; squares forget more slowly.
    """
    low, high = spread_bounds(min(found.effective, DRAWS), VALUES)
    ratio = found.offset.std(axis=0) / source_sigma(solution, found.rows)
    assert np.all(ratio > low)
    assert np.all(ratio < high)
    expected = np.sqrt(np.diag(solution.shared_covariance))
    free = expected > 1e-9 * expected.max()
    shared = found.shared.std(axis=0)[free] / expected[free]
    assert np.all(shared > low)
    assert np.all(shared < high)


def test_gauss_newton_with_a_mixture(sampled):
    found = sampled["mixture"]
    _check_means(found, found.exact)
    _check_sigma(found, found.exact)


def test_arrow_with_a_mixture(sampled, arrow):
    _check_means(sampled["mixture"], arrow["mixture"])
    _check_sigma(sampled["mixture"], arrow["mixture"])


def test_arrow_with_student(sampled, arrow):
    """Means agree, and σ lies between that of the core and that of core and tails."""
    found, solution = sampled["student"], arrow["student"]
    _check_means(found, solution)
    sigma, whole = source_sigma(solution, found.rows), found.offset.std(axis=0)
    core = np.minimum(_half_width(found.offset), whole)
    # Of a quantile of a Normal, 0.96/√n for half the width; for σ, 0.71/√n.
    error = normal_bound(VALUES) * 0.96 / np.sqrt(found.effective)
    assert np.all(sigma > core * (1.0 - error))
    assert np.all(sigma < np.maximum(whole, core) * (1.0 + error))
    assert abs(np.median(sigma / whole) - 1.0) < 0.05
    expected = np.sqrt(np.diag(solution.shared_covariance))
    free = expected > 1e-9 * expected.max()
    low, high = spread_bounds(min(found.effective, DRAWS), VALUES)
    shared = found.shared.std(axis=0)[free] / expected[free]
    assert np.all(shared > low)
    assert np.all(shared < high)


def test_gauss_newton_with_student_promises_too_little_here(sampled, arrow):
    """Curvature at the maximum: a tenth too small; arrow's error is a third of that."""
    found = sampled["student"]
    whole = found.offset.std(axis=0)
    at_maximum = np.log(source_sigma(found.exact, found.rows) / whole)
    on_average = np.log(source_sigma(arrow["student"], found.rows) / whole)
    assert np.median(at_maximum) < -0.08
    assert abs(np.median(on_average)) < abs(np.median(at_maximum)) / 3.0


def test_mean_field_with_a_mixture(spoiled, sampled):
    """Its means are the optimum's, its σ those with all else held."""
    found = sampled["mixture"]
    schedule = scaled_schedule(0.03, 1e-3, 800)
    solution = _fit_mean_field(spoiled.problem, schedule)
    n = solution.problem.prior.direction.shape[0]
    tiles = plan_tiles(solution.problem)
    nothing = np.zeros(found.equations.root.shape[0])
    # A lower triangular 2 x 2 root gives σ given the other coordinate by its diagonal.
    _, pair = source_steps(found.equations.system, tiles, nothing, n)
    held = np.zeros((n, 2))
    for tile, data in zip(found.equations.system.tiles, tiles.tiles, strict=True):
        block = np.einsum("abn,cbn->nac", tile.root, tile.root)
        kept = np.flatnonzero(np.asarray(data.free) > 0)
        rows = np.asarray(data.source)[kept]
        held[rows] = 1.0 / np.sqrt(np.diagonal(block, axis1=1, axis2=2)[kept])
    assert np.all(held[found.rows] <= pair[found.rows] * (1 + 1e-9))
    sigma = source_sigma(solution, found.rows)
    np.testing.assert_allclose(sigma / held[found.rows], 1.0, atol=0.1)
    moved = np.asarray(solution.parameters.offset) - np.asarray(
        found.exact.parameters.offset
    )
    whole = source_sigma(found.exact, found.rows)
    assert np.median(sigma / whole) < 0.95
    assert np.max(np.abs(moved[found.rows]) / whole) < 0.3
    judged = solution.reliability
    bad = np.flatnonzero(judged.outlier_probability > 0.5)
    np.testing.assert_array_equal(bad, spoiled.outliers)
    np.testing.assert_array_equal(
        np.flatnonzero(judged.references.wrong), spoiled.wrong
    )


def _fit_mean_field(problem, schedule):
    return solve_variational(
        problem,
        guide="meanfield",
        init="map",
        schedule=schedule,
        robust=densities("mixture"),
    ).solution
