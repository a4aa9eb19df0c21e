"""The plate solver against `scipy.optimize.least_squares` on a small plate.

Normal priors throughout, so that the posterior is a sum of squares; SciPy gets the
dense residual vector and its Jacobian and knows nothing of tiles or elimination.
"""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import solve_triangular

from plates import make_plate, two_detectors
from reseau.errors import Result
from reseau.model import take_step
from reseau.sky import displaced, tangent_offset
from reseau.solvers import Settings, solve_plate
from reseau.solvers.start.parameters import find_start

from .by_scipy import by_scipy

FREE = ("sources", "attitude", "scale", "distortion", "skew", "detectors")


@pytest.fixture(scope="module")
def both():
    plate = make_plate(
        sources=40,
        exposures=5,
        seed=4,
        instrument=two_detectors(focal_prior="normal"),
        free=FREE,
    )
    solution = solve_plate(plate.problem, settings=Settings(tolerance=1e-7))
    return plate, solution, _by_scipy(plate.problem)


def _by_scipy(problem):
    start = find_start(problem)
    problem, point = start.problem, start.parameters
    tolerances = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-12, "max_nfev": 60}
    found, free, unit, full = by_scipy(problem, point, method="trf", **tolerances)
    n = 2 * problem.prior.direction.shape[0]
    upper = np.linalg.qr(found.jac, mode="r")
    root = unit[free, None] * solve_triangular(upper, np.eye(int(free.sum())))
    step = np.asarray(full(found.x))
    moved = take_step(point, step[n:], step[:n].reshape(-1, 2))
    return problem, moved, root, free, 2 * found.cost


def test_same_minimum(both):
    plate, solution, (problem, moved, root, free, cost) = both
    assert solution.result is Result.SUCCESSFUL
    np.testing.assert_allclose(solution.history[-1].objective, cost, rtol=1e-9)
    direction = displaced(jnp.asarray(problem.prior.direction), moved.offset)
    apart = np.asarray(tangent_offset(jnp.asarray(solution.direction), direction))
    sigma = np.sqrt(solution.source_covariance[:, [0, 1], [0, 1]])
    seen = sigma[:, 0] > 0
    assert np.abs(apart[seen] / sigma[seen]).max() < 1e-4
    del plate, root, free


def test_same_covariance(both):
    _, solution, (problem, _, root, free, _) = both
    n = 2 * problem.prior.direction.shape[0]
    own = int(free[:n].sum())
    rows = root[:own].reshape(-1, 2, root.shape[1])
    wanted = np.einsum("naq,nbq->nab", rows, rows)
    seen = free[:n:2]
    found = solution.source_covariance[seen]
    size = np.sqrt(wanted[:, [0, 1], [0, 1]])
    size = size[:, :, None] * size[:, None, :]
    np.testing.assert_allclose(found / size, wanted / size, atol=1e-6)


def test_same_attitudes(both):
    _, solution, (_, moved, _, _, _) = both
    found, wanted = solution.parameters.axes, np.asarray(moved.axes)
    # The datum moves pointings along with the detectors; sources stay.
    assert np.abs(np.asarray(found) - wanted).max() < 3e-4
