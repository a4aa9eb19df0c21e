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
    together: Float[np.ndarray, "g k k"],
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
    together
        P: of those that stand for others.
    """
    factor = expected.factor
    all_ = expected.data + together
    shared = factor.covariance_blocks() - factor.own()
    source = np.matmul(all_, np.matmul(shared, all_))
    held = np.linalg.inv(part[:, None, None] * expected.data[which] + prior)
    half = part[:, None, None] * held
    whole = held + np.matmul(half, np.matmul(source[which], half))
    return Errors(held, whole)


__all__ = ["Errors", "member_errors"]
