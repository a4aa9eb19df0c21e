"""Factor a symmetric matrix on scaled unknowns and say what is singular.

Rank is judged against rounding: a Schur complement S = H − Σ EᵀC⁻¹E carries
errors of the order of ε·diag(H), so its eigenvalues are taken after scaling by
diag(H), and one is null when it is not larger than what rounding makes.
"""

import equinox as eqx
import numpy as np
import scipy.linalg
from jaxtyping import Float

FloatArray = np.ndarray


SAFE = 30.0
"""A Cholesky factor is used where its smallest pivot is this far above rounding."""


class Factor(eqx.Module):
    """Root of the (pseudo-)inverse of a symmetric matrix.

    Attributes
    ----------
    root
        V with V Vᵀ the inverse, or the pseudo-inverse on the range.
    null
        Null directions in the original units, one a column, each with its largest
        entry of scaled size one; no columns where the matrix is regular.
    smallest
        Smallest eigenvalue (or squared pivot) of the scaled matrix that was kept.
    """

    root: Float[np.ndarray, "p q"]
    null: Float[np.ndarray, "p r"]
    smallest: float

    def solve(self, right: FloatArray) -> FloatArray:
        """Apply the (pseudo-)inverse to a vector or to columns."""
        return self.root @ (self.root.T @ right)

    def covariance(self) -> FloatArray:
        """Return the (pseudo-)inverse."""
        return self.root @ self.root.T


def rounding_threshold(size: int) -> float:
    """Return the scaled eigenvalue below which rounding cannot be told from data."""
    return 4.0 * np.finfo(np.float64).eps * max(size, 1)


def factorise(
    matrix: Float[np.ndarray, "p p"],
    scale: Float[np.ndarray, "p"],
) -> Factor:
    """Factor a positive (semi-)definite matrix.

    Parameters
    ----------
    matrix
        Symmetric matrix S.
    scale
        Positive numbers of the size of the diagonal before elimination, diag(H);
        unknowns are scaled by their inverse square roots.

    Returns
    -------
    A Cholesky factor where the matrix is regular; otherwise a factor from the
    eigenvalues that are above rounding, with the null directions.
    """
    size = matrix.shape[0]
    if size == 0:
        return Factor(np.zeros((0, 0)), np.zeros((0, 0)), np.inf)
    weight = 1.0 / np.sqrt(scale)
    scaled = matrix * weight[:, None] * weight[None, :]
    threshold = rounding_threshold(size)
    lower, info = scipy.linalg.lapack.dpotrf(scaled, lower=1, clean=1)
    if info == 0 and np.min(np.diag(lower)) ** 2 > SAFE * threshold:
        inverse, _ = scipy.linalg.lapack.dtrtri(lower, lower=1)
        pivot = float(np.min(np.diag(lower)) ** 2)
        return Factor(weight[:, None] * inverse.T, np.zeros((size, 0)), pivot)
    return _factor_by_eigenvalues(scaled, weight, threshold)


def _factor_by_eigenvalues(
    scaled: FloatArray, weight: FloatArray, threshold: float
) -> Factor:
    values, vectors = scipy.linalg.eigh(scaled)
    kept = values > threshold
    root = weight[:, None] * vectors[:, kept] / np.sqrt(values[kept])
    null = vectors[:, ~kept]
    peak = np.max(np.abs(null), axis=0, initial=0.0) if null.size else np.ones(0)
    null = weight[:, None] * null / np.where(peak > 0, peak, 1.0)
    smallest = float(values[kept].min()) if kept.any() else 0.0
    return Factor(root, null, smallest)
