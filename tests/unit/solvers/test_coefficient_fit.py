"""Coefficients of distortion models from polynomials of the field, without stars."""

from dataclasses import replace

import numpy as np
import pytest

from reseau.solvers.start.coefficient_fit import (
    Reduced,
    fit_coefficients,
    measured_field,
    polynomials_of,
    what_is_left,
)
from warped import MODELS, draw_coefficients, make_warped

NAMES = ("radial", "brown-conrady")
ERROR = 1.0
"""Error of the polynomials' coefficients [µm]; that of a star is a tenth."""


@pytest.fixture(scope="module")
def problem():
    return make_warped("radial", "plate of 200", 0).problem


def _with_model(problem, name):
    model = MODELS[name]
    instrument = replace(
        problem.instrument,
        distortion=model,
        coefficients=model.default(),
        coefficient_sigma=model.widths(1000.0),
    )
    return replace(problem, instrument=instrument)


@pytest.mark.parametrize("name", NAMES)
def test_finds_the_coefficients_that_made_the_polynomials(problem, name):
    problem = _with_model(problem, name)
    instrument, field = problem.instrument, measured_field(problem)
    model, start = instrument.distortion, instrument.coefficients
    for seed in range(10):
        rng = np.random.default_rng(seed)
        truth = draw_coefficients(model, 10 ** rng.uniform(-2, -0.3), rng)
        wanted = polynomials_of(model, field, truth)
        reduced = Reduced(np.eye(wanted.size) / ERROR, wanted / ERROR)
        found = polynomials_of(
            model, field, fit_coefficients(instrument, field, reduced, start)
        )
        # The prior draws by less than the error: by (truth / width) at most each.
        apart = np.sqrt(np.sum((found - wanted) ** 2)) / ERROR
        assert apart < np.sqrt(truth.size), (seed, truth)


@pytest.mark.parametrize("name", NAMES)
def test_no_distortion_is_found_to_be_none(problem, name):
    problem = _with_model(problem, name)
    instrument, field = problem.instrument, measured_field(problem)
    none = polynomials_of(instrument.distortion, field, instrument.coefficients)
    assert np.all(none == 0)
    reduced = Reduced(np.eye(none.size) / ERROR, none)
    found = fit_coefficients(instrument, field, reduced, instrument.coefficients)
    moved = polynomials_of(instrument.distortion, field, found)
    np.testing.assert_allclose(moved, 0.0, atol=1e-3)


def test_polynomials_describe_every_model(problem):
    for name in NAMES:
        model, field = MODELS[name], measured_field(_with_model(problem, name))
        rng = np.random.default_rng(1)
        truth = draw_coefficients(model, 0.1, rng)
        moved = np.abs(polynomials_of(model, field, truth)).max()
        assert what_is_left(model, field, truth) < 0.01 * moved
