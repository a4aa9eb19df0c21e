"""What a batch of measurements gives to the normal equations: products of derivatives.

Derivatives of a pixel are of two kinds. Those by the exposure and by whatever else is
not linear, the *private* ones t, are columns of their own. Those by a linear distortion
and by the detector are combinations, the same for all measurements of a detector, of a
few *features* ψ: the distortion's basis, 1, and the distances from the detector's
centre (`model.feature_matrix`, G). With Ω the weight of a measurement's pixels, ::

    JᵀΩJ = Σ tᵀΩt,  Σ tᵀΩψ G,  Gᵀ (Σ ψᵀΩψ) G

so that sums are formed of the features' products alone, and combined at the very end:
three products of 21 features stand for one of 82 columns. Each is one matrix product a
slot or a block, left to BLAS.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float, Int

from reseau._compiled import quick_jit
from reseau.model import (
    PER_DETECTOR,
    Combined,
    Layout,
    OnDetector,
    OnPlane,
    Problem,
    feature_matrix,
    plain_columns,
)

from .objective import LeastSquares, Objective
from .plan import Batch, Blocks, batch_program
from .stages import Frames, by_pixel, exposure_columns, in_slots, stacked


class Weights(NamedTuple):
    """Terms of measurements in their pixels.

    Attributes
    ----------
    curvature
        Ω, its entries xx, xy and yy [1/pixel²].
    gradient
        ΩΔ of residuals Δ [1/pixel].
    loss
        ρ.
    """

    curvature: Float[Array, "3 k n"]
    gradient: Float[Array, "2 k n"]
    loss: Float[Array, "k n"]


class Columns(NamedTuple):
    """Derivatives of b blocks of s slots and n sources, and what sources meet.

    Attributes
    ----------
    private, weighted
        t, and Ωt with ΩΔ as last column; rows of x and y.
    curvature
        Ω.
    by_exposure
        Border of the sources' two offsets on each slot's exposure.
    by_plain, by_features
        The same on the other private columns, and on the features of both pixels,
        summed over the slots of a block.
    own, gradient, loss
        The sources' blocks xx, xy, yy, their right-hand sides and the sum of losses.
    """

    private: Float[Array, "b s e 2 n"]
    weighted: Float[Array, "b s e1 2 n"]
    curvature: Float[Array, "b 3 s n"]
    by_exposure: Float[Array, "b s e0 2 n"]
    by_plain: Float[Array, "b q 2 n"]
    by_features: Float[Array, "b 2 f 2 n"]
    own: Float[Array, "b 3 n"]
    gradient: Float[Array, "b 2 n"]
    loss: Float[Array, "b"]


def columns_of(
    batch: Batch, plane: OnPlane, at: OnDetector, objective: Objective
) -> Columns:
    """Return a batch's derivatives as an objective weighs them."""
    if isinstance(objective, LeastSquares):
        return _plain(batch.blocks, plane, at)
    given = _weights(batch.blocks, at, objective.of_batch(batch))
    return _columns(batch.blocks, plane, at, given)


def weights(blocks: Blocks, at: OnDetector, objective: Objective) -> Weights:
    """Return the terms of a batch in its pixels."""
    px, py, w = in_slots(blocks)
    x, y = px - at.pixel[0], py - at.pixel[1]
    residual = jnp.stack([w[0] * x, w[1] * x + w[2] * y], axis=1)
    terms = objective.terms(residual, w[0] > 0)
    xx, xy, yy = terms.curvature
    by_x, by_y = terms.gradient
    mixed = w[0] * xy + w[1] * yy
    curvature = [w[0] * (w[0] * xx + w[1] * xy) + w[1] * mixed, mixed * w[2]]
    return Weights(
        jnp.stack([*curvature, w[2] * w[2] * yy]),
        jnp.stack([w[0] * by_x + w[1] * by_y, w[2] * by_y]),
        terms.loss,
    )


