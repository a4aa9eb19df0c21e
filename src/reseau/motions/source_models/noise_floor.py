"""An additional error of all rows of a source, found from its residuals."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from reseau.motions.epoch_astrometry import EpochAstrometry

from .linear_fit import LinearFit, fit_linear
from .whitening import whitening

OUTLIER = 0.2
"""Rows of a smaller robust weight are outliers, as in AGIS."""

STEPS = 60
CLOSE = 1e-10
"""Of χ²/ν to one."""


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """The error that was added, and how sure it is.

    Attributes
    ----------
    floor
        Added in quadrature to the error of each row [mas]; zero where χ² is no larger
        than the degrees of freedom.
    significance
        Root of twice the gain in restricted likelihood over none: about how many σ.
    fit
        The fit with it.
    """

    floor: Float[np.ndarray, "s"]
    significance: Float[np.ndarray, "s"]
    fit: LinearFit


def restricted_likelihood(fit: LinearFit) -> Float[np.ndarray, "s"]:
    """Return the logarithm of the likelihood that parameters are integrated out of.

    Parameters
    ----------
    fit
        With errors whose likelihood is asked. Constants that no error changes are left
        out.
    """
    present = fit.error > 0.0
    pairs = present[:, :, None] & present[:, None, :]
    matrix = np.where(pairs & fit.determined[:, None, None], fit.covariance, 0.0)
    matrix += np.eye(len(fit.names)) * ~(present & fit.determined[:, None])[:, :, None]
    logdet = np.linalg.slogdet(matrix)[1]
    return -0.5 * (fit.log_determinant + fit.chi2 - logdet)


def fit_noise_floor(
    astrometry: EpochAstrometry,
    columns: Float[np.ndarray, "n p"],
    names: tuple[str, ...],
    *,
    weight: Float[np.ndarray, "n"] | None = None,
    prior: Float[np.ndarray, "p"] | None = None,
) -> NoiseFloor:
    """Find the additional error with which χ² equals the degrees of freedom.

    Parameters
    ----------
    astrometry, columns, names, prior
        As `fit_linear` takes them.
    weight
        Robust weights; rows of less than `OUTLIER` count as no degree of freedom, as in
        AGIS.

    Notes
    -----
    Gaia's excess source noise (Lindegren et al. 2012): the root ε² of
    χ²(ε²) = ν. 1/χ² is nearly linear in ε², where Newton's method needs few steps; it
    is kept between bounds, so that it always ends.
    """

    def fitted(square: Float[np.ndarray, "s"]) -> tuple[LinearFit, np.ndarray]:
        white = whitening(astrometry, floor=np.sqrt(square), weight=weight)
        fit = fit_linear(astrometry, columns, names, white, prior=prior)
        left = np.nan_to_num(fit.residual)
        inner = white.inverse(left)
        return fit, astrometry.total(inner**2 * _softness(weight))

    square = np.zeros(len(astrometry.first))
    none, slope = fitted(square)
    wanted = np.maximum(none.degrees - outliers(astrometry, weight), 1e-3)
    low, high = square, np.full_like(square, np.inf)
    fit = none
    for _ in range(STEPS):
        ratio = np.nan_to_num(fit.chi2 / wanted, nan=1.0)
        done = (np.abs(ratio - 1.0) < CLOSE) | ((square == 0.0) & (ratio <= 1.0))
        if done.all():
            break
        low = np.where(ratio > 1.0, square, low)
        high = np.where(ratio < 1.0, square, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = square + (ratio - 1.0) * fit.chi2 / slope
        bounded = np.where(np.isfinite(high), 0.5 * (low + high), 4.0 * low + 1e-12)
        outside = ~((step > low) & (step < high))
        square = np.where(done, square, np.where(outside, bounded, step))
        fit, slope = fitted(square)
    gain = 2.0 * (restricted_likelihood(fit) - restricted_likelihood(none))
    return NoiseFloor(np.sqrt(square), np.sqrt(np.maximum(gain, 0.0)), fit)


def _softness(weight: Float[np.ndarray, "n"] | None) -> Float[np.ndarray, "n"] | float:
    # The variance of a row is divided by its weight, and so is what is added to it.
    return 1.0 if weight is None else 1.0 / np.where(weight > 0.0, weight, 1.0)


def outliers(
    astrometry: EpochAstrometry, weight: Float[np.ndarray, "n"] | None
) -> Int[np.ndarray, "s"]:
    """Return how many used rows of each source have a weight below `OUTLIER`."""
    if weight is None:
        return np.zeros(len(astrometry.first), np.int64)
    lost = astrometry.is_used & (weight < OUTLIER)
    return np.add.reduceat(lost.astype(np.int64), astrometry.first)


__all__ = [
    "OUTLIER",
    "NoiseFloor",
    "fit_noise_floor",
    "outliers",
    "restricted_likelihood",
]
