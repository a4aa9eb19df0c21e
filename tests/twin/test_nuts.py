"""The No-U-Turn sampler against the Gaussian posterior of Gauss-Newton.

A plate of 30 sources and 4 exposures, where the posterior is Gaussian but for the
curvature of the sky. Means and covariances are compared within Monte Carlo error, of
the effective number of draws.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from alarm import covariance_bound, normal_bound
from plates import make_plate
from quick import quick_jit
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.errors import ConfigError, ConvergenceError, Result
from reseau.model import DEFAULT_FREE, make_density, take_step
from reseau.solvers import solve_plate
from reseau.solvers.chains.nuts import run_nuts, solve_nuts
from reseau.solvers.posterior.whitened import follow_modes, whitened_coordinates

MEASURED = 30
DRAWS = 200
DIFFERENCE = 0.02
"""Of coordinates in which the posterior has a σ of one."""


@pytest.fixture(scope="module")
def plate():
    # With the skew free, what the detectors do together can be undone exactly.
    found = make_plate(sources=45, exposures=4, free=(*DEFAULT_FREE, "skew"))
    assert np.unique(found.problem.measurements.source).size == MEASURED
    return found


@pytest.fixture(scope="module")
def solution(plate):
    found = solve_plate(plate.problem)
    assert found.converged
    return found


@pytest.fixture(scope="module")
def sampled(plate, solution):
    return solve_nuts(
        plate.problem, start=solution, draws=DRAWS, chains=2, warm_up=100, seed=3
    )


@pytest.fixture(scope="module")
def coordinates(solution):
    problem = solution.problem
    tiles = plan_tiles(problem)
    equations = equations_at(problem, tiles, solution.parameters, 0.0)
    straight = whitened_coordinates(
        problem, tiles, equations, solution.parameters, solution.datum_modes
    )
    return follow_modes(straight, make_density(problem))


def _aside(n):
    """Return points a little to both sides along each axis, and zero."""
    aside = DIFFERENCE * jnp.eye(n)
    return jnp.concatenate([aside, -aside, jnp.zeros((1, n))])


def _laplacian(values):
    """Return the Laplacian of values at points aside, by differences.

    Third derivatives of the model itself would take long to compile.
    """
    total = np.sum(values[:-1], axis=0) - (len(values) - 1) * values[-1]
    return total / DIFFERENCE**2


@pytest.fixture(scope="module")
def slopes(solution, coordinates):
    """Return the gradients of the log density at points aside."""
    density = make_density(solution.problem)
    slope = jax.grad(lambda z: density(coordinates.parameters(z)))
    every = quick_jit(lambda points: jax.lax.map(slope, points))
    return np.asarray(every(_aside(coordinates.size)))


def _whole(sampled):
    """Return all free steps, (chain, draw, parameter), in units of nothing."""
    draws = sampled.draws
    shape = draws.offset.shape[:2]
    sources = draws.offset[:, :, draws.solved].reshape(*shape, -1)
    kept = np.ptp(draws.shared, axis=(0, 1)) > 0
    return sources, draws.shared[:, :, kept], kept


def test_the_chains_agree(sampled):
    """Bounds are far from what is usual: each machine has its own chains.

    Of independent draws, four halves of 100, the largest R-hat of 150 parameters
    exceeds 1.07 once in 10⁶ runs. Usual are 10 to 20 gradients a draw and an effective
    number of 200 or more; badly whitened, 1023 gradients and a few effective draws.
    """
    assert sampled.r_hat < 1.07
    assert sampled.draws.offset.shape[:2] == (2, DRAWS)
    assert sampled.steps < 127
    assert sampled.effective > DRAWS / 4


def _expected_shift(coordinates, slopes):
    """Return how far the mean lies from the maximum, to second order.

    Of a density with the curvature −1 in z and third derivatives T, the mean is at
    ½ Σ T_ijj (Tierney & Kadane 1986, JASA 81, 82); a function of z that is curved adds
    half of its Laplacian.

    Returns
    -------
    Offsets of all sources (2 n,) and shared parameters (p,), joined.
    """
    mean = 0.5 * _laplacian(slopes)

    @quick_jit
    def steps(z):
        shared, offset = coordinates.steps(coordinates.bent(z))
        amount = jnp.asarray(coordinates.gain) @ shared
        curved = jnp.asarray(coordinates.curvature) @ amount @ amount
        shared = shared - jnp.asarray(coordinates.directions) @ amount - 0.5 * curved
        return jnp.concatenate([offset.ravel(), shared])

    points = _aside(coordinates.size)
    _, along = jax.jvp(steps, (points[-1],), (jnp.asarray(mean),))
    return along + 0.5 * _laplacian(np.stack([steps(z) for z in points]))


def test_means(solution, sampled, coordinates, slopes):
    """Means within Monte Carlo error of where the curved posterior has them.

    That is the maximum for sources, and up to a sixth of σ beside it for detectors.
    """
    sources, shared, kept = _whole(sampled)
    solved = sampled.draws.solved
    rows = np.flatnonzero(solved)
    sigma = np.concatenate(
        [
            np.sqrt(solution.source_covariance[rows][:, [0, 1], [0, 1]]).ravel(),
            np.sqrt(np.diag(solution.shared_covariance)[kept]),
        ]
    )
    mean = np.concatenate([sources, shared], axis=2).mean(axis=(0, 1)) / sigma
    expected = _expected_shift(coordinates, slopes)
    known = np.concatenate([np.repeat(solved, 2), kept])
    expected = expected[known] / sigma
    bound = normal_bound(mean.size) / np.sqrt(sampled.effective)
    assert np.max(np.abs(mean - expected)) < bound
    assert np.max(np.abs(expected[: 2 * rows.size])) < 0.01
    assert np.max(np.abs(expected)) < 0.2


def _pulls(draws, wanted, effective):
    sample = np.cov(draws.reshape(-1, draws.shape[-1]).T)
    size = np.diag(wanted)
    error = np.sqrt((np.outer(size, size) + wanted**2) / effective)
    return (sample - wanted) / error


def test_covariances(solution, sampled):
    """Every source's covariance, and that of all shared parameters."""
    sources, shared, kept = _whole(sampled)
    rows = np.flatnonzero(sampled.draws.solved)
    # The number is that of means; squares forget more slowly.
    effective = min(sampled.effective, DRAWS)
    bound = covariance_bound(effective, 4 * rows.size + np.sum(kept) ** 2)
    for i, row in enumerate(rows):
        wanted = solution.source_covariance[row]
        pull = _pulls(sources[:, :, 2 * i : 2 * i + 2], wanted, effective)
        assert np.max(np.abs(pull)) < bound
    unit = np.sqrt(np.diag(solution.shared_covariance)[kept])
    wanted = solution.shared_covariance[np.ix_(kept, kept)] / np.outer(unit, unit)
    assert np.max(np.abs(_pulls(shared / unit, wanted, effective))) < bound


