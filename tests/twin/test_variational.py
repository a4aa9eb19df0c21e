"""Guides and their fit against numpyro and dense Normals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.infer import SVI, Trace_ELBO
from scipy.stats import multivariate_normal, norm

from alarm import covariance_bound
from plates import make_plate
from quick import quick_jit
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.model import make_density
from reseau.model.density import solved_sources
from reseau.solvers import Settings, solve_plate
from reseau.solvers.start.parameters import find_start
from reseau.solvers.variational import scaled_schedule, solve_variational
from reseau.solvers.variational.ascent import adam, begin, loss
from reseau.solvers.variational.guides import Factorised, LowRank
from reseau.solvers.variational.slots import slot_density
from reseau.solvers.variational.unknowns import find_places, seed_unknowns

from .arrow_normal import ArrowNormal

STEPS = 5
RATE = 1e-4


@pytest.fixture(scope="module")
def plate():
    start = find_start(make_plate(sources=24, exposures=4, seed=3).problem)
    return start.problem, jax.device_put(start.parameters)


@pytest.fixture(scope="module")
def seed_setting(plate):
    problem, point = plate
    places = find_places(problem, solved_sources(problem))
    unknowns, mean = seed_unknowns(problem, places, point)
    width = np.linspace(-16.0, -14.0, places.normal)
    return make_density(problem), unknowns, Factorised(mean, width)


def _numpyro(density, unknowns, guide):
    """Return the Plate Analysis' guide as numpyro has it."""
    k = guide.log_width.shape[0]

    def model():
        shared = numpyro.param("shared", jnp.asarray(guide.mean[k:]))
        flat = dist.ImproperUniform(dist.constraints.real, (), (k,))
        with numpyro.handlers.mask(mask=False):
            sources = numpyro.sample("sources", flat)
        vector = jnp.concatenate([sources, shared])
        numpyro.factor("density", density(unknowns.parameters(vector)))

    def by_hand():
        mean = numpyro.param("mean", jnp.asarray(guide.mean[:k]))
        width = numpyro.param(
            "width",
            jnp.exp(jnp.asarray(guide.log_width)),
            constraint=dist.constraints.positive,
        )
        numpyro.sample("sources", dist.Normal(mean, width).to_event(1))

    return SVI(model, by_hand, numpyro.optim.Adam(RATE), Trace_ELBO())


def test_steps_are_those_of_numpyro(seed_setting):
    density, unknowns, guide = seed_setting
    svi = _numpyro(density, unknowns, guide)
    theirs = svi.init(jax.random.key(7))
    ours = begin(guide)
    update = jax.jit(svi.update)
    slopes = jax.jit(jax.value_and_grad(loss))
    step = quick_jit(adam)
    for _ in range(STEPS):
        # The key that numpyro hands to the guide's one sample statement.
        of_step = jax.random.split(theirs.rng_key)[1]
        of_guide = jax.random.split(of_step)[1]
        key = jax.random.split(of_guide)[1]
        value, slope = slopes(ours.guide, density, unknowns, key)
        theirs, expected = update(theirs)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        ours = step(ours, slope, jnp.asarray(RATE))
        found = svi.optim.get_params(theirs.optim_state)
        k = guide.log_width.shape[0]
        for mine, name in (
            (ours.guide.mean[:k], "mean"),
            (ours.guide.mean[k:], "shared"),
            (ours.guide.log_width, "width"),
        ):
            np.testing.assert_allclose(mine, found[name], rtol=1e-9, atol=1e-13)
    assert np.all(np.asarray(ours.guide.mean) != np.asarray(guide.mean))


def test_low_rank_against_scipy():
    rng = np.random.default_rng(2)
    guide = LowRank(
        rng.normal(size=7), rng.normal(0, 0.4, 7), rng.normal(0, 0.8, (7, 2))
    )
    covariance = np.diag(np.exp(2 * guide.log_width)) + guide.factor @ guide.factor.T
    np.testing.assert_allclose(guide.covariance(slice(None)), covariance, rtol=1e-12)
    np.testing.assert_allclose(guide.variance(), np.diag(covariance), rtol=1e-12)
    np.testing.assert_allclose(guide.pairs(2)[1], covariance[2:4, 2:4], rtol=1e-12)
    keys = jax.random.split(jax.random.key(1), 40_000)
    drawn = jax.vmap(guide.draw)(keys)
    expected = multivariate_normal(guide.mean, covariance)
    np.testing.assert_allclose(
        drawn.log_density[:50], expected.logpdf(drawn.vector[:50]), rtol=1e-11
    )
    spread = np.cov(np.asarray(drawn.vector).T)
    size = np.diag(covariance)
    error = np.sqrt((np.outer(size, size) + covariance**2) / 40_000)
    bound = covariance_bound(40_000, covariance.size)
    assert np.max(np.abs(spread - covariance) / error) < bound


