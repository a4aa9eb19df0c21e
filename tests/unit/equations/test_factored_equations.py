"""Factored equations of a small plate against the dense normal matrix of all unknowns.

The dense rows are those of `twin.dense`: derivatives through the whole chain at once,
with no tile, no feature and no elimination.
"""

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
import pytest

from plates import make_plate, two_detectors
from reseau.constants import MILLIARCSECOND
from reseau.equations.curvature import own_curvature
from reseau.equations.equations import equations_at
from reseau.equations.heavy_tails import HeavyTails
from reseau.equations.leverage import leverages
from reseau.equations.plan import plan_tiles
from reseau.equations.sources import source_covariances
from reseau.model import free_columns, prior_terms, prior_widths
from reseau.model.gauge import mean_scales, sky_rotations
from reseau.solvers.extrapolation import own_covariances
from twin.dense import jacobian

SOURCES, EXPOSURES = 60, 6


class Case(NamedTuple):
    """A problem at its truth, and the normal equations of all of its unknowns."""

    problem: object
    parameters: object
    tiles: object
    rows: np.ndarray
    normal: np.ndarray
    right: np.ndarray
    ties: np.ndarray
    measured: np.ndarray


def _case(problem, parameters):
    residual, rows = jacobian(problem, parameters)
    n, layout = 2 * SOURCES, problem.layout
    prior = prior_terms(problem, parameters)
    normal, right = rows.T @ rows, -rows.T @ residual
    normal[n:, n:] += prior.information
    right[n:] += prior.gradient
    free = free_columns(layout, problem.free, prior_widths(problem))
    ties = np.eye(layout.size)
    if problem.instrument.scale == "plate":
        focal = np.arange(layout.size)[layout.exposures].reshape(-1, 5)[:, 3:].ravel()
        ties[focal, focal[0]] = 1.0
        free[focal[1:]] = False
    seen = np.bincount(problem.measurements.source, minlength=SOURCES) > 0
    return Case(
        problem,
        parameters,
        plan_tiles(problem),
        rows,
        normal,
        right,
        ties[:, free],
        seen & ~np.asarray(problem.prior.fixed),
    )


@pytest.fixture(scope="module")
def plate():
    """A plate with priors on everything, some sources of it held."""
    # None of the priors so wide that the dense matrix would lose its digits.
    instrument = two_detectors(
        coefficient_sigma=np.full(14, 20.0), focal_sigma=np.asarray(1000.0)
    )
    plate = make_plate(instrument=instrument, focal_scatter=0.0)
    fixed = np.zeros(SOURCES, dtype=bool)
    fixed[[4, 30]] = True
    prior = replace(plate.problem.prior, fixed=fixed)
    exposures = replace(
        plate.problem.exposures, attitude_sigma=np.full((EXPOSURES, 3), 1e-3)
    )
    free = (*plate.problem.free, "skew")
    problem = replace(plate.problem, prior=prior, exposures=exposures, free=free)
    # Off the priors' means by some of their widths, else nothing would pull.
    offset = np.random.default_rng(0).normal(0.0, 3.0, (SOURCES, 2)) * MILLIARCSECOND
    return problem, replace(plate.truth, offset=offset)


@pytest.fixture(scope="module", params=["exposure-axis", "plate"])
def case(request, plate):
    problem, truth = plate
    instrument = replace(problem.instrument, scale=request.param)
    return _case(replace(problem, instrument=instrument), truth)


def _independent(case, damping=0.0):
    """Return all unknowns as sums of the free ones, and the dense inverse in these."""
    own = np.flatnonzero(np.repeat(case.measured, 2))
    basis = np.zeros((len(case.normal), own.size + case.ties.shape[1]))
    basis[own, np.arange(own.size)] = 1.0
    basis[2 * SOURCES :, own.size :] = case.ties
    # Tied parameters are damped as one: by the sum of their diagonal.
    reduced = basis.T @ case.normal @ basis
    reduced += damping * np.diag((basis**2).T @ np.diag(case.normal))
    unit = 1.0 / np.sqrt(np.diag(reduced))
    inverse = np.linalg.inv(reduced * np.outer(unit, unit)) * np.outer(unit, unit)
    return basis, inverse


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_step_of_the_shared_parameters(case, damping):
    equations = equations_at(case.problem, case.tiles, case.parameters, damping)
    basis, inverse = _independent(case, damping)
    step = basis @ (inverse @ (basis.T @ case.right))
    sigma = np.sqrt(np.diag(basis @ inverse @ basis.T))
    found, wanted = equations.step(), step[2 * SOURCES :]
    unit = sigma[2 * SOURCES :]
    assert np.abs(wanted / unit).max() > 1.0  # there is something to step
    # The dense inverse loses what its condition of 1e8 times rounding is: 1e-8.
    np.testing.assert_allclose(found / unit, wanted / unit, rtol=0, atol=1e-6)
    assert equations.regular
    assert equations.held == 0