@jax.jit
def columns(blocks: Blocks, plane: OnPlane, at: OnDetector, given: Weights) -> Columns:
    """Return a batch's derivatives, weighted, in the layout of their products."""
    b, s, n = jnp.shape(blocks.whitening)[1:]
    pair = tuple[list[Array], list[Array]]

    def in_blocks(values: Array) -> Array:
        return values.reshape(b, s, n)

    def both(values: pair) -> pair:
        return [in_blocks(v) for v in values[0]], [in_blocks(v) for v in values[1]]

    def total(values: Array, axis: int) -> Array:
        """Sum over the slots of a block, written out: a loop of them is slow."""
        first, *rest = (
            jax.lax.index_in_dim(values, i, axis, keepdims=False) for i in range(s)
        )
        return sum(rest, first)

    xx, xy, yy = (in_blocks(v) for v in given.curvature)
    slope = tuple(in_blocks(v) for v in given.gradient)
    own = both(by_pixel(at, plane.source))
    free = jnp.asarray(blocks.free)[:, None]
    own = [v * free for v in own[0]], [v * free for v in own[1]]
    exposure = both(exposure_columns(plane, at))
    plain = both(plain_columns(plane.position, at))
    private = exposure[0] + plain[0], exposure[1] + plain[1]

    def weigh(values: pair) -> pair:
        pairs = list(zip(*values, strict=True))
        return [xx * x + xy * y for x, y in pairs], [xy * x + yy * y for x, y in pairs]

    weighted, pulled = weigh(private), weigh(own)
    psi = at.features.reshape(-1, b, s, n)

    def met(values: pair, axis: int) -> Array:
        """Return the border on private columns, (..., 2, n) with these along axis."""
        found = [
            jnp.stack([x * pulled[0][c] + y * pulled[1][c] for c in range(2)], axis=-2)
            for x, y in zip(*values, strict=True)
        ]
        return jnp.stack(found, axis=axis)

    pull = jnp.stack([jnp.stack(v, axis=-2) for v in pulled], axis=1)
    wide = jnp.moveaxis(psi, 0, 1)[:, None, :, :, None]
    by_features = total(pull[:, :, None] * wide, 3)
    blocks_own = [
        own[0][i] * pulled[0][j] + own[1][i] * pulled[1][j]
        for i, j in ((0, 0), (0, 1), (1, 1))
    ]
    right = [own[0][i] * slope[0] + own[1][i] * slope[1] for i in range(2)]
    return Columns(
        private=stacked(*private, (b, s, n)),
        weighted=stacked(weighted[0] + [slope[0]], weighted[1] + [slope[1]], (b, s, n)),
        curvature=jnp.stack([xx, xy, yy], axis=1),
        by_exposure=met(exposure, 2),
        by_plain=jnp.stack([total(v, 1) for v in jnp.moveaxis(met(plain, 2), 2, 0)], 1),
        by_features=by_features,
        own=jnp.stack([total(v, 1) for v in blocks_own], axis=1),
        gradient=jnp.stack([total(v, 1) for v in right], axis=1),
        loss=jnp.sum(in_blocks(given.loss), axis=(1, 2)),
    )


def column_kinds(
    layout: Layout, kinds: Combined
) -> tuple[Int[np.ndarray, "n_exp e"], Int[np.ndarray, "n_det j"]]:
    """Return the private columns of each exposure and the combined ones of detectors.

    Parameters
    ----------
    kinds
        How many columns are combinations of features.
    """
    linear, first = kinds.linear, layout.distortion.start
    own = layout.by_exposure(np.arange(layout.size))
    plain = np.arange(first + linear, layout.skew + 1)
    detectors = np.arange(layout.detectors.start, layout.detectors.stop)
    terms = np.arange(layout.terms.start, layout.terms.stop)
    shared = np.append(np.arange(first, first + linear), terms[: kinds.terms])
    return (
        np.concatenate([own, np.tile(plain, (len(own), 1))], axis=1),
        np.concatenate(
            [
                np.tile(shared, (layout.n_detectors, 1)),
                detectors.reshape(-1, PER_DETECTOR),
                terms[kinds.terms :].reshape(
                    layout.n_detectors, kinds.own - PER_DETECTOR
                ),
            ],
            axis=1,
        ),
    )


def feature_matrix_at(
    problem: Problem, frames: Frames
) -> Float[np.ndarray, "n_det 2 j f"]:
    """Return derivatives of pixels by calibration as combinations of features."""
    return np.asarray(_feature_matrix(problem.instrument, frames.detectors))


_feature_matrix = quick_jit(feature_matrix)


class Products(NamedTuple):
    """Sums of products, before the features are combined.

    Attributes
    ----------
    private
        tᵀΩt and tᵀΩΔ of each slot of the plate.
    mixed
        Ωt and ΩΔ with the features, rows of x and y, of each slot.
    features
        ψᵀΩψ of each detector: of pixels xx, xy and yy.
    loss
        Sum of all.
    """

    private: Float[np.ndarray, "n_exp n_det e e1"]
    mixed: Float[np.ndarray, "n_exp n_det e1 2 f"]
    features: Float[np.ndarray, "n_det 3 f f"]
    loss: float


class OfBatch(NamedTuple):
    """Products of a batch: of its slots, of its blocks, and the sum of its losses."""

    private: Float[np.ndarray, "k s e e1"]
    mixed: Float[np.ndarray, "k s e2 f"]
    features: Float[np.ndarray, "k 3 f f"]
    loss: float


def products(found: Columns, features: Array, k: int) -> OfBatch:
    """Return the products of a batch's first k blocks.

    Parameters
    ----------
    features
        ψ, as of `OnDetector`.
    """
    private, weighted, curvature = (
        np.asarray(v)[:k] for v in (found.private, found.weighted, found.curvature)
    )
    _, s, e, _, n = private.shape
    f = features.shape[0]
    psi = np.asarray(features).reshape(f, -1, s, n)[:, :k]
    right = np.swapaxes(weighted.reshape(k, s, e + 1, 2 * n), 2, 3)
    flat = weighted.reshape(k, s, 2 * (e + 1), n)
    of_features = np.zeros((k, 3, f, f))
    wide = psi.reshape(f, k, s * n)
    for i, same in enumerate(_alike(curvature)):
        if same == i:
            scaled = wide * curvature[:, i].reshape(k, s * n)
            of_features[:, i] = scaled.transpose(1, 0, 2) @ wide.transpose(1, 2, 0)
        elif same >= 0:
            of_features[:, i] = of_features[:, same]
    return OfBatch(
        private.reshape(k, s, e, 2 * n) @ right,
        flat @ psi.transpose(1, 2, 3, 0),
        of_features,
        float(np.asarray(found.loss)[:k].sum()),
    )


