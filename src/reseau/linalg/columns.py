"""Columns of a low-rank part: dense where they stand, absent elsewhere.

A plate's columns touch only the blocks of the sources it saw. They may be kept in 32
bits, for memory. Products with vectors of 64 bits are then in 64, a piece in the cache
at a time, so that no copy of the whole is made.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from reseau.errors import ShapeError, explain

from .small_blocks import slices

FOR_PRODUCTS = 1 << 20
"""Numbers of a piece that enters a matrix product: 8 MB of doubles."""


class Columns(eqx.Module):
    """A tall matrix U of r columns, of which only some blocks of rows are not zero.

    Attributes
    ----------
    rows
        Which blocks; ascending, each once.
    values
        The blocks, b rows by r columns each, of 32 or 64 bits.
    """

    rows: Int[np.ndarray, "k"]
    values: Float[np.ndarray, "k b r"]

    def __check_init__(self) -> None:
        rows = self.rows
        if rows.size and (rows[0] < 0 or not np.all(rows[1:] > rows[:-1])):
            raise ShapeError(
                explain(
                    given=f"{rows.size} rows that are negative, repeated or unsorted",
                    wanted="ascending block numbers, each once",
                    where="Columns",
                    todo="sort them, and their values alike; add up what repeats",
                )
            )

    @property
    def rank(self) -> int:
        """Number of columns."""
        return int(self.values.shape[2])

    @property
    def size(self) -> int:
        """Rows of a block."""
        return int(self.values.shape[1])

    @property
    def flat(self) -> Float[np.ndarray, "kb r"]:
        """The blocks one below another; a view where they are contiguous."""
        k, size, rank = self.values.shape
        return self.values.reshape(k * size, rank)

    def inner(self, right: Float[np.ndarray, "n b *q"]) -> Float[np.ndarray, "r *q"]:
        """Return Uᵀ x, x given on all blocks.

        In 64 bits, unless both U and x are of 32.
        """
        kind = np.result_type(self.values, right)
        tail = right.shape[2:]
        x = taken(right, self.rows).reshape(self.rows.size * self.size, *tail)
        flat = self.flat
        found = np.zeros((self.rank, *tail), kind)
        for some in slices(len(flat), self.rank):
            found += flat[some].astype(kind, copy=False).T @ x[some]
        return found

    def subtract_outer(
        self, weights: Float[np.ndarray, "r *q"], out: Float[np.ndarray, "n b *q"]
    ) -> None:
        """Subtract U `weights` from `out`, in its memory.

        In 64 bits, unless both U and the weights are of 32.
        """
        kind = np.result_type(self.values, weights)
        size, tail = self.size, out.shape[2:]
        for some in slices(self.rows.size, size * self.rank):
            piece = self.values[some].astype(kind, copy=False)
            product = piece.reshape(len(piece) * size, self.rank) @ weights
            out[self.rows[some]] -= product.reshape(len(piece), size, *tail)


def taken(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the blocks of these ascending rows: a view where they are consecutive."""
    if rows.size == 0:
        return values[:0]
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == rows.size:
        return values[first : last + 1]
    return values[rows]
