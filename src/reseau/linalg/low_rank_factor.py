"""Solve with a matrix that is block diagonal minus low rank, and draw from it.

With D = L Lᵀ and L⁻¹ U Uᵀ L⁻ᵀ = Q share Qᵀ, Q with orthonormal columns,

    M   = L (1 − Q share Qᵀ) Lᵀ,
    M⁻¹ = L⁻ᵀ (1 + Q share/left Qᵀ) L⁻¹,    left = 1 − share,

so that covariances are what the blocks would have alone, D⁻¹, plus T Tᵀ with
T = L⁻ᵀ Q √(share/left): sums of squares, in which no digits cancel. (Woodbury 1950,
written in the eigenvectors of the small matrix.)

A mode of which nothing is left is null: M knows nothing along it. The inverse is then
L⁻ᵀ (…)⁺ L⁻¹, the pseudo-inverse in whitened unknowns, and the null modes are returned.
"""

import math
from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from reseau.errors import DegeneracyError, explain

from .block_low_rank import BlockLowRank
from .columns import Columns, taken
from .factor import rounding_threshold
from .low_rank_merging import Modes, modes_of, whitened
from .small_blocks import (
    backward_blocks,
    cholesky_blocks,
    forward_blocks,
    slices,
)


class LowRankFactor(eqx.Module):
    """The inverse of blockdiag(D) − U Uᵀ in factors.

    Attributes
    ----------
    root
        L, lower Cholesky factors of the blocks D.
    modes
        Q, orthonormal columns, in whitened unknowns Lᵀ x.
    share
        What part of D's information each mode loses; descending.
    left
        1 − share. It is known to about 1e-16 times the size, so that of a mode with
        1e-8 left seven digits are.
    null
        L⁻ᵀ N, directions of x of which nothing is left beyond rounding, N orthonormal
        in whitened unknowns. A step along one is a σ of D.
    """

    root: Float[np.ndarray, "n b b"]
    modes: Float[np.ndarray, "n b r"]
    share: Float[np.ndarray, "r"]
    left: Float[np.ndarray, "r"]
    null: Float[np.ndarray, "n b z"]

    @property
    def _flat(self) -> Float[np.ndarray, "nb r"]:
        return _flattened(self.modes)

    @property
    def _flat_null(self) -> Float[np.ndarray, "nb z"]:
        return _flattened(self.null)

    @property
    def _gain(self) -> Float[np.ndarray, "r"]:
        return self.share / self.left

    def solve(self, right: Float[np.ndarray, "n b *q"]) -> Float[np.ndarray, "n b *q"]:
        """Return M⁻¹ x (or M⁺ x, see the module) for one x or for q of them."""
        wide = right.reshape(*right.shape[:2], math.prod(right.shape[2:])).astype(
            np.float64, copy=False
        )
        white = forward_blocks(self.root, wide)
        # A copy where the given order of axes is another: never added to in place.
        flat = _flattened(white)
        flat = flat + self._flat @ (self._gain[:, None] * (self._flat.T @ flat))
        found = backward_blocks(self.root, flat.reshape(white.shape))
        if self.null.size:
            back = self._flat_null.T @ wide.reshape(flat.shape)
            found -= (self._flat_null @ back).reshape(found.shape)
        return found.reshape(right.shape)

    def logdet(self) -> float:
        """Return ln det M, without the null modes."""
        pivots = np.diagonal(self.root, axis1=1, axis2=2)
        return float(2.0 * np.sum(np.log(pivots)) + np.sum(np.log(self.left)))

    def own(self) -> Float[np.ndarray, "n b b"]:
        """Return D⁻¹, the covariance of each block with nothing shared."""
        return _sandwiched(self.root, np.zeros_like(self.root), self.root)

    def spread(self) -> Float[np.ndarray, "n b r"]:
        """Return T: covariance(a, c) = δ_ac own_a + T_a T_cᵀ, where nothing is null."""
        return backward_blocks(self.root, self.modes * np.sqrt(self._gain))

    def covariance_blocks(self) -> Float[np.ndarray, "n b b"]:
        """Return the diagonal blocks of M⁻¹."""
        shared = np.empty_like(self.root)
        gain = self._gain
        for some in slices(len(self.root), self.modes[:1].size):
            modes = self.modes[some]
            shared[some] = (modes * gain) @ modes.transpose(0, 2, 1)
        found = _sandwiched(self.root, shared, self.root)
        return found - self.null @ self.null.transpose(0, 2, 1)

    def covariance(
        self,
        a: int | np.integer | Int[np.ndarray, "..."],
        c: int | np.integer | Int[np.ndarray, "..."],
    ) -> Float[np.ndarray, "... b b"]:
        """Return blocks of M⁻¹: rows of block `a`, columns of block `c`.

        Parameters
        ----------
        a, c
            Numbers of blocks, or arrays of them, which broadcast; in these a block
            is negative counting from the end.
        """
        n, size = self.root.shape[:2]
        first, second = np.broadcast_arrays(np.asarray(a), np.asarray(c))
        shape = first.shape
        first, second = np.arange(n)[first.ravel()], np.arange(n)[second.ravel()]
        shared = np.empty((first.size, size, size))
        gain = self._gain
        for some in slices(first.size, self.modes[:1].size):
            left, right = self.modes[first[some]] * gain, self.modes[second[some]]
            shared[some] = left @ right.transpose(0, 2, 1)
        same = first == second
        found = _sandwiched(self.root[first], shared, self.root[second], same=same)
        found -= self.null[first] @ self.null[second].transpose(0, 2, 1)
        return found.reshape(*shape, size, size)

    def draw(
        self, n_draws: int, rng: np.random.Generator
    ) -> Float[np.ndarray, "m n b"]:
        """Draw exactly from N(0, M⁻¹).

        The sum of two independent terms, L⁻ᵀ z₁ + T z₂, each block's own error and
        the shared one. The symmetric root, L⁻ᵀ (1 + Q (left^(-1/2) − 1) Qᵀ) z₁, needs
        r numbers less and another product with Q, and Q orthonormal to better than
        `left`, which modes of next to no share are not.
        """
        n, size = self.root.shape[:2]
        white = rng.standard_normal((n * size, n_draws))
        shared = rng.standard_normal((self.share.size, n_draws))
        known = white + self._flat @ (np.sqrt(self._gain)[:, None] * shared)
        found = backward_blocks(self.root, known.reshape(n, size, n_draws))
        if self.null.size:
            # Along null modes, where M says nothing, the draws are zero.
            back = self.root @ white.reshape(n, size, n_draws)
            back = self._flat_null.T @ back.reshape(n * size, n_draws)
            found -= (self._flat_null @ back).reshape(found.shape)
        return np.moveaxis(found, -1, 0)


