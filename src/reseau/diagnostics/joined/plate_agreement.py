"""How well each plate agrees with all plates together."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from .columns import Columns


@dataclass(frozen=True)
class PlateAgreement:
    """Of each plate.

    Attributes
    ----------
    plate_id
        Which.
    epoch
        [Julian year TCB]
    factor
        √(χ²/dof), by which residuals are larger than they should be.
    error
        1σ of it by chance, 1/√(2 dof).
    weight
        By which what the plate says counts.
    is_apart
        Which are farther from 1 than `LIMIT` errors.
    """

    plate_id: Int[np.ndarray, "p"]
    epoch: Float[np.ndarray, "p"]
    factor: Float[np.ndarray, "p"]
    error: Float[np.ndarray, "p"]
    weight: Float[np.ndarray, "p"]
    is_apart: Bool[np.ndarray, "p"]


LIMIT = 4.0
"""Errors from 1 beyond which a plate is apart: one of 16,000 is by chance."""


def plate_agreement(plates: Columns) -> PlateAgreement:
    """Return how well plates agree with all of them together, in the order of time.

    Parameters
    ----------
    plates
        Columns of the table of plates.
    """
    order = np.argsort(plates["epoch"], kind="stable")
    dof = np.asarray(plates["dof"], dtype=float)[order]
    known = dof > 0
    freedom = np.where(known, dof, 1.0)
    chi2 = np.asarray(plates["chi2"], dtype=float)[order]
    factor = np.where(known, np.sqrt(chi2 / freedom), np.nan)
    error = np.where(known, 1.0 / np.sqrt(2.0 * freedom), np.nan)
    weight = plates.get("weight", np.ones(order.size))
    with np.errstate(invalid="ignore"):
        apart = np.abs(factor - 1.0) > LIMIT * error
    return PlateAgreement(
        plate_id=np.asarray(plates["plate_id"])[order],
        epoch=np.asarray(plates["epoch"], dtype=float)[order],
        factor=factor,
        error=error,
        weight=np.asarray(weight, dtype=float)[order],
        is_apart=apart,
    )


__all__ = ["LIMIT", "PlateAgreement", "plate_agreement"]
