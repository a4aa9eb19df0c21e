"""How much each measurement determines its own prediction: J Cov Jᵀ, exactly.

With the factors of the last linearisation, L of a source's block, B = L⁻¹E its whitened
border and Σ the covariance of the shared parameters, and with G = J_s L⁻ᵀ, the whitened
prediction of a measurement has the covariance

    G (1 + BΣBᵀ) Gᵀ − G BΣ J_cᵀ − J_c ΣBᵀ Gᵀ + J_c Σ J_cᵀ

J_c has entries in the columns of one exposure, of the calibration and of one detector
only, and those by calibration and detector are combinations of a few features
(`moments`). So Σ is taken between private columns and features once for each slot of
the plate, BΣ once for a tile, and what is left of a measurement is small.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._parts import each_part
from reseau.linalg import Tile
from reseau.model import (
    OnDetector,
    OnPlane,
    Parameters,
    Problem,
    combined_columns,
    plain_columns,
)

from .equations import Equations
from .moments import column_kinds, feature_matrix_at
from .plan import Batch, Blocks, Part, Plan, TileData, batch_program
from .residuals import Gathered, Residuals
from .stages import by_pixel, exposure_columns, frames_at, stacked, stages


def leverages(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    parameters: Parameters,
) -> Float[np.ndarray, "m 2 2"]:
    """Return the covariance of each measurement's prediction, whitened by its own.

    Parameters and what is returned are those of `leverages_and_residuals`.
    """
    return leverages_and_residuals(problem, tiles, equations, parameters)[0]


def leverages_and_residuals(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    parameters: Parameters,
) -> tuple[Float[np.ndarray, "m 2 2"], Residuals]:
    """Return the covariances of predictions, and the residuals, at the same point.

    Parameters
    ----------
    equations
        Of a linearisation at `parameters`, Normal likelihood, without damping.

    Notes
    -----
    Its trace summed over measurements is the number of parameters that they determine.
    """
    m = problem.measurements.pixel.shape[0]
    out, residuals = np.zeros((2, 2, m + 1)), Gathered(m)
    frames, instrument = frames_at(problem, parameters), problem.instrument
    shared = _shared(problem, feature_matrix_at(problem, frames), equations.root)

    def of_part(part: Part) -> None:
        spread: dict[int, OfTile] = {}
        for batch in part.batches:
            spread = {
                i: spread.get(i)
                or _of_tile(equations.system.tiles[i], tiles.tiles[i], shared)
                for i in np.unique(batch.tile).tolist()
            }
            plane, at = stages(instrument, frames, batch.blocks)
            residuals.add(batch, plane, at)
            private, own = _derivatives(batch.blocks, plane, at)
            given = _given(batch, at.features, private, shared, spread)
            values = _predicted(batch.blocks, at.features, private, own, given)
            out[:, :, batch.row.ravel()] = np.asarray(values).reshape(2, 2, -1)

    each_part(of_part, tiles.parts)
    return np.moveaxis(out[:, :, :m], -1, 0), residuals.of(problem)


@batch_program
def _derivatives(blocks: Blocks, plane: OnPlane, at: OnDetector) -> tuple[Array, Array]:
    """Return derivatives of pixels by private columns and by the sources' offsets.

    Returns
    -------
    (b, s, e, 2, n) and (b, s, 2, 2, n); the pixel is the last but one axis.
    """
    shape = jnp.shape(blocks.whitening)[1:]
    exposure, plain = exposure_columns(plane, at), plain_columns(plane.position, at)
    own = stacked(*by_pixel(at, plane.source), shape)
    free = jnp.asarray(blocks.free)[:, None, None, None]
    private = stacked(exposure[0] + plain[0], exposure[1] + plain[1], shape)
    return private, own * free


class Shared(NamedTuple):
    """Σ, between private columns and the features of both pixels.

    Attributes
    ----------
    covariance
        Σ.
    private, features
        Columns of Σ: private ones of each exposure, and those of each detector that
        are combinations of features.
    matrix
        These combinations.
    of_private, mixed
        Between private columns of each exposure, and of these with the features of
        each detector.
    of_features
        Between features of pixels xx, xy and yy.
    """

    covariance: Float[np.ndarray, "p p"]
    private: Int[np.ndarray, "n_exp e"]
    features: Int[np.ndarray, "n_det j"]
    matrix: Float[np.ndarray, "n_det 2 j f"]
    of_private: Float[np.ndarray, "n_exp e e"]
    mixed: Float[np.ndarray, "n_exp n_det 2 e f"]
    of_features: Float[np.ndarray, "n_det 3 f f"]


def _shared(
    problem: Problem, matrix: Float[np.ndarray, "n_det 2 j f"], root: np.ndarray
) -> Shared:
    layout = problem.layout
    covariance = root @ root.T
    kinds = combined_columns(problem.instrument)
    private, features = column_kinds(layout, kinds)
    mixed = [
        covariance[private[:, :, None], at][:, None] @ of
        for at, of in zip(features, matrix, strict=True)
    ]
    of_features = [
        [
            of[a].T @ covariance[np.ix_(at, at)] @ of[b]
            for a, b in ((0, 0), (0, 1), (1, 1))
        ]
        for at, of in zip(features, matrix, strict=True)
    ]
    return Shared(
        covariance,
        private,
        features,
        matrix,
        covariance[private[:, :, None], private[:, None, :]],
        np.stack(mixed, axis=1),
        np.array(of_features),
    )


class OfTile(NamedTuple):
    """Of a tile: L, 1 + BΣBᵀ, and BΣ on private columns and on features.

    Attributes
    ----------
    exposure, detector
        What is in the rows of the next.
    private
        Of each exposure met.
    features
        Of pixels x and y, of each detector met.
    """

    root: Float[np.ndarray, "2 2 n"]
    own: Float[np.ndarray, "2 2 n"]
    exposure: Int[np.ndarray, "x"]
    detector: Int[np.ndarray, "d"]
    private: Float[np.ndarray, "x e 2 n"]
    features: Float[np.ndarray, "d 2 f 2 n"]


def _of_tile(tile: Tile, data: TileData, shared: Shared) -> OfTile:
    border, columns = np.asarray(tile.border), np.asarray(tile.columns)
    n = border.shape[2]
    # What a tile's measurements depend on is among the columns that it meets.
    crossed = shared.covariance[np.ix_(columns, columns)] @ border.reshape(-1, 2 * n)
    place = np.empty(len(shared.covariance), dtype=np.intp)
    place[columns[::-1]] = np.arange(len(columns))[::-1]  # the first of repeated ones
    both = crossed.reshape(-1, 2, 1, n) * border[:, None]
    of_features = [
        np.swapaxes(shared.matrix[d], 1, 2) @ crossed[place[shared.features[d]]]
        for d in data.detector
    ]
    of_private = crossed[place[shared.private[data.exposure]]]
    return OfTile(
        np.asarray(tile.root),
        both.sum(axis=0) + np.eye(2)[:, :, None],
        data.exposure,
        data.detector,
        of_private.reshape(len(data.exposure), -1, 2, n),
        np.stack(of_features).reshape(len(data.detector), 2, -1, 2, n),
    )


class Given(NamedTuple):
    """What a batch's predictions are made of.

    Attributes
    ----------
    half
        Half of Σ's private part times private derivatives, and Σ's mixed part times
        the features of each pixel.
    features
        Σ between features xx, xy and yy, times these.
    crossed, crossed_features
        BΣ on private columns and on the features of both pixels.
    root, own
        L and 1 + BΣBᵀ.
    """

    half: Float[Array | np.ndarray, "b s e 2 n"]
    features: Float[Array | np.ndarray, "b 3 f s n"]
    crossed: Float[Array | np.ndarray, "b s e 2 n"]
    crossed_features: Float[Array | np.ndarray, "b 2 f 2 n"]
    root: Float[Array | np.ndarray, "b 2 2 n"]
    own: Float[Array | np.ndarray, "b 2 2 n"]


def _given(
    batch: Batch,
    features: Array,
    private: Array,
    shared: Shared,
    spread: dict[int, OfTile],
) -> Given:
    b, s, e, _, n = private.shape
    psi = np.asarray(features).reshape(-1, b, s, n)
    f = len(psi)
    exposure = np.asarray(batch.blocks.exposure)
    detector = np.asarray(batch.blocks.detector)
    turned = shared.of_private[exposure] @ np.asarray(private).reshape(b, s, e, 2 * n)
    mixed = shared.mixed[exposure, detector[:, None]].reshape(b, s, 2 * e, f)
    mixed = (mixed @ psi.transpose(1, 2, 0, 3)).reshape(b, s, 2, e, n)
    of_features = shared.of_features[detector].reshape(b, 3 * f, f)
    wide = of_features @ psi.reshape(f, b, s * n).transpose(1, 0, 2)
    # Blocks beyond the last are empty ones of the last tile.
    tile = np.concatenate([batch.tile, np.full(b - batch.tile.size, batch.tile[-1])])
    crossed = np.empty((b, s, e, 2, n))
    crossed_features = np.empty((b, 2, f, 2, n))
    root, own = np.empty((b, 2, 2, n)), np.empty((b, 2, 2, n))
    for number, of in spread.items():
        some = np.flatnonzero(tile == number)
        taken = slice(some[0], some[-1] + 1)
        crossed[taken] = of.private[np.searchsorted(of.exposure, exposure[taken])]
        crossed_features[taken] = of.features[
            np.searchsorted(of.detector, detector[taken])
        ]
        root[taken], own[taken] = of.root, of.own
    return Given(
        0.5 * turned.reshape(b, s, e, 2, n) + np.swapaxes(mixed, 2, 3),
        wide.reshape(b, 3, f, s, n),
        crossed,
        crossed_features,
        root,
        own,
    )


@batch_program
def _predicted(
    blocks: Blocks, features: Array, private: Array, own: Array, given: Given
) -> Array:
    """Return the covariances of a batch's predictions, whitened, (2, 2, b, s, n)."""
    b, s, _, _, n = private.shape
    psi = features.reshape(-1, b, s, n)
    half, crossed = jnp.asarray(given.half), jnp.asarray(given.crossed)
    by_features = jnp.asarray(given.crossed_features)
    (a, _), (c, d) = jnp.moveaxis(jnp.asarray(given.root), 0, 2)[..., None, :]
    inner = jnp.moveaxis(jnp.asarray(given.own), 0, 2)[..., None, :]

    def total(i: int, j: int) -> Array:
        """Return the part of Σ alone, of pixels i and j."""
        both = (
            private[..., i, :] * half[..., j, :] + private[..., j, :] * half[..., i, :]
        )
        of_features = jnp.asarray(given.features)[:, i + j]
        return jnp.sum(both, axis=2) + jnp.sum(
            jnp.moveaxis(psi, 0, 1) * of_features, axis=1
        )

    def met(unknown: int, j: int) -> Array:
        """Return BΣ J_cᵀ of a source's unknown and pixel j."""
        of_private = jnp.sum(crossed[..., unknown, :] * private[..., j, :], axis=2)
        of_features = by_features[:, j, :, unknown, None]
        return of_private + jnp.sum(jnp.moveaxis(psi, 0, 1) * of_features, axis=1)

    # G = J_s L⁻ᵀ, by pixel and unknown: solve L Gᵀ = J_sᵀ.
    gain = []
    for i in range(2):
        first = own[:, :, 0, i] / a
        gain.append((first, (own[:, :, 1, i] - c * first) / d))
    crossing = [[met(u, j) for j in range(2)] for u in range(2)]

    def whole(i: int, j: int) -> Array:
        value = total(i, j)
        for u in range(2):
            value = value - gain[i][u] * crossing[u][j] - gain[j][u] * crossing[u][i]
            for v in range(2):
                value = value + gain[i][u] * inner[u, v] * gain[j][v]
        return value

    xx, xy, yy = whole(0, 0), whole(0, 1), whole(1, 1)
    w = jnp.asarray(blocks.whitening)
    mixed = w[0] * (w[1] * xx + w[2] * xy)
    last = w[1] * (w[1] * xx + 2.0 * w[2] * xy) + w[2] ** 2 * yy
    return jnp.stack([w[0] ** 2 * xx, mixed, mixed, last]).reshape(2, 2, b, s, n)


__all__ = ["leverages", "leverages_and_residuals"]
