"""Priors of the Plate Analysis against SciPy and against their own derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from plates import make_plate, two_detectors
from quick import quick_jit
from reseau.constants import ARCSECOND
from reseau.instrument import attitude_from_axes, rotate_axes
from reseau.model import (
    gamma_terms,
    nominal_parameters,
    normal_terms,
    prior_terms,
    prior_widths,
    take_step,
)

MEAN, SIGMA = 4.86e6, 1.0e4


def test_gamma_is_scipys():
    """Mean and standard deviation as stated: shape (mean/σ)², scale σ²/mean."""
    law = stats.gamma(a=(MEAN / SIGMA) ** 2, scale=SIGMA**2 / MEAN)
    np.testing.assert_allclose([law.mean(), law.std()], [MEAN, SIGMA], rtol=1e-12)
    value = MEAN + SIGMA * np.array([-3.0, -0.5, 0.0, 1.0, 4.0])
    objective, _, _ = gamma_terms(value, np.asarray(MEAN), np.asarray(SIGMA))
    mode = MEAN - SIGMA**2 / MEAN
    wanted = -2 * (law.logpdf(value) - law.logpdf(mode))
    np.testing.assert_allclose(objective, wanted, atol=2e-8)


@pytest.mark.parametrize("terms", [gamma_terms, normal_terms])
def test_gradient_and_curvature_are_derivatives(terms):
    mean, sigma = jnp.asarray(50.0), jnp.asarray(5.0)
    for value in (41.0, 50.0, 57.0):
        half = jax.grad(lambda v: 0.5 * terms(v, mean, sigma)[0])
        _, gradient, curvature = terms(jnp.asarray(value), mean, sigma)
        np.testing.assert_allclose(gradient, half(value), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(curvature, jax.grad(half)(value), rtol=1e-9)


def test_seed_table_is_the_default_of_the_records():
    problem = make_plate().problem
    layout, width = problem.layout, prior_widths(problem)
    exposure = width[layout.exposures].reshape(-1, 5)
    np.testing.assert_allclose(exposure[:, :2], np.pi / 180)
    assert np.all(np.isinf(exposure[:, 2]))
    np.testing.assert_allclose(exposure[:, 3:], 1e4)
    np.testing.assert_allclose(width[layout.distortion], 1000.0)
    detector = width[layout.detectors].reshape(-1, 5)
    np.testing.assert_allclose(detector[0], [100, 100, np.pi / 1800, 0.1, 0.1])


def test_a_free_network_has_no_prior_of_attitude_and_scale():
    problem = make_plate(free_network=True).problem
    width = prior_widths(problem)[problem.layout.exposures]
    assert np.all(np.isinf(width))
    terms = prior_terms(problem, nominal_parameters(problem))
    part = problem.layout.exposures
    assert np.all(terms.information[part, part] == 0)
    assert np.all(terms.gradient[part] == 0)


@pytest.mark.parametrize("scale", ["exposure", "plate-axis", "plate"])
def test_tied_focal_lengths_count_once(scale):
    """The prior of a focal length that several share is that of one."""
    problem = make_plate(instrument=two_detectors(scale=scale)).problem
    parameters = nominal_parameters(problem)
    layout = problem.layout
    step = np.zeros(layout.size)
    step[layout.exposures].reshape(-1, 5)[:, 3:] = 2e4
    moved = take_step(parameters, step, np.zeros_like(parameters.offset))
    single, _, _ = gamma_terms(3.02e6, np.asarray(3e6), np.asarray(1e4))
    groups = {"exposure": layout.n_exposures, "plate-axis": 2, "plate": 1}[scale]
    found = prior_terms(problem, moved).objective
    np.testing.assert_allclose(found, groups * float(single), rtol=1e-9)


@pytest.mark.parametrize("dec", [-29.0, 63.0])
def test_attitude_prior_is_of_the_coordinates(dec):
    """With widths for all three angles the objective is Σ (Δ/σ)² of ra cos dec, ...

    The differences are those of the reported angles, so that the position angle's
    share in a move towards East (it turns by tan dec) is judged, too.
    """
    problem = make_plate(dec=dec, exposures=3).problem
    sigma = np.tile([30.0, 20.0, 50.0], (3, 1)) * ARCSECOND
    exposures = type(problem.exposures)(
        epoch=problem.exposures.epoch,
        attitude=problem.exposures.attitude,
        attitude_sigma=sigma,
        position=problem.exposures.position,
    )
    problem = type(problem)(
        instrument=problem.instrument,
        exposures=exposures,
        measurements=problem.measurements,
        prior=problem.prior,
    )
    start = nominal_parameters(problem)
    rng = np.random.default_rng(0)
    step = np.zeros(problem.layout.size)
    turn = rng.normal(0, 40 * ARCSECOND, (3, 3))
    step[problem.layout.exposures].reshape(-1, 5)[:, :3] = turn
    moved = take_step(start, step, np.zeros_like(start.offset))
    turned = quick_jit(lambda *at: attitude_from_axes(rotate_axes(*at)))
    change = np.asarray(turned(start.axes, turn)) - exposures.attitude
    change[:, 2] = (change[:, 2] + np.pi) % (2 * np.pi) - np.pi
    change[:, 0] *= np.cos(exposures.attitude[:, 1])
    wanted = np.sum((change / sigma) ** 2)
    terms = prior_terms(problem, moved)
    np.testing.assert_allclose(terms.objective, wanted, rtol=2e-3)
    rows = problem.layout.exposures
    back = np.linalg.solve(
        _without_scale(terms.information[rows, rows]),
        _attitude_part(terms.gradient[rows]),
    )
    np.testing.assert_allclose(back.reshape(3, 3), -turn, rtol=2e-3, atol=1e-12)


def _attitude_part(vector):
    return vector.reshape(-1, 5)[:, :3].ravel()


def _without_scale(matrix):
    return matrix.reshape(3, 5, 3, 5)[:, :3, :, :3].reshape(9, 9)
