"""What plates say of fields, Gᵀ (Σ Eᵀ Ω E) G, from all that they have stored.

The compressed factor will not do where plates say next to nothing: of what calibrations
take it leaves out up to ε, which may be as much as references know.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from reseau._parts import in_parts

from .joint import Joint, Share

ALIKE = 1e-14
"""Squares of directions that are left out, relative to the largest: on one plate the
fields of position, motion and parallax are nearly the same, and half of the work is
saved. Of the energy of a field this is below 1e-14 of what it is with the calibration
held, as both terms are formed of what is kept."""


def field_information(
    equations: Joint, fields: Float[np.ndarray, "n k m"]
) -> Float[np.ndarray, "m m"]:
    """Return the information of all plates about amplitudes of fields.

    Parameters
    ----------
    equations
        Of the plates; priors are not counted.
    fields
        G, of unit amplitude.
    """
    width = fields.shape[2]

    def some(shares: Sequence[Share]) -> np.ndarray:
        total = np.zeros((width, width))
        for share in shares:
            total += _of_plate(share, fields)
        return total

    return sum(in_parts(some, equations.plates), np.zeros((width, width)))


def _of_plate(
    share: Share, fields: Float[np.ndarray, "n k m"]
) -> Float[np.ndarray, "m m"]:
    seen = share.mapped.jacobian @ fields[share.mapped.row]
    flat = seen.reshape(-1, seen.shape[2])
    scale = np.sqrt(np.sum(flat**2, axis=0))
    scale = np.where(scale > 0.0, scale, 1.0)
    values, vectors = np.linalg.eigh(flat.T @ flat / scale[:, None] / scale)
    vectors = vectors[:, values > ALIKE * values[-1]]
    basis = (flat @ (vectors / scale[:, None])).reshape(*seen.shape[:2], -1)
    held = share.information.blocks @ basis
    taken = share.columns.inner(basis)
    found = basis.reshape(len(flat), -1).T @ held.reshape(len(flat), -1)
    found -= taken.T @ taken
    back = vectors * scale[:, None]
    return back @ (0.5 * (found + found.T)) @ back.T


__all__ = ["field_information"]
