"""Rows in units of their errors, independent of one another.

The covariance of rows is ``S R S + ε²`` with S the stated errors, divided by the root
of robust weights, R the correlations within small sets of rows, and ε an additional
error of each row. Sets of one size are factored together.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry


@dataclass(frozen=True, eq=False)
class Whitening:
    """The inverse root of the covariance of all rows.

    Attributes
    ----------
    astrometry
        Whose rows.
    scale
        Inverse error of each row; zero where it is not used.
    roots
        Lower Cholesky factors of the correlations, one array for each of
        ``astrometry.correlated``.
    """

    astrometry: EpochAstrometry
    scale: Float[np.ndarray, "n"]
    roots: tuple[Float[np.ndarray, "m k k"], ...]

    def apply(self, rows: Float[np.ndarray, "n *r"]) -> Float[np.ndarray, "n *r"]:
        """Return rows of unit covariance; those that are not used become zero."""
        shape = (-1,) + (1,) * (rows.ndim - 1)
        found = rows * self.scale.reshape(shape)
        for each, root in zip(self.astrometry.correlated, self.roots, strict=True):
            flat = found[each.rows].reshape(*each.rows.shape, -1)
            solved = np.linalg.solve(root, flat)
            found[each.rows] = solved.reshape(*each.rows.shape, *rows.shape[1:])
        return found

    def inverse(self, rows: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return the inverse of the covariance times rows."""
        found = self.apply(rows)
        for each, root in zip(self.astrometry.correlated, self.roots, strict=True):
            flat = found[each.rows][..., None]
            found[each.rows] = np.linalg.solve(root.swapaxes(1, 2), flat)[..., 0]
        return found * self.scale

    def log_determinant(self) -> Float[np.ndarray, "s"]:
        """Return ln det of the covariance of the used rows of each source [mas²]."""
        used = self.scale > 0.0
        logarithm = np.zeros(len(self.scale))
        np.log(self.scale, out=logarithm, where=used)
        rows = -2.0 * logarithm
        for each, root in zip(self.astrometry.correlated, self.roots, strict=True):
            diagonal = np.diagonal(root, axis1=1, axis2=2)
            rows[each.rows] += 2.0 * np.log(diagonal)
        return self.astrometry.total(rows)


def whitening(
    astrometry: EpochAstrometry,
    *,
    floor: Float[np.ndarray, "s"] | float = 0.0,
    weight: Float[np.ndarray, "n"] | None = None,
) -> Whitening:
    """Return what makes the rows independent, with errors of one.

    Parameters
    ----------
    astrometry
        Whose errors and correlations.
    floor
        Additional error of each row, of each source [mas].
    weight
        Robust weights: each divides the variance of its row; None: ones.
    """
    extra = np.broadcast_to(floor, len(astrometry.first))[astrometry.source] ** 2
    weight = np.ones(len(astrometry.error)) if weight is None else weight
    is_used = astrometry.is_used & (weight > 0.0)
    variance = astrometry.error**2 + extra
    total = np.sqrt(variance / np.where(is_used, weight, 1.0))
    scale = np.where(is_used, 1.0 / total, 0.0)
    roots = []
    for each in astrometry.correlated:
        stated = astrometry.error[each.rows] / np.sqrt(variance[each.rows])
        matrix = each.correlation * stated[:, :, None] * stated[:, None, :]
        # Of a row that is not used the other one knows nothing.
        both = is_used[each.rows][:, :, None] & is_used[each.rows][:, None, :]
        matrix = np.where(both, matrix, 0.0)
        diagonal = np.arange(matrix.shape[1])
        matrix[:, diagonal, diagonal] = 1.0
        roots.append(np.linalg.cholesky(matrix))
    return Whitening(astrometry, scale, tuple(roots))


__all__ = ["Whitening", "whitening"]
