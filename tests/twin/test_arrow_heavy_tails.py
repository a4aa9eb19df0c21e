"""The arrow guide with heavy tails: averages, equations and what the ascent ends in.

Averages are compared with adaptive quadrature (SciPy) and automatic derivatives, the
equations with dense ones, the result with robust Gauss-Newton where the posterior is
nearly Normal. Against sampling: test_heavy_tails_sampled.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from reseau.equations.assemble import assemble
from reseau.equations.averages import Averages, smoothed
from reseau.equations.equations import equations_at
from reseau.equations.heavy_tails import CLIPPED, HeavyTails
from reseau.equations.plan import plan_tiles
from reseau.errors import Result
from reseau.flags import flag_value
from reseau.model.likelihood import mixture, student
from reseau.solvers import Settings, solve_plate
from reseau.solvers.variational import solve_variational
from reseau.solvers.variational.arrow import heavy_tails as tailed
from reseau.solvers.variational.arrow.averages import Tails, thinned
from reseau.solvers.variational.arrow.normal import arrow_at

from .dense import jacobian
from .heavy import densities, loose_plate, source_sigma, spoiled_plate

LIKELIHOODS = {"student": student(), "mixture": mixture(0.02, 20.0)}
RESIDUALS = np.array([[0.3, -0.5], [3.0, 2.0], [-8.0, 5.0]])
SPREADS = np.array(
    [
        [[0.20, 0.05], [0.05, 0.10]],
        [[0.04, -0.02], [-0.02, 0.09]],
        [[0.50, 0.30], [0.30, 0.60]],
    ]
)


@pytest.fixture(scope="module")
def spoiled():
    return spoiled_plate()


@pytest.fixture(scope="module")
def robust(spoiled):
    return {
        name: solve_plate(
            spoiled.problem, robust=densities(name), settings=Settings(tolerance=1e-4)
        )
        for name in LIKELIHOODS
    }


def _fit(problem, name, **choices):
    robust = densities(name)
    return solve_variational(problem, guide="arrow", robust=robust, **choices)


@pytest.fixture(scope="module")
def fitted(spoiled):
    return {name: _fit(spoiled.problem, name) for name in LIKELIHOODS}


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_averages_against_scipy(name):
    likelihood = LIKELIHOODS[name]
    found = smoothed(likelihood, RESIDUALS, SPREADS)
    for i, (mean, spread) in enumerate(zip(RESIDUALS, SPREADS, strict=True)):
        normal = stats.multivariate_normal(mean, spread)
        width = 7.0 * np.sqrt(np.diag(spread))

        def moment(function, normal=normal, mean=mean, width=width):
            # Simpson's rule on a grid that is fine against what varies in a residual.
            x, y = (
                np.linspace(m - w, m + w, 601) for m, w in zip(mean, width, strict=True)
            )
            points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
            values = function(points, np.sum(points**2, axis=-1)) * normal.pdf(points)
            return integrate.simpson(integrate.simpson(values, x=y), x=x)

        loss = moment(lambda _, s: np.asarray(likelihood.loss(s)))
        # Seven nodes a coordinate; the mixture's border is narrow against the last.
        close = 1e-4 if i < 2 else 5e-3
        np.testing.assert_allclose(found.loss[i], loss, rtol=close)
        for a in range(2):
            gradient = moment(lambda r, s, a=a: r[..., a] * likelihood.weight(s))
            np.testing.assert_allclose(found.gradient[a, i], gradient, rtol=close)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_gradient_and_curvature_are_derivatives_of_the_mean_loss(name):
    """Bonnet's and Price's theorems, which hold node by node."""
    likelihood = LIKELIHOODS[name]

    def half_loss(mean, spread):
        # As the package sums, from its own Cholesky factor of the spread.
        node, mass = np.polynomial.hermite_e.hermegauss(7)
        z = jnp.stack(jnp.meshgrid(node, node), axis=-1).reshape(-1, 2)
        r = mean + z @ jnp.linalg.cholesky(spread).T
        weight = jnp.outer(mass, mass).ravel() / mass.sum() ** 2
        return 0.5 * weight @ likelihood.loss(jnp.sum(r**2, axis=1))

    found = smoothed(likelihood, RESIDUALS, SPREADS)
    slopes = jax.jit(jax.vmap(jax.grad(half_loss)))(RESIDUALS, SPREADS)
    bends = jax.jit(jax.vmap(jax.hessian(half_loss)))(RESIDUALS, SPREADS)
    np.testing.assert_allclose(np.asarray(found.gradient).T, slopes, rtol=1e-9)
    curvature = np.moveaxis(np.asarray(found.exact), -1, 0)
    np.testing.assert_allclose(curvature, bends, atol=1e-9)
    clipped = np.linalg.eigvalsh(np.moveaxis(np.asarray(found.clipped), -1, 0))
    assert np.all(clipped > 0)


def test_averages_of_a_normal():
    found = smoothed(None, RESIDUALS, SPREADS)
    wide = smoothed(mixture(1e-300, 1.5), RESIDUALS, SPREADS)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wide), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_equations_of_averages_against_dense(robust):
    """Any symmetric W and any gradients: the Schur complement of JᵀWJ."""
    problem, at = robust["mixture"].problem, robust["mixture"].parameters
    tiles = plan_tiles(problem)
    rng = np.random.default_rng(4)
    m, n = problem.measurements.source.size, problem.prior.direction.shape[0]
    w, prior = (rng.normal(size=(k, 2, 2)) for k in (m, n))
    w, prior = (a @ a.transpose(0, 2, 1) + np.eye(2) for a in (w, prior))
    measured = np.isin(np.arange(n), problem.measurements.source)
    scale = np.asarray(problem.prior.information).max()
    prior = prior * scale * measured[:, None, None]
    psi, pull = rng.normal(size=(m, 2)), rng.normal(size=(n, 2)) * np.sqrt(scale)
    loss, prior_loss = rng.uniform(size=m), rng.uniform(size=n) * measured
    averages = Averages(
        *(jnp.asarray(np.moveaxis(a, 0, -1)) for a in (w, psi, loss)),
        *(prior, pull, prior_loss),
    )
    corner = assemble(problem, tiles, at, 0.0, averages).corner
    _, slope = jacobian(problem, at)
    # Derivatives of residuals are those of pixels, negative.
    rows = -slope[: 2 * m].reshape(m, 2, -1)
    whole = np.einsum("mip,mij,mjq->pq", rows, w, rows, optimize=True)
    right = np.einsum("mip,mi->p", rows, psi)
    for i in range(n):
        whole[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] += prior[i]
    right[: 2 * n] -= pull.ravel()
    kept = np.flatnonzero(np.repeat(measured, 2))
    own = whole[np.ix_(kept, kept)]
    side = whole[kept][:, 2 * n :]
    expected = whole[2 * n :, 2 * n :] - side.T @ np.linalg.solve(own, side)
    unit = 1.0 / np.sqrt(np.diag(whole)[2 * n :].clip(min=1e-300))
    unit = np.where(np.diag(whole)[2 * n :] > 0, unit, 0.0)
    np.testing.assert_allclose(
        np.asarray(corner.matrix) * np.outer(unit, unit),
        expected * np.outer(unit, unit),
        atol=1e-9,
    )
    moved = right[2 * n :] - side.T @ np.linalg.solve(own, right[kept])
    size = np.abs(right[2 * n :] * unit).max()
    np.testing.assert_allclose(
        np.asarray(corner.right) * unit, moved * unit, atol=1e-9 * size
    )
    np.testing.assert_allclose(corner.chi2, [loss.sum(), prior_loss.sum()], rtol=1e-12)
    np.testing.assert_allclose(
        np.asarray(corner.diagonal), np.diag(whole)[2 * n :], rtol=1e-9
    )


def test_thinned_roots_have_the_same_covariance_on_average():
    root = np.random.default_rng(0).normal(size=(6, 400))
    np.testing.assert_array_equal(thinned(root, 1000), root)
    thin = thinned(root, 10**6)
    assert thin.shape == (6, 32)
    ratio = np.sum(thin**2, axis=1) / np.sum(root**2, axis=1)
    assert np.all(np.abs(ratio - 1.0) < 5.0 * np.sqrt(2.0 / 32))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_from_scratch_and_from_the_maximum(spoiled, fitted, name):
    scratch, there = fitted[name], _fit(spoiled.problem, name, init="map")
    assert scratch.converged, scratch.verdict
    assert there.converged, there.verdict
    rows = np.unique(spoiled.problem.measurements.source)
    sigma = source_sigma(there.solution, rows)
    moved = np.asarray(scratch.solution.parameters.offset) - np.asarray(
        there.solution.parameters.offset
    )
    assert np.max(np.abs(moved[rows]) / sigma) < 1e-3
    np.testing.assert_allclose(source_sigma(scratch.solution, rows), sigma, rtol=1e-3)
    assert abs(scratch.elbo[-1] - there.elbo[-1]) < 1e-3
    assert np.all(np.diff(scratch.elbo[1:]) > -tailed.SLACK)
    assert "held as fitted" in scratch.schedule
    assert "over the residuals' spread" in scratch.verdict


def test_mixtures_that_tell_good_from_bad_leave_a_normal_posterior(
    spoiled, robust, fitted
):
    """Then Gauss-Newton's is exact: σ within 0.1 %, means within 0.002 σ."""
    exact, found = robust["mixture"], fitted["mixture"].solution
    rows = np.unique(spoiled.problem.measurements.source)
    # References of which one cannot tell have the moments of both modes in the one.
    wrong = np.nan_to_num(exact.references.wrong_probability[rows])
    rows = rows[wrong * (1.0 - wrong) < 1e-4]
    assert rows.size >= 20
    sigma = source_sigma(exact, rows)
    np.testing.assert_allclose(source_sigma(found, rows), sigma, rtol=1e-3)
    offset = np.asarray(found.parameters.offset) - np.asarray(exact.parameters.offset)
    assert np.max(np.abs(offset[rows]) / sigma) < 2e-3
    expected = np.sqrt(np.diag(exact.shared_covariance))
    shared = np.sqrt(np.diag(found.shared_covariance))
    free = expected > 1e-9 * expected.max()
    np.testing.assert_allclose(shared[free], expected[free], rtol=1e-3)
    assert abs(found.dof - exact.dof) < 0.1
    assert abs(found.chi2 - exact.chi2) < 0.1


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_solution_carries_what_it_thinks_of_its_data(spoiled, robust, fitted, name):
    found, exact = fitted[name].solution, robust[name]
    judged = found.reliability
    bad = np.flatnonzero(judged.outlier_probability > 0.5)
    np.testing.assert_array_equal(bad, spoiled.outliers)
    wrong = found.flags & flag_value("wrong_reference") != 0
    np.testing.assert_array_equal(np.flatnonzero(wrong), spoiled.wrong)
    np.testing.assert_array_equal(found.flags, exact.flags)
    assert np.max(judged.weight[bad]) < 0.05
    good = np.delete(judged.weight, bad)
    assert np.min(good) > 10.0 * np.max(judged.weight[bad])
    none = ~np.any(np.asarray(found.problem.prior.information) != 0, axis=(1, 2))
    np.testing.assert_array_equal(np.isnan(judged.prior_weight), none)
    assert np.all(judged.prior_weight[spoiled.wrong] < 0.05)
    draws = found.sample(4000, seed=1)
    spread = np.std(draws.offset[0][:, spoiled.wrong], axis=0)
    # Five standard errors of a standard deviation.
    expected = source_sigma(found, spoiled.wrong)
    np.testing.assert_allclose(spread, expected, rtol=5.0 / np.sqrt(2 * 4000))


