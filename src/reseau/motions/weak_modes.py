"""What little is left of the weakest modes, exactly.

Compression takes what it drops to lose nothing: M' = M + Δ with Δ ≥ 0 below some ε of
all information. That is next to nothing, but for modes of which less than ε is left:
with few references the zero point of a field, its rotation, all that calibrations
absorb. There M' is far too large, errors come out too small and conjugate gradients
need a step for each.

These modes are few, and known well as directions V even where M' is not. So what was
dropped along them is put back,

    M'' = M' − ΔV (VᵀΔV)⁻¹ VᵀΔ,    ΔV = M'V − MV,

with products by M, of what plates said, not compressed. Then M''V = MV exactly, and M''
is between M and M' (it takes away the part of Δ that its Nyström approximation on V
has, and that is never more than Δ). It costs as many columns as there are weak modes.

References
----------
Nyström approximations of semi-definite matrices: Halko, Martinsson & Tropp 2011, SIAM
Review 53, 217, section 5.5. As a preconditioner it is a deflation: Frank & Vuik 2001,
SIAM J. Sci. Comput. 23, 442.
"""

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from jaxtyping import Float

from reseau._parts import in_parts
from reseau.linalg import Columns, backward_blocks, forward_blocks, merge

from .joint import Joint, Share

WEAK = 0.1
"""Modes of which less than this is left are made exact,"""

TIMES = 10.0
"""or less than so many times what a mode may have that is dropped."""

CLOSER = 1e-2
"""Modes of which less than this of that is left are made so again, known better now."""

PASSES = 3
"""How often at most."""

MOST = 128
"""Modes at a time, the weakest of them."""

NOTHING = 1e-9
"""What is dropped along a mode below this is rounding."""


def dropped_on_weak_modes(
    equations: Joint,
    root: Float[np.ndarray, "n k k"],
    parts: Sequence[Columns],
    epsilon: float,
) -> list[Columns]:
    """Return columns that take from M' = L (1 − Σ Y Yᵀ) Lᵀ what was dropped, see above.

    Parameters
    ----------
    equations
        Those whose normal matrix M is.
    root
        L, lower Cholesky factors of their blocks.
    parts
        The columns Y, compressed.
    epsilon
        Share below which modes were dropped.

    Returns
    -------
    The columns to append, whitened.

    Notes
    -----
    A direction V of M' is off by some angle θ, and what is left along the true one is
    then too large by θ² ε. Weak modes of M'' are off by ten times less.
    """
    added: list[Columns] = []
    below = min(WEAK, TIMES * epsilon)
    for _ in range(PASSES):
        weak = _weak_modes([*parts, *added], len(root), below)
        if weak.shape[2] == 0:
            break
        found = _put_back(equations, root, [*parts, *added], weak)
        if found is None:
            break
        added.append(found)
        below *= CLOSER
    return added


def _weak_modes(
    parts: Sequence[Columns], n: int, below: float
) -> Float[np.ndarray, "n k q"]:
    """Return orthonormal modes of which less than a part is left, weakest first."""
    modes = merge(parts, 1.0 - below)
    strength = modes.eigenvalues[:MOST]
    out = np.zeros((n, parts[0].size, strength.size))
    out[modes.columns.rows] = modes.columns.values[:, :, : strength.size]
    return np.asarray(out / np.sqrt(strength))


def _put_back(
    equations: Joint, root: np.ndarray, parts: Sequence[Columns], weak: np.ndarray
) -> Columns | None:
    """Return ΔV (VᵀΔV)^(-1/2); None where that is nothing."""
    dropped = _taken(equations, root, weak)
    for part in parts:
        part.subtract_outer(part.inner(weak), dropped)
    flat = dropped.reshape(-1, weak.shape[2])
    inner = weak.reshape(flat.shape).T @ flat
    amount, turn = scipy.linalg.eigh(0.5 * (inner + inner.T))
    kept = amount > NOTHING
    if not kept.any():
        return None
    columns = flat @ (turn[:, kept] / np.sqrt(amount[kept]))
    return Columns(np.arange(len(root)), columns.reshape(*weak.shape[:2], -1))


def _taken(
    equations: Joint, root: np.ndarray, white: Float[np.ndarray, "n k q"]
) -> Float[np.ndarray, "n k q"]:
    """Return (1 − L⁻¹ M L⁻ᵀ) times columns, from all that the plates have said."""
    steps = backward_blocks(root, white)

    def some(shares: Sequence[Share]) -> np.ndarray:
        total = np.zeros_like(steps)
        for share in shares:
            row, _, jacobian = share.mapped
            back = np.zeros((row.size, 2, steps.shape[2]))
            share.columns.subtract_outer(
                share.columns.inner(jacobian @ steps[row]), back
            )
            total[row] -= jacobian.transpose(0, 2, 1) @ back
        return total

    total = np.sum(in_parts(some, equations.plates), axis=0)
    return forward_blocks(root, total)


__all__ = ["MOST", "WEAK", "dropped_on_weak_modes"]
