"""A component of the Galaxy: a law of density, and stars that live in it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .bar import Bar
from .discs import Disc
from .nuclear import Cluster, ExponentialDisc, FlattenedDisc
from .nuclear_table import DensityTable
from .places import Places

Relative = Disc | Bar
"""Laws of a density relative to that at a reference point."""
Law = Relative | ExponentialDisc | FlattenedDisc | DensityTable | Cluster
"""All laws; those not relative are densities of mass."""


@dataclass(frozen=True)
class Component:
    """Stars of one kind and age.

    Attributes
    ----------
    name
        "thin1" to "thin7", "thick", "bar", "nsd", "nsc" in `koshimoto2021`.
    kind
        "disc", "thick disc", "bar", "nuclear disc" or "nuclear cluster".
    youngest, oldest, age
        Range of ages and the median one [Gyr].
    highest_living_mass
        Initial mass above which its stars are remnants [Msun].
    mass_per_star
        Mass of living stars and remnants for one living star [Msun].
    law
        A relative density, or a density of mass.
    factor
        Living stars per cubic parsec where the relative density is 1, or living stars
        per solar mass.
    """

    name: str
    kind: str
    youngest: float
    oldest: float
    age: float
    highest_living_mass: float
    mass_per_star: float
    law: Law
    factor: float

    def number_density(self, position: Float[np.ndarray, "n 3"]) -> np.ndarray:
        """Return living stars per cubic parsec, brown dwarfs included.

        Parameters
        ----------
        position
            About Sgr A* [pc].
        """
        return self.number_at(Places(position))

    def mass_density(self, position: Float[np.ndarray, "n 3"]) -> np.ndarray:
        """Return the mass of living stars and remnants [Msun/pc^3].

        Parameters
        ----------
        position
            About Sgr A* [pc].
        """
        return self.mass_per_star * self.number_at(Places(position))

    def number_at(self, places: Places) -> np.ndarray:
        """Return living stars per cubic parsec at places that components share."""
        law = self.law
        if isinstance(law, Disc | Bar):
            return self.factor * law.shape(places)
        return self.factor * law.density(places)


__all__ = ["Component", "Law"]
