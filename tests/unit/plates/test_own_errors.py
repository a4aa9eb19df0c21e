"""Residuals and prior shifts in units of their own errors."""

from dataclasses import replace

import numpy as np
import pytest

from alarm import normal_bound
from plates import make_plate
from reseau.diagnostics import exposure_chi2
from reseau.plates import Prepared
from reseau.plates.judgement.own_errors import (
    exposure_sentences,
    measurement_pulls,
    prior_pulls,
)
from reseau.plates.result import redundancies
from reseau.solvers import solve_plate

SHAPE = {"sources": 60, "exposures": 4, "noise": 0.002}
PLATES = 12


def _prepared(problem):
    n = problem.prior.direction.shape[0]
    return Prepared(
        problem=problem,
        plate_id=0,
        epoch=2030.0,
        exposure_id=np.arange(problem.layout.n_exposures),
        source_id=np.arange(n),
        is_reference=np.any(problem.prior.information != 0, axis=(1, 2)),
        photometry={},
        unit="pixel",
    )


@pytest.fixture(scope="module")
def plates():
    """Return solutions of plates on which errors are as stated."""
    return [solve_plate(make_plate(**SHAPE, seed=k).problem) for k in range(PLATES)]


def _is_one(squares):
    """Return whether means of squares of each plate are one, by their scatter."""
    error = np.std(squares, ddof=1) / np.sqrt(len(squares))
    return abs(np.mean(squares) - 1.0) < normal_bound(4) * error


def test_pulls_of_right_plates_have_the_width_one(plates):
    measured = [np.nanmean(measurement_pulls(s) ** 2) for s in plates]
    assert _is_one(np.array(measured))
    # The fit takes part of each measurement, so that stated errors are too large.
    assert not _is_one(np.array([np.mean(s.residuals.pull**2) for s in plates]))


def _checked(solution):
    """Return the number of coordinates of priors of which the data know a part."""
    prior = np.asarray(solution.problem.prior.information)
    measured = np.any(solution.source_covariance != 0, axis=(1, 2))
    rows = np.flatnonzero(np.isfinite(solution.prior_pull) & measured)
    share = np.linalg.eigvals(solution.source_covariance[rows] @ prior[rows])
    return np.count_nonzero(share.real < 0.99)


def test_shifts_from_right_priors_have_the_width_one(plates):
    shifts = [np.nansum(prior_pulls(s) ** 2) / _checked(s) for s in plates]
    assert _is_one(np.array(shifts))
    assert not _is_one(np.array([np.nanmean(s.prior_pull**2) / 2.0 for s in plates]))


def test_redundancies_add_up_to_the_degrees_of_freedom(plates):
    solution = plates[0]
    whitened = np.einsum("mii->", solution.residual_covariance())
    # The factors are those of the last linearisation, the derivatives of the optimum.
    assert whitened == pytest.approx(solution.dof, rel=5e-3)
    assert redundancies(solution).sum() == pytest.approx(solution.dof, rel=0.1)


def _hidden():
    """Return a plate whose last exposure has three references, one of them wrong."""
    problem = make_plate(sources=300, exposures=4, seed=3, references=0.5).problem
    measured = problem.measurements
    known = np.any(problem.prior.information != 0, axis=(1, 2))
    last = np.asarray(measured.exposure) == 3
    references = np.flatnonzero(last & known[measured.source])
    seen = np.bincount(measured.source[~last], minlength=len(known))
    # Targets of this exposure alone, and three references.
    kept = ~last | (~known[measured.source] & (seen[measured.source] == 0))
    kept[references[:3]] = True
    rows = np.flatnonzero(kept)
    pixel = np.array(measured.pixel)
    sigma = np.sqrt(measured.covariance[references[0], 0, 0])
    pixel[references[0]] += 30.0 * sigma
    return replace(
        problem,
        measurements=replace(
            measured,
            pixel=pixel[rows],
            **{
                name: getattr(measured, name)[rows]
                for name in ("covariance", "source", "exposure", "detector")
            },
        ),
    )


def test_an_error_that_the_fit_follows_shows_in_its_exposure():
    problem = _hidden()
    solution = solve_plate(problem)
    assert solution.converged
    stated = np.abs(solution.residuals.pull).max()
    assert np.nanmax(np.abs(measurement_pulls(solution))) > 1.5 * stated
    (sentence,) = exposure_sentences(_prepared(problem), solution)
    assert sentence.startswith("1 exposure of 4 does not fit")
    assert ": 3 (chi²" in sentence
    table = redundancies(solution)
    exposure = np.asarray(problem.measurements.exposure)
    pull = solution.residuals.pull
    found = exposure_chi2(
        exposure, *pull.T, n_exposures=4, redundancy=table.sum(axis=1)
    )
    assert found.reduced[3] > found.high[3]


def test_exposures_that_fit_are_not_accused(plates):
    assert not any(exposure_sentences(_prepared(s.problem), s) for s in plates)
