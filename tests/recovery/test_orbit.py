"""Simulated orbits: errors against the Cramér-Rao bound, pulls, coverage.

Bounds are three standard deviations of the statistic itself: a standard deviation of
n standard normal numbers scatters by 1/√(2n). Run by ``make recovery``.
"""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from alarm import normal_bound, share_bounds, spread_bounds
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.diagnostics import recovery_statistics
from reseau.sky import direction_from_angles, tangent_offset
from reseau.tables import columns_of
from reseau.verbs.simulate import simulate
from reseau.verbs.solve import solve

SEEDS = range(20)


def _errors(simulated, solved):
    """Return errors [mas], covariances [mas²] and which sources are artificial."""
    truth = columns_of(simulated.truth.sources)
    order = np.argsort(truth["source_id"])
    ids = solved.prepared.source_id
    row = order[np.searchsorted(truth["source_id"][order], ids)]
    np.testing.assert_array_equal(truth["source_id"][row], ids)
    true = direction_from_angles(
        jnp.asarray(truth["ra"][row] * DEGREE), jnp.asarray(truth["dec"][row] * DEGREE)
    )
    found = jnp.asarray(solved.solution.direction)
    error = np.asarray(tangent_offset(found, true)) / MILLIARCSECOND
    covariance = solved.solution.source_covariance / MILLIARCSECOND**2
    return error, covariance, truth["artificial"][row].astype(bool)


@pytest.fixture(scope="module")
def pooled():
    """Twenty orbits of full size."""
    parts = []
    for seed in SEEDS:
        simulated = simulate(seed=seed)
        solved = solve(simulated.dataset)
        assert solved.exit_code == 0
        parts.append((*_errors(simulated, solved), solved.solution.sigma0))
    return [np.concatenate([np.atleast_1d(p[i]) for p in parts]) for i in range(4)]


@pytest.mark.recovery
def test_artificial_sources(pooled):
    error, covariance, artificial, _ = pooled
    found = recovery_statistics(error[artificial], covariance[artificial])
    assert found.n == 50 * len(SEEDS)
    low, high = spread_bounds(2 * found.n, 2)
    assert low < found.pull_std < high, found
    assert low < found.crb_ratio < high, found


@pytest.mark.recovery
def test_references(pooled):
    """Over 20 orbits: 400,000 coordinates."""
    error, covariance, artificial, _ = pooled
    found = recovery_statistics(error[~artificial], covariance[~artificial])
    low, high = spread_bounds(2 * found.n, 2)
    assert low < found.pull_std < high, found
    # Errors of one orbit are correlated through the calibration and unequal; the
    # ratio of rms to bound scatters more than that of equal, independent ones.
    variance = covariance[~artificial][:, [0, 1], [0, 1]].ravel()
    scatter = np.sqrt(variance.size * np.sum(variance**2)) / np.sum(variance)
    low, high = spread_bounds(2 * found.n / scatter**2, 2)
    assert low < found.crb_ratio < high, found


@pytest.mark.recovery
def test_no_bias_and_normal_tails(pooled):
    error, covariance, artificial, _ = pooled
    root = np.linalg.cholesky(covariance[~artificial])
    pulls = np.linalg.solve(root, error[~artificial][:, :, None]).ravel()
    assert abs(pulls.mean()) < normal_bound() / np.sqrt(pulls.size)
    for level in (0.5, 0.9, 0.99, 0.999):
        inside = np.mean(np.abs(pulls) < stats.norm.isf((1 - level) / 2))
        low, high = share_bounds(level, pulls.size, 4)
        assert low <= inside <= high


@pytest.mark.recovery
def test_unit_weight(pooled):
    sigma0 = pooled[3]
    bound = normal_bound(sigma0.size) / np.sqrt(2 * 670_000)
    assert np.all(np.abs(sigma0 - 1) < bound)


@pytest.mark.recovery
@pytest.mark.parametrize("observer", ["geocentre", "orbit"])
def test_poor_pointings(observer):
    """Starts 60 arcsec and 1 degree off end where good ones do."""
    choices = {"seed": 3, "sources": 3000, "observer": observer}
    good = solve(simulate(**choices).dataset)
    poor = solve(simulate(**choices, pointing_error=60.0, angle_error=3600.0).dataset)
    assert poor.exit_code == 0
    apart = np.asarray(
        tangent_offset(
            jnp.asarray(poor.solution.direction), jnp.asarray(good.solution.direction)
        )
    )
    sigma = np.sqrt(good.solution.source_covariance[:, [0, 1], [0, 1]])
    assert np.max(np.abs(apart) / sigma) < 0.05


@pytest.mark.recovery
@pytest.mark.filterwarnings("ignore::reseau.errors.DroppedWarning")
@pytest.mark.parametrize("off", [-0.02, 0.02])
def test_with_a_wrong_nominal_focal_length(off):
    """Ten widths of its prior off: errors and pulls as with the right one.

    Half of the plates take at most 12 iterations; the longest of 30 took 23.
    """
    parts, iterations = [], []
    for seed in range(30):
        simulated = simulate(small=True, seed=100 + seed)
        right = simulated.dataset.instrument
        nominal = replace(right, focal=np.asarray(right.focal) * (1.0 + off))
        solved = solve(replace(simulated.dataset, instrument=nominal))
        assert solved.exit_code == 0
        iterations.append(len(solved.solution.history))
        parts.append(_errors(simulated, solved))
    assert np.median(iterations) <= 12
    error, covariance, artificial = (
        np.concatenate([p[i] for p in parts]) for i in range(3)
    )
    for chosen in (artificial, ~artificial):
        found = recovery_statistics(error[chosen], covariance[chosen])
        assert abs(found.pull_std - 1) < found.tolerance, found
    # The calibration correlates the errors of one plate, so only artificial sources,
    # which are few and have errors of their own, are as good as independent.
    found = recovery_statistics(error[artificial], covariance[artificial])
    assert abs(found.crb_ratio - 1) < found.tolerance, found
