"""The density of the nuclear disc on a grid of radius and height.

Between points the logarithm is linear in both: the density falls exponentially.
"""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, FileFormatError, explain

from .places import Places

GENULENS_FILE = "NSD_moments.dat"
PC_PER_KPC = 1000.0


@dataclass(frozen=True, eq=False)
class DensityTable:
    """Density on a regular grid; beyond it there is nothing.

    Attributes
    ----------
    radius, height
        Of the grid [pc], from 0, evenly spaced.
    log_density
        Natural logarithm of the density [Msun/pc^3].
    """

    radius: Float[np.ndarray, "r"]
    height: Float[np.ndarray, "h"]
    log_density: Float[np.ndarray, "r h"]

    def __post_init__(self) -> None:
        for name in ("radius", "height"):
            steps = np.diff(getattr(self, name))
            good = getattr(self, name)[0] == 0.0 and len(steps) and steps[0] > 0.0
            if not good or not np.allclose(steps, steps[0], rtol=1e-6):
                raise _bad(f"{name} is not evenly spaced from 0")
        if not np.isfinite(self.log_density).all():
            raise _bad("a density that is not a finite number above 0")

    def density(self, places: Places) -> np.ndarray:
        """Return the density of mass [Msun/pc^3]."""
        near = places.radius <= self.radius[-1]
        near &= places.height <= self.height[-1]
        found = np.zeros(len(near))
        rows = np.flatnonzero(near)
        i, u = _cell(self.radius, places.radius[rows])
        j, v = _cell(self.height, places.height[rows])
        log = self.log_density
        bottom = (1.0 - u) * log[i, j] + u * log[i + 1, j]
        top = (1.0 - u) * log[i, j + 1] + u * log[i + 1, j + 1]
        found[rows] = np.exp((1.0 - v) * bottom + v * top)
        return found


def _cell(grid: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    steps = value / (grid[1] - grid[0])
    cell = np.minimum(steps.astype(np.int64), len(grid) - 2)
    return cell, steps - cell


def _bad(given: str, where: str = "the table of the nuclear disc") -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted="densities above 0 [Msun/pc^3] on an even grid of radius and height",
            where=where,
            todo="correct the table",
        )
    )


def genulens_table() -> DensityTable:
    """Return the density of Sormani et al. 2022 that the package genulens holds.

    Raises
    ------
    ConfigError
        The package is not installed.
    FileFormatError
        Its table is not what it was.
    """
    path = _genulens_file()
    radius, height, density = np.loadtxt(path, usecols=(0, 1, 2), unpack=True)
    return table_of_rows(radius * PC_PER_KPC, height * PC_PER_KPC, density, path)


def _genulens_file() -> Path:
    try:
        files = importlib.metadata.files("genulens") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == GENULENS_FILE:
            return Path(str(file.locate()))
    raise ConfigError(
        explain(
            given="the package genulens is not installed, or lacks its tables",
            wanted=f"its table {GENULENS_FILE}",
            where="the nuclear disc's table",
            todo='pip install "reseau[galaxy]", or table = "shipped"',
        )
    )


def table_of_rows(
    radius: np.ndarray, height: np.ndarray, density: np.ndarray, where: str | Path
) -> DensityTable:
    """Return a table of rows in any order, one for every pair.

    Parameters
    ----------
    radius, height
        [pc].
    density
        [Msun/pc^3].
    where
        For messages.
    """
    radii, i = np.unique(np.round(radius, 6), return_inverse=True)
    heights, j = np.unique(np.round(height, 6), return_inverse=True)
    grid = np.full((len(radii), len(heights)), np.nan)
    grid[i, j] = density
    if not (grid > 0.0).all() or len(radius) != grid.size:
        raise _bad(f"{len(radius)} rows for {grid.size} pairs", str(where))
    return DensityTable(radii, heights, np.log(grid))


__all__ = ["DensityTable", "genulens_table", "table_of_rows"]
