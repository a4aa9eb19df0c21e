"""Refraction of directions: images are lifted towards the zenith, and put back.

Laplace's formula gives refraction as a function of the *observed* zenith distance, so
`unrefract` is explicit and `refract` solves ``z = z₀ + R(z₀)`` by Newton's method.
Written in the ratio of R to the sine of the zenith distance and in squares of sines,
nothing is singular: neither at the zenith, nor at or below the horizon.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction
from reseau.records import Air
from reseau.sky._kinds import AIR, DIRECTION

LOWEST_COSINE = math.cos(math.radians(85.0))
"""Nearer to the horizon than 85° Laplace's series means nothing; see `refract`."""

_NEWTON_STEPS = 3


@border(direction=DIRECTION, air=AIR)
def refract(direction: Direction, air: Air) -> Float[Array, "*batch 3"]:
    """Return the directions in which sources are seen through the air.

    Parameters
    ----------
    direction
        Unit vectors from the observer without air, deflected and aberrated, ICRS axes.
    air
        Zenith and Laplace's constants; its axes broadcast with those of `direction`.

    Returns
    -------
    Unit vectors, moved towards the zenith by R.

    Notes
    -----
    Beyond an observed zenith distance of 85°, where the series means nothing, tan z₀ is
    held at sin z₀ / cos 85°. So everything stays finite, continuous and invertible
    under jit down to the nadir; that light from there is not seen is for
    `check_zenith_distance` to say.
    """
    direction, zenith, x, c = _about_zenith(direction, air)

    def ratio(rho: Array) -> Array:
        sine, cosine = _sine_over(x, rho), _cosine(x, rho)
        return _ratio(air, x * (cosine - c * sine) ** 2, c * cosine + x * sine) * (
            cosine - c * sine
        )

    rho = _fixed_point(ratio, _ratio(air, x, c))
    return _turned(direction, zenith, c, _cosine(x, rho), _sine_over(x, rho))


@border(direction=DIRECTION, air=AIR)
def unrefract(direction: Direction, air: Air) -> Float[Array, "*batch 3"]:
    """Return the directions without air of sources seen at `direction`.

    The exact inverse of `refract`.
    """
    direction, zenith, x, c = _about_zenith(direction, air)
    rho = _ratio(air, x, c)
    return _turned(direction, zenith, c, _cosine(x, rho), -_sine_over(x, rho))


@border(direction=DIRECTION, zenith=DIRECTION)
def zenith_distance(direction: Direction, zenith: Direction) -> Array:
    """Return the angle between directions and the zenith [rad].

    Digits are kept near the zenith; there, and at the nadir, the derivative is zero.
    """
    cross = jnp.cross(direction, zenith)
    square = jnp.sum(cross * cross, axis=-1)
    at_pole = square == 0.0
    sine = jnp.where(at_pole, 0.0, jnp.sqrt(jnp.where(at_pole, 1.0, square)))
    return jnp.arctan2(sine, jnp.sum(direction * zenith, axis=-1))


def _about_zenith(direction: Direction, air: Air) -> tuple[Array, Array, Array, Array]:
    """Return direction, zenith, sin² z and cos z."""
    direction, zenith = jnp.asarray(direction), jnp.asarray(air.zenith)
    cross = jnp.cross(direction, zenith)
    cosine = jnp.sum(direction * zenith, axis=-1)
    return direction, zenith, jnp.sum(cross * cross, axis=-1), cosine


def _ratio(air: Air, square: Array, cosine: Array) -> Array:
    """Return R / sin z₀, of sin² z₀ and cos z₀."""
    secant = 1.0 / jnp.maximum(cosine, LOWEST_COSINE)
    return secant * (air.tangent - air.cube * square * secant**2)


def _sine_over(square: Array, rho: Array) -> Array:
    """Return sin R / sin z with R = rho sin z, by its series; R is below 0.01 rad."""
    y = square * rho**2
    return rho * (1.0 - y / 6.0 * (1.0 - y / 20.0 * (1.0 - y / 42.0)))


def _cosine(square: Array, rho: Array) -> Array:
    """Return cos R with R = rho sin z, by its series."""
    y = square * rho**2
    return 1.0 - y / 2.0 * (1.0 - y / 12.0 * (1.0 - y / 30.0 * (1.0 - y / 56.0)))


def _fixed_point(function: Callable[[Array], Array], start: Array) -> Array:
    """Solve ``rho = function(rho)`` by Newton's method from near the solution."""
    rho = start
    for _ in range(_NEWTON_STEPS):
        value, slope = jax.jvp(function, (rho,), (jnp.ones_like(rho),))
        rho = rho - (rho - value) / (1.0 - slope)
    return rho


def _turned(
    direction: Array, zenith: Array, cosine: Array, cos_r: Array, sine_over: Array
) -> Array:
    """Turn directions towards the zenith by R, given cos R and sin R / sin z."""
    up = zenith - cosine[..., None] * direction
    return direction * cos_r[..., None] + up * sine_over[..., None]


__all__ = ["LOWEST_COSINE", "refract", "unrefract", "zenith_distance"]
