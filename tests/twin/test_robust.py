"""Weighted equations, leverages, cavities and noise against dense and direct twins."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from alarm import normal_bound, spread_bounds
from plates import make_plate
from quick import quick_jit
from reseau.equations.curvature import own_curvature, prior_curvature
from reseau.equations.equations import equations_at
from reseau.equations.heavy_tails import CLIPPED, EXACT, REWEIGHTED, HeavyTails
from reseau.equations.leverage import leverages
from reseau.equations.plan import plan_tiles
from reseau.equations.sources import source_covariances
from reseau.errors import DegeneracyError, Result
from reseau.flags import flag_value
from reseau.model import free_columns, prior_terms, prior_widths
from reseau.model.likelihood import likelihood_named, mixture, prior_named, student
from reseau.solvers import (
    Robust,
    Settings,
    error_inflation,
    solve_plate,
    solve_with_noise,
)
from reseau.solvers.gauss_newton import gauss_newton
from reseau.solvers.posterior.noise import _Residuals as NoiseResiduals
from reseau.solvers.posterior.noise import _score
from reseau.solvers.robust.references import find_cavity, judge_references
from reseau.solvers.robust.relocation import group_medians
from reseau.solvers.robust.robust import fit_outliers, solve_robustly
from reseau.solvers.start.parameters import find_start

from .dense import jacobian

PRIORS = {"normal": None, "student": student(4.0), "mixture": mixture(0.1, 8.0)}


SHAPE = {"sources": 80, "exposures": 12, "seed": 2}
"""Of most plates here, so that everything is compiled once."""


def _spoiled():
    """Return a small plate with outliers and two wrong references."""
    plate = make_plate(**SHAPE)
    measurements = plate.problem.measurements
    rng = np.random.default_rng(2)
    pixel = np.array(measurements.pixel)
    bad = rng.uniform(size=len(pixel)) < 0.05
    pixel[bad] += rng.normal(0, 1.0, (int(bad.sum()), 2))
    problem = replace(plate.problem, measurements=replace(measurements, pixel=pixel))
    return replace_prior(problem), bad


def chosen_references(problem):
    """Return two well measured references of large error, so that a shift shows."""
    information = np.asarray(problem.prior.information)
    count = np.bincount(problem.measurements.source, minlength=len(information))
    known = (information[:, 0, 0] > 0) & (count > 3)
    strength = np.where(known, np.trace(information, axis1=1, axis2=2), np.inf)
    return np.argsort(strength)[:2]


def replace_prior(problem):
    """Shift two references by 25σ."""
    information = np.asarray(problem.prior.information)
    known = chosen_references(problem)
    direction = np.array(problem.prior.direction)
    for row in known:
        shift = 25.0 * np.linalg.cholesky(np.linalg.inv(information[row]))[:, 0]
        north = np.array([0.0, 0.0, 1.0])
        east = np.cross(north, direction[row])
        east /= np.linalg.norm(east)
        up = np.cross(direction[row], east)
        direction[row] += shift[0] * east + shift[1] * up
        direction[row] /= np.linalg.norm(direction[row])
    return replace(problem, prior=replace(problem.prior, direction=direction))


@pytest.fixture(scope="module")
def spoiled():
    problem, bad = _spoiled()
    start = find_start(problem)
    tiles = plan_tiles(start.problem)
    optimum = gauss_newton(start.problem, tiles, start.parameters)
    return start.problem, tiles, optimum.parameters, bad


@pytest.fixture(scope="module")
def dense(spoiled):
    """Return residuals and their derivatives at the parameters of `spoiled`."""
    problem, _, parameters, _ = spoiled
    return jacobian(problem, parameters)


def _objective(problem, terms):
    """Return a function of the residuals: Σρ, without shared priors."""
    m = problem.measurements.pixel.shape[0]
    known = np.any(problem.prior.information != 0, axis=(1, 2))
    known &= np.bincount(problem.measurements.source, minlength=known.size) > 0

    def total(both):
        measured = jnp.sum(both[: 2 * m].reshape(m, 2) ** 2, axis=1)
        prior = jnp.sum(both[2 * m :].reshape(-1, 2) ** 2, axis=1)
        if terms.likelihood is not None:
            measured = terms.likelihood.loss(measured)
        if terms.reference_prior is not None:
            prior = jnp.where(known, terms.reference_prior.loss(prior), 0.0)
        return jnp.sum(measured) + jnp.sum(prior)

    return total


def _whole(system, tiles, n):
    """Return sources' blocks, their borders and right sides in the order of sources."""
    size = np.asarray(system.corner.right).size
    block, border = np.zeros((n, 2, 2)), np.zeros((n, 2, size))
    right = np.zeros((n, 2))
    for tile, data in zip(system.tiles, tiles.tiles, strict=True):
        kept = np.flatnonzero(np.asarray(data.free) > 0)
        rows = np.asarray(data.source)[kept]
        root = np.moveaxis(np.asarray(tile.root), -1, 0)[kept]
        block[rows] = root @ root.transpose(0, 2, 1)
        white = np.moveaxis(np.asarray(tile.border), -1, 0)[kept]
        spread = np.zeros((size, kept.size, 2))
        np.add.at(spread, np.asarray(tile.columns), white.transpose(1, 0, 2))
        border[rows] = np.einsum("nab,pnb->nap", root, spread)
        gradient = np.asarray(tile.gradient).T[kept]
        right[rows] = np.einsum("nab,nb->na", root, gradient)
    return block, border, right


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", ["student", "mixture"])
def test_equations_against_automatic_derivatives(spoiled, dense, name, prior):
    """Objective and gradient, after the elimination is undone."""
    problem, tiles, parameters, _ = spoiled
    likelihood = {"student": student(4.0), "mixture": mixture(0.05, 30.0)}[name]
    n = problem.prior.direction.shape[0]
    terms = HeavyTails(likelihood, PRIORS[prior], np.full(n, REWEIGHTED))
    shared = prior_terms(problem, parameters)
    equations = equations_at(problem, tiles, parameters, 0.0, terms)
    residual, rows = dense
    total = jax.value_and_grad(_objective(problem, terms))
    value, by_residual = quick_jit(total)(residual)
    slope = np.asarray(by_residual) @ rows
    np.testing.assert_allclose(
        equations.objective, float(value) + shared.objective, rtol=1e-11
    )
    block, border, right = _whole(equations.system, tiles, n)
    found = equations.right - shared.gradient
    for i in np.flatnonzero(block[:, 0, 0] > 0):
        found = found + border[i].T @ np.linalg.solve(block[i], right[i])
    wanted = -0.5 * slope
    scale = np.sqrt(np.asarray(equations.system.corner.diagonal))
    scale = np.where(scale > 0, scale, 1.0)
    np.testing.assert_allclose(found / scale, wanted[2 * n :] / scale, atol=1e-7)
    width = np.sqrt(np.maximum(block[:, [0, 1], [0, 1]], 1.0))
    np.testing.assert_allclose(
        right / width, wanted[: 2 * n].reshape(n, 2) / width, atol=1e-8
    )


