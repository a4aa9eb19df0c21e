"""What the eliminated sources get back: steps and covariances, row by row."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.linalg import Tile, back_substitute, block_covariance, forward_2x2

from .assemble import System
from .parts import in_parts
from .plan import TileData

_covariance = jax.jit(block_covariance)


@jax.jit
def _substitute(tile: Tile, shared: Array) -> Array:
    """Return the sources' steps and their σ with all else held, (4, n)."""
    own = jnp.eye(2)[:, :, None] * jnp.ones(tile.root.shape[-1])
    spread = forward_2x2(tile.root, own)
    return jnp.concatenate(
        [back_substitute(tile, shared), jnp.sqrt(jnp.sum(spread**2, axis=1))]
    )


def source_steps(
    system: System, tiles: list[TileData], shared: np.ndarray, n_sources: int
) -> tuple[Float[np.ndarray, "n_src 2"], Float[np.ndarray, "n_src 2"]]:
    """Return the sources' part of the solution and a lower bound of its σ [rad].

    The bound is σ with all else held. Both are zero for sources that are not measured
    or not solved for.
    """
    step = jnp.asarray(shared)
    rows = _scatter(
        system, tiles, lambda tile: _substitute(tile, step), np.zeros((n_sources, 4))
    )
    return rows[:, :2], rows[:, 2:]


def source_covariances(
    system: System, tiles: list[TileData], root: np.ndarray, n_sources: int
) -> Float[np.ndarray, "n_src 2 2"]:
    """Return the sources' covariances, calibration included [rad²].

    Zero for sources that are fixed or not measured.
    """
    spread = jnp.asarray(root)
    return _scatter(
        system,
        tiles,
        lambda tile: _covariance(tile, spread),
        np.zeros((n_sources, 2, 2)),
    )


def _scatter(
    system: System,
    tiles: list[TileData],
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

    in_parts(part, list(zip(system.tiles, tiles, strict=True)))
    return out


__all__ = ["source_covariances", "source_steps"]
