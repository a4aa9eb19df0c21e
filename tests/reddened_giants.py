"""Giants behind a known map of the reddening, with a foreground, as a survey sees."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from reseau.galaxy.extinction import (
    GiantSettings,
    MeasuredReddening,
    ReddeningSettings,
    giants_in_round_numbers,
    read_law,
    read_profile,
    scale_of,
)
from reseau.galaxy.extinction.clump import clump_distance
from reseau.galaxy.extinction.giant_field import TemplateOf
from reseau.galaxy.extinction.giants import distances

Reddening = Callable[[np.ndarray, np.ndarray], np.ndarray]


def seen(
    stars: dict[str, np.ndarray],
    rng: np.random.Generator,
    *,
    j_limit: float,
    ks_limit: float,
) -> dict[str, np.ndarray]:
    """Return stars with noise in J and Ks, as far as they are within the limits."""
    columns = dict(stars)
    for band, knee in (("J", 15.0), ("Ks", 13.0)):
        error = np.hypot(0.015, 0.015 * 10.0 ** (0.3 * (stars[band] - knee)))
        columns[band] = stars[band] + error * rng.standard_normal(len(error))
        columns[f"{band}_error"] = error
    kept = (columns["J"] < j_limit) & (columns["Ks"] < ks_limit) & (columns["Ks"] > 8.0)
    return {name: values[kept] for name, values in columns.items()}


@dataclass(frozen=True)
class Field:
    """What is seen: place [deg], size [deg], stars, limits, and what spoils it."""

    reddening: Reddening
    place: tuple[float, float] = (0.3, -0.3)
    size: float = 0.2
    stars: int = 60_000
    j_limit: float = 17.5
    ks_limit: float = 15.0
    scatter: float = 0.06
    foreground: float = 0.0
    law: str = "wang2019"
    giants: GiantSettings = field(default_factory=GiantSettings)

    def template(self, settings: ReddeningSettings) -> TemplateOf:
        """Return templates of the giants that there are."""
        scale = scale_of(read_law(self.law), settings)
        return giants_in_round_numbers(read_profile(), scale, self.giants)

    def catalogue(self, seed: int) -> dict[str, np.ndarray]:
        """Return the stars that are brighter than the limits, with noise."""
        rng = np.random.default_rng(seed)
        n = self.stars
        longitude = self.place[0] + rng.uniform(-0.5, 0.5, n) * self.size
        latitude = self.place[1] + rng.uniform(-0.5, 0.5, n) * self.size
        distance, absolute, colour = self._stars(rng, longitude, latitude)
        share = read_profile().share(longitude, latitude, distance)
        clumps = np.exp(self.scatter * rng.standard_normal(n) - 0.5 * self.scatter**2)
        excess = self.reddening(longitude, latitude) * clumps * share
        dimmed = read_law(self.law).extinction_of(excess, ("J", "Ks"))
        ks = absolute + 5.0 * np.log10(distance / 10.0) + dimmed[:, 1]
        j = ks - dimmed[:, 1] + dimmed[:, 0] + colour
        stars = {"l": longitude, "b": latitude, "J": j, "Ks": ks}
        return seen(stars, rng, j_limit=self.j_limit, ks_limit=self.ks_limit)

    def _stars(
        self, rng: np.random.Generator, longitude: np.ndarray, latitude: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, nodes, stars = self.stars, distances(), self.giants.population()
        density = self.giants.density(self.place, nodes)[0] * np.gradient(nodes)
        total = np.cumsum(density) / density.sum()
        distance = np.interp(rng.uniform(size=n), total, nodes)
        # The bulge is where its clump is, in each direction.
        here = (np.array([x]) for x in self.place)
        centre = self.giants.centre
        distance += clump_distance(longitude, latitude, centre=centre)
        distance -= clump_distance(*here, centre=centre)
        row = rng.choice(len(stars.weight), n, p=stars.weight)
        absolute = stars.magnitude[row] + rng.uniform(-0.025, 0.025, n)
        colour = stars.colour[row] + rng.normal(0.0, 0.01, n)
        dwarf = rng.uniform(size=n) < self.foreground
        near = rng.uniform(300.0, 6000.0, n)
        return (
            np.where(dwarf, near, distance),
            np.where(dwarf, rng.uniform(1.0, 5.0, n), absolute),
            np.where(dwarf, rng.uniform(0.3, 0.9, n), colour),
        )

    def pulls(self, found: MeasuredReddening) -> np.ndarray:
        """Return what blocks are off, in their errors, where these are bounded."""
        edges = found.map.longitude_edges, found.map.latitude_edges
        part = (np.arange(5) + 0.5) / 5.0
        fine = [(e[:-1, None] + np.diff(e)[:, None] * part).ravel() for e in edges]
        truth = self.reddening(*np.meshgrid(*fine, indexing="ij"))
        shape = found.block.shape
        truth = truth.reshape(shape[0], 5, shape[1], 5).mean(axis=(1, 3))
        used = (found.block >= 0) & found.bounded
        number = np.unique(found.block[used], return_inverse=True)[1].ravel()
        cells = np.bincount(number)
        off = np.bincount(number, (found.map.excess - truth)[used]) / cells
        return off / (np.bincount(number, found.error[used]) / cells)
