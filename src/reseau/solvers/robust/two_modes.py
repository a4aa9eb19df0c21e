"""A reference that may be right or wrong: its position is one of two, or both.

With the cavity N(c, V) of a source, what all else says of it, and the prior
(1-f) N(0, C) + f N(0, k²C), the posterior of its position is a mixture, too: for each
part of the prior, k = 1 or the broad width ::

    mean    mₖ = k²C (k²C + V)⁻¹ c
    covar.  Sₖ = k²C − k²C (k²C + V)⁻¹ k²C
    weight  pₖ ∝ fₖ N(c; 0, k²C + V)

V holds the share of the calibration, so both modes have it. The maximum of that
density is one of the modes, and its curvature says nothing of the other. Its mean is
the estimate with the smallest expected square of the error, and its covariance is that
square ::

    m = Σ pₖ mₖ        S = Σ pₖ (Sₖ + (mₖ − m)(mₖ − m)ᵀ)

References
----------
Bishop 2006, Pattern Recognition and Machine Learning, 10.7 (moments of a factor over
its cavity).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from reseau.model.likelihood import Mixture

from .references import Cavity

APART = 2.0
"""Distance of two modes, in units of their own errors, from which they are two peaks:
two equal Normals closer than 2σ have one."""

UNLIKELY = 0.02
"""A mode that is less likely is left out of account when modes are called apart."""


class TwoModes(NamedTuple):
    """The posterior of each source as a mixture; NaN where there is no cavity.

    Attributes
    ----------
    mean
        Of the mixture, from the prior's mean [rad].
    covariance
        Of the mixture about it [rad²].
    wrong_probability
        Weight of the mode of a wrong reference.
    distance
        Of the modes, in units of their own errors: √(dᵀ S⁻¹ d), S the mean of their
        covariances.
    """

    mean: Float[np.ndarray, "n 2"]
    covariance: Float[np.ndarray, "n 2 2"]
    wrong_probability: Float[np.ndarray, "n"]
    distance: Float[np.ndarray, "n"]

    @property
    def apart(self) -> Bool[np.ndarray, "n"]:
        """Return where both modes are likely and far from each other."""
        p = np.nan_to_num(self.wrong_probability)
        both = (p > UNLIKELY) & (p < 1.0 - UNLIKELY)
        return both & (np.nan_to_num(self.distance) > APART)


def two_modes(
    cavity: Cavity, information: Float[np.ndarray, "n 2 2"], prior: Mixture
) -> TwoModes:
    """Return the posterior of the sources' positions with both modes.

    Parameters
    ----------
    cavity
        As `references.find_cavity` returns it.
    information
        The priors' stated inverse covariances [rad⁻²].
    prior
        Fraction and width of the broad part.
    """
    n = cavity.offset.shape[0]
    rows = np.flatnonzero(cavity.known)
    stated = np.linalg.inv(information[rows])
    offset, own = cavity.offset[rows], cavity.covariance[rows]
    fraction, width = float(prior.fraction), float(prior.width)
    means, covariances, logs = [], [], []
    for share, factor in ((1.0 - fraction, 1.0), (fraction, width**2)):
        part = factor * stated
        total = part + own
        gain = np.linalg.solve(total, part).transpose(0, 2, 1)
        means.append(np.einsum("nij,nj->ni", gain, offset))
        # Of the two equal forms the one that is symmetric and positive in rounding.
        left = np.eye(2) - gain
        covariances.append(
            left @ part @ left.transpose(0, 2, 1) + gain @ own @ gain.transpose(0, 2, 1)
        )
        solved = np.linalg.solve(total, offset[:, :, None])[:, :, 0]
        square = np.sum(offset * solved, axis=1)
        logs.append(np.log(share) - 0.5 * (square + np.log(np.linalg.det(total))))
    p = np.asarray(special.expit(logs[1] - logs[0]))
    apart = means[1] - means[0]
    mean = means[0] + p[:, None] * apart
    weight = p[:, None, None]
    covariance = (1.0 - weight) * covariances[0] + weight * covariances[1]
    covariance += weight * (1.0 - weight) * apart[:, :, None] * apart[:, None]
    middle = 0.5 * (covariances[0] + covariances[1])
    solved = np.linalg.solve(middle, apart[:, :, None])[:, :, 0]
    distance = np.sqrt(np.sum(apart * solved, axis=1))
    return TwoModes(
        _spread(rows, mean, n),
        _spread(rows, covariance, n),
        _spread(rows, p, n),
        _spread(rows, distance, n),
    )


def expected_weight(
    wrong: Float[np.ndarray, "n"], prior: Mixture
) -> Float[np.ndarray, "n"]:
    """Return by how much stated errors count, of probabilities to be wrong."""
    return (1.0 - wrong) + wrong / float(prior.width) ** 2


def _spread(rows: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Return values in their rows of n, NaN in the others."""
    out = np.full((n, *values.shape[1:]), np.nan)
    out[rows] = values
    return out


__all__ = ["APART", "TwoModes", "expected_weight", "two_modes"]