def _between(size):
    """Return a plate of which one source has two of four measurements off by size σ."""
    problem = loose_plate()
    measurements, prior = problem.measurements, problem.prior
    count = np.bincount(measurements.source)
    star = int(np.flatnonzero(count == 4)[1])
    rows = np.flatnonzero(measurements.source == star)[:2]
    pixel, information = np.array(measurements.pixel), np.array(prior.information)
    pixel[rows, 0] += 0.01 * size
    information[star] = 0.0
    problem = replace(
        problem,
        measurements=replace(measurements, pixel=pixel),
        prior=replace(prior, information=information),
    )
    return problem, star


def test_a_source_between_two_explanations_keeps_a_positive_block():
    """Seen from where Gauss-Newton has it without heavy tails: in the middle."""
    problem, star = _between(12.0)
    first = solve_plate(problem, settings=Settings(tolerance=1e-4))
    problem, at = first.problem, first.parameters
    tiles = plan_tiles(problem)
    n = problem.prior.direction.shape[0]
    tails = Tails(mixture(0.02, 30.0), None)
    terms = HeavyTails(*tails, jnp.full(n, CLIPPED))
    equations = equations_at(problem, tiles, at, 0.0, terms)
    arrow = arrow_at(problem, at, equations)
    none = np.zeros(n, dtype=bool)
    state = tailed.state_of(problem, tiles, arrow, equations, tails, none)
    np.testing.assert_array_equal(np.flatnonzero(state.outlook.ambiguous), [star])
    step = tailed.natural_step(problem, tiles, arrow, state.expected, 1.0)
    for tile in step.arrow.tiles:
        assert np.all(np.isfinite(np.asarray(tile.root)))
    assert step.arrow.factor.null.shape[1] == 0