# Likelihoods in a program of their own, not to be computed again for each product.
_weights, _columns = batch_program(weights), batch_program(columns)


@batch_program
def _plain(blocks: Blocks, plane: OnPlane, at: OnDetector) -> Columns:
    return columns(blocks, plane, at, weights(blocks, at, LeastSquares()))


def _alike(curvature: Float[np.ndarray, "k 3 s n"]) -> tuple[int, int, int]:
    """Return of which entry's products those of xx, xy and yy are; −1: all are zero.

    Pixels that have equal errors and no correlation need one product in place of three.
    """
    mixed = 1 if np.any(curvature[:, 1]) else -1
    return 0, mixed, 0 if np.array_equal(curvature[:, 0], curvature[:, 2]) else 2


def sums_of(
    layout: Layout, batches: tuple[Batch, ...], found: list[OfBatch]
) -> Products:
    """Return the sums of some batches' products over the plate's slots."""
    m, d = layout.n_exposures, layout.n_detectors
    exposure = np.concatenate(
        [np.asarray(b.blocks.exposure)[: b.tile.size] for b in batches]
    )
    detector = np.concatenate(
        [np.asarray(b.blocks.detector)[: b.tile.size] for b in batches]
    )
    slot = (exposure * d + detector[:, None]).ravel()
    private, mixed, features = (
        np.concatenate([of[i] for of in found]) for i in range(3)
    )
    _, _, e, _ = private.shape
    f = features.shape[-1]
    return Products(
        _summed(private, slot, m * d).reshape(m, d, e, e + 1),
        _summed(mixed, slot, m * d).reshape(m, d, e + 1, 2, f),
        _summed(features, detector, d).reshape(d, 3, f, f),
        sum(of.loss for of in found),
    )


def _summed(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """Return the sums of rows by group."""
    one = np.ones(group.size)
    which = scipy.sparse.csr_matrix(
        (one, (group, np.arange(group.size))), (n, group.size)
    )
    return np.asarray(which @ values.reshape(group.size, -1))


def added(parts: list[Products]) -> Products:
    """Return the sums of sums."""
    private, mixed, of_features, loss = parts[0]
    for more in parts[1:]:
        private = private + more.private
        mixed = mixed + more.mixed
        of_features, loss = of_features + more.features, loss + more.loss
    return Products(private, mixed, of_features, loss)


def combined(
    layout: Layout,
    sums: Products,
    matrix: Float[np.ndarray, "n_det 2 j f"],
    kinds: Combined,
) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "p"]]:
    """Return the corner of the normal matrix and its right-hand side.

    Parameters
    ----------
    layout
        Of the shared parameters: exposures, distortion, skew, detectors, terms.
    matrix
        Derivatives as combinations of features.
    kinds
        How many of each kind these are.
    """
    n_det, j = layout.n_detectors, matrix.shape[2]
    e, m = layout.per_exposure, layout.n_exposures
    plain = sums.private.shape[2] - e
    private_columns, place = column_kinds(layout, kinds)
    own = private_columns[0, e:]
    exposures = np.arange(m * e).reshape(m, e)
    corner, right = np.zeros((layout.size, layout.size)), np.zeros(layout.size)
    private = sums.private.sum(axis=1)
    slot = np.arange(m)
    corner[: m * e, : m * e].reshape(m, e, m, e)[slot, :, slot] = private[:, :e, :e]
    side = private[:, :e, e:-1].reshape(m * e, plain)
    corner[: m * e, own], corner[own, : m * e] = side, side.T
    corner[np.ix_(own, own)] = private[:, e:, e:-1].sum(axis=0)
    right[: m * e] = private[:, :e, -1].ravel()
    right[own] = private[:, e:, -1].sum(axis=0)
    for d in range(n_det):
        flat = matrix[d].transpose(1, 0, 2).reshape(j, -1)
        of_slots = sums.mixed[:, d].reshape(m, e + plain + 1, -1) @ flat.T
        mixed, at = of_slots[:, :e].reshape(m * e, j), place[d]
        corner[exposures.reshape(-1, 1), at] += mixed
        corner[at[:, None], exposures.ravel()] += mixed.T
        shared = of_slots[:, e:-1].sum(axis=0)
        corner[own[:, None], at] += shared
        corner[at[:, None], own] += shared.T
        right[at] += of_slots[:, -1].sum(axis=0)
        xx, xy, yy = sums.features[d]
        whole = np.block([[xx, xy], [xy, yy]])
        corner[at[:, None], at] += flat @ whole @ flat.T
    return corner, right


__all__ = [
    "Columns",
    "Products",
    "Weights",
    "added",
    "column_kinds",
    "columns_of",
    "combined",
    "feature_matrix_at",
    "products",
    "sums_of",
]
