"""Isochrones of some ages and metallicities, before they have weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reseau.errors import ReseauWarning, some, warn

from .populations import POPULATIONS, Population, sequence_weights
from .simplify import kept_points
from .table import Isochrones

RED_GIANT, CLUMP = 3, 4
"""Phases before and after the helium flash."""

AGE_SHIFT, METAL_SHIFT = 0.2, 0.1
"""By how much mean age (relative) and mean [M/H] may change without a warning."""

FLASH = 0.3
"""By how much log g jumps at the helium flash."""

ROUNDING = 3e-7
"""How far masses may step back where tracks are joined, relative."""


@dataclass(frozen=True)
class Isochrone:
    """One isochrone: points in order of initial mass, see `Isochrones`.

    Attributes
    ----------
    age
        [Gyr].
    metallicity
        Initial [M/H].
    mass, magnitudes, phase, log_g, temperature
        As in `Isochrones`.
    """

    age: float
    metallicity: float
    mass: np.ndarray
    magnitudes: np.ndarray
    phase: np.ndarray
    log_g: np.ndarray
    temperature: np.ndarray

    def at(self, points: np.ndarray) -> "Isochrone":
        """Return an isochrone of some of the points.

        Parameters
        ----------
        points
            Indices, or which points.
        """
        return Isochrone(
            self.age,
            self.metallicity,
            *(
                getattr(self, key)[points]
                for key in ("mass", "magnitudes", "phase", "log_g", "temperature")
            ),
        )

    def with_flash(self) -> "Isochrone":
        """Return an isochrone in which the helium flash takes no stars along its way.

        Some tables begin core helium burning at a higher initial mass than that of the
        last red giant. The stars between settle to the clump within some million years,
        so they are put at its beginning, and not along a line from the tip of the red
        giant branch, which would add up to a third to the stars just below the tip.
        """
        before, after = self.phase[:-1], self.phase[1:]
        flashes = np.isin(before, (RED_GIANT, CLUMP)) & (after == CLUMP)
        jumps = np.diff(self.log_g) > FLASH
        gaps = np.flatnonzero(flashes & jumps & (np.diff(self.mass) > 0.0))
        if len(gaps) == 0:
            return self
        order = np.sort(np.concatenate([np.arange(len(self.mass)), gaps + 1]))
        doubled = self.at(order)
        inserted = gaps + 1 + np.arange(len(gaps))
        mass = doubled.mass.copy()
        mass[inserted] = self.mass[gaps]
        return replace(doubled, mass=mass)

    def simplified(self, tolerance: float, pulses: float | None = None) -> "Isochrone":
        """Return an isochrone of fewer points, see `kept_points`."""
        return self.at(
            kept_points(self.mass, self.magnitudes, self.phase, tolerance, pulses)
        )


def weighted(
    name: str,
    grid: Sequence[Isochrone],
    where: str,
    populations: Mapping[str, Population] = POPULATIONS,
) -> Isochrones:
    """Give the isochrones of a grid their weights in each component.

    Parameters
    ----------
    name
        Models, photometry and where they come from.
    grid
        Isochrones of some [M/H], each of some ages.
    where
        File or grid, for messages.
    populations
        Of each component.

    Returns
    -------
    Isochrones in which components share points; those without weight are left out.

    Raises
    ------
    CatalogueError
        Two isochrones are of the same age and [M/H].
    """
    ages = np.array([each.age for each in grid])
    metallicities = np.array([each.metallicity for each in grid])
    weights = {
        component: sequence_weights(population, ages, metallicities, where)
        for component, population in populations.items()
    }
    _warn_of_shifts(weights, ages, metallicities, populations, where)
    shares = np.array(list(weights.values()))
    used = [int(row) for row in np.flatnonzero(np.any(shares > 0.0, axis=0))]
    stop = np.cumsum([len(grid[index].mass) for index in used])
    place = {index: row for row, index in enumerate(used)}
    members = [
        (component, place[int(index)], weight[index])
        for component, weight in weights.items()
        for index in np.flatnonzero(weight)
    ]
    return joined(name, [grid[index] for index in used], stop, members)


def _warn_of_shifts(
    weights: Mapping[str, np.ndarray],
    ages: np.ndarray,
    metallicities: np.ndarray,
    populations: Mapping[str, Population],
    where: str,
) -> None:
    shifted = []
    for component, weight in weights.items():
        population = populations[component]
        age, wanted = float(weight @ ages), population.mean_age()
        metal, wished = float(weight @ metallicities), population.mean_metallicity()
        if abs(age / wanted - 1.0) > AGE_SHIFT or abs(metal - wished) > METAL_SHIFT:
            shifted.append(
                f"{component} ({age:.2g} Gyr, {metal:+.2f} for {wanted:.2g}, "
                f"{wished:+.2f})"
            )
    if shifted:
        warn(
            f"the isochrones do not reach the ages and [M/H] of {some(shifted, 4)}: "
            f"the nearest stand for them ({where})",
            ReseauWarning,
        )


def joined(
    name: str,
    grid: Sequence[Isochrone],
    stop: np.ndarray,
    members: Sequence[tuple[str, int, float]],
) -> Isochrones:
    """Join isochrones to one table.

    Parameters
    ----------
    name
        Of the table.
    grid
        The isochrones.
    stop
        Where each one's points end.
    members
        Component, row in `grid` and weight of each sequence.
    """
    rows = np.array([row for _, row, _ in members])
    start = np.concatenate([[0], stop[:-1]])
    return Isochrones(
        name=name,
        component=tuple(component for component, _, _ in members),
        age=np.array([grid[row].age for row in rows]),
        metallicity=np.array([grid[row].metallicity for row in rows]),
        weight=np.array([weight for _, _, weight in members]),
        start=start[rows],
        stop=stop[rows],
        **{
            key: np.concatenate([getattr(each, key) for each in grid])
            for key in ("mass", "magnitudes", "phase", "log_g", "temperature")
        },
    )


def in_order(mass: np.ndarray) -> np.ndarray:
    """Return initial masses without the steps back that rounding makes.

    Parameters
    ----------
    mass
        In order of evolution [Msun]. Tracks are joined in single precision, so a mass
        may lie below the one before it by some units of the last digit.

    Returns
    -------
    The masses; each that is lower than one before it by less than 3e-7 of itself is
    made equal to that one.
    """
    highest = np.maximum.accumulate(mass)
    return np.where(highest - mass < ROUNDING * mass, highest, mass)


__all__ = ["Isochrone", "in_order", "joined", "weighted"]