def test_covariances_of_shared_parameters_and_sources(case):
    equations = equations_at(case.problem, case.tiles, case.parameters, 0.0)
    basis, inverse = _independent(case)
    covariance = basis @ inverse @ basis.T
    wanted = covariance[2 * SOURCES :, 2 * SOURCES :]
    unit = np.sqrt(np.diag(wanted))
    found = equations.root @ equations.root.T
    np.testing.assert_allclose(
        found / np.outer(unit, unit), wanted / np.outer(unit, unit), rtol=0, atol=1e-6
    )
    of_sources = source_covariances(
        equations.system, case.tiles, equations.root, SOURCES
    )
    place = np.arange(2 * SOURCES).reshape(-1, 2)
    wanted = covariance[place[:, :, None], place[:, None, :]]
    scale = np.trace(wanted, axis1=1, axis2=2)[case.measured, None, None]
    np.testing.assert_allclose(
        of_sources[case.measured] / scale,
        wanted[case.measured] / scale,
        rtol=0,
        atol=1e-11,
    )
    assert not of_sources[~case.measured].any()


def test_own_parts_are_the_inverses_of_their_blocks(case):
    """With the calibration held, a source's covariance is its own block's inverse."""
    equations = equations_at(case.problem, case.tiles, case.parameters, 0.0)
    place = np.arange(2 * SOURCES).reshape(-1, 2)
    blocks = case.normal[place[:, :, None], place[:, None, :]]
    found = own_covariances(case.tiles, equations, SOURCES)
    wanted = np.linalg.inv(blocks[case.measured])
    np.testing.assert_allclose(found[case.measured], wanted, rtol=1e-12)
    assert not found[~case.measured].any()
    terms = HeavyTails(None, None, np.zeros(SOURCES))
    for curvature in own_curvature(case.problem, case.tiles, case.parameters, terms):
        np.testing.assert_allclose(
            curvature[case.measured], blocks[case.measured], rtol=1e-12
        )


def test_leverages_are_diagonal_blocks_of_the_hat_matrix(case):
    equations = equations_at(case.problem, case.tiles, case.parameters, 0.0)
    basis, inverse = _independent(case)
    m = case.problem.measurements.source.size
    rows = (case.rows[: 2 * m] @ basis).reshape(m, 2, -1)
    wanted = np.einsum("mip,pq,mjq->mij", rows, inverse, rows)
    found = leverages(case.problem, case.tiles, equations, case.parameters)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-7)
    assert np.trace(wanted, axis1=1, axis2=2).min() > 0.0


def test_objective_chi2_and_length(case):
    equations = equations_at(case.problem, case.tiles, case.parameters, 0.0)
    residual, _ = jacobian(case.problem, case.parameters)
    m = case.problem.measurements.source.size
    assert equations.chi2 == pytest.approx(np.sum(residual[: 2 * m] ** 2), rel=1e-10)
    held = np.concatenate([np.ones(2 * m, bool), np.repeat(case.measured, 2)])
    of_prior = prior_terms(case.problem, case.parameters).objective
    whole = np.sum(residual[held] ** 2) + of_prior
    assert equations.objective == pytest.approx(whole, rel=1e-10)
    # The step of Gauss and Newton is as long as √(gᵀN⁻¹g) of all unknowns.
    basis, inverse = _independent(case)
    slope = basis.T @ case.right
    wanted = np.sqrt(slope @ inverse @ slope)
    assert equations.length(equations.step()) == pytest.approx(wanted, rel=1e-6)


def test_the_order_of_measurements_does_not_matter(case):
    problem = case.problem
    equations = equations_at(problem, case.tiles, case.parameters, 0.0)
    order = np.random.default_rng(0).permutation(problem.measurements.source.size)
    mixed = jax.tree.map(lambda leaf: leaf[order], problem.measurements)
    other = replace(problem, measurements=mixed)
    again = equations_at(other, plan_tiles(other), case.parameters, 0.0)
    np.testing.assert_array_equal(again.matrix, equations.matrix)
    np.testing.assert_array_equal(again.step(), equations.step())


