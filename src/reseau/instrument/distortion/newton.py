"""Invert an elementwise map of the plane by Newton's method, differentiably.

The iteration itself is not differentiated: one more Newton step from the converged
point carries the first derivatives with respect to positions and coefficients
exactly (implicit function theorem), forwards and backwards. Second derivatives are
not carried.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy import ndarray

from reseau._typing import Index, Mask
from reseau.instrument._arrays import Pair, Values

TOLERANCE = 1e-12
"""Largest residual at which the iteration stops, in units of the length scale."""

ACCEPTED = 1e-9
"""A residual above this, in the same units, is no solution: the result is NaN."""

MAX_ITERATIONS = 20

Coefficients = Float[Array | ndarray, "n_coef ..."]
PlaneMap = Callable[[Values, Values, Coefficients], Pair]
State = tuple[Index, Values, Values, Values, Values]


def invert(
    forward: PlaneMap,
    x: Values,
    y: Values,
    coefficients: Coefficients,
    *,
    length: float,
) -> Pair:
    """Find the points that `forward` maps to x, y.

    Parameters
    ----------
    forward
        Elementwise map of (x, y, coefficients), not far from the identity.
    x, y
        Where the points are to be mapped to; also the start [um].
    coefficients
        Third argument of `forward`.
    length
        Scale of the tolerance [um].

    Returns
    -------
    Coordinates x and y [um]; NaN where no solution was found.
    """
    x, y = jnp.broadcast_arrays(jnp.asarray(x), jnp.asarray(y))
    fixed = jax.lax.stop_gradient((x, y, coefficients))
    u, v, residual_u, residual_v = _iterate(forward, *fixed, length=length)
    found = jnp.maximum(jnp.abs(residual_u), jnp.abs(residual_v)) <= ACCEPTED * length
    # Derivatives are those at u, v, where the curvature would show what is missing.
    du, dv = _newton_step(forward, u, v, fixed[2], (residual_u, residual_v))
    u, v = u + du, v + dv
    du, dv = _newton_step(
        forward, u, v, fixed[2], _residual(forward, x, y, u, v, coefficients)
    )
    return jnp.where(found, u + du, jnp.nan), jnp.where(found, v + dv, jnp.nan)


def _iterate(
    forward: PlaneMap,
    x: Values,
    y: Values,
    coefficients: Coefficients,
    *,
    length: float,
) -> tuple[Values, Values, Values, Values]:
    def unfinished(state: State) -> Mask:
        count, _, _, du, dv = state
        # NaN compares as false: points without a solution do not hold up the rest.
        large = (jnp.abs(du) > TOLERANCE * length) | (jnp.abs(dv) > TOLERANCE * length)
        return (count < MAX_ITERATIONS) & jnp.any(large)

    def body(state: State) -> State:
        count, u, v, ru, rv = state
        du, dv = _newton_step(forward, u, v, coefficients, (ru, rv))
        u, v = u + du, v + dv
        return count + 1, u, v, *_residual(forward, x, y, u, v, coefficients)

    x, y, *_ = jnp.broadcast_arrays(x, y, *forward(x, y, coefficients))
    start: State = (jnp.asarray(0), x, y, *_residual(forward, x, y, x, y, coefficients))
    return jax.lax.while_loop(unfinished, body, start)[1:]


def _residual(
    forward: PlaneMap,
    x: Values,
    y: Values,
    u: Values,
    v: Values,
    coefficients: Coefficients,
) -> Pair:
    reached_x, reached_y = forward(u, v, coefficients)
    return x - reached_x, y - reached_y


def _newton_step(
    forward: PlaneMap, u: Values, v: Values, coefficients: Coefficients, residual: Pair
) -> Pair:
    one, zero = jnp.ones_like(u), jnp.zeros_like(u)

    def at(u: Values, v: Values) -> Pair:
        return forward(u, v, coefficients)

    _, (xu, yu) = jax.jvp(at, (u, v), (one, zero))
    _, (xv, yv) = jax.jvp(at, (u, v), (zero, one))
    determinant = xu * yv - xv * yu
    rx, ry = residual
    return (yv * rx - xv * ry) / determinant, (xu * ry - yu * rx) / determinant
