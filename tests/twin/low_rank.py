"""Random matrices that are block diagonal minus low rank, and their dense twins."""

from typing import NamedTuple

import numpy as np
from scipy import linalg

from reseau.linalg import BlockLowRank, Columns


class Case(NamedTuple):
    """A matrix, and D and the U of all parts written out."""

    matrix: BlockLowRank
    diagonal: np.ndarray
    columns: np.ndarray

    @property
    def dense(self) -> np.ndarray:
        """D − U Uᵀ."""
        return self.diagonal - self.columns @ self.columns.T

    @property
    def inverse(self) -> np.ndarray:
        """The dense inverse, by way of unknowns of one size."""
        scale = np.sqrt(np.diag(self.diagonal))
        outer = np.outer(scale, scale)
        return linalg.inv(self.dense / outer) / outer

    def blocks(self, dense: np.ndarray) -> np.ndarray:
        """Return a dense matrix as blocks, by row block and column block."""
        n, b = self.matrix.n, self.matrix.size
        return dense.reshape(n, b, n, b).transpose(0, 2, 1, 3)


def random_blocks(rng: np.random.Generator, n: int, b: int) -> np.ndarray:
    """Return positive definite blocks whose unknowns have units a million apart."""
    half = rng.normal(size=(n, b, b + 2))
    units = 10.0 ** np.linspace(-3.0, 3.0, b)
    return np.einsum("nik,njk,i,j->nij", half, half, units, units)


def random_case(
    rng: np.random.Generator,
    n: int,
    b: int,
    ranks: tuple[int, ...],
    *,
    strongest: float = 0.99,
    kind: type = np.float64,
) -> Case:
    """Return a case whose parts stand on different blocks.

    Parameters
    ----------
    strongest
        The largest share of D that a mode loses.
    """
    blocks = random_blocks(rng, n, b)
    diagonal = linalg.block_diag(*blocks)
    lower = linalg.cholesky(diagonal, lower=True)
    reach = [np.sort(rng.permutation(n)[: rng.integers(1, n + 1)]) for _ in ranks]
    wide = [np.zeros((n, b, rank)) for rank in ranks]
    for rows, values in zip(reach, wide, strict=True):
        values[rows] = rng.normal(size=values[rows].shape)
    white = np.concatenate([w.reshape(n * b, -1) for w in wide] or [lower[:, :0]], 1)
    if white.size:
        white *= np.sqrt(strongest) / np.linalg.norm(white, 2)
    columns = (lower @ white).astype(kind)
    split = np.split(columns.reshape(n, b, -1), np.cumsum(ranks)[:-1], axis=2)
    parts = [
        Columns(rows, v[rows].copy()) for rows, v in zip(reach, split, strict=False)
    ]
    return Case(
        BlockLowRank(blocks, tuple(parts)), diagonal, columns.astype(np.float64)
    )


KINDS = {
    "numbers": (9, 1, (3, 2)),
    "pairs": (8, 2, (3, 4)),
    "five": (7, 5, (6, 2, 3)),
    "six": (6, 6, (5,)),
    "more columns than rows": (3, 2, (5, 4)),
    "nothing taken": (5, 5, ()),
    "no columns": (5, 5, (0,)),
}
"""Blocks, their size, and the ranks of the parts."""