def test_exact_curvature_against_dense(spoiled, dense):
    """JᵀWJ with W the Hessian of ½ρ by automatic differentiation."""
    problem, tiles, parameters, _ = spoiled
    likelihood, prior = student(4.0), mixture(0.1, 8.0)
    n, m = problem.prior.direction.shape[0], problem.measurements.source.size
    residual, whole = dense
    left, rows = residual[: 2 * m].reshape(m, 2), whole[: 2 * m].reshape(m, 2, -1)
    hessian = quick_jit(jax.vmap(jax.hessian(lambda r: 0.5 * likelihood.loss(r @ r))))
    curvature = np.asarray(hessian(jnp.asarray(left)))
    wanted = np.zeros((n, 2, 2))
    for i in range(m):
        own = slice(2 * problem.measurements.source[i], None)
        part = rows[i][:, own][:, :2]
        wanted[problem.measurements.source[i]] += part.T @ curvature[i] @ part
    information = jnp.asarray(problem.prior.information)

    def of_prior(offset, inverse):
        return 0.5 * prior.loss(offset @ inverse @ offset)

    wanted += np.asarray(
        jax.vmap(jax.hessian(of_prior))(jnp.asarray(parameters.offset), information)
    )
    terms = HeavyTails(likelihood, prior, np.full(n, CLIPPED))
    clipped, found = own_curvature(problem, tiles, parameters, terms)
    seen = clipped[:, 0, 0] > 0
    size = clipped[seen][:, [0, 1], [0, 1]].max(axis=1)[:, None, None]
    np.testing.assert_allclose(found[seen] / size, wanted[seen] / size, atol=1e-9)
    # The exact one is nowhere above the clipped one, which is at least half of C₀.
    terms0 = terms.bounded(REWEIGHTED)
    weights, _, _ = _whole(
        equations_at(problem, tiles, parameters, 0.0, terms0).system, tiles, n
    )
    for low, high in ((found, clipped), (0.5 * weights, clipped), (clipped, weights)):
        least = np.linalg.eigvalsh((high - low)[seen] / size)[:, 0]
        assert np.all(least > -1e-9)


