"""What an effect does within one field, and how much of it a plate model takes up.

Differential astrometry sees of an effect only what differs from star to star, and of
that only what the plate's own parameters cannot imitate. Aberration, for one, is a
conformal map of the sphere: at the centre of a field it is a pure change of scale, to
first order by 1 - V·n/c; its next term is of the order V/c θ², the one after V/c θ³.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax.lax import stop_gradient
from jaxtyping import Array, Float
from numpy import ndarray

from reseau._precision import border
from reseau._typing import Direction, Scalar, Velocity
from reseau.errors import ShapeError, explain

from ._kinds import ANGLE, DIRECTION, OFFSET, VELOCITY
from ._plate_checks import powers, refuse_not_finite, refuse_undetermined
from .aberration import aberrate
from .directions import displaced, normalise, tangent_offset


class DifferentialEffect(NamedTuple):
    """How an effect acts over a square field; all lengths of displacements [rad].

    Attributes
    ----------
    shift
        Displacement of the centre, east and north.
    rms, largest
        Differential displacements, those relative to the centre's: root mean square
        over the field, and the largest.
    rms_left, largest_left
        The same after a least-squares plate model of degree 0, 1, 2, ... (shift,
        affine, quadratic).
    """

    shift: Float[Array, "2"]
    rms: Float[Array, ""]
    largest: Float[Array, ""]
    rms_left: Float[Array, "degrees"]
    largest_left: Float[Array, "degrees"]


@border(offset=OFFSET, displacement=OFFSET)
def plate_residual(
    offset: Float[Array | ndarray, "n 2"],
    displacement: Float[Array | ndarray, "n 2"],
    degree: int,
) -> Float[Array, "n 2"]:
    """Return what a polynomial plate model leaves of a field of displacements.

    Parameters
    ----------
    offset
        Standard coordinates of the stars [rad], or any other plane coordinates.
    displacement
        Displacement of each star [rad]; each column is fitted for itself.
    degree
        Total degree of the polynomial: 0 shift, 1 affine, 2 quadratic, ...

    Returns
    -------
    Displacements less the unweighted least-squares polynomial [rad].

    Raises
    ------
    ShapeError
        When there are fewer stars than coefficients.
    CatalogueError
        When a value is not finite; one would make the whole plate NaN.
    DegeneracyError
        When the stars do not determine the polynomial: all on one line, for degree 1.

    Notes
    -----
    The last two need values: under `jax.jit` the result is NaN, or says nothing.
    """
    refuse_not_finite(offset, displacement)
    return _residual(jnp.asarray(offset), jnp.asarray(displacement), degree)


def _residual(offset: Array, displacement: Array, degree: int) -> Array:
    q, triangle = jnp.linalg.qr(_monomials(offset, degree))
    refuse_undetermined(triangle, powers(degree), offset)
    return displacement - q @ (q.T @ displacement)


@border(centre=DIRECTION, offset=OFFSET)
def differential(
    function: Callable[[Array], Array],
    centre: Float[Array | ndarray, "3"],
    offset: Float[Array | ndarray, "n 2"],
) -> Float[Array, "n 2"]:
    """Return displacements over a field relative to that of its centre.

    Parameters
    ----------
    function
        From unit vectors to displaced ones, for one and for many.
    centre
        Unit vector towards the centre of the field.
    offset
        Standard coordinates of the stars about the centre [rad].

    Returns
    -------
    Displacements in standard coordinates [rad]. The displaced field is carried back
    along the great circle of the centre's displacement, so that neither the shift nor
    the turn of East and North between the two places is in them.
    """
    centre = normalise(centre)
    moved_centre = normalise(function(centre))
    moved = function(displaced(centre, jnp.asarray(offset)))
    return tangent_offset(_carried(moved, moved_centre, centre), centre) - offset


@border(centre=DIRECTION, half_side=ANGLE)
def differential_effect(
    function: Callable[[Array], Array],
    centre: Float[Array | ndarray, "3"],
    half_side: Scalar | float,
    degree: int = 2,
    *,
    n_side: int = 21,
) -> DifferentialEffect:
    """Say how much of an effect is differential, and how much a plate model leaves.

    Parameters
    ----------
    function, centre
        As in `differential`.
    half_side
        Half the side of the square field [rad].
    degree
        Highest degree of the plate models tried.
    n_side
        Points along each side of the grid on which the field is sampled, corners
        included.

    Raises
    ------
    DegeneracyError
        When the field has no size, or `n_side` is not above `degree`.
    """
    offset, centre = _grid(half_side, n_side), normalise(centre)
    field = differential(function, centre, offset)
    left = [_residual(offset, field, k) for k in range(degree + 1)]
    sizes = [_size(each) for each in left]
    rms, largest = _size(field)
    return DifferentialEffect(
        tangent_offset(function(centre), centre),
        rms,
        largest,
        jnp.stack([size[0] for size in sizes]),
        jnp.stack([size[1] for size in sizes]),
    )


@border(direction=DIRECTION, velocity=VELOCITY, half_side=ANGLE)
def differential_aberration(
    direction: Direction,
    velocity: Velocity,
    half_side: Scalar | float,
    degree: int = 2,
    *,
    n_side: int = 21,
) -> DifferentialEffect:
    """Say how much of the aberration over a field a plate model takes up.

    Parameters
    ----------
    direction
        Unit vector towards the centre of the field.
    velocity
        Of the observer [c]; the difference of two velocities, for what changes between
        two exposures.
    half_side, degree, n_side
        As in `differential_effect`.

    Notes
    -----
    To first order in the velocity, with V₁, V₂ its components along east and north and
    r² = ξ² + η², ξ is displaced by ``(V₁ - ξ V·n) √(1 + r²)`` and, relative to the
    centre, by that less ``V₁ + ξ (V₁ ξ + V₂ η)``, η likewise. In powers: ``-ξ V·n``, a
    change of scale; ``V₁ (η² - ξ²)/2 - V₂ ξ η``, which an affine plate model leaves;
    ``-ξ r² V·n/2``, which a quadratic one leaves in part.
    """
    velocity = jnp.asarray(velocity)
    return differential_effect(
        lambda n: aberrate(n, velocity), direction, half_side, degree, n_side=n_side
    )


def _carried(vector: Array, start: Array, end: Array) -> Array:
    """Turn vectors by the smallest rotation that takes `start` to `end`."""
    middle = start + end
    along = jnp.sum(vector * middle, axis=-1, keepdims=True)
    ahead = jnp.sum(vector * start, axis=-1, keepdims=True)
    return vector - along * middle / (1.0 + jnp.dot(start, end)) + 2.0 * ahead * end


def _monomials(offset: Array, degree: int) -> Array:
    """Return all monomials up to a total degree, of coordinates brought to size 1."""
    terms = powers(degree)
    if len(offset) < len(terms):
        raise ShapeError(
            explain(
                given=f"{len(offset)} stars",
                wanted=f"at least {len(terms)}, one for each coefficient of the "
                f"polynomial of degree {degree}",
                where="plate_residual",
                todo="lower the degree or give more stars",
            )
        )
    # The space of polynomials is the same for any origin and unit of the coordinates.
    middle = stop_gradient(jnp.mean(offset, axis=0))
    size = stop_gradient(jnp.max(jnp.abs(offset - middle)))
    scaled = (offset - middle) / jnp.where(size > 0.0, size, 1.0)
    return jnp.stack([scaled[:, 0] ** j * scaled[:, 1] ** k for j, k in terms], -1)


def _grid(half_side: Scalar | float, n_side: int) -> Array:
    side = jnp.linspace(-1.0, 1.0, n_side)
    points = jnp.stack(jnp.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return jnp.asarray(half_side) * points


def _size(field: Array) -> tuple[Array, Array]:
    squares = jnp.sum(field * field, axis=-1)
    return _root(jnp.mean(squares)), _root(jnp.max(squares))


def _root(square: Array) -> Array:
    """Return the square root, with a derivative of zero at zero."""
    zero = square == 0.0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, square)))


__all__ = [
    "DifferentialEffect",
    "differential",
    "differential_aberration",
    "differential_effect",
    "plate_residual",
]
