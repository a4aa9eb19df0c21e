"""Rows of one source from which a linear model was taken: what more columns would gain.

Variable projection (Golub and Pereyra 1973): of a model that is linear but for a few
parameters, the linear ones are solved for wherever the others are tried. Many trials
are made at once.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FAINT = 1e-10
"""Relative singular value below which a column says nothing new."""


@dataclass(frozen=True, eq=False)
class Eliminated:
    """Whitened rows without what a linear model explains.

    Attributes
    ----------
    basis
        Orthonormal columns that span the linear model.
    rest
        The rows without it.
    """

    basis: Float[np.ndarray, "n r"]
    rest: Float[np.ndarray, "n"]

    @property
    def chi2(self) -> float:
        """Return the sum of squares that the linear model leaves."""
        return float(self.rest @ self.rest)

    def without(self, columns: Float[np.ndarray, "n *c"]) -> Float[np.ndarray, "n *c"]:
        """Return whitened columns without their part in the linear model."""
        flat = columns.reshape(len(columns), -1)
        return (flat - self.basis @ (self.basis.T @ flat)).reshape(columns.shape)

    def gain(self, columns: Float[np.ndarray, "n c k"]) -> Float[np.ndarray, "c"]:
        """Return by how much χ² falls with k more columns, for each of c trials.

        Parameters
        ----------
        columns
            Whitened.
        """
        new = np.moveaxis(self.without(columns), 0, -1)
        normal = new @ new.swapaxes(1, 2)
        right = new @ self.rest
        trace = np.trace(normal, axis1=1, axis2=2)
        ridge = 1e-12 * np.where(trace > 0.0, trace, 1.0)
        normal = normal + ridge[:, None, None] * np.eye(normal.shape[1])
        solved = np.linalg.solve(normal, right[..., None])[..., 0]
        return np.sum(solved * right, axis=1)

    def left(self, columns: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n"]:
        """Return what is left of the rows with k more columns."""
        found = spanned(self.without(columns))
        return self.rest - found @ (found.T @ self.rest)


def spanned(columns: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n r"]:
    """Return orthonormal columns of the same span."""
    size = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(size > 0.0, size, 1.0)
    left, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    return left[:, singular > FAINT * max(singular.max(initial=0.0), 1e-300)]


def eliminate_linear(
    columns: Float[np.ndarray, "n p"], target: Float[np.ndarray, "n"]
) -> Eliminated:
    """Take a linear model from whitened rows.

    Parameters
    ----------
    columns, target
        Of the model and the rows, whitened.
    """
    basis = spanned(columns)
    return Eliminated(basis, target - basis @ (basis.T @ target))


__all__ = ["Eliminated", "eliminate_linear", "spanned"]
