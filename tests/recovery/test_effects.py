"""Orbits seen from a satellite: aberration, parallax and deflection on, and left out.

Aberration is conformal: over a field its linear part is a turn and a stretch by the
velocity along the line of sight, in units of that of light. With free focal lengths a
plate takes it up; with fixed ones the residuals show it.
"""

import warnings
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from alarm import spread_bounds
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.diagnostics import recovery_statistics
from reseau.observers import geocentre
from reseau.plates import SolveOptions
from reseau.sky import direction_from_angles, tangent_offset
from reseau.tables import columns_of
from reseau.verbs.simulate import Simulated, simulate
from reseau.verbs.solution import Solved
from reseau.verbs.solve import solve

SPEED_OF_LIGHT = 299_792.458  # km/s
ORBIT = {"observer": "orbit", "effects": ("aberration", "deflection")}


def _vectors(table, names) -> np.ndarray:
    return np.stack([table[name] for name in names], axis=1)


def _errors(simulated: Simulated, solved: Solved) -> tuple[np.ndarray, np.ndarray]:
    """Return errors of all sources [mas] and which of them are artificial."""
    truth = columns_of(simulated.truth.sources)
    order = np.argsort(truth["source_id"])
    row = order[np.searchsorted(truth["source_id"][order], solved.prepared.source_id)]
    true = direction_from_angles(
        jnp.asarray(truth["ra"][row] * DEGREE), jnp.asarray(truth["dec"][row] * DEGREE)
    )
    found = jnp.asarray(solved.solution.direction)
    error = np.asarray(tangent_offset(found, true)) / MILLIARCSECOND
    return error, truth["artificial"][row].astype(bool)


def _without(simulated: Simulated, *effects: str, **options: object) -> Solved:
    """Solve without some of the effects that were simulated."""
    dataset = simulated.dataset
    left = dataset.effects - set(effects)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a known velocity is not used
        return solve(replace(dataset, effects=left), **options)


def _earth_only(simulated: Simulated, **options: object) -> Solved:
    """Solve as if the satellite stood still beside the Earth."""
    table = simulated.dataset.exposures
    earth = geocentre(table["epoch"].to_numpy()).velocity * SPEED_OF_LIGHT
    for i, axis in enumerate("xyz"):
        name = f"obs_v{axis}"
        column = table.schema.get_field_index(name)
        table = table.set_column(column, table.schema.field(name), [earth[:, i]])
    return solve(replace(simulated.dataset, exposures=table), **options)


@pytest.fixture(scope="module")
def orbit() -> Simulated:
    return simulate(seed=5, sources=3000, **ORBIT)


@pytest.mark.recovery
def test_all_effects_reach_the_bound():
    """Pooled over 10 orbits of a satellite, with aberration, parallax, deflection."""
    parts = []
    for seed in range(10):
        simulated = simulate(seed=seed, **ORBIT)
        solved = solve(simulated.dataset)
        assert solved.exit_code == 0
        error, artificial = _errors(simulated, solved)
        covariance = solved.solution.source_covariance / MILLIARCSECOND**2
        parts.append((error, covariance, artificial))
    error, covariance, artificial = (
        np.concatenate([p[i] for p in parts]) for i in range(3)
    )
    for chosen in (artificial, ~artificial):
        found = recovery_statistics(error[chosen], covariance[chosen])
        low, high = spread_bounds(2 * found.n, 3)
        assert low < found.pull_std < high, found
    found = recovery_statistics(error[artificial], covariance[artificial])
    low, high = spread_bounds(2 * found.n, 3)
    assert low < found.crb_ratio < high, found


@pytest.mark.recovery
def test_a_plate_takes_up_aberration_in_focal_length_and_pointing(orbit):
    """ΔF/F = V·n/c, each exposure its own, as the satellite turns round the Earth."""
    right, left = solve(orbit.dataset), _without(orbit, "aberration")
    exposures = columns_of(orbit.dataset.exposures)
    ra, dec = exposures["ra"] * DEGREE, exposures["dec"] * DEGREE
    axis = np.asarray(direction_from_angles(jnp.asarray(ra), jnp.asarray(dec)))
    velocity = _vectors(exposures, ("obs_vx", "obs_vy", "obs_vz")) / SPEED_OF_LIGHT
    along = np.sum(axis * velocity, axis=1)[:, None]
    focal = np.asarray(right.solution.parameters.focal)
    stretch = np.asarray(left.solution.parameters.focal) / focal - 1.0
    layout = right.prepared.problem.layout
    variance = np.diag(right.solution.shared_covariance)[layout.exposures]
    sigma = np.sqrt(variance.reshape(-1, 5)[:, 3:]) / focal
    assert np.ptp(along) > 1e-5  # the satellite's share
    assert np.max(np.abs(stretch / sigma)) > 100  # it shows
    # Towards the apex the sky shrinks, as on a plate of shorter focal length.
    assert np.max(np.abs((stretch + along) / sigma)) < 3.0


@pytest.mark.recovery
def test_little_is_left_in_positions_when_scales_are_free(orbit):
    """At most about 0.15 mas: the field's second-order part."""
    right = solve(orbit.dataset)
    left = _without(orbit, "aberration")
    assert abs(left.solution.sigma0 - 1) < 0.02
    apart = np.asarray(
        tangent_offset(
            jnp.asarray(left.solution.direction), jnp.asarray(right.solution.direction)
        )
    )
    assert np.sqrt(np.mean(np.sum(apart**2, axis=1))) / MILLIARCSECOND < 0.15


@pytest.mark.recovery
def test_a_satellites_own_motion_shows_where_scales_are_fixed(orbit):
    """About 25 mas at a corner, and nothing of it where scales are free."""
    fixed = SolveOptions(fix=("scale",))
    right = solve(orbit.dataset, options=fixed)
    left = _earth_only(orbit, options=fixed)
    more = left.solution.residuals.sky - right.solution.residuals.sky
    size = np.linalg.norm(more, axis=1) / MILLIARCSECOND
    # The noise of a measurement is 4.2 mas.
    assert 5 * 4.2 < size.max() < 40.0
    free = _earth_only(orbit)
    assert abs(free.solution.sigma0 - 1) < 0.02


@pytest.mark.recovery
def test_deflection_left_out_is_a_smooth_field(orbit):
    """The Sun is 90° away: 4 mas of pointing, microarcseconds across a field."""
    right, left = solve(orbit.dataset), _without(orbit, "deflection")
    apart = np.asarray(
        tangent_offset(
            jnp.asarray(left.solution.direction), jnp.asarray(right.solution.direction)
        )
    )
    assert np.max(np.abs(apart)) / MILLIARCSECOND < 0.5
