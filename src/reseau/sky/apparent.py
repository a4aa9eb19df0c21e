"""From the geometric direction to the one that an observer sees, and back.

The order is that of the light's way: bodies bend it on its way through the solar
system, the moving observer aberrates what arrives, and the air refracts it last
(Klioner 2003, AJ 125, 1580; Gaia DR2 documentation, section 3.1.5; Principles of
Differential Astrometry, First step). A star's own motion and the parallax come before,
in `motion`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction
from reseau.records import Surroundings

from ._kinds import DIRECTION, SURROUNDINGS
from .aberration import aberrate, unaberrate
from .deflection import deflect, undeflect
from .refraction import refract, unrefract


@border(direction=DIRECTION, surroundings=SURROUNDINGS)
def apparent_direction(
    direction: Direction, surroundings: Surroundings
) -> Float[Array, "*batch 3"]:
    """Return the directions in which an observer sees sources.

    Parameters
    ----------
    direction
        Geometric unit vectors from the observer, ICRS axes.
    surroundings
        What acts; its axes broadcast with those of `direction`.

    Returns
    -------
    Unit vectors, deflected, aberrated and refracted as far as `surroundings` say.
    """
    direction = jnp.asarray(direction)
    if surroundings.bodies is not None:
        direction = deflect(direction, surroundings.bodies)
    if surroundings.velocity is not None:
        direction = aberrate(direction, surroundings.velocity)
    if surroundings.air is not None:
        direction = refract(direction, surroundings.air)
    return direction


@border(direction=DIRECTION, surroundings=SURROUNDINGS)
def geometric_direction(
    direction: Direction, surroundings: Surroundings
) -> Float[Array, "*batch 3"]:
    """Return geometric directions of apparent ones: undo `apparent_direction`."""
    direction = jnp.asarray(direction)
    if surroundings.air is not None:
        direction = unrefract(direction, surroundings.air)
    if surroundings.velocity is not None:
        direction = unaberrate(direction, surroundings.velocity)
    if surroundings.bodies is not None:
        direction = undeflect(direction, surroundings.bodies)
    return direction


__all__ = ["apparent_direction", "geometric_direction"]
