"""How much each measurement determines its own prediction: J Cov Jᵀ, exactly.

With the factors of the last linearisation, L of a source's block, B = L⁻¹E its whitened
border and Σ the covariance of the shared parameters, and with G = J_s L⁻ᵀ, the whitened
prediction of a measurement has the covariance

    G (1 + BΣBᵀ) Gᵀ − G BΣ J_cᵀ − J_c ΣBᵀ Gᵀ + J_c Σ J_cᵀ

J_c has entries in the columns of one exposure, of the calibration and of one detector
only, so that BΣ is formed once for a tile and everything else is small. It is formed
tile by tile, for all slots of a block at once, from the same whitened derivatives as
the normal equations.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

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

from .equations import Equations
from .parts import in_parts
from .plan import Block, TileData
from .stages import frames_at, stages, whitened_columns


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
    root = np.asarray(equations.root)
    covariance = jnp.asarray(root @ root.T)

    def part(some: Sequence[tuple[Tile, TileData]]) -> None:
        for eliminated, tile in some:
            crossed, own = _of_tile(eliminated, covariance)
            for block in tile.blocks:
                values = _block_leverage(
                    problem.instrument,
                    tile.free,
                    block,
                    *stages(problem.instrument, frames, tile, block),
                    eliminated.root,
                    crossed,
                    own,
                    covariance,
                )
                out[np.asarray(block.row)] = np.moveaxis(
                    np.asarray(values), (2, 3), (0, 1)
                )

    in_parts(part, list(zip(equations.system.tiles, tiles, strict=True)))
    return out[:m]


@jax.jit
def _of_tile(tile: Tile, covariance: Array) -> tuple[Array, Array]:
    """Return BΣ of a tile, (p, 2, n), and 1 + BΣBᵀ, (2, 2, n)."""
    crossed = jnp.einsum("kan,kp->pan", tile.border, covariance[tile.columns])
    own = jnp.einsum("kan,kbn->abn", crossed[tile.columns], tile.border)
    return crossed, own + jnp.eye(2)[:, :, None]


@jax.jit
def _block_leverage(
    instrument: Instrument,
    free: Array,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    lower: Array,
    crossed: Array,
    own: Array,
    covariance: Array,
) -> Array:
    """Return the leverages of one block, (2, 2, k, n)."""
    source, shared = whitened_columns(instrument, free, block, plane, at)
    shared = shared[:, :-1]
    # G = J_s L⁻ᵀ: solve L Gᵀ = J_sᵀ, the axis of the two unknowns last but one.
    gain = jnp.moveaxis(forward_2x2(lower, jnp.moveaxis(source, 1, 2)), 2, 1)
    columns = _columns_of(instrument, block, shared.shape[1], covariance.shape[0])
    of_slot = covariance[columns[:, :, None], columns[:, None, :]]
    spread = jnp.einsum("kpr,kpan->kran", of_slot, shared)
    total = jnp.einsum("kran,krcn->ackn", spread, shared)
    both = jnp.einsum("kpbn,kpcn->kbcn", crossed[columns], shared)
    mixed = jnp.einsum("kban,kbcn->ackn", gain, both)
    turned = jnp.einsum("kban,bdn->kdan", gain, own)
    total = total + jnp.einsum("kdan,kdcn->ackn", turned, gain)
    return total - mixed - jnp.swapaxes(mixed, 0, 1)


def _columns_of(
    instrument: Instrument, block: Block, width: int, total: int
) -> Int[Array, "k p"]:
    """Return each slot's shared parameters: exposure, calibration, detector."""
    slots = jnp.asarray(block.exposure).shape[0]
    first = total - PER_DETECTOR * instrument.detectors.centre.shape[0]
    exposure = jnp.asarray(block.exposure)[:, None] * PER_EXPOSURE
    detector = jnp.asarray(block.detector)[:, None] * PER_DETECTOR + first
    common = width - PER_EXPOSURE - PER_DETECTOR
    rest = jnp.arange(first - common, first, dtype=exposure.dtype)
    parts = [
        exposure + jnp.arange(PER_EXPOSURE, dtype=exposure.dtype),
        jnp.broadcast_to(rest, (slots, common)),
        detector + jnp.arange(PER_DETECTOR, dtype=detector.dtype),
    ]
    return jnp.concatenate(parts, axis=1)


__all__ = ["leverages"]
