"""What measurements say of the sources, from equations that hold the sources' priors.

A source's block is D + Λ with Λ its prior's information, and its factor L and whitened
border L⁻¹E are at hand after a linearisation. So D = LLᵀ − Λ and E = L(L⁻¹E): nothing
need be derived again. Where Λ is larger than D by many digits, these are lost.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._parts import in_parts, interleaved
from reseau.linalg import Tile, whiten
from reseau.model import Problem

from .assemble import Sums, whole_corner
from .equations import Equations
from .plan import Plan, TileData
from .stages import rows_of

DOMINANT = 1e6
"""How much more a prior may say of a source than its measurements: six digits."""


class Alone(NamedTuple):
    """Equations of a plate without the priors of its sources.

    Attributes
    ----------
    tiles
        Sources, eliminated without priors.
    matrix, right
        The corner before their elimination, with the priors of what is shared.
    """

    tiles: list[Tile]
    matrix: Float[np.ndarray, "p p"]
    right: Float[np.ndarray, "p"]


def without_priors(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    offset: Float[np.ndarray, "n_src 2"],
) -> Alone | None:
    """Return equations without the sources' priors, about other offsets.

    Parameters
    ----------
    equations
        Of a linearisation with Normal errors and priors, without damping.
    offset
        Offsets of the sources which the result is to be about [rad], a small step away:
        its right-hand sides are what the equations say of there.

    Returns
    -------
    The equations; None where digits would be lost.
    """
    system = equations.system
    if not equations.regular:
        return None
    pairs = list(zip(system.tiles, tiles.tiles, strict=True))
    step = offset - equations.offset
    found = interleaved(
        in_parts(
            lambda some: [_relieved(*pair, tiles, offset, step) for pair in some], pairs
        )
    )
    if any(one is None for one in found):
        return None
    matrix, right = _corner(problem, system.sums, equations)
    kept = []
    for one in found:
        if one is not None:
            tile, followed = one
            kept.append(tile)
            np.subtract.at(right, np.asarray(tile.columns), followed)
    return Alone(kept, matrix, right)


def _corner(
    problem: Problem, sums: Sums, equations: Equations
) -> tuple[np.ndarray, np.ndarray]:
    """Return the corner before the elimination, with the shared priors."""
    matrix, right = whole_corner(problem, sums)
    reduced = equations.system.corner
    matrix += equations.matrix - np.asarray(reduced.matrix)
    right += equations.right - np.asarray(reduced.right)
    return matrix, right


def _relieved(
    tile: Tile,
    data: TileData,
    tiles: Plan,
    offset: Float[np.ndarray, "n_src 2"],
    step: Float[np.ndarray, "n_src 2"],
) -> tuple[Tile, Float[np.ndarray, "k"]] | None:
    """Return a tile without priors, and Eᵀ times a step; None: digits would be lost."""
    free = data.free > 0
    root, border = np.asarray(tile.root), np.asarray(tile.border)
    whole = np.einsum("abn,cbn->acn", root, root)
    prior = np.moveaxis(rows_of(tiles.information, data.source), 0, -1) * free
    block = whole - prior
    if not np.all(_least(block) * DOMINANT > np.where(free, _trace(prior), 0.0)):
        return None
    own = np.empty_like(border)
    np.multiply(root[0, 0], border[:, 0], out=own[:, 0])
    np.multiply(root[1, 0], border[:, 0], out=own[:, 1])
    own[:, 1] += root[1, 1] * border[:, 1]
    moved = rows_of(step, data.source).T * free
    to = rows_of(offset, data.source).T * free
    right = np.einsum("abn,bn->an", root, np.asarray(tile.gradient))
    right += np.einsum("abn,bn->an", prior, to) - np.einsum("abn,bn->an", whole, moved)
    followed = own.reshape(len(own), -1) @ moved.ravel()
    return whiten(block, own, right, np.asarray(tile.columns)), followed


def _trace(block: np.ndarray) -> np.ndarray:
    return np.asarray(block[0, 0] + block[1, 1])


def _least(block: np.ndarray) -> np.ndarray:
    """Return the smaller eigenvalue of symmetric 2 x 2 matrices."""
    half = 0.5 * (block[0, 0] - block[1, 1])
    return 0.5 * _trace(block) - np.hypot(half, block[0, 1])


__all__ = ["DOMINANT", "Alone", "without_priors"]
