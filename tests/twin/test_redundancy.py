"""What sums of squares tell of errors, against the projector written out."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg

from alarm import normal_bound
from plates import make_plate
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.model import free_columns, prior_terms, prior_widths
from reseau.solvers import solve_plate
from reseau.solvers.posterior.gaussian import gaussian_posterior

from .dense import jacobian

SHAPE = {"sources": 300, "exposures": 1}


def _problem(seed, *, centroids=1.0, catalogue=1.0):
    """Return a plate whose stated errors are divided by factors."""
    problem = make_plate(**SHAPE, seed=seed, noise=0.0013).problem
    measurements, prior = problem.measurements, problem.prior
    return replace(
        problem,
        measurements=replace(
            measurements, covariance=measurements.covariance / centroids**2
        ),
        prior=replace(prior, information=prior.information * catalogue**2),
    )


def _projector(solution):
    """Return Q and the rows of measurements and of references' priors in it."""
    problem = solution.problem
    _, rows = jacobian(problem, solution.parameters)
    n, m = problem.prior.direction.shape[0], problem.measurements.source.size
    widths = prior_widths(problem)
    free = free_columns(problem.layout, problem.free, widths)
    seen = np.bincount(problem.measurements.source, minlength=n) > 0
    kept = np.concatenate([np.repeat(seen, 2), free])
    shared = prior_terms(problem, solution.parameters).information
    root = np.zeros((len(shared), rows.shape[1]))
    values, vectors = np.linalg.eigh(shared)
    root[:, 2 * n :] = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    whole = np.concatenate([rows, root])[:, kept]
    scaled = whole / np.linalg.norm(whole, axis=0)
    basis = scipy.linalg.orth(scaled)
    q = np.eye(len(whole)) - basis @ basis.T
    judged = np.repeat(solution.redundancy.judged, 2)
    return q, np.arange(2 * m), 2 * m + np.flatnonzero(judged)


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_to_the_projector_written_out(seed):
    solution = solve_plate(_problem(seed))
    problem, parameters = solution.problem, solution.parameters
    tiles = plan_tiles(problem)
    posterior = gaussian_posterior(
        problem,
        tiles,
        equations_at(problem, tiles, parameters, 0.0),
        prior_terms(problem, parameters).information,
        None,
    )
    q, measured, references = _projector(solution)
    groups = (measured, references)
    total = [np.trace(q[np.ix_(g, g)]) for g in groups]
    information = [[np.sum(q[np.ix_(g, h)] ** 2) for h in groups] for g in groups]
    found = posterior.shares.redundancy(len(measured) - posterior.used)
    np.testing.assert_allclose(found.total, total, rtol=1e-6)
    np.testing.assert_allclose(found.information, information, rtol=1e-5)
    assert found.judged.sum() > 20
    # The catalogue is good enough to take part, and not so good as to be certain.
    assert found.of_errors < 0.9 * found.total[0]


PLATES = 30
WRONG = [(2, 1), (1, 2), (2, 2)]


OTHERS = [pytest.param(*pair, marks=pytest.mark.recovery) for pair in WRONG]


@pytest.mark.parametrize(("centroids", "catalogue"), [(1, 1), *OTHERS])
def test_scales_are_found_without_bias(centroids, catalogue):
    """Means over plates against truth, in units of the scatter of the mean."""
    plates = [
        solve_plate(_problem(100 + k, centroids=centroids, catalogue=catalogue))
        for k in range(PLATES)
    ]
    both = [s.error_scales for s in plates]
    squares = np.array([[s.measurements.value, s.references.value] for s in both]) ** 2
    off = np.mean(squares, axis=0) - [centroids**2, catalogue**2]
    error = np.std(squares, axis=0, ddof=1) / np.sqrt(PLATES)
    assert np.all(np.abs(off) < normal_bound(8) * error)
    alone = np.array([s.sigma0 for s in plates]) ** 2
    if catalogue == 1:
        scatter = np.std(alone, ddof=1)
        assert abs(np.mean(alone) - centroids**2) < normal_bound(8) * scatter / np.sqrt(
            PLATES
        )
    if (centroids, catalogue) == (1, 1):
        pulls = np.array([[s.measurements.pull, s.references.pull] for s in both])
        assert np.all(
            np.abs(np.mean(pulls, axis=0)) < normal_bound(8) / np.sqrt(PLATES)
        )
        spread = np.std(pulls, axis=0, ddof=1)
        assert np.all((spread > 0.5) & (spread < 1.7))
