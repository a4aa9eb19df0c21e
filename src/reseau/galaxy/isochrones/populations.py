"""Ages and metallicities of the components, shared out among isochrones that exist.

Ages and [M/H] of the stars of each component after Koshimoto, Baba & Bennett 2021 (ApJ
917, 78) and the priors of their generator: thin discs by bins of age with a star
formation rate that fell with a time scale of 7 Gyr, a thick disc of 12 Gyr, a bar of
9 ± 1 Gyr, a nuclear stellar disc of 7 ± 1 Gyr; the nuclear star cluster is given the
nuclear disc's. A star between two isochrones counts to both, by its distance to each
in age and in [M/H]: the means of age and [M/H] stay what they were, wherever the
isochrones are.
"""

from dataclasses import dataclass

import numpy as np

from reseau.errors import CatalogueError, explain

DECAY = 7.0
"""Time scale of the star formation of the thin disc [Gyr]."""

DISC_AGE = 10.0
"""Since when it has decayed [Gyr]."""

_GAUSSIAN = tuple(np.exp([-0.5, 0.0, -0.5]) / np.exp([-0.5, 0.0, -0.5]).sum())
_DISC = (-0.5, -0.25, 0.0, 0.25)


@dataclass(frozen=True)
class Population:
    """Ages and metallicities of a component's stars when they were born.

    Attributes
    ----------
    ages
        Points of the distribution of age [Gyr].
    age_shares
        Share of the stars at each.
    metallicities
        Points of the distribution of [M/H].
    metallicity_shares
        Share of the stars at each.
    """

    ages: tuple[float, ...]
    age_shares: tuple[float, ...]
    metallicities: tuple[float, ...]
    metallicity_shares: tuple[float, ...]

    def mean_age(self) -> float:
        """Return the mean age [Gyr]."""
        return float(np.dot(self.ages, self.age_shares))

    def mean_metallicity(self) -> float:
        """Return the mean [M/H]."""
        return float(np.dot(self.metallicities, self.metallicity_shares))


def _thin(youngest: float, oldest: float, shares: tuple[float, ...]) -> Population:
    edges = np.linspace(youngest, oldest, 65)
    ages = 0.5 * (edges[1:] + edges[:-1])
    rate = np.exp((ages - DISC_AGE) / DECAY)
    return Population(tuple(ages), tuple(rate / rate.sum()), _DISC, shares)


def _around(age: float, shares: tuple[float, ...]) -> Population:
    return Population((age - 1.0, age, age + 1.0), _GAUSSIAN, _DISC, shares)


_YOUNG = (0.1, 0.2, 0.4, 0.3)
_MIDDLE = (0.15, 0.30, 0.35, 0.20)
_OLD = (0.25, 0.35, 0.30, 0.10)

POPULATIONS: dict[str, Population] = {
    "thin1": _thin(0.0, 0.15, _YOUNG),
    "thin2": _thin(0.15, 1.0, _YOUNG),
    "thin3": _thin(1.0, 2.0, _YOUNG),
    "thin4": _thin(2.0, 3.0, _MIDDLE),
    "thin5": _thin(3.0, 5.0, _MIDDLE),
    "thin6": _thin(5.0, 7.0, _OLD),
    "thin7": _thin(7.0, 10.0, _OLD),
    "thick": Population(
        (12.0,), (1.0,), (-1.2, -1.0, -0.8, -0.6, -0.4), (0.1, 0.2, 0.4, 0.2, 0.1)
    ),
    "bar": _around(9.0, (0.2, 0.25, 0.3, 0.25)),
    "nsd": _around(7.0, (0.1, 0.25, 0.4, 0.25)),
    "nsc": _around(7.0, (0.1, 0.25, 0.4, 0.25)),
}
"""Of the components of the model `koshimoto2021`."""


def shares_of_nodes(
    points: np.ndarray, shares: np.ndarray, nodes: np.ndarray
) -> np.ndarray:
    """Share out points of a distribution among nodes, linearly between neighbours.

    Parameters
    ----------
    points, shares
        Points of a distribution and what is at each.
    nodes
        Rising. A point beyond the first or the last counts to that one.

    Returns
    -------
    The share of each node. Sum and, for points between the nodes, mean are kept.
    """
    inside = np.clip(points, nodes[0], nodes[-1])
    upper = np.clip(np.searchsorted(nodes, inside), 1, max(len(nodes) - 1, 1))
    if len(nodes) == 1:
        return np.array([np.sum(shares)])
    width = nodes[upper] - nodes[upper - 1]
    fraction = (inside - nodes[upper - 1]) / width
    of_nodes = np.zeros(len(nodes))
    np.add.at(of_nodes, upper, shares * fraction)
    np.add.at(of_nodes, upper - 1, shares * (1.0 - fraction))
    return of_nodes


def sequence_weights(
    population: Population, ages: np.ndarray, metallicities: np.ndarray, where: str
) -> np.ndarray:
    """Return the weight of each isochrone in a component.

    Parameters
    ----------
    population
        Of the component.
    ages, metallicities
        Of each isochrone [Gyr] and [M/H]. Each [M/H] may have ages of its own.
    where
        File or grid, for messages.

    Raises
    ------
    CatalogueError
        Two isochrones are of the same age and [M/H].
    """
    metal_nodes, column = np.unique(metallicities, return_inverse=True)
    by_metal = shares_of_nodes(
        np.array(population.metallicities),
        np.array(population.metallicity_shares),
        metal_nodes,
    )
    weights = np.zeros(len(ages))
    for index, share in enumerate(by_metal):
        rows = np.flatnonzero(column == index)
        nodes, place = np.unique(ages[rows], return_inverse=True)
        if len(nodes) < len(rows):
            raise _twice(float(metal_nodes[index]), where)
        by_age = shares_of_nodes(
            np.array(population.ages), np.array(population.age_shares), nodes
        )
        weights[rows] = share * by_age[place]
    return weights


def _twice(metallicity: float, where: str) -> CatalogueError:
    return CatalogueError(
        explain(
            given=f"isochrones of the same age with [M/H] = {metallicity:+.3g}",
            wanted="each age once for each [M/H]",
            where=where,
            todo="leave out one of them",
        )
    )


__all__ = ["POPULATIONS", "Population", "sequence_weights", "shares_of_nodes"]
