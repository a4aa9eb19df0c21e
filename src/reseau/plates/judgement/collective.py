"""Priors that are off all together: one cause, told once.

A nominal focal length that is wrong pulls at the prior of each exposure. Named one by
one, the pulls hide what they have in common.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from .verdict import RARE, largest_by_chance

FELT = 2.0
"""Least common shift, in σ of one prior, that is told; less than that does no harm."""


@dataclass(frozen=True)
class Collective:
    """The common part of the pulls of alike priors.

    Attributes
    ----------
    what
        What was pulled, in the plural: "focal lengths".
    rows
        Where they are among the shared parameters.
    of_one
        Mean pull: the common shift in σ of one prior.
    independent
        How many of them are independent, so that chance gives a mean of 1/√n.
    shift
        The common shift in words, after "together": "are 2.0 % (97 mm) above nominal".
    cause
        What that means and what to do, in words.
    """

    what: str
    rows: tuple[int, ...]
    of_one: float
    independent: float
    shift: str
    cause: str

    @property
    def pull(self) -> float:
        """Return the common shift in σ of a mean of so many."""
        return self.of_one * math.sqrt(self.independent)

    def stands_out(self, of: int) -> bool:
        """Return whether chance hardly gives that, and it matters.

        Parameters
        ----------
        of
            Number of such groups that are looked at.
        """
        limit = largest_by_chance(of, probability=RARE)
        return bool(abs(self.pull) > limit and abs(self.of_one) >= FELT)

    @property
    def sentence(self) -> str:
        """Return what is off, by how much, why and what to do."""
        size = abs(self.of_one)
        alone = "its prior" if len(self.rows) == 1 else "one prior"
        head = f"All {self.what} together" if len(self.rows) > 1 else "The " + self.what
        return f"{head} {self.shift}, {size:.1f}σ of {alone}: {self.cause}."

    def as_dict(self) -> dict[str, float | int | str]:
        """Return it for ``summary.json``."""
        return {
            "what": self.what,
            "n": len(self.rows),
            "sigma_of_one": self.of_one,
            "pull": self.pull,
            "text": self.sentence,
        }


def without_common_part(
    pulls: Float[ndarray, "p"], groups: Sequence[Collective]
) -> Float[ndarray, "p"]:
    """Return pulls less the means of groups that are told together.

    Parameters
    ----------
    pulls
        Of all shared parameters; NaN where there is none.
    groups
        What is told together.
    """
    left = np.array(pulls, dtype=float)
    for group in groups:
        left[list(group.rows)] -= group.of_one
    return left


__all__ = ["FELT", "Collective", "without_common_part"]
