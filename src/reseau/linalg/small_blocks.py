"""Many small symmetric blocks at once: Cholesky factors and triangular solutions.

Blocks are `(n, b, b)` with b of a few; loops run over b, arrays over n. A column of
the factor whose pivot is not above rounding is zero, and its unknown is then zero in
the solutions: so semi-definite blocks have a factor too, and what lies in their range
is solved for exactly.
"""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from reseau.errors import DegeneracyError, ShapeError, explain

from .factor import rounding_threshold

IN_CACHE = 1 << 16
"""Numbers that are worked on at a time: half a megabyte of doubles."""


def slices(count: int, each: int, *, numbers: int = IN_CACHE) -> Iterator[slice]:
    """Yield slices of `count` items of which each has so many numbers."""
    step = max(1, numbers // max(each, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def singular_blocks(blocks: Float[np.ndarray, "n b b"]) -> Bool[np.ndarray, "n"]:
    """Say which blocks are not positive definite beyond rounding.

    A pivot is vᵀ D v, the information along a v that the unknowns before leave open,
    and counts as zero where it is not above what rounding of D makes of it,
    4 ε b (Σ abs(v_j) √D_jj)². A block that is indefinite is singular here too.
    """
    pivots, limits, _ = _eliminated(blocks)
    return np.any(pivots <= limits, axis=0)


def cholesky_blocks(
    blocks: Float[np.ndarray, "n b b"], *, allow_singular: bool = False
) -> Float[np.ndarray, "n b b"]:
    """Return the lower Cholesky factors L of symmetric blocks, of which L Lᵀ are made.

    Parameters
    ----------
    blocks
        Symmetric blocks; their lower triangles are read.
    allow_singular
        Take semi-definite blocks as well: a column of L is zero where the pivot is
        not above rounding, see `singular_blocks`.

    Raises
    ------
    DegeneracyError
        Where a block is singular and that is not allowed, or indefinite.
    """
    pivots, limits, columns = _eliminated(blocks)
    # A negative pivot of the size of rounding is that of a singular block.
    bad = pivots < -limits if allow_singular else pivots <= limits
    bad |= ~np.isfinite(pivots)
    if bad.any():
        raise _not_definite(bad, allow_singular)
    return np.ascontiguousarray(np.moveaxis(columns, -1, 0))


def _eliminated(
    blocks: Float[np.ndarray, "n b b"],
) -> tuple[
    Float[np.ndarray, "b n"], Float[np.ndarray, "b n"], Float[np.ndarray, "b b n"]
]:
    """Return pivots, what rounding makes of them, and L, blocks along the last axis."""
    size = blocks.shape[1]
    rest = np.array(np.moveaxis(blocks, 0, -1), dtype=np.float64, order="C")
    spread = np.sqrt(np.abs(np.diagonal(blocks, axis1=1, axis2=2).T))
    pivots, limits = np.empty_like(spread), np.empty_like(spread)
    inverse = np.zeros_like(spread)
    for j in range(size):
        reach = _reach(rest, inverse, spread, j)
        pivots[j] = rest[j, j]
        limits[j] = rounding_threshold(size) * reach**2
        regular = pivots[j] > limits[j]
        root = np.sqrt(np.where(regular, pivots[j], 1.0))
        inverse[j] = np.where(regular, 1.0 / root, 0.0)
        rest[j:, j] *= inverse[j]
        rest[j, j + 1 :] = 0.0
        for i in range(j + 1, size):
            rest[i, j + 1 : i + 1] -= rest[i, j] * rest[j + 1 : i + 1, j]
    return pivots, limits, rest


def _reach(
    lower: np.ndarray, inverse: np.ndarray, spread: np.ndarray, j: int
) -> Float[np.ndarray, "n"]:
    """Return Σ |v_k| √D_kk of the v whose vᵀ D v is pivot j; v_j is 1."""
    direction = np.zeros_like(spread[: j + 1])
    direction[j] = 1.0
    for i in range(j - 1, -1, -1):
        below = np.sum(lower[i + 1 : j + 1, i] * direction[i + 1 :], axis=0)
        direction[i] = -below * inverse[i]
    return np.sum(np.abs(direction) * spread[: j + 1], axis=0)


def _not_definite(bad: np.ndarray, allow_singular: bool) -> DegeneracyError:
    which = np.flatnonzero(bad.any(axis=0))
    wanted = "semi-definite" if allow_singular else "definite"
    return DegeneracyError(
        explain(
            given=f"{bad.shape[1]} symmetric blocks of {bad.shape[0]} rows, of which "
            f"{which.size} are not positive {wanted} beyond rounding",
            wanted=f"positive {wanted} blocks",
            where=f"block {which[0]}, pivot {int(np.argmax(bad[:, which[0]]))}",
            todo="add a prior to what the data leave open, or leave these blocks out",
        )
    )


def _inverse_pivots(root: Float[np.ndarray, "n b b"]) -> Float[np.ndarray, "n b"]:
    pivots = np.diagonal(root, axis1=1, axis2=2)
    return np.divide(1.0, pivots, out=np.zeros(pivots.shape), where=pivots > 0.0)


def forward_blocks(
    root: Float[np.ndarray, "n b b"], right: Float[np.ndarray, "n b *q"]
) -> Float[np.ndarray, "n b *q"]:
    """Solve L x = right for lower blocks; x is zero where a column of L is.

    The answer is of the type of `right`; the arithmetic is in 64 bits.
    """
    return _substituted(root, right, backward=False)


def backward_blocks(
    root: Float[np.ndarray, "n b b"], right: Float[np.ndarray, "n b *q"]
) -> Float[np.ndarray, "n b *q"]:
    """Solve Lᵀ x = right for lower blocks; x is zero where a column of L is."""
    return _substituted(root, right, backward=True)


def _substituted(root: np.ndarray, right: np.ndarray, backward: bool) -> np.ndarray:
    if root.shape[:2] != right.shape[:2]:
        raise ShapeError(
            explain(
                given=f"blocks {root.shape} and a right-hand side {right.shape}",
                wanted="the same n and b in both",
                where="forward_blocks or backward_blocks",
                todo="pass the blocks of these rows",
            )
        )
    n, size = right.shape[:2]
    flat = right.reshape(n, size, math.prod(right.shape[2:]))
    if flat.shape[2] <= size:
        return _by_substitution(root, flat, backward).reshape(right.shape)
    # A product with the inverse, found by substitution, is as accurate as substituting
    # each column (|L⁻¹| |L| |x| bounds both), and three times as fast.
    unit = np.broadcast_to(np.eye(size), (n, size, size))
    inverse = _by_substitution(root, unit, backward)
    out = np.empty(flat.shape, right.dtype)
    for some in slices(n, size * flat.shape[2]):
        out[some] = inverse[some] @ flat[some].astype(np.float64, copy=False)
    return out.reshape(right.shape)


def _by_substitution(root: np.ndarray, flat: np.ndarray, backward: bool) -> np.ndarray:
    size = root.shape[1]
    inverse = _inverse_pivots(root)
    lower = root.transpose(0, 2, 1) if backward else root
    steps = list(range(size))[::-1] if backward else list(range(size))
    work = flat.astype(np.float64)
    for position, i in enumerate(steps):
        for j in steps[:position]:
            work[:, i] -= lower[:, i, j, None] * work[:, j]
        work[:, i] *= inverse[:, i, None]
    return work.astype(flat.dtype, copy=False)
