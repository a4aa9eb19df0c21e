"""Uniform space motion and parallax: from a catalogue to what an observer sees.

A source is six numbers at its reference epoch, Gaia's: offsets of position in
the tangent plane, parallax, proper motion and the radial term. In units of the
distance at the reference epoch the star is at ``r (1 + ζ t) + μ t`` from the
barycentre (Butkevich & Lindegren 2014, A&A 570, A62, eq. 7), the observer at
``ϖ b``; their difference, normalised, is the geometric direction, exact for
any parallax, zero and negative ones included.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._typing import Direction, Position, Scalars
from reseau.constants import AU_PER_YEAR

from .directions import displaced, normalise, tangent_basis, tangent_offset


def radial_motion(radial_velocity: Scalars, parallax: Scalars) -> Array:
    """Return the radial proper motion ζ = v ϖ / A [rad/yr].

    Parameters
    ----------
    radial_velocity
        Radial velocity, positive for recession [km/s].
    parallax
        Annual parallax [rad].
    """
    return jnp.asarray(radial_velocity * parallax / AU_PER_YEAR)


def direction_at(
    direction: Direction,
    astrometry: Float[Array, "*batch 6"],
    elapsed: Scalars,
    observer: Position,
) -> Float[Array, "*batch 3"]:
    """Return the geometric direction from an observer after some time.

    Parameters
    ----------
    direction
        Barycentric unit vectors at the reference epoch, ICRS.
    astrometry
        East and north offsets from `direction` [rad], parallax [rad], proper
        motion in right ascension times cos dec and in declination [rad/yr],
        radial velocity [km/s].
    elapsed
        Time since the reference epoch [Julian yr, TCB].
    observer
        Barycentric position of the observer, ICRS axes [au].

    Returns
    -------
    Unit vectors from the observer, before light deflection and aberration.

    Notes
    -----
    Light-time effects (the Roemer delay of the star's motion) are left out, as in
    Gaia's definition of the five parameters.
    """
    east, north = tangent_basis(direction)
    start = displaced(direction, astrometry[..., :2])
    parallax = astrometry[..., 2]
    zeta = radial_motion(astrometry[..., 5], parallax)
    proper = astrometry[..., 3:4] * east + astrometry[..., 4:5] * north
    t = jnp.asarray(elapsed)[..., None]
    position = start * (1.0 + zeta[..., None] * t) + proper * t
    return normalise(position - parallax[..., None] * observer)


def direction_and_covariance(
    direction: Direction,
    astrometry: Float[Array, "n 6"],
    covariance: Float[Array, "n 6 6"],
    elapsed: Float[Array, "n"],
    observer: Position,
) -> tuple[Float[Array, "n 3"], Float[Array, "n 2 2"]]:
    """Carry sources with their full covariance to an epoch and an observer.

    Parameters
    ----------
    direction, astrometry, elapsed, observer
        As in `direction_at`; the position offsets of `astrometry` are usually zero.
    covariance
        Covariance of `astrometry`, in its units.

    Returns
    -------
    Directions, and their covariances J C Jᵀ in the tangent plane (east, north) of
    the new direction [rad²].
    """

    def one(
        start: Array, parameters: Array, matrix: Array, time: Array, place: Array
    ) -> tuple[Array, Array]:
        mean = direction_at(start, parameters, time, place)
        jacobian = jax.jacfwd(
            lambda p: tangent_offset(direction_at(start, p, time, place), mean)
        )(parameters)
        return mean, jacobian @ matrix @ jacobian.T

    places = jnp.broadcast_to(jnp.asarray(observer), direction.shape)
    return jax.vmap(one)(
        jnp.asarray(direction),
        jnp.asarray(astrometry),
        jnp.asarray(covariance),
        jnp.asarray(elapsed),
        places,
    )