def test_a_source_between_two_explanations_settles_on_one():
    problem, star = _between(35.0)
    found = _fit(problem, "mixture")
    assert found.converged, found.verdict
    judged = found.solution.reliability
    covariance = found.solution.source_covariance[star]
    assert np.all(np.linalg.eigvalsh(covariance) > 0)
    flagged = found.solution.flags & flag_value("ambiguous") != 0
    np.testing.assert_array_equal(flagged, judged.ambiguous)
    assert ("between two explanations" in found.verdict) == judged.ambiguous.any()


def test_a_step_that_lowers_the_elbo_is_taken_back(spoiled, monkeypatch):
    """Where all that follow seem worse, the best one is the answer, not converged."""
    seen = []
    whole = tailed.state_of

    def worse(*given):
        state = whole(*given)
        seen.append(state)
        return state if len(seen) < 3 else state._replace(aim=seen[1].aim - 1.0)

    monkeypatch.setattr(tailed, "state_of", worse)
    found = _fit(spoiled.problem, "student")
    assert found.result is Result.NOT_CONVERGED
    kept = seen[1].arrow.parameters
    moved = np.asarray(found.solution.parameters.offset) - np.asarray(kept.offset)
    np.testing.assert_allclose(moved, 0.0, atol=1e-20)
    assert len(seen) == 2 + 7
    steps = [
        np.asarray(s.arrow.parameters.offset) - np.asarray(kept.offset)
        for s in seen[2:]
    ]
    size = [np.abs(step).max() for step in steps]
    # Not exactly half: a mean moves by the blended covariance.
    np.testing.assert_allclose(size[1:], 0.5 * np.array(size[:-1]), rtol=0.1)


def test_too_few_steps_are_said(spoiled):
    found = _fit(spoiled.problem, "student", max_steps=1)
    assert found.result is not Result.SUCCESSFUL
    assert "not converged" in found.verdict
    bad = np.flatnonzero(found.solution.reliability.outlier_probability > 0.5)
    np.testing.assert_array_equal(bad, spoiled.outliers)


def test_a_heavy_tailed_prior_alone(spoiled):
    """Measurements Normal: their averages are exact, only references are judged."""
    tails = replace(densities("mixture"), likelihood=None)
    clean = loose_plate()
    wrong = replace(clean, prior=spoiled.problem.prior)
    found = solve_variational(wrong, guide="arrow", robust=tails)
    assert found.converged, found.verdict
    judged = found.solution.reliability
    assert judged.likelihood is None
    np.testing.assert_array_equal(judged.weight, 1.0)
    wrong_ones = np.flatnonzero(judged.references.wrong)
    np.testing.assert_array_equal(wrong_ones, spoiled.wrong)
