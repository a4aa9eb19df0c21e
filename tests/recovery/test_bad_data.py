"""Wrong references and outliers in simulated orbits: power, false flags, what is left.

The ideal test knows by how much each wrong reference is displaced, and the covariances
of a plate without any: its statistic is then noncentral χ² with two degrees of freedom.
Ours is judged beside it at the same threshold. Full orbits run by ``make recovery``.
"""

import itertools
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from alarm import spread_bounds
from reseau.constants import DEGREE
from reseau.diagnostics import recovery_statistics
from reseau.equations.curvature import prior_curvature
from reseau.equations.heavy_tails import HeavyTails
from reseau.flags import flag_value
from reseau.model.likelihood import likelihood_named, prior_named
from reseau.plates import prepare
from reseau.sky import direction_from_angles, tangent_offset
from reseau.solvers import Robust, solve_plate
from reseau.solvers.robust.references import FALSE_ALARM, find_cavity
from reseau.tables import columns_of
from reseau.verbs.simulate import simulate

THRESHOLD = stats.chi2.isf(FALSE_ALARM, 2)
BOTH = ("mixture", "mixture")


class Case(NamedTuple):
    """A simulated plate: problem, ids, true directions, which references are wrong."""

    problem: object
    direction: np.ndarray
    wrong: np.ndarray


@cache
def simulated(**choices):
    """Return a simulated plate with its truth in the order of the problem."""
    made = simulate(**choices)
    prepared = prepare(made.dataset)
    truth = columns_of(made.truth.sources)
    order = np.argsort(truth["source_id"])
    row = order[np.searchsorted(truth["source_id"][order], prepared.source_id)]
    direction = direction_from_angles(
        jnp.asarray(truth["ra"][row] * DEGREE), jnp.asarray(truth["dec"][row] * DEGREE)
    )
    wrong = truth["wrong_prior"][row].astype(bool)
    return Case(prepared.problem, np.asarray(direction), wrong)


@cache
def ideally(**choices):
    """Return the least-squares solution of a simulated plate."""
    return solve_plate(simulated(**choices).problem)


def robustly(case, names=BOTH):
    """Solve with likelihood and reference prior of these names."""
    robust = Robust(likelihood_named(names[0]), prior_named(names[1]))
    return solve_plate(case.problem, robust=robust)


def errors(case, solution):
    """Return solution minus truth, east and north [rad]."""
    found = jnp.asarray(solution.direction)
    return np.asarray(tangent_offset(found, jnp.asarray(case.direction)))


def rms(error):
    return float(np.sqrt(np.mean(error**2)))


def squares(error, covariance):
    """Return eᵀC⁻¹e of each row."""
    solved = np.linalg.solve(covariance, error[:, :, None])[:, :, 0]
    return np.sum(error * solved, axis=1)


def distances(case, clean, solution):
    """Return how far each wrong reference is displaced, in σ of prior and cavity.

    Both of the plate without wrong references, which has the same random numbers.
    """
    shift = np.asarray(
        tangent_offset(
            jnp.asarray(case.problem.prior.direction),
            jnp.asarray(clean.problem.prior.direction),
        )
    )[case.wrong]
    problem, n = solution.problem, case.wrong.size
    used, pull = prior_curvature(
        problem, solution.parameters, HeavyTails(None, None, np.zeros(n))
    )
    offset = np.asarray(solution.parameters.offset)
    cavity = find_cavity(offset, solution.source_covariance, used, pull)
    total = np.linalg.inv(used[case.wrong]) + cavity.covariance[case.wrong]
    solved = np.linalg.solve(total, shift[:, :, None])[:, :, 0]
    return np.sqrt(np.sum(shift * solved, axis=1))


class Trial(NamedTuple):
    """What one orbit with wrong references showed.

    Attributes
    ----------
    power, ideal
        Expected number of wrong references that are flagged: ours, ideal test's.
    large
        Flagged among those displaced by more than 10σ.
    false, good
        Number of false flags, and of good references.
    ratio, damage
        RMS of all others over that without wrong references: robust, least squares.
    chance, square
        Of all references: probability to be wrong, and squared error in units of the
        stated covariance.
    """

    power: int
    ideal: float
    large: np.ndarray
    false: int
    good: int
    ratio: float
    damage: float
    chance: np.ndarray
    square: np.ndarray


def wrong_trial(fraction, seed, **choices):
    """Solve an orbit with wrong references, robustly and by least squares."""
    clean = simulated(seed=seed, **choices)
    case = simulated(seed=seed, wrong_fraction=fraction, **choices)
    ideal = ideally(seed=seed, **choices)
    found, plain = robustly(case), solve_plate(case.problem)
    assert found.converged
    flagged = found.flags & flag_value("wrong_reference") != 0
    known = np.any(np.asarray(case.problem.prior.information) != 0, axis=(1, 2))
    size = distances(case, clean, ideal)
    others = ~case.wrong
    before = rms(errors(clean, ideal)[others])
    return Trial(
        power=int(np.sum(flagged & case.wrong)),
        ideal=float(np.sum(stats.ncx2.sf(THRESHOLD, 2, size**2))),
        large=flagged[case.wrong][size > 10.0],
        false=int(np.sum(flagged & others)),
        good=int(np.sum(known & others)),
        ratio=rms(errors(case, found)[others]) / before,
        damage=rms(errors(case, plain)[others]) / before,
        chance=found.references.wrong_probability[known],
        square=squares(errors(case, found), found.source_covariance)[known],
    )


