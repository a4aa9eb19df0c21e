"""Catalogue entries that are wrong: what a fit of five parameters makes of an orbit.

A catalogue that takes a star for single fits position, parallax and uniform motion to
whatever its light's centre did during the observations. What an orbit, an acceleration
or a lens leaves in the five parameters is found by the same fit here: least squares to
positions in both coordinates, at even intervals, seen from the geocentre.
"""

import numpy as np
from jaxtyping import Float

from reseau.observers import geocentre
from reseau.sky import parallax_factors

EPOCHS = 60
"""Positions that are fitted, one a fortnight in DR3."""


def fit_epochs(first: float, last: float) -> Float[np.ndarray, "t"]:
    """Return the epochs of the fit, Julian years, between the first and the last."""
    return np.linspace(first, last, EPOCHS)


def fitted_parameters(
    direction: Float[np.ndarray, "k 3"],
    offset: Float[np.ndarray, "k t 2"],
    epochs: Float[np.ndarray, "t"],
    reference: float,
) -> Float[np.ndarray, "k 5"]:
    """Return what offsets from uniform motion leave in the five fitted parameters.

    Parameters
    ----------
    direction
        Unit vectors towards the stars.
    offset
        East and North, at each epoch [mas].
    epochs
        Julian years, TCB.
    reference
        Epoch of the parameters, Julian year, TCB.

    Returns
    -------
    Offsets of ra·cos dec, dec, parallax, pmra, pmdec [mas, mas/yr].
    """
    k, t = offset.shape[:2]
    factors = parallax_factors(direction[:, None], geocentre(epochs).position[None])
    design = np.zeros((k, t, 2, 5))
    for axis in (0, 1):
        design[:, :, axis, axis] = 1.0
        design[:, :, axis, 2] = np.asarray(factors[axis])
        design[:, :, axis, 3 + axis] = epochs - reference
    rows = design.reshape(k, 2 * t, 5)
    columns = np.swapaxes(rows, 1, 2)
    right = columns @ offset.reshape(k, 2 * t, 1)
    return np.linalg.solve(columns @ rows, right)[..., 0]


def enlarged(
    change: Float[np.ndarray, "k 5"],
    covariance: Float[np.ndarray, "k 5 5"],
    least: float,
) -> Float[np.ndarray, "k 5"]:
    """Return changes of five parameters whose motions are wrong by enough.

    Parameters
    ----------
    change
        Of ra·cos dec, dec, parallax, pmra, pmdec [mas, mas/yr].
    covariance
        Of these.
    least
        Number of σ, √(dᵀ C⁻¹ d) of the motion; what has less is multiplied as a whole.
    """
    motion = change[:, 3:, None]
    square = np.swapaxes(motion, 1, 2) @ np.linalg.solve(covariance[:, 3:, 3:], motion)
    sigmas = np.sqrt(square[:, 0, 0])
    return change * np.maximum(1.0, least / np.maximum(sigmas, 1e-300))[:, None]


__all__ = ["enlarged", "fit_epochs", "fitted_parameters"]
