"""Annual parallax: what the place of the observer does to directions.

With the distance 1/ϖ of the source as unit the observer is at ``ϖ b``, so that the
vector form ``r - ϖ b`` is exact, for negative parallaxes too. The parallax factors are
its first order: displacements per parallax towards East and North (Principles of
Differential Astrometry, Parallactic displacement; Green 1985, Spherical Astronomy).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction, Position, Scalars

from ._kinds import ANGLE, DIRECTION, POSITION
from .directions import normalise, tangent_basis


@border(direction=DIRECTION, parallax=ANGLE, observer=POSITION)
def displace_by_parallax(
    direction: Direction, parallax: Scalars, observer: Position
) -> Float[Array, "*batch 3"]:
    """Shift barycentric directions to what an observer elsewhere would see.

    Parameters
    ----------
    direction
        Unit vectors towards the sources from the barycentre, ICRS.
    parallax
        Annual parallax [rad]; zero or negative is allowed, as in Gaia.
    observer
        Barycentric position of the observer, ICRS axes [au].

    Returns
    -------
    Unit vectors from the observer, before light deflection and aberration.
    """
    shift = jnp.asarray(parallax)[..., None] * jnp.asarray(observer)
    return normalise(jnp.asarray(direction) - shift)


@border(direction=DIRECTION, observer=POSITION)
def parallax_factors(direction: Direction, observer: Position) -> tuple[Array, Array]:
    """Return the parallax factors P and Q towards East and North [au].

    Parameters
    ----------
    direction
        Unit vectors towards the sources from the barycentre, ICRS.
    observer
        Barycentric position of the observer (X, Y, Z), ICRS axes [au].

    Notes
    -----
    Δα cos δ = ϖ P with P = X sin α - Y cos α, and Δδ = ϖ Q with
    Q = (X cos α + Y sin α) sin δ - Z cos δ; next are terms in (ϖ b)², 2.8 µas for
    the nearest star.
    """
    east, north = tangent_basis(jnp.asarray(direction))
    observer = jnp.asarray(observer)
    return -jnp.sum(observer * east, axis=-1), -jnp.sum(observer * north, axis=-1)