def _flattened(blocks: np.ndarray) -> Float[np.ndarray, "nb r"]:
    n, size, rank = blocks.shape
    return blocks.reshape(n * size, rank)


def _sandwiched(
    left: np.ndarray,
    shared: np.ndarray,
    right: np.ndarray,
    *,
    same: np.ndarray | bool = True,
) -> Float[np.ndarray, "m b b"]:
    """Return L_a⁻ᵀ (1 + S) L_c⁻¹, the 1 only where both blocks are the `same`."""
    inner = shared + np.where(same, 1.0, 0.0)[..., None, None] * np.eye(left.shape[1])
    half = backward_blocks(left, inner).transpose(0, 2, 1)
    return backward_blocks(right, half).transpose(0, 2, 1)


def factorise_low_rank(matrix: BlockLowRank, threshold: float = 0.0) -> LowRankFactor:
    """Factor blockdiag(D) − Σ U Uᵀ.

    Parameters
    ----------
    matrix
        Its blocks must be positive definite, by a prior if not by data.
    threshold
        Modes that lose less than this share of D's information are left out: then
        the factor is that of an M' with M ≤ M' ≤ M / (1 − threshold), good enough as
        a preconditioner. 0 keeps all that is above rounding.

    Raises
    ------
    DegeneracyError
        Where a block is singular, or M is not positive semi-definite: more is taken
        away than there is.

    Notes
    -----
    A mode is null where what is left is not above rounding: some 4 ε n b, more where
    blocks are nearly singular along it, and 4 ε of 32 bits where columns are kept in
    those.
    """
    root = cholesky_blocks(matrix.blocks)
    return factor_of_whitened(
        root, [whitened(part, root) for part in matrix.parts], threshold
    )


