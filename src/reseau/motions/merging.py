"""What all plates' calibrations take, joined by a tree to few common modes.

In the metric of the sum of all blocks, 𝔇 = L Lᵀ, a plate's columns are L⁻¹E_pᵀU_p.
Plates that saw the same stars take much of the same modes (the scale of one field, say,
at all times), so that some of them together have hardly more modes than one. A node
drops what is below ε of its own share in all information, so that what is dropped is
below ε of the information of each star, at each level of the tree. That is nothing
unless there is as little information left: see `weak_modes`.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from reseau._parts import PARTS, each_part
from reseau.linalg import LowRankFactor, factor_of_whitened, merge

from .first_merging import Node, first_merged, seen_by
from .joint import Joint, Share
from .weak_modes import dropped_on_weak_modes

EPSILON = 3e-2
"""Share of a node's information below which a mode is left out."""

TOGETHER = 4
"""Plates that are merged at once in the beginning."""

LEAST = 1e-8
"""Part of its information that a mode must have left: columns are of 32 bits."""

FIELD = 0.005
"""Plates whose centres agree by this are neighbours [rad]."""


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
    ordered = _in_order(equations.plates)

    def branch(plates: Sequence[Share]) -> Node:
        return _branch(plates, root, epsilon)

    # Several at once and each in one thread: products are too small for more.
    nodes = each_part(branch, _cut(ordered))
    while len(nodes) > 2:
        pairs = [nodes[i : i + 2] for i in range(0, len(nodes), 2)]
        nodes = each_part(lambda pair: _joined(pair, epsilon), pairs)
    columns = [node.columns for node in nodes]
    if epsilon:
        columns += dropped_on_weak_modes(equations, root, columns, epsilon)
    coarse = any(part.values.dtype == np.float32 for part in columns)
    return factor_of_whitened(root, columns, epsilon, least=LEAST if coarse else 0.0)


def _cut(plates: Sequence[Share]) -> list[Sequence[Share]]:
    """Return plates in as many parts as are worked on at once, neighbours together."""
    groups = -(-len(plates) // TOGETHER)
    edges = np.linspace(0, groups, min(PARTS, groups) + 1).round().astype(int)
    edges = np.minimum(edges * TOGETHER, len(plates))
    return [plates[a:b] for a, b in pairwise(edges)]


def _branch(plates: Sequence[Share], root: np.ndarray, epsilon: float) -> Node:
    """Return the modes of some plates, with few nodes in memory at a time."""
    waiting: list[tuple[int, Node]] = []
    for start in range(0, len(plates), TOGETHER):
        group = [seen_by(p, root, epsilon) for p in plates[start : start + TOGETHER]]
        level, node = 0, first_merged(group, epsilon)
        while waiting and waiting[-1][0] == level:
            node = _joined([waiting.pop()[1], node], epsilon)
            level += 1
        waiting.append((level, node))
    while len(waiting) > 1:
        last = waiting.pop()[1]
        waiting.append((0, _joined([waiting.pop()[1], last], epsilon)))
    return waiting[0][1]


def _in_order(plates: Sequence[Share]) -> list[Share]:
    """Return plates so that neighbours saw the same field, at about the same time."""

    def key(share: Share) -> tuple[float, ...]:
        centre = np.mean(share.information.direction, axis=0)
        return (*np.round(centre / FIELD), share.information.epoch)

    return sorted(plates, key=key)


def _joined(nodes: list[Node], epsilon: float) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    weight = sum(node.weight for node in nodes)
    threshold = epsilon * min(weight, 1.0)
    modes = merge([node.columns for node in nodes], threshold)
    nodes.clear()  # else both live on beside what was made of them
    return Node(modes.columns, weight)


__all__ = ["EPSILON", "merged_factor"]
