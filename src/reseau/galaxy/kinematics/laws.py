"""Velocities of each kind of component: moments, draws and the greatest speed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .bar import BarKinematics
from .cluster import NEAREST, ClusterMoments
from .discs import DiscTable
from .moments import Cylinder, Moments
from .nuclear import GRAVITATION, NuclearDiscMoments, draw_cylindrical

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class DiscLaw:
    """Velocities of a disc.

    Attributes
    ----------
    table
        Of its azimuthal velocities.
    """

    table: DiscTable

    def moments(self, position: Vectors) -> Moments:
        """Return the moments at galactocentric positions [pc]."""
        place = Cylinder.of(position)
        return place.moments(self.table.moments(place))

    def draw(self, position: Vectors, rng: np.random.Generator) -> Vectors:
        """Draw velocities [km/s]."""
        place = Cylinder.of(position)
        drawn = self.table.draw(place, rng)
        return place.cartesian(drawn[:, 0], drawn[:, 1], drawn[:, 2])

    def largest_speed(self, position: Vectors) -> Numbers:
        """Return the greatest speed allowed [km/s]."""
        return np.full(len(position), self.table.disc.config.largest_speed_km_s)


@dataclass(frozen=True)
class BarLaw:
    """Velocities of the bar.

    Attributes
    ----------
    bar
        Its mean motion and dispersions.
    """

    bar: BarKinematics

    def moments(self, position: Vectors) -> Moments:
        """Return the moments at galactocentric positions [pc]."""
        return self.bar.moments(position)

    def draw(self, position: Vectors, rng: np.random.Generator) -> Vectors:
        """Draw velocities [km/s]."""
        axes = self.bar.axes()
        normal = rng.standard_normal((len(position), 3))
        normal *= self.bar.dispersions(position @ axes.T)
        return self.bar.mean(position) + normal @ axes

    def largest_speed(self, position: Vectors) -> Numbers:
        """Return the greatest speed allowed [km/s]."""
        return np.full(len(position), self.bar.config.largest_speed_km_s)


@dataclass(frozen=True)
class NuclearLaw:
    """Velocities of the nuclear disc or cluster.

    Attributes
    ----------
    local
        Its moments.
    black_hole_mass
        Of Sgr A*, from which stars near it may be fast [Msun].
    speed
        Greatest speed far from the black hole [km/s].
    """

    local: NuclearDiscMoments | ClusterMoments
    black_hole_mass: float
    speed: float

    def moments(self, position: Vectors) -> Moments:
        """Return the moments at galactocentric positions [pc]."""
        place = Cylinder.of(position)
        return place.moments(self.local.moments(place))

    def draw(self, position: Vectors, rng: np.random.Generator) -> Vectors:
        """Draw velocities [km/s]."""
        place = Cylinder.of(position)
        drawn = draw_cylindrical(self.local.moments(place), rng)
        return place.cartesian(drawn[:, 0], drawn[:, 1], drawn[:, 2])

    def largest_speed(self, position: Vectors) -> Numbers:
        """Return the greatest speed allowed [km/s].

        That far from the black hole, and the speed of escape from it, in quadrature:
        the energy that a star may have is the same everywhere.
        """
        distance = np.maximum(np.linalg.norm(position, axis=1), NEAREST)
        escape = 2.0 * GRAVITATION * self.black_hole_mass / distance
        return np.sqrt(self.speed**2 + escape)


Law = DiscLaw | BarLaw | NuclearLaw

__all__ = ["BarLaw", "DiscLaw", "Law", "NuclearLaw"]