def test_unit_weights_are_least_squares(spoiled):
    """A mixture without outliers gives the normal equations of least squares."""
    problem, tiles, parameters, _ = spoiled
    n = problem.prior.direction.shape[0]
    wide = student(1e12)
    normal = equations_at(problem, tiles, parameters, 0.0)
    for bound in (REWEIGHTED, CLIPPED, EXACT):
        terms = HeavyTails(wide, wide, np.full(n, bound))
        found = equations_at(problem, tiles, parameters, 0.0, terms)
        scale = np.sqrt(np.asarray(normal.system.corner.diagonal))
        scale = np.where(scale > 0, scale, 1.0)
        np.testing.assert_allclose(
            np.asarray(found.system.corner.matrix) / np.outer(scale, scale),
            np.asarray(normal.system.corner.matrix) / np.outer(scale, scale),
            atol=1e-6,
        )
        np.testing.assert_allclose(found.objective, normal.objective, rtol=1e-4)


@pytest.mark.parametrize(
    ("likelihood", "prior"),
    [("student", "normal"), ("mixture", "mixture"), ("normal", "student")],
)
def test_the_objective_never_rises(spoiled, likelihood, prior):
    problem, tiles, parameters, _ = spoiled
    n = problem.prior.direction.shape[0]
    terms = HeavyTails(likelihood_named(likelihood), prior_named(prior), np.zeros(n))
    optimum = gauss_newton(
        problem, tiles, parameters, Settings(patient=False), terms=terms
    )
    objective = np.array([i.objective for i in optimum.history])
    assert len(objective) > 2
    assert np.all(np.diff(objective) <= 1e-9 * np.abs(objective[:-1]) + 1e-6)


def test_the_gradient_vanishes_at_the_optimum(spoiled):
    """That of −2 log p by automatic differentiation, in units of the posterior's σ."""
    problem, tiles, parameters, _ = spoiled
    n = problem.prior.direction.shape[0]
    robust = Robust(mixture(0.05, 30.0), mixture(0.05, 20.0), estimate=False)
    first = gauss_newton(problem, tiles, parameters)
    tight = Settings(tolerance=1e-5)
    found = solve_robustly(problem, tiles, first, robust, tight).optimum
    assert found.result is Result.SUCCESSFUL
    terms = HeavyTails(robust.likelihood, robust.reference_prior, np.zeros(n))
    residual, rows = jacobian(problem, found.parameters)
    heavy = jax.grad(_objective(problem, terms))
    slope = 0.5 * np.asarray(quick_jit(heavy)(residual)) @ rows
    slope[2 * n :] -= prior_terms(problem, found.parameters).gradient
    covariance = source_covariances(
        found.equations.system, tiles, found.equations.root, n
    )
    own = np.sqrt(covariance[:, [0, 1], [0, 1]]).ravel()
    width = np.sqrt(np.sum(found.equations.root**2, axis=1))
    assert np.abs(own * slope[: 2 * n]).max() < 1e-3
    assert np.abs(width * slope[2 * n :]).max() < 1e-2


def test_leverages_against_dense(spoiled, dense):
    problem, tiles, parameters, _ = spoiled
    equations = equations_at(problem, tiles, parameters, 0.0)
    n, m = problem.prior.direction.shape[0], problem.measurements.source.size
    _, whole = dense
    prior = prior_terms(problem, parameters).information
    free = free_columns(problem.layout, problem.free, prior_widths(problem))
    seen = np.zeros(n, dtype=bool)
    seen[problem.measurements.source] = True
    kept = np.flatnonzero(np.concatenate([np.repeat(seen, 2), free]))
    normal = whole.T @ whole
    normal[2 * n :, 2 * n :] += prior
    normal = normal[np.ix_(kept, kept)]
    unit = 1.0 / np.sqrt(np.diag(normal))
    covariance = np.linalg.inv(normal * np.outer(unit, unit))
    rows = (whole[: 2 * m][:, kept] * unit).reshape(m, 2, -1)
    wanted = np.einsum("mip,pq,mjq->mij", rows, covariance, rows, optimize=True)
    found = leverages(problem, tiles, equations, parameters)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    solution = solve_plate(problem)
    used = 2 * m - solution.dof
    assert np.trace(found, axis1=1, axis2=2).sum() == pytest.approx(used, rel=1e-3)


