"""A smooth map of the reddening, where there is no other: a model of the dust.

Against the map of Surot et al. 2020, cell by cell of 0.025 deg, it is off by 20 % (1σ)
in JASMINE's field, -1.4 < l < 0.7 and abs(b) < 0.6, where it is 4 % low; by 25 % in
abs(l) < 2, abs(b) < 1; and by 38 % in abs(b) < 4. It knows none of the dark clouds, and
is greatest where lines of sight touch the ring of the central zone, near l = -1.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .clump import clump_distance
from .columns import column
from .dust import DustModel
from .maps import Reddening

Numbers = Float[np.ndarray, "n"]

CLUMPINESS = 0.2
"""1σ of the true reddening about the smooth one, as a share of it."""


@dataclass(frozen=True)
class SmoothMap:
    """Dust of a model as far as the red clump's mean distance.

    Attributes
    ----------
    dust
        The model.
    clumpiness
        1σ of the reddening about the model's, as a share of it.
    """

    dust: DustModel
    clumpiness: float = CLUMPINESS

    @property
    def name(self) -> str:
        """What the map is."""
        return f"smooth model {self.dust.name}"

    def at(self, longitude: Numbers, latitude: Numbers) -> Reddening:
        """Return the reddening in directions, everywhere on the sky.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [deg]; any longitude.
        """
        longitude, latitude = np.asarray(longitude, float), np.asarray(latitude, float)
        distance = clump_distance(longitude, latitude, centre=self.dust.r0)
        excess = column(self.dust, longitude, latitude, distance)
        inside = np.isfinite(longitude) & np.isfinite(latitude)
        excess = np.where(inside, excess, np.nan)
        return Reddening(excess, self.clumpiness * excess, inside)


__all__ = ["CLUMPINESS", "SmoothMap"]
