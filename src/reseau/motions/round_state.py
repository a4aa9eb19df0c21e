"""What counts in one round of a robust solution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from reseau.datasets.information import Information

from .stars import Stars

NEXT_TO_NOTHING = 1e-6
"""Weight of a plate that is left out, so that stars it alone has seen stay."""

SAME = 0.02
"""Relative change of a plate's weight that is none."""


@dataclass(frozen=True)
class State:
    """What counts.

    Attributes
    ----------
    counts
        Which stars have the prior that the catalogue gives them.
    out
        Of each plate, which of its sources have free positions on it.
    weight
        By which each plate counts.
    restless
        Stars that are elsewhere on so many plates that all count again, for good.
    """

    counts: Bool[np.ndarray, "n"]
    out: tuple[Bool[np.ndarray, "_"], ...]
    weight: Float[np.ndarray, "p"]
    restless: Bool[np.ndarray, "n"]

    @classmethod
    def trusting(cls, plates: Sequence[Information], stars: Stars) -> "State":
        """Return the state in which all counts.

        Parameters
        ----------
        plates, stars
            All of them.
        """
        return cls(
            counts=np.ones(stars.n, dtype=bool),
            out=tuple(np.zeros(plate.source_id.size, dtype=bool) for plate in plates),
            weight=np.ones(len(plates)),
            restless=np.zeros(stars.n, dtype=bool),
        )

    @property
    def gone(self) -> Bool[np.ndarray, "p"]:
        """Return which plates are left out."""
        return self.weight <= NEXT_TO_NOTHING

    def same_as(self, other: "State") -> bool:
        """Return whether the same counts.

        Parameters
        ----------
        other
            Of the same plates and stars.
        """
        return np.array_equal(self.counts, other.counts) and self.same_plates(other)

    def same_plates(self, other: "State") -> bool:
        """Return whether the same of the plates counts.

        Parameters
        ----------
        other
            Of the same plates and stars.
        """
        return np.array_equal(self.weight, other.weight) and all(
            map(np.array_equal, self.out, other.out)
        )


__all__ = ["NEXT_TO_NOTHING", "SAME", "State"]
