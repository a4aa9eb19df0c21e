"""The solution of many plates: directly, then by conjugate gradients as a check.

The factor of the compressed equations is nearly the inverse: its answer is off by a few
per cent of σ at most, and as a preconditioner it brings conjugate gradients on what
plates said, not compressed, to the end in few steps. Then all derivatives are formed
anew at the solution; what is still to be gone there is the check.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.linalg import LowRankFactor, cholesky_blocks, conjugate_gradients

from .joint import Joint
from .merging import EPSILON, merged_factor

TOLERANCE = 1e-3
"""Largest step at the end, in units of each parameter's own σ, calibration held."""
ROUNDS = 5
"""How often derivatives are formed anew, at most."""


@dataclass(frozen=True)
class Motions:
    """Parameters of all stars with their covariance.

    Attributes
    ----------
    equations
        At the solution.
    factor
        The covariance in factors, calibrations' share included.
    steps
        What was still to be gone before each iteration of conjugate gradients, and
        after the last one, from each linearisation [σ].
    """

    equations: Joint
    factor: LowRankFactor
    steps: tuple[tuple[float, ...], ...]

    @property
    def iterations(self) -> int:
        """Return the number of iterations of conjugate gradients."""
        return sum(len(steps) - 1 for steps in self.steps)

    @property
    def left(self) -> float:
        """Return what is still to be gone, with derivatives at the solution [σ]."""
        return self.steps[-1][-1]

    @property
    def converged(self) -> bool:
        """Return whether that is next to nothing."""
        return self.left < TOLERANCE


def solve_jointly(
    equations: Joint,
    *,
    epsilon: float = EPSILON,
    tolerance: float = TOLERANCE,
    factor: LowRankFactor | None = None,
) -> Motions:
    """Solve the normal equations of many plates.

    Parameters
    ----------
    equations
        At the starting parameters.
    epsilon
        Share of information below which modes are left out of the covariance.
    tolerance
        Where to stop [σ].
    factor
        Of these equations, or nearly, if at hand.

    Raises
    ------
    DegeneracyError
        A star has a block that is singular, or more is taken than there is.
    """
    if factor is None:
        root = cholesky_blocks(equations.blocks)
        factor = merged_factor(equations, root, epsilon)
    steps = []
    for _ in range(ROUNDS):
        found = conjugate_gradients(
            equations.apply,
            _without_null(factor, equations.right()),
            factor.solve,
            root=factor.root,
            tolerance=tolerance,
        )
        steps.append(tuple(float(s) for s in found.history))
        if len(found.history) == 1:
            break
        equations = equations.moved(found.x)
    return Motions(equations, factor, tuple(steps))


def _without_null(
    factor: LowRankFactor, right: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, "n k"]:
    """Return a right-hand side without what null directions make of rounding."""
    if not factor.null.size:
        return right
    white = np.einsum("nij,nir->njr", factor.root, factor.null)
    amount = np.einsum("nir,ni->r", factor.null, right)
    return right - np.einsum("nij,njr,r->ni", factor.root, white, amount)


__all__ = ["TOLERANCE", "Motions", "solve_jointly"]
