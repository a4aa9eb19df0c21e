"""What all plates' calibrations take, joined by a tree to few common modes.

In the metric of the sum of all blocks, 𝔇 = L Lᵀ, a plate's columns are L⁻¹E_pᵀU_p.
Plates that saw the same stars take much of the same modes (the scale of one field, say,
at all times), so that two of them together have hardly more modes than one. A node
drops what is below ε of its own share in all information, so that what is dropped is
below ε of the information of each star, at each level of the tree.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._parts import each_part
from reseau.linalg import (
    Columns,
    LowRankFactor,
    factor_of_whitened,
    forward_blocks,
    merge,
)

from .joint import Joint, Share

EPSILON = 1e-2
"""Share of a node's information below which a mode is left out."""


LEAST = 1e-5
"""Part of its information that a mode must have left: merged columns have 32 bits."""


class _Node(NamedTuple):
    """Columns of some plates, whitened, and what part of 𝔇 these plates are."""

    columns: Columns
    weight: float


def merged_factor(
    equations: Joint, root: Float[np.ndarray, "n k k"], epsilon: float = EPSILON
) -> LowRankFactor:
    """Return the inverse of the normal matrix in factors, its modes compressed.

    Parameters
    ----------
    equations
        Of all plates.
    root
        L, lower Cholesky factors of their blocks 𝔇.
    epsilon
        Share below which modes are left out; 0: none.
    """
    # Several at once and each in one thread: products are too small for more.
    ordered = _in_order(equations.plates)
    nodes = each_part(lambda share: _leaf(share, root, epsilon), ordered)
    while len(nodes) > 1:
        pairs = [nodes[i : i + 2] for i in range(0, len(nodes), 2)]
        nodes = each_part(lambda pair: _joined(pair, epsilon), pairs)
    columns = [node.columns for node in nodes]
    coarse = any(part.values.dtype == np.float32 for part in columns)
    return factor_of_whitened(root, columns, epsilon, least=LEAST if coarse else 0.0)


def _in_order(plates: Sequence[Share]) -> list[Share]:
    """Return plates so that neighbours saw the same field, at about the same time."""

    def key(share: Share) -> tuple[float, ...]:
        centre = np.mean(share.information.direction, axis=0)
        return (*np.round(centre / FIELD), share.information.epoch)

    return sorted(plates, key=key)


FIELD = 0.005
"""Plates whose centres agree by this are neighbours [rad]."""


def _leaf(share: Share, root: np.ndarray, epsilon: float) -> _Node:
    """Return a plate's columns in the metric of all."""
    said, (row, _, jacobian) = share.information, share.mapped
    kept = int(np.count_nonzero(said.share > epsilon)) if epsilon else said.share.size
    white = forward_blocks(
        root[row], np.ascontiguousarray(jacobian.transpose(0, 2, 1))
    ).astype(said.columns.dtype)
    values = np.empty((row.size, jacobian.shape[2], kept), said.columns.dtype)
    for i in range(jacobian.shape[2]):
        np.multiply(white[:, i, 0, None], said.columns[:, 0, :kept], out=values[:, i])
        values[:, i] += white[:, i, 1, None] * said.columns[:, 1, :kept]
    own = np.linalg.cholesky(said.blocks)
    seen = np.matmul(own.transpose(0, 2, 1), white.transpose(0, 2, 1))
    weight = np.mean(np.linalg.norm(seen, ord=2, axis=(1, 2)) ** 2)
    order = np.argsort(row, kind="stable")
    if not np.array_equal(order, np.arange(row.size)):
        row, values = row[order], values[order]
    return _Node(Columns(row, values), float(weight))


def _joined(nodes: list[_Node], epsilon: float) -> _Node:
    if len(nodes) == 1:
        return nodes[0]
    weight = sum(node.weight for node in nodes)
    threshold = epsilon * min(weight, 1.0)
    modes = merge([node.columns for node in nodes], threshold)
    nodes.clear()  # else both live on beside what was made of them
    return _Node(modes.columns, weight)


__all__ = ["EPSILON", "merged_factor"]
