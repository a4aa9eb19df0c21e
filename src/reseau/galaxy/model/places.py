"""Positions in the Galaxy, with what several components need of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from reseau.galaxy.frame import check_positions


@dataclass(frozen=True)
class Places:
    """Positions about Sgr A*.

    Attributes
    ----------
    position
        Galactocentric X, Y, Z [pc].
    """

    position: Float[np.ndarray, "n 3"]

    def __post_init__(self) -> None:
        check_positions(self.position)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.position)

    @cached_property
    def x(self) -> np.ndarray:
        """X, away from the Sun [pc]."""
        return np.ascontiguousarray(self.position[:, 0])

    @cached_property
    def y(self) -> np.ndarray:
        """Y, towards rotation [pc]."""
        return np.ascontiguousarray(self.position[:, 1])

    @cached_property
    def z(self) -> np.ndarray:
        """Z, towards the north pole [pc]."""
        return np.ascontiguousarray(self.position[:, 2])

    @cached_property
    def height(self) -> np.ndarray:
        """Distance from the plane [pc]."""
        return np.abs(self.z)

    @cached_property
    def radius(self) -> np.ndarray:
        """Distance from the axis [pc]."""
        return np.hypot(self.x, self.y)


__all__ = ["Places"]
