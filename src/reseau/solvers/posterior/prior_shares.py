"""What priors share with all else, from the factors of the last linearisation.

With Λ the priors' information, L of a source's block, B its whitened border and V Vᵀ
the covariance of the shared parameters, products of covariances between sources are ::

    tr(Λ_g C_gh Λ_h C_hg) = tr(Vᵀ M_g V Vᵀ M_h V),  M_g = Σ BᵀL⁻¹Λ L⁻ᵀB

beside those of single sources. M is summed on the columns that sources meet, and V
applied at the very end.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau._parts import in_parts
from reseau.equations.borders import add_square, groups, joined, solved
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan, TileData
from reseau.linalg import Tile, backward_2x2, covariance_of
from reseau.model import Layout

from .redundancy import PriorShares

NARROW = 0.02
"""Least share of a source's position that its prior supplies for it to be judged.

A prior far wider than what is measured says nothing of the plate; it may be meant to.
"""

LEAST = 1e-12
"""Determinant over squared trace of a prior that fixes one direction only."""


def prior_shares(
    layout: Layout,
    tiles: Plan,
    equations: Equations,
    of_sources: Float[np.ndarray, "n_src 2 2"],
    of_shared: Float[np.ndarray, "p p"],
) -> tuple[Float[np.ndarray, "n_src 2 2"], PriorShares]:
    """Return the covariances of the sources, and what priors share with all else.

    Parameters
    ----------
    layout
        Of the shared parameters.
    equations
        Of the last linearisation.
    of_sources, of_shared
        Information of the priors; that of sources zero where they are not solved for.

    Returns
    -------
    Covariances of the sources' offsets, not fixed to any datum, zero for those that are
    not solved for; and the shares.
    """
    root = equations.root
    shared = root.T @ of_shared @ root
    priors = _priors(layout, root, of_sources)
    pairs = list(zip(tiles.tiles, equations.system.tiles, strict=True))

    def part(some: Sequence[slice]) -> _Sums:
        sums = _Sums(np.zeros((2, len(root), len(root))), np.zeros(2))
        for group in some:
            _add(sums, priors, pairs[group])
        return sums

    whole = _Sums(np.zeros((2, len(root), len(root))), np.zeros(2))
    for found in in_parts(part, groups(len(pairs))):
        whole.squares[:] += found.squares
        whole.own[:] += found.own
    gram = [root.T @ square @ root for square in whole.squares]
    gram[1] += shared
    covariance, judged = priors.covariance, priors.judged
    supplied = np.einsum("nij,nji->n", of_sources, covariance)
    products = np.array([[np.sum(a * b.T) for b in gram] for a in gram])
    shares = PriorShares(
        number=float(priors.rank[judged].sum()),
        supplied=np.array(
            [
                supplied[judged].sum(),
                supplied[~judged].sum() + np.trace(shared),
            ]
        ),
        products=products + np.diag(whole.own),
        judged=judged,
    )
    return covariance, shares


class _Sums(NamedTuple):
    """Sums over sources, by group of priors.

    Attributes
    ----------
    squares
        Of EᵀC⁻¹ΛC⁻¹E.
    own
        Of tr(Λ C Λ C) of single sources, what is in the squares left out.
    """

    squares: Float[np.ndarray, "2 p p"]
    own: Float[np.ndarray, "2"]


class _Priors(NamedTuple):
    """Priors of the sources, and what is found of them.

    Attributes
    ----------
    layout, root
        Of the shared parameters, and V.
    first
        Of each row of V, the first column that is not zero.
    information, rank
        Of the sources' priors.
    covariance, judged
        Of the sources, and which are references: to be written.
    """

    layout: Layout
    root: Float[np.ndarray, "p q"]
    first: Int[np.ndarray, "p"]
    information: Float[np.ndarray, "n 2 2"]
    rank: Int[np.ndarray, "n"]
    covariance: Float[np.ndarray, "n 2 2"]
    judged: Bool[np.ndarray, "n"]


def _priors(
    layout: Layout, root: Float[np.ndarray, "p q"], information: np.ndarray
) -> _Priors:
    trace = np.einsum("nii->n", information)
    rank = 1 * (trace > 0) + (np.linalg.det(information) > LEAST * trace**2)
    return _Priors(
        layout,
        root,
        np.argmax(root != 0, axis=1) if root.size else np.zeros(len(root), int),
        information,
        rank,
        np.zeros_like(information),
        np.zeros(trace.size, dtype=bool),
    )


def _add(sums: _Sums, priors: _Priors, group: Sequence[tuple[TileData, Tile]]) -> None:
    """Write the covariances of some tiles' sources, and add what their priors give."""
    tile = joined(priors.layout, group)
    border, columns = np.asarray(tile.border), np.asarray(tile.columns)
    kept, rows = solved(group)
    own = _judge(priors, tile, _spread(priors, columns, border), kept, rows)
    known = priors.rank[rows] > 0
    rooted = _rooted(priors.information[rows], np.asarray(tile.root)[:, :, kept])
    for of, reference in enumerate((True, False)):
        members = known & (priors.judged[rows] == reference)
        if not members.any():
            continue
        sums.own[of] += np.sum(own[members])
        chosen, (xx, xy, yy) = border, rooted[:, members]
        if kept[members].size < border.shape[2]:
            chosen = border[:, :, kept[members]]
        weighted = np.empty_like(chosen)
        np.multiply(chosen[:, 0], xx, out=weighted[:, 0])
        weighted[:, 0] += chosen[:, 1] * xy
        np.multiply(chosen[:, 1], yy, out=weighted[:, 1])
        add_square(sums.squares[of], columns, weighted.reshape(len(weighted), -1))


