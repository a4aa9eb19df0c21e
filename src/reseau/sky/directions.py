"""Unit vectors and angles, ICRS.

Inside reseau a direction is a unit vector: differences of angles lose digits
and break at the poles and at RA = 0. Angles appear at the border only.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction, Scalars

from ._kinds import ANGLE, DIRECTION, OFFSET, VECTOR


@border(ra=ANGLE, dec=ANGLE)
def direction_from_angles(ra: Scalars, dec: Scalars) -> Float[Array, "*batch 3"]:
    """Return the unit vectors towards right ascension and declination.

    Parameters
    ----------
    ra, dec
        Right ascension and declination, ICRS [rad].
    """
    cos_dec = jnp.cos(dec)
    x, y = cos_dec * jnp.cos(ra), cos_dec * jnp.sin(ra)
    return jnp.stack([x, y, jnp.broadcast_to(jnp.sin(dec), x.shape)], axis=-1)


@border(direction=DIRECTION)
def angles_from_direction(direction: Direction) -> tuple[Array, Array]:
    """Return right ascension in [0, 2π) and declination [rad] of directions.

    At the exact poles the right ascension is zero.
    """
    x, y, z = direction[..., 0], direction[..., 1], direction[..., 2]
    at_pole = (x == 0.0) & (y == 0.0)
    ra = jnp.where(at_pole, 0.0, jnp.arctan2(y, jnp.where(at_pole, 1.0, x)))
    rho = jnp.where(at_pole, 0.0, jnp.hypot(jnp.where(at_pole, 1.0, x), y))
    return ra % (2 * jnp.pi), jnp.arctan2(z, rho)


@border(direction=DIRECTION)
def tangent_basis(direction: Direction) -> tuple[Array, Array]:
    """Return the unit vectors towards East and North at `direction`.

    At the poles East is the one of right ascension zero, (0, 1, 0).

    References
    ----------
    Butkevich & Lindegren 2014, A&A 570, A62 (normal triad).
    """
    x, y, z = direction[..., 0], direction[..., 1], direction[..., 2]
    rho = jnp.hypot(x, y)
    # Nearer to the pole than this, derivatives would overflow.
    at_pole = rho < 1e-100
    safe = jnp.where(at_pole, 1.0, rho)
    cos_ra = jnp.where(at_pole, 1.0, x / safe)
    sin_ra = jnp.where(at_pole, 0.0, y / safe)
    east = jnp.stack([-sin_ra, cos_ra, jnp.zeros_like(x)], axis=-1)
    north = jnp.stack([-z * cos_ra, -z * sin_ra, rho], axis=-1)
    return east, north


@border(vector=VECTOR)
def normalise(vector: Direction) -> Float[Array, "*batch 3"]:
    """Scale vectors to unit length."""
    vector = jnp.asarray(vector)
    return vector / jnp.sqrt(jnp.sum(vector * vector, axis=-1, keepdims=True))


@border(direction=DIRECTION, origin=DIRECTION)
def tangent_offset(direction: Direction, origin: Direction) -> Float[Array, "*batch 2"]:
    """Return the gnomonic offsets (east, north) of `direction` from `origin` [rad].

    NaN, derivatives too, 90° from the origin and beyond, where nothing is projected;
    `gnomonic` has derivatives of zero there.
    """
    east, north = tangent_basis(origin)
    along = jnp.sum(direction * origin, axis=-1)
    along = jnp.where(along > 0.0, along, jnp.nan)
    xi = jnp.sum(direction * east, axis=-1) / along
    eta = jnp.sum(direction * north, axis=-1) / along
    return jnp.stack([xi, eta], axis=-1)


@border(direction=DIRECTION, offset=OFFSET)
def displaced(direction: Direction, offset: Array) -> Float[Array, "*batch 3"]:
    """Return the direction at gnomonic offsets (east, north) [rad] from `direction`.

    The inverse of `tangent_offset`.
    """
    east, north = tangent_basis(direction)
    return normalise(direction + offset[..., 0:1] * east + offset[..., 1:2] * north)
