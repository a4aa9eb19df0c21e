"""Errors that neighbours on the sky share: smooth random fields.

A field is a sum of plane waves in space, seen on the unit sphere, with amplitudes that
are Normal and wave vectors that are Normal with σ = 1/ℓ. Its values are Normal with
unit variance everywhere, and those a chord θ apart have the correlation exp(-θ²/2ℓ²),
but for the finite number of waves, 0.05 (Rahimi & Recht 2007, NIPS 20).
"""

import numpy as np
from jaxtyping import Float

WAVES = 256
CHUNK = 8192
"""Places at a time."""


def smooth_fields(
    rng: np.random.Generator,
    direction: Float[np.ndarray, "n 3"],
    *,
    scale: float,
    fields: int,
) -> Float[np.ndarray, "n f"]:
    """Return independent random fields at some places of the sky.

    Parameters
    ----------
    rng
        Random numbers; how many are drawn does not depend on the places.
    direction
        Unit vectors.
    scale
        Length of correlation ℓ [rad].
    fields
        How many.
    """
    wave = rng.standard_normal((WAVES, 3)) / scale
    amplitude = rng.standard_normal((2 * WAVES, fields)) / np.sqrt(WAVES)
    found = np.empty((len(direction), fields))
    for first in range(0, len(direction), CHUNK):
        rows = slice(first, first + CHUNK)
        phase = direction[rows] @ wave.T
        found[rows] = np.concatenate([np.cos(phase), np.sin(phase)], 1) @ amplitude
    return found


__all__ = ["smooth_fields"]
