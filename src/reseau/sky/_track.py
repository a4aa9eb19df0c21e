"""The straight line on which a star moves, and when the light that is seen left it.

The formulae behind `motion`, which states the conventions and the rule for distances
that are not known.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from reseau._typing import Direction, Scalars
from reseau.constants import AU_PER_YEAR, SPEED_OF_LIGHT

from .directions import displaced, tangent_basis

LIGHT = SPEED_OF_LIGHT / AU_PER_YEAR
"""Speed of light [au/yr]."""

FASTEST = 0.5
"""Transverse speed from which on the distance counts as not known [c]."""


class Track(NamedTuple):
    """A straight line through space, in units of the distance at the reference epoch.

    Attributes
    ----------
    start
        Direction at the reference epoch.
    proper, zeta
        Velocity across (vector) and along `start` [1/yr].
    radial
        Velocity along `start` [c].
    turning
        Transverse velocity times proper motion, the rate at which the radial velocity
        grows [c/yr].
    doppler
        Time of arrival per time of departure at the reference epoch; one without light
        time.
    shift
        Radial velocity as it is measured [c].
    """

    start: Array
    proper: Array
    zeta: Array
    radial: Array
    turning: Array
    doppler: Array
    shift: Array


def track(
    direction: Direction,
    astrometry: Array,
    surplus: Scalars | float,
    light_time: bool,
) -> Track:
    """Return the line on which a source moves.

    Parameters
    ----------
    direction, astrometry, light_time
        As in `motion.direction_at`.
    surplus
        Radial proper motion beyond that of the parameters [rad/yr].
    """
    start = displaced(direction, astrometry[..., :2])
    east, north = _carried_basis(direction, start)
    seen = astrometry[..., 3:4] * east + astrometry[..., 4:5] * north
    parallax, shift = astrometry[..., 2], astrometry[..., 5] / SPEED_OF_LIGHT
    square = jnp.sum(astrometry[..., 3:5] ** 2, axis=-1)
    distance = _distance(parallax, square)
    turning = square * distance / LIGHT
    if light_time:
        radial = _radial_velocity(shift, turning * distance / LIGHT)
        doppler = 1.0 + radial
    else:
        radial, doppler = shift, jnp.ones_like(shift)
    zeta = radial * LIGHT * parallax + surplus
    proper = doppler[..., None] * seen
    return Track(start, proper, zeta, radial, doppler**2 * turning, doppler, shift)


def _carried_basis(direction: Direction, start: Array) -> tuple[Array, Array]:
    """Return East and North of `direction`, carried along the great circle to `start`.

    So proper motions are those of the star wherever in its error ellipse it is, also
    at the poles, where East itself turns (Butkevich & Lindegren 2014, A&A 570, A62).
    """
    middle = direction + start
    scale = 1.0 + jnp.sum(direction * start, axis=-1, keepdims=True)

    def carry(axis: Array) -> Array:
        return axis - middle * jnp.sum(axis * start, axis=-1, keepdims=True) / scale

    east, north = tangent_basis(direction)
    return carry(east), carry(north)


def _distance(parallax: Array, square: Array) -> Array:
    """Return 1/ϖ [au], or zero where it is not known (see the module's rule)."""
    known = square < (FASTEST * LIGHT * parallax) ** 2
    # At rest a star has a distance too, but nothing here needs it.
    return jnp.where(known, 1.0 / jnp.where(known, parallax, 1.0), 0.0)


def _radial_velocity(shift: Array, square: Array) -> Array:
    """Return the true radial velocity [c] of the measured one.

    Parameters
    ----------
    shift
        Shift of wavelength over the wavelength observed.
    square
        Square of proper motion times distance, per time of arrival [c²].

    Notes
    -----
    With D = 1 + β_r the two measured velocities are s = β_t / D and
    1 - a = √(1 - β_r² - β_t²) / D (Butkevich & Lindegren 2014, A&A 570, A62); these are
    solved by D = 2 / (1 + (1 - a)² + s²), always slower than light.
    """
    return (2.0 * shift - shift**2 - square) / (1.0 + (1.0 - shift) ** 2 + square)


def departure_time(line: Track, parallax: Array, elapsed: Array) -> Array:
    """Return the time between departures of the light that arrives `elapsed` apart.

    Notes
    -----
    With T = 1/(ϖ c) the light needed T then and T |r (1 + ζ τ) + μ τ| now, so that
    τ + T (|...| - 1) = t: a quadratic equation a τ² - 2 h τ + k = 0, written so that it
    holds for ϖ = 0 (Butkevich & Lindegren 2014, A&A 570, A62).
    """
    inverse = parallax * LIGHT
    proper = jnp.sum(line.proper**2, axis=-1)
    a = inverse - line.radial * line.zeta - line.turning
    h = line.doppler + elapsed * inverse
    k = elapsed * (2.0 + elapsed * inverse)
    along = line.doppler + line.zeta * elapsed
    root = jnp.sqrt(along**2 + (2.0 * line.turning + proper * elapsed) * elapsed)
    # The same root twice: the first loses digits where h < 0, the second at ϖ = 0.
    forward = h > 0.0
    first = k / jnp.where(forward, h + root, 1.0)
    second = (h - root) / jnp.where(forward, 1.0, a)
    return jnp.where(forward, first, second)


def place_at(line: Track, time: Array) -> Array:
    """Return the place on the line, `time` [yr] after the reference epoch."""
    time = time[..., None]
    return line.start * (1.0 + line.zeta[..., None] * time) + line.proper * time
