"""Uniform space motion and parallax: from a catalogue to what an observer sees.

A source is six numbers at its reference epoch, Gaia's: offsets of position in the
tangent plane, parallax, proper motion and radial velocity. In units of the distance
at the reference epoch the star is at ``r (1 + ζ τ) + μ τ`` from the barycentre (Gaia
DR2 documentation, section 3.1.7, eqs. 3.7-3.12; Butkevich & Lindegren 2014, A&A 570,
A62), the observer at ``ϖ b``; their difference, normalised, is the geometric
direction, exact for any parallax, zero and negative ones included.

Two conventions connect the six numbers with the motion. Gaia's, the default, leaves
light time out: τ is the time between observations. With ``light_time=True`` the light
that is seen left the star earlier the farther away the star was: proper motions count
per time of arrival, the radial velocity is c times the shift of wavelength over the
wavelength observed, and τ is the time between the departures of light (Stumpff 1985,
A&A 144, 232; Butkevich & Lindegren 2014). That is the convention of ERFA.

The rule for distances that are not known: the transverse speed follows from proper
motion and parallax. Where it would reach half the speed of light, as always where the
parallax is zero, it counts as zero, so that light time and the change of the radial
velocity, the only two that need it, do not see it. The direction in Gaia's convention
never needs it. Negative parallaxes enter the formulae as they are.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction, Position, Scalars
from reseau.constants import AU_PER_YEAR, SPEED_OF_LIGHT

from ._kinds import (
    ANGLE,
    ASTROMETRY,
    COVARIANCE,
    DIRECTION,
    POSITION,
    RADIAL_VELOCITY,
    TIME,
)
from ._track import LIGHT, departure_time, place_at, track
from .directions import displaced, normalise, tangent_basis, tangent_offset
from .parallax import parallax_factors


@border(radial_velocity=RADIAL_VELOCITY, parallax=ANGLE)
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


@border(direction=DIRECTION, observer=POSITION)
def roemer_delay(direction: Direction, observer: Position) -> Array:
    """Return how much earlier than at the barycentre light reaches an observer.

    Gaia's epochs are of the light's arrival at the barycentre: the time since a
    reference epoch that `direction_at` wants is longer by this than the time at the
    observer (Lindegren et al. 2012, A&A 538, A78, section 3.2).

    Parameters
    ----------
    direction
        Unit vectors towards the sources.
    observer
        Barycentric position of the observer, ICRS axes [au].

    Returns
    -------
    Delay of the barycentre [Julian yr], up to 8.3 min: 0.16 mas of Barnard's star.
    """
    direction, observer = jnp.asarray(direction), jnp.asarray(observer)
    return jnp.sum(direction * observer, axis=-1) / LIGHT


@border(direction=DIRECTION, astrometry=ASTROMETRY, elapsed=TIME, observer=POSITION)
def direction_at(
    direction: Direction,
    astrometry: Float[Array, "*#batch 6"],
    elapsed: Scalars,
    observer: Position,
    *,
    light_time: bool = False,
) -> Float[Array, "*batch 3"]:
    """Return the geometric direction from an observer after some time.

    Parameters
    ----------
    direction
        Barycentric unit vectors at the reference epoch, ICRS.
    astrometry
        East and north offsets from `direction` [rad], parallax [rad], proper motion
        towards East (right ascension times cos dec) and North [rad/yr], radial
        velocity [km/s].
    elapsed
        Time since the reference epoch [Julian yr, TCB].
    observer
        Barycentric position of the observer, ICRS axes [au].
    light_time
        Whether the six numbers are those of stars seen by light that takes its time
        (see `reseau.sky.motion`). Then `elapsed` is the time at the observer, whom
        light reaches up to 8.3 min before or after the barycentre (Roemer). Without
        it, `elapsed` is taken as it is.

    Returns
    -------
    Unit vectors from the observer, before light deflection and aberration.

    Notes
    -----
    The two conventions differ by 12 µas for Barnard's star over ten years.
    """
    direction, observer = jnp.asarray(direction), jnp.asarray(observer)
    return _seen(direction, astrometry, 0.0, elapsed, observer, light_time)


def _seen(
    direction: Array,
    astrometry: Array,
    surplus: Scalars | float,
    elapsed: Scalars,
    observer: Array,
    light_time: bool,
) -> Array:
    line = track(direction, astrometry, surplus, light_time)
    parallax, time = astrometry[..., 2], jnp.asarray(elapsed)
    if light_time:
        ahead = jnp.sum(line.start * observer, axis=-1) / LIGHT
        time = departure_time(line, parallax, time + ahead)
    return normalise(place_at(line, time) - parallax[..., None] * observer)


@border(direction=DIRECTION, astrometry=ASTROMETRY)
def straight_line(
    direction: Direction, astrometry: Float[Array, "*#batch 6"]
) -> tuple[Float[Array, "*batch 3"], Float[Array, "*batch 3"]]:
    """Return the line on which a star moves, in units of its distance at the epoch.

    In Gaia's convention, without light time, a star that an observer at ``b`` sees τ
    after the reference epoch is towards ``start + velocity τ − ϖ b``: normalised that
    is `direction_at`. What depends on the star alone is so computed once.

    Parameters
    ----------
    direction, astrometry
        As in `direction_at`.

    Returns
    -------
    Direction at the reference epoch, and velocity, along the line of sight too [1/yr].
    """
    line = track(jnp.asarray(direction), astrometry, 0.0, light_time=False)
    return line.start, line.start * line.zeta[..., None] + line.proper


@border(direction=DIRECTION, astrometry=ASTROMETRY, elapsed=TIME, observer=POSITION)
def linear_direction_at(
    direction: Direction,
    astrometry: Float[Array, "*#batch 6"],
    elapsed: Scalars,
    observer: Position,
) -> Float[Array, "*batch 3"]:
    """Return the direction by the simplified model, linear in the parameters.

    Parameters
    ----------
    direction, astrometry, elapsed, observer
        As in `direction_at`; the radial velocity has no effect.

    Notes
    -----
    Offsets in the tangent plane of `direction` are ξ = ξ₀ + μ_α* t + ϖ P and η = η₀ +
    μ_δ t + ϖ Q (Principles of Differential Astrometry, First step). What is left out is
    the perspective acceleration 2 μ ζ t²/2 and terms (μ t)³, (ϖ b)².
    """
    factors = jnp.stack(parallax_factors(direction, observer), axis=-1)
    time = jnp.asarray(elapsed)[..., None]
    offset = (
        astrometry[..., :2]
        + astrometry[..., 3:5] * time
        + astrometry[..., 2:3] * factors
    )
    return displaced(jnp.asarray(direction), offset)


@border(direction=DIRECTION, astrometry=ASTROMETRY, elapsed=TIME)
def propagate(
    direction: Direction,
    astrometry: Float[Array, "*#batch 6"],
    elapsed: Scalars,
    *,
    light_time: bool = False,
) -> tuple[Float[Array, "*batch 3"], Float[Array, "*batch 6"]]:
    """Carry all six parameters to another epoch, as the barycentre sees the star.

    Parameters
    ----------
    direction, astrometry, elapsed, light_time
        As in `direction_at`.

    Returns
    -------
    Directions at the new epoch, and the parameters there: offsets zero, proper motion
    towards East and North of the new direction.

    References
    ----------
    Gaia DR2 documentation, section 3.1.7 (without light time); Butkevich & Lindegren
    2014, A&A 570, A62 (with it).
    """
    direction, astrometry = jnp.asarray(direction), jnp.asarray(astrometry)
    new, proper, rest = _carried(direction, astrometry, 0.0, elapsed, light_time)
    east, north = tangent_basis(new)
    return new, _parameters(jnp.zeros_like(rest), proper, rest, east, north)


def _carried(
    direction: Array,
    astrometry: Array,
    surplus: Scalars | float,
    elapsed: Scalars,
    light_time: bool,
) -> tuple[Array, Array, Array]:
    """Return new direction, vector of proper motion, (parallax, radial velocity)."""
    line = track(direction, astrometry, surplus, light_time)
    parallax, time = astrometry[..., 2], jnp.asarray(elapsed)
    if light_time:
        time = departure_time(line, parallax, time)
    place = place_at(line, time)
    nearer = 1.0 / jnp.sqrt(jnp.sum(place * place, axis=-1))
    new = place * nearer[..., None]
    velocity = line.start * line.zeta[..., None] + line.proper
    along = jnp.sum(velocity * new, axis=-1, keepdims=True)
    proper = (velocity - along * new) * nearer[..., None]
    radial = line.radial * (1.0 + line.zeta * time) + line.turning * time
    radial = radial * nearer
    if light_time:
        doppler = 1.0 + radial
        proper = proper / doppler[..., None]
        # The speed, and with it √(1 - β²), is that of the reference epoch.
        radial = radial - line.radial + line.shift * line.doppler
        radial = radial / doppler
    rest = jnp.stack([parallax * nearer, SPEED_OF_LIGHT * radial], axis=-1)
    return new, proper, rest


def _parameters(
    offset: Array, proper: Array, rest: Array, east: Array, north: Array
) -> Array:
    components = [jnp.sum(proper * axis, axis=-1) for axis in (east, north)]
    motion = jnp.stack(components, axis=-1)
    return jnp.concatenate([offset, rest[..., :1], motion, rest[..., 1:]], axis=-1)


@border(direction=DIRECTION, astrometry=ASTROMETRY, covariance=COVARIANCE, elapsed=TIME)
def propagate_with_covariance(
    direction: Direction,
    astrometry: Float[Array, "*#batch 6"],
    covariance: Float[Array, "*#batch 6 6"],
    elapsed: Scalars,
    *,
    light_time: bool = False,
) -> tuple[
    Float[Array, "*batch 3"], Float[Array, "*batch 6"], Float[Array, "*batch 6 6"]
]:
    """Carry all six parameters and their full covariance to another epoch.

    Parameters
    ----------
    direction, astrometry, elapsed, light_time
        As in `propagate`.
    covariance
        Covariance of `astrometry`, in its units.

    Returns
    -------
    Directions, parameters, and the covariance J C Jᵀ of the parameters in the tangent
    plane, and with the East and North, of the new direction.

    Notes
    -----
    The sixth parameter is the radial velocity. Where Gaia's documents (and pygaia) have
    the radial proper motion ζ = v ϖ / A instead, its variance contains
    (σ_ϖ σ_v / A)², which no Jacobian of v and ϖ gives: the variance of a product. Its
    effect on the other five parameters is added here, so their covariance is the same.
    """

    def one(
        start: Array, mean: Array, matrix: Array, time: Array
    ) -> tuple[Array, Array, Array]:
        new, moved = propagate(start, mean, time, light_time=light_time)
        east, north = tangent_basis(new)

        def parameters(seven: Array) -> Array:
            place, proper, rest = _carried(start, seven[:6], seven[6], time, light_time)
            offset = tangent_offset(place, new)
            return _parameters(offset, proper, rest, east, north)

        return new, moved, _transformed(parameters, mean, matrix)

    each = jnp.vectorize(one, signature="(k),(p),(p,q),()->(k),(p),(p,q)")
    return each(direction, astrometry, covariance, elapsed)


def _transformed(
    function: Callable[[Array], Array], mean: Array, covariance: Array
) -> Array:
    """Return J C Jᵀ of a function of six parameters and a surplus of ζ.

    The surplus is the product of the deviations of parallax and radial velocity.
    """
    jacobian = jax.jacfwd(function)(jnp.append(mean, 0.0))
    linear, surplus = jacobian[:, :6], jacobian[:, 6]
    variance = covariance[2, 2] * covariance[5, 5] / AU_PER_YEAR**2
    return linear @ covariance @ linear.T + variance * jnp.outer(surplus, surplus)


@border(
    direction=DIRECTION,
    astrometry=ASTROMETRY,
    covariance=COVARIANCE,
    elapsed=TIME,
    observer=POSITION,
)
def direction_and_covariance(
    direction: Direction,
    astrometry: Float[Array, "*#batch 6"],
    covariance: Float[Array, "*#batch 6 6"],
    elapsed: Scalars,
    observer: Position,
    *,
    light_time: bool = False,
) -> tuple[Float[Array, "*batch 3"], Float[Array, "*batch 2 2"]]:
    """Carry sources with their full covariance to an epoch and an observer.

    Parameters
    ----------
    direction, astrometry, elapsed, observer, light_time
        As in `direction_at`; the position offsets of `astrometry` are usually zero.
    covariance
        Covariance of `astrometry`, in its units.

    Returns
    -------
    Directions, and their covariances J C Jᵀ in the tangent plane (east, north) of
    the new direction [rad²], as in `propagate_with_covariance`.
    """

    def one(
        start: Array, mean: Array, matrix: Array, time: Array, place: Array
    ) -> tuple[Array, Array]:
        new = _seen(start, mean, 0.0, time, place, light_time)

        def offset(seven: Array) -> Array:
            seen = _seen(start, seven[:6], seven[6], time, place, light_time)
            return tangent_offset(seen, new)

        return new, _transformed(offset, mean, matrix)

    each = jnp.vectorize(one, signature="(k),(p),(p,q),(),(k)->(k),(r,r)")
    return each(direction, astrometry, covariance, elapsed, observer)
