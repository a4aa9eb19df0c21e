"""Covariances of stars that another one stands for.

A star that stands for its neighbours has the information D of all together on their
place, a prior P that is the sum of theirs, and with the share of calibration S the
covariance (D + P)⁻¹ + S. One of them has a part ρ of D and a prior p of its own. What
calibration does to it is its part of the same errors: ::

    C = (ρD + p)⁻¹,   C + C ρ (D + P) S (D + P) ρ C

exactly, where the members are at one place; and for any other star there, of any
magnitude, that hardly counts in the calibration.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .repeated import Expected


class Errors(NamedTuple):
    """Covariances of the parameters.

    Attributes
    ----------
    held
        With calibration held, as if it were known.
    whole
        With its share.
    """

    held: Float[np.ndarray, "n k k"]
    whole: Float[np.ndarray, "n k k"]


def member_errors(
    expected: Expected,
    which: Int[np.ndarray, "n"],
    part: Float[np.ndarray, "n"],
    prior: Float[np.ndarray, "n k k"],
) -> Errors:
    """Return covariances of stars that others stand for.

    Parameters
    ----------
    expected
        Of those that stand for others.
    which
        Which of these stands for each star.
    part
        ρ: of its data, the star's.
    prior
        p: inverse covariance that each star has before.
    """
    source = _of_calibration(expected)
    held = _inverse(part[:, None, None] * expected.data[which] + prior)
    half = part[:, None, None] * held
    whole = held + np.matmul(half, np.matmul(source[which], half))
    return Errors(held, whole)


def _of_calibration(expected: Expected) -> Float[np.ndarray, "g k k"]:
    """Return (D + P) S (D + P), without a difference in which digits are lost.

    With D + P = L Lᵀ and S = L⁻ᵀ Q share/left Qᵀ L⁻¹ it is L Q share/left Qᵀ Lᵀ.
    """
    factor = expected.factor
    inner = np.matmul(
        factor.modes * (factor.share / factor.left), factor.modes.transpose(0, 2, 1)
    )
    return np.matmul(factor.root, np.matmul(inner, factor.root.transpose(0, 2, 1)))


def _inverse(blocks: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, "n k k"]:
    """Return inverses, scaled first: some directions are hardly determined."""
    scale = np.sqrt(np.diagonal(blocks, axis1=1, axis2=2))
    unit = scale[:, :, None] * scale[:, None, :]
    root = np.linalg.inv(np.linalg.cholesky(blocks / unit))
    return np.matmul(root.transpose(0, 2, 1), root) / unit


__all__ = ["Errors", "member_errors"]
