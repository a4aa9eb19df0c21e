"""Curvature of heavy-tailed terms in each source's own two unknowns."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import Instrument
from reseau.model import OnDetector, OnPlane, Parameters, Problem
from reseau.model.likelihood import Likelihood

from .heavy_tails import CLIPPED, EXACT, HeavyTails, bends, curved, weights
from .parts import in_parts
from .plan import Block, TileData
from .stages import frames_at, stages, whitened_columns


def own_curvature(
    problem: Problem, tiles: list[TileData], parameters: Parameters, terms: HeavyTails
) -> tuple[Float[np.ndarray, "n_src 2 2"], Float[np.ndarray, "n_src 2 2"]]:
    """Return the sources' blocks of the normal matrix, clipped and exact [rad⁻²].

    Priors are included; zero for sources that are not measured or not solved for.
    """
    out = own_blocks(
        problem,
        tiles,
        parameters,
        lambda *block: _block_curvature(*block, terms.likelihood),
    )
    measured = out[0, :, 0, 0] > 0
    for i, bound in enumerate((CLIPPED, EXACT)):
        prior, _ = prior_curvature(problem, parameters, terms.bounded(bound))
        out[i, measured] += prior[measured]
    return out[0], out[1]


def own_blocks(
    problem: Problem,
    tiles: list[TileData],
    parameters: Parameters,
    of_block: Callable[[Instrument, Array, Block, OnPlane, OnDetector], Array],
) -> Float[np.ndarray, "2 n_src 2 2"]:
    """Sum two matrices of each source over its measurements.

    Parameters
    ----------
    of_block
        What a block of a tile adds, (2, 2, 2, n), of instrument, which sources are
        free, the block, and what `stages` returns.

    Returns
    -------
    The matrices; zero for sources that are not measured or not solved for.
    """
    out = np.zeros((2, problem.prior.direction.shape[0], 2, 2))
    frames, instrument = frames_at(problem, parameters), problem.instrument

    def part(some: Sequence[TileData]) -> None:
        for tile in some:
            shares = [
                of_block(
                    instrument,
                    jnp.asarray(tile.free),
                    block,
                    *stages(instrument, frames, tile, block),
                )
                for block in tile.blocks
            ]
            total = np.sum([np.asarray(share) for share in shares], axis=0)
            kept = np.flatnonzero(np.asarray(tile.free) > 0)
            rows = np.asarray(tile.source)[kept]
            out[:, rows] = np.moveaxis(total, -1, 1)[:, kept]

    in_parts(part, tiles)
    return out


@jax.jit
def _block_curvature(
    instrument: Instrument,
    free: Array,
    block: Block,
    plane: OnPlane,
    at: OnDetector,
    likelihood: Likelihood | None,
) -> Array:
    """Return what one block of a tile adds, clipped and exact, (2, 2, 2, n)."""
    source, shared = whitened_columns(instrument, free, block, plane, at)
    if likelihood is None:
        both = [source, source]
    else:
        left = shared[:, -1]
        both = [
            curved(likelihood, left, jnp.full_like(free, bound), source)
            for bound in (CLIPPED, EXACT)
        ]
    return jnp.stack(
        [jnp.sum(source[:, :, None] * w[:, None], axis=(0, 3)) for w in both]
    )


def prior_curvature(
    problem: Problem, parameters: Parameters, terms: HeavyTails
) -> tuple[Float[np.ndarray, "n_src 2 2"], Float[np.ndarray, "n_src 2"]]:
    """Return the curvature by which the sources' priors enter, and their gradients.

    Zero where there is no prior, or the network is free.
    """
    information = np.asarray(problem.prior.information)
    offset = np.asarray(parameters.offset)
    if problem.free_network:
        return np.zeros_like(information), np.zeros_like(offset)
    pull = np.einsum("nij,nj->ni", information, offset)
    if terms.reference_prior is None:
        return information, pull
    square = np.sum(pull * offset, axis=1)
    weight = weights(terms.reference_prior, square)
    factor = bends(terms.reference_prior, square, terms.bound)
    curvature = weight[:, None, None] * information
    curvature = curvature + factor[:, None, None] * pull[:, :, None] * pull[:, None]
    return curvature, weight[:, None] * pull


__all__ = ["own_blocks", "own_curvature", "prior_curvature"]
