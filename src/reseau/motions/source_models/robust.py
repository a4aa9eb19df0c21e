"""Robust weights of AGIS: what disagrees by more than 2σ counts less and less."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry

from .linear_fit import LinearFit, fit_linear
from .noise_floor import NoiseFloor, fit_noise_floor, outliers
from .whitening import whitening

SETTLED = 1e-9
"""Change of a weight that ends the iteration."""

MOST = 200
"""Rounds, after which weights are taken as they are."""


def agis_weight(z: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Return the weight of a residual.

    Parameters
    ----------
    z
        Residuals in units of their errors, of either sign.

    References
    ----------
    Lindegren et al. 2012, A&A 538, A78, eq. 62-64.
    """
    z = np.abs(z)
    beyond = np.clip(z - 2.0, 0.0, 1.0)
    bent = 1.0 - 1.77373519609519 * beyond**2 + 1.14161463726663 * beyond**3
    return np.where(z <= 3.0, bent, np.exp(-z / 3.0))


def fit_robustly(
    astrometry: EpochAstrometry,
    columns: Float[np.ndarray, "n p"],
    names: tuple[str, ...],
    *,
    with_floor: bool = False,
    prior: Float[np.ndarray, "p"] | None = None,
) -> tuple[LinearFit, Float[np.ndarray, "n"], NoiseFloor | None]:
    """Fit linear models with weights that follow the residuals.

    Parameters
    ----------
    astrometry, columns, names, prior
        As `fit_linear` takes them.
    with_floor
        Whether an additional error of all rows of a source is fitted, too.

    Returns
    -------
    The fit, in which outliers are no degrees of freedom, the weight of each row, and
    the additional error if it was fitted.

    Notes
    -----
    The weights fall again for large residuals, so that where the iteration begins
    matters. Here it begins with residuals measured by their own median: a single
    outlier that spoils the first fit neither hides itself nor makes good rows suspect.
    """
    weight = np.ones(len(astrometry.value))
    error = _error(astrometry, 0.0)
    fit = fit_linear(astrometry, columns, names, whitening(astrometry), prior=prior)
    noise: NoiseFloor | None = None
    for turn in range(MOST):
        z = np.abs(fit.residual) / error
        if turn < 3:
            z = z / np.maximum(_typical(astrometry, z), 1.0)[astrometry.source]
        found = np.where(astrometry.is_used, agis_weight(z), 1.0)
        settled = np.max(np.abs(found - weight)) < SETTLED
        weight = found
        if with_floor:
            noise = fit_noise_floor(
                astrometry, columns, names, weight=weight, prior=prior
            )
            fit = noise.fit
            error = _error(astrometry, noise.floor)
        else:
            white = whitening(astrometry, weight=weight)
            fit = fit_linear(astrometry, columns, names, white, prior=prior)
        if settled and turn > 3:
            break
    lost = outliers(astrometry, weight)
    return replace(fit, degrees=fit.degrees - lost), weight, noise


def _error(
    astrometry: EpochAstrometry, floor: Float[np.ndarray, "s"] | float
) -> Float[np.ndarray, "n"]:
    extra = np.broadcast_to(floor, len(astrometry.first))[astrometry.source]
    return np.hypot(astrometry.error, extra)


def _typical(
    astrometry: EpochAstrometry, z: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "s"]:
    """Return 1.4826 × the median of the used rows of each source."""
    source = astrometry.source[astrometry.is_used]
    size = np.nan_to_num(z[astrometry.is_used])
    order = np.lexsort((size, source))
    counts = np.maximum(astrometry.n_used, 1)
    begin = np.concatenate([[0], np.cumsum(astrometry.n_used)[:-1]])
    middle = np.minimum(begin + counts // 2, max(len(order) - 1, 0))
    return 1.4826 * size[order][middle] if len(order) else np.ones(len(counts))


__all__ = ["agis_weight", "fit_robustly"]
