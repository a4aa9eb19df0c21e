"""The solution of many plates: directly, then by conjugate gradients as a check.

The factor of the compressed equations is nearly the inverse: its answer is off by a few
per cent of σ at most, and as a preconditioner it brings conjugate gradients on what
plates said, not compressed, to the end in few steps. Then all derivatives are formed
anew at the solution; what is still to be gone there is the check.
"""

from dataclasses import dataclass
from functools import partial

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
    held = _Held(factor)
    steps = []
    for _ in range(ROUNDS):
        apply = partial(_applied, equations, held)
        found = conjugate_gradients(
            apply,
            held.forces(equations.right()),
            factor.solve,
            root=factor.root,
            tolerance=tolerance,
        )
        steps.append(tuple(float(s) for s in found.history))
        if len(found.history) == 1:
            break
        equations = equations.moved(found.x)
    return Motions(equations, factor, tuple(steps))


def _applied(
    equations: Joint, held: "_Held", step: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, "n k"]:
    return held.forces(equations.apply(held.steps(step)))


class _Held:
    """Directions that are held since nothing is known along them."""

    def __init__(self, factor: LowRankFactor) -> None:
        # Null directions are L⁻ᵀN with orthonormal N: L N are the forces along them.
        self.null = factor.null
        white = np.einsum("nji,njr->nir", factor.root, factor.null)
        self.along = np.einsum("nij,njr->nir", factor.root, white)

    def steps(self, step: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        """Return a step without what goes along the directions."""
        if not self.null.size:
            return step
        amount = np.einsum("nir,ni->r", self.along, step)
        return step - self.null @ amount

    def forces(self, right: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        """Return a right-hand side without what draws along the directions."""
        if not self.null.size:
            return right
        amount = np.einsum("nir,ni->r", self.null, right)
        return right - self.along @ amount


__all__ = ["TOLERANCE", "Motions", "solve_jointly"]
