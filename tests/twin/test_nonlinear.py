"""Distortions that are not linear in their coefficients, from no distortion.

Plates of 30 stars whose distortion is up to a prior width (1 mm); SciPy starts from
the truth and knows nothing of how the plate solver starts.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

from quick import quick_jit
from reseau.errors import Result
from reseau.model import free_columns, prior_widths
from reseau.model.gauge import find_datum, move_along
from reseau.solve import solve_plate
from reseau.solve.distortion_start import PASSES
from reseau.solve.plate import calibration_pulls
from warped import make_warped

from .dense import residual_vector

MOST = 15
"""Linearisations of the plate, those of the start among them."""


def _lowest_objective(plate):
    """Return the objective's minimum, sought from the truth."""
    problem, point = plate.problem, plate.truth
    vector = residual_vector(problem, point)
    widths = prior_widths(problem)
    n = 2 * problem.prior.direction.shape[0]
    seen = np.zeros(n // 2, dtype=bool)
    seen[problem.measurements.source] = True
    free = np.concatenate(
        [np.repeat(seen, 2), free_columns(problem.layout, problem.free, widths)]
    )
    held = np.isfinite(widths) & (widths > 0)
    offset = calibration_pulls(problem, point)[held]

    def whole(step):
        prior = jnp.asarray(offset) + step[n:][held] / widths[held]
        return jnp.concatenate([vector(step), prior])

    compiled, slope = quick_jit(whole), quick_jit(jax.jacfwd(whole))
    size = np.linalg.norm(np.asarray(slope(jnp.zeros(free.size))), axis=0)
    unit = 1 / np.where(size > 0, size, 1.0)

    def full(z):
        step = np.zeros(free.size)
        step[free] = z * unit[free]
        return jnp.asarray(step)

    found = least_squares(
        lambda z: np.asarray(compiled(full(z))),
        np.zeros(int(free.sum())),
        jac=lambda z: np.asarray(slope(full(z)))[:, free] * unit[free],
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-10,
    )
    return 2 * found.cost


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
    lowest = _lowest_objective(plate)
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
