"""The reduced and factored equations at one point, and what is held in them."""

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse

from reseau.linalg import Factor, factorise
from reseau.model import Parameters, Problem, free_columns, prior_terms, prior_widths
from reseau.model.gauge import mean_scales, sky_rotations

from .assemble import System, assemble
from .objective import Objective
from .plan import Plan
from .ties import tie_columns


class Equations(NamedTuple):
    """The reduced and factored equations at one point.

    Attributes
    ----------
    system
        Normal equations with the sources eliminated.
    factor
        Factor of the corner in the free, tied parameters.
    matrix
        The corner before it was factored, priors included, (p, p).
    basis
        Shared parameters as combinations of the free ones, (p, q).
    root
        V, with V Vᵀ the covariance of the shared parameters.
    held
        Number of directions that are held.
    right
        Right-hand side of the corner, priors included, (p,).
    objective, chi2
        At this point.
    axes
        Camera axes at this point.
    offset
        Offsets of the sources at this point [rad].
    """

    system: System
    factor: Factor
    matrix: np.ndarray
    basis: scipy.sparse.csr_matrix
    root: np.ndarray
    held: int
    right: np.ndarray
    objective: float
    chi2: float
    axes: np.ndarray
    offset: np.ndarray

    def step(self) -> np.ndarray:
        """Return the Gauss-Newton step of the shared parameters."""
        return self.root @ (self.root.T @ self.right)

    def length(self, shared: np.ndarray) -> float:
        """Return the length of a step in all directions together [σ].

        No parameter moves by more than this, in units of its σ.
        """
        own = sum(float(np.sum(np.square(tile.gradient))) for tile in self.system.tiles)
        return float(np.sqrt(max(shared @ self.matrix @ shared, 0.0) + own))

    @property
    def regular(self) -> bool:
        """Return whether the corner could be factored as it is."""
        finite = bool(np.all(np.isfinite(self.root)))
        return finite and self.factor.null.shape[1] == 0

    def null(self) -> np.ndarray:
        """Return the null directions in the shared parameters."""
        return self.basis @ self.factor.null


def equations_at(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    damping: float,
    objective: Objective | None = None,
) -> Equations:
    """Return the factored normal equations at `parameters`.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    damping
        Levenberg-Marquardt factor.
    objective
        How measurements and priors enter; absent: least squares.
    """
    system = assemble(problem, tiles, parameters, damping, objective)
    prior = prior_terms(problem, parameters)
    corner = system.corner
    basis = tie_columns(
        problem, free_columns(problem.layout, problem.free, prior_widths(problem))
    )
    matrix = np.asarray(corner.matrix) + prior.information
    right = np.asarray(corner.right) + prior.gradient
    diagonal = np.asarray(corner.diagonal) + np.diag(prior.information)
    chi2, of_sources = (float(c) for c in np.asarray(corner.chi2))
    reduced = basis.T @ (matrix @ basis)
    scale = basis.power(2).T @ diagonal
    scale = np.where(scale > 0, scale, 1.0)
    reduced[np.diag_indices_from(reduced)] += damping * scale
    held = _held(problem, parameters, basis, scale)
    factor = _factorise(reduced, scale, held)
    return Equations(
        system=system,
        factor=factor,
        matrix=matrix,
        basis=basis,
        root=basis @ factor.root,
        held=held.shape[1],
        right=right,
        objective=chi2 + of_sources + prior.objective,
        chi2=chi2,
        axes=np.asarray(parameters.axes),
        offset=np.asarray(parameters.offset),
    )


def _held(
    problem: Problem,
    parameters: Parameters,
    basis: scipy.sparse.csr_matrix,
    scale: np.ndarray,
) -> np.ndarray:
    """Return what is held in a free network: an orthonormal basis, scaled, (q, r).

    Steps along rotations of the sky, of which nothing is known, and the means that fix
    the scale where the data do not. Scaled parameters are √scale times the free ones.
    """
    weight = np.sqrt(scale)[:, None]
    if not problem.free_network or "attitude" not in problem.free:
        return np.zeros((basis.shape[1], 0))
    turns = basis.T @ sky_rotations(np.asarray(parameters.axes), problem.layout)
    means = basis.T @ mean_scales(problem, np.asarray(parameters.axes))
    columns = np.concatenate([turns * weight, means / weight], axis=1)
    size = np.linalg.norm(columns, axis=0)
    columns = columns[:, size > 0] / size[size > 0]
    return scipy.linalg.orth(columns, rcond=1e-10)


def _factorise(matrix: np.ndarray, scale: np.ndarray, held: np.ndarray) -> Factor:
    """Factor the corner with some directions held: no step, no variance along them.

    Parameters
    ----------
    held
        Orthonormal directions in the scaled parameters, in columns.
    """
    if not np.all(np.isfinite(matrix)):
        size = matrix.shape[0]
        return Factor(np.full((size, size), np.nan), np.zeros((size, 0)), 0.0)
    if not held.shape[1]:
        return factorise(matrix, scale)
    weight = np.sqrt(scale)
    scaled = matrix / np.outer(weight, weight)
    crossed = held.T @ scaled
    scaled = scaled - held @ crossed - crossed.T @ held.T
    scaled = scaled + held @ (crossed @ held + np.eye(held.shape[1])) @ held.T
    factor = factorise(scaled * np.outer(weight, weight), scale)
    moved = factor.root * weight[:, None]
    root = (moved - held @ (held.T @ moved)) / weight[:, None]
    return Factor(root, factor.null, factor.smallest)


__all__ = ["Equations", "equations_at"]
