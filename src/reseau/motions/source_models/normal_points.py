"""Rows of one visit and direction as one row, for searches that need not be exact."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry

ALIKE = 2.0
"""Directions that count as one [deg]."""

AT_ONCE = 0.5 / 365.25
"""Times that count as one [Julian year]."""


def normal_points(
    astrometry: EpochAstrometry, floor: float, weight: Float[np.ndarray, "n"]
) -> EpochAstrometry:
    """Return weighted means of the rows of each visit and direction.

    Parameters
    ----------
    astrometry
        Of one source. Rows that are correlated are left as they are.
    floor
        Additional error of each row, which is in the errors of the means [mas].
    weight
        Of each row.

    Notes
    -----
    A CCD's abscissae of one transit differ in time by seconds and in direction by
    arcminutes: nine rows are nearly one of a third of the error.
    """
    if astrometry.correlated:
        return astrometry
    used = astrometry.is_used & (weight > 0.0)
    angle = np.rad2deg(np.arctan2(*astrometry.direction.T))
    keys = np.stack(
        [
            astrometry.group,
            np.round(angle / ALIKE).astype(np.int64),
            np.round(astrometry.epoch / AT_ONCE).astype(np.int64),
        ],
        axis=1,
    )[used]
    _, at = np.unique(keys, axis=0, return_inverse=True)
    at = at.reshape(-1)
    variance = astrometry.error[used] ** 2 + floor**2
    share = weight[used] / variance
    total = np.bincount(at, share)

    def mean(values: Float[np.ndarray, "n"]) -> Float[np.ndarray, "m"]:
        return np.bincount(at, share * values[used]) / total

    east, north = astrometry.direction.T
    m = len(total)
    return replace(
        astrometry,
        epoch=mean(astrometry.epoch),
        direction=np.stack([mean(east), mean(north)], axis=1),
        parallax_factor=mean(astrometry.parallax_factor),
        value=mean(astrometry.value),
        error=total**-0.5,
        is_used=np.ones(m, bool),
        group=astrometry.group[used][np.unique(at, return_index=True)[1]],
        colour_factor=None,
    )


__all__ = ["normal_points"]
