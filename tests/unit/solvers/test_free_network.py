"""A free network is turned as a whole: its shape and its pixels stay."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from plates import make_plate
from quick import quick_jit
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.instrument import camera_axes
from reseau.sky import displaced, tangent_basis, tangent_offset
from reseau.solvers.free_network import apply_constraints, inner_constraints
from reseau.solvers.null_space import NullSpace
from reseau.solvers.posterior.gaussian import InnerConstraints

_displaced, _offset = quick_jit(displaced), quick_jit(tangent_offset)


def _plate(**choices):
    plate = make_plate(free_network=True, **choices)
    # Truth starts from the priors' directions, which are off by milliarcseconds.
    offset = np.asarray(_offset(plate.direction, plate.problem.prior.direction))
    return plate.problem, replace(plate.truth, offset=offset)


def _nothing(problem):
    p = problem.layout.size
    return NullSpace((), (), np.zeros(p, dtype=bool), np.zeros((p, 0)))


@pytest.fixture(scope="module")
def network():
    problem, truth = _plate()
    tiles = plan_tiles(problem)
    equations = equations_at(problem, tiles, truth, 0.0)
    found = inner_constraints(problem, tiles, equations, _nothing(problem))
    seen = np.bincount(problem.measurements.source, minlength=60) > 0
    return problem, truth, tiles, found, seen


def _turned(problem, parameters, rotation):
    """Return a network turned about an axis, sources and cameras, without reseau."""
    direction = np.array(_displaced(problem.prior.direction, parameters.offset))
    offset = _offset(rotation.apply(direction), problem.prior.direction)
    axes = np.asarray(parameters.axes) @ rotation.as_matrix().T
    return replace(parameters, offset=np.asarray(offset), axes=axes)


def test_sources_follow_the_cameras(network):
    """Of a turn ω a source at d follows by ω × d, by no more and no less."""
    problem, truth, _, found, seen = network
    assert found.shared.shape == (problem.layout.size, 3)
    direction = np.asarray(_displaced(problem.prior.direction, truth.offset))
    east, north = (
        np.asarray(v) for v in tangent_basis(jnp.asarray(problem.prior.direction))
    )
    for i, turn in enumerate(np.eye(3)):
        moved = np.cross(turn, direction)
        wanted = np.stack([(moved * east).sum(1), (moved * north).sum(1)], axis=1)
        # The square of some mas between the basis and the place, and rounding.
        np.testing.assert_allclose(
            found.sources[seen, :, i], wanted[seen], rtol=0, atol=1e-13
        )
    assert np.all(found.sources[~seen] == 0.0)


def test_a_turned_network_is_turned_back(network):
    """Wherever the cameras were turned to, the offsets hold no rotation in the end."""
    problem, truth, tiles, found, seen = network
    rotation = Rotation.from_rotvec([2e-3, -1e-3, 3e-3])
    away = _turned(problem, truth, rotation)
    assert np.abs(found.amounts(away.offset)).max() > 1e-3
    back = apply_constraints(problem, away, found)
    # Three turns by what is left: rounding of positions of radians.
    np.testing.assert_allclose(found.amounts(np.asarray(back.offset)), 0.0, atol=1e-13)
    before, after = (residuals_at(problem, tiles, p).pixel for p in (truth, back))
    # 1e-16 of 3e5 pixels from the pole of the camera's frame, some operations.
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-8)
    direct = apply_constraints(problem, truth, found)
    np.testing.assert_allclose(back.axes, direct.axes, rtol=0, atol=1e-13)
    np.testing.assert_allclose(
        back.offset[seen], direct.offset[seen], rtol=0, atol=1e-13
    )


def test_shape_is_kept_and_all_else_untouched(network):
    problem, truth, _, found, seen = network
    away = _turned(problem, truth, Rotation.from_rotvec([0.0, 2e-3, -1e-3]))
    back = apply_constraints(problem, away, found)
    before, after = (
        np.asarray(_displaced(problem.prior.direction, p.offset))[seen]
        for p in (truth, back)
    )
    np.testing.assert_allclose(after @ after.T, before @ before.T, rtol=0, atol=1e-13)
    for name in ("focal", "coefficients", "skew", "detectors"):
        np.testing.assert_array_equal(getattr(back, name), getattr(away, name))
    for axes in np.asarray(back.axes):
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), rtol=0, atol=1e-13)


def test_a_moving_observer_sees_the_same_pixels():
    """Cameras follow the apparent sky; what aberration stretches is v times the turn.

    At 1e-4 c and a turn of 1e-3, over a field of 0.01 rad, that is 1e-9 rad or 3e-4
    pixel. Cameras turned with the catalogue would be off by v times the turn itself.
    """
    problem, truth = _plate(velocity=1e-4)
    tiles = plan_tiles(problem)
    equations = equations_at(problem, tiles, truth, 0.0)
    found = inner_constraints(problem, tiles, equations, _nothing(problem))
    turn = np.array([6e-4, 5e-4, -6e-4])
    away = replace(truth, offset=truth.offset + found.sources @ turn)
    rotation = Rotation.from_rotvec(-found.amounts(away.offset))
    before, after, naive = (
        residuals_at(problem, tiles, parameters).pixel
        for parameters in (
            away,
            apply_constraints(problem, away, found),
            _turned(problem, away, rotation),
        )
    )
    assert np.abs(after - before).max() < 5e-4
    assert np.abs(naive - before).max() > 1e-2


def test_stretched_networks_are_stretched_back(network):
    """A direction beyond the rotations is taken off linearly, before the turn."""
    problem, truth, _, found, seen = network
    layout = problem.layout
    focal = np.zeros((layout.size, 1))
    focal[layout.exposures].reshape(-1, 5)[:, 3:, None][:] = -3e6
    middle = problem.prior.direction[seen].mean(axis=0)
    middle /= np.linalg.norm(middle)
    away = np.asarray(_offset(problem.prior.direction, np.tile(middle, (len(seen), 1))))
    follow = np.where(seen[:, None], away, 0.0)[:, :, None]
    constraints = InnerConstraints(
        np.concatenate([found.shared, focal], axis=1),
        np.concatenate([found.sources, follow], axis=2),
    )
    stretched = replace(truth, offset=truth.offset + 1e-4 * follow[:, :, 0])
    moved = apply_constraints(problem, stretched, constraints)
    left = constraints.amounts(np.asarray(moved.offset))
    # What a turn of 1e-7 and a stretch of 1e-4 give together, twice corrected.
    np.testing.assert_allclose(left, 0.0, atol=1e-13)
    start = constraints.amounts(truth.offset)[3]
    # The focal lengths follow what the sources were stretched by.
    change = np.asarray(moved.focal) - np.asarray(truth.focal)
    np.testing.assert_allclose(change, 3e6 * (1e-4 + start), rtol=1e-8)


def test_nothing_to_fix(network):
    problem, truth, tiles, _, _ = network
    equations = equations_at(problem, tiles, truth, 0.0)
    known = replace(problem, free_network=False)
    assert inner_constraints(known, tiles, equations, _nothing(problem)) is None
    held = tuple(block for block in problem.free if block != "sources")
    fixed = replace(problem, free=held)
    assert inner_constraints(fixed, tiles, equations, _nothing(problem)) is None


def test_constraints_take_along_the_directions_of_scale(network):
    problem, truth, tiles, found, _ = network
    equations = equations_at(problem, tiles, truth, 0.0)
    scale = np.zeros((problem.layout.size, 1))
    scale[problem.layout.exposures].reshape(-1, 5)[:, 3:, None][:] = 1.0
    null = _nothing(problem)._replace(scale=scale)
    both = inner_constraints(problem, tiles, equations, null)
    assert both.shared.shape[1] == both.sources.shape[2] == 4
    np.testing.assert_array_equal(both.shared[:, :3], found.shared)
    np.testing.assert_array_equal(both.shared[:, 3:], scale)


def test_a_network_at_rest_stays(network):
    problem, truth, _, found, _ = network
    attitude = np.asarray(problem.exposures.attitude)
    rest = replace(
        truth,
        offset=np.zeros_like(truth.offset),
        axes=np.asarray(camera_axes(jnp.asarray(attitude))),
    )
    back = apply_constraints(problem, rest, found)
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(rest), strict=True):
        np.testing.assert_array_equal(one, other)
