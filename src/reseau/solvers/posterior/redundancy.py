"""How much measurements and references tell of the size of their errors.

All that a plate is solved from, measurements and priors, leaves residuals whose
covariance, each whitened by its own stated errors, is a projector Q if all is right.
Of a group g the expectation of the sum of squares is tr Q_gg. If the variances of the
groups are θ_h times the stated ones it is ``tr Q_gg + Σ_h F_gh (θ_h − 1)`` with
``F_gh = tr(Q_gh Q_hg)``, and its variance, with Normal errors as stated, is
``2 F_gg``. So ``θ = 1 + F⁻¹ (χ² − tr Q)`` has no bias whatever the variances are.

The group of the measurements has F_mm below its degrees of freedom tr Q_mm as far as
priors give way to it: with references that are worse than centroids residuals are small
even where centroids are far worse than stated. Nothing of that needs the large matrix:
Q is idempotent, so that F_mm follows from the priors' part alone, and that from the
factors of the last linearisation: with Λ the priors' information, the covariance of two
priors' parameters is ``D⁻¹ + T Tᵀ``, D of one source, T = D⁻¹E V, of V shared.

References
----------
Rao 1971, J. Multivariate Analysis 1, 445 (MINQUE); Koch 1999, Parameter Estimation and
Hypothesis Testing in Linear Models, section 3.6 (variance components); Förstner 1979,
Zeitschrift für Vermessungswesen 104, 446 (redundancy).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

FEWEST = 0.5
"""Degrees of freedom below which what is left of a difference of sums is rounding."""

TELLING = 5.0
"""Degrees of freedom of each group below which two scales are not told apart."""

APART = 0.05
"""The same for 1 − correlation² of the two."""


class Scale(NamedTuple):
    """By how much stated errors are too small: √θ, and its error.

    Attributes
    ----------
    value, error
        Both NaN where nothing tells.
    """

    value: float
    error: float

    @property
    def pull(self) -> float:
        """Return how far its square is from 1, over the error of that."""
        return (self.value**2 - 1.0) / (2.0 * max(self.value, 1.0) * self.error)


class Scales(NamedTuple):
    """Both at once: neither is taken as right to find the other."""

    measurements: Scale
    references: Scale


class Redundancy(NamedTuple):
    """What sums of squared residuals are to be, and what they tell.

    Attributes
    ----------
    total
        Expectation of the sums of squares of measurements and of references: their
        degrees of freedom.
    information
        F of both groups: half the variances of the sums on the diagonal.
    judged
        The references: sources whose prior supplies part of their position.
    """

    total: Float[np.ndarray, "2"]
    information: Float[np.ndarray, "2 2"]
    judged: Bool[np.ndarray, "n_src"]

    @property
    def of_errors(self) -> float:
        """Return F_mm: degrees of freedom that tell of the measurements' errors."""
        return float(self.information[0, 0])

    def scale(self, chi2: float) -> Scale:
        """Return the scale of the measurements' errors, all else as stated.

        Parameters
        ----------
        chi2
            Sum of squares of the measurements' residuals.

        Notes
        -----
        The error is exact for errors as stated, and for any if no prior gives way.
        """
        if not (self.of_errors >= FEWEST and np.isfinite(chi2)):
            return Scale(np.nan, np.nan)
        given_way = self.total[0] - self.of_errors
        square = (chi2 - given_way) / self.of_errors
        spread = np.sqrt(2.0 / self.of_errors) * chi2 / self.total[0]
        return _scale(square, spread)

    def scales(self, chi2: float, of_references: float) -> Scales | None:
        """Return the scales of measurements and references; None if one cannot be had.

        Parameters
        ----------
        chi2, of_references
            Sums of squares of the residuals of both.
        """
        size = np.sqrt(np.diag(self.information))
        if not (np.all(size**2 >= TELLING) and np.isfinite(chi2 + of_references)):
            return None
        alike = self.information / np.outer(size, size)
        if 1.0 - alike[0, 1] ** 2 < APART:
            return None
        inverse = np.linalg.inv(alike) / np.outer(size, size)
        square = 1.0 + inverse @ (np.array([chi2, of_references]) - self.total)
        spread = np.sqrt(2.0 * np.diag(inverse)) * np.maximum(square, 1.0)
        return Scales(*(_scale(v, s) for v, s in zip(square, spread, strict=True)))


def _scale(square: float, spread: float) -> Scale:
    """Return the root of a square, with its error: where small, the upper limit."""
    value = float(np.sqrt(max(square, 0.0)))
    return Scale(value, float(spread / (2.0 * max(value, np.sqrt(spread)))))


class PriorShares(NamedTuple):
    """What priors of references and all other priors share with all else.

    Attributes
    ----------
    number
        Of coordinates that references' priors give.
    supplied
        How many parameters the priors supply, tr(ΛC): of references and of others.
    products
        ``tr(Λ_g C_gh Λ_h C_hg)`` of these two groups.
    judged
        Which sources are references.
    """

    number: float
    supplied: Float[np.ndarray, "2"]
    products: Float[np.ndarray, "2 2"]
    judged: Bool[np.ndarray, "n_src"]

    def redundancy(self, dof: float) -> Redundancy:
        """Return that of measurements with given degrees of freedom."""
        with_all = self.supplied - self.products.sum(axis=1)
        between, by_others = np.maximum(with_all, 0.0)
        own = self.number - 2.0 * self.supplied[0] + self.products[0, 0]
        total = np.array([dof, self.number - self.supplied[0]])
        return Redundancy(
            total,
            np.array([[dof - between - by_others, between], [between, max(own, 0.0)]]),
            self.judged,
        )


__all__ = ["PriorShares", "Redundancy", "Scale", "Scales"]
