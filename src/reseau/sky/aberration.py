"""Stellar aberration: exact in special relativity, and its expansions.

A moving observer sees directions displaced towards the apex of the motion. The exact
formula is that of the Lorentz transformation of a light ray; in the solar system's
gravitation the velocity in it is the effective one of `effective_velocity` (Klioner
2003, AJ 125, 1580, section 5; Principles of Differential Astrometry, section
Aberration). The velocity is the observer's barycentric one: of the Earth's orbit (20″),
of her rotation (0.3″ at most) or of the satellite around her (5″), added as they are:
Galilean addition of coordinate velocities is exact in one frame.

A speed of light or more is impossible. Functions that may be traced cannot raise, so
here the answer is NaN, with NaN derivatives; values given by a user are checked where
they come in (`reseau.observers`, `reseau.verbs`), and the error names the row.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction, Scalars, Velocity
from reseau.records import Bodies

from ._kinds import ANGLE, BODIES, DIRECTION, NUMBER, SPEED, VELOCITY
from .directions import normalise


@border(direction=DIRECTION, velocity=VELOCITY)
def aberrate(direction: Direction, velocity: Velocity) -> Float[Array, "*batch 3"]:
    """Return the direction in which a moving observer sees a source.

    Parameters
    ----------
    direction
        Unit vectors towards the sources in the frame at rest; of other lengths, which
        are not looked for, come wrong directions.
    velocity
        Barycentric velocity of the observer [c]; NaN comes of speeds of 1 and more.

    Returns
    -------
    Unit vectors, aberrated.

    References
    ----------
    Klioner 2003, AJ 125, 1580, eq. 10; Urban & Seidelmann 2013, Explanatory
    Supplement to the Astronomical Almanac, eq. 7.40.
    """
    direction, velocity = jnp.asarray(direction), jnp.asarray(velocity)
    root = _inverse_gamma(velocity)
    along = jnp.sum(direction * velocity, axis=-1, keepdims=True)
    moved = direction * root + (1.0 + along / (1.0 + root)) * velocity
    return moved / (1.0 + along)


@border(direction=DIRECTION, velocity=VELOCITY)
def unaberrate(direction: Direction, velocity: Velocity) -> Float[Array, "*batch 3"]:
    """Undo `aberrate`: from apparent to geometric direction, exactly.

    Parameters
    ----------
    direction
        Unit vectors as the moving observer sees them; of other lengths come wrong
        directions.
    velocity
        Barycentric velocity of the observer [c], the same as in `aberrate`.
    """
    return aberrate(direction, -jnp.asarray(velocity))


@border(velocity=VELOCITY, potential=NUMBER, gamma=NUMBER)
def effective_velocity(
    velocity: Velocity, potential: Scalars, *, gamma: float | Array = 1.0
) -> Float[Array, "*batch 3"]:
    """Return the velocity that makes `aberrate` right in a gravitational potential.

    Parameters
    ----------
    velocity
        Barycentric velocity of the observer [c].
    potential
        Newtonian potential at the observer over c², w/c² > 0; see `potential`.
    gamma
        Parameter γ of the parametrised post-Newtonian formalism; 1 in general
        relativity.

    Returns
    -------
    The velocity against a resting observer at the same place, v (1 + (1 + γ) w/c²)
    [c].

    Notes
    -----
    The Sun's potential at 1 au moves stars by 0.4 µas. What is left out, the potential
    of the bodies' own motion before all, is under 1e-3 µas there.

    References
    ----------
    Klioner 2003, AJ 125, 1580, section 5.
    """
    factor = 1.0 + (1.0 + gamma) * jnp.asarray(potential)
    return factor[..., None] * jnp.asarray(velocity)


@border(bodies=BODIES)
def potential(bodies: Bodies) -> Float[Array, "*batch"]:
    """Return the gravitational potential of bodies at the observer, over c².

    Parameters
    ----------
    bodies
        Masses around the observer. The potential of one that the observer is inside
        of (the Earth, seen from her centre) is the one at its surface.

    References
    ----------
    Klioner 2003, AJ 125, 1580, section 5: w = Σ GM/r.
    """
    position, radius = jnp.asarray(bodies.position), jnp.asarray(bodies.radius)
    square = jnp.maximum(jnp.sum(position * position, axis=-1), radius * radius)
    return jnp.sum(bodies.mass / jnp.sqrt(square), axis=-1)


@border(direction=DIRECTION, velocity=VELOCITY)
def aberrate_first_order(
    direction: Direction, velocity: Velocity
) -> Float[Array, "*batch 3"]:
    """Return the aberrated direction to first order, the classical n - n×(n×β).

    Parameters
    ----------
    direction
        Unit vectors towards the sources in the frame at rest; of other lengths, which
        are not looked for, come wrong directions.
    velocity
        Barycentric velocity of the observer [c].

    Returns
    -------
    Unit vectors; they differ from `aberrate` by β²/4 at most, 0.5 mas for the Earth.
    """
    direction, velocity = jnp.asarray(direction), jnp.asarray(velocity)
    _, transverse = _split(direction, velocity)
    return normalise(direction + transverse)


@border(direction=DIRECTION, velocity=VELOCITY)
def aberrate_third_order(
    direction: Direction, velocity: Velocity
) -> Float[Array, "*batch 3"]:
    """Return the aberrated direction to third order in the velocity.

    Parameters
    ----------
    direction
        Unit vectors towards the sources in the frame at rest; of other lengths, which
        are not looked for, come wrong directions.
    velocity
        Barycentric velocity of the observer [c].

    Returns
    -------
    Unit vectors; they differ from `aberrate` by about β⁴/8, under 1e-5 µas for the
    Earth.

    Notes
    -----
    With d = n·β and the transverse part t = β - d n = -n×(n×β), the exact formula
    expands to ``n' = n + t (1 - d/2 + d²/2) - n t² (1 - d)/2 + O(β⁴)``.

    References
    ----------
    Klioner 2003, AJ 125, 1580, eq. 7 (the same terms, by order).
    """
    direction, velocity = jnp.asarray(direction), jnp.asarray(velocity)
    along, transverse = _split(direction, velocity)
    square = jnp.sum(transverse * transverse, axis=-1, keepdims=True)
    sideways = transverse * (1.0 - 0.5 * along + 0.5 * along * along)
    return normalise(direction * (1.0 - 0.5 * square * (1.0 - along)) + sideways)


@border(angle=ANGLE, speed=SPEED)
def aberration_angle(angle: Scalars, speed: Scalars) -> Float[Array, "*batch"]:
    """Return by how much aberration brings a source nearer to the apex, exactly.

    Parameters
    ----------
    angle
        Between the source and the apex of the motion, in the frame at rest [rad].
    speed
        Of the observer, β [c].

    Returns
    -------
    Δθ = θ - θ' [rad], from tan(θ'/2) = √((1 - β)/(1 + β)) tan(θ/2).

    Notes
    -----
    Written as 2 arctan(q sin θ / (1 + q cos θ)) with q = β / (1 + √(1 - β²)), which
    loses no digits at small speeds.
    """
    angle, speed = jnp.asarray(angle), jnp.asarray(speed)
    q = speed / (1.0 + _inverse_gamma(speed[..., None])[..., 0])
    return 2.0 * jnp.arctan2(q * jnp.sin(angle), 1.0 + q * jnp.cos(angle))


@border(angle=ANGLE, speed=SPEED)
def aberration_angle_third_order(
    angle: Scalars, speed: Scalars
) -> Float[Array, "*batch"]:
    """Return the aberration angle to third order in the speed.

    Parameters
    ----------
    angle, speed
        As in `aberration_angle`.

    Returns
    -------
    β sin θ - β²/4 sin 2θ + β³/6 sin θ (1 + 2 cos² θ) [rad].

    References
    ----------
    Urban & Seidelmann 2013, Explanatory Supplement to the Astronomical Almanac,
    section 7.2.3; Principles of Differential Astrometry, section Aberration.
    """
    sine, cosine, speed = jnp.sin(angle), jnp.cos(angle), jnp.asarray(speed)
    third = speed * (1.0 + 2.0 * cosine * cosine) / 6.0
    return speed * sine * (1.0 + speed * (third - 0.5 * cosine))


def _inverse_gamma(velocity: Array) -> Array:
    square = jnp.sum(velocity * velocity, axis=-1, keepdims=True)
    return jnp.sqrt(jnp.where(square < 1.0, 1.0 - square, jnp.nan))


def _split(direction: Array, velocity: Array) -> tuple[Array, Array]:
    """Return a velocity's component along a direction, and the rest as a vector."""
    along = jnp.sum(direction * velocity, axis=-1, keepdims=True)
    return along, velocity - along * direction


__all__ = [
    "aberrate",
    "aberrate_first_order",
    "aberrate_third_order",
    "aberration_angle",
    "aberration_angle_third_order",
    "effective_velocity",
    "potential",
    "unaberrate",
]
