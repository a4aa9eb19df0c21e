"""Declared terms: derivatives and normal equations against dense and plain twins."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plates import make_plate, two_detectors
from reseau.equations.assemble import assemble
from reseau.equations.equations import equations_at
from reseau.equations.leverage import leverages
from reseau.equations.plan import plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.instrument import make_distortion, make_term
from reseau.instrument.calibration_terms import for_detectors
from reseau.model import (
    Parameters,
    log_density,
    prior_terms,
    take_step,
)
from reseau.solvers.start.parameters import find_start
from with_terms import on_axes, places, shift_of, shifted

from .dense import jacobian, residual_vector

PLATE = {"normalisation": 20_000.0}
TERMS = (
    make_term("colour", name="chromatic", zero=1.0, degree=1, **PLATE),
    make_term("magnitude*row", name="transfer", frame="pixel", axes="y", **PLATE),
    for_detectors(make_term("magnitude", granularity="detector", degree=2, **PLATE), 2),
    for_detectors(
        make_term(
            "time",
            frame="pixel",
            granularity="detector",
            degree=0,
            axes="x",
            **PLATE,
        ),
        2,
    ),
    make_term("row", granularity="exposure", degree=0, basis="power", **PLATE),
    make_term("column", granularity="exposure", degree=1, frame="pixel", **PLATE),
)


def _brown_conrady():
    distortion = make_distortion("brown-conrady", normalisation=20_000.0)
    return two_detectors(
        distortion=distortion,
        coefficients=distortion.default() + 0.01,
        coefficient_sigma=distortion.widths(1000.0),
    )


def _case(instrument=None, **choices):
    """Return a plate with terms, its covariates, and a point off the nominal one."""
    rng = np.random.default_rng(5)
    problem = make_plate(instrument=instrument, **choices).problem
    n, m = len(problem.measurements.source), problem.layout.n_exposures
    covariates = rng.normal(size=(len(TERMS), n))
    sets = {"plate": 1, "detector": 2, "exposure": m}
    true = [
        rng.normal(size=(sets[t.granularity], len(t.own_names))) * 0.5 for t in TERMS
    ]
    problem = shifted(problem, TERMS, covariates, true)
    start = find_start(problem)
    step = rng.normal(size=problem.layout.size)
    layout = problem.layout
    step[layout.exposures] = 0.0
    layout.by_exposure(step)[:, 5:] = rng.normal(size=(m, layout.per_exposure - 5))
    step[layout.distortion] *= 0.0
    step[layout.detectors] = 0.0
    step[layout.skew] *= 1e-4
    point = take_step(start.parameters, step, np.zeros(start.parameters.offset.shape))
    return start.problem, point


CASES = {
    "aberration": {"velocity": 1e-4, "dec": 71.0},
    "many exposures": {"exposures": 9},
    "brown-conrady": {"instrument": None},
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    choices = dict(CASES[request.param])
    if request.param == "brown-conrady":
        choices["instrument"] = _brown_conrady()
    return _case(**choices)


def test_normal_equations_are_those_of_a_dense_jacobian(case):
    problem, point = case
    residual, dense = jacobian(problem, point)
    system = assemble(problem, plan_tiles(problem), point, 0.0)
    n = 2 * problem.prior.direction.shape[0]
    met = np.zeros(n // 2, dtype=bool)
    met[problem.measurements.source] = True
    own = np.flatnonzero(np.repeat(met, 2))
    normal, right = dense.T @ dense, -dense.T @ residual
    shared = slice(n, None)
    gain = np.linalg.solve(normal[np.ix_(own, own)], normal[own, shared])
    complement = normal[shared, shared] - normal[shared, own] @ gain
    scale = np.sqrt(np.diag(normal)[shared])
    assert np.all(scale[problem.layout.terms] > 0)
    scale = np.where(scale > 0, scale, 1.0)
    found = np.asarray(system.corner.matrix) / np.outer(scale, scale)
    np.testing.assert_allclose(found, complement / np.outer(scale, scale), atol=2e-11)
    reduced = (right[shared] - gain.T @ right[own]) / scale
    np.testing.assert_allclose(
        np.asarray(system.corner.right) / scale, reduced, atol=1e-9 * abs(reduced).max()
    )


def test_derivatives_are_finite_differences_of_the_prediction(case):
    problem, point = case
    _, dense = jacobian(problem, point)
    n, layout = 2 * problem.prior.direction.shape[0], problem.layout
    residual = residual_vector(problem, point)
    own = layout.by_exposure(np.arange(layout.size))[:, 5:].ravel()
    columns = np.concatenate(
        [np.arange(layout.size)[layout.terms], own[:8], [layout.skew]]
    )
    for column in columns:
        step = np.zeros(n + layout.size)
        h = 1e-6 if column == layout.skew else 0.1
        step[n + column] = h
        found = (np.asarray(residual(step)) - np.asarray(residual(-step))) / (2 * h)
        size = np.abs(dense[:, n + column]).max()
        np.testing.assert_allclose(found, dense[:, n + column], atol=2e-7 * size)


def test_log_density_is_that_of_the_residuals_and_priors(case):
    problem, point = case
    residual, _ = jacobian(problem, point)
    at = prior_terms(problem, point).objective
    expected = -0.5 * (float(np.sum(np.square(residual))) + at)
    assert float(log_density(problem, point)) == pytest.approx(expected, rel=1e-11)


def test_gradient_of_the_density_is_the_right_hand_side(case):
    problem, point = case
    layout = problem.layout

    def density(shared):
        moved = take_step_traced(point, shared)
        return log_density(problem, moved)

    def take_step_traced(start, shared):
        rows = jnp.reshape(shared[layout.exposures], (-1, layout.per_exposure))
        return replace(
            start,
            terms=start.terms + shared[layout.terms],
            exposure_terms=start.exposure_terms + rows[:, 5:],
        )

    gradient = np.asarray(jax.grad(density)(jnp.zeros(layout.size)))
    held = replace(problem, free=("attitude", "scale", "distortion", "terms"))
    system = assemble(held, plan_tiles(held), point, 0.0)
    right = np.asarray(system.corner.right) + prior_terms(problem, point).gradient
    own = layout.by_exposure(np.arange(layout.size))[:, 5:].ravel()
    columns = np.concatenate([np.arange(layout.size)[layout.terms], own])
    size = np.abs(right[columns]).max()
    np.testing.assert_allclose(gradient[columns], right[columns], atol=1e-9 * size)


def test_leverages_are_those_of_the_dense_covariance():
    problem, point = _case()
    tiles = plan_tiles(problem)
    equations = equations_at(problem, tiles, point, 0.0)
    found = leverages(problem, tiles, equations, point)
    _, dense = jacobian(problem, point)
    n, m = 2 * problem.prior.direction.shape[0], len(problem.measurements.source)
    basis = np.zeros((n + problem.layout.size, n + equations.basis.shape[1]))
    basis[:n, :n] = np.eye(n)
    basis[n:, n:] = equations.basis.toarray()
    free = dense @ basis
    normal = free.T @ free
    prior = (
        equations.basis.T @ prior_terms(problem, point).information @ equations.basis
    )
    normal[n:, n:] += prior
    scale = np.sqrt(np.diag(normal))
    kept = scale > 0
    scale = scale[kept]
    inverse = np.linalg.pinv(
        normal[np.ix_(kept, kept)] / np.outer(scale, scale), rcond=1e-14
    )
    rows = (free[: 2 * m][:, kept] / scale).reshape(m, 2, -1)
    expected = rows @ inverse @ rows.transpose(0, 2, 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("term", TERMS, ids=lambda t: t.name)
def test_a_term_shifts_by_its_formula(term):
    """Against NumPy's polynomials, at positions found from the pixels."""
    rng = np.random.default_rng(1)
    problem = make_plate(noise=1e-9, focal_scatter=0.0).problem
    problem = replace(problem, instrument=two_detectors())
    m, measured = problem.layout.n_exposures, problem.measurements
    detector, exposure = np.asarray(measured.detector), np.asarray(measured.exposure)
    covariate = rng.normal(size=(1, len(detector)))
    sets = {"plate": 1, "detector": 2, "exposure": m}[term.granularity]
    true = rng.normal(size=(sets, len(term.own_names)))
    with_term = shifted(problem, (term,), covariate, [np.zeros_like(true)])
    start = find_start(with_term).parameters
    tiles = plan_tiles(with_term)
    at = replace(
        start,
        coefficients=np.zeros_like(start.coefficients),
        terms=np.zeros(0) if term.granularity == "exposure" else true.ravel(),
        exposure_terms=true if term.granularity == "exposure" else np.zeros((0, 0)),
    )
    none = replace(
        at,
        terms=np.zeros_like(at.terms),
        exposure_terms=np.zeros_like(at.exposure_terms),
    )
    before, after = (residuals_at(with_term, tiles, p).pixel for p in (none, at))
    predicted = np.asarray(measured.pixel) - before
    index = {"plate": 0 * detector, "detector": detector, "exposure": exposure}
    place = places(problem.instrument, detector, predicted)
    shift = shift_of(term, *place, covariate[0], true[index[term.granularity]])
    expected = on_axes(problem.instrument, detector, shift, term.frame)
    np.testing.assert_allclose(before - after, expected, atol=1e-10)


def test_parameters_without_terms_have_none():
    point = find_start(make_plate().problem).parameters
    assert isinstance(point, Parameters)
    assert point.terms.size == 0
    assert point.exposure_terms.size == 0
