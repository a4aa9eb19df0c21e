"""References that may be right or wrong, against integrals and against enumeration."""

import numpy as np
import pytest
from scipy import integrate, stats

from alarm import covariance_bound
from reseau.flags import flag_value
from reseau.model.likelihood import mixture
from reseau.solvers import Robust, solve_plate
from reseau.solvers.robust.references import Cavity, find_cavity, judge_references
from reseau.solvers.robust.two_modes import two_modes

from .undecided import FRACTION, WIDTH, enumerated, undecided_plate


def random_cavities(n, seed=0):
    """Return cavities 0 to 5σ from priors of similar size."""
    rng = np.random.default_rng(seed)
    factor = 0.3 * rng.normal(size=(2, n, 2, 2)) + np.eye(2)
    prior, own = factor @ factor.transpose(0, 1, 3, 2) + 0.3 * np.eye(2)
    angle, size = rng.uniform(0.0, 2 * np.pi, n), rng.uniform(0.0, 5.0, (n, 1))
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    root = np.linalg.cholesky(prior + own)
    offset = size * np.einsum("nij,nj->ni", root, direction)
    known = np.ones(n, dtype=bool)
    return Cavity(offset, own, known), np.linalg.inv(prior)


def test_moments_against_quadrature():
    """The density as prior times cavity, integrated on a grid in the plane."""
    n = 12
    cavity, information = random_cavities(n)
    found = two_modes(cavity, information, mixture(FRACTION, WIDTH))
    step = np.linspace(-12.0, 12.0, 401)
    for i in range(n):
        # The cavity bounds the density: a grid in its units sees all of it.
        root = np.linalg.cholesky(cavity.covariance[i])
        grid = np.stack(np.meshgrid(step, step, indexing="ij"), axis=-1)
        at = cavity.offset[i] + grid @ root.T
        prior = np.linalg.inv(information[i])
        broad = stats.multivariate_normal(np.zeros(2), WIDTH**2 * prior).pdf(at)
        narrow = stats.multivariate_normal(np.zeros(2), prior).pdf(at)
        of_cavity = np.exp(-0.5 * np.sum(grid**2, axis=-1))

        def integral(values):
            inner = integrate.simpson(values, x=step, axis=1)
            return integrate.simpson(inner, x=step, axis=0)

        parts = [(1.0 - FRACTION) * narrow * of_cavity, FRACTION * broad * of_cavity]
        density = parts[0] + parts[1]
        total = integral(density)
        mean = integral(density[..., None] * at) / total
        left = at - mean
        second = density[..., None, None] * left[..., :, None] * left[..., None, :]
        np.testing.assert_allclose(found.mean[i], mean, atol=1e-7)
        np.testing.assert_allclose(found.covariance[i], integral(second) / total, 1e-6)
        wrong = integral(parts[1]) / total
        assert found.wrong_probability[i] == pytest.approx(wrong, abs=1e-8)
    assert np.any((found.wrong_probability > 0.1) & (found.wrong_probability < 0.9))


def test_modes_are_apart_where_the_density_has_two_peaks():
    """Along the line between them, of those with both modes likely."""
    cavity, information = random_cavities(4000, seed=1)
    found = two_modes(cavity, information, mixture(FRACTION, WIDTH))
    likely = (found.wrong_probability > 0.05) & (found.wrong_probability < 0.95)
    assert not np.any(found.apart[found.wrong_probability < 0.01])
    assert not np.any(found.apart[found.wrong_probability > 0.99])
    assert 0 < np.sum(found.apart & likely) < np.sum(likely)


@pytest.fixture(scope="module")
def undecided():
    """Return the solution of a plate with references between right and wrong."""
    problem, rows = undecided_plate()
    robust = Robust(None, mixture(FRACTION, WIDTH), estimate=False)
    return solve_plate(problem, robust=robust), rows


def test_posterior_against_enumeration(undecided):
    solution, rows = undecided
    p = solution.references.wrong_probability
    assert np.all((p[rows] > 0.02) & (p[rows] < 0.98))
    kept, mean, covariance, wrong = enumerated(solution, rows)
    np.testing.assert_allclose(p[rows], wrong, atol=0.03)
    n = solution.problem.prior.direction.shape[0]
    at = np.flatnonzero(kept < 2 * n)
    found = solution.source_covariance[kept[at] // 2, kept[at] % 2, kept[at] % 2]
    sigma = np.sqrt(np.diag(covariance)[at])
    # The states of other references were not summed, though each may be wrong.
    sure = np.isnan(p)
    sure[rows] = True
    sure = sure[kept[at] // 2]
    np.testing.assert_allclose(np.sqrt(found)[sure], sigma[sure], rtol=0.02)
    assert np.max(np.abs(mean[at]) / sigma) < 0.05


def test_every_reference_has_a_probability(undecided):
    solution, rows = undecided
    problem = solution.problem
    known = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    p = solution.references.wrong_probability
    np.testing.assert_array_equal(np.isfinite(p), known)
    weight = solution.reliability.prior_weight
    np.testing.assert_allclose(
        weight[rows], 1.0 - p[rows] * (1.0 - WIDTH**-2), rtol=1e-12
    )


def test_a_cavity_that_tells_nothing_leaves_the_fraction():
    """Measurements whose curvature is negative say nothing of their reference."""
    information = np.array([np.eye(2), np.eye(2), np.zeros((2, 2))])
    covariance = np.array([0.5 * np.eye(2), 3.0 * np.eye(2), np.eye(2)])
    zero = np.zeros((3, 2))
    cavity = find_cavity(zero, covariance, information, zero)
    test = judge_references(cavity, information, start=(0.07, 20.0), estimate=False)
    assert 0.0 < test.wrong_probability[0] < 0.07
    assert test.wrong_probability[1] == pytest.approx(0.07)
    assert np.isnan(test.wrong_probability[2])
    assert np.isnan(test.p_value[1:]).all()


def test_draws_have_both_modes_in_their_spread(undecided):
    """Of 4,000 draws, variances within Monte Carlo error."""
    solution, rows = undecided
    draws = solution.sample(4000, seed=3).offset[0][:, rows]
    found = np.var(draws, axis=0)
    wanted = solution.source_covariance[rows][:, [0, 1], [0, 1]]
    bound = covariance_bound(4000, found.size) * np.sqrt(2.0 / 4000)
    assert np.max(np.abs(found / wanted - 1.0)) < bound


def test_far_modes_are_flagged(undecided):
    solution, rows = undecided
    ambiguous = solution.flags & flag_value("ambiguous") != 0
    assert ambiguous[rows].any()
    p = np.nan_to_num(solution.references.wrong_probability)
    assert not np.any(ambiguous & (p < 0.01))
