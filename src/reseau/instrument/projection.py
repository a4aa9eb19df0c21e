"""Projections from the camera's frame onto the plane.

Plane coordinates are in radians of the centre: multiplied by a focal length they
are the position in the focal plane. In FITS these are TAN, ARC and SIN (Calabretta &
Greisen 2002, A&A 395, 1077, section 5.1).
"""

import jax.numpy as jnp

from reseau.errors import unknown_name

from ._arrays import Pair, Triple, Values
from ._trigonometry import angle_ratio, cosine, sine_ratio

PROJECTIONS = ("gnomonic", "equidistant", "orthographic")


def check_projection(name: str, where: str = "projection") -> None:
    """Raise `ConfigError` unless `name` is one of `PROJECTIONS`."""
    if name not in PROJECTIONS:
        raise unknown_name("projection", name, PROJECTIONS, where=where)


def project(name: str, x: Values, y: Values, z: Values) -> Pair:
    """Project directions onto the plane.

    Parameters
    ----------
    name
        One of `PROJECTIONS`.
    x, y, z
        Components of unit vectors in the camera's frame; z along the optical axis.

    Returns
    -------
    Coordinates along x and y [rad]; NaN behind the projection's horizon (gnomonic:
    z ≤ 0, orthographic: z < 0, equidistant: only the point opposite to the axis).
    """
    check_projection(name)
    factor = _FACTORS[name](x * x + y * y, z)
    return x * factor, y * factor


def deproject(name: str, p: Values, q: Values) -> Triple:
    """Return the directions that `project` maps to a point of the plane.

    Parameters
    ----------
    name
        One of `PROJECTIONS`.
    p, q
        Coordinates along the camera's x and y [rad].

    Returns
    -------
    Components x, y, z of unit vectors in the camera's frame; NaN for points that no
    direction is mapped to (orthographic: beyond 1, equidistant: beyond π).
    """
    check_projection(name)
    factor, z = _INVERSES[name](p * p + q * q)
    return p * factor, q * factor, z


def _gnomonic(_sine_squared: Values, z: Values) -> Values:
    return 1.0 / jnp.where(z > 0.0, z, jnp.nan)


def _orthographic(_sine_squared: Values, z: Values) -> Values:
    return jnp.where(z >= 0.0, 1.0, jnp.nan)


def _equidistant(sine_squared: Values, z: Values) -> Values:
    defined = (sine_squared > 0.0) | (z > 0.0)
    return angle_ratio(
        jnp.where(defined, sine_squared, jnp.nan), jnp.where(defined, z, jnp.nan)
    )


def _inverse_gnomonic(radius_squared: Values) -> Pair:
    z = 1.0 / jnp.sqrt(1.0 + radius_squared)
    return z, z


def _inverse_orthographic(radius_squared: Values) -> Pair:
    inside = jnp.where(radius_squared <= 1.0, radius_squared, jnp.nan)
    return jnp.where(radius_squared <= 1.0, 1.0, jnp.nan), jnp.sqrt(1.0 - inside)


def _inverse_equidistant(radius_squared: Values) -> Pair:
    inside = jnp.where(radius_squared <= jnp.pi**2, radius_squared, jnp.nan)
    return sine_ratio(inside), cosine(inside)


_FACTORS = {
    "gnomonic": _gnomonic,
    "equidistant": _equidistant,
    "orthographic": _orthographic,
}
_INVERSES = {
    "gnomonic": _inverse_gnomonic,
    "equidistant": _inverse_equidistant,
    "orthographic": _inverse_orthographic,
}
