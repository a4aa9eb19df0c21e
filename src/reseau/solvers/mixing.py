"""Steps that repeat each other slowly are mixed, so that a slow descent ends soon.

Gauss and Newton leave out the bend of the model times its residuals. Where priors pull
hard along a mode that data do not know, as those of all focal lengths do when the
nominal one is off, what is left out is as large as what is kept: each step then goes
too far or not far enough by the same factor, and tens of them follow each other. Their
changes from step to step say by which factor (Anderson 1965, J. ACM 12, 547; Walker &
Ni 2011, SIAM Journal on Numerical Analysis 49, 1715, eqs. 1.1 and 2.1).
"""

import numpy as np
from jaxtyping import Float

from reseau.equations.equations import Equations

MEMORY = 3
"""Changes from step to step that are remembered."""

SLOW = 0.3
"""Steps that shrink by less than this, from one to the next, are mixed."""

FARTHEST = 20.0
"""Length of a mixed step at most, in that of the step itself."""

RIDGE = 1e-12
"""Of the least squares for the weights, relative to the squares of the changes."""


class Mixing:
    """Steps so far, of the shared parameters."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._changes: list[tuple[np.ndarray, np.ndarray]] = []

    def forget(self) -> None:
        """Begin anew: what came before says nothing of what comes."""
        self._last = None
        self._changes = []

    def mixed(
        self, equations: Equations, step: Float[np.ndarray, "p"]
    ) -> Float[np.ndarray, "p"]:
        """Return the step to take, where Gauss and Newton propose `step`.

        Parameters
        ----------
        equations
            At the point where it begins; their matrix measures lengths.
        step
            Of the shared parameters.
        """
        if self._last is None:
            return step
        proposed, taken = self._last
        self._changes.append((step - proposed, taken))
        del self._changes[:-MEMORY]
        length, before = _length(equations, step), _length(equations, proposed)
        if not np.isfinite(length) or length < SLOW * before:
            return step
        differences = np.stack([change for change, _ in self._changes], axis=1)
        moves = np.stack([move for _, move in self._changes], axis=1)
        weighed = equations.matrix @ differences
        square = differences.T @ weighed
        square[np.diag_indices_from(square)] *= 1.0 + RIDGE
        weights, *_ = np.linalg.lstsq(square, weighed.T @ step, rcond=None)
        found = step - (differences + moves) @ weights
        far = _length(equations, found)
        return found if np.isfinite(far) and far <= FARTHEST * length else step

    def took(
        self, proposed: Float[np.ndarray, "p"], taken: Float[np.ndarray, "p"]
    ) -> None:
        """Remember a step.

        Parameters
        ----------
        proposed
            By Gauss and Newton.
        taken
            That was taken in the end.
        """
        self._last = proposed, taken


def _length(equations: Equations, step: np.ndarray) -> float:
    return float(np.sqrt(max(step @ equations.matrix @ step, 0.0)))


__all__ = ["Mixing"]
