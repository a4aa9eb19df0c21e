"""Whether a star is on a plate where all its other plates say it should be.

With r what draws it on the plate at the solution and Ω_ii its own block there, the
star lies e = Ω_ii⁻¹ r from its place, if all other stars are in theirs. The part that
it had in the solution makes that smaller than its error: with H_ii what is said of the
star and A its derivatives, e is of covariance Ω_ii⁻¹ − A H_ii⁻¹ Aᵀ (with + where the
plate had no part), and eᵀ(…)⁻¹e is χ² of two degrees of freedom: the jackknife by plate
of one star, all others held.

References
----------
Cook & Weisberg 1982, Residuals and Influence in Regression, section 2.2 (residuals with
a case deleted); Baarda 1968 (data snooping).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.linalg.small_blocks import slices

from .joint import Joint, Share
from .mapping import Mapped

FALSE_ALARM = 1e-5
"""p-value below which a star's data on a plate are left out."""

TELLING = 0.05
"""Where a residual keeps less than this part of its variance, because hardly anything
else says where the star is, nothing is tested."""

BAD_FIT = 5.0
"""F2 above which a star's plates disagree among themselves."""


class EpochTest(NamedTuple):
    """Verdict on each source of a plate.

    Attributes
    ----------
    row
        Which star it is.
    statistic
        χ² of two degrees of freedom.
    told
        Whether the other plates tell where it should be.
    chi2, dof
        What it adds to χ² of the star over its epochs, and to the degrees of freedom.
    """

    row: Int[np.ndarray, "n"]
    statistic: Float[np.ndarray, "n"]
    told: Bool[np.ndarray, "n"]
    chi2: Float[np.ndarray, "n"]
    dof: Float[np.ndarray, "n"]

    @property
    def outlying(self) -> Bool[np.ndarray, "n"]:
        """Return which are flagged."""
        return self.told & (self.statistic > LIMIT)


LIMIT = float(-2.0 * np.log(FALSE_ALARM))
"""χ² of two degrees of freedom at that p-value."""


def own_blocks(share: Share) -> Float[np.ndarray, "n 2 2"]:
    """Return Ω_ii of the sources of a plate, calibration included."""
    said = share.information
    out = said.blocks.copy()
    for some in slices(len(out), said.columns[:1].size):
        piece = said.columns[some].astype(float)
        out[some] -= piece @ piece.transpose(0, 2, 1)
    return out


def held_covariances(equations: Joint) -> Float[np.ndarray, "n k k"]:
    """Return H_ii⁻¹, the covariance of each star with all others held."""
    out = equations.stars.prior.copy()
    for share in equations.plates:
        e = share.mapped.jacobian
        out[share.mapped.row] += e.transpose(0, 2, 1) @ own_blocks(share) @ e
    return np.linalg.inv(out)


def judge_epochs(
    share: Share,
    held: Float[np.ndarray, "s k k"],
    *,
    took_part: bool = True,
    drawn: Float[np.ndarray, "n 2"] | None = None,
) -> EpochTest:
    """Test where the sources of a plate are against all other plates.

    Parameters
    ----------
    share
        The plate at the solution, with the weight that it has.
    held
        As `held_covariances` returns them.
    took_part
        Whether the plate had a part in the solution.
    drawn
        As `Share.gradient` returns it, if at hand.
    """
    drawn = share.gradient if drawn is None else drawn
    own = own_blocks(share)
    offset = np.linalg.solve(own, drawn[:, :, None])[:, :, 0]
    return judge_offsets(
        share.mapped, np.linalg.inv(own), offset, held, took_part=took_part
    )


def judge_offsets(
    mapped: Mapped,
    covariance: Float[np.ndarray, "n 2 2"],
    offset: Float[np.ndarray, "n 2"],
    held: Float[np.ndarray, "s k k"],
    *,
    took_part: bool,
) -> EpochTest:
    """Test offsets of sources from their places.

    Parameters
    ----------
    mapped
        How they depend on the stars.
    covariance, offset
        e [rad], and the covariance that it has where the place is known [rad²].
    held, took_part
        As of `judge_epochs`.
    """
    row, e = mapped.row, mapped.jacobian
    placed = e @ held[row] @ e.transpose(0, 2, 1)
    expected = covariance - placed if took_part else covariance + placed
    left = np.linalg.solve(covariance, expected)
    told = np.linalg.det(left) > TELLING**2
    told &= np.trace(left, axis1=1, axis2=2) > TELLING
    safe = np.where(told[:, None, None], expected, np.eye(2))
    square = _square(offset, safe)
    chi2 = _square(offset, covariance)
    dof = np.trace(left, axis1=1, axis2=2)
    return EpochTest(row, np.where(told, square, 0.0), told, chi2, dof)


def _square(offset: np.ndarray, covariance: np.ndarray) -> Float[np.ndarray, "n"]:
    solved = np.linalg.solve(covariance, offset[:, :, None])[:, :, 0]
    return np.asarray(np.sum(offset * solved, axis=1))


__all__ = [
    "BAD_FIT",
    "FALSE_ALARM",
    "LIMIT",
    "EpochTest",
    "held_covariances",
    "judge_epochs",
    "judge_offsets",
    "own_blocks",
]
