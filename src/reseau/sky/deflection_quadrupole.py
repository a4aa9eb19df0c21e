"""The part of light deflection that a body owes to its oblateness.

The potential of an oblate body is ``U = m/r [1 - J₂ (R/r)² P₂(cos θ)]``, θ from the
axis of rotation. Its gradient across the straight ray, integrated along the ray, is
a sum of integrals of ``uⁱ rⁿ`` with ``r² = d² + u²``, u being the way along the ray
from the point nearest to the body and d the impact parameter. All are elementary.
With ``p = 1 - cos χ``, χ the angle between source and body, and the observer's
distance from the body as the unit of length,

    ∫ du/r³ = 1/p,  ∫ du/r⁵ = (2 - c)/(3p²),  ∫ du/r⁷ = (8 - 9c + 3c²)/(15p³)

from the observer to infinity (c = cos χ): sums of positive numbers, good anywhere
on the sky. Seen from very far away the result is that of Crosta & Mignard 2006
(Class. Quantum Grav. 23, 4853); Klioner 2003 (AJ 125, 1580) has the same effect in
another form.
"""

from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

Triple: TypeAlias = tuple[Array, Array, Array]
"""The x, y and z of vectors, apart: twice as fast as a last axis of three."""


def dot(a: Triple, b: Triple) -> Array:
    """Return the scalar product of vectors in components."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


class Ray(NamedTuple):
    """A straight ray to the observer past a body, in units of his distance from it.

    Attributes
    ----------
    direction
        Unit vector from the observer to the source.
    cosine
        Of the angle between source and body.
    offset
        The way from the ray to the body, at right angles to the ray.
    square
        Impact parameter squared, not less than the radius of a body in front.
    reach
        Distance of the source; None: infinity.
    """

    direction: Triple
    cosine: Array
    offset: Triple
    square: Array
    reach: Array | None


class _Tails(NamedTuple):
    """Integrals over the ray from some point on: ∫du/r³, /r⁵, /r⁷; ∫u du/r⁵, /r⁷."""

    third: Array
    fifth: Array
    seventh: Array
    first_fifth: Array
    first_seventh: Array


class _Moments(NamedTuple):
    """Weighted integrals, observer to source: of 1, u over r⁵ and 1, u, u² over r⁷."""

    fifth: Array
    first_fifth: Array
    seventh: Array
    first_seventh: Array
    second_seventh: Array


def gap(cosine: Array, square: Array) -> Array:
    """Return 1 - cos χ without cancellation, by the impact parameter where it is small.

    Parameters
    ----------
    cosine
        cos χ, the body seen from a point of the ray.
    square
        Impact parameter squared in units of that point's distance from the body.
    """
    ahead = jnp.maximum(cosine, 0.0)
    return jnp.where(cosine > 0.0, square / (1.0 + ahead), 1.0 - cosine)


def quadrupole_bending(ray: Ray, pole: Triple) -> Triple:
    """Return ∫ ∇U ds of the oblateness, in units of J₂ m R².

    Parameters
    ----------
    ray
        Its course past the body.
    pole
        Unit vector along the body's axis.

    Returns
    -------
    Components of the vector across the ray; towards the body is what attracts.
    """
    along = dot(pole, ray.direction)
    aside = dot(pole, ray.offset)
    m = _moments(ray)
    squared = (
        along**2 * m.second_seventh
        - 2.0 * along * aside * m.first_seventh
        + aside**2 * m.seventh
    )
    towards = 1.5 * m.fifth - 7.5 * squared
    polar = 3.0 * (aside * m.fifth - along * m.first_fifth)
    x, y, z = (
        towards * d + polar * (c - along * n)
        for d, c, n in zip(ray.offset, pole, ray.direction, strict=True)
    )
    return x, y, z


def _moments(ray: Ray) -> _Moments:
    """Return the integrals from the observer to the source.

    A ray that must arrive from a source at a distance L is turned at the observer by
    what bends it near him more than by what bends it near the source: the weight is
    1 - s/L, s being the distance from the observer.
    """
    near = _tails(jnp.asarray(1.0), ray.cosine, ray.square)
    if ray.reach is None:
        second = near.fifth - ray.square * near.seventh
        return _Moments(
            near.fifth, near.first_fifth, near.seventh, near.first_seventh, second
        )
    beyond = ray.reach - ray.cosine
    distance = jnp.sqrt(beyond**2 + ray.square)
    far = _tails(distance, -beyond / distance, ray.square)
    part = _Tails(*(a - b for a, b in zip(near, far, strict=True)))
    second_fifth = part.third - ray.square * part.fifth
    second_seventh = part.fifth - ray.square * part.seventh
    third_seventh = part.first_fifth - ray.square * part.first_seventh
    return _Moments(
        (beyond * part.fifth - part.first_fifth) / ray.reach,
        (beyond * part.first_fifth - second_fifth) / ray.reach,
        (beyond * part.seventh - part.first_seventh) / ray.reach,
        (beyond * part.first_seventh - second_seventh) / ray.reach,
        (beyond * second_seventh - third_seventh) / ray.reach,
    )


def _tails(distance: Array, cosine: Array, square: Array) -> _Tails:
    """Return integrals from a point at a distance r from the body to infinity.

    Parameters
    ----------
    distance
        r.
    cosine
        Of the angle at that point between the way out and the body.
    square
        Impact parameter squared.
    """
    inverse = 1.0 / distance**2
    narrow = gap(cosine, square * inverse)
    wide = inverse / narrow
    return _Tails(
        wide,
        (2.0 - cosine) / 3.0 * wide**2,
        (8.0 + cosine * (3.0 * cosine - 9.0)) / 15.0 * wide**3,
        inverse / distance / 3.0,
        inverse**2 / distance / 5.0,
    )


__all__ = ["Ray", "Triple", "dot", "gap", "quadrupole_bending"]
