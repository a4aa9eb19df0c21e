"""The first merging of plates, while each star still has two unknowns on each.

In the metric of all blocks, 𝔇 = L Lᵀ, a plate's columns are L⁻¹ E_pᵀ U_p: of a star
five rows, in the plane that the two columns of L⁻¹ E_pᵀ span. With B_p an orthonormal
basis of it and L⁻¹ E_pᵀ = B_p R_p, products of two plates' columns are ::

    (R_p U_p)ᵀ (B_pᵀ B_q) (R_q U_q)

with blocks of 2 x 2 between, and mixed columns are B_p ((R_p U_p) V): both are matrix
products of two rows a star, 2.5 times fewer than five, and what is of five rows is
never made of a single plate.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

from reseau.linalg import Columns, forward_blocks

from .joint import Share

CACHED = 1 << 18
"""Numbers of an array that is worked on at a time."""


class Seen(NamedTuple):
    """A plate's columns in the metric of all, on two rows a star.

    Attributes
    ----------
    rows
        Stars, ascending.
    basis
        B, of the plane of the star's whitened parameters that the plate sees.
    values
        R U.
    weight
        What part of all information on its stars the plate has, on average.
    """

    rows: Int[np.ndarray, "n"]
    basis: Float[np.ndarray, "n k 2"]
    values: Float[np.ndarray, "n 2 r"]
    weight: float


class Node(NamedTuple):
    """Columns of some plates, whitened, and what part of 𝔇 these plates are."""

    columns: Columns
    weight: float


def seen_by(share: Share, root: Float[np.ndarray, "n k k"], epsilon: float) -> Seen:
    """Return a plate's columns in the metric of all.

    Parameters
    ----------
    share
        The plate.
    root
        L, lower Cholesky factors of the blocks 𝔇.
    epsilon
        Share of the plate's information below which its columns are left out; 0: none.
    """
    said, (row, _, jacobian) = share.information, share.mapped
    kept = int(np.count_nonzero(said.share > epsilon)) if epsilon else said.share.size
    across = np.ascontiguousarray(jacobian.transpose(0, 2, 1))
    basis, small = np.linalg.qr(forward_blocks(root[row], across))
    kind = said.columns.dtype
    values = _times(small.astype(kind), said.columns[:, :, :kept])
    own = np.matmul(small, np.linalg.cholesky(said.blocks))
    weight = np.mean(np.linalg.norm(own, ord=2, axis=(1, 2)) ** 2)
    basis = basis.astype(kind)
    order = np.argsort(row, kind="stable")
    if not np.array_equal(order, np.arange(row.size)):
        row, basis, values = row[order], basis[order], values[order]
    return Seen(row, basis, values, float(weight))


def _times(small: np.ndarray, values: np.ndarray) -> Float[np.ndarray, "n 2 r"]:
    """Return blocks of 2 x 2 times columns; as sums, which is faster than a product."""
    out = np.empty(values.shape, values.dtype)
    for i in range(2):
        np.multiply(small[:, i, 0, None], values[:, 0], out=out[:, i])
        out[:, i] += small[:, i, 1, None] * values[:, 1]
    return out


def first_merged(plates: Sequence[Seen], epsilon: float) -> Node:
    """Return the strong modes of some plates together, five rows a star.

    Parameters
    ----------
    plates
        As `seen_by` returns them.
    epsilon
        Modes are left out whose share is below this part of what these plates have.
    """
    weight = sum(plate.weight for plate in plates)
    values, vectors = scipy.linalg.eigh(_gram(plates), check_finite=False)
    rounding = np.finfo(plates[0].values.dtype).eps * values.max(initial=0.0)
    kept = values > max(epsilon * min(weight, 1.0), rounding)
    columns = _mixed(plates, vectors[:, kept][:, ::-1])
    return Node(columns, weight)


def _gram(plates: Sequence[Seen]) -> Float[np.ndarray, "m m"]:
    """Return products of all columns with all; the lower triangle."""
    ends = np.cumsum([0] + [plate.values.shape[2] for plate in plates])
    out = np.zeros((ends[-1], ends[-1]))
    for i, left in enumerate(plates):
        here = slice(ends[i], ends[i + 1])
        flat = left.values.reshape(-1, left.values.shape[2])
        out[here, here] = flat.T @ flat
        for j in range(i):
            out[here, ends[j] : ends[j + 1]] = _product(left, plates[j])
    return out


def _product(left: Seen, right: Seen) -> Float[np.ndarray, "r s"]:
    """Return the products of two plates' columns, from the stars that both saw."""
    mine, theirs = left.basis, right.basis
    ours, others = left.values, right.values
    if not np.array_equal(left.rows, right.rows):
        _, here, there = np.intersect1d(
            left.rows, right.rows, assume_unique=True, return_indices=True
        )
        mine, ours = mine[here], ours[here]
        theirs, others = theirs[there], others[there]
    turned = _times(mine.transpose(0, 2, 1) @ theirs, others)
    return ours.reshape(-1, ours.shape[2]).T @ turned.reshape(-1, turned.shape[2])


def _mixed(plates: Sequence[Seen], vectors: np.ndarray) -> Columns:
    """Return combinations of the columns of all plates, on all rows of the stars."""
    rows = np.unique(np.concatenate([plate.rows for plate in plates]))
    kind = plates[0].values.dtype
    size, rank = plates[0].basis.shape[1], vectors.shape[1]
    mixing = np.ascontiguousarray(vectors, dtype=kind)
    out = np.zeros((rows.size, size, rank), kind)
    start = 0
    for plate in plates:
        count, _, own = plate.values.shape
        of_plate = mixing[start : start + own]
        start += own
        place = np.searchsorted(rows, plate.rows)
        step = max(1, CACHED // (2 * max(rank, 1)))
        for first in range(0, count, step):
            some = slice(first, first + step)
            flat = plate.values[some].reshape(-1, own) @ of_plate
            flat = flat.reshape(-1, 2, rank)
            out[place[some]] += plate.basis[some] @ flat
    return Columns(rows, out)


__all__ = ["Node", "Seen", "first_merged", "seen_by"]
