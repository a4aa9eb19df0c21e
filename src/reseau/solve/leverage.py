"""How much each measurement determines its own prediction: J Cov Jᵀ, exactly.

With the factors of the last linearisation, L of a source's block, L⁻¹E its border and
V the root of the shared covariance, the whitened prediction of a measurement is
``G z + (J_c V − G S) y`` with ``G = J_s L⁻ᵀ``, ``S = L⁻¹E V`` and standard normal z, y;
its covariance is the leverage. It is formed tile by tile, for all slots of a block at
once, from the same whitened derivatives as the normal equations.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import Instrument
from reseau.linalg import Tile, forward_2x2
from reseau.model import (
    PER_DETECTOR,
    PER_EXPOSURE,
    OnDetector,
    OnPlane,
    Parameters,
    Problem,
)

from .assemble import frames_at, in_parts, stages, whitened_columns
from .gauss_newton import Equations
from .plan import Block, TileData


def leverages(
    problem: Problem,
    tiles: list[TileData],
    equations: Equations,
    parameters: Parameters,
) -> Float[np.ndarray, "m 2 2"]:
    """Return the covariance of each measurement's prediction, whitened by its own.

    Parameters
    ----------
    equations
        Of a linearisation at `parameters`, Normal likelihood, without damping.

    Notes
    -----
    Its trace summed over measurements is the number of parameters that they determine.
    """
    m = problem.measurements.pixel.shape[0]
    out = np.zeros((m + 1, 2, 2))
    frames = frames_at(problem, parameters)
    root = jnp.asarray(equations.root)

    def part(some: Sequence[tuple[Tile, TileData]]) -> None:
        for eliminated, tile in some:
            spread = _spread(eliminated, root)
            for block in tile.blocks:
                values = _block_leverage(
                    problem.instrument,
                    tile.free,
                    block,
                    *stages(problem.instrument, frames, tile, block),
                    eliminated.root,
                    spread,
                    root,
                )
                out[np.asarray(block.row)] = np.moveaxis(
                    np.asarray(values), (2, 3), (0, 1)
                )

    in_parts(part, list(zip(equations.system.tiles, tiles, strict=True)))
    return out[:m]


@jax.jit
def _spread(tile: Tile, root: Array) -> Array:
    """Return S = L⁻¹E V of a tile, (2, n, q)."""
    return jnp.einsum("kan,kq->anq", tile.border, root[tile.columns])


@jax.jit
def _block_leverage(
    instrument: Instrument,
    free: Array,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    lower: Array,
    spread: Array,
    root: Array,
) -> Array:
    """Return the leverages of one block, (2, 2, k, n)."""
    source, shared = whitened_columns(instrument, free, block, plane, at)
    # G = J_s L⁻ᵀ: solve L Gᵀ = J_sᵀ, the axis of the two unknowns last but one.
    gain = jnp.moveaxis(forward_2x2(lower, jnp.moveaxis(source, 1, 2)), 2, 1)
    common = shared.shape[1] - 1 - PER_EXPOSURE - PER_DETECTOR
    met = _met(instrument, block, common, root)
    moved = jnp.einsum("kpan,kpq->kanq", shared[:, :-1], met)
    moved = moved - jnp.einsum("kban,bnq->kanq", gain, spread)
    own = jnp.einsum("kban,kbcn->ackn", gain, gain)
    return own + jnp.einsum("kanq,kcnq->ackn", moved, moved)


def _met(
    instrument: Instrument, block: Block, common: int, root: Array
) -> Float[Array, "k p q"]:
    """Return the rows of V of each slot's columns: exposure, calibration, detector."""
    slots = jnp.asarray(block.exposure).shape[0]
    first = root.shape[0] - PER_DETECTOR * instrument.detectors.centre.shape[0]
    exposure = jnp.asarray(block.exposure)[:, None] * PER_EXPOSURE
    detector = jnp.asarray(block.detector)[:, None] * PER_DETECTOR + first
    calibration = jnp.arange(first - common, first)
    rows = [
        exposure + jnp.arange(PER_EXPOSURE),
        jnp.broadcast_to(calibration, (slots, common)),
        detector + jnp.arange(PER_DETECTOR),
    ]
    return root[jnp.concatenate(rows, axis=1)]


__all__ = ["leverages"]
