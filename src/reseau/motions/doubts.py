"""What a robust solution does not trust, as columns of the tables."""

from typing import Any

import numpy as np

from reseau.flags import BY_NAME

from .robust import RobustMotions


def doubts_of_stars(found: RobustMotions) -> dict[str, Any]:
    """Return columns of the catalogue: wrong references, plates left out, flags.

    Parameters
    ----------
    found
        The solution.
    """
    flags = np.where(found.wrong, BY_NAME["wrong_reference"].value, 0)
    return {
        "wrong_probability": found.wrong_probability,
        "n_plates_left_out": found.n_plates_left_out,
        "flags": flags.astype(np.int32),
    }


def doubts_of_plates(found: RobustMotions) -> dict[str, Any]:
    """Return columns of the plates: their weights, and how they disagree.

    Parameters
    ----------
    found
        The solution.
    """
    number = np.bincount(found.left_out[:, 0], minlength=found.plate_weight.size)
    return {
        "weight": found.plate_weight,
        "chi2": found.plate_chi2,
        "dof": found.plate_dof,
        "n_left_out": number.astype(np.int32),
    }


__all__ = ["doubts_of_plates", "doubts_of_stars"]
