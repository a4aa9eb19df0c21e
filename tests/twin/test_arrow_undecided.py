"""Variational guides and references that are neither right nor wrong.

The truth is the dense linear model, the states of the references summed one by one;
beside it stands robust Gauss-Newton, which has the same moments by other equations.
"""

from dataclasses import replace

import numpy as np
import pytest

from reseau.equations.plan import plan_tiles
from reseau.flags import flag_value
from reseau.model.likelihood import mixture
from reseau.solvers import Robust, Settings, solve_plate
from reseau.solvers.robust import both_modes
from reseau.solvers.variational import solve_variational
from reseau.solvers.variational.arrow.averages import OfPriors, Tails
from reseau.solvers.variational.arrow.reliability import judge_at

from .undecided import FRACTION, WIDTH, enumerated, undecided_plate


@pytest.fixture(scope="module")
def undecided():
    return undecided_plate()


@pytest.fixture(scope="module")
def fitted(undecided):
    problem, _ = undecided
    wrong = Robust(reference_prior=mixture(FRACTION, WIDTH))
    return solve_variational(problem, guide="arrow", robust=wrong)


@pytest.fixture(scope="module")
def exact(undecided, fitted):
    problem, _ = undecided
    prior = fitted.solution.reliability.reference_prior
    robust = Robust(None, prior, estimate=False)
    return solve_plate(problem, robust=robust, settings=Settings(tolerance=1e-4))


def _ambiguous(solution):
    return solution.flags & flag_value("ambiguous") != 0


def test_arrow_against_enumeration(undecided, fitted):
    """What the states of these references leave of each source, within 2 % of σ."""
    rows, solution = undecided[1], fitted.solution
    assert fitted.converged, fitted.verdict
    kept, mean, covariance, wrong = enumerated(solution, rows)
    p = solution.references.wrong_probability
    np.testing.assert_allclose(p[rows], wrong, atol=0.03)
    assert np.all(p[rows] * (1.0 - p[rows]) > 0.02)
    at = np.flatnonzero(kept < 2 * solution.problem.prior.direction.shape[0])
    source, axis = kept[at] // 2, kept[at] % 2
    sigma = np.sqrt(np.diag(covariance)[at])
    assert np.max(np.abs(mean[at]) / sigma) < 0.05
    # The states of other references were not summed, though each may be wrong.
    sure = np.isnan(p)
    sure[rows] = True
    found = np.sqrt(solution.source_covariance[source, axis, axis])
    np.testing.assert_allclose(found[sure[source]], sigma[sure[source]], rtol=0.02)


def test_arrow_is_the_posterior_of_gauss_newton(undecided, fitted, exact):
    rows, found = undecided[1], fitted.solution
    sigma = np.sqrt(exact.source_covariance[:, [0, 1], [0, 1]])
    solved = sigma[:, 0] > 0
    np.testing.assert_allclose(
        np.sqrt(found.source_covariance[solved][:, [0, 1], [0, 1]]),
        sigma[solved],
        rtol=2e-3,
    )
    moved = np.asarray(found.parameters.offset) - np.asarray(exact.parameters.offset)
    assert np.max(np.abs(moved[solved]) / sigma[solved]) < 2e-3
    np.testing.assert_allclose(
        found.references.wrong_probability,
        exact.references.wrong_probability,
        atol=1e-3,
    )
    np.testing.assert_array_equal(found.flags, exact.flags)
    assert _ambiguous(found)[rows].all()
    assert abs(found.dof - exact.dof) < 0.1
    assert abs(found.chi2 - exact.chi2) < 0.1


def test_every_reference_has_a_probability(undecided, fitted):
    problem, rows = undecided
    known = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    judged = fitted.solution.reliability
    p = judged.references.wrong_probability
    np.testing.assert_array_equal(np.isfinite(p), known)
    width = float(judged.reference_prior.width)
    expected = 1.0 - p[rows] * (1.0 - width**-2)
    np.testing.assert_allclose(judged.prior_weight[rows], expected, rtol=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_guides_without_factors_say_which_are_undecided(undecided, exact, share):
    """From where the catalogue has these sources, and from the mean of both modes."""
    _, rows = undecided
    problem, tiles = exact.problem, plan_tiles(exact.problem)
    tails = Tails(None, exact.reliability.reference_prior)
    offset = np.array(exact.parameters.offset)
    offset[rows] *= share
    at = replace(exact.parameters, offset=offset)
    found = judge_at(problem, tiles, at, tails).reliability
    p = exact.references.wrong_probability
    known = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    np.testing.assert_allclose(found.references.wrong_probability, p, atol=5e-3)
    np.testing.assert_array_equal(np.isfinite(found.prior_weight), known)
    assert found.apart[rows].all()
    assert not np.any(found.apart & (np.nan_to_num(p) < 0.01))


def test_modes_apart_are_flagged_where_no_pass_is_possible(undecided, monkeypatch):
    """Where equations are not regular the optimum stays, and is said to be of one."""
    problem, rows = undecided
    monkeypatch.setattr(both_modes, "_equations", lambda *_: None)
    robust = Robust(None, mixture(FRACTION, WIDTH), estimate=False)
    found = solve_plate(problem, robust=robust)
    p = found.references.wrong_probability[rows]
    apart = (p > 0.05) & (p < 0.95)
    assert apart.any()
    assert _ambiguous(found)[rows][apart].all()


def test_mean_loss_of_factors():
    """Of draws of Normals, within 5.5 standard errors: one alarm in 10⁷."""
    rng = np.random.default_rng(1)
    precision = np.array([[[2.0, 0.5], [0.5, 1.0]], [[-0.3, 0.2], [0.2, 0.4]]])
    factors = OfPriors(precision, rng.normal(size=(2, 2)))
    root, mean = 0.5 * rng.normal(size=(2, 2, 2)), rng.normal(size=(2, 2))
    found = factors.loss(mean, root @ root.transpose(0, 2, 1))
    for i in range(2):
        x = mean[i] + rng.normal(size=(200_000, 2)) @ root[i].T
        loss = np.einsum("ka,ab,kb->k", x, precision[i], x)
        loss -= 2.0 * x @ factors.slope[i]
        error = loss.std() / np.sqrt(loss.size)
        assert abs(found[i] - loss.mean()) < 5.5 * error
        slope = 2.0 * factors.gradient(mean)[i]
        step = 1e-6 * np.eye(2)
        for a in range(2):
            up, down = (
                factors.loss(mean + s * step[a], np.zeros((2, 2, 2)))[i]
                for s in (1.0, -1.0)
            )
            assert (up - down) / 2e-6 == pytest.approx(slope[a], rel=1e-6)
