"""Velocities of every component of the Galaxy: moments, and draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, explain, suggestion

from .bar import BarKinematics
from .cluster import NEAREST, ClusterMoments
from .discs import DiscTable
from .moments import Cylinder, Moments
from .nuclear import GRAVITATION, NuclearDiscMoments, draw_cylindrical

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n 3"]

CHUNK = 65_536
"""Stars drawn at a time; the numbers that a generator gives depend on it."""
ROUNDS = 100
"""Times that stars faster than allowed are drawn again; then they are slowed down."""


class Law(Protocol):
    """Velocities of one component."""

    def moments(self, position: Vectors) -> Moments:
        """Return the moments at positions [pc]."""

    def draw(self, position: Vectors, rng: np.random.Generator) -> Vectors:
        """Draw velocities [km/s], however fast."""

    def largest_speed(self, position: Vectors) -> Numbers:
        """Return the greatest speed allowed [km/s]."""


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


@dataclass(frozen=True)
class Kinematics:
    """Velocities of the components of a Galaxy.

    Attributes
    ----------
    laws
        By name of the component.

    Examples
    --------
    >>> import numpy as np
    >>> from reseau.galaxy.kinematics import kinematics_of
    >>> from reseau.galaxy.model import read_galaxy
    >>> kinematics = kinematics_of(read_galaxy())
    >>> place = np.array([[-8160.0, 0.0, 25.0]])
    >>> kinematics.moments("thin7", place).mean.round()
    array([[ -0., 224.,   0.]])
    """

    laws: Mapping[str, Law]

    def moments(self, component: str, position: Vectors) -> Moments:
        """Return mean velocity and covariance of a component at places.

        Parameters
        ----------
        component
            Its name, as "thin1", "bar" or "nsc".
        position
            Galactocentric, about Sgr A*, right-handed [pc], (n, 3).

        Returns
        -------
        Along the same axes, of all velocities that the component's law gives: without
        the cut at the greatest speed.

        Raises
        ------
        ConfigError
            There is no such component.
        """
        return self.law(component).moments(position)

    def draw(
        self, component: str, position: Vectors, rng: np.random.Generator
    ) -> Vectors:
        """Draw a velocity for each star of a component.

        Parameters
        ----------
        component
            Its name.
        position
            Galactocentric, about Sgr A*, right-handed [pc], (n, 3).
        rng
            The same state gives the same velocities.

        Returns
        -------
        Along the same axes [km/s], (n, 3). Stars faster than the law allows are drawn
        again.

        Raises
        ------
        ConfigError
            There is no such component.
        """
        law = self.law(component)
        velocity = np.empty((len(position), 3))
        for first in range(0, len(position), CHUNK):
            rows = slice(first, first + CHUNK)
            velocity[rows] = _bound(law, np.asarray(position[rows]), rng)
        return velocity

    def law(self, component: str) -> Law:
        """Return the law of a component.

        Parameters
        ----------
        component
            Its name.
        """
        if component in self.laws:
            return self.laws[component]
        raise ConfigError(
            explain(
                given=f"the component {component} has no velocities",
                wanted=f"one of {', '.join(self.laws)}",
                where="the kinematics",
                todo=suggestion(component, self.laws, otherwise="correct the name"),
            )
        )


def _bound(law: Law, position: Vectors, rng: np.random.Generator) -> Vectors:
    """Draw velocities that are not greater than a law allows."""
    velocity = law.draw(position, rng)
    largest = law.largest_speed(position) ** 2
    fast = np.flatnonzero(np.einsum("ni,ni->n", velocity, velocity) > largest)
    for _ in range(ROUNDS):
        if not len(fast):
            return velocity
        again = law.draw(position[fast], rng)
        velocity[fast] = again
        speed = np.einsum("ni,ni->n", again, again)
        fast = fast[speed > largest[fast]]
    speed = np.linalg.norm(velocity[fast], axis=1)
    velocity[fast] *= (np.sqrt(largest[fast]) / speed)[:, None]
    return velocity


__all__ = ["BarLaw", "DiscLaw", "Kinematics", "Law", "NuclearLaw"]
