"""Covariances of stars from plates that repeat each other.

Plates of the same fields have the same Ω, at different epochs: ::

    H = P₀ + Σ_k n_k E(t_k)ᵀ Ω E(t_k)

for n_k visits at the epoch t_k. Each kind of plate is kept once. Nothing is solved;
only covariances are asked for, so that no right-hand sides are formed.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._parts import each_part
from reseau.datasets.information import Information
from reseau.linalg import (
    Columns,
    LowRankFactor,
    cholesky_blocks,
    factor_of_whitened,
    forward_blocks,
    merge,
)

from .joint import Joint, Share, joint
from .merging import EPSILON
from .stars import Stars


class Repeated(NamedTuple):
    """What a kind of plate says, and when it is said.

    Attributes
    ----------
    information
        Of one plate.
    epoch, observer
        Of the visits: Julian years TCB, and barycentric positions [au].
    number
        Of plates that each visit stands for.
    """

    information: Information
    epoch: Float[np.ndarray, "k"]
    observer: Float[np.ndarray, "k 3"]
    number: Float[np.ndarray, "k"]

    def bare(self) -> list[Information]:
        """Return what each visit says, without the columns that calibration takes."""
        said = self.information
        n = said.source_id.size
        light = replace(
            said,
            columns=np.zeros((n, 2, 0), dtype=said.columns.dtype),
            share=np.zeros(0),
        )
        return [
            replace(
                light,
                epoch=float(epoch),
                observer=observer,
                blocks=number * said.blocks,
                n_measurements=number * said.n_measurements,
            )
            for epoch, observer, number in zip(
                self.epoch, self.observer, self.number, strict=True
            )
        ]


class Expected(NamedTuple):
    """What plates will tell of stars.

    Attributes
    ----------
    data
        Information of the plates on each star, calibration held, priors left out.
    factor
        The inverse of all information in factors.
    """

    data: Float[np.ndarray, "n k k"]
    factor: LowRankFactor


class _Leaf(NamedTuple):
    """One visit: whose columns, how often, and how its sources depend on stars."""

    information: Information
    number: float
    share: Share


class _Node(NamedTuple):
    """Modes of some visits, whitened, what part of 𝔇 these are, and how many."""

    columns: Columns
    weight: float
    visits: int


def expected_of(
    plates: Sequence[Repeated],
    stars: Stars,
    *,
    epsilon: float = EPSILON,
) -> Expected:
    """Return what plates will tell of stars.

    Parameters
    ----------
    plates
        Neighbours are merged first: those of the same fields stand together.
    stars
        With their priors; all sources of the plates.
    epsilon
        Share of information below which modes are left out, as of `merged_factor`.

    Raises
    ------
    DegeneracyError
        A star has a block that is singular.
    """
    equations = joint([bare for one in plates for bare in one.bare()], stars)
    root = cholesky_blocks(equations.blocks)
    leaves = _leaves(plates, equations)
    # As many stretches as there are parts of work on every machine.
    bounds = np.linspace(0, len(leaves), 5).astype(int)
    parts = [leaves[a:b] for a, b in pairwise(bounds) if b > a]
    nodes = each_part(lambda part: _merged(part, root, epsilon), parts)
    factor = factor_of_whitened(root, [node.columns for node in nodes], epsilon)
    return Expected(equations.blocks - stars.prior, factor)


def _leaves(plates: Sequence[Repeated], equations: Joint) -> list[_Leaf]:
    visits = [(one.information, number) for one in plates for number in one.number]
    return [
        _Leaf(said, float(number), share)
        for (said, number), share in zip(visits, equations.plates, strict=True)
    ]


def _merged(leaves: Sequence[_Leaf], root: np.ndarray, epsilon: float) -> _Node:
    """Return the modes of some visits; as many nodes wait as the tree is high."""
    waiting: list[_Node] = []
    for leaf in leaves:
        waiting.append(_whitened(leaf, root, epsilon))
        while len(waiting) > 1 and waiting[-1].visits >= waiting[-2].visits:
            waiting.append(_joined(waiting.pop(), waiting.pop(), epsilon))
    while len(waiting) > 1:
        waiting.append(_joined(waiting.pop(), waiting.pop(), epsilon))
    return waiting[0]


def _whitened(leaf: _Leaf, root: np.ndarray, epsilon: float) -> _Node:
    """Return L⁻¹EᵀU √n of a visit."""
    said, (row, _, jacobian) = leaf.information, leaf.share.mapped
    kept = int(np.count_nonzero(said.share > epsilon)) if epsilon else said.share.size
    white = forward_blocks(
        root[row], np.ascontiguousarray(jacobian.transpose(0, 2, 1))
    ) * np.sqrt(leaf.number)
    values = np.matmul(white.astype(said.columns.dtype), said.columns[:, :, :kept])
    own = np.linalg.cholesky(said.blocks)
    seen = np.matmul(own.transpose(0, 2, 1), white.transpose(0, 2, 1))
    weight = np.mean(np.linalg.norm(seen, ord=2, axis=(1, 2)) ** 2)
    order = np.argsort(row, kind="stable")
    return _Node(Columns(row[order], values[order]), float(weight), 1)


def _joined(one: _Node, other: _Node, epsilon: float) -> _Node:
    weight = one.weight + other.weight
    modes = merge([one.columns, other.columns], epsilon * min(weight, 1.0))
    return _Node(modes.columns, weight, one.visits + other.visits)


__all__ = ["Expected", "Repeated", "expected_of"]
