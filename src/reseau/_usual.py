"""Numbers of rows that programs are compiled for.

A compiled program is of one shape. Rows beyond those that there are cost less than
another compilation, which takes seconds and memory maps for each new plate.
"""

import numpy as np
from jaxtyping import Int

FEWEST = 64
"""Rows at least."""


def usual_number(n: int) -> int:
    """Return the next of 64, 96, 128, 192, 256, ... that is not smaller than n."""
    power = max(FEWEST, 1 << max(n - 1, 0).bit_length())
    smaller = 3 * power // 4
    return smaller if smaller >= FEWEST and smaller >= n else power


def up_to_usual(n: int) -> Int[np.ndarray, "m"]:
    """Return rows 0 to n - 1, the last one again up to a usual number; n at least 1."""
    return np.minimum(np.arange(usual_number(n)), n - 1)


__all__ = ["FEWEST", "up_to_usual", "usual_number"]
