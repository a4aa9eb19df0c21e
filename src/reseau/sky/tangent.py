"""Standard coordinates: gnomonic and equidistant, and the errors of their set-up.

ξ is towards East and η towards North at the tangent point, in radians. Gnomonic (FITS:
TAN) is what an ideal camera makes; equidistant (ARC) keeps distances from the axis, as
Schmidt plates bent to the focal sphere do. A wrong tangent point and a tilted detector
both add terms of second order in the coordinates, the tilt terms (Principles of
Differential Astrometry, Second step).
"""

from typing import TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy import ndarray

from reseau._precision import border
from reseau._typing import Direction, Scalars

from ._kinds import ANGLE, DIRECTION, OFFSET
from .directions import displaced, tangent_basis, tangent_offset

Offset: TypeAlias = Float[Array | ndarray, "*#batch 2"]

# Below this square the ratios are these series, highest power first; the first
# neglected term is under 1e-18.
_SMALL = 1e-3
_ARCTANGENT = (-1 / 11, 1 / 9, -1 / 7, 1 / 5, -1 / 3, 1.0)
_SINE = (1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1.0)
_COSINE = (1 / 40320, -1 / 720, 1 / 24, -1 / 2, 1.0)


@border(direction=DIRECTION, origin=DIRECTION)
def gnomonic(direction: Direction, origin: Direction) -> Float[Array, "*batch 2"]:
    """Return gnomonic standard coordinates (ξ, η) of directions.

    Parameters
    ----------
    direction
        Unit vectors towards the sources.
    origin
        Unit vectors towards the tangent point.

    Returns
    -------
    Coordinates towards East and North [rad of the centre]; NaN 90° from the origin and
    beyond, where nothing is projected.

    References
    ----------
    Calabretta & Greisen 2002, A&A 395, 1077, section 5.1, eqs. 54 and 55 (TAN).
    """
    direction, origin = jnp.asarray(direction), jnp.asarray(origin)
    ahead = jnp.sum(direction * origin, axis=-1, keepdims=True) > 0.0
    safe = jnp.where(ahead, direction, origin)
    return jnp.where(ahead, tangent_offset(safe, origin), jnp.nan)


@border(offset=OFFSET, origin=DIRECTION)
def from_gnomonic(offset: Offset, origin: Direction) -> Float[Array, "*batch 3"]:
    """Return the directions at gnomonic standard coordinates: undo `gnomonic`.

    Parameters
    ----------
    offset
        Coordinates towards East and North [rad of the centre].
    origin
        Unit vectors towards the tangent point.
    """
    return displaced(jnp.asarray(origin), jnp.asarray(offset))


@border(direction=DIRECTION, origin=DIRECTION)
def equidistant(direction: Direction, origin: Direction) -> Float[Array, "*batch 2"]:
    """Return equidistant standard coordinates (ξ, η) of directions.

    Parameters
    ----------
    direction
        Unit vectors towards the sources, anywhere on the sphere.
    origin
        Unit vectors towards the tangent point.

    Returns
    -------
    The angle from the origin, along East and North [rad]; NaN at the point opposite,
    which has no one place in the plane.

    References
    ----------
    Calabretta & Greisen 2002, A&A 395, 1077, section 5.1 (ARC).
    """
    direction, origin = jnp.asarray(direction), jnp.asarray(origin)
    east, north = tangent_basis(origin)
    xi = jnp.sum(direction * east, axis=-1)
    eta = jnp.sum(direction * north, axis=-1)
    ratio = _angle_ratio(xi * xi + eta * eta, jnp.sum(direction * origin, axis=-1))
    return jnp.stack([xi * ratio, eta * ratio], axis=-1)


@border(offset=OFFSET, origin=DIRECTION)
def from_equidistant(offset: Offset, origin: Direction) -> Float[Array, "*batch 3"]:
    """Return the directions at equidistant standard coordinates: undo `equidistant`.

    Parameters
    ----------
    offset
        The angle from the origin, along East and North [rad]; NaN comes of lengths
        beyond π.
    origin
        Unit vectors towards the tangent point.
    """
    offset, origin = jnp.asarray(offset), jnp.asarray(origin)
    east, north = tangent_basis(origin)
    ratio, cosine = _sine_ratio_and_cosine(jnp.sum(offset * offset, axis=-1))
    sideways = offset[..., 0:1] * east + offset[..., 1:2] * north
    return cosine[..., None] * origin + ratio[..., None] * sideways


