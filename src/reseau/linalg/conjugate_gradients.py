"""Conjugate gradients with a preconditioner that is nearly the inverse.

The step that the preconditioner proposes, z = P⁻¹ (b − M x), is how far x still is from
the solution, as far as P⁻¹ is M⁻¹: so its size in σ says when to stop.

References
----------
Hestenes & Stiefel 1952; Golub & Van Loan, Matrix Computations, section 11.5.2.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau.errors import DegeneracyError, explain

Operator = Callable[[np.ndarray], np.ndarray]


class Conjugated(NamedTuple):
    """Where conjugate gradients ended.

    Attributes
    ----------
    x
        The solution.
    history
        How far it was, in σ, before the first step and after each one.
    """

    x: Float[np.ndarray, "n b"]
    history: Float[np.ndarray, "iterations"]


def conjugate_gradients(
    apply: Operator,
    right: Float[np.ndarray, "n b"],
    precondition: Operator,
    *,
    root: Float[np.ndarray, "n b b"] | None = None,
    start: Float[np.ndarray, "n b"] | None = None,
    tolerance: float = 1e-3,
    max_iterations: int = 100,
) -> Conjugated:
    """Solve M x = right for positive semi-definite M.

    Parameters
    ----------
    apply
        Returns M x.
    precondition
        Returns nearly M⁻¹ x; symmetric and positive.
    root
        L, lower factors of the blocks of M. The size of a step z is then the largest
        entry of Lᵀ z: in units of what each unknown's error would be with nothing
        shared, which is not larger than its error. Without it the size is
        √(zᵀ (b − M x)), which no combination of unknowns is off by, in units of its
        own σ, but which grows with the square root of their number.
    start
        x to begin with; zero if not given.
    tolerance
        Stop where the step still to be made is smaller [σ].
    max_iterations
        Stop there at the latest: `history` then ends above the tolerance.

    Raises
    ------
    DegeneracyError
        Where M or the preconditioner is met that is not positive.
    """
    x = np.zeros(right.shape) if start is None else start.astype(np.float64)
    rest = right - apply(x) if x.any() else right.astype(np.float64)
    step = precondition(rest)
    energy = float(np.vdot(rest, step))
    history = [_size(step, energy, root)]
    direction = step
    while history[-1] >= tolerance and len(history) <= max_iterations:
        image = apply(direction)
        length = energy / _positive(float(np.vdot(direction, image)), "M")
        x += length * direction
        rest -= length * image
        step = precondition(rest)
        before, energy = energy, float(np.vdot(rest, step))
        history.append(_size(step, energy, root))
        direction = (
            step + (energy / _positive(before, "the preconditioner")) * direction
        )
    return Conjugated(x, np.array(history))


def _size(step: np.ndarray, energy: float, root: np.ndarray | None) -> float:
    if root is None:
        return float(np.sqrt(max(energy, 0.0)))
    return float(np.max(np.abs(np.einsum("nij,ni->nj", root, step)), initial=0.0))


def _positive(curvature: float, of: str) -> float:
    if curvature > 0.0:
        return curvature
    raise DegeneracyError(
        explain(
            given=f"xᵀ A x = {curvature:.3g} of {of}",
            wanted="a positive number",
            where="a step of conjugate gradients",
            todo="add a prior where the data leave unknowns open",
        )
    )
