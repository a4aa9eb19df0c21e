"""Guides on a twentieth of an orbit: who is as sure as the data allow, who too sure.

Run by ``make recovery``.
"""

import numpy as np
import pytest

from reseau.plates import prepare
from reseau.solvers import Settings, solve_plate
from reseau.solvers.variational import solve_variational
from reseau.verbs.simulate import simulate


@pytest.fixture(scope="module")
def twentieth():
    simulated = simulate(sources=500, artificial=3, seed=0)
    problem = prepare(simulated.dataset).problem
    return problem, solve_plate(problem, settings=Settings(tolerance=1e-4))


def _sigma_ratio(solution, exact):
    found = np.diagonal(solution.source_covariance, axis1=1, axis2=2)
    return np.sqrt(found / np.diagonal(exact.source_covariance, axis1=1, axis2=2))


@pytest.mark.recovery
def test_arrow_reaches_the_exact_posterior(twentieth):
    problem, exact = twentieth
    fitted = solve_variational(problem, guide="arrow", init="none")
    assert fitted.converged, fitted.verdict
    np.testing.assert_allclose(_sigma_ratio(fitted.solution, exact), 1.0, atol=0.01)
    found = np.diag(fitted.solution.shared_covariance)
    expected = np.diag(exact.shared_covariance)
    free = expected > 0
    np.testing.assert_allclose(np.sqrt(found[free] / expected[free]), 1.0, atol=0.01)


@pytest.mark.recovery
def test_mean_field_is_too_sure(twentieth):
    """It reports σ with all else held; some sources hang on the calibration."""
    problem, exact = twentieth
    fitted = solve_variational(problem, guide="meanfield", init="map")
    ratio = _sigma_ratio(fitted.solution, exact)
    assert np.median(ratio) < 0.99
    assert ratio.min() < 0.85
