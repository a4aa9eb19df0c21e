"""Matrices that are block diagonal minus low rank: M = blockdiag(D) − Σ U Uᵀ.

What one plate says about its sources has this form, D being what each source would
learn if the calibration were known and U what the calibration takes away. Sums have it
again, and so has the same information about other parameters, Eᵀ M E.

Nothing here knows of stars.
"""

import math

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from reseau.errors import ShapeError, explain

from .columns import Columns
from .small_blocks import slices


class BlockLowRank(eqx.Module):
    """A symmetric, positive semi-definite matrix, blockdiag(D) − Σ U Uᵀ.

    Attributes
    ----------
    blocks
        D, symmetric.
    parts
        The U, each on blocks of its own.
    """

    blocks: Float[np.ndarray, "n b b"]
    parts: tuple[Columns, ...] = ()

    def __check_init__(self) -> None:
        for number, part in enumerate(self.parts):
            beyond = part.rows.size and part.rows[-1] >= self.n
            if part.size != self.size or beyond:
                raise ShapeError(
                    explain(
                        given=f"{self.n} blocks of {self.size} rows, and columns on "
                        f"blocks of {part.size} rows up to number "
                        f"{part.rows.max(initial=-1)}",
                        wanted="columns on these blocks",
                        where=f"parts[{number}]",
                        todo="map both to the same unknowns first",
                    )
                )

    @property
    def n(self) -> int:
        """Number of blocks."""
        return int(self.blocks.shape[0])

    @property
    def size(self) -> int:
        """Rows of a block."""
        return int(self.blocks.shape[1])

    @property
    def rank(self) -> int:
        """Number of columns of all parts."""
        return sum(part.rank for part in self.parts)

    def matvec(self, right: Float[np.ndarray, "n b *q"]) -> Float[np.ndarray, "n b *q"]:
        """Return M x, of 64 bits, for one x or for q of them, as a last axis.

        Where x is of 32 bits, so are its products with columns of 32 bits: three times
        faster, and right to 1e-7 of the largest terms. That will do for the steps of
        `conjugate_gradients`, not for what is left of the right-hand side at its start.
        """
        wide = right.reshape(*right.shape[:2], math.prod(right.shape[2:]))
        out = np.matmul(self.blocks, wide, dtype=np.float64).reshape(right.shape)
        for part in self.parts:
            part.subtract_outer(part.inner(right), out)
        return out

    def plus(self, other: "BlockLowRank") -> "BlockLowRank":
        """Return the sum, with the parts of both, not re-compressed."""
        if self.blocks.shape != other.blocks.shape:
            raise ShapeError(
                explain(
                    given=f"blocks {self.blocks.shape} and {other.blocks.shape}",
                    wanted="the same blocks in both",
                    where="BlockLowRank.plus",
                    todo="map both to the same unknowns first",
                )
            )
        return BlockLowRank(self.blocks + other.blocks, self.parts + other.parts)

    def mapped(
        self,
        jacobian: Float[np.ndarray, "n b c"],
        rows: Int[np.ndarray, "n"],
        n_out: int,
    ) -> "BlockLowRank":
        """Return Eᵀ M E: the same information about other unknowns θ, x = E θ.

        Parameters
        ----------
        jacobian
            The blocks of E, derivatives of x_i by θ of block `rows[i]`.
        rows
            Which block of θ each block depends on; none twice.
        n_out
            Number of blocks of θ.
        """
        _check_rows(rows, n_out)
        c = jacobian.shape[2]
        blocks = np.zeros((n_out, c, c))
        blocks[rows] = jacobian.transpose(0, 2, 1) @ self.blocks @ jacobian
        parts = tuple(_mapped_columns(part, jacobian, rows) for part in self.parts)
        return BlockLowRank(blocks, parts)

    def to_dense(self) -> Float[np.ndarray, "nb nb"]:
        """Write out the whole matrix, for tests only."""
        n, size = self.n, self.size
        apart = np.zeros((n, size, n, size))
        apart[np.arange(n), :, np.arange(n), :] = self.blocks
        dense = apart.reshape(n * size, n * size)
        for part in self.parts:
            full = np.zeros((n, size, part.rank))
            full[part.rows] = part.values
            dense -= full.reshape(n * size, -1) @ full.reshape(n * size, -1).T
        return dense


def _check_rows(rows: np.ndarray, n_out: int) -> None:
    outside = rows.size and (rows.min() < 0 or rows.max() >= n_out)
    if outside or np.unique(rows).size != rows.size:
        raise ShapeError(
            explain(
                given=f"{rows.size} rows, {np.unique(rows).size} different ones",
                wanted=f"different rows from 0 to {n_out - 1}",
                where="BlockLowRank.mapped",
                todo="map repeated unknowns one by one, and add up",
            )
        )


def _mapped_columns(part: Columns, jacobian: np.ndarray, rows: np.ndarray) -> Columns:
    """Return Eᵀ U, in the type of U."""
    reached = rows[part.rows]
    order = np.argsort(reached, kind="stable")
    transposed = jacobian.transpose(0, 2, 1)[part.rows[order]]
    values = np.empty(
        (order.size, jacobian.shape[2], part.rank), dtype=part.values.dtype
    )
    for some in slices(order.size, part.size * part.rank):
        piece = part.values[order[some]].astype(np.float64, copy=False)
        values[some] = transposed[some] @ piece
    return Columns(reached[order], values)