@border(offset=OFFSET, shift=OFFSET, declination=ANGLE)
def tangent_point_error(
    offset: Offset, shift: Offset, *, declination: Scalars | None = None
) -> Float[Array, "*batch 2"]:
    """Return what a wrong tangent point does to gnomonic standard coordinates.

    Parameters
    ----------
    offset
        Coordinates (ξ, η) about the true tangent point [rad].
    shift
        Coordinates (a, b) of the wrong tangent point about the true one [rad].
    declination
        Of the tangent point [rad], when the axes at both points are their own East
        and North; None: the axes are carried along the great circle between the
        points, unturned.

    Returns
    -------
    Coordinates about the wrong point minus those about the true one [rad]:
    ``-a - ξ (a ξ + b η)`` and ``-b - η (a ξ + b η)``; with a declination also the turn
    of the meridians, ``a (η - b) tan δ`` and ``-a (ξ - a) tan δ``.

    Notes
    -----
    Exact in the coordinates and of first order in the shift: with the axes carried
    along, ``ξ' = (ξ - a) / (1 + a ξ + b η)`` but for squares of the shift. The terms
    left out are of the order of shift² times coordinates (with a declination also times
    tan² δ, so that the formula is of no use nearer to a pole than some shifts). A plate
    model of degree 1 takes up all but the tilt terms, a quadratic one these too.
    """
    offset, shift = jnp.asarray(offset), jnp.asarray(shift)
    along = jnp.sum(offset * shift, axis=-1, keepdims=True)
    error = -shift - offset * along
    if declination is None:
        return error
    turn = shift[..., 0] * jnp.tan(declination)
    about = offset - shift
    return error + jnp.stack([turn * about[..., 1], -turn * about[..., 0]], axis=-1)


@border(position=OFFSET, tilt=OFFSET)
def detector_tilt(position: Offset, tilt: Offset) -> Float[Array, "*batch 2"]:
    """Return what a tilted detector does to measured positions.

    Parameters
    ----------
    position
        Position (x, y) in the ideal plane, from the optical axis, in units of the focal
        length [rad].
    tilt
        Inclination (a, b) of the detector along x and y [rad]: at (x, y) it lies
        farther from the lens than the ideal plane, by a x + b y.

    Returns
    -------
    Measured minus ideal position [rad]: ``x (a x + b y)``, ``y (a x + b y)``.

    Notes
    -----
    Of first order in the tilt and second in the position; the terms left out are of the
    order tilt² times position² (and tilt² times position, by the foreshortening of the
    detector's own axes). In lengths: with the position in µm, the tilt is divided by
    the focal length in µm.
    """
    position, tilt = jnp.asarray(position), jnp.asarray(tilt)
    return position * jnp.sum(position * tilt, axis=-1, keepdims=True)


def _angle_ratio(sine_squared: Array, cosine: Array) -> Array:
    """Return θ / sin θ, smooth through zero; NaN at π.

    Of both branches sine and cosine need not be normalised, only to the same length.
    """
    small = (sine_squared < _SMALL * cosine * cosine) & (cosine > 0.0)
    safe = jnp.where(small, cosine, 1.0)
    tangent_squared = jnp.where(small, sine_squared, 0.0) / (safe * safe)
    series = jnp.polyval(jnp.asarray(_ARCTANGENT), tangent_squared) / safe
    usual = ~small & (sine_squared > 0.0)
    sine = jnp.sqrt(jnp.where(usual, sine_squared, 1.0))
    angle = jnp.arctan2(sine, jnp.where(usual, cosine, 1.0))
    return jnp.where(small, series, jnp.where(usual, angle / sine, jnp.nan))


def _sine_ratio_and_cosine(square: Array) -> tuple[Array, Array]:
    """Return sin θ / θ and cos θ of θ², smooth through zero; NaN beyond π."""
    small = square < _SMALL
    angle = jnp.sqrt(jnp.where(small, 1.0, square))
    angle = jnp.where(angle <= jnp.pi, angle, jnp.nan)
    near = jnp.where(small, square, 0.0)
    ratio = jnp.polyval(jnp.asarray(_SINE), near)
    cosine = jnp.polyval(jnp.asarray(_COSINE), near)
    return (
        jnp.where(small, ratio, jnp.sin(angle) / angle),
        jnp.where(small, cosine, jnp.cos(angle)),
    )


__all__ = [
    "detector_tilt",
    "equidistant",
    "from_equidistant",
    "from_gnomonic",
    "gnomonic",
    "tangent_point_error",
]
