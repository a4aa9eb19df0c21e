"""The exact Gaussian posterior from the factors of the last linearisation.

With C the sources' blocks, E their border and S = V⁻ᵀV⁻¹ the Schur complement, the
covariance of the sources is ``C⁻¹ + C⁻¹E S⁻¹ EᵀC⁻¹`` and that of the shared
parameters ``S⁻¹``: no diagonal approximation. In a free network, directions that
nothing determines are fixed by inner constraints over the source positions
(minimum trace), which is an S-transformation of any generalised inverse.

References
----------
Baarda 1973, S-transformations and criterion matrices; Koch 1999, Parameter
Estimation and Hypothesis Testing in Linear Models (minimum trace).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau.equations.assemble import System
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan, TileData
from reseau.linalg import Tile, backward_2x2, border_transpose, shared_spread
from reseau.model import Problem

from .prior_shares import prior_shares
from .redundancy import PriorShares


class Posterior(NamedTuple):
    """Covariances at the optimum.

    Attributes
    ----------
    sources
        Covariance of each source's offsets [rad²]; zero where not solved for.
    shared
        Covariance of the shared parameters, (p, p).
    used
        Number of parameters that the measurements determine: the number of free ones
        less what the priors supply, trace(Λ Cov).
    shares
        What the priors share with all else.
    """

    sources: Float[np.ndarray, "n_src 2 2"]
    shared: Float[np.ndarray, "p p"]
    used: float
    shares: PriorShares


class InnerConstraints(NamedTuple):
    """Undetermined directions and how sources follow them.

    Attributes
    ----------
    shared
        Null directions in the shared parameters, (p, r).
    sources
        The same directions in the source offsets, (n, 2, r).
    """

    shared: np.ndarray
    sources: np.ndarray

    def amounts(self, offset: np.ndarray) -> np.ndarray:
        """Return how much of each direction source offsets hold (least squares)."""
        flat = self.sources.reshape(-1, self.sources.shape[-1])
        return np.linalg.solve(flat.T @ flat, flat.T @ offset.ravel())


def companion_sources(
    system: System, tiles: Plan, shared: np.ndarray, n_sources: int
) -> np.ndarray:
    """Return how sources follow moves of the shared parameters: −C⁻¹E x, (n, 2, r)."""
    out = np.zeros((n_sources, 2, shared.shape[1]))
    for tile, data in zip(system.tiles, tiles.tiles, strict=True):
        values = -np.asarray(backward_2x2(tile.root, shared_spread(tile, shared)))
        kept = np.flatnonzero(np.asarray(data.free) > 0)
        out[np.asarray(data.source)[kept]] = values.transpose(2, 1, 0)[kept]
    return out


def gaussian_posterior(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    information: np.ndarray,
    constraints: InnerConstraints | None,
    of_sources: np.ndarray | None = None,
) -> Posterior:
    """Return the covariances at the optimum.

    Parameters
    ----------
    information
        Prior information of the shared parameters, (p, p).
    constraints
        Undetermined directions to be fixed by inner constraints, if any.
    of_sources
        Curvature by which the sources' priors entered, (n, 2, 2); absent: as stated.
    """
    n_sources = problem.prior.direction.shape[0]
    root = equations.root
    shared = root @ root.T
    solved = _solved_sources(tiles, n_sources)
    free = 2 * int(solved.sum()) + equations.basis.shape[1]
    if of_sources is None:
        of_sources = np.asarray(problem.prior.information)
    prior = of_sources * solved[:, None, None]
    if problem.free_network:
        prior = np.zeros_like(prior)
    sources, shares = prior_shares(problem.layout, tiles, equations, prior, information)
    supplied = float(shares.supplied.sum())
    null = equations.factor.null.shape[1] + equations.held
    if constraints is not None:
        sources, shared = _constrained(
            equations.system, tiles, sources, root, constraints
        )
    return Posterior(sources, shared, free - null - supplied, shares)


def _solved_sources(tiles: Plan, n_sources: int) -> np.ndarray:
    solved = np.zeros(n_sources, dtype=bool)
    for tile in tiles.tiles:
        kept = np.asarray(tile.free) > 0
        solved[np.asarray(tile.source)[kept]] = True
    return solved


def _constrained(
    system: System,
    tiles: Plan,
    sources: np.ndarray,
    root: np.ndarray,
    constraints: InnerConstraints,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariances of sources and shared parameters under constraints."""
    b = constraints.sources
    flat = b.reshape(-1, b.shape[-1])
    metric = np.linalg.inv(flat.T @ flat)
    crossed = np.zeros((root.shape[0], b.shape[-1]))
    for tile, data in zip(system.tiles, tiles.tiles, strict=True):
        np.add.at(crossed, np.asarray(tile.columns), _border_product(tile, data, b))
    to_root = root.T @ crossed
    spread = _own_and_shared(system, tiles, b, root @ to_root)
    total = np.einsum("nar,nas->rs", b, spread)
    gain = b @ metric
    cross = np.einsum("nar,nbr->nab", spread, gain)
    sources = sources - cross - cross.transpose(0, 2, 1)
    sources = sources + np.einsum("nar,rs,nbs->nab", gain, total, gain)
    with_sources = -(root @ to_root)
    lever = constraints.shared @ metric
    shared = root @ root.T
    shared = shared - with_sources @ lever.T - lever @ with_sources.T
    return sources, shared + lever @ total @ lever.T


def spread_by_covariance(
    equations: Equations, tiles: Plan, values: np.ndarray
) -> np.ndarray:
    """Return the covariance of all sources times (n, 2, r) values, without datum."""
    root = equations.root
    crossed = np.zeros((root.shape[0], values.shape[-1]))
    for tile, data in zip(equations.system.tiles, tiles.tiles, strict=True):
        product = _border_product(tile, data, values)
        np.add.at(crossed, np.asarray(tile.columns), product)
    shared = root @ (root.T @ crossed)
    return _own_and_shared(equations.system, tiles, values, shared)


def _rows(data: TileData, values: np.ndarray) -> np.ndarray:
    """Return a tile's rows of (n, 2, r) values as (r, 2, n), zero where not solved."""
    inside = np.minimum(np.asarray(data.source), values.shape[0] - 1)
    return (values[inside] * np.asarray(data.free)[:, None, None]).transpose(2, 1, 0)


def _border_product(tile: Tile, data: TileData, values: np.ndarray) -> np.ndarray:
    return np.asarray(border_transpose(tile, _rows(data, values)))


def _own_and_shared(
    system: System, tiles: Plan, b: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    """Return Cov(sources) b = C⁻¹ b + C⁻¹E (S⁻¹EᵀC⁻¹ b), given the last factor."""
    out = -companion_sources(system, tiles, shared, b.shape[0])
    for tile, data in zip(system.tiles, tiles.tiles, strict=True):
        root = np.asarray(tile.root)
        block = np.einsum("abn,cbn->nac", root, root)
        kept = np.flatnonzero(np.asarray(data.free) > 0)
        rows = np.asarray(data.source)[kept]
        out[rows] += np.linalg.solve(block[kept], b[rows])
    return out
