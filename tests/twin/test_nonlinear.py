"""Distortions that are not linear in their coefficients, from no distortion.

Plates of 30 stars whose distortion is up to a prior width (1 mm); SciPy starts from
the truth and knows nothing of how the plate solver starts.
"""

from dataclasses import replace

import numpy as np
import pytest

from reseau.errors import Result
from reseau.model.gauge import find_datum, move_along
from reseau.solvers import solve_plate
from reseau.solvers.start.distortion import PASSES
from warped import make_warped

from .by_scipy import by_scipy

MOST = 15
"""Linearisations of the plate, those of the start among them."""


@pytest.mark.parametrize(
    "amplitude",
    [0.5, pytest.param(0.0, id="no distortion: a centre known from its prior alone")],
)
def test_minimum_of_scipy_from_the_truth(amplitude):
    plate = make_warped("radial", "plate of 30", 0, amplitude=amplitude)
    solution = solve_plate(plate.problem)
    assert solution.result is Result.SUCCESSFUL
    assert len(solution.history) + PASSES <= MOST
    # It ends within 0.01 σ of the minimum, where the objective is 1e-4 higher.
    tolerances = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-10}
    lowest = 2 * by_scipy(plate.problem, plate.truth, **tolerances).result.cost
    assert abs(solution.history[-1].objective - lowest) < 0.01


def test_distortion_undefined_on_part_of_a_detector():
    """A step to where the corners are thrown through infinity is no exception."""
    plate = make_warped("radial, one order", "orbit", 8)
    beyond = np.array([1.0, 1.0, 0.0, 0.0])
    there = replace(plate.truth, coefficients=beyond)
    assert find_datum(plate.problem, there).modes == ()
    datum = find_datum(plate.problem, plate.truth)
    move_along(plate.problem, there, datum, np.ones(datum.directions.shape[1]))


@pytest.mark.parametrize(
    "model",
    ["brown-conrady", "inverse SIP, degree 3"],
)
def test_few_iterations(model):
    plate = make_warped(model, "plate of 30", 1)
    solution = solve_plate(plate.problem)
    assert solution.result is Result.SUCCESSFUL
    assert len(solution.history) + PASSES <= MOST
    assert solution.history[-1].objective < 2.0 * solution.dof
