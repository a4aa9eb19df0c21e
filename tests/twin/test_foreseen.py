"""What is said of places without references and of a robust solution, checked."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from one_sided import one_sided
from quick import quick_jit
from reseau.constants import DEGREE
from reseau.flags import flag_value
from reseau.model.likelihood import prior_named
from reseau.plates.judgement.foreseen import foreseen_sentences
from reseau.sky import tangent_offset
from reseau.solvers import Robust, Settings, solve_plate
from reseau.solvers.robust.outlook import RARE, chance_of_smallest, in_sigma

TIGHT = Settings(tolerance=1e-5)
_tangent_offset = quick_jit(tangent_offset)


@pytest.fixture(scope="module")
def plate():
    case = one_sided(11)
    return case, solve_plate(case.problem, settings=TIGHT)


def seen(solution):
    return solution.source_covariance[:, 0, 0] > 0


def test_a_robust_solution_is_suggested(plate):
    case, solution = plate
    outlook = solution.outlook
    assert outlook.needed
    assert case.wrong[outlook.wrong].all()
    said = foreseen_sentences(solution, lambda row: f"source {row}")[-1]
    assert "--reference-prior mixture" in said
    assert f"source {outlook.wrong[0]}" in said
    assert f"{int(np.sum(outlook.others > 0.5))} other sources" in said
    robust = Robust(None, prior_named("mixture"))
    again = solve_plate(case.problem, robust=robust)
    assert again.outlook is None
    assert not any("solve again" in s for s in foreseen_sentences(again, str))


def test_foreseen_shifts_against_a_solution_without_the_wrong_ones(plate):
    case, solution = plate
    information = np.array(case.problem.prior.information)
    information[solution.outlook.wrong] = 0.0
    prior = replace(case.problem.prior, information=information)
    without = solve_plate(replace(case.problem, prior=prior), settings=TIGHT)
    moved = np.asarray(_tangent_offset(without.direction, solution.direction))
    rows = seen(solution)
    wanted = in_sigma(moved, solution.source_covariance)[rows]
    found = solution.outlook.shift[rows]
    assert wanted.max() > 1.0
    np.testing.assert_allclose(found, wanted, atol=0.02, rtol=0.02)


def test_the_side_without_references_is_extrapolated(plate):
    case, solution = plate
    rows = seen(solution)
    flagged = solution.flags & flag_value("extrapolated") != 0
    np.testing.assert_array_equal(flagged, solution.extrapolation.beyond)
    assert np.mean(flagged[rows & (case.east > 0.15 * DEGREE)]) > 0.8
    assert not flagged[rows & (case.east < 0)].any()
    said = foreseen_sentences(solution, str)[0]
    assert f"{int(flagged.sum())} of {flagged.size} sources lie" in said
    share = solution.extrapolation.share
    assert np.all(share[flagged] > 0.5)


def test_share_and_calibration_make_up_the_covariance(plate):
    """The own part is what a solution with everything else held says."""
    case, solution = plate
    held = replace(case.problem, free=("sources",))
    own = solve_plate(held).source_covariance
    rows = seen(solution)
    whole = np.trace(solution.source_covariance, axis1=1, axis2=2)
    share = 1.0 - np.trace(own, axis1=1, axis2=2)[rows] / whole[rows]
    # Derivatives at two points, parts in a thousand of which they differ.
    np.testing.assert_allclose(solution.extrapolation.share[rows], share, atol=0.01)
    added = np.sqrt(0.5 * share * whole[rows])
    np.testing.assert_allclose(
        solution.extrapolation.calibration[rows], added, rtol=0.05, atol=1e-12
    )


def test_references_all_over_the_field_reach_everywhere():
    case = one_sided(11, 0.0, both_sides=True)
    solution = solve_plate(case.problem)
    assert not solution.extrapolation.beyond.any()
    assert foreseen_sentences(solution, str) == []


def _residual_p_values(rng, n, degree, plates):
    """Return p-values of right references on small plates, as cavities give them."""
    x, y = rng.uniform(-1, 1, (2, n))
    terms = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    rows = np.stack([x**i * y**j for i, j in terms], axis=1)
    q, _ = np.linalg.qr(rows)
    left = np.eye(n) - q @ q.T
    residual = np.einsum("ij,pjk->pik", left, rng.normal(size=(plates, n, 2)))
    square = np.sum(residual**2, axis=2) / np.diag(left)
    return np.exp(-0.5 * square), n - len(terms)


@pytest.mark.parametrize(
    ("n", "degree", "batches"), [(8, 1, 16), (20, 3, 16), (200, 5, 6)]
)
def test_right_references_raise_no_alarm(n, degree, batches):
    """Of thousands of plates, not more than 5 in 10,000 but for chance of 1e-6."""
    rng = np.random.default_rng(n)
    alarms = plates = 0
    for _ in range(batches):
        p, redundancy = _residual_p_values(rng, n, degree, 500)
        alarms += sum(chance_of_smallest(row, redundancy) < RARE for row in p)
        plates += len(p)
    assert alarms <= stats.poisson.isf(1e-6, RARE * plates)


def test_many_slightly_wrong_references_raise_one():
    """None stands out alone: a tenth of 400 references with twice the stated error."""
    rng = np.random.default_rng(4)
    width = np.where(np.arange(400) < 40, 2.5, 1.0)[:, None]
    square = np.sum((width * rng.normal(size=(400, 2))) ** 2, axis=1)
    p = np.exp(-0.5 * square)
    assert chance_of_smallest(p, 400) < RARE