def test_coordinates_whiten_the_density(slopes):
    """The second derivatives of the log density by z are minus the unit matrix.

    But for the curvature of the model times the residuals, which are small.
    """
    n = slopes.shape[1]
    bend = (slopes[:n] - slopes[n : 2 * n]) / (2.0 * DIFFERENCE)
    bend = 0.5 * (bend + bend.T)
    np.testing.assert_allclose(np.linalg.eigvalsh(-bend), 1.0, atol=0.02)


def test_common_modes_are_followed_beyond_first_order(solution, coordinates):
    """All modes by 1σ of their priors, 100 µm or so, cost what a Normal would.

    To first order they would cost far more: together the valley is curved.
    """
    density = make_density(solution.problem)
    straight = replace(coordinates, bend=np.zeros_like(coordinates.bend))
    z = np.asarray(coordinates.modes).sum(axis=1)

    @quick_jit
    def excess(using, numbers):
        """Return the even part of the log density, that of a Normal taken off."""
        both = [density(using.parameters(s * numbers)) for s in (1.0, -1.0, 0.0)]
        return (both[0] + both[1]) / 2 - both[2] + numbers @ numbers / 2

    assert abs(excess(coordinates, z)) < 0.1
    assert abs(excess(straight, z)) > 1.0


def test_coordinates_there_and_back(solution, coordinates):
    rng = np.random.default_rng(1)
    z = rng.normal(size=coordinates.size)
    shared, offset = coordinates.steps(jnp.asarray(z))
    found = coordinates.numbers(np.asarray(shared), np.asarray(offset))
    # Weak modes are millions of times wider than what the data say of the rest.
    np.testing.assert_allclose(found, z, atol=1e-4)
    other = take_step(solution.parameters, shared, offset)
    straight = replace(coordinates, bend=np.zeros_like(coordinates.bend))
    moved = straight.parameters(jnp.asarray(z))
    for one, two in zip(jax.tree.leaves(moved), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_modes_do_not_follow_themselves(coordinates):
    """Else the volume in z would change and the density need a Jacobian."""
    modes, bend = np.asarray(coordinates.modes), np.asarray(coordinates.bend)
    np.testing.assert_allclose(modes.T @ modes, np.eye(modes.shape[1]), atol=1e-12)
    followed = np.einsum("di,djk->ijk", modes, bend)
    np.testing.assert_allclose(followed, 0.0, atol=1e-9 * np.abs(bend).max())
    z = jnp.asarray(np.random.default_rng(2).normal(size=coordinates.size))
    _, volume = np.linalg.slogdet(jax.jacfwd(coordinates.bent)(z))
    np.testing.assert_allclose(volume, 0.0, atol=1e-9)


def test_a_normal_is_sampled():
    """The sampler on a density that is known: means 0, variances 1.

    Bounds are 6.7 and 7.9 σ of 2000 draws, 4.7 and 5.6 σ if half of them are effective.
    """
    found = run_nuts(lambda z: -0.5 * jnp.sum(z**2), 5, 1000, 2, 200, 0)
    assert found.z.shape == (2, 1000, 5)
    np.testing.assert_allclose(found.z.mean(axis=(0, 1)), 0.0, atol=0.15)
    np.testing.assert_allclose(found.z.var(axis=(0, 1)), 1.0, atol=0.25)


def test_too_large_a_problem_is_refused(plate):
    with pytest.raises(ConfigError, match=r"unknowns(.|\n)*svi"):
        solve_nuts(plate.problem, largest=50)


@pytest.mark.parametrize("choice", [{"draws": 0}, {"chains": 0}, {"warm_up": 0}])
def test_impossible_numbers_are_refused(plate, choice):
    with pytest.raises(ConfigError, match=next(iter(choice))):
        solve_nuts(plate.problem, **choice)


def test_without_an_optimum_there_is_no_start(plate, solution):
    lost = replace(solution, result=Result.NOT_CONVERGED)
    with pytest.raises(ConvergenceError, match="Gauss-Newton"):
        solve_nuts(plate.problem, start=lost)
