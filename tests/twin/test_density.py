"""The log density against the objective that Gauss-Newton minimises."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plates import make_plate, two_detectors
from quick import quick_jit
from reseau.constants import ARCSECOND, MILLIARCSECOND
from reseau.equations.density_in_tiles import tiled_density
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.model import log_density, log_likelihood, log_prior, make_density, take_step
from reseau.model.density import solved_sources
from reseau.solvers.start.parameters import find_start

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
    "aberration, tied": {
        "velocity": 1e-4,
        "dec": 71.0,
        "instrument": two_detectors(scale="plate"),
    },
    "normal focal, tied by axis": {
        "instrument": two_detectors(focal_prior="normal", scale="plate-axis")
    },
    "known angles": {"change": _known_angles},
    "free network": {"free_network": True, "references": 0.0},
    "some fixed": {"change": _some_fixed},
    "few blocks": {"free": ("sources", "attitude")},
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    choices = dict(CASES[request.param])
    change = choices.pop("change", lambda problem: problem)
    start = find_start(change(make_plate(**choices).problem))
    # Sources that were not measured have a prior, which is not to count.
    assert not solved_sources(start.problem).all()
    tiles = plan_tiles(start.problem)
    return start.problem, tiles, list(_points(start.problem, start.parameters))


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


def _heavy(distance):
    return 5.0 * jnp.log1p(1.0 + distance / 3.0)


@quick_jit
def _evaluate(density, point):
    """Return the density, its parts, with a loss, and the distances."""
    return {
        "whole": density(point),
        "likelihood": density.log_likelihood(point),
        "prior": density.log_prior(point),
        "heavy": density.log_likelihood(point, _heavy),
        "distances": density.distances(point),
    }


@pytest.fixture(scope="module")
def found(case):
    """Return the values at the first point, in rows and in tiles."""
    problem, tiles, points = case
    densities = make_density(problem), tiled_density(problem, tiles)
    return [_evaluate(density, points[0]) for density in densities]


def test_equals_the_objective(case, found):
    """Differences between points: the constant is of no concern."""
    problem, tiles, points = case
    wanted = [-0.5 * equations_at(problem, tiles, p, 0.0).objective for p in points]
    densities = make_density(problem), tiled_density(problem, tiles)
    for density, first in zip(densities, found, strict=True):
        rest = [_evaluate(density, p)["whole"] for p in points[1:]]
        values = [float(v) for v in (first["whole"], *rest)]
        np.testing.assert_allclose(np.diff(values), np.diff(wanted), rtol=1e-9)


def test_parts_and_whole(case, found):
    problem, tiles, points = case
    chi2 = equations_at(problem, tiles, points[0], 0.0).chi2
    for each in found:
        parts = each["likelihood"] + each["prior"]
        np.testing.assert_allclose(each["whole"], parts, rtol=1e-14)
        np.testing.assert_allclose(each["likelihood"], -0.5 * chi2, rtol=1e-10)


def test_of_a_problem(monkeypatch):
    """Functions for users, who need not make the density, give the same numbers."""
    start = find_start(make_plate().problem)
    problem, point = start.problem, next(_points(start.problem, start.parameters))
    made = make_density(problem)
    # Made outside, so that the three can be compiled.
    monkeypatch.setattr(
        "reseau.model.density.make_density", lambda of: made if of is problem else None
    )
    functions = (log_density, log_likelihood, log_prior)
    values = quick_jit(lambda p: [function(problem, p) for function in functions])
    wanted = _evaluate(made, point)
    names = ("whole", "likelihood", "prior")
    for value, name in zip(values(point), names, strict=True):
        np.testing.assert_allclose(value, wanted[name], rtol=1e-12)


@quick_jit
def _along(density, point, shared, offset):
    return density(take_step(point, shared, offset))


_slopes = quick_jit(
    jax.grad(lambda *at: at[0](take_step(at[1], *at[2:])), argnums=(2, 3))
)


@pytest.mark.parametrize("case", ["gamma", "aberration, tied"], indirect=True)
def test_gradient_is_the_right_hand_side(case):
    """Along steps of the shared parameters, sources following or not."""
    problem, tiles, points = case
    point, density = points[0], tiled_density(problem, tiles)
    n = point.offset.shape[0]
    zero = jnp.zeros(problem.layout.size), jnp.zeros((n, 2))
    of_shared, of_sources = (np.asarray(v) for v in _slopes(density, point, *zero))
    rng = np.random.default_rng(2)
    for size in (1e-9, 2e-9):
        shared = size * rng.normal(size=zero[0].shape)
        shared[problem.layout.exposures.start : problem.layout.exposures.stop] *= 0.1
        offset = size * rng.normal(size=(n, 2))
        ends = [_along(density, point, s * shared, s * offset) for s in (1.0, -1.0)]
        rise = float(ends[0] - ends[1]) / 2
        slope = float(np.sum(of_shared * shared) + np.sum(of_sources * offset))
        np.testing.assert_allclose(slope, rise, rtol=1e-5)


def test_loss_of_the_squared_distance(found):
    """A loss acts on each measurement, and not on the places without one."""
    distance = np.asarray(found[0]["distances"])
    wanted = -0.5 * np.sum(5.0 * np.log1p(1.0 + distance / 3.0))
    for each in found:
        np.testing.assert_allclose(each["heavy"], wanted, rtol=1e-10)
