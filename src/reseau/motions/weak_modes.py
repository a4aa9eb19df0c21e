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

MOST = 128
"""Of them, the weakest: they are this many at most."""

NOTHING = 1e-9
"""What is dropped along a mode below this is rounding."""


def dropped_on_weak_modes(
    equations: Joint,
    root: Float[np.ndarray, "n k k"],
    parts: Sequence[Columns],
    epsilon: float,
) -> Columns | None:
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
    The columns to append, whitened; None where there is nothing to put back.
    """
    modes = merge(parts, 1.0 - min(WEAK, TIMES * epsilon))
    strength = modes.eigenvalues[:MOST]
    if strength.size == 0:
        return None
    n, size = root.shape[:2]
    weak = np.zeros((n, size, strength.size))
    weak[modes.columns.rows] = modes.columns.values[:, :, : strength.size]
    weak /= np.sqrt(strength)
    dropped = _taken(equations, root, weak)
    for part in parts:
        part.subtract_outer(part.inner(weak), dropped)
    flat = dropped.reshape(n * size, -1)
    inner = weak.reshape(n * size, -1).T @ flat
    amount, turn = scipy.linalg.eigh(0.5 * (inner + inner.T))
    kept = amount > NOTHING
    if not kept.any():
        return None
    columns = flat @ (turn[:, kept] / np.sqrt(amount[kept]))
    return Columns(np.arange(n), columns.reshape(n, size, -1))


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
