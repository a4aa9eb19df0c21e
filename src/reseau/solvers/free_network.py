"""A free network: fixed by inner constraints over the positions of its sources.

Where no reference says how the sky is turned, the sum of the sources' shifts along each
rotation, and along the scale where that is free too, is zero.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._compiled import quick_jit
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.model import Parameters, Problem, take_step
from reseau.model.gauge import sky_rotations
from reseau.records import Surroundings
from reseau.sky import (
    apparent_direction,
    displaced,
    geometric_direction,
    tangent_offset,
)
from reseau.solvers.posterior.gaussian import InnerConstraints, companion_sources

from .null_space import NullSpace


def inner_constraints(
    problem: Problem, tiles: Plan, equations: Equations, null: NullSpace
) -> InnerConstraints | None:
    """Return what a free network is fixed by; None: nothing needs to be.

    Parameters
    ----------
    equations
        The last ones.
    null
        Their null directions.
    """
    if not problem.free_network or "sources" not in problem.free:
        return None
    layout = problem.layout
    axes = np.asarray(equations.axes)
    shared = np.concatenate([sky_rotations(axes, layout), null.scale], axis=1)
    n_sources = problem.prior.direction.shape[0]
    return InnerConstraints(
        shared, companion_sources(equations.system, tiles, shared, n_sources)
    )


def apply_constraints(
    problem: Problem, parameters: Parameters, constraints: InnerConstraints
) -> Parameters:
    """Return the network turned (and stretched) to where its sources started.

    Parameters
    ----------
    parameters
        Of the optimum.
    constraints
        As of `inner_constraints`.
    """
    for _ in range(3):
        amount = -constraints.amounts(np.asarray(parameters.offset))
        if amount.size > 3:
            parameters = take_step(
                parameters,
                constraints.shared[:, 3:] @ amount[3:],
                constraints.sources[:, :, 3:] @ amount[3:],
            )
        parameters = _turn_sky(problem, parameters, amount[:3])
    return parameters


def _turn_sky(problem: Problem, parameters: Parameters, turn: np.ndarray) -> Parameters:
    """Rotate all sources and cameras together, exactly."""
    angle = float(np.linalg.norm(turn))
    if angle == 0.0:
        return parameters
    x, y, z = turn / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    change = np.sin(angle) * cross + 2.0 * np.sin(angle / 2) ** 2 * (cross @ cross)
    offset = _turned(problem.prior.direction, parameters.offset, change)
    axes = np.asarray(parameters.axes)
    around = problem.exposures.surroundings
    if jax.tree.leaves(around):
        turned = np.asarray(_turned_axes(axes, around, change))
    else:
        turned = axes + axes @ change.T
    return replace(parameters, offset=np.asarray(offset), axes=turned)


@quick_jit
def _turned_axes(axes: Array, around: Surroundings, change: Array) -> Array:
    """Turn cameras so that they follow the apparent sky, which aberration deforms.

    Aberration is conformal: around each axis it turns and stretches. The stretch, the
    velocity times the turn, is left aside, and so is the shear of the others.
    """

    def seen(apparent: Array) -> Array:
        rest = geometric_direction(apparent, around)
        return apparent_direction(rest + rest @ change.T, around)

    axis, along = jax.jvp(seen, (axes[:, 2],), (axes[:, 1],))
    y = along / jnp.linalg.norm(along, axis=1, keepdims=True)
    return jnp.stack([jnp.cross(y, axis), y, axis], axis=1)


@quick_jit
def _turned(direction: Array, offset: Array, change: Array) -> Array:
    current = displaced(direction, offset)
    return tangent_offset(current + current @ change.T, direction)


__all__ = ["apply_constraints", "inner_constraints"]
