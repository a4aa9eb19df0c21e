"""What every observer gives: position, velocity and, on the ground, the zenith."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Observer:
    """States of an observer, one row an epoch, in the BCRS (ICRS axes).

    Attributes
    ----------
    position
        From the barycentre of the solar system [au].
    velocity
        Relative to it [c].
    zenith
        Unit vectors along the vertical, upwards, as the observer at rest would see
        it (no aberration); None for an observer without a horizon.
    """

    position: Float[np.ndarray, "n 3"]
    velocity: Float[np.ndarray, "n 3"]
    zenith: Float[np.ndarray, "n 3"] | None = None


__all__ = ["Observer"]