def test_factorised_against_scipy():
    guide = Factorised(np.array([1.0, -2.0, 3.0]), np.array([0.3, -1.0]))
    drawn = guide.draw(jax.random.key(0))
    expected = norm(guide.mean[:2], np.exp(guide.log_width)).logpdf(drawn.vector[:2])
    np.testing.assert_allclose(drawn.log_density, expected.sum(), rtol=1e-13)
    assert drawn.vector[2] == 3.0
    assert np.isnan(guide.covariance(slice(2, 3))).all()


@pytest.fixture(scope="module")
def arrow(plate):
    """A block-arrow Normal with the factors of a real plate, in scaled unknowns."""
    problem, point = plate
    tiles = plan_tiles(problem)
    equations = equations_at(problem, tiles, point, 0.0)
    places = find_places(problem, solved_sources(problem))
    # Unknowns in units of σ, so that a dense matrix can be inverted at all.
    rows = np.concatenate([np.asarray(t.source) for t in tiles.tiles])
    place = np.empty(places.rows.size, dtype=int)
    inside = rows < problem.prior.direction.shape[0]
    place[np.asarray(places.entry)[rows[inside]]] = np.flatnonzero(inside)
    schur = np.linalg.inv(equations.factor.covariance())
    width = np.append(1.0 / np.sqrt(np.diag(schur)), 0.0)
    scaled = [
        tile._replace(
            root=tile.root * 1e-9,
            border=tile.border
            * width[np.asarray(places.column)][np.asarray(tile.columns)][:, None, None],
        )
        for tile in equations.system.tiles
    ]
    root = np.linalg.cholesky(schur * np.outer(width[:-1], width[:-1]))
    mean = np.random.default_rng(0).normal(size=places.size)
    return ArrowNormal(mean, scaled, jnp.asarray(root), place, places.column)


def test_arrow_normal_against_dense(arrow):
    precision = arrow.precision()
    np.testing.assert_allclose(precision, precision.T, atol=1e-13)
    _, log_det = np.linalg.slogdet(precision)
    d = arrow.mean.size

    def dense(vector):
        moved = np.asarray(vector) - np.asarray(arrow.mean)
        distance = moved @ precision @ moved
        return 0.5 * (log_det - distance - d * np.log(2 * np.pi))

    draw = eqx.filter_jit(arrow.draw)
    for k in range(3):
        drawn = draw(jax.random.key(k))
        np.testing.assert_allclose(drawn.log_density, dense(drawn.vector), rtol=1e-9)
        np.testing.assert_allclose(
            eqx.filter_jit(arrow.log_prob)(drawn.vector), drawn.log_density, rtol=1e-9
        )
    entropy = 0.5 * (d * (1 + np.log(2 * np.pi)) - log_det)
    np.testing.assert_allclose(arrow.entropy(), entropy, rtol=1e-10)


def test_arrow_draws_have_the_dense_covariance(arrow):
    """Whitened by the dense root, their covariance is the unit matrix."""
    keys = jax.random.split(jax.random.key(3), 20_000)
    drawn = np.asarray(jax.jit(jax.vmap(lambda k: arrow.draw(k).vector))(keys))
    root = np.linalg.cholesky(arrow.precision())
    whitened = (drawn - np.asarray(arrow.mean)) @ root
    spread = np.cov(whitened.T)
    one = np.eye(spread.shape[0])
    pull = (spread - one) / np.sqrt((1.0 + one) / 20_000)
    assert np.abs(pull).max() < covariance_bound(20_000, spread.size)