PIECES = 4
"""In how many pieces rows of V are dealt with, each without the columns before its own.

V is triangular unless directions are left out of it.
"""


def _spread(
    priors: _Priors, columns: Int[np.ndarray, "c"], border: Float[np.ndarray, "c 2 n"]
) -> Float[np.ndarray, "q 2 n"]:
    """Return Vᵀ times a border: of V only what is not zero is multiplied."""
    flat = border.reshape(len(border), -1)
    spread = np.zeros((priors.root.shape[1], flat.shape[1]))
    for rows in np.array_split(np.arange(len(columns)), PIECES):
        some = columns[rows]
        begin = int(np.min(priors.first[some], initial=len(spread)))
        spread[begin:] += priors.root[some, begin:].T @ flat[rows]
    return spread.reshape(-1, *border.shape[1:])


def _judge(
    priors: _Priors,
    tile: Tile,
    spread: Float[np.ndarray, "q 2 n"],
    kept: Int[np.ndarray, "m"],
    rows: Int[np.ndarray, "m"],
) -> Float[np.ndarray, "m"]:
    """Write covariances and which sources are references.

    Returns
    -------
    ``tr(Λ C Λ C)`` of single sources, without what the shared parameters give alone.
    """
    prior = priors.information[rows]
    whole = np.moveaxis(np.asarray(covariance_of(tile, spread)), -1, 0)[kept]
    priors.covariance[rows] = whole
    supplied = np.einsum("nij,nji->n", prior, whole)
    priors.judged[rows] = supplied > NARROW * np.maximum(priors.rank[rows], 1)
    alone = covariance_of(tile, np.zeros((0, *spread.shape[1:])))
    alone = prior @ np.moveaxis(np.asarray(alone), -1, 0)[kept]
    crossed = prior @ whole - alone
    return np.asarray(np.einsum("nij,nji->n", alone, alone + 2.0 * crossed))


def _rooted(
    prior: Float[np.ndarray, "m 2 2"], root: Float[np.ndarray, "2 2 m"]
) -> Float[np.ndarray, "3 m"]:
    """Return RᵀL⁻ᵀ, with Λ = R Rᵀ, which may be singular: its entries xx, xy and yy."""
    a = np.sqrt(np.maximum(prior[:, 0, 0], 0.0))
    b = prior[:, 1, 0] / np.where(a > 0, a, 1.0)
    c = np.sqrt(np.maximum(prior[:, 1, 1] - b * b, 0.0))
    upper = backward_2x2(root, np.eye(2)[:, :, None] * np.ones(len(prior)))
    (xx, _), (xy, yy) = np.asarray(upper)  # columns of L⁻ᵀ
    return np.stack([a * xx, a * xy + b * yy, c * yy])


__all__ = ["prior_shares"]
