"""The density of the nuclear disc from the table that its velocities are from too.

Between knots the logarithm is linear in radius and height: the density falls
exponentially.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reseau.galaxy.nuclear_moments import genulens_disc, read_disc, shipped_disc

from .places import Places

TABLES = {"shipped": shipped_disc, "genulens": genulens_disc}


@dataclass(frozen=True, eq=False)
class DensityTable:
    """Density on a grid; beyond it there is nothing.

    Attributes
    ----------
    radius, height
        Knots [pc], rising from 0.
    log_density
        Natural logarithm of the density [Msun/pc^3].
    """

    radius: Float[np.ndarray, "r"]
    height: Float[np.ndarray, "h"]
    log_density: Float[np.ndarray, "r h"]

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All that the density follows from."""
        return (self.radius, self.height, self.log_density)

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3]."""
        near = (places.radius <= self.radius[-1]) & (places.height <= self.height[-1])
        rows = np.flatnonzero(near)
        i, u = _cell(self.radius, places.radius[rows])
        j, v = _cell(self.height, places.height[rows])
        log = self.log_density
        bottom = (1.0 - u) * log[i, j] + u * log[i + 1, j]
        top = (1.0 - u) * log[i, j + 1] + u * log[i + 1, j + 1]
        found = np.zeros(len(places))
        found[rows] = np.exp((1.0 - v) * bottom + v * top)
        return found


def _cell(knots: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which cells values are in, and how far through them they are."""
    cell = np.searchsorted(knots, value, side="right") - 1
    cell = np.minimum(cell, len(knots) - 2)
    return cell, (value - knots[cell]) / (knots[cell + 1] - knots[cell])


def density_table(name: str, folder: Path) -> DensityTable:
    """Return a table by its name.

    Parameters
    ----------
    name
        "shipped", "genulens", or a file that `read_disc` reads.
    folder
        Where a file is that is named without one.

    Raises
    ------
    ConfigError
        The package genulens is not installed.
    FileFormatError
        The file is not such a table.
    """
    disc = TABLES[name]() if name in TABLES else read_disc(folder / name)
    return DensityTable(disc.radius, disc.height, np.log(disc.density))


__all__ = ["DensityTable", "density_table"]