def test_cavity_is_the_solution_without_the_prior():
    """Against a second solution in which that one prior is dropped."""
    problem = make_plate(**SHAPE).problem
    solution = solve_plate(problem, settings=Settings(tolerance=1e-6))
    information = np.asarray(problem.prior.information)
    count = np.bincount(problem.measurements.source, minlength=80)
    row = int(np.flatnonzero((count > 3) & (information[:, 0, 0] > 0))[0])
    dropped = information.copy()
    dropped[row] = 0.0
    without = solve_plate(
        replace(problem, prior=replace(problem.prior, information=dropped)),
        settings=Settings(tolerance=1e-6),
    )
    n = information.shape[0]
    used, pull = prior_curvature(
        solution.problem, solution.parameters, HeavyTails(None, None, np.zeros(n))
    )
    offset = np.asarray(solution.parameters.offset)
    cavity = find_cavity(offset, solution.source_covariance, used, pull)
    np.testing.assert_allclose(
        cavity.covariance[row], without.source_covariance[row], rtol=1e-3
    )
    moved = without.direction[row] - solution.direction[row]
    shift = cavity.offset[row] - offset[row]
    sigma = np.sqrt(np.trace(without.source_covariance[row]))
    assert abs(np.linalg.norm(moved) - np.linalg.norm(shift)) < 1e-3 * sigma
    test = judge_references(cavity, information)
    assert np.isnan(test.p_value[information[:, 0, 0] == 0]).all()
    expected = offset[row] @ np.linalg.solve(
        np.linalg.inv(information[row]) - solution.source_covariance[row], offset[row]
    )
    assert test.statistic[row] == pytest.approx(expected, rel=1e-5)
    assert test.p_value[row] == pytest.approx(stats.chi2.sf(expected, 2), rel=1e-4)


def test_outliers_and_wrong_references_are_found():
    problem, bad = _spoiled()
    clean = make_plate(**SHAPE)
    robust = Robust(likelihood_named("mixture"), prior_named("mixture"))
    solution = solve_plate(problem, robust=robust)
    assert solution.converged
    found = solution.reliability
    # Outliers of about 100σ a coordinate: nearly all stand out, no good one does.
    judged = found.outlier_probability > 0.5
    size = np.linalg.norm(
        problem.measurements.pixel - clean.problem.measurements.pixel, axis=1
    )
    big = size > 0.15
    count = np.bincount(problem.measurements.source, minlength=80)
    # Of two or three measurements that disagree nothing tells which is wrong.
    enough = count[problem.measurements.source] > 3
    assert np.mean(judged[big & enough]) > 0.97
    assert np.mean(judged[~bad & enough]) < 0.005
    assert abs(found.outlier_fraction - np.mean(bad)) < 0.02
    known = chosen_references(problem)
    wrong = solution.flags & flag_value("wrong_reference") != 0
    assert wrong[known].all()
    assert wrong.sum() <= 3
    assert np.all(found.prior_weight[known] < 0.05)
    low, high = spread_bounds(solution.dof)
    assert low < solution.sigma0 < high
    assert solve_plate(problem).sigma0 > 5.0


def test_least_squares_flags_too():
    solution = solve_plate(make_plate(**SHAPE, references=0.5).problem)
    assert solution.reliability is None
    none = solution.flags & flag_value("no_reference") != 0
    information = np.asarray(solution.problem.prior.information)
    np.testing.assert_array_equal(none, ~np.any(information != 0, axis=(1, 2)))


def test_medians_of_groups():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 9, 100)
    group[group == 4] = 5
    values = rng.normal(size=(100, 2))
    found = group_medians(group, values, 9)
    for i in range(9):
        wanted = np.median(values[group == i], axis=0) if i != 4 else np.zeros(2)
        np.testing.assert_allclose(found[i], wanted)


def test_fit_of_fraction_and_width():
    rng = np.random.default_rng(8)
    bad = rng.uniform(size=100_000) < 0.05
    residual = rng.normal(size=(bad.size, 2)) * np.where(bad, 40.0, 1.0)[:, None]
    fraction, width, chance = fit_outliers(np.sum(residual**2, axis=1))
    sigmas = normal_bound(3)
    assert abs(fraction - 0.05) < sigmas * np.sqrt(0.05 / bad.size)
    assert abs(width / 40.0 - 1) < sigmas / np.sqrt(2 * 2 * bad.sum())
    assert abs(chance.sum() - bad.sum()) < sigmas * np.sqrt(bad.sum() * 0.05)