def test_arrow_normal_is_differentiable(arrow):
    vector = arrow.draw(jax.random.key(5)).vector
    scale = 1e-6

    @eqx.filter_jit
    def value(guide):
        return guide.log_prob(vector)

    slope = eqx.filter_jit(eqx.filter_grad(value))(arrow)
    rng = np.random.default_rng(1)
    kinds = jax.tree.map(eqx.is_inexact_array_like, arrow)
    for leaf in ("mean", "root", "border"):
        change = jax.tree.map(lambda v: np.zeros(np.shape(v)), arrow)
        if leaf == "border":
            moved = [
                t._replace(border=scale * np.asarray(o.border) * rng.normal())
                for t, o in zip(change.tiles, arrow.tiles, strict=True)
            ]
            change = eqx.tree_at(lambda a: a.tiles, change, moved)
        else:
            old = np.asarray(getattr(arrow, leaf))
            step = np.tril(np.atleast_2d(rng.normal(size=old.shape) * scale))
            if old.ndim == 1:
                step = rng.normal(size=old.shape) * scale
            change = eqx.tree_at(lambda a, f=leaf: getattr(a, f), change, step)

        def along(sign, change=change):
            return jax.tree.map(
                lambda v, by, moves: v + sign * by if moves else v, arrow, change, kinds
            )

        expected = (value(along(1.0)) - value(along(-1.0))) / 2
        found = sum(
            np.sum(np.asarray(s) * np.asarray(c))
            for s, c, real in zip(
                jax.tree.leaves(slope, is_leaf=lambda x: x is None),
                jax.tree.leaves(change),
                jax.tree.leaves(kinds),
                strict=True,
            )
            if real and s is not None
        )
        assert expected != 0
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_slots_give_the_same_density(plate):
    problem, point = plate
    rows, slots = make_density(problem), slot_density(problem)
    value = jax.jit(jax.value_and_grad(lambda x, d: d(x)))
    one, by_rows = value(point, rows)
    other, by_slots = value(point, slots)
    np.testing.assert_allclose(one, other, rtol=1e-12)
    for a, b in zip(jax.tree.leaves(by_rows), jax.tree.leaves(by_slots), strict=True):
        largest = np.max(np.abs(a), initial=0.0)
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * largest)


def test_arrow_reaches_the_exact_posterior(plate):
    problem, _ = plate
    exact = solve_plate(problem, settings=Settings(tolerance=1e-4))
    fitted = solve_variational(problem, guide="arrow", init="none", seed=1)
    assert fitted.converged, fitted.verdict
    found = fitted.solution
    rows = solved_sources(problem)
    whole = exact.source_covariance[rows]
    sigma = np.sqrt(np.diagonal(whole, axis1=1, axis2=2))
    np.testing.assert_allclose(
        found.source_covariance[rows] / sigma[:, :, None] / sigma[:, None],
        whole / sigma[:, :, None] / sigma[:, None],
        atol=0.01,
    )
    moved = np.asarray(found.parameters.offset) - np.asarray(exact.parameters.offset)
    assert np.abs(moved[rows] / sigma).max() < 0.05
    of_shared = np.diag(exact.shared_covariance)
    usable = of_shared > 1e-6 * np.median(of_shared[of_shared > 0])
    ratio = np.diag(found.shared_covariance)[usable] / of_shared[usable]
    np.testing.assert_allclose(ratio, 1.0, atol=0.02)
    assert abs(found.dof - exact.dof) < 0.5
    assert np.isfinite(fitted.elbo).all()


def test_the_map_of_the_mean_field_is_too_sure(plate):
    """Its σ is that with all else held: 1/√Λ_ii, below the posterior's."""
    problem, _ = plate
    exact = solve_plate(problem, settings=Settings(tolerance=1e-4))
    schedule = scaled_schedule(0.03, 1e-3, 1500)
    fitted = solve_variational(
        problem, guide="meanfield", init="map", schedule=schedule
    )
    measured = solved_sources(problem)
    found = np.diagonal(fitted.solution.source_covariance, axis1=1, axis2=2)[measured]
    whole = np.diagonal(exact.source_covariance, axis1=1, axis2=2)[measured]
    start = find_start(problem)
    tiles = plan_tiles(start.problem)
    equations = equations_at(start.problem, tiles, exact.parameters, 0.0)
    held = np.zeros((measured.size, 2))
    for tile, data in zip(equations.system.tiles, tiles.tiles, strict=True):
        block = np.einsum("abn,cbn->nac", tile.root, tile.root)
        kept = np.flatnonzero(np.asarray(data.free) > 0)
        rows = np.asarray(data.source)[kept]
        held[rows] = 1.0 / np.diagonal(block, axis1=1, axis2=2)[kept]
    np.testing.assert_allclose(np.sqrt(found / held[measured]), 1.0, atol=0.1)
    ratio = np.sqrt(found / whole)
    assert np.median(ratio) < 0.95
    assert ratio.min() < 0.7
