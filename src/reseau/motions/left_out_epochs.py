"""Where plates put the stars whose data on them do not count."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from reseau.datasets.information import Information

from .epochs import Epochs
from .joint import Share, joint
from .left_out import joint_block
from .mapping import Mapped
from .stars import Stars


def free_positions(
    plate: Information, out: Bool[np.ndarray, "n"], stars: Stars
) -> tuple[Mapped, Float[np.ndarray, "m 2"], Float[np.ndarray, "m 2 2"]]:
    """Return offsets of sources that are free on a plate from where stars should be.

    Parameters
    ----------
    plate
        As it was solved.
    out
        Which of its sources are free.
    stars
        With their parameters at the solution.

    Returns
    -------
    How these sources depend on the stars, their offsets [rad] with all other stars of
    the plate where they should be, and the covariances of the offsets [rad²].
    """
    share = joint([plate], stars).plates[0]
    inverse = np.linalg.inv(joint_block(plate, out))
    drawn = share.gradient[out]
    m = len(drawn)
    offset = (inverse @ drawn.ravel()).reshape(m, 2)
    covariance = inverse.reshape(m, 2, m, 2)[np.arange(m), :, np.arange(m), :]
    mapped = share.mapped
    few = mapped._replace(
        row=mapped.row[out], excess=mapped.excess[out], jacobian=mapped.jacobian[out]
    )
    return few, offset, covariance


def left_out_epochs(
    plates: Sequence[Information],
    out: Sequence[Bool[np.ndarray, "_"]],
    stars: Stars,
) -> list[tuple[Share, Epochs]]:
    """Return positions that do not count, of each plate that has any.

    Parameters
    ----------
    plates
        As they were solved.
    out
        Of each, which of its sources are free.
    stars
        With their parameters at the solution.

    Returns
    -------
    The plate's part, of these sources alone, and their positions, not used.
    """
    found = []
    for plate, free in zip(plates, out, strict=True):
        if not free.any():
            continue
        mapped, offset, covariance = free_positions(plate, free, stars)
        information = np.linalg.inv(covariance)
        epochs = Epochs(
            row=mapped.row,
            residual=offset,
            information=information,
            chi2=np.einsum("ni,nij,nj->n", offset, information, offset),
            used=np.zeros(len(offset), dtype=bool),
        )
        found.append((Share(plate, mapped), epochs))
    return found


__all__ = ["free_positions", "left_out_epochs"]
