"""How coarse numbers are as they arrive: in decimals that were printed, or 32 bits.

A position in 32 bits is a multiple of 27 mas at 83°, one with four decimals of 360 mas,
whatever its column of errors says.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FEWEST = 4
"""Different values from which decimals can be told: by chance, one in ten ends in 0."""

_SAMPLE = 2000
_DECIMALS = 12


def step_of(values: pa.ChunkedArray) -> float:
    """Return the step between numbers of a column, in its unit; 0: not seen.

    Parameters
    ----------
    values
        Floating-point numbers as they were read; missing ones do not count.
    """
    plain = np.asarray(values.to_numpy(), float)
    plain = plain[np.isfinite(plain)]
    if not len(plain):
        return 0.0
    chosen = np.linspace(0, len(plain) - 1, min(len(plain), _SAMPLE)).astype(int)
    sample = np.unique(plain[chosen])
    if pa.types.is_float32(values.type):
        return _spacing(sample)
    if len(sample) < FEWEST:
        return 0.0
    single = _spacing(sample) if _is_single(sample) else 0.0
    return max(single, _decimal_step(sample))


def _spacing(sample: NDArray) -> float:
    return float(np.spacing(np.abs(sample).max().astype(np.float32)))


def _is_single(sample: NDArray) -> bool:
    with np.errstate(over="ignore"):
        return bool((sample.astype(np.float32).astype(float) == sample).all())


def _decimal_step(sample: NDArray) -> float:
    for decimals in range(_DECIMALS + 1):
        off = np.abs(np.round(sample, decimals) - sample)
        if (off <= 4 * np.spacing(np.abs(sample))).all():
            return float(10.0**-decimals)
    return 0.0


__all__ = ["FEWEST", "step_of"]
