"""Derivatives by JAX against central differences."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy import ndarray

from quick import quick_jit

STEP = 1e-3

# Weights of f(x + k h) - f(x - k h) over h for k = 1, 2, ...: errors of order h², h⁶.
RULES = {1: (1 / 2,), 3: (45 / 60, -9 / 60, 1 / 60)}


class Three(NamedTuple):
    """A value, and its Jacobian three ways; a column for each argument's number.

    Attributes
    ----------
    value
        Of the function, flat.
    forward, reverse
        By JAX, mode by mode.
    numeric
        By differences.
    """

    value: ndarray
    forward: ndarray
    reverse: ndarray
    numeric: ndarray


class Slopes:
    """A function's Jacobian with respect to all of its arguments, three ways.

    Compiled once, at the first call, for arguments of one shape.

    Parameters
    ----------
    function
        Of arrays; its result, any tree of arrays, is taken as one flat array.
    step
        Of the differences, one for all numbers or one for each.
    pairs
        Of points that each difference is made of: see `RULES`.
    """

    def __init__(
        self,
        function: Callable[..., object],
        step: float | ndarray = STEP,
        *,
        pairs: int = 3,
    ) -> None:
        self._function = function
        self._step = step
        self._weights = np.array(RULES[pairs])
        self._compiled = quick_jit(self._three)

    def _three(self, step: jax.Array, *arguments: jax.Array) -> tuple[jax.Array, ...]:
        flat, restore = ravel_pytree(arguments)

        def function(x: jax.Array) -> jax.Array:
            return ravel_pytree(self._function(*restore(x)))[0]

        value, push = jax.linearize(function, flat)
        pull = jax.linear_transpose(push, flat)
        moves = jnp.diag(jnp.broadcast_to(step, flat.shape))
        far = jnp.arange(1.0, 1 + len(self._weights))[:, None, None] * moves
        # One trace for all points, so that there is little to compile.
        ends = jax.vmap(jax.vmap(jax.vmap(function)))(flat + jnp.stack([far, -far]))
        numeric = jnp.einsum("k,kij->ji", self._weights, ends[0] - ends[1]) / step
        return (
            value,
            jax.vmap(push, out_axes=-1)(jnp.eye(flat.size)),
            jax.vmap(lambda row: pull(row)[0])(jnp.eye(value.size)),
            numeric,
        )

    def three(self, *arguments: object, step: float | ndarray | None = None) -> Three:
        """Return value and Jacobians; `step` stands in for the one given before."""
        at = [jnp.asarray(each, dtype=float) for each in arguments]
        step = self._step if step is None else step
        found = self._compiled(jnp.asarray(step), *at)
        return Three(*(np.asarray(each) for each in found))

    def check(self, *arguments: object, tolerance: float = 1e-9) -> None:
        """Assert that forward, reverse and numeric derivatives are the same.

        Parameters
        ----------
        arguments
            Where the function is differentiated, with respect to every one.
        tolerance
            Relative to the largest derivative, or to 1.
        """
        _, forward, reverse, numeric = self.three(*arguments)
        allowed = tolerance * max(1.0, np.abs(forward).max())
        np.testing.assert_allclose(forward, numeric, atol=allowed, equal_nan=False)
        np.testing.assert_allclose(reverse, forward, atol=1e-3 * allowed)

    def check_finite(self, *arguments: object) -> None:
        """Assert that no derivative is infinite or not a number."""
        _, forward, reverse, _ = self.three(*arguments)
        assert np.isfinite(forward).all()
        assert np.isfinite(reverse).all()


__all__ = ["RULES", "STEP", "Slopes", "Three"]
