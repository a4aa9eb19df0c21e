"""Stages, tiles and elimination against one dense Jacobian of the whole chain."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import solve_triangular

from plates import make_plate, two_detectors
from reseau.equations.assemble import System, assemble
from reseau.equations.plan import plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.equations.sources import source_covariances, source_steps
from reseau.instrument import make_distortion
from reseau.model import Parameters, Problem, free_columns, prior_terms, prior_widths
from reseau.records import Air, Bodies
from reseau.sky import direction_from_angles
from reseau.solvers.start.parameters import find_start

from .dense import jacobian


class Case(NamedTuple):
    """A problem at its start: tiles and system of the solver, and the dense twin."""

    problem: Problem
    parameters: Parameters
    tiles: list
    system: System
    residual: np.ndarray
    dense: np.ndarray


def _case(**choices):
    start = find_start(make_plate(**choices).problem)
    problem, parameters = start.problem, start.parameters
    tiles = plan_tiles(problem)
    system = assemble(problem, tiles, parameters, 0.0)
    return Case(problem, parameters, tiles, system, *jacobian(problem, parameters))


def _brown_conrady():
    distortion = make_distortion("brown-conrady", normalisation=20_000.0)
    values = distortion.default() + 0.01
    return two_detectors(
        distortion=distortion,
        coefficients=values,
        coefficient_sigma=distortion.widths(1000.0),
        projection="equidistant",
    )


ZENITH = np.asarray(direction_from_angles(jnp.asarray(4.0), jnp.asarray(0.3)))
NEAR = np.asarray(direction_from_angles(jnp.asarray(4.63), jnp.asarray(-0.50)))
JUPITER = Bodies(
    position=5.2 * NEAR[None],
    mass=np.array([9.4e-12]),
    radius=np.array([4.8e-4]),
    oblateness=np.array([0.0147]),
    pole=np.array([[0.0, 0.0, 1.0]]),
)
AIR = Air(zenith=ZENITH, tangent=np.array(2.9e-4), cube=np.array(3.2e-7))

CASES = {
    "aberration": {"velocity": 1e-4, "dec": 71.0},
    "all effects": {"velocity": 1e-4, "bodies": JUPITER, "air": AIR},
    "brown-conrady": {"instrument": None},
    # Several blocks a tile, and columns of which nothing is met.
    "many exposures": {"exposures": 9},
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    choices = dict(CASES[request.param])
    if request.param == "brown-conrady":
        choices["instrument"] = _brown_conrady()
    return _case(**choices)


def test_normal_equations(case):
    problem, _, _, system, residual, dense = case
    n = 2 * problem.prior.direction.shape[0]
    measured = np.zeros(n // 2, dtype=bool)
    measured[problem.measurements.source] = True
    kept = np.concatenate(
        [np.repeat(measured, 2), np.ones(problem.layout.size, dtype=bool)]
    )
    normal, right = dense.T @ dense, -dense.T @ residual
    own, shared = np.flatnonzero(kept[:n]), slice(n, None)
    gain = np.linalg.solve(normal[np.ix_(own, own)], normal[own, shared])
    complement = normal[shared, shared] - normal[shared, own] @ gain
    scale = np.sqrt(np.diag(normal)[shared])
    scale = np.where(scale > 0, scale, 1.0)
    found = np.asarray(system.corner.matrix) / np.outer(scale, scale)
    np.testing.assert_allclose(found, complement / np.outer(scale, scale), atol=2e-11)
    reduced = right[shared] - gain.T @ right[own]
    size = np.abs(reduced / scale).max()
    np.testing.assert_allclose(
        np.asarray(system.corner.right) / scale, reduced / scale, atol=1e-10 * size
    )
    np.testing.assert_allclose(
        float(np.sum(system.corner.chi2)), np.sum(residual**2), rtol=1e-11
    )
    np.testing.assert_allclose(
        np.asarray(system.corner.diagonal), np.diag(normal)[shared], rtol=1e-10
    )


def test_steps_and_covariances(case):
    """One step and the covariances, priors of the shared parameters included."""
    problem, parameters, tiles, system, residual, dense = case
    n = 2 * problem.prior.direction.shape[0]
    prior = prior_terms(problem, parameters)
    free = free_columns(problem.layout, problem.free, prior_widths(problem))
    free &= np.any(dense[:, n:] != 0, axis=0) | (np.diag(prior.information) > 0)
    measured = np.zeros(n // 2, dtype=bool)
    measured[problem.measurements.source] = True
    kept = np.flatnonzero(np.concatenate([np.repeat(measured, 2), free]))
    own = 2 * int(measured.sum())
    # By QR of the rows: the normal matrix would square the condition.
    size = np.sqrt(np.diag(prior.information))
    unit = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(prior.information / np.outer(unit, unit))
    rows = np.zeros((problem.layout.size, n + problem.layout.size))
    rows[:, n:] = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T * unit
    whole = np.concatenate([dense, rows])[:, kept]
    scale = 1 / np.linalg.norm(whole, axis=0)
    upper = np.linalg.qr(whole * scale, mode="r")
    inverse_root = scale[:, None] * solve_triangular(upper, np.eye(kept.size))

    root = np.zeros((problem.layout.size, int(free.sum())))
    root[free] = inverse_root[own:, own:]
    found = source_covariances(system, tiles, root, n // 2)[measured]
    pairs = inverse_root[:own].reshape(-1, 2, kept.size)
    wanted = np.einsum("naq,nbq->nab", pairs, pairs)
    size = wanted[:, [0, 1], [0, 1]].min(axis=1)[:, None, None]
    np.testing.assert_allclose(found / size, wanted / size, rtol=1e-6, atol=1e-8)

    normal = dense.T @ dense
    block = normal[kept[:own]][:, kept[:own]]
    lonely = np.linalg.inv(block)
    shared = np.zeros(problem.layout.size)
    shared[free] = 1e-3 * np.linalg.norm(inverse_root[own:], axis=1)
    steps, deviations = source_steps(system, tiles, shared, n // 2)
    np.testing.assert_allclose(
        deviations[measured].ravel() ** 2, np.diag(lonely), rtol=1e-8
    )
    steps = steps[measured].ravel()
    right = (-dense.T @ residual)[kept[:own]] - normal[kept[:own], n:] @ shared
    np.testing.assert_allclose(
        steps, np.linalg.solve(block, right), rtol=1e-7, atol=1e-16
    )


def test_residuals(case):
    problem, parameters, tiles, _, residual, dense = case
    found = residuals_at(problem, tiles, parameters)
    m = problem.measurements.pixel.shape[0]
    np.testing.assert_allclose(
        found.pull.ravel(), residual[: 2 * m], rtol=1e-9, atol=5e-9
    )
    row = 3
    source = problem.measurements.source[row]
    slope = -dense[2 * row : 2 * row + 2, 2 * source : 2 * source + 2]
    np.testing.assert_allclose(slope @ found.sky[row], found.pull[row], rtol=1e-7)


def test_tiles_hold_every_measurement_once():
    plate = make_plate(exposures=20, sources=200)
    problem = plate.problem
    twice = np.arange(5)
    measurements = jax.tree.map(
        lambda v: np.concatenate([v, v[twice]]), problem.measurements
    )
    problem = Problem(
        instrument=problem.instrument,
        exposures=problem.exposures,
        measurements=measurements,
        prior=problem.prior,
    )
    tiles = plan_tiles(problem)
    m = measurements.pixel.shape[0]
    np.testing.assert_array_equal(np.sort(tiles.row[tiles.row < m]), np.arange(m))
    blocks = tiles.blocks
    b, k, i = np.nonzero(tiles.row < m)
    row = tiles.row[b, k, i]
    np.testing.assert_array_equal(measurements.source[row], blocks.source[b, i])
    np.testing.assert_array_equal(measurements.exposure[row], blocks.exposure[b, k])
    np.testing.assert_array_equal(measurements.detector[row], blocks.detector[b])
    assert np.all(blocks.whitening[:, tiles.row == m] == 0)
    rows = np.concatenate([b.row.ravel() for p in tiles.parts for b in p.batches])
    np.testing.assert_array_equal(np.sort(rows[rows < m]), np.arange(m))
    for number, tile in enumerate(tiles.tiles):
        assert np.all(blocks.source[tile.blocks] == tile.source)
        exposure = blocks.exposure[tile.blocks].ravel()
        slot = np.concatenate([r.slot for r in tile.slots])
        met = np.concatenate([r.exposure for r in tile.slots])
        np.testing.assert_array_equal(exposure[slot], tile.exposure[met])
        full = np.any(tiles.row[tile.blocks] < m, axis=2).ravel()
        np.testing.assert_array_equal(np.sort(slot), np.flatnonzero(full))
        assert any(number in part.tiles for part in tiles.parts)
