"""Derivatives by JAX against central differences."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

STEP = 1e-3


class Slopes:
    """A function's Jacobian with respect to all of its arguments, three ways.

    Compiled once, at the first call, for arguments of one shape.
    """

    def __init__(self, function: Callable[..., jax.Array], step: float = STEP) -> None:
        self._function = function
        self._step = step
        self._jacobians = jax.jit(self._three)

    def _three(self, *arguments: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        flat, restore = ravel_pytree(arguments)

        def value(x: jax.Array) -> jax.Array:
            return jnp.ravel(self._function(*restore(x)))

        def slope(along: jax.Array) -> jax.Array:
            # Six points: the error is of order h⁶.
            ends = [
                value(flat + k * self._step * along)
                - value(flat - k * self._step * along)
                for k in (1, 2, 3)
            ]
            return (45 * ends[0] - 9 * ends[1] + ends[2]) / (60 * self._step)

        numeric = jax.vmap(slope, out_axes=-1)(jnp.eye(flat.size))
        return jax.jacfwd(value)(flat), jax.jacrev(value)(flat), numeric

    def _all(self, *arguments: object) -> list[np.ndarray]:
        at = [jnp.asarray(each, dtype=float) for each in arguments]
        return [np.asarray(each) for each in self._jacobians(*at)]

    def jacobians(self, *arguments: object) -> list[np.ndarray]:
        """Return the Jacobians by forward and by reverse differentiation."""
        return self._all(*arguments)[:2]

    def check(self, *arguments: object, tolerance: float = 1e-9) -> None:
        """Assert that forward, reverse and numeric derivatives are the same.

        Parameters
        ----------
        arguments
            Where the function is differentiated, with respect to every one.
        tolerance
            Relative to the largest derivative, or to 1.
        """
        forward, reverse, numeric = self._all(*arguments)
        allowed = tolerance * max(1.0, np.abs(forward).max())
        np.testing.assert_allclose(forward, numeric, atol=allowed, equal_nan=False)
        np.testing.assert_allclose(reverse, forward, atol=1e-3 * allowed)


__all__ = ["STEP", "Slopes"]
