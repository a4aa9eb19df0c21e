"""What a plate says about its sources, calibration eliminated, priors left out.

With D the sources' blocks, E their border on the plate's calibration and H the corner
with the calibration's priors, the information of the plate on its sources is ::

    Ω = D − E H⁻¹ Eᵀ = D − U Uᵀ

block diagonal minus low rank. Of the columns of U few matter: in the metric of D their
squared lengths are the eigenvalues of H⁻¹ᐟ² EᵀD⁻¹E H⁻¹ᐟ², the share of the information
on one mode that the calibration takes; those with a share below ε are left out.

A posterior contains the catalogue's errors, which all plates share; information does
not, so that it may be added: that of plates, and of the catalogue once.

References
----------
Lindegren et al. 2012, A&A 538, A78 (block structure); Michalik et al. 2014, A&A 571,
A85 (normal equations are joined, not catalogues).
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int
from numpy.typing import DTypeLike

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.equations.assemble import System, assemble
from reseau.equations.measurements_alone import measurements_alone
from reseau.equations.plan import Plan
from reseau.equations.ties import tie_columns
from reseau.linalg import factorise
from reseau.model import (
    Parameters,
    Problem,
    free_columns,
    prior_terms,
    prior_widths,
)
from reseau.sky import displaced

EPSILON = 1e-3
"""Share of information below which a mode of the calibration is left out."""

AT_ONCE = 512
"""Sources whose columns are formed at a time: a few MB."""


_displaced = quick_jit(displaced)


class SourceInformation(NamedTuple):
    """The log likelihood of a plate's sources to second order, without their priors.

    ``−log L = ½ dᵀ(D − U Uᵀ)d − gᵀd``, d the sources' offsets from a point.

    Attributes
    ----------
    row
        Rows of the sources.
    offset
        The point [rad].
    gradient
        g [1/rad].
    blocks
        D [1/rad²].
    columns
        U [1/rad]; in 32 bits unless all columns are kept.
    share
        What part of D's information each column takes, largest first.
    left_out
        The same of all columns that are not kept, together.
    epsilon
        Share below which columns were left out.
    direction
        Unit vectors of the point, ICRS.
    """

    row: Int[np.ndarray, "n"]
    offset: Float[np.ndarray, "n 2"]
    gradient: Float[np.ndarray, "n 2"]
    blocks: Float[np.ndarray, "n 2 2"]
    columns: Float[np.ndarray, "n 2 r"]
    share: Float[np.ndarray, "r"]
    left_out: float
    epsilon: float
    direction: Float[np.ndarray, "n 3"]


class _Whitened(NamedTuple):
    """Sources that are solved for, in the order of tiles; borders whitened.

    `place` is where each is among their rows in ascending order.
    """

    row: np.ndarray
    place: np.ndarray
    root: np.ndarray
    border: np.ndarray
    gradient: np.ndarray


def source_information(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    *,
    epsilon: float = EPSILON,
    weight: Float[np.ndarray, "n_meas"] | None = None,
) -> SourceInformation:
    """Return what a plate says about its sources.

    Parameters
    ----------
    problem, tiles
        The plate.
    parameters
        The optimum.
    epsilon
        Columns whose share is below are left out; 0: none, and all in 64 bits.
    weight
        By which each measurement counts; absent: fully.
    """
    objective = measurements_alone(weight)
    system = assemble(problem, tiles, parameters, 0.0, objective)
    prior = prior_terms(problem, parameters)
    found = _whitened(system, tiles, problem.layout.size)
    flat = found.border.reshape(len(found.border), -1)
    lost = flat @ flat.T
    matrix = np.asarray(system.corner.matrix) + prior.information + lost
    right = np.asarray(system.corner.right) + prior.gradient
    right = right + flat @ found.gradient.ravel()
    basis = tie_columns(
        problem, free_columns(problem.layout, problem.free, prior_widths(problem))
    )
    matrix = basis.T @ (matrix @ basis)
    scale = np.where(np.diag(matrix) > 0, np.diag(matrix), 1.0)
    root = basis @ factorise(matrix, scale).root
    share, modes = scipy.linalg.eigh(root.T @ lost @ root)
    kept = np.flatnonzero(share > epsilon)[::-1] if epsilon else np.arange(share.size)
    mixing = root @ modes[:, kept]
    rest = found.gradient - (flat.T @ (root @ (root.T @ right))).reshape(2, -1)
    order = np.argsort(found.place)
    row, lower = found.row[order], found.root[..., order]
    start = np.asarray(problem.prior.direction)[row]
    offset = np.asarray(parameters.offset)[row]
    return SourceInformation(
        row=row,
        offset=offset,
        gradient=_times(lower, rest[:, order]).T,
        blocks=np.einsum("abn,cbn->nac", lower, lower),
        columns=_columns(found, mixing, np.float32 if epsilon else np.float64),
        share=np.clip(share[kept], 0.0, 1.0),
        left_out=float(np.sum(np.delete(share, kept))),
        epsilon=epsilon,
        direction=np.asarray(in_chunks(_displaced, start, offset)),
    )


def _columns(
    found: _Whitened, mixing: Float[np.ndarray, "c r"], kind: DTypeLike
) -> Float[np.ndarray, "n 2 r"]:
    """Return L Bᵀ times a matrix, some sources at a time, in the type to be kept.

    Formed in 64 bits: what is nearly degenerate cancels in these sums by a factor of
    a thousand and more.
    """
    lower, size = found.root, len(found.border)
    mixing = np.ascontiguousarray(mixing)
    out = np.empty((len(found.row), 2, mixing.shape[1]), kind)
    for first in range(0, len(out), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        x, y = found.border[:, :, some].transpose(1, 2, 0)
        border = np.empty((len(x), 2, size))
        np.multiply(lower[0, 0, some, None], x, out=border[:, 0])
        np.multiply(lower[1, 0, some, None], x, out=border[:, 1])
        border[:, 1] += lower[1, 1, some, None] * y
        mixed = border.reshape(-1, size) @ mixing
        out[found.place[some]] = mixed.reshape(len(x), 2, -1)
    return out


def _times(lower: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return L v of lower 2 x 2 blocks, their entries along the first axes."""
    x, y = values
    return np.stack([lower[0, 0] * x, lower[1, 0] * x + lower[1, 1] * y])


def _whitened(system: System, tiles: Plan, size: int) -> _Whitened:
    """Return the sources of all tiles with their borders on all shared parameters."""
    free = [np.flatnonzero(np.asarray(data.free) > 0) for data in tiles.tiles]
    rows = [
        np.asarray(data.source)[kept]
        for data, kept in zip(tiles.tiles, free, strict=True)
    ]
    row = np.concatenate(rows)
    place = np.empty_like(row)
    place[np.argsort(row, kind="stable")] = np.arange(row.size)
    border = np.zeros((size, 2, row.size))
    root, gradient = np.zeros((2, 2, row.size)), np.zeros((2, row.size))
    start = 0
    for tile, kept in zip(system.tiles, free, strict=True):
        at = slice(start, start + kept.size)
        start += kept.size
        met = np.flatnonzero(np.any(np.asarray(tile.border) != 0, axis=(1, 2)))
        columns = np.asarray(tile.columns)[met]
        border[columns, :, at] = np.asarray(tile.border)[met][:, :, kept]
        root[..., at] = np.asarray(tile.root)[..., kept]
        gradient[:, at] = np.asarray(tile.gradient)[:, kept]
    return _Whitened(row, place, root, border, gradient)


__all__ = ["EPSILON", "SourceInformation", "source_information"]
