"""Whether a reference's parameters are wrong, judged by all that does not rest on them.

As for the positions of one plate (`reseau.solvers.robust.references`), here for all
parameters: the *cavity* of a star is its posterior with its own prior taken out, what
plates and all other stars say of it. In the Gaussian posterior that is exact.

Let the prior's information be P = R Rᵀ, so that of y = Rᵀθ it has errors of 1, and C be
the covariance of the solution. Along the axes of RᵀCR, of eigenvalues w, the cavity has
the variances v = w / (1 − w), and with y from the prior's mean it is off by
z = y / (1 − w); where the prior is not in the solution v = w and z = y. The square of
the difference of cavity and prior over its covariance, d² = Σ z²/(1 + v), is χ² if the
prior is right, with a degree of freedom for each axis that the cavity knows.

References
----------
Opper & Winther 2000, Neural Computation 12, 2655 (cavity); Baarda 1968, A testing
procedure for use in geodetic networks (reliability).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import special, stats

from reseau.linalg import cholesky_blocks
from reseau.model.likelihood import WRONG_FRACTION, WRONG_WIDTH

FALSE_ALARM = 0.0008
"""p-value below which a reference is flagged, as on one plate."""

RIGHT_AGAIN = 3.0 * FALSE_ALARM
"""p-value from which one that was flagged counts again: one at the border must not come
and go by the last digits."""

NARROWEST = 3.0
"""The broad component stays this much broader than the stated errors."""

UNKNOWN = 0.01
"""An axis of which the cavity has less than this part of the catalogue's information,
an error more than ten times larger, tells nothing of the catalogue."""

NONE = 1e-13
"""Part of the stated variance that no solution reaches: the catalogue states none."""


class Cavity(NamedTuple):
    """What is known of stars without their own priors, where those have unit errors.

    Attributes
    ----------
    offset
        z, from the prior's mean along the axes.
    variance
        v, of that.
    known
        Which axes count; none of a star without a prior from the catalogue.
    """

    offset: Float[np.ndarray, "n k"]
    variance: Float[np.ndarray, "n k"]
    known: Bool[np.ndarray, "n k"]


class ReferenceTest(NamedTuple):
    """Verdict on each reference; NaN where there is none, or no test of it.

    Attributes
    ----------
    statistic
        d², of the difference between prior and cavity.
    dof
        Its degrees of freedom; 0 where nothing tells.
    p_value
        Chance that a right prior differs as much.
    wrong_probability
        Posterior probability that the prior is of the broad component; the fitted
        fraction where nothing tells.
    fraction, width
        Of the broad component, fitted to all references: part of them, and σ in units
        of the stated one.
    """

    statistic: Float[np.ndarray, "n"]
    dof: Float[np.ndarray, "n"]
    p_value: Float[np.ndarray, "n"]
    wrong_probability: Float[np.ndarray, "n"]
    fraction: float
    width: float

    @property
    def wrong(self) -> Bool[np.ndarray, "n"]:
        """Return which references are flagged."""
        return np.nan_to_num(self.p_value, nan=1.0) < FALSE_ALARM


def find_cavity(
    covariance: Float[np.ndarray, "n k k"],
    offset: Float[np.ndarray, "n k"],
    prior: Float[np.ndarray, "n k k"],
    counts: Bool[np.ndarray, "n"],
) -> Cavity:
    """Return the cavities of references.

    Parameters
    ----------
    covariance
        Of the solution, calibration included.
    offset
        Of the solution from the catalogue's parameters.
    prior
        Inverse covariance that the catalogue states; along some axes it may be 0.
    counts
        Whether it is in the solution.
    """
    root = cholesky_blocks(prior, allow_singular=True)
    across = root.transpose(0, 2, 1)
    own = np.matmul(across, np.matmul(covariance, root))
    return cavity_in_units(own, np.einsum("nij,nj->ni", across, offset), counts)


def cavity_in_units(
    covariance: Float[np.ndarray, "n k k"],
    offset: Float[np.ndarray, "n k"],
    counts: Bool[np.ndarray, "n"],
) -> Cavity:
    """Return the cavities of references whose stated errors are 1 and independent.

    Parameters
    ----------
    covariance, offset, counts
        As of `find_cavity`, in these units.
    """
    values, axes = np.linalg.eigh(0.5 * (covariance + covariance.transpose(0, 2, 1)))
    stated = values > NONE
    left = np.where(counts[:, None], 1.0 - values, 1.0)
    known = stated & (left > UNKNOWN * np.where(stated, values, 1.0))
    left = np.where(known, left, 1.0)
    along = np.einsum("nji,nj->ni", axes, offset) / left
    return Cavity(
        np.where(known, along, 0.0), np.where(known, values / left, np.inf), known
    )


def squares(cavity: Cavity) -> Float[np.ndarray, "n"]:
    """Return d² of each reference."""
    return np.sum(
        np.where(cavity.known, cavity.offset**2 / (1.0 + cavity.variance), 0.0), axis=1
    )


def p_values(cavity: Cavity) -> Float[np.ndarray, "n"]:
    """Return the chance of each d², 1 where nothing tells."""
    dof = np.count_nonzero(cavity.known, axis=1)
    return np.where(dof > 0, stats.chi2.sf(squares(cavity), np.maximum(dof, 1)), 1.0)


def judge_references(cavity: Cavity, rows: np.ndarray, n: int) -> ReferenceTest:
    """Test references against their cavities.

    Parameters
    ----------
    cavity
        As `find_cavity` returns it.
    rows
        Of these references among all stars.
    n
        Number of all stars.
    """
    dof = np.count_nonzero(cavity.known, axis=1)
    told = dof > 0
    fraction, width = _fit(Cavity(*(part[told] for part in cavity)))
    out = np.full((4, n), np.nan)
    out[:, rows] = (
        np.where(told, squares(cavity), np.nan),
        dof,
        np.where(told, p_values(cavity), np.nan),
        _probability(cavity, fraction, width),
    )
    return ReferenceTest(out[0], out[1], out[2], out[3], fraction, width)


def _fit(cavity: Cavity) -> tuple[float, float]:
    """Return fraction and width by EM over states and true parameters of references.

    With one imagined wrong reference of the usual width among a hundred, so that a
    catalogue without any has an answer.
    """
    fraction, width = WRONG_FRACTION, WRONG_WIDTH
    n, k = cavity.offset.shape
    if n == 0:
        return fraction, width
    dof = np.count_nonzero(cavity.known, axis=1)
    for _ in range(100):
        wrong = _probability(cavity, fraction, width)
        gain = width**2 / (width**2 + cavity.variance)  # 0 where nothing is known
        square = (gain * cavity.offset) ** 2 + width**2 * (1.0 - gain)
        square = np.sum(np.where(cavity.known, square, 0.0), axis=1)
        new_width = np.sqrt(
            (np.sum(wrong * square) + k * WRONG_WIDTH**2) / (np.sum(wrong * dof) + k)
        )
        new = (
            (float(wrong.sum()) + 1.0) / (n + 1.0 / WRONG_FRACTION),
            max(float(new_width), NARROWEST),
        )
        change = np.log(new[0] / fraction), np.log(new[1] / width)
        fraction, width = new
        if max(abs(c) for c in change) < 1e-3:
            break
    return fraction, width


def _probability(
    cavity: Cavity, fraction: float, width: float
) -> Float[np.ndarray, "n"]:
    """Return the probability to be broad, the star's parameters integrated out."""
    variance = np.where(cavity.known, cavity.variance, 0.0)
    narrow, broad = 1.0 + variance, width**2 + variance
    each = cavity.offset**2 * (1.0 / narrow - 1.0 / broad) - np.log(broad / narrow)
    odds = 0.5 * np.sum(np.where(cavity.known, each, 0.0), axis=1)
    odds += np.log(fraction) - np.log1p(-fraction)
    return np.asarray(special.expit(odds))


__all__ = [
    "FALSE_ALARM",
    "RIGHT_AGAIN",
    "Cavity",
    "ReferenceTest",
    "cavity_in_units",
    "find_cavity",
    "judge_references",
    "p_values",
    "squares",
]
