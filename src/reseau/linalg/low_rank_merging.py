"""Columns of several low-rank parts made into fewer: merge and drop what is weak.

In the metric of D = L Lᵀ columns are Y = L⁻¹ U, and an eigenvalue of Y Yᵀ is the share
of D's information that its mode loses; M is D (1 − share) along it. A mode that is
dropped is taken to lose nothing. Modes are orthogonal in that metric, so that what
remains is bounded on both sides,

    M ≤ M' ≤ M / (1 − threshold),

and a tree of d levels, each node compressed in the metric of its own blocks, has
M ≤ M' ≤ M / (1 − threshold)^d: no error bar comes out smaller than the exact one by
more than the square root of that.

Eigenvectors are those of the small Gram matrix Yᵀ Y. The columns kept are Y V with V
orthogonal to rounding, whatever the errors of the Gram matrix, so that it may be formed
in 32 bits where the columns are: only which modes are just dropped depends on it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int
from numpy.typing import DTypeLike

from reseau.errors import ShapeError, explain

from .block_low_rank import BlockLowRank
from .columns import FOR_PRODUCTS, Columns, taken
from .factor import rounding_threshold
from .small_blocks import (
    cholesky_blocks,
    forward_blocks,
    slices,
)

COARSE = 1e-4
"""From this threshold on, a Gram matrix of 32 bits decides well what is weak."""


class Modes(NamedTuple):
    """Orthogonal columns, strongest first, and their squared lengths."""

    columns: Columns
    eigenvalues: Float[np.ndarray, "r"]


def whitened(columns: Columns, root: Float[np.ndarray, "n b b"]) -> Columns:
    """Return L⁻¹ U; `root` are the lower factors L of all blocks."""
    values = forward_blocks(taken(root, columns.rows), columns.values)
    return Columns(columns.rows, values)


def coloured(columns: Columns, root: Float[np.ndarray, "n b b"]) -> Columns:
    """Return L Y, which undoes `whitened`."""
    lower = taken(root, columns.rows)
    values = np.empty_like(columns.values)
    for some in slices(len(values), columns.size * columns.rank):
        values[some] = lower[some] @ columns.values[some]
    return Columns(columns.rows, values)


def compress(columns: Columns, threshold: float = 0.0) -> Modes:
    """Return fewer, orthogonal columns Z with Z Zᵀ nearly Y Yᵀ.

    Parameters
    ----------
    columns
        Y, whitened.
    threshold
        Modes are kept whose eigenvalue is larger; 0 keeps all that are above
        rounding, `rounding_threshold` of the Gram matrix's size times its largest
        eigenvalue. Y Yᵀ − Z Zᵀ has eigenvalues from 0 to the threshold.

    Returns
    -------
    The columns, in the type of `columns`, and their eigenvalues, descending.
    """
    return merge((columns,), threshold)


def merge(parts: Sequence[Columns], threshold: float = 0.0) -> Modes:
    """Return the modes of several parts together, on the union of their rows.

    The parts, whitened by the same blocks, are never stacked: their products make the
    Gram matrix (or, where there are more columns than rows, Σ Y Yᵀ), and each adds
    what it has of the kept modes. Beyond its arguments and its answer this takes three
    square matrices of the smaller side, of 64 bits, and 8 MB for products.

    Parameters
    ----------
    parts, threshold
        See `compress`.
    """
    _check_parts(parts)
    kind = np.result_type(*(part.values.dtype for part in parts))
    coarse = kind == np.float32 and threshold >= COARSE
    return modes_of(parts, threshold, gram=kind if coarse else np.float64, out=kind)


def compressed(matrix: BlockLowRank, threshold: float) -> BlockLowRank:
    """Return a matrix with one part, compressed in the metric of its own blocks.

    Semi-definite blocks are allowed, since columns lie in their range. See the module
    for what the result is bounded by.
    """
    if not matrix.parts:
        return matrix
    root = cholesky_blocks(matrix.blocks, allow_singular=True)
    merged = merge([whitened(part, root) for part in matrix.parts], threshold)
    return BlockLowRank(matrix.blocks, (coloured(merged.columns, root),))


def modes_of(
    parts: Sequence[Columns], threshold: float, *, gram: DTypeLike, out: DTypeLike
) -> Modes:
    """Do what `merge` does, with the types of the Gram matrix and of the answer."""
    rows = _union(parts)
    size, rank = parts[0].size, sum(part.rank for part in parts)
    if rank > rows.size * size:
        return _modes_from_rows(parts, rows, threshold, out)
    values, vectors = _strong(_gram_matrix(parts, rank, gram), threshold, gram)
    mixed: np.ndarray = np.zeros((rows.size, size, values.size), out)
    first = 0
    for part in parts:
        _add_mixed(part, vectors[first : first + part.rank], rows, mixed)
        first += part.rank
    return Modes(Columns(rows, mixed), values)


def _check_parts(parts: Sequence[Columns]) -> None:
    if len({part.size for part in parts}) != 1:
        raise ShapeError(
            explain(
                given=f"{len(parts)} parts with blocks of "
                f"{sorted({part.size for part in parts})} rows",
                wanted="one or more parts with blocks of one size",
                where="merge",
                todo="map all to the same unknowns first",
            )
        )


def _union(parts: Sequence[Columns]) -> Int[np.ndarray, "k"]:
    if all(np.array_equal(part.rows, parts[0].rows) for part in parts[1:]):
        return parts[0].rows
    return np.unique(np.concatenate([part.rows for part in parts]))


def _gram_matrix(
    parts: Sequence[Columns], rank: int, kind: DTypeLike
) -> Float[np.ndarray, "r r"]:
    """Return Yᵀ Y of the stacked parts, from products of two each; lower triangle."""
    matrix: np.ndarray = np.zeros((rank, rank), kind)
    ends = np.cumsum([part.rank for part in parts])
    for i, left in enumerate(parts):
        span = slice(ends[i] - left.rank, ends[i])
        for j in range(i + 1):
            other = slice(ends[j] - parts[j].rank, ends[j])
            _add_product(left, parts[j], matrix[span, other])
    return matrix


def _add_product(left: Columns, right: Columns, out: np.ndarray) -> None:
    """Add Y₁ᵀ Y₂ to `out`, from the blocks that both have."""
    if left is right or np.array_equal(left.rows, right.rows):
        ours, theirs, count = None, None, left.rows.size
    else:
        common, ours, theirs = np.intersect1d(
            left.rows, right.rows, assume_unique=True, return_indices=True
        )
        count = common.size
    numbers = left.size * max(left.rank, right.rank)
    for some in slices(count, numbers, numbers=FOR_PRODUCTS):
        first = _piece(left, ours, some, out.dtype)
        # One array, twice, lets NumPy form only half of the products.
        second = first if left is right else _piece(right, theirs, some, out.dtype)
        out += first.T @ second


def _piece(
    columns: Columns, which: np.ndarray | None, some: slice, kind: np.dtype
) -> Float[np.ndarray, "kb r"]:
    values = columns.values[some] if which is None else columns.values[which[some]]
    flat = values.reshape(len(values) * columns.size, columns.rank)
    return flat.astype(kind, copy=False)


def _strong(
    matrix: np.ndarray, threshold: float, kind: DTypeLike
) -> tuple[Float[np.ndarray, "q"], Float[np.ndarray, "p q"]]:
    """Return the eigenvalues above the threshold, descending, with their vectors."""
    rank = matrix.shape[0]
    if rank == 0:
        return np.zeros(0), np.zeros((0, 0))
    values, vectors = scipy.linalg.eigh(
        matrix.astype(np.float64, copy=False).T,  # in LAPACK's order without a copy
        lower=False,
        driver="evd",
        overwrite_a=True,
        check_finite=False,
    )
    finer = np.finfo(kind).eps / np.finfo(np.float64).eps
    rounding = rounding_threshold(rank) * finer * max(values[-1], 0.0)
    kept = np.searchsorted(values, max(threshold, rounding), side="right")
    return values[kept:][::-1].copy(), vectors[:, kept:][:, ::-1]


def _add_mixed(
    part: Columns, vectors: np.ndarray, rows: np.ndarray, out: np.ndarray
) -> None:
    """Add Y V to the blocks of `out`, which stand for `rows`."""
    places = np.searchsorted(rows, part.rows)
    mixing = np.ascontiguousarray(vectors, dtype=out.dtype)
    numbers = part.size * max(part.rank, vectors.shape[1], 1)
    for some in slices(part.rows.size, numbers, numbers=FOR_PRODUCTS):
        taken_places = places[some]
        piece = _piece(part, None, some, out.dtype)
        product = (piece @ mixing).reshape(taken_places.size, *out.shape[1:])
        first, last = taken_places[0], taken_places[-1]
        if last - first + 1 == taken_places.size:
            out[first : last + 1] += product
        else:
            out[taken_places] += product


def _modes_from_rows(
    parts: Sequence[Columns], rows: np.ndarray, threshold: float, out: DTypeLike
) -> Modes:
    """Return the modes from Σ Y Yᵀ, where there are more columns than rows."""
    size = parts[0].size
    matrix = np.zeros((rows.size * size,) * 2)
    for part in parts:
        flat = part.flat.astype(np.float64, copy=False)
        places = (np.searchsorted(rows, part.rows)[:, None] * size) + np.arange(size)
        matrix[np.ix_(places.ravel(), places.ravel())] += flat @ flat.T
    values, vectors = _strong(matrix, threshold, np.float64)
    columns = (vectors * np.sqrt(values)).astype(out)
    return Modes(Columns(rows, columns.reshape(rows.size, size, values.size)), values)
