"""The first merging of plates, while each star still has two unknowns on each.

In the metric of all blocks, 𝔇 = L Lᵀ, a plate's columns are A_p U_p, A_p = L⁻¹ E_pᵀ: of
a star five rows, but made of two. Products of two plates' columns are ::

    U_pᵀ (A_pᵀ A_q) U_q

with blocks of 2 x 2 between, and mixed columns are A_p (U_p V): both are matrix
products of two rows a star, 2.5 times fewer than five, and what is of five rows is
never made of a single plate.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

from reseau.linalg import Columns, forward_blocks

from .joint import Share

CACHED = 1 << 17
"""Numbers of an array that is worked on at a time."""


class Seen(NamedTuple):
    """A plate's columns in the metric of all, as products.

    Attributes
    ----------
    rows
        Stars, ascending.
    across
        A, what the metric makes of the two unknowns that the plate sees of a star.
    values
        U.
    weight
        What part of all information on its stars the plate has, on average.
    """

    rows: Int[np.ndarray, "n"]
    across: Float[np.ndarray, "n k 2"]
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
    across = forward_blocks(
        root[row], np.ascontiguousarray(jacobian.transpose(0, 2, 1))
    )
    own = np.matmul(across, np.linalg.cholesky(said.blocks))
    weight = np.mean(_largest(own))
    columns = said.columns
    order = np.argsort(row, kind="stable")
    if not np.array_equal(order, np.arange(row.size)):
        row, across, columns = row[order], across[order], columns[order]
    values = columns[:, :, :kept]
    return Seen(row, across.astype(columns.dtype), values, float(weight))


def _largest(small: Float[np.ndarray, "n k 2"]) -> Float[np.ndarray, "n"]:
    """Return the largest eigenvalues of AᵀA."""
    square = small.transpose(0, 2, 1) @ small
    half = 0.5 * (square[:, 0, 0] + square[:, 1, 1])
    apart = 0.5 * (square[:, 0, 0] - square[:, 1, 1])
    return half + np.hypot(apart, square[:, 0, 1])


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
        for j in range(i + 1):
            found = _product(left, plates[j])
            out[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = found
    return out


def _product(left: Seen, right: Seen) -> Float[np.ndarray, "r s"]:
    """Return the products of two plates' columns, from the stars that both saw."""
    here, there = _common(left.rows, right.rows)
    small = left.across[here].transpose(0, 2, 1) @ right.across[there]
    ranks = left.values.shape[2], right.values.shape[2]
    out: np.ndarray = np.zeros(ranks, left.values.dtype)
    for some in _pieces(len(small), max(ranks)):
        ours, others = left.values[here[some]], right.values[there[some]]
        turned = _turned(small[some], others)
        out += ours.reshape(-1, ranks[0]).T @ turned.reshape(-1, ranks[1])
    return out


def _common(mine: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where stars that two plates saw are on each."""
    if np.array_equal(mine, theirs):
        everywhere = np.arange(mine.size)
        return everywhere, everywhere
    _, here, there = np.intersect1d(
        mine, theirs, assume_unique=True, return_indices=True
    )
    return here, there


def _turned(small: np.ndarray, values: np.ndarray) -> Float[np.ndarray, "n 2 r"]:
    """Return blocks of 2 x 2 times columns; sums are faster than products of each."""
    out = np.empty_like(values)
    for i in range(2):
        np.multiply(small[:, i, 0, None], values[:, 0], out=out[:, i])
        out[:, i] += small[:, i, 1, None] * values[:, 1]
    return out


def _mixed(plates: Sequence[Seen], vectors: np.ndarray) -> Columns:
    """Return combinations of the columns of all plates, on all rows of the stars."""
    rows = np.unique(np.concatenate([plate.rows for plate in plates]))
    kind = plates[0].values.dtype
    size, rank = plates[0].across.shape[1], vectors.shape[1]
    mixing = np.ascontiguousarray(vectors, dtype=kind)
    out = np.zeros((rows.size, size, rank), kind)
    start = 0
    for plate in plates:
        own = plate.values.shape[2]
        of_plate = mixing[start : start + own]
        start += own
        place = np.searchsorted(rows, plate.rows)
        for some in _pieces(place.size, max(rank, own)):
            flat = plate.values[some].reshape(-1, own) @ of_plate
            out[place[some]] += plate.across[some] @ flat.reshape(-1, 2, rank)
    return Columns(rows, out)


def _pieces(count: int, rank: int) -> Iterator[slice]:
    step = max(1, CACHED // (2 * max(rank, 1)))
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))


__all__ = ["Node", "Seen", "first_merged", "seen_by"]