def test_two_half_measurements_are_as_good_as_one(case):
    """A source twice in a slot, each time with twice the covariance."""
    problem = case.problem
    equations = equations_at(problem, case.tiles, case.parameters, 0.0)
    twice = jax.tree.map(lambda leaf: np.concatenate([leaf] * 2), problem.measurements)
    twice = replace(twice, covariance=2.0 * twice.covariance)
    other = replace(problem, measurements=twice)
    again = equations_at(other, plan_tiles(other), case.parameters, 0.0)
    # Rounding of the diagonal before the elimination, which takes off most of it.
    before = np.sqrt(np.asarray(equations.system.corner.diagonal))
    worst = np.abs(again.matrix - equations.matrix) / np.outer(before, before)
    assert worst.max() < 1e-13
    assert again.chi2 == pytest.approx(equations.chi2, rel=1e-12)
    sigma = np.sqrt(np.sum(equations.root**2, axis=1))
    change = (again.step() - equations.step()) / sigma
    np.testing.assert_allclose(change, 0.0, atol=1e-7)


def test_errors_scale_the_information(case):
    """All errors half as large, measured and prior: the same step, a quarter of Cov."""
    problem = case.problem
    measurements = replace(
        problem.measurements, covariance=0.25 * problem.measurements.covariance
    )
    prior = replace(problem.prior, information=4.0 * problem.prior.information)
    instrument = replace(
        problem.instrument,
        **{
            name: np.asarray(0.5 * getattr(problem.instrument, name))
            for name in ("focal_sigma", "coefficient_sigma", "skew_sigma")
        },
        focal_prior="normal",
        detectors=replace(
            problem.instrument.detectors,
            **{
                name: 0.5 * getattr(problem.instrument.detectors, name)
                for name in ("sigma_centre", "sigma_theta", "sigma_pitch")
            },
        ),
    )
    exposures = replace(
        problem.exposures, attitude_sigma=0.5 * problem.exposures.attitude_sigma
    )
    plain = replace(problem.instrument, focal_prior="normal")
    equations = equations_at(
        replace(problem, instrument=plain), case.tiles, case.parameters, 0.0
    )
    better = replace(
        problem,
        measurements=measurements,
        prior=prior,
        instrument=instrument,
        exposures=exposures,
    )
    again = equations_at(better, plan_tiles(better), case.parameters, 0.0)
    unit = np.sqrt(np.sum(equations.root**2, axis=1))
    step, other = equations.step() / unit, again.step() / unit
    # Powers of two leave every digit as it was.
    np.testing.assert_allclose(other, step, rtol=1e-12)
    np.testing.assert_allclose(
        4.0 * np.sum(again.root**2, axis=1) / unit**2,
        np.sum(equations.root**2, axis=1) / unit**2,
        rtol=1e-12,
    )
    assert again.chi2 == pytest.approx(4.0 * equations.chi2, rel=1e-12)


def test_a_free_network_takes_no_step_along_what_is_held(plate):
    problem, truth = plate
    prior = replace(problem.prior, fixed=np.zeros(SOURCES, dtype=bool))
    problem = replace(problem, free_network=True, prior=prior)
    equations = equations_at(problem, plan_tiles(problem), truth, 0.0)
    axes = np.asarray(truth.axes)
    turns = sky_rotations(axes, problem.layout)
    assert equations.held == 3 + mean_scales(problem, axes).shape[1]
    # Turns are held in the metric of the diagonal before the elimination.
    diagonal = np.asarray(equations.system.corner.diagonal)
    crossed = (turns * diagonal[:, None]).T @ equations.root
    size = np.linalg.norm(turns * np.sqrt(diagonal)[:, None], axis=0)[:, None]
    width = np.linalg.norm(equations.root * np.sqrt(diagonal)[:, None], axis=0)
    np.testing.assert_allclose(crossed / size / width, 0.0, atol=1e-13)
    means = mean_scales(problem, axes)
    step = equations.step()
    spread = np.abs(means).T @ np.abs(step)
    np.testing.assert_allclose((means.T @ step) / spread, 0.0, atol=1e-13)
