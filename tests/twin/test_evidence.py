"""Laplace evidence against dense marginal densities by SciPy."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import gamma, multivariate_normal, norm

from plates import make_plate, two_detectors
from reseau.constants import ARCSECOND, DEGREE
from reseau.equations.plan import plan_tiles
from reseau.model import gamma_terms, prior_widths
from reseau.solvers import Settings, solve_plate
from reseau.solvers.gauss_newton import gauss_newton
from reseau.solvers.posterior.evidence import (
    _focal_density,
    _guarded_log_determinant,
    evidence,
    laplace_evidence,
)
from reseau.solvers.start.parameters import find_start

from .dense import jacobian

FREE = ("sources", "attitude", "scale", "distortion", "skew", "detectors")
SCALES = ("exposure-axis", "exposure", "plate-axis", "plate")


def _narrow(scale="exposure-axis", **choices):
    """Return a plate with Normal priors on everything, none of them very wide."""
    instrument = two_detectors(
        degree=3,
        focal_prior="normal",
        focal_sigma=np.asarray(1000.0),
        coefficient_sigma=np.full(14, 20.0),
        scale=scale,
    )
    plate = make_plate(
        sources=90,
        exposures=3,
        seed=7,
        instrument=instrument,
        free=FREE,
        focal_scatter=0.0,
        **{"references": 1.0, **choices},
    )
    sigma = np.tile([60.0, 60.0, 120.0], (3, 1)) * ARCSECOND
    exposures = replace(plate.problem.exposures, attitude_sigma=sigma)
    return replace(plate.problem, exposures=exposures)


def _optimum(problem):
    start = find_start(problem)
    problem = start.problem
    tiles = plan_tiles(problem)
    optimum = gauss_newton(problem, tiles, start.parameters, Settings(1e-4))
    return problem, tiles, optimum


def _ties(layout, scale):
    """Return shared parameters as sums of free ones, written out."""
    ties = np.eye(layout.size)
    focal = np.arange(layout.size)[layout.exposures].reshape(-1, 5)[:, 3:]
    groups = {
        "exposure-axis": [],
        "exposure": list(focal),
        "plate-axis": list(focal.T),
        "plate": [focal.ravel()],
    }[scale]
    lost = []
    for group in groups:
        ties[group, group[0]] = 1.0
        lost += list(group[1:])
    return np.delete(ties, lost, axis=1)


def _marginal(problem, optimum):
    """Return the log density of the pixels with every unknown integrated out.

    The model linearised at the optimum: Normal, with covariance C + J P Jᵀ, and no
    determinant of any normal matrix.
    """
    parameters, layout = optimum.parameters, problem.layout
    residual, dense = jacobian(problem, parameters)
    m = 2 * problem.measurements.source.size
    n = 2 * problem.prior.direction.shape[0]
    ties = _ties(layout, problem.instrument.scale)
    slope = -np.hstack([dense[:m, :n], dense[:m, n:] @ ties])
    width = prior_widths(problem)
    # A step East turns the position angle by tan(dec), which has the given width.
    lever = np.eye(layout.size)
    for i, dec in enumerate(np.asarray(problem.exposures.attitude)[:, 1]):
        lever[5 * i + 2, 5 * i] = -np.tan(dec)
    shared = lever @ np.diag(width**2) @ lever.T
    inverse = np.linalg.pinv(ties)
    prior = np.zeros((slope.shape[1],) * 2)
    own = np.linalg.inv(problem.prior.information)
    for i, block in enumerate(own):
        prior[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
    kept = [np.flatnonzero(column)[0] for column in ties.T]
    prior[n:, n:] = shared[np.ix_(kept, kept)]
    shift = np.concatenate(
        [np.asarray(parameters.offset).ravel(), inverse @ _shift(problem, parameters)]
    )
    mean = residual[:m] + slope @ shift
    density = multivariate_normal(np.zeros(m), np.eye(m) + slope @ prior @ slope.T)
    covariances = problem.measurements.covariance
    return density.logpdf(mean) - 0.5 * np.sum(np.linalg.slogdet(covariances)[1])


def _shift(problem, parameters):
    """Return the shared parameters less their prior means, in steps."""
    from reseau.model import attitude_steps, detector_parameters

    instrument, layout = problem.instrument, problem.layout
    shift = np.zeros(layout.size)
    rows = shift[layout.exposures].reshape(-1, 5)
    rows[:, :3] = attitude_steps(problem, parameters)
    rows[:, 3:] = np.asarray(parameters.focal) - instrument.focal
    shift[layout.distortion] = parameters.coefficients - instrument.coefficients
    shift[layout.skew] = parameters.skew - instrument.skew
    nominal = detector_parameters(instrument)
    shift[layout.detectors] = (np.asarray(parameters.detectors) - nominal).ravel()
    return shift


@pytest.mark.parametrize("scale", SCALES)
def test_evidence_is_the_marginal_density_of_the_data(scale):
    """A conjugate example: every prior Normal, and the model all but linear."""
    problem, tiles, optimum = _optimum(_narrow(scale))
    found = laplace_evidence(problem, tiles, optimum)
    assert found.improper == 0
    # Attitudes turn about axes that the step itself has moved: 1e-3 in log p.
    assert found.value == pytest.approx(_marginal(problem, optimum), abs=5e-3)


def test_evidence_of_a_solution_is_that_of_the_optimum():
    """Though its calibration was moved to the datum."""
    problem = _narrow()
    direct = laplace_evidence(*_optimum(problem))
    assert evidence(solve_plate(problem)).value == pytest.approx(direct.value, abs=1e-3)


def test_flat_sources_are_uniform_over_the_sphere():
    """As a Normal prior so wide that it is flat, its density replaced by 1/4π."""
    problem, tiles, optimum = _optimum(_narrow(references=0.5))
    found = laplace_evidence(problem, tiles, optimum)
    sigma = 1e-2
    information = np.array(problem.prior.information)
    flat = ~np.any(information != 0, axis=(1, 2))
    information[flat] = np.eye(2) / sigma**2
    prior = replace(problem.prior, information=information)
    wide = laplace_evidence(*_optimum(replace(problem, prior=prior)))
    n = np.isin(np.unique(problem.measurements.source), np.flatnonzero(flat)).sum()
    assert n > 5
    change = n * (np.log(2 * np.pi * sigma**2) - np.log(4 * np.pi))
    assert found.value - wide.value == pytest.approx(change, abs=1e-3)


def test_wider_and_narrower_priors_without_solving_again():
    problem, tiles, optimum = _optimum(_narrow())
    found = laplace_evidence(problem, tiles, optimum)
    for factor in (0.1, 1.0, 10.0):
        sigma = np.asarray(problem.instrument.coefficient_sigma) * factor
        other = replace(problem.instrument, coefficient_sigma=sigma)
        again = laplace_evidence(*_optimum(replace(problem, instrument=other)))
        assert found.with_widths(factor) == pytest.approx(again.value, abs=2e-3)


def test_focal_lengths_have_the_density_of_scipy():
    """Gamma and Normal, mode or mean and what the solver adds to it."""
    problem = make_plate(sources=10, exposures=2).problem
    mean, sigma = problem.instrument.focal, float(problem.instrument.focal_sigma)
    value = np.asarray(mean) + np.array([-1.7, 0.4]) * sigma
    found = _focal_density(problem) - 0.5 * np.asarray(
        gamma_terms(jnp.asarray(value), jnp.asarray(mean), jnp.asarray(sigma))[0]
    )
    shape, rate = (mean / sigma) ** 2, mean / sigma**2
    np.testing.assert_allclose(
        found, gamma.logpdf(value, shape, scale=1 / rate), atol=1e-7
    )
    normal = replace(problem.instrument, focal_prior="normal")
    np.testing.assert_allclose(
        _focal_density(replace(problem, instrument=normal)),
        norm.logpdf(mean, mean, sigma),
    )


def test_left_out_measurements_are_predicted_by_the_rest():
    """The difference of two evidences is log p(left out | rest), Normal by Normal."""
    problem, tiles, optimum = _optimum(_narrow())
    rows = np.array([3, 11, 40])
    covariance = np.array(problem.measurements.covariance)
    covariance[rows] = np.diag([np.inf, np.inf])
    measurements = replace(problem.measurements, covariance=covariance)
    rest = replace(problem, measurements=measurements)
    rest_tiles = plan_tiles(rest)
    again = gauss_newton(rest, rest_tiles, optimum.parameters, Settings(1e-4))
    found = laplace_evidence(problem, tiles, optimum).value
    found -= laplace_evidence(rest, rest_tiles, again).value
    kept = np.setdiff1d(np.arange(problem.measurements.source.size), rows)
    fewer = replace(
        problem, measurements=jax.tree.map(lambda v: v[kept], problem.measurements)
    )
    wanted = _marginal(problem, optimum) - _marginal(fewer, again)
    assert found == pytest.approx(wanted, abs=2e-3)


def test_free_network_does_not_depend_on_where_it_is_held():
    """Started from other attitudes, turned together, the evidence is the same."""
    plate = make_plate(
        sources=60, exposures=4, seed=2, references=0.0, free_network=True
    )
    found = evidence(solve_plate(plate.problem))
    assert found.improper == 2 * 4
    attitude = np.array(plate.problem.exposures.attitude)
    attitude[:, 0] += 20 * DEGREE
    exposures = replace(plate.problem.exposures, attitude=attitude)
    turned = evidence(solve_plate(replace(plate.problem, exposures=exposures)))
    assert found.value == pytest.approx(turned.value, abs=1e-2)


def test_rounding_never_takes_away_what_a_prior_adds():
    """A direction that only its prior determines, with an eigenvalue lost in noise."""
    prior = np.diag([0.0, 4e-14])
    noisy = np.diag([0.5, -3e-15])
    wanted = np.log(0.5) + np.log(4e-14)
    assert _guarded_log_determinant(noisy, prior) == pytest.approx(wanted)
    assert np.isnan(_guarded_log_determinant(noisy, np.zeros((2, 2))))
    strong = np.diag([0.5, 2e-9])
    assert _guarded_log_determinant(strong, 0 * prior) == pytest.approx(np.log(1e-9))
