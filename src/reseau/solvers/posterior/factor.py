"""The Gaussian posterior as what draws are made from, small enough to be kept.

With C the sources' blocks, L their lower Cholesky factors, E their border and V a root
of the shared parameters' covariance, independent standard normal numbers z give ::

    shared  s = V z_s
    sources x = L⁻ᵀ (z_x - L⁻¹E s)

whose covariance is the exact inverse of the block-arrow matrix. In a free network both
are then moved along the undetermined directions until the inner constraints hold, and
calibrations go to the datum that the solution is reported in: linear maps, the same
that the covariances went through.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.model import Parameters, Problem
from reseau.model.gauge import Datum

from .gaussian import InnerConstraints

ROUNDING = 1e-3
"""Rounding, in units of a source's own σ, up to which borders are kept in 32 bits."""


class PosteriorFactor(eqx.Module):
    """A root of the posterior covariance and the point that it is centred on.

    Attributes
    ----------
    centre
        Values of the solution.
    direction
        Directions of the sources at an offset of zero.
    source
        Rows of the sources of each tile; -1 at places that are empty or not solved.
    root
        Entries 11, 21, 22 of the lower Cholesky factors L of the sources' blocks.
    counts
        Number of columns that each tile meets.
    columns
        The shared parameters that they are, tile after tile.
    border
        L⁻¹E on those columns.
    shared
        V, a root of the covariance of the shared parameters as they were solved for.
    datum
        How shared parameters move when they are taken to the datum, and by how much
        for each of them: their product is what is taken off.
    constrained_shared, constrained_sources
        Directions that inner constraints fix; no columns where there are none.
    undetermined
        True for shared parameters that the data do not determine.
    """

    centre: Parameters
    direction: Float[np.ndarray, "n_src 3"]
    source: Int[np.ndarray, "t n"]
    root: Float[np.ndarray, "t 3 n"]
    counts: Int[np.ndarray, "t"]
    columns: Int[np.ndarray, "k"]
    border: Float[np.ndarray, "k 2 n"]
    shared: Float[np.ndarray, "p q"]
    datum: tuple[Float[np.ndarray, "p d"], Float[np.ndarray, "d p"]]
    constrained_shared: Float[np.ndarray, "p r"]
    constrained_sources: Float[np.ndarray, "n_src 2 r"]
    undetermined: Bool[np.ndarray, "p"]

    @property
    def n_bytes(self) -> int:
        """Return the memory that it takes [byte]."""
        return sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(self))

    def constrained(
        self, shared: Float[np.ndarray, "*n p"], offset: Float[np.ndarray, "*n s 2"]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return steps moved until the inner constraints hold, if there are any.

        Parameters
        ----------
        shared, offset
            Steps of the shared parameters and of all sources' offsets.
        """
        b = self.constrained_sources
        if not b.shape[2]:
            return shared, offset
        flat = b.reshape(-1, b.shape[2])
        right = offset.reshape(*offset.shape[:-2], -1) @ flat
        amount = np.linalg.solve(flat.T @ flat, right[..., None])[..., 0]
        offset = offset - (amount @ flat.T).reshape(offset.shape)
        return shared - amount @ self.constrained_shared.T, offset

    def in_datum(self, shared: Float[np.ndarray, "*n p"]) -> Float[np.ndarray, "*n p"]:
        """Return steps of the shared parameters moved to the datum."""
        directions, gain = self.datum
        return shared - (shared @ gain.T) @ directions.T


def posterior_factor(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    constraints: InnerConstraints | None,
    datum: Datum,
    centre: Parameters,
    undetermined: Bool[np.ndarray, "p"] | None = None,
) -> PosteriorFactor:
    """Return what draws from a solution's posterior need.

    Parameters
    ----------
    tiles, equations
        Of the last linearisation.
    constraints
        What fixes a free network, if any.
    datum
        In which calibrations are reported.
    centre
        The reported parameters.
    undetermined
        Shared parameters that the data do not determine, if any.
    """
    columns, borders, counts = _borders(equations)
    n_sources, p = problem.prior.direction.shape[0], equations.root.shape[0]
    if constraints is None:
        constraints = InnerConstraints(np.zeros((p, 0)), np.zeros((n_sources, 2, 0)))
    roots = np.stack([np.asarray(tile.root) for tile in equations.system.tiles])
    return PosteriorFactor(
        centre=_plain(centre),
        direction=np.asarray(problem.prior.direction),
        source=_sources(tiles),
        root=np.stack([roots[:, 0, 0], roots[:, 1, 0], roots[:, 1, 1]], axis=1),
        counts=counts,
        columns=columns,
        border=_as_small_as_exact(borders, columns, equations.root),
        shared=equations.root,
        datum=(datum.directions, datum.gain()),
        constrained_shared=constraints.shared,
        constrained_sources=constraints.sources,
        undetermined=np.zeros(p, dtype=bool) if undetermined is None else undetermined,
    )


def _plain(parameters: Parameters) -> Parameters:
    """Return parameters as NumPy arrays of their own."""
    return Parameters(**{k: np.array(v) for k, v in vars(parameters).items()})


def _sources(tiles: Plan) -> np.ndarray:
    rows = np.stack([np.asarray(tile.source) for tile in tiles.tiles])
    free = np.stack([np.asarray(tile.free) for tile in tiles.tiles]) > 0
    return np.where(free, rows, -1).astype(np.int32)


def _borders(
    equations: Equations,
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Return the columns that are not empty, their borders and numbers by tile."""
    columns, borders = [], []
    for tile in equations.system.tiles:
        border = np.asarray(tile.border)
        met = np.flatnonzero(np.any(border != 0, axis=(1, 2)))
        columns.append(np.asarray(tile.columns)[met].astype(np.int32))
        borders.append(border[met])
    counts = np.array([c.size for c in columns], dtype=np.int32)
    return np.concatenate(columns), borders, counts


def _as_small_as_exact(
    borders: list[np.ndarray], columns: np.ndarray, root: np.ndarray
) -> np.ndarray:
    """Join the borders, in 32 bits where rounding does not show in a draw."""
    width = np.sqrt(np.sum(root**2, axis=1))
    unit = np.finfo(np.float32).eps / 2.0
    start, largest = 0, 0.0
    for border in borders:
        sigma = width[columns[start : start + border.shape[0]]]
        error = np.einsum("k,kan->an", sigma**2, border**2)
        worst = float(np.max(error, initial=0.0))
        largest = max(largest, unit * worst**0.5)
        start += border.shape[0]
    dtype = np.float32 if largest < ROUNDING else np.float64
    out = np.empty((columns.size, *borders[0].shape[1:]), dtype=dtype)
    return np.concatenate(borders, out=out, casting="same_kind")
