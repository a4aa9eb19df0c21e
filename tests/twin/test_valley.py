"""Steps along common modes, and sources at their own minima, against slow twins.

The common modes of the detectors are known from wide priors alone, so that they show
in the number of iterations of small plates: 43 on the one of this file before the
steps followed the valley.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

from alarm import chi2_bounds
from plates import make_plate, two_detectors
from quick import quick_jit
from reseau.constants import DEGREE
from reseau.equations.equations import equations_at
from reseau.equations.heavy_tails import CLIPPED, EXACT, HeavyTails
from reseau.equations.plan import plan_tiles
from reseau.equations.source_minima import settle
from reseau.errors import Result
from reseau.instrument import Detectors
from reseau.model import free_columns, prior_widths
from reseau.model.gauge import find_datum, move_along, to_datum
from reseau.model.likelihood import mixture, prior_named, student
from reseau.model.mode_curvature import mode_curvature
from reseau.solvers import Robust, Settings, solve_plate
from reseau.solvers.plate import calibration_pulls
from reseau.solvers.start.parameters import find_start
from reseau.solvers.valley import _missing_skew, follow_valley, valley_step

from .dense import jacobian, residual_vector

ONE = Detectors(
    ids=(1,),
    centre=np.zeros((1, 2)),
    theta=np.zeros(1),
    pitch=np.full((1, 2), 10.0),
    naxis=np.full((1, 2), 2000.0),
    sigma_centre=np.full(1, 100.0),
    sigma_theta=np.full(1, 0.1 * DEGREE),
    sigma_pitch=np.full(1, 0.01),
)


def _problem(seed=2, references=0.5, scale="exposure-axis", degree=2, **choices):
    """Return a plate of one detector, its skew held."""
    instrument = two_detectors(
        degree=degree, detectors=ONE, focal_prior="normal", scale=scale
    )
    return make_plate(
        sources=60,
        exposures=6,
        seed=seed,
        references=references,
        instrument=instrument,
        focal_scatter=300.0 if scale == "exposure-axis" else 0.0,
        **choices,
    ).problem


@pytest.fixture(scope="module")
def solved():
    problem = _problem()
    return problem, solve_plate(problem, settings=Settings(tolerance=1e-5))


@pytest.fixture(scope="module")
def linearised(solved):
    """Equations away from the optimum, where the modes are not at rest."""
    start = find_start(solved[0])
    problem, point = start.problem, to_datum(start.problem, solved[1].parameters)
    tiles = plan_tiles(problem)
    datum = find_datum(problem, point)
    aside = 0.5 * np.linalg.norm(datum.gain() @ solved[1].factor.shared, axis=1)
    return problem, tiles, point, datum, aside


def test_few_iterations(solved):
    problem, solution = solved
    assert solution.result is Result.SUCCESSFUL
    assert len(solution.history) <= 9
    usual = solve_plate(problem)
    assert usual.converged
    assert len(usual.history) <= 8
    np.testing.assert_allclose(
        usual.history[-1].objective, solution.history[-1].objective, atol=1e-3
    )


def test_same_minimum_as_scipy(solved):
    """From the same start; SciPy's Jacobian is dense and knows no modes."""
    problem, solution = solved
    start = find_start(problem)
    problem, point = start.problem, start.parameters
    widths = prior_widths(problem)
    vector = residual_vector(problem, point)
    n = 2 * problem.prior.direction.shape[0]
    seen = np.bincount(problem.measurements.source, minlength=n // 2) > 0
    columns = free_columns(problem.layout, problem.free, widths)
    free = np.concatenate([np.repeat(seen, 2), columns])
    held = columns & np.isfinite(widths)
    pulls = calibration_pulls(problem, point)[held]

    def whole(step):
        prior = jnp.asarray(pulls) + step[n:][held] / widths[held]
        return jnp.concatenate([vector(step), prior])

    value, slope = quick_jit(whole), quick_jit(jax.jacfwd(whole))
    size = np.linalg.norm(np.asarray(slope(jnp.zeros(free.size))), axis=0)
    unit = 1.0 / size[free]

    def full(z):
        step = np.zeros(free.size)
        step[free] = z * unit
        return step

    found = least_squares(
        lambda z: np.asarray(value(full(z))),
        np.zeros(unit.size),
        jac=lambda z: np.asarray(slope(full(z)))[:, free] * unit,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-12,
        max_nfev=300,
    )
    np.testing.assert_allclose(
        solution.history[-1].objective, 2.0 * found.cost, rtol=1e-6
    )


def test_finite_steps_stay_in_the_valley(linearised):
    """Whitened residuals change far less than by the straight step."""
    problem, _, point, datum, aside = linearised
    free = replace(problem, free=(*problem.free, "skew"))
    step = datum.directions @ (4.0 * aside)
    followed = follow_valley(free, point, datum, np.diag(np.abs(step)), step)
    assert np.abs(followed - step).max() > 0
    vector = residual_vector(problem, point)
    none = np.zeros(2 * problem.prior.direction.shape[0])
    m = 2 * problem.measurements.source.size

    def moved(shared):
        now = np.asarray(vector(jnp.asarray(np.concatenate([none, shared]))))
        return np.abs(now[:m] - before).max()

    before = np.asarray(vector(jnp.zeros(none.size + step.size)))[:m]
    assert moved(step) > 1.0
    assert moved(followed) < 0.02 * moved(step)


def test_curvature_of_the_modes_against_finite_moves(linearised):
    """With a distortion of third degree, which undoes the modes exactly."""
    problem = _problem(degree=3)
    point, aside = find_start(problem).parameters, linearised[-1]
    datum = find_datum(problem, point)
    found = mode_curvature(problem, point, datum, aside)
    unit = np.diag(0.1 * aside)

    def move(amount):
        return move_along(problem, point, datum, amount)

    width = prior_widths(problem)
    width = np.where(np.isfinite(width), width, 1.0)
    for i, j in ((2, 3), (2, 4)):
        u, v = unit[i], unit[j]
        wanted = move(u + v) - move(u - v) - move(v - u) + move(-u - v)
        wanted = wanted / (4.0 * width)
        here = found[:, i, j] * u.sum() * v.sum() / width
        size = np.abs(wanted).max()
        assert size > 1e-8
        np.testing.assert_allclose(here / size, wanted / size, atol=2e-3)


def test_step_minimises_the_quartic(linearised):
    """Against BFGS in all free parameters, the skew that is missing put in by hand."""
    problem, tiles, point, datum, aside = linearised
    away = replace(
        point, detectors=point.detectors + np.array([[0.0, 0.0, aside[2], 0.0, 0.0]])
    )
    equations = equations_at(problem, tiles, away, 0.0)
    found = valley_step(problem, away, datum, equations)
    root, skew = equations.root, problem.layout.skew
    width = np.linalg.norm(datum.gain() @ root, axis=1)
    missing = _missing_skew(problem, away, datum, width)
    modes = datum.gain() @ root
    corner = equations.system.corner
    across = root.T @ np.asarray(corner.matrix[:, skew])
    start = root.T @ equations.right

    def model(z):
        amount = modes @ z
        e = 0.5 * amount @ missing @ amount
        along = np.sum((z - start) ** 2) - 2.0 * e * (across @ z)
        return along + 2.0 * e * corner.right[skew] + corner.matrix[skew, skew] * e**2

    best = minimize(model, np.zeros(root.shape[1]), method="BFGS")
    own = np.linalg.lstsq(root, found, rcond=None)[0]
    assert np.linalg.norm(own - start) > 0.05
    assert model(own) < best.fun + 1e-4
    assert np.linalg.norm(own - best.x) < 0.05


@pytest.mark.parametrize("scale", ["plate", "exposure"])
def test_tied_focal_lengths_leave_a_free_network_its_pitches(scale):
    """Pitches along X and Y may differ where F_x and F_y may not: χ² shows it."""
    problem = _problem(seed=0, references=0.0, scale=scale, free_network=True)
    solution = solve_plate(problem)
    assert solution.converged
    assert len(solution.history) <= 6
    low, high = chi2_bounds(solution.dof)
    assert low < solution.chi2 < high


@pytest.fixture(scope="module")
def spoiled():
    """A plate with outliers, its sources aside from their minima."""
    problem = _problem(seed=1, references=0.8)
    pixel = np.array(problem.measurements.pixel)
    rng = np.random.default_rng(3)
    bad = rng.uniform(size=len(pixel)) < 0.08
    pixel[bad] += rng.normal(0, 0.3, (int(bad.sum()), 2))
    return replace(problem, measurements=replace(problem.measurements, pixel=pixel))


@pytest.mark.parametrize("likelihood", [student(4.0), mixture(0.05, 30.0)])
def test_settled_sources_are_at_their_minima(spoiled, likelihood):
    """The gradient by dense derivatives, and lower than before."""
    first = solve_plate(spoiled)
    problem, point = first.problem, first.parameters
    tiles = plan_tiles(problem)
    n, m = problem.prior.direction.shape[0], problem.measurements.source.size
    prior = prior_named("student")
    moved, terms = settle(
        problem, tiles, point, HeavyTails(likelihood, prior, np.zeros(n))
    )
    known = np.any(problem.prior.information != 0, axis=(1, 2))

    def objective(residual):
        square = jnp.sum(residual.reshape(-1, 2) ** 2, axis=1)
        lost = jnp.where(jnp.asarray(known), prior.loss(square[m:]), 0.0)
        return jnp.sum(likelihood.loss(square[:m])) + jnp.sum(lost)

    whole = quick_jit(jax.value_and_grad(objective))
    before, _ = whole(jacobian(problem, point)[0])
    residual, rows = jacobian(problem, moved)
    after, slope = whole(residual)
    assert after < before - 1.0
    own = rows[:, : 2 * n]
    size = np.linalg.norm(own, axis=0)
    pull = 0.5 * np.asarray(slope) @ own / np.where(size > 0, size, 1.0)
    assert np.abs(pull).max() < 2e-3
    bound = np.asarray(terms.bound)
    assert set(np.unique(bound)) <= {CLIPPED, EXACT}
    np.testing.assert_allclose(moved.axes, point.axes)


def test_a_heavy_tailed_prior_takes_few_iterations(spoiled):
    robust = Robust(likelihood=None, reference_prior=prior_named("student"))
    solution = solve_plate(spoiled, robust=robust)
    assert solution.converged
    assert len(solution.history) <= 12
