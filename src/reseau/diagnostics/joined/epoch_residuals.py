"""Positions on plates minus the catalogue's model, and how large they should be.

A residual has not the variance of the position itself: the source's parameters, which
the position helped to determine, follow it. With Σ of the position and C of the
parameters, both with calibration held, and E their derivatives, it is Σ − E C Eᵀ.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from .columns import Columns, JoinedColumns

LEAST = 0.01
"""Of a residual's variance, over the position's, below which it says nothing."""


def derivatives(
    epochs: Columns, elapsed: Float[np.ndarray, "m"]
) -> Float[np.ndarray, "m 2 5"]:
    """Return derivatives of positions on plates by the five parameters.

    Parameters
    ----------
    epochs
        Columns of the table of epochs.
    elapsed
        Since the reference epoch [Julian yr].
    """
    found = np.zeros((elapsed.size, 2, 5))
    for axis, name in enumerate(("ra", "dec")):
        found[:, axis, axis] = 1.0
        found[:, axis, 2] = epochs[f"parallax_factor_{name}"]
        found[:, axis, 3 + axis] = elapsed
    return found


def position_covariance(epochs: Columns) -> Float[np.ndarray, "m 2 2"]:
    """Return covariances of positions on plates (east, north) [mas²].

    Parameters
    ----------
    epochs
        Columns of the table of epochs.
    """
    sigma = np.stack([epochs["dra_error"], epochs["ddec_error"]], axis=1)
    found = sigma[:, :, None] * sigma[:, None, :]
    found[:, 0, 1] *= epochs["dra_ddec_corr"]
    found[:, 1, 0] *= epochs["dra_ddec_corr"]
    return found


def rows_of_epochs(given: JoinedColumns) -> Int[np.ndarray, "m"]:
    """Return the row of the catalogue of each position on a plate.

    Parameters
    ----------
    given
        With epochs.
    """
    if given.epochs is None:
        return np.zeros(0, dtype=int)
    ids = given.catalogue["source_id"]
    return np.searchsorted(ids, given.epochs["source_id"])


def usable(given: JoinedColumns) -> Bool[np.ndarray, "m"]:
    """Return which positions on plates count, of sources with all parameters.

    Parameters
    ----------
    given
        With epochs.
    """
    if given.epochs is None:
        return np.zeros(0, dtype=bool)
    used = np.asarray(given.epochs["used"], dtype=bool)
    return used & given.moving[rows_of_epochs(given)]


def epoch_pulls(given: JoinedColumns) -> Float[np.ndarray, "m 2"]:
    """Return residuals of positions on plates over their expected size (east, north).

    NaN where a position is left out, or where the parameters follow it wholly.

    Parameters
    ----------
    given
        With epochs.
    """
    epochs = given.epochs
    if epochs is None:
        return np.zeros((0, 2))
    row, used = rows_of_epochs(given), usable(given)
    known = np.flatnonzero(used)
    part = {name: values[known] for name, values in epochs.items()}
    row = row[known]
    elapsed = part["epoch"] - given.catalogue["ref_epoch"][row]
    along = derivatives(part, elapsed)
    own = given.own()[:, :5, :5]
    taken = np.einsum("mik,mkl,mil->mi", along, own[row], along, optimize=True)
    variance = np.stack([part["dra_error"], part["ddec_error"]], axis=1) ** 2
    left = variance - taken
    residual = np.stack([part["dra"], part["ddec"]], axis=1)
    told = left > LEAST * variance
    found = np.full((used.size, 2), np.nan)
    found[known] = np.where(told, residual / np.sqrt(np.where(told, left, 1.0)), np.nan)
    return found


__all__ = [
    "derivatives",
    "epoch_pulls",
    "position_covariance",
    "rows_of_epochs",
    "usable",
]