def with_outliers(case, fraction, seed):
    """Displace a part of the measurements by 5 to 1000σ, in any direction."""
    rng = np.random.default_rng(seed)
    measurements = case.problem.measurements
    m = measurements.source.size
    bad = rng.uniform(size=m) < fraction
    angle = rng.uniform(0.0, 2.0 * np.pi, m)
    sigma = np.sqrt(np.asarray(measurements.covariance)[:, 0, 0])
    size = sigma * rng.uniform(5.0, 1000.0, m) * bad
    shift = size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    pixel = np.asarray(measurements.pixel) + shift
    problem = replace(case.problem, measurements=replace(measurements, pixel=pixel))
    return case._replace(problem=problem), bad


def test_wrong_references_of_a_small_orbit():
    trial = wrong_trial(0.05, 3, small=True)
    assert trial.large.size >= 5
    assert trial.large.all()
    assert trial.power >= trial.ideal - 2.0
    assert trial.false <= 2
    assert trial.ratio < 1.05 < trial.damage


def test_outliers_in_a_small_orbit():
    clean = simulated(seed=3, small=True)
    case, bad = with_outliers(clean, 0.01, 7)
    ideal, found = ideally(seed=3, small=True), robustly(case)
    assert found.converged
    judged = found.reliability.outlier_probability > 0.5
    assert np.mean(judged[bad]) > 0.9
    assert np.mean(judged[~bad]) < 0.001
    assert rms(errors(case, found)) < 1.05 * rms(errors(clean, ideal))
    assert rms(errors(case, solve_plate(case.problem))) > 3 * rms(errors(clean, ideal))


@pytest.mark.recovery
def test_thirty_per_cent_outliers_are_said():
    """Not silently: the fraction that is found is the true one."""
    case, bad = with_outliers(simulated(seed=3, small=True), 0.3, 7)
    found = robustly(case)
    assert abs(found.reliability.outlier_fraction - bad.mean()) < 0.02
    marked = found.flags & flag_value("outliers") != 0
    source = np.asarray(case.problem.measurements.source)
    spoiled = np.bincount(source, weights=bad) > 0
    assert np.mean(marked[spoiled]) > 0.95


@pytest.fixture(scope="module")
def two_per_cent():
    return [wrong_trial(0.02, seed) for seed in (11, 12, 13, 14)]


@pytest.fixture(scope="module")
def ten_per_cent():
    return [wrong_trial(0.1, seed) for seed in (21, 22)]


@pytest.mark.recovery
@pytest.mark.parametrize("name", ["two_per_cent", "ten_per_cent"])
def test_power_and_false_flags(name, request):
    trials = request.getfixturevalue(name)
    power = sum(t.power for t in trials) / sum(t.ideal for t in trials)
    large = np.concatenate([t.large for t in trials])
    false = sum(t.false for t in trials) / sum(t.good for t in trials)
    assert power >= 0.98
    assert np.mean(large) >= 0.99
    assert false <= 0.001


@pytest.mark.recovery
@pytest.mark.parametrize("name", ["two_per_cent", "ten_per_cent"])
def test_others_do_not_follow(name, request):
    for trial in request.getfixturevalue(name):
        assert trial.ratio <= 1.02


BINS = (0.0, 0.02, 0.1, 0.5, 0.98, 1.0)


@pytest.mark.recovery
def test_errors_are_right_however_likely_the_reference_is_wrong(
    two_per_cent, ten_per_cent
):
    """In bins of `wrong_probability`, pooled: χ² and the share inside of 95 %.

    χ² a coordinate within 5 of its own standard errors and 0.1, since blunders are not
    drawn from the broad Normal that is fitted. Of two peaks an ellipse of 95 % holds
    92 % at least; more than the binomial's 1e-6 outside is an alarm.
    """
    trials = [*two_per_cent, *ten_per_cent]
    chance = np.concatenate([t.chance for t in trials])
    square = np.concatenate([t.square for t in trials])
    assert np.isfinite(chance).all()
    for low, high in itertools.pairwise(BINS):
        found = square[(chance >= low) & (chance <= high)] / 2.0
        error = np.std(found) / np.sqrt(found.size)
        assert abs(np.mean(found) - 1.0) < 5.0 * error + 0.1, (low, high)
        outside = int(np.sum(found > stats.chi2.isf(0.05, 2) / 2.0))
        assert stats.binom.sf(outside - 1, found.size, 0.08) > 1e-6, (low, high)


@pytest.mark.recovery
@pytest.mark.parametrize("names", [("mixture", "mixture"), ("student", "normal")])
def test_one_per_cent_of_outliers(names):
    clean = simulated(seed=31)
    case, _ = with_outliers(clean, 0.01, 32)
    ideal, found = solve_plate(clean.problem), robustly(case, names)
    assert found.converged
    assert rms(errors(case, found)) <= 1.05 * rms(errors(clean, ideal))
    pulls = recovery_statistics(errors(case, found), found.source_covariance)
    low, high = spread_bounds(2 * pulls.n)
    assert low < pulls.pull_std < high


@pytest.mark.recovery
def test_thirty_per_cent_of_outliers():
    case, bad = with_outliers(simulated(seed=41), 0.3, 42)
    found = robustly(case)
    assert abs(found.reliability.outlier_fraction - bad.mean()) < 0.005
    pulls = recovery_statistics(errors(case, found), found.source_covariance)
    assert abs(pulls.pull_std - 1.0) < 0.05
