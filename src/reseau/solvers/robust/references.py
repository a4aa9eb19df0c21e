"""Whether a reference's position is wrong, judged by all that does not rest on it.

The *cavity* of a source is its posterior with its own prior taken out: what its
measurements and all other sources say of it. In the Gaussian posterior that is exact::

    Λ_cavity = Cov⁻¹ − Λ_used        x_cavity = x + Λ_cavity⁻¹ g

with Λ_used the curvature by which the prior entered and g its gradient at x. The
difference δ of cavity and prior, of covariance C_prior + C_cavity, tests the prior:
d² = δᵀ(C_prior + C_cavity)⁻¹δ is χ² with two degrees of freedom if it is right.

References
----------
Opper & Winther 2000, Neural Computation 12, 2655 (cavity); Baarda 1968, A testing
procedure for use in geodetic networks (reliability).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

from reseau.model.likelihood import WRONG_FRACTION, WRONG_WIDTH

FALSE_ALARM = 0.0008
"""p-value below which a reference is flagged. A survey may state one false flag in a
thousand; this leaves room for the scatter of their number in one plate of 10⁴."""

NARROWEST = 3.0
"""The broad component stays this much broader than the stated errors."""


class Cavity(NamedTuple):
    """What is known of sources without their own priors.

    Attributes
    ----------
    offset
        From the prior's mean [rad].
    covariance
        Of that [rad²].
    known
        Whether a source has a prior and a cavity that determines it.
    untold
        Whether it has a prior, and nothing else that would tell if that is right;
        None: no source.
    """

    offset: Float[np.ndarray, "n 2"]
    covariance: Float[np.ndarray, "n 2 2"]
    known: np.ndarray
    untold: np.ndarray | None = None


class ReferenceTest(NamedTuple):
    """Verdict on each reference; NaN where there is none, or no test of it.

    Attributes
    ----------
    statistic
        d², of the difference between prior and cavity.
    p_value
        Chance that a right prior differs as much.
    wrong_probability
        Posterior probability that the prior is of the broad component; the fitted
        fraction where the measurements do not tell.
    fraction, width
        Of the broad component, fitted to all references: part of them, and σ in units
        of the stated one.
    """

    statistic: np.ndarray
    p_value: np.ndarray
    wrong_probability: np.ndarray
    fraction: float
    width: float

    @property
    def wrong(self) -> np.ndarray:
        """Return which references are flagged."""
        return np.nan_to_num(self.p_value, nan=1.0) < FALSE_ALARM


def find_cavity(
    offset: Float[np.ndarray, "n 2"],
    covariance: Float[np.ndarray, "n 2 2"],
    information: Float[np.ndarray, "n 2 2"],
    gradient: Float[np.ndarray, "n 2"],
) -> Cavity:
    """Return the cavities of all sources.

    Parameters
    ----------
    offset
        From the prior's mean, at the optimum [rad].
    covariance
        Posterior, calibration included [rad²].
    information
        Curvature by which the prior entered [rad⁻²].
    gradient
        Its gradient at the optimum, ρ'Λx [rad⁻¹].
    """
    n = offset.shape[0]
    entered = np.any(information != 0, axis=(1, 2))
    positive = (covariance[:, 0, 0] > 0) & (_determinant(covariance) > 0)
    known = entered & positive & np.all(np.isfinite(covariance), axis=(1, 2))
    rows = np.flatnonzero(known)
    whole = np.linalg.inv(covariance[rows])
    left = whole - information[rows]
    # What the measurements add must stand above the rounding of what was there.
    good = (_determinant(left) > 1e-12 * _determinant(whole)) & (left[:, 0, 0] > 0)
    known[rows[~good]] = False
    own = np.full((n, 2, 2), np.nan)
    place = np.full((n, 2), np.nan)
    rows, left = rows[good], left[good]
    own[rows] = np.linalg.inv(left)
    place[rows] = offset[rows] + np.einsum("nij,nj->ni", own[rows], gradient[rows])
    return Cavity(place, own, known, entered & ~known)


def judge_references(
    cavity: Cavity,
    information: Float[np.ndarray, "n 2 2"],
    *,
    start: tuple[float, float] = (WRONG_FRACTION, WRONG_WIDTH),
    estimate: bool = True,
) -> ReferenceTest:
    """Test every reference against its cavity.

    Parameters
    ----------
    cavity
        As `find_cavity` returns it.
    information
        The prior's stated inverse covariance [rad⁻²].
    start
        Fraction and width of the broad component.
    estimate
        Whether these are fitted by EM, else taken as they are.
    """
    rows = np.flatnonzero(cavity.known)
    prior = np.linalg.inv(information[rows])
    offset, own = cavity.offset[rows], cavity.covariance[rows]
    square = _square(offset, prior + own)
    fraction, width = start
    if estimate and rows.size:
        fraction, width = _fit(offset, own, prior, information[rows], start)
    probability = _probability(offset, own, prior, fraction, width)
    out = np.full((3, cavity.offset.shape[0]), np.nan)
    out[:, rows] = square, np.exp(-0.5 * square), probability
    if cavity.untold is not None:
        out[2, cavity.untold] = fraction
    return ReferenceTest(out[0], out[1], out[2], fraction, width)


def _fit(
    offset: np.ndarray,
    own: np.ndarray,
    prior: np.ndarray,
    information: np.ndarray,
    start: tuple[float, float],
) -> tuple[float, float]:
    """Return fraction and width by EM over states and true positions of references.

    With one imagined wrong reference of the starting width among a hundred, so that a
    catalogue without any has an answer.
    """
    fraction, width = start
    n = offset.shape[0]
    for _ in range(100):
        wrong = _probability(offset, own, prior, fraction, width)
        broad = width**2 * prior
        gain = broad @ np.linalg.inv(broad + own)
        mean = np.einsum("nij,nj->ni", gain, offset)
        left = broad - gain @ broad
        square = np.einsum("ni,nij,nj->n", mean, information, mean)
        square += np.einsum("nij,nji->n", information, left)
        total = float(wrong.sum())
        new_width = np.sqrt(
            (np.sum(wrong * square) + 2.0 * WRONG_WIDTH**2) / (2.0 * (total + 1.0))
        )
        new = (total + 1.0) / (n + 1.0 / WRONG_FRACTION), max(new_width, NARROWEST)
        change = np.log(new[0] / fraction), np.log(new[1] / width)
        fraction, width = float(new[0]), float(new[1])
        if max(abs(c) for c in change) < 1e-3:
            break
    return fraction, width


def _probability(
    offset: np.ndarray,
    own: np.ndarray,
    prior: np.ndarray,
    fraction: float,
    width: float,
) -> np.ndarray:
    """Return the probability to be broad, the source's position integrated out."""
    narrow, broad = prior + own, width**2 * prior + own
    odds = np.log(fraction) - np.log1p(-fraction)
    odds = odds - 0.5 * (_square(offset, broad) - _square(offset, narrow))
    odds = odds - 0.5 * np.log(_determinant(broad) / _determinant(narrow))
    return np.asarray(special.expit(odds))


def expected_offset(
    cavity: Cavity, information: Float[np.ndarray, "n 2 2"], width: np.ndarray
) -> Float[np.ndarray, "n 2"]:
    """Return where sources lie when their priors are broader by `width` [rad].

    Parameters
    ----------
    width
        For each source: 1 where its prior is good.
    """
    rows = np.flatnonzero(cavity.known)
    prior = np.linalg.inv(information[rows]) * width[rows, None, None] ** 2
    gain = prior @ np.linalg.inv(prior + cavity.covariance[rows])
    out = np.zeros_like(cavity.offset)
    out[rows] = np.einsum("nij,nj->ni", gain, cavity.offset[rows])
    return out


def _determinant(matrix: np.ndarray) -> np.ndarray:
    return np.asarray(
        matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
    )


def _square(offset: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return xᵀ C⁻¹ x of each row."""
    solved = np.linalg.solve(covariance, offset[:, :, None])[:, :, 0]
    return np.asarray(np.sum(offset * solved, axis=1))


__all__ = [
    "FALSE_ALARM",
    "Cavity",
    "ReferenceTest",
    "expected_offset",
    "find_cavity",
    "judge_references",
]