def test_score_of_the_noise_against_the_marginal_likelihood():
    """Derivatives of the dense log marginal likelihood of a linear model."""
    rng = np.random.default_rng(1)
    m, p = 40, 6
    rows = rng.normal(size=(m, 2, p))
    sigma = rng.uniform(0.5, 2.0, (m, 2))
    stated = np.zeros((m, 2, 2))
    stated[:, 0, 0], stated[:, 1, 1] = sigma.T**2
    stated[:, 0, 1] = stated[:, 1, 0] = 0.3 * sigma[:, 0] * sigma[:, 1]
    prior = np.diag(rng.uniform(0.1, 3.0, p))
    y = rng.normal(size=(m, 2)) * 1.5
    dense, flat = rows.reshape(2 * m, p), y.ravel()

    def spread(variance):
        whole = np.zeros((2 * m, 2 * m))
        now = variance[0] * stated + variance[1] * np.eye(2)
        for i in range(m):
            whole[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = now[i]
        return whole

    def marginal(variance):
        whole = spread(variance) + dense @ np.linalg.inv(prior) @ dense.T
        return -0.5 * np.linalg.slogdet(whole)[1] - 0.5 * flat @ np.linalg.solve(
            whole, flat
        )

    here = np.array([1.3, 0.4])
    weight = np.linalg.inv(spread(here))
    covariance = np.linalg.inv(dense.T @ weight @ dense + prior)
    left = flat - dense @ covariance @ dense.T @ weight @ flat
    whiten = np.linalg.inv(np.linalg.cholesky(here[0] * stated + here[1] * np.eye(2)))
    own = np.einsum("mip,pq,mjq->mij", rows, covariance, rows)
    taken = whiten @ own @ whiten.transpose(0, 2, 1)
    found = _score(stated, NoiseResiduals(left.reshape(m, 2), taken), here)
    wanted = optimize.approx_fprime(here, marginal, 1e-6)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def _noisy(scale, floor, seed):
    """Return a plate whose errors are larger than stated."""
    plate, exact = (make_plate(**SHAPE, noise=n).problem for n in (0.01, 1e-9))
    rng = np.random.default_rng(seed)
    measurements, shape = plate.measurements, plate.measurements.pixel.shape
    size = 10.0 ** rng.uniform(-0.5, 0.5, (shape[0], 1))
    covariance = size[:, :, None] ** 2 * np.asarray(measurements.covariance)
    drawn = np.linalg.cholesky(covariance) @ rng.normal(size=(*shape, 1))
    extra = floor * rng.normal(size=shape)
    pixel = np.asarray(exact.measurements.pixel) + scale * drawn[:, :, 0] + extra
    return replace(
        plate, measurements=replace(measurements, pixel=pixel, covariance=covariance)
    )


@pytest.mark.parametrize("n", [3, pytest.param(16, marks=pytest.mark.recovery)])
def test_noise_of_a_simulation(n):
    """Scale and floor over several draws: pulls of mean zero and width one."""
    pulls = []
    for seed in range(n):
        solution, noise = solve_with_noise(_noisy(1.4, 0.008, seed))
        assert noise.converged
        pulls.append(
            [
                (noise.scale - 1.4) / noise.scale_error,
                (noise.floor - 0.008) / noise.floor_error,
            ]
        )
        low, high = spread_bounds(solution.dof, n)
        assert low < solution.sigma0 < high
    pulls = np.array(pulls)
    assert np.all(np.abs(pulls) < normal_bound(pulls.size))
    assert np.all(np.abs(pulls.mean(axis=0)) < normal_bound(2) / np.sqrt(len(pulls)))


def test_alike_errors_have_no_floor():
    problem = make_plate(**SHAPE).problem
    measurements = problem.measurements
    alike = np.tile(1e-4 * np.eye(2), (len(measurements.source), 1, 1))
    alike = replace(problem, measurements=replace(measurements, covariance=alike))
    with pytest.raises(DegeneracyError, match="same stated error"):
        solve_with_noise(alike)
    _, noise = solve_with_noise(alike, floor=False)
    assert noise.floor == 0.0
    assert noise.scale_error > 0.0


def test_inflation():
    good = solve_plate(make_plate(**SHAPE).problem)
    assert not error_inflation(good).needed
    problem = make_plate(**SHAPE).problem
    small = replace(
        problem.measurements, covariance=problem.measurements.covariance / 4.0
    )
    found = error_inflation(solve_plate(replace(problem, measurements=small)))
    assert found.needed
    assert abs(found.factor - 2.0) < 5 * found.error


def test_a_noise_that_holds_both_is_refused():
    with pytest.raises(ValueError, match="scale, floor or both"):
        solve_with_noise(make_plate(**SHAPE).problem, scale=False, floor=False)
