"""Where each plate saw each star, beside where its parameters put it.

With all other stars where they are, a plate draws star i by r, the i-th pair of
g − Ω (x(θ) − x̂), with the information Ω_ii = D_ii − U_i U_iᵀ: the plate's own position
of the star is off the model's by Ω_ii⁻¹ r, with the covariance Ω_ii⁻¹. That other stars
are uncertain, too, is the share of the calibration: little, with many stars on a plate.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau._parts import each_part

from .joint import Joint, Share


class Epochs(NamedTuple):
    """Positions of stars on one plate relative to the model.

    Attributes
    ----------
    row
        Which stars.
    residual
        The plate's position minus the model's (east, north) [rad].
    information
        Inverse of its covariance, all else held [1/rad²].
    chi2
        Of both coordinates.
    used
        False: the plate says nothing of the star any more, since it was left out.
    """

    row: Int[np.ndarray, "n"]
    residual: Float[np.ndarray, "n 2"]
    information: Float[np.ndarray, "n 2 2"]
    chi2: Float[np.ndarray, "n"]
    used: Bool[np.ndarray, "n"]


LEAST = 1e-6
"""Part of D below which what is left of it in Ω_ii is nothing."""


def epochs_of(equations: Joint) -> list[Epochs]:
    """Return the positions of stars on all plates, relative to the model.

    Parameters
    ----------
    equations
        At the solution.
    """
    return each_part(plate_epochs, equations.plates)


def plate_epochs(share: Share) -> Epochs:
    """Return the positions of stars on one plate, relative to the model.

    Parameters
    ----------
    share
        The plate, at the solution.
    """
    said = share.information
    columns = np.asarray(said.columns)
    own = np.empty((len(columns), 2, 2))
    for i, j in ((0, 0), (0, 1), (1, 1)):
        own[:, i, j] = own[:, j, i] = np.einsum(
            "nr,nr->n", columns[:, i], columns[:, j]
        )
    information = said.blocks - own
    pull = share.gradient
    size = np.trace(said.blocks, axis1=1, axis2=2)
    floor = LEAST * np.where(size > 0, size, 1.0)
    used = np.linalg.eigvalsh(information)[:, 0] > floor
    inside = np.where(used[:, None, None], information, np.eye(2))
    residual = np.where(
        used[:, None], np.linalg.solve(inside, pull[..., None])[..., 0], 0.0
    )
    return Epochs(
        row=share.mapped.row,
        residual=residual,
        information=information,
        chi2=np.where(used, np.einsum("ni,ni->n", residual, pull), 0.0),
        used=used,
    )


__all__ = ["Epochs", "epochs_of", "plate_epochs"]
