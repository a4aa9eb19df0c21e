"""A model of the Galaxy: components, the mass function of their stars, the frame."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau.config import Source
from reseau.errors import unknown_name
from reseau.galaxy.frame import GalacticFrame
from reseau.galaxy.mass_function import MassFunction

from .component import Component
from .entries import NormalisationEntry
from .places import Places


@dataclass(frozen=True, eq=False)
class Galaxy:
    """Where the stars of the Galaxy are, by component.

    Attributes
    ----------
    name, version
        What the model is called.
    digest
        SHA-256 of all that its file says, comments left out, and of a table of the
        density that it names.
    frame
        Sun and centre.
    mass_function
        Of all stars born, in every component.
    components
        In the order of every result's rows.
    normalisation
        Physical quantities of the file that number densities follow from; None: none.
    kinematics
        Tables ``[kinematics.*]`` of the file as they stand, numbers as Decimal.
    source
        The file, for messages of later checks.
    """

    name: str
    version: str
    digest: str
    frame: GalacticFrame
    mass_function: MassFunction
    components: tuple[Component, ...]
    normalisation: NormalisationEntry | None = None
    kinematics: Mapping[str, Any] = field(default_factory=dict)
    source: Source = field(default_factory=lambda: Source("the galaxy", ""))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the components, in order."""
        return tuple(c.name for c in self.components)

    def component(self, name: str) -> Component:
        """Return a component by its name.

        Raises
        ------
        ConfigError
            There is none of that name.
        """
        if name not in self.names:
            raise unknown_name("component", name, self.names, where=self.name)
        return self.components[self.names.index(name)]

    def number_density(
        self, position: Float[np.ndarray, "n 3"]
    ) -> Float[np.ndarray, "c n"]:
        """Return living stars per cubic parsec, brown dwarfs included.

        Parameters
        ----------
        position
            About Sgr A* [pc].

        Returns
        -------
        One row a component, in order.
        """
        places = Places(position)
        return np.stack([c.number_at(places) for c in self.components])

    def mass_density(
        self, position: Float[np.ndarray, "n 3"]
    ) -> Float[np.ndarray, "c n"]:
        """Return the mass of living stars and remnants [Msun/pc^3].

        Parameters
        ----------
        position
            About Sgr A* [pc].

        Returns
        -------
        One row a component, in order.
        """
        per_star = np.array([c.mass_per_star for c in self.components])
        return per_star[:, None] * self.number_density(position)

    def star_density(
        self,
        l: np.ndarray | float,  # noqa: E741
        b: np.ndarray | float,
        distance: np.ndarray | float,
    ) -> Float[np.ndarray, "c n"]:
        """Return living stars per steradian and parsec of distance.

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        distance
            From the Sun [pc], (n,); the others may be numbers.

        Returns
        -------
        One row a component, in order: number density times distance squared.
        """
        l, b, distance = (np.atleast_1d(np.asarray(v, float)) for v in (l, b, distance))  # noqa: E741
        position = self.frame.galactocentric(l, b, distance)
        return self.number_density(position) * distance**2


ARCMIN2 = (math.pi / 180.0 / 60.0) ** 2
"""One square arcminute [sr], 8.461595e-8."""

__all__ = ["ARCMIN2", "Galaxy"]
