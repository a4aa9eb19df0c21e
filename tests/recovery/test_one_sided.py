"""References on one side of the field, some wrong: what is said, what is left."""

import numpy as np
import pytest

from one_sided import one_sided
from quick import quick_jit
from reseau.constants import DEGREE
from reseau.model.likelihood import prior_named
from reseau.sky import tangent_offset
from reseau.solvers import Robust, solve_plate

_tangent_offset = quick_jit(tangent_offset)


def far_side(case, solution):
    """Return the mean squared error of the far side, in units of its covariance."""
    error = np.asarray(_tangent_offset(solution.direction, case.direction))
    covariance = solution.source_covariance
    rows = (case.east > 0.15 * DEGREE) & (covariance[:, 0, 0] > 0)
    solved = np.linalg.solve(covariance[rows], error[rows][:, :, None])[:, :, 0]
    return float(np.mean(np.sum(error[rows] * solved, axis=1)) / 2.0)


@pytest.mark.recovery
def test_wrong_references_on_one_side_are_said():
    """Errors of one plate's far side are a few modes: 5 of their σ over 16 plates."""
    robust = Robust(None, prior_named("mixture"))
    suggested, plain, left = 0, [], []
    for seed in range(1, 17):
        case = one_sided(seed)
        solution = solve_plate(case.problem)
        suggested += solution.outlook.needed
        flagged = solution.extrapolation.beyond
        assert flagged[case.east > 0.15 * DEGREE].any()
        assert not flagged[case.east < 0].any()
        plain.append(far_side(case, solution))
        left.append(far_side(case, solve_plate(case.problem, robust=robust)))
    assert suggested >= 14
    assert np.mean(left) < np.mean(plain)
    assert np.mean(left) < 1.0 + 5.0 * np.sqrt(2.0 / 64.0)


@pytest.mark.recovery
def test_right_references_are_not_suspected():
    """Of 16 plates at 1 in 2,000 each, three alarms are a chance of 7e-8."""
    plates = [one_sided(seed, 0.0).problem for seed in range(21, 37)]
    assert sum(solve_plate(p).outlook.needed for p in plates) <= 2
