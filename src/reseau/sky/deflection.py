"""Light deflection by the Sun, planets and moons.

A mass turns the directions of what is seen beyond it away from itself. The ray is
taken as straight, the bending is integrated along it (first post-Newtonian order,
PPN parameter γ), with the observer at his finite distance from the body and the
source at infinity or not: Klioner 2003, AJ 125, 1580, eq. 70 for the spherical part,
here in forms that keep their digits near the body, opposite to it and at right angles.
The oblateness of a body is in `deflection_quadrupole`. Bodies act independently.

**Neglected** is the second order. Its larger part is that the bent ray passes the
body farther out than the straight one: δ²D/d for a deflection δ, a body at the
distance D and the impact parameter d: 3.2 mas on the Sun's limb, 0.5 µas at 5° from
the Sun, 16 µas on Jupiter's limb at 6 au (Klioner & Zschocke 2010, Class. Quantum
Grav. 27, 075015, the "enhanced" terms). What remains is 11 µas on the Sun's limb and
falls as 1/d². ERFA's `ld`, and so Astropy, neglect the same.

**Inside a body's disc**, impact parameter less than the equatorial radius, nothing
shines through. There the deflection for each unit of impact parameter is held at its
value on the limb: the deflection is continuous and falls linearly to zero at the
centre, as with ERFA's limiter. All derivatives are finite; on the limb the first has
a step.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction, Position, Scalars
from reseau.records import Bodies

from ._kinds import ANGLE, BODIES, DIRECTION, LENGTH, NUMBER, POSITION
from .deflection_quadrupole import Ray, Triple, dot, gap, quadrupole_bending

# Each step leaves δD/d of the error, 0.002 on the Sun's limb: 1.75″ · 0.002⁵, below
# 1e-7 µas.
_STEPS = 5

# Angles [rad] and distances [au] below anything real, where points replace bodies.
_NO_ANGLE = 1e-12
_NO_DISTANCE = 1e-20


@border(direction=DIRECTION, bodies=BODIES, gamma=NUMBER, source=POSITION)
def deflect(
    direction: Direction,
    bodies: Bodies,
    *,
    gamma: float | Scalars = 1.0,
    source: Position | None = None,
) -> Float[Array, "*batch 3"]:
    """Return directions after the bending of light by bodies.

    Parameters
    ----------
    direction
        Geometric unit vectors from the observer, ICRS axes.
    bodies
        Masses around the observer, each where it was when the light passed it. The
        axes before those of the bodies broadcast with those of `direction`.
    gamma
        PPN parameter γ; 1 in general relativity.
    source
        From the observer to the source [au], for sources not far beyond the solar
        system; only the length is used. None: infinitely far away.

    Returns
    -------
    Unit vectors as an observer at rest sees them.

    References
    ----------
    Klioner 2003, AJ 125, 1580, eq. 70 (spherical part); Crosta & Mignard 2006, Class.
    Quantum Grav. 23, 4853 (oblateness).
    """
    start = _components(direction)
    bent = _bend(start, bodies, gamma, _length(source))
    return _joined(start, bent, 1.0)


@border(direction=DIRECTION, bodies=BODIES, gamma=NUMBER, source=POSITION)
def undeflect(
    direction: Direction,
    bodies: Bodies,
    *,
    gamma: float | Scalars = 1.0,
    source: Position | None = None,
) -> Float[Array, "*batch 3"]:
    """Return geometric directions of deflected ones: undo `deflect`.

    Parameters
    ----------
    direction
        Unit vectors as an observer at rest sees them, ICRS axes.
    bodies, gamma, source
        As in `deflect`.

    Notes
    -----
    A fixed number of fixed-point steps, to rounding for the bodies of the solar system.
    """
    seen = _components(direction)
    reach = _length(source)

    def step(_: Array, guess: Array) -> Array:
        bent = _bend(_components(guess), bodies, gamma, reach)
        return _joined(seen, bent, -1.0)

    shape = jnp.broadcast_shapes(
        jnp.shape(direction)[:-1],
        bodies.mass.shape[:-1],
        jnp.shape(gamma),
        () if reach is None else reach.shape,
    )
    first = jnp.broadcast_to(jnp.asarray(direction), (*shape, 3))
    return jax.lax.fori_loop(0, _STEPS, step, first)


@border(separation=ANGLE, distance=LENGTH, mass=LENGTH, gamma=NUMBER)
def deflection_angle(
    separation: Scalars,
    distance: Scalars,
    mass: Scalars,
    gamma: float | Scalars = 1.0,
) -> Array:
    """Return the deflection Δψ = (1 + γ) m/r cot(χ/2) by a spherical body [rad].

    Parameters
    ----------
    separation
        Angle χ between source and body [rad]; zero gives infinity.
    distance
        From the observer to the body [au].
    mass
        GM/c² [au].
    gamma
        PPN parameter γ.

    Notes
    -----
    Source at infinity. It is what `deflect` does outside the disc of a single body
    without oblateness, to first order. With χ' = π - χ, the angle from the point
    opposite to the body, it is (1 + γ) m/r tan(χ'/2); tan(χ/2), as sometimes printed,
    is a slip: it grows away from the body.

    References
    ----------
    Klioner 2003, AJ 125, 1580, eq. 64.
    """
    strength = (1.0 + gamma) * jnp.asarray(mass) / distance
    return jnp.asarray(strength / jnp.tan(0.5 * jnp.asarray(separation)))


def _components(vector: Direction) -> Triple:
    vector = jnp.asarray(vector)
    return vector[..., 0], vector[..., 1], vector[..., 2]


def _joined(start: Triple, bent: Triple, sign: float) -> Array:
    """Return the unit vectors along `start` plus or minus `bent`."""
    x, y, z = (a + sign * b for a, b in zip(start, bent, strict=True))
    inverse = 1.0 / jnp.sqrt(dot((x, y, z), (x, y, z)))
    return jnp.stack([x * inverse, y * inverse, z * inverse], axis=-1)


def _length(source: Position | None) -> Array | None:
    if source is None:
        return None
    vector = _components(source)
    return jnp.sqrt(jnp.maximum(dot(vector, vector), _NO_DISTANCE**2))


def _bend(
    direction: Triple, bodies: Bodies, gamma: float | Scalars, reach: Array | None
) -> Triple:
    """Return what all bodies together add to unit vectors, across them."""
    x, y, z = (jnp.zeros_like(a) for a in direction)
    for k in range(bodies.mass.shape[-1]):
        bent = _bend_by(direction, _one(bodies, k), reach)
        x, y, z = x - bent[0], y - bent[1], z - bent[2]
    return _scaled((x, y, z), jnp.asarray(1.0 + gamma))


class _Body(NamedTuple):
    """One of the bodies, fields as in `Bodies`."""

    position: Triple
    mass: Array
    radius: Array
    oblateness: Array
    pole: Triple


def _one(bodies: Bodies, k: int) -> _Body:
    return _Body(
        _components(bodies.position[..., k, :]),
        jnp.asarray(bodies.mass)[..., k],
        jnp.asarray(bodies.radius)[..., k],
        jnp.asarray(bodies.oblateness)[..., k],
        _components(bodies.pole[..., k, :]),
    )


def _bend_by(direction: Triple, body: _Body, reach: Array | None) -> Triple:
    """Return ∫ ∇U ds of one body, towards it."""
    place = body.position
    # An observer at the centre of a body, as the geocentre is, sees nothing of it.
    least = jnp.maximum(0.25 * body.radius**2, _NO_DISTANCE**2)
    inverse = 1.0 / jnp.sqrt(jnp.maximum(dot(place, place), least))
    size = jnp.clip((body.radius * inverse) ** 2, _NO_ANGLE**2, 1.0)
    far = None if reach is None else reach * inverse
    ray, bending = _monopole(direction, _scaled(place, inverse), size, far)
    strength = body.mass * inverse
    oblate = body.oblateness * size * strength
    polar = quadrupole_bending(ray, body.pole)
    x, y, z = (
        strength * bending * d + oblate * q
        for d, q in zip(ray.offset, polar, strict=True)
    )
    return x, y, z


def _scaled(vector: Triple, factor: Array) -> Triple:
    return vector[0] * factor, vector[1] * factor, vector[2] * factor


def _monopole(
    direction: Triple, toward: Triple, size: Array, reach: Array | None
) -> tuple[Ray, Array]:
    """Return the ray past a body, and the spherical part for each unit of offset.

    Parameters
    ----------
    direction
        Unit vectors to the sources.
    toward
        Unit vector to the body.
    size
        Square of the body's radius, in units of its distance as is all here.
    reach
        Distance of the source.
    """
    cosine = dot(toward, direction)
    x, y, z = (b - cosine * n for b, n in zip(toward, direction, strict=True))
    true = dot((x, y, z), (x, y, z))
    square = jnp.where(cosine > 0.0, jnp.maximum(true, size), true)
    ray = Ray(direction, cosine, (x, y, z), square, reach)
    if reach is None:
        return ray, 1.0 / gap(cosine, square)
    return ray, _monopole_between(ray, true, size, reach)


def _monopole_between(ray: Ray, true: Array, size: Array, reach: Array) -> Array:
    """Return ∫ (1 - s/L) ds/r³ from the observer to a source at the distance L.

    With b from the observer to the body and q from the body to the source it is
    (|q| + b·q)/(L d²) or, the same, L/(|q| - b·q).
    """
    beyond = reach - ray.cosine
    distance = jnp.sqrt(jnp.maximum(beyond**2 + true, size))
    product = ray.cosine * beyond - true
    behind = (distance + product) / (reach * jnp.maximum(ray.square, size))
    before = reach / (distance - jnp.minimum(product, 0.0))
    return jnp.where(product > 0.0, behind, before)


__all__ = ["deflect", "deflection_angle", "undeflect"]
