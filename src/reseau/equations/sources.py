"""What the eliminated sources get back: steps and covariances, row by row."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau._parts import in_parts
from reseau.linalg import Tile, back_substitute, block_covariance, forward_2x2

from .assemble import System
from .plan import Plan, TileData


def _substitute(tile: Tile, shared: np.ndarray) -> np.ndarray:
    """Return the sources' steps and their σ with all else held, (4, n)."""
    own = np.eye(2)[:, :, None] * np.ones(tile.root.shape[-1])
    spread = forward_2x2(np.asarray(tile.root), own)
    sigma = np.sqrt(np.sum(np.square(spread), axis=1))
    return np.concatenate([np.asarray(back_substitute(tile, shared)), sigma])


def source_steps(
    system: System, tiles: Plan, shared: np.ndarray, n_sources: int
) -> tuple[Float[np.ndarray, "n_src 2"], Float[np.ndarray, "n_src 2"]]:
    """Return the sources' part of the solution and a lower bound of its σ [rad].

    The bound is σ with all else held. Both are zero for sources that are not measured
    or not solved for.
    """
    rows = _scatter(
        system, tiles, lambda tile: _substitute(tile, shared), np.zeros((n_sources, 4))
    )
    return rows[:, :2], rows[:, 2:]


def source_covariances(
    system: System, tiles: Plan, root: np.ndarray, n_sources: int
) -> Float[np.ndarray, "n_src 2 2"]:
    """Return the sources' covariances, calibration included [rad²].

    Zero for sources that are fixed or not measured.
    """
    return _scatter(
        system,
        tiles,
        lambda tile: block_covariance(tile, root),
        np.zeros((n_sources, 2, 2)),
    )


def _scatter(
    system: System,
    tiles: Plan,
    function: Callable[[Tile], Any],
    out: np.ndarray,
) -> np.ndarray:
    """Collect what a function gives for each tile, sources last, into rows."""

    def part(pairs: Sequence[tuple[Tile, TileData]]) -> None:
        results = [function(eliminated) for eliminated, _ in pairs]
        for (_, tile), values in zip(pairs, results, strict=True):
            kept = np.flatnonzero(np.asarray(tile.free) > 0)
            rows = np.moveaxis(np.asarray(values), -1, 0)
            out[np.asarray(tile.source)[kept]] = rows[kept]

    in_parts(part, list(zip(system.tiles, tiles.tiles, strict=True)))
    return out


__all__ = ["source_covariances", "source_steps"]
