"""Numbers of rows that programs are compiled for.

A compiled program is of one shape. Rows beyond those that there are cost less than
another compilation, which takes seconds and memory maps for each new plate.
"""

from collections.abc import Callable
from typing import Any

import jax
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


def coarsely_usual(n: int) -> Int[np.ndarray, "m"]:
    """Return rows 0 to n - 1, the last one again up to 64, 256, 1024, ...

    For what is cheap: up to four times as much is computed, of fewer shapes.
    """
    size = FEWEST
    while size < n:
        size *= 4
    return np.minimum(np.arange(size), n - 1)


CHUNK = 4096
"""Rows that a program takes at a time, whatever their number."""


def in_chunks(program: Callable[..., Any], *given: Any) -> Any:
    """Apply a program that works row by row, some rows at a time: it has one shape.

    Parameters
    ----------
    program
        Compiled; of arrays and records of arrays.
    given
        Its arguments, with the same number of rows along the first axis of each array.

    Returns
    -------
    What it returns, its arrays joined, in NumPy.
    """
    arrays = jax.tree.map(np.asarray, given)
    n = len(jax.tree.leaves(arrays)[0])
    if not n:  # A row that is computed and left away says of what kind nothing is.
        arrays = jax.tree.map(lambda v: np.zeros((1, *v.shape[1:]), v.dtype), arrays)
    parts = []
    for first in range(0, max(n, 1), CHUNK):
        rows = np.minimum(np.arange(first, first + CHUNK), max(n, 1) - 1)
        found = program(*jax.tree.map(lambda v, rows=rows: v[rows], arrays))
        kept = min(n - first, CHUNK)
        parts.append(jax.tree.map(lambda v, kept=kept: np.asarray(v)[:kept], found))
    return jax.tree.map(lambda *v: np.concatenate(v), *parts)


__all__ = ["FEWEST", "coarsely_usual", "in_chunks", "up_to_usual", "usual_number"]
