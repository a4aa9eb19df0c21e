"""Sources at their own minima of a heavy-tailed objective, all else held.

A source between two explanations has its minimum where the curvature is weak, or
another than that of its weights: steps of the whole plate take it there by halves, and
the plate waits for a handful of sources. With the shared parameters held, a source is
a problem of two unknowns, and residuals are linear in them (offsets are below 1e-5
rad); all sources are solved at once, by as many steps as the slowest needs.

Each step is the best of three: Newton's, where the curvature allows; the one whose
curvature keeps half of each weight along the residual; and the reweighted one. The
last two cannot raise the objective (`weighted`), but the former may land as high on
the other side of a minimum, the latter be short.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._parts import each_part
from reseau.linalg import backward_2x2, cholesky_2x2, forward_2x2
from reseau.model import OnDetector, OnPlane, Parameters, Problem, take_step
from reseau.model.likelihood import Likelihood, Normal

from .heavy_tails import CLIPPED, EXACT, REWEIGHTED, HeavyTails, curved, weighted_prior
from .plan import Blocks, Part, Plan, batch_program, rounded_up
from .stages import frames_at, rows_of, stages, whitened_own

SHARE = 0.25
"""Least share of the exact curvature in the clipped one that describes a source."""

MOST_STEPS = 50
TOLERANCE = 1e-3
"""Step [σ] at which a source has arrived."""


def settle(
    problem: Problem, tiles: Plan, point: Parameters, terms: HeavyTails
) -> tuple[Parameters, HeavyTails]:
    """Return the parameters with all sources at their minima, and bounds for there.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    terms
        Heavy-tailed likelihood and priors; their bounds are not used.

    Returns
    -------
    The parameters, and the terms with the exact curvature of each source, or the
    clipped one where the exact one has less than a quarter of it in some direction:
    such a source sits between two explanations, and no Normal density describes it.
    """
    n = problem.prior.direction.shape[0]
    found = np.zeros((n, 3))
    found[:, 2] = EXACT
    frames = frames_at(problem, point)
    likelihood = Normal() if terms.likelihood is None else terms.likelihood
    prior = Normal() if terms.reference_prior is None else terms.reference_prior

    def of_part(part: Part) -> None:
        own = []
        for batch in part.batches:
            plane, at = stages(problem.instrument, frames, batch.blocks)
            both = _own(batch.blocks, plane, at)
            own.append([np.asarray(v)[: batch.tile.size] for v in both])
        columns, left = (np.concatenate(v) for v in zip(*own, strict=True))
        first = tiles.tiles[part.tiles[0]].blocks.start
        for data in (tiles.tiles[i] for i in part.tiles):
            blocks = slice(data.blocks.start - first, data.blocks.stop - first)
            values = _settled(
                _filled_up(columns[blocks]),
                _filled_up(left[blocks]),
                np.moveaxis(rows_of(tiles.information, data.source), 0, -1),
                rows_of(np.asarray(point.offset), data.source).T,
                data.free,
                likelihood,
                prior,
            )
            kept = np.flatnonzero(data.free > 0)
            found[data.source[kept]] = np.asarray(values).T[kept]

    each_part(of_part, tiles.parts)
    step = np.where(np.isfinite(found[:, :2]), found[:, :2], 0.0)
    moved = take_step(point, np.zeros(problem.layout.size), step)
    bound = found[:, 2].copy()
    return moved, HeavyTails(terms.likelihood, terms.reference_prior, bound)


@batch_program
def _own(blocks: Blocks, plane: OnPlane, at: OnDetector) -> tuple[Array, Array]:
    """Return `whitened_own` block by block, (b, s, 2, 2, n) and (b, s, 2, n)."""
    columns, left = whitened_own(blocks, plane, at)
    b, n = jnp.shape(blocks.free)
    return columns.reshape(b, -1, 2, 2, n), left.reshape(b, -1, 2, n)


def _filled_up(values: np.ndarray) -> np.ndarray:
    """Return slots one by one, with empty ones up to one of few numbers."""
    flat = values.reshape(-1, *values.shape[2:])
    whole = np.zeros((rounded_up(len(flat)), *flat.shape[1:]))
    whole[: len(flat)] = flat
    return whole


@jax.jit
def _settled(
    columns: Array,
    start: Array,
    information: Array,
    offset: Array,
    free: Array,
    likelihood: Likelihood,
    prior: Likelihood,
) -> Array:
    """Return steps to the minima of a tile's sources and the bounds there, (3, n).

    Of whitened derivatives by the sources (k, 2, 2, n) and residuals (k, 2, n).
    """
    held = jnp.where(free == 0, jnp.eye(2)[:, :, None], 0.0)

    def left(step: Array) -> Array:
        return start - jnp.sum(columns * step[:, None], axis=1)

    def objective(step: Array) -> Array:
        at = offset + step
        pull = jnp.sum(information * at, axis=1)
        known = jnp.any(information != 0, axis=(0, 1))
        of_prior = jnp.where(known, prior.loss(jnp.sum(pull * at, axis=0)), 0.0)
        lost = likelihood.loss(jnp.sum(left(step) ** 2, axis=1))
        return jnp.sum(lost, axis=0) + of_prior

    def equations(step: Array, bound: float) -> tuple[Array, Array]:
        """Return the roots of the curvatures and the right-hand sides."""
        residual, bounds = left(step), jnp.full_like(free, bound)
        turned = curved(likelihood, residual, bounds, columns)
        block = jnp.sum(columns[:, :, None] * turned[:, None], axis=(0, 3))
        weight = likelihood.weight(jnp.sum(residual**2, axis=1))[:, None]
        right = jnp.sum(columns * (weight * residual)[:, None], axis=(0, 2))
        of_prior, pull, _ = weighted_prior(prior, information, offset + step, bounds)
        return block + of_prior + held, right - pull

    def candidates(step: Array) -> tuple[Array, Array]:
        """Return three moves (3, 2, n), and where the first is Newton's."""
        clipped, right = equations(step, CLIPPED)
        exact, _ = equations(step, EXACT)
        weights, _ = equations(step, REWEIGHTED)
        root = cholesky_2x2(clipped)
        half = forward_2x2(root, jnp.swapaxes(exact, 0, 1))
        share = forward_2x2(root, jnp.swapaxes(half, 0, 1))
        middle = 0.5 * (share[0, 0] + share[1, 1])
        spread = jnp.hypot(0.5 * (share[0, 0] - share[1, 1]), share[0, 1])
        regular = middle - spread >= SHARE
        used = jnp.where(regular, exact, clipped)
        return jnp.stack([solve(m, right) for m in (used, clipped, weights)]), regular

    def solve(matrix: Array, right: Array) -> Array:
        root = cholesky_2x2(matrix)
        return jnp.asarray(backward_2x2(root, forward_2x2(root, right)))

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        count, step, _ = state
        moves, _ = candidates(step)
        reached = jax.vmap(lambda move: objective(step + move))(moves)
        best = jnp.argmin(jnp.where(jnp.isnan(reached), jnp.inf, reached), axis=0)
        move = jnp.take_along_axis(moves, best[None, None], axis=0)[0]
        return count + 1, step + move, move

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        count, step, move = state
        block, _ = equations(step, CLIPPED)
        size = jnp.sum(move * jnp.sum(block * move, axis=1), axis=0)
        return (count < MOST_STEPS) & jnp.any(size > TOLERANCE**2)

    zero = jnp.zeros_like(offset)
    state = body((jnp.asarray(0), zero, zero))
    _, step, _ = jax.lax.while_loop(unfinished, body, state)
    _, regular = candidates(step)
    return jnp.concatenate([step, jnp.where(regular, EXACT, CLIPPED)[None]])


__all__ = ["SHARE", "settle"]
