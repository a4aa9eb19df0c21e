"""Stellar aberration, exact in special relativity.

A moving observer sees directions displaced towards the apex of the motion. The
formula is that of the Lorentz transformation of a light ray (Klioner 2003, AJ
125, 1580, eq. 12 without the term in the gravitational potential; seed 004,
section Aberration).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._typing import Direction, Velocity


def aberrate(direction: Direction, velocity: Velocity) -> Float[Array, "*batch 3"]:
    """Return the direction in which a moving observer sees a source.

    Parameters
    ----------
    direction
        Unit vectors towards the sources in the frame at rest.
    velocity
        Barycentric velocity of the observer [c].

    Returns
    -------
    Unit vectors, aberrated.
    """
    direction, velocity = jnp.asarray(direction), jnp.asarray(velocity)
    square = jnp.sum(velocity * velocity, axis=-1, keepdims=True)
    gamma = 1.0 / jnp.sqrt(1.0 - square)
    along = jnp.sum(direction * velocity, axis=-1, keepdims=True)
    moved = direction / gamma + (1.0 + along * gamma / (1.0 + gamma)) * velocity
    return moved / (1.0 + along)


def unaberrate(direction: Direction, velocity: Velocity) -> Float[Array, "*batch 3"]:
    """Undo `aberrate`: from apparent to geometric direction, exactly."""
    return aberrate(direction, -jnp.asarray(velocity))