def factor_of_whitened(
    root: Float[np.ndarray, "n b b"],
    parts: Sequence[Columns],
    threshold: float = 0.0,
    *,
    least: float = 0.0,
) -> LowRankFactor:
    """Factor L (1 − Σ Y Yᵀ) Lᵀ, the columns Y whitened already.

    Parameters
    ----------
    root
        L, lower Cholesky factors of the blocks.
    parts
        The columns Y = L⁻¹ U, as `whitened` returns them.
    threshold
        As of `factorise_low_rank`, whose errors it has.
    least
        Modes of which no more than this is left are null; where it is given it stands
        for the rounding of columns of 32 bits, whose bound is seldom reached.
    """
    n, size = root.shape[:2]
    none = np.zeros((n, size, 0))
    if sum(part.rank for part in parts) == 0:
        return LowRankFactor(root, none, np.zeros(0), np.zeros(0), none)
    coarse = any(part.values.dtype == np.float32 for part in parts)
    found = modes_of(parts, threshold, gram=np.float64, out=np.float64)
    kind = np.float32 if coarse else np.float64
    return _factor_of(root, found, kind, least)


def _factor_of(
    root: np.ndarray, found: Modes, kind: type, least: float
) -> LowRankFactor:
    share = found.eigenvalues
    left = 1.0 - share
    values = found.columns.values
    values /= np.sqrt(share)
    rounding = np.maximum(_rounding_of(found.columns, left, root, kind), least)
    at_most = rounding
    if least:
        fine = _rounding_of(found.columns, left, root, np.float64)
        at_most = np.maximum(fine, least)
    if np.any(left < -rounding):
        raise DegeneracyError(
            explain(
                given=f"a mode of which {share[0]:.6g} of the information of the "
                "blocks is taken away",
                wanted="at most 1, a positive semi-definite matrix",
                where="the strongest mode of M = blockdiag(D) − U Uᵀ",
                todo="add the blocks and the columns of the same plates; keep more "
                "digits of the columns",
            )
        )
    rows = found.columns.rows
    gone = left <= at_most
    if not gone.any():
        none = np.zeros((*root.shape[:2], 0))
        return LowRankFactor(root, _on_all(rows, values, len(root)), share, left, none)
    modes = _on_all(rows, values[:, :, ~gone], len(root))
    null = backward_blocks(root, _on_all(rows, values[:, :, gone], len(root)))
    return LowRankFactor(root, modes, share[~gone], left[~gone], null)


def _rounding_of(
    modes: Columns, left: np.ndarray, root: np.ndarray, kind: type
) -> Float[np.ndarray, "r"]:
    """Return how far `left` may be off, of the modes that have less than half.

    What is left of a mode is vᵀ M v, v = L⁻ᵀ q, a difference of sums of terms not
    larger than √(D_jj D_kk) |v_j v_k|. Their rounding is ε of that, or that of columns
    of 32 bits, and that of the sum over all blocks comes on top.
    """
    lower = taken(root, modes.rows)
    spread = np.sqrt(np.sum(lower**2, axis=2))
    weak = int(np.sum(left < 0.5))  # the first ones: share descends
    reach = np.zeros(weak)
    for some in slices(len(lower), modes.size * max(weak, 1)):
        steps = backward_blocks(lower[some], modes.values[some, :, :weak])
        reach += np.sum(np.einsum("kb,kbr->kr", spread[some], np.abs(steps)) ** 2, 0)
    n, size = root.shape[:2]
    rounding = np.full(left.size, rounding_threshold(n * size))
    rounding[:weak] += rounding_threshold(size) * reach
    if kind == np.float32:
        rounding[:weak] += 4.0 * np.finfo(np.float32).eps * np.sqrt(reach)
    return rounding


def _on_all(rows: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Return blocks of all rows, zero where there were none."""
    if rows.size == n:
        return np.ascontiguousarray(values)
    whole = np.zeros((n, *values.shape[1:]))
    whole[rows] = values
    return whole
