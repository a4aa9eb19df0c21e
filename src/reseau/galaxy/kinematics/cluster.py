"""Velocity moments of the nuclear star cluster from its table."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.galaxy.nuclear_moments import ClusterTable

from .moments import Cylinder, CylindricalMoments
from .nuclear import bilinear, cells

Numbers = Float[np.ndarray, "n"]


@dataclass(frozen=True, eq=False)
class ClusterMoments:
    """Moments of the nuclear star cluster.

    Attributes
    ----------
    table
        Of second moments.
    rotation
        Satoh's parameter k: 0 does not rotate, 1 is an isotropic rotator.

    Notes
    -----
    Nearer to the black hole than the table goes, velocities grow as the root of the
    distance falls; farther out than its end they are as there. The mean azimuthal
    velocity is k times the root of <v_phi²> - σ_R², 0 where that is negative.
    """

    table: ClusterTable
    rotation: float = 1.0

    def moments(self, place: Cylinder) -> CylindricalMoments:
        """Return the moments at places."""
        knots = np.log(self.table.distance)
        distance = np.hypot(place.radius, place.height)
        nearest = self.table.distance[0]
        safe = np.maximum(distance, NEAREST)
        i, out = cells(knots, np.log(safe))
        sine = np.minimum(np.abs(place.height) / safe, 1.0)
        k, up = cells(self.table.sine, sine)
        closer = np.sqrt(np.maximum(nearest / safe, 1.0))
        meridional, azimuthal = (
            closer * np.exp(bilinear(np.log(table), i, k, out, up))
            for table in (self.table.meridional, self.table.azimuthal)
        )
        excess = np.maximum(azimuthal**2 - meridional**2, 0.0)
        mean = self.rotation * np.sqrt(excess)
        return CylindricalMoments(
            rotation=mean,
            sigma_r=meridional,
            sigma_phi=np.sqrt(azimuthal**2 - mean**2),
            sigma_z=meridional,
            correlation=np.zeros_like(meridional),
        )


NEAREST = 1e-4
"""Distance from the black hole below which velocities are as here [pc]."""

__all__ = ["NEAREST", "ClusterMoments"]
