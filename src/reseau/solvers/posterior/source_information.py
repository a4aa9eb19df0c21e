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

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

from reseau._compiled import quick_jit
from reseau._parts import in_parts
from reseau._usual import in_chunks
from reseau.equations.assemble import assemble, whole_corner
from reseau.equations.borders import groups, joined, solved, summed
from reseau.equations.equations import Equations
from reseau.equations.measurements_alone import measurements_alone
from reseau.equations.plan import Plan, TileData
from reseau.equations.ties import tie_columns
from reseau.equations.without_priors import Alone, without_priors
from reseau.linalg import Tile, factorise
from reseau.model import (
    Layout,
    Parameters,
    Problem,
    free_columns,
    prior_terms,
    prior_widths,
)
from reseau.sky import displaced

EPSILON = 1e-3
"""Share of information below which a mode of the calibration is left out."""

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


def source_information(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    *,
    epsilon: float = EPSILON,
    weight: Float[np.ndarray, "n_meas"] | None = None,
    equations: Equations | None = None,
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
    equations
        Of a linearisation from which a small step led to the optimum, with Normal
        errors, without damping: what they say need not be derived again. Absent, with
        weights, or where all columns are kept: another one is made, at the optimum.

    Notes
    -----
    A last step of 0.01 σ changes information by some 1e-6 and the gradient by 1e-5 of
    its error where a plate has few sources, of thousands a hundred times less.
    """
    offset = np.asarray(parameters.offset)
    alone = None
    if equations is not None and weight is None and epsilon:
        alone = without_priors(problem, tiles, equations, offset)
    if alone is None:
        alone = _assembled(problem, tiles, parameters, weight)
    eliminated = list(zip(tiles.tiles, alone.tiles, strict=True))
    lost = summed(
        problem.layout.size,
        len(eliminated),
        lambda sum_, some: sum_.take_off(problem.layout, eliminated[some]),
    ).matrix
    root = _root(problem, alone.matrix)
    share, modes = scipy.linalg.eigh(root.T @ lost @ root)
    kept = np.flatnonzero(share > epsilon)[::-1] if epsilon else np.arange(share.size)
    row = np.sort(solved(eliminated)[1])
    out = _Rows(
        np.empty((row.size, 2)),
        np.empty((row.size, 2, 2)),
        np.empty((row.size, 2, kept.size), np.float32 if epsilon else np.float64),
    )
    moves = root @ (root.T @ alone.right)
    mixing = np.ascontiguousarray(root @ modes[:, kept])

    def write(some: Sequence[slice]) -> None:
        for group in some:
            _write(out, row, problem.layout, eliminated[group], moves, mixing)

    in_parts(write, groups(len(eliminated)))
    start = np.asarray(problem.prior.direction)[row]
    return SourceInformation(
        row=row,
        offset=offset[row],
        gradient=out.gradient,
        blocks=out.blocks,
        columns=out.columns,
        share=np.clip(share[kept], 0.0, 1.0),
        left_out=float(np.sum(np.delete(share, kept))),
        epsilon=epsilon,
        direction=np.asarray(in_chunks(_displaced, start, offset[row])),
    )


def _assembled(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    weight: Float[np.ndarray, "n_meas"] | None,
) -> Alone:
    """Return the equations at a point without the sources' priors."""
    system = assemble(problem, tiles, parameters, 0.0, measurements_alone(weight))
    prior = prior_terms(problem, parameters)
    matrix, right = whole_corner(problem, system.sums)
    return Alone(system.tiles, matrix + prior.information, right + prior.gradient)


def _root(
    problem: Problem, matrix: Float[np.ndarray, "p p"]
) -> Float[np.ndarray, "p q"]:
    """Return V, with V Vᵀ the inverse of the corner in what is free of it."""
    basis = tie_columns(
        problem, free_columns(problem.layout, problem.free, prior_widths(problem))
    )
    reduced = basis.T @ (matrix @ basis)
    scale = np.where(np.diag(reduced) > 0, np.diag(reduced), 1.0)
    return np.asarray(basis @ factorise(reduced, scale).root)


class _Rows(NamedTuple):
    """What is written of each source."""

    gradient: np.ndarray
    blocks: np.ndarray
    columns: np.ndarray


def _write(
    out: _Rows,
    row: Int[np.ndarray, "n"],
    layout: Layout,
    group: Sequence[tuple[TileData, Tile]],
    moves: Float[np.ndarray, "p"],
    mixing: Float[np.ndarray, "p r"],
) -> None:
    """Write the sources of some tiles, with E times a matrix as their columns.

    Formed in 64 bits: what is nearly degenerate cancels in these sums by a factor of
    a thousand and more.

    Parameters
    ----------
    out, row
        Where to, and the rows of all sources in ascending order.
    moves
        H⁻¹ times the right-hand side of the corner.
    mixing
        The modes that are kept.
    """
    tile = joined(layout, group)
    columns, lower = np.asarray(tile.columns), np.asarray(tile.root)
    kept, rows = solved(group)
    at = np.searchsorted(row, rows)
    flat = _times(lower, np.asarray(tile.border)).reshape(len(columns), -1)
    drawn = (moves[columns] @ flat).reshape(2, -1)
    own = _times(lower, np.asarray(tile.gradient)[None])[0] - drawn
    out.gradient[at] = own[:, kept].T
    out.blocks[at] = np.einsum("abn,cbn->nac", lower, lower)[kept]
    mixed = (flat.T @ mixing[columns]).reshape(2, -1, mixing.shape[1])
    for i in range(2):
        out.columns[at, i] = mixed[i] if kept.size == mixed.shape[1] else mixed[i, kept]


def _times(
    lower: Float[np.ndarray, "2 2 n"], values: Float[np.ndarray, "k 2 n"]
) -> Float[np.ndarray, "k 2 n"]:
    """Return L v of lower 2 x 2 blocks."""
    out = np.empty_like(values)
    np.multiply(lower[0, 0], values[:, 0], out=out[:, 0])
    np.multiply(lower[1, 0], values[:, 0], out=out[:, 1])
    out[:, 1] += lower[1, 1] * values[:, 1]
    return out


__all__ = ["EPSILON", "SourceInformation", "source_information"]
