"""How a plate's sources depend on the parameters of stars.

A star is its offsets from a start direction at the reference epoch, parallax, proper
motion and radial velocity, as in `reseau.sky.motion`; a plate says where it was seen.
The derivatives are those of the exact motion, so that nothing is linear but the step.

A star moves on a straight line and is seen at ``s + v τ − ϖ b``, projected. The line
and its derivatives are those of the star and computed once for all plates.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.datasets.information import Information
from reseau.sky import roemer_delay, straight_line, tangent_basis


class Mapped(NamedTuple):
    """A plate's sources as functions of the stars' parameters, to first order.

    Attributes
    ----------
    row
        Which star each source is.
    excess
        Offsets of the stars, with their present parameters, from where the plate's
        information is expanded (east, north) [rad].
    jacobian
        Their derivatives by the parameters: offsets [1], parallax [au], proper motion
        [yr], and by the radial velocity [rad s/km] where that is solved for.
    """

    row: Int[np.ndarray, "n"]
    excess: Float[np.ndarray, "n 2"]
    jacobian: Float[np.ndarray, "n 2 k"]


class Lines(NamedTuple):
    """The straight lines on which stars move, and their derivatives.

    Attributes
    ----------
    start, velocity
        As `sky.straight_line` returns them.
    parallax
        Of the stars [rad].
    turned
        Derivatives of `start` by the two offsets.
    changed
        Derivatives of `velocity` by the six parameters.
    """

    start: Float[np.ndarray, "s 3"]
    velocity: Float[np.ndarray, "s 3"]
    parallax: Float[np.ndarray, "s"]
    turned: Float[np.ndarray, "s 3 2"]
    changed: Float[np.ndarray, "s 3 6"]


def lines_of(
    direction: Float[np.ndarray, "s 3"], parameters: Float[np.ndarray, "s 6"]
) -> Lines:
    """Return the lines on which stars move.

    Parameters
    ----------
    direction, parameters
        Of the stars at the reference epoch: start directions, and the six parameters of
        `sky.direction_at`.
    """
    start, velocity, turned, changed = in_chunks(_line, direction, parameters)
    return Lines(start, velocity, parameters[:, 2], turned, changed)


def mapped(
    information: Information,
    row: Int[np.ndarray, "n"],
    lines: Lines,
    epoch: Float[np.ndarray, "s"],
    size: int = 5,
) -> Mapped:
    """Return how a plate's sources depend on the parameters of stars.

    Parameters
    ----------
    information
        Of the plate.
    row
        Of the plate's sources in the arrays of stars.
    lines
        Of the stars.
    epoch
        Reference epochs of the stars, Julian years TCB.
    size
        Number of parameters that are solved for, 5 or 6.
    """
    excess, jacobian = mapped_at(
        information.direction,
        Lines(*(part[row] for part in lines)),
        information.epoch - epoch[row],
        np.tile(information.observer, (row.size, 1)),
    )
    return Mapped(row, excess, np.ascontiguousarray(jacobian[:, :, :size]))


def mapped_at(
    seen: Float[np.ndarray, "n 3"],
    lines: Lines,
    elapsed: Float[np.ndarray, "n"],
    place: Float[np.ndarray, "n 3"],
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2 6"]]:
    """Return offsets of stars from directions, and their derivatives.

    Parameters
    ----------
    seen
        Directions that the offsets are from.
    lines
        Of the stars, one for each direction.
    elapsed
        Since their reference epochs, at the observer [Julian yr].
    place
        Of the observer [au].
    """
    east, north, delay = in_chunks(_seen_from, seen, place)
    # As Gaia counts time: when the light reaches the barycentre.
    time = elapsed + delay
    moved = lines.start + lines.velocity * time[:, None]
    moved -= lines.parallax[:, None] * place
    along = np.einsum("nj,nj->n", moved, seen)
    along[along <= 0.0] = np.nan  # nothing is projected 90 degrees off and beyond
    excess = np.empty((len(seen), 2))
    jacobian = np.empty((len(seen), 2, 6))
    for i, axis in enumerate((east, north)):
        excess[:, i] = np.einsum("nj,nj->n", moved, axis) / along
        # How the projection changes with the place that is projected.
        slope = (axis - excess[:, i, None] * seen) / along[:, None]
        out = jacobian[:, i]
        np.einsum("nj,njk->nk", slope * time[:, None], lines.changed, out=out)
        out[:, :2] += np.einsum("nj,njk->nk", slope, lines.turned)
        out[:, 2] -= np.einsum("nj,nj->n", slope, place)
    return excess, jacobian


@quick_jit
def _seen_from(seen: Array, place: Array) -> tuple[Array, Array, Array]:
    east, north = tangent_basis(seen)
    return east, north, roemer_delay(seen, place)


@quick_jit
def _line(direction: Array, parameters: Array) -> tuple[Array, Array, Array, Array]:
    def of_star(six: Array, direction: Array) -> tuple[Any, Any]:
        line = straight_line(direction, six)
        return line, line

    slopes, line = jax.vmap(jax.jacfwd(of_star, has_aux=True))(parameters, direction)
    return jnp.asarray(line[0]), jnp.asarray(line[1]), slopes[0][:, :, :2], slopes[1]


__all__ = ["Lines", "Mapped", "lines_of", "mapped", "mapped_at"]
