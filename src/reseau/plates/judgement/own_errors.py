"""Residuals and prior shifts in units of their own errors, not of the data's.

What a fit leaves of a measurement has the variance 1 − h of the measurement's, h its
leverage: next to nothing where a source or an exposure was measured so rarely that the
fit can follow. Judged by the stated error, a gross error hides there. In units of its
own σ (Baarda's w) it shows. The same holds of a prior with covariance P, of which the
data make C: the shift has the covariance P − C.

References
----------
Baarda 1968, A testing procedure for use in geodetic networks, Netherlands Geodetic
Commission 2/5.
"""

import numpy as np
from jaxtyping import Float
from scipy import special

from reseau._words import counted
from reseau.plates.naming import name_of
from reseau.plates.preparation import Prepared
from reseau.solvers import Solution

from .verdict import RARE

CHECKED = 0.01
"""Variance of a residual, over the measurement's, below which it checks nothing."""

NAMED = 3
"""Exposures that are named."""


def measurement_pulls(solution: Solution) -> Float[np.ndarray, "m 2"]:
    """Return residuals, whitened, in units of their own σ; NaN where they say nothing.

    Parameters
    ----------
    solution
        Of one plate. Where its method gives no leverages, σ is the measurement's.
    """
    pull = np.asarray(solution.residuals.pull)
    covariance = solution.residual_covariance()
    if covariance is None:
        return pull
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    checked = variance > CHECKED
    return np.where(checked, pull / np.sqrt(np.where(checked, variance, 1.0)), np.nan)


def prior_pulls(solution: Solution) -> Float[np.ndarray, "n_src"]:
    """Return shifts of sources from their priors in units of their own σ.

    √(dᵀ(P − C)⁻¹d); directions in which the prior is all that is known do not count.
    NaN where there is no prior, or nothing else.

    Parameters
    ----------
    solution
        Of one plate.
    """
    stated = np.asarray(solution.prior_pull)
    if solution.reliability is not None:
        return stated
    measured = np.any(np.asarray(solution.source_covariance) != 0, axis=(1, 2))
    rows = np.flatnonzero(np.isfinite(stated) & measured)
    information = np.asarray(solution.problem.prior.information)[rows]
    values, vectors = np.linalg.eigh(information)
    root = np.sqrt(np.maximum(values, 0.0))[:, :, None] * vectors.transpose(0, 2, 1)
    offset = np.asarray(solution.parameters.offset)[rows]
    shift = np.einsum("nij,nj->ni", root, offset)
    covariance = np.asarray(solution.source_covariance)[rows]
    if not np.all(np.isfinite(covariance)):
        return stated
    left = np.eye(2) - root @ covariance @ root.transpose(0, 2, 1)
    values, vectors = np.linalg.eigh(left)
    checked = values > CHECKED
    along = np.einsum("nij,ni->nj", vectors, shift)
    square = np.where(checked, along**2 / np.where(checked, values, 1.0), 0.0)
    found = np.full(stated.shape, np.nan)
    found[rows] = np.where(checked.any(axis=1), np.sqrt(square.sum(axis=1)), np.nan)
    return found


def exposure_sentences(prepared: Prepared, solution: Solution) -> list[str]:
    """Say which exposures do not fit, if any.

    Of an exposure with few measurements that the fit could follow no single residual
    stands out; their sum of squares does.

    Parameters
    ----------
    prepared, solution
        The plate as solved.
    """
    covariance = solution.residual_covariance()
    if covariance is None or not solution.converged or solution.reliability is not None:
        return []
    exposure = np.asarray(prepared.problem.measurements.exposure)
    n = len(prepared.exposure_id)
    pull = np.asarray(solution.residuals.pull)
    # As large as the errors are everywhere: that has been said.
    unit = max(solution.sigma0, 1.0) if np.isfinite(solution.sigma0) else 1.0
    chi2 = np.bincount(exposure, np.sum((pull / unit) ** 2, axis=1), minlength=n)
    dof = np.bincount(exposure, np.einsum("mii->m", covariance), minlength=n)
    known = dof > CHECKED
    chance = np.ones(n)
    chance[known] = special.chdtrc(dof[known], chi2[known])
    judged = int(np.count_nonzero(known))
    limit = -np.expm1(np.log(RARE) / max(judged, 1))
    worst = [row for row in np.argsort(chance) if chance[row] < limit]
    if judged < 2 or not worst:
        return []
    told = ", ".join(
        f"{name_of(prepared.names, 'exposure', prepared.exposure_id[row])} (chi² "
        f"{chi2[row]:.3g}, {dof[row]:.3g} expected)"
        for row in worst[:NAMED]
    )
    more = len(worst) - NAMED
    many = len(worst) > 1
    return [
        f"{counted(len(worst), 'exposures')} of {judged:,} "
        f"{'do' if many else 'does'} not fit, by more than chance gives in one fit of "
        f"a hundred: {told}{f' and {more:,} more' if more > 0 else ''}. Look at the "
        "references there: what was measured only there follows them."
    ]


__all__ = ["exposure_sentences", "measurement_pulls", "prior_pulls"]
