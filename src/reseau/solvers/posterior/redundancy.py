"""How much measurements and references tell of the size of their errors.

All that a plate is solved from, measurements and priors, leaves residuals whose
covariance, each whitened by its own stated errors, is a projector Q if all is right.
Of a group g the expectation of the sum of squares is tr Q_gg. If the variances of the
groups are θ_h times the stated ones it is ``tr Q_gg + Σ_h F_gh (θ_h − 1)`` with
``F_gh = tr(Q_gh Q_hg)``, and its variance, with Normal errors as stated, is
``2 F_gg``. So ``θ = 1 + F⁻¹ (χ² − tr Q)`` has no bias whatever the variances are.

The group of the measurements has F_mm below its degrees of freedom tr Q_mm as far as
priors give way to it: with references that are worse than centroids residuals are small
even where centroids are far worse than stated. Nothing of that needs the large matrix:
Q is idempotent, so that F_mm follows from the priors' part alone, and that from the
factors of the last linearisation: with Λ the priors' information, the covariance of two
priors' parameters is ``D⁻¹ + T Tᵀ``, D of one source, T = D⁻¹E V, of V shared.

References
----------
Rao 1971, J. Multivariate Analysis 1, 445 (MINQUE); Koch 1999, Parameter Estimation and
Hypothesis Testing in Linear Models, section 3.6 (variance components); Förstner 1979,
Zeitschrift für Vermessungswesen 104, 446 (redundancy).
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

NARROW = 0.02
"""Least share of a source's position that its prior supplies for it to be judged.

A prior far wider than what is measured says nothing of the plate; it may be meant to.
"""

LEAST = 1e-12
"""Determinant over squared trace of a prior that fixes one direction only."""

FEWEST = 0.5
"""Degrees of freedom below which what is left of a difference of sums is rounding."""

TELLING = 5.0
"""Degrees of freedom of each group below which two scales are not told apart."""

APART = 0.05
"""The same for 1 − correlation² of the two."""


class Scale(NamedTuple):
    """By how much stated errors are too small: √θ, and its error.

    Attributes
    ----------
    value, error
        Both NaN where nothing tells.
    """

    value: float
    error: float

    @property
    def pull(self) -> float:
        """Return how far its square is from 1, over the error of that."""
        return (self.value**2 - 1.0) / (2.0 * max(self.value, 1.0) * self.error)


class Scales(NamedTuple):
    """Both at once: neither is taken as right to find the other."""

    measurements: Scale
    references: Scale


class Redundancy(NamedTuple):
    """What sums of squared residuals are to be, and what they tell.

    Attributes
    ----------
    total
        Expectation of the sums of squares of measurements and of references: their
        degrees of freedom.
    information
        F of both groups: half the variances of the sums on the diagonal.
    judged
        The references: sources whose prior supplies part of their position.
    """

    total: Float[np.ndarray, "2"]
    information: Float[np.ndarray, "2 2"]
    judged: Bool[np.ndarray, "n_src"]

    @property
    def of_errors(self) -> float:
        """Return F_mm: degrees of freedom that tell of the measurements' errors."""
        return float(self.information[0, 0])

    def scale(self, chi2: float) -> Scale:
        """Return the scale of the measurements' errors, all else as stated.

        Parameters
        ----------
        chi2
            Sum of squares of the measurements' residuals.

        Notes
        -----
        The error is exact for errors as stated, and for any if no prior gives way.
        """
        if not (self.of_errors >= FEWEST and np.isfinite(chi2)):
            return Scale(np.nan, np.nan)
        given_way = self.total[0] - self.of_errors
        square = (chi2 - given_way) / self.of_errors
        spread = np.sqrt(2.0 / self.of_errors) * chi2 / self.total[0]
        return _scale(square, spread)

    def scales(self, chi2: float, of_references: float) -> Scales | None:
        """Return the scales of measurements and references; None if one cannot be had.

        Parameters
        ----------
        chi2, of_references
            Sums of squares of the residuals of both.
        """
        size = np.sqrt(np.diag(self.information))
        if not (np.all(size**2 >= TELLING) and np.isfinite(chi2 + of_references)):
            return None
        alike = self.information / np.outer(size, size)
        if 1.0 - alike[0, 1] ** 2 < APART:
            return None
        inverse = np.linalg.inv(alike) / np.outer(size, size)
        square = 1.0 + inverse @ (np.array([chi2, of_references]) - self.total)
        spread = np.sqrt(2.0 * np.diag(inverse)) * np.maximum(square, 1.0)
        return Scales(*(_scale(v, s) for v, s in zip(square, spread, strict=True)))


def _scale(square: float, spread: float) -> Scale:
    """Return the root of a square, with its error: where small, the upper limit."""
    value = float(np.sqrt(max(square, 0.0)))
    return Scale(value, float(spread / (2.0 * max(value, np.sqrt(spread)))))


class PriorShares(NamedTuple):
    """What priors of references and all other priors share with all else.

    Attributes
    ----------
    number
        Of coordinates that references' priors give.
    supplied
        How many parameters the priors supply, tr(ΛC): of references and of others.
    products
        ``tr(Λ_g C_gh Λ_h C_hg)`` of these two groups.
    judged
        Which sources are references.
    """

    number: float
    supplied: Float[np.ndarray, "2"]
    products: Float[np.ndarray, "2 2"]
    judged: Bool[np.ndarray, "n_src"]

    def redundancy(self, dof: float) -> Redundancy:
        """Return that of measurements with given degrees of freedom."""
        with_all = self.supplied - self.products.sum(axis=1)
        between, by_others = np.maximum(with_all, 0.0)
        own = self.number - 2.0 * self.supplied[0] + self.products[0, 0]
        total = np.array([dof, self.number - self.supplied[0]])
        return Redundancy(
            total,
            np.array([[dof - between - by_others, between], [between, max(own, 0.0)]]),
            self.judged,
        )


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


__all__ = ["PriorShares", "Redundancy", "prior_shares"]
