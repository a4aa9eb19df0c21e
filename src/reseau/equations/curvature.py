"""Curvature of heavy-tailed terms in each source's own two unknowns."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._parts import each_part
from reseau.model import OnDetector, OnPlane, Parameters, Problem
from reseau.model.likelihood import Likelihood

from .heavy_tails import CLIPPED, EXACT, HeavyTails, curved
from .plan import Batch, Blocks, Part, Plan, batch_program
from .stages import frames_at, stages, whitened_own


def own_curvature(
    problem: Problem, tiles: Plan, parameters: Parameters, terms: HeavyTails
) -> tuple[Float[np.ndarray, "n_src 2 2"], Float[np.ndarray, "n_src 2 2"]]:
    """Return the sources' blocks of the normal matrix, clipped and exact [rad⁻²].

    Priors are included; zero for sources that are not measured or not solved for.
    """
    out = own_blocks(
        problem,
        tiles,
        parameters,
        lambda batch, plane, at: _curvature(batch.blocks, plane, at, terms.likelihood),
    )
    measured = out[0, :, 0, 0] > 0
    for i, bound in enumerate((CLIPPED, EXACT)):
        prior, _ = prior_curvature(problem, parameters, terms.bounded(bound))
        out[i, measured] += prior[measured]
    return out[0], out[1]


def own_blocks(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    of_batch: Callable[[Batch, OnPlane, OnDetector], Array],
) -> Float[np.ndarray, "2 n_src 2 2"]:
    """Sum two matrices of each source over its measurements.

    Parameters
    ----------
    of_batch
        What the blocks of a batch add, (b, 2, 2, 2, n), of the batch and what `stages`
        returns.

    Returns
    -------
    The matrices; zero for sources that are not measured or not solved for.
    """
    out = np.zeros((2, problem.prior.direction.shape[0], 2, 2))
    frames, instrument = frames_at(problem, parameters), problem.instrument

    def of_part(part: Part) -> None:
        for batch in part.batches:
            plane, at = stages(instrument, frames, batch.blocks)
            found = np.asarray(of_batch(batch, plane, at))[: batch.tile.size]
            tile, start = np.unique(batch.tile, return_index=True)
            sums = np.add.reduceat(found, start, axis=0)
            for number, total in zip(tile, sums, strict=True):
                data = tiles.tiles[number]
                kept = np.flatnonzero(data.free > 0)
                out[:, data.source[kept]] += np.moveaxis(total, -1, 1)[:, kept]

    each_part(of_part, tiles.parts)
    return out


@batch_program
def _curvature(
    blocks: Blocks, plane: OnPlane, at: OnDetector, likelihood: Likelihood | None
) -> Array:
    """Return what the blocks of a batch add, clipped and exact, (b, 2, 2, 2, n)."""
    source, left = whitened_own(blocks, plane, at)
    if likelihood is None:
        return block_sums(blocks, source, [source, source])
    both = []
    for value in (CLIPPED, EXACT):
        bound = jnp.full(source.shape[-1], value)
        both.append(curved(likelihood, left, bound, source))
    return block_sums(blocks, source, both)


def block_sums(blocks: Blocks, source: Array, weighted: list[Array]) -> Array:
    """Return products of derivatives, summed over the slots of each block.

    Parameters
    ----------
    source, weighted
        Whitened derivatives by the sources, (b s, 2, 2, n), and each time the same
        times a weight.

    Returns
    -------
    The sums (b, r, 2, 2, n) for r weights.
    """
    b = jnp.shape(blocks.free)[0]
    sums = []
    for w in weighted:
        product = jnp.sum(source[:, :, None] * w[:, None], axis=3)
        sums.append(jnp.sum(product.reshape(b, -1, *product.shape[1:]), axis=1))
    return jnp.stack(sums, axis=1)


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
    found = terms.priors(information, offset)
    return found.curvature, found.gradient


__all__ = ["block_sums", "own_blocks", "own_curvature", "prior_curvature"]
