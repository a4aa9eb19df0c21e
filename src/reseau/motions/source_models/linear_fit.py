"""Weighted least squares of linear models, for all sources at once.

Normal equations in scaled columns, refined once by the residuals, which gives back the
digits that forming them loses. Their solution is the same as by
orthogonal transformation to a few units of rounding as long as the condition of the
scaled columns stays below 1e6; beyond that a source counts as undetermined.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.motions.epoch_astrometry import EpochAstrometry

from .goodness import goodness_of_fit
from .whitening import Whitening

CONDITION = 1e6
"""Of scaled columns: worse is undetermined."""


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Parameters of one linear model for many sources.

    Attributes
    ----------
    names
        Of the parameters.
    value
        Solutions; NaN: not determined.
    covariance
        Of them.
    chi2
        Sum of squares of whitened residuals, with the priors' part.
    degrees
        Of freedom.
    residual
        Of the rows, not whitened [mas].
    determined
        Whether the rows determine all parameters, with a degree of freedom left or not.
    log_determinant
        ln det of the covariance of rows.
    """

    names: tuple[str, ...]
    value: Float[np.ndarray, "s p"]
    covariance: Float[np.ndarray, "s p p"]
    chi2: Float[np.ndarray, "s"]
    degrees: Int[np.ndarray, "s"]
    residual: Float[np.ndarray, "n"]
    determined: Bool[np.ndarray, "s"]
    log_determinant: Float[np.ndarray, "s"]

    @property
    def error(self) -> Float[np.ndarray, "s p"]:
        """Return 1σ of the parameters."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))

    @property
    def goodness(self) -> Float[np.ndarray, "s"]:
        """Return F2."""
        return goodness_of_fit(self.chi2, self.degrees)

    def significance(self, names: tuple[str, ...]) -> Float[np.ndarray, "s"]:
        """Return the length of some parameters in units of their joint error.

        Parameters
        ----------
        names
            Of the parameters; for two of them and none in truth, a length beyond s
            has the chance exp(-s²/2).
        """
        at = [self.names.index(name) for name in names]
        part = self.value[:, at]
        matrix = np.where(
            self.determined[:, None, None],
            self.covariance[:, at][:, :, at],
            np.eye(len(at)),
        )
        solved = np.linalg.solve(matrix, part[..., None])[..., 0]
        return np.sqrt(np.sum(part * solved, axis=-1))


def fit_linear(
    astrometry: EpochAstrometry,
    columns: Float[np.ndarray, "n p"],
    names: tuple[str, ...],
    white: Whitening,
    *,
    prior: Float[np.ndarray, "p"] | None = None,
) -> LinearFit:
    """Fit one linear model to each source.

    Parameters
    ----------
    astrometry
        Rows.
    columns
        Derivatives of the rows by the parameters.
    names
        Of the parameters.
    white
        Of the rows' errors.
    prior
        1σ about zero of each parameter; infinite, or None: no prior.

    Notes
    -----
    A column that is zero for a source (parallax without factors) has the value zero and
    the error zero: it is left out.
    """
    design, target = white.apply(columns), white.apply(astrometry.value)
    weight = np.zeros(len(names)) if prior is None else prior**-2.0
    squares = _normal(astrometry, design) + np.diag(weight)
    diagonal = np.diagonal(squares, axis1=1, axis2=2)
    absent = diagonal == 0.0
    scale = 1.0 / np.sqrt(np.where(absent, 1.0, diagonal))
    normal = squares * scale[:, :, None] * scale[:, None, :]
    normal += np.einsum("sp,pq->spq", absent.astype(float), np.eye(len(names)))
    degrees = astrometry.n_used - np.sum(~absent, axis=1) + np.count_nonzero(weight)
    smallest = np.linalg.eigvalsh(normal)[:, 0]
    determined = (smallest > CONDITION**-2) & (degrees >= 0)
    safe = np.where(determined[:, None, None], normal, np.eye(len(names)))
    inverse = np.linalg.inv(safe) * scale[:, :, None] * scale[:, None, :]
    source = astrometry.source
    value = np.zeros((len(astrometry.first), len(names)))
    for _ in range(2):
        rest = target - np.einsum("np,np->n", design, value[source])
        right = astrometry.total(design * rest[:, None]) - weight * value
        value = value + np.einsum("spq,sq->sp", inverse, right)
    left = target - np.einsum("np,np->n", design, value[source])
    chi2 = astrometry.total(left**2) + (weight * value**2).sum(axis=1)
    inverse = inverse * ~(absent[:, :, None] | absent[:, None, :])
    unknown = np.where(determined, 1.0, np.nan)
    return LinearFit(
        names=names,
        value=value * unknown[:, None],
        covariance=inverse * unknown[:, None, None],
        chi2=chi2 * unknown,
        degrees=degrees,
        residual=astrometry.value - np.einsum("np,np->n", columns, value[source]),
        determined=determined,
        log_determinant=white.log_determinant(),
    )


def _normal(
    astrometry: EpochAstrometry, design: Float[np.ndarray, "n p"]
) -> Float[np.ndarray, "s p p"]:
    """Return the normal matrices, a column at a time: all products would not fit."""
    rows = [
        astrometry.total(design * design[:, i : i + 1]) for i in range(design.shape[1])
    ]
    return np.stack(rows, axis=1)


__all__ = ["LinearFit", "fit_linear"]
