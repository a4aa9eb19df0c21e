"""The arrow guide with heavy tails on twentieths of an orbit that hold bad data.

One per cent of the measurements are outliers of 5 to 1000σ, two per cent of the
references are wrong. Run by ``make recovery``.
"""

import itertools
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from quick import quick_jit
from reseau.constants import DEGREE
from reseau.diagnostics import recovery_statistics
from reseau.model.likelihood import likelihood_named, prior_named
from reseau.plates import prepare
from reseau.sky import direction_from_angles, tangent_offset
from reseau.solvers import Robust, solve_plate
from reseau.solvers.robust.references import FALSE_ALARM
from reseau.solvers.variational import solve_variational
from reseau.tables import columns_of
from reseau.verbs.simulate import simulate

SEEDS = (5, 6, 7, 8)
DRAWN = {"sources": 500, "artificial": 10, "wrong_fraction": 0.02}

_offset = quick_jit(tangent_offset)
_direction = quick_jit(direction_from_angles)


class Case(NamedTuple):
    """A plate, true directions, which measurements and which references are bad."""

    problem: object
    direction: np.ndarray
    outliers: np.ndarray
    wrong: np.ndarray


def _case(seed):
    made = simulate(seed=seed, **DRAWN)
    prepared = prepare(made.dataset)
    truth = columns_of(made.truth.sources)
    order = np.argsort(truth["source_id"])
    row = order[np.searchsorted(truth["source_id"][order], prepared.source_id)]
    angles = truth["ra"][row] * DEGREE, truth["dec"][row] * DEGREE
    measurements = prepared.problem.measurements
    rng = np.random.default_rng(seed + 100)
    m = measurements.source.size
    bad = rng.uniform(size=m) < 0.01
    angle = rng.uniform(0.0, 2.0 * np.pi, m)
    sigma = np.sqrt(np.asarray(measurements.covariance)[:, 0, 0])
    size = sigma * rng.uniform(5.0, 1000.0, m) * bad
    shift = size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    pixel = np.asarray(measurements.pixel) + shift
    problem = replace(prepared.problem, measurements=replace(measurements, pixel=pixel))
    wrong = truth["wrong_prior"][row].astype(bool)
    return Case(problem, np.asarray(_direction(*angles)), bad, wrong)


class Trial(NamedTuple):
    """A case, the guide's solution and that of robust Gauss-Newton, by mixtures."""

    case: Case
    fitted: object
    exact: object

    def errors(self):
        """Return the guide's mean minus truth [rad]."""
        return np.asarray(_offset(self.fitted.solution.direction, self.case.direction))


def _trial(seed):
    case = _case(seed)
    robust = Robust(likelihood_named("mixture"), prior_named("mixture"))
    fitted = solve_variational(case.problem, guide="arrow", robust=robust)
    return Trial(case, fitted, solve_plate(case.problem, robust=robust))


@pytest.fixture(scope="module")
def trials():
    return [_trial(seed) for seed in SEEDS]


@pytest.mark.recovery
def test_it_arrives(trials):
    for trial in trials:
        assert trial.fitted.converged, trial.fitted.verdict
        assert np.all(np.isfinite(trial.fitted.elbo))


@pytest.mark.recovery
def test_pulls_are_one(trials):
    """Of all but the wrong references.

    Some of these have errors so small that they are many of their own σ off, but less
    than the measurements can tell: no posterior can know.
    """
    good = [~t.case.wrong for t in trials]
    error = [t.errors()[g] for t, g in zip(trials, good, strict=True)]
    covariance = [
        t.fitted.solution.source_covariance[g]
        for t, g in zip(trials, good, strict=True)
    ]
    found = recovery_statistics(np.concatenate(error), np.concatenate(covariance))
    assert abs(found.pull_std - 1.0) < found.tolerance


BINS = (0.0, 0.02, 0.98, 1.0)


@pytest.mark.recovery
def test_errors_are_right_however_likely_the_reference_is_wrong(trials):
    """In bins of `wrong_probability`, pooled: its own mean, and χ² a coordinate.

    χ² within 5 of its own standard errors and 0.1, since blunders are not drawn from
    the broad Normal that is fitted; the number of wrong ones within what chance gives
    once in 10⁶ of their probabilities' sum, and two.
    """
    found = zip(*map(_of_references, trials), strict=True)
    chance, square, wrong = (np.concatenate(values) for values in found)
    assert np.isfinite(chance).all()
    for low, high in itertools.pairwise(BINS):
        kept = (chance >= low) & (chance <= high)
        found = square[kept] / 2.0
        error = max(float(np.std(found)), 1.0) / np.sqrt(found.size)
        assert abs(np.mean(found) - 1.0) < 5.0 * error + 0.1, (low, high)
        count, expected = np.sum(wrong[kept]), np.sum(chance[kept])
        assert count - 2 <= stats.poisson.isf(5e-7, expected), (low, high)
        sure = np.sum(1.0 - chance[kept])
        assert np.sum(~wrong[kept]) - 2 <= stats.poisson.isf(5e-7, sure), (low, high)


def _of_references(trial):
    """Return probabilities, squares in units of the covariance, and who is wrong."""
    solution, problem = trial.fitted.solution, trial.case.problem
    known = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    error, covariance = trial.errors()[known], solution.source_covariance[known]
    solved = np.linalg.solve(covariance, error[:, :, None])[:, :, 0]
    p = solution.references.wrong_probability[known]
    return p, np.sum(error * solved, axis=1), trial.case.wrong[known]


@pytest.mark.recovery
def test_bad_data_are_found(trials):
    judged = [t.fitted.solution.reliability for t in trials]
    bad = np.concatenate([t.case.outliers for t in trials])
    found = np.concatenate([j.outlier_probability > 0.5 for j in judged])
    assert np.mean(found[bad]) > 0.99
    assert np.mean(found[~bad]) < 0.001
    wrong = np.concatenate([t.case.wrong for t in trials])
    flagged = np.concatenate([j.references.wrong for j in judged])
    assert np.mean(flagged[wrong]) > 0.85
    chance = stats.poisson(FALSE_ALARM * np.sum(~wrong))
    assert np.sum(flagged[~wrong]) <= chance.isf(1e-3)


@pytest.mark.recovery
def test_it_is_the_posterior_of_gauss_newton_where_that_is_normal(trials):
    """Nine sources in ten within 1 % in σ and 0.02 σ in the mean."""
    for trial in trials:
        found, exact = trial.fitted.solution, trial.exact

        def sigma(solution):
            return np.sqrt(solution.source_covariance[:, [0, 1], [0, 1]])

        ratio = sigma(found) / sigma(exact)
        assert np.quantile(np.abs(ratio - 1.0), 0.9) < 0.01
        moved = np.asarray(found.parameters.offset) - np.asarray(
            exact.parameters.offset
        )
        assert np.quantile(np.abs(moved) / sigma(exact), 0.9) < 0.02
        np.testing.assert_array_equal(
            found.reliability.references.wrong, exact.reliability.references.wrong
        )
