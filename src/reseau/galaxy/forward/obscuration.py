"""Extinction in front of stars: a map, a profile along the line of sight, and a law."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

LAW_BANDS = ("J", "H", "Ks", "G")
"""Bands of the law for the bands that stars are drawn in."""

Coordinates = Float[np.ndarray, "n"]


@dataclass(frozen=True, eq=False)
class Obscuration:
    """How much light of a star is lost on its way.

    Attributes
    ----------
    reddening
        An `ExtinctionMap`: ``at(l, b)``.
    profile
        A `DistanceProfile`: ``share(l, b, distance)``, which grows with the distance.
    law
        An `ExtinctionLaw`.
    width
        Whether the bands' width counts, so that A/E falls with E.
    """

    reddening: Any
    profile: Any
    law: Any
    width: bool = True

    def at(self, l: Coordinates, b: Coordinates) -> Any:  # noqa: E741
        """Return what the map says: `excess`, `scatter` [mag] and `inside`.

        Parameters
        ----------
        l, b
            Galactic coordinates [deg].
        """
        return self.reddening.at(l, b)

    def share(
        self,
        l: Coordinates,  # noqa: E741
        b: Coordinates,
        distance: Coordinates,
    ) -> Float[np.ndarray, "n"]:
        """Return which part of the map's reddening is in front of a distance.

        Parameters
        ----------
        l, b
            Galactic coordinates [deg].
        distance
            [pc].
        """
        share: np.ndarray = self.profile.share(l, b, distance)
        return share

    def extinction(
        self,
        excess: Float[np.ndarray, "n"],
        l: Coordinates,  # noqa: E741
        b: Coordinates,
    ) -> Float[np.ndarray, "n 4"]:
        """Return the extinction in J, H, Ks and G [mag].

        Parameters
        ----------
        excess
            E(J-Ks) in VVV's bands [mag].
        l, b
            Galactic coordinates [deg], for laws that differ by quadrant.
        """
        found: np.ndarray = self.law.extinction_of(
            excess, LAW_BANDS, longitude=l, latitude=b, width=self.width
        )
        return found


__all__ = ["LAW_BANDS", "Obscuration"]
