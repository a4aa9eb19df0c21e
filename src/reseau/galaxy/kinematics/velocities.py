"""Velocities of every component of the Galaxy: moments, and draws."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.errors import CatalogueError, explain, unknown_name
from reseau.galaxy.frame import check_positions

from .laws import Law
from .moments import Moments

Vectors = Float[np.ndarray, "n 3"]

CHUNK = 65_536
"""Stars drawn at a time; the numbers that a generator gives depend on it."""
ROUNDS = 100
"""Times that stars faster than allowed are drawn again; then they are slowed down."""


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
        ShapeError, CatalogueError
            The positions are not rows of three, or not all of them finite.
        """
        _check(position)
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
        ShapeError, CatalogueError
            The positions are not rows of three, or not all of them finite.
        """
        law = self.law(component)
        _check(position)
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
        raise unknown_name("component", component, self.laws, where="the kinematics")


def _check(position: np.ndarray) -> None:
    """Raise an error for what are not finite positions in rows of three."""
    check_positions(position)
    bad = np.flatnonzero(~np.isfinite(position).all(axis=1))
    if len(bad):
        raise CatalogueError(
            explain(
                given=f"{len(bad)} of {len(position)} positions are not finite, the "
                f"first in row {bad[0]}",
                wanted="X, Y, Z about Sgr A* [pc]",
                where="the argument position",
                todo="leave these rows out",
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


__all__ = ["Kinematics"]
