"""The log density against the objective that Gauss-Newton minimises."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plates import make_plate, two_detectors
from reseau.constants import ARCSECOND, MILLIARCSECOND
from reseau.model import (
    log_density,
    log_likelihood,
    log_prior,
    make_density,
    take_step,
)
from reseau.solve.gauss_newton import equations_at
from reseau.solve.plan import plan_tiles
from reseau.solve.start import find_start
from reseau.solve.tiled import tiled_density

POINTS = 4


def _known_angles(problem):
    """Give the position angles a prior, which couples them to the pointing."""
    sigma = np.full_like(problem.exposures.attitude_sigma, 20 * ARCSECOND)
    exposures = replace(problem.exposures, attitude_sigma=sigma)
    return replace(problem, exposures=exposures)


def _some_fixed(problem):
    fixed = np.arange(problem.prior.direction.shape[0]) % 5 == 0
    return replace(problem, prior=replace(problem.prior, fixed=fixed))


CASES = {
    "gamma": {},
    "aberration": {"velocity": 1e-4, "dec": 71.0},
    "normal focal": {"instrument": two_detectors(focal_prior="normal")},
    "tied": {"instrument": two_detectors(scale="plate")},
    "tied by axis": {"instrument": two_detectors(scale="plate-axis")},
    "known angles": {"change": _known_angles},
    "free network": {"free_network": True, "references": 0.0},
    "some fixed": {"change": _some_fixed},
    "few blocks": {"free": ("sources", "attitude")},
    "unmeasured sources": {"sources": 200, "exposures": 1},
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    choices = dict(CASES[request.param])
    change = choices.pop("change", lambda problem: problem)
    start = find_start(change(make_plate(**choices).problem))
    return start.problem, start.parameters


def _points(problem, parameters):
    """Return points off the start by steps of the size of what is not known."""
    rng = np.random.default_rng(1)
    layout = problem.layout
    scale = np.ones(layout.size)
    exposures = np.tile([ARCSECOND, ARCSECOND, 10 * ARCSECOND, 300, 300], 1)
    scale[layout.exposures] = np.tile(exposures, layout.n_exposures)
    scale[layout.skew] = 1e-4
    scale[layout.detectors] = np.tile([20, 20, 1e-3, 1e-2, 1e-2], layout.n_detectors)
    n = parameters.offset.shape[0]
    for _ in range(POINTS):
        yield take_step(
            parameters,
            scale * rng.normal(size=layout.size),
            5 * MILLIARCSECOND * rng.normal(size=(n, 2)),
        )


def test_equals_the_objective(case):
    """Differences between points: the constant is of no concern."""
    problem, parameters = case
    tiles = plan_tiles(problem)
    points = list(_points(problem, parameters))
    wanted = [
        -0.5 * equations_at(problem, jax.device_put(tiles), p, 0.0).objective
        for p in points
    ]
    for density in (make_density(problem), tiled_density(problem, tiles)):
        evaluate = jax.jit(lambda p, density=density: density(p))
        found = [float(evaluate(p)) for p in points]
        np.testing.assert_allclose(np.diff(found), np.diff(wanted), rtol=1e-9)


def test_parts_and_whole(case):
    problem, parameters = case
    point = next(_points(problem, parameters))
    parts = log_likelihood(problem, point) + log_prior(problem, point)
    np.testing.assert_allclose(log_density(problem, point), parts, rtol=1e-14)
    chi2 = equations_at(problem, jax.device_put(plan_tiles(problem)), point, 0.0).chi2
    np.testing.assert_allclose(log_likelihood(problem, point), -0.5 * chi2, rtol=1e-10)


def test_gradient_is_the_right_hand_side(case):
    """Along steps of the shared parameters, sources following or not."""
    problem, parameters = case
    point = next(_points(problem, parameters))
    density = tiled_density(problem)
    n = point.offset.shape[0]

    @jax.jit
    def along(shared, offset):
        return density(take_step(point, shared, offset))

    zero = jnp.zeros(problem.layout.size), jnp.zeros((n, 2))
    of_shared, of_sources = jax.grad(along, argnums=(0, 1))(*zero)
    rng = np.random.default_rng(2)
    for size in (1e-9, 2e-9):
        shared = size * rng.normal(size=zero[0].shape)
        shared[problem.layout.exposures.start : problem.layout.exposures.stop] *= 0.1
        offset = size * rng.normal(size=(n, 2))
        rise = float(along(shared, offset) - along(-shared, -offset)) / 2
        slope = float(np.sum(of_shared * shared) + np.sum(of_sources * offset))
        np.testing.assert_allclose(slope, rise, rtol=1e-5)


def test_loss_of_the_squared_distance(case):
    """A loss acts on each measurement, and not on the places without one."""
    problem, parameters = case
    point = next(_points(problem, parameters))

    def loss(distance):
        return 5.0 * jnp.log1p(1.0 + distance / 3.0)

    rows, tiles = make_density(problem), tiled_density(problem)
    distance = np.asarray(rows.distances(point))
    wanted = -0.5 * np.sum(5.0 * np.log1p(1.0 + distance / 3.0))
    for density in (rows, tiles):
        np.testing.assert_allclose(
            density.log_likelihood(point, loss), wanted, rtol=1e-10
        )
