"""How a plate's sources depend on the parameters of stars.

A star is its offsets from a start direction at the reference epoch, parallax, proper
motion and radial velocity, as in `reseau.sky.motion`; a plate says where it was seen.
The derivatives are those of the exact motion, so that nothing is linear but the step.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.datasets.information import Information
from reseau.sky import direction_at, roemer_delay, tangent_offset


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


def mapped(
    information: Information,
    row: Int[np.ndarray, "n"],
    direction: Float[np.ndarray, "s 3"],
    parameters: Float[np.ndarray, "s 6"],
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
    direction, parameters
        Of the stars at the reference epoch: start directions, and the six parameters of
        `sky.direction_at`.
    epoch
        Reference epochs of the stars, Julian years TCB.
    size
        Number of parameters that are solved for, 5 or 6.
    """
    excess, jacobian = mapped_at(
        information.direction,
        direction[row],
        parameters[row],
        information.epoch - epoch[row],
        np.tile(information.observer, (row.size, 1)),
    )
    return Mapped(row, excess, np.ascontiguousarray(jacobian[:, :, :size]))


def mapped_at(
    seen: Float[np.ndarray, "n 3"],
    direction: Float[np.ndarray, "n 3"],
    parameters: Float[np.ndarray, "n 6"],
    elapsed: Float[np.ndarray, "n"],
    place: Float[np.ndarray, "n 3"],
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2 6"]]:
    """Return offsets of stars from directions, and their derivatives.

    Parameters
    ----------
    seen
        Directions that the offsets are from.
    direction, parameters
        Of the stars at their reference epochs.
    elapsed
        Since then, at the observer [Julian yr].
    place
        Of the observer [au].
    """
    found = in_chunks(_excess_and_jacobian, seen, direction, parameters, elapsed, place)
    return found[0], found[1]


def _offset(
    six: Array, seen: Array, start: Array, elapsed: Array, place: Array
) -> Array:
    return tangent_offset(direction_at(start, six, elapsed, place), seen)


@quick_jit
def _excess_and_jacobian(
    seen: Array, start: Array, parameters: Array, elapsed: Array, place: Array
) -> tuple[Array, Array]:
    # As Gaia counts time: when the light reaches the barycentre.
    elapsed = elapsed + roemer_delay(seen, place)

    def offset(
        six: Array, seen: Array, start: Array, elapsed: Array, place: Array
    ) -> tuple[Array, Array]:
        found = _offset(six, seen, start, elapsed, place)
        return found, found

    jacobian, excess = jax.vmap(jax.jacfwd(offset, has_aux=True))(
        parameters, seen, start, elapsed, place
    )
    return jnp.asarray(excess), jnp.asarray(jacobian)


__all__ = ["Mapped", "mapped", "mapped_at"]
