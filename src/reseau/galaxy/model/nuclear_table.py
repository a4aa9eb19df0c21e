"""The density of a nuclear disc on a grid of radius and height.

Between points the logarithm is linear in both: the density falls exponentially.
"""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, FileFormatError, explain

from .places import Places

GENULENS = "genulens"
GENULENS_FILE = "NSD_moments.dat"
COLUMNS = ("radius_pc", "height_pc", "density_msun_pc3")
PC_PER_KPC = 1000.0


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
        "genulens": the density of Sormani et al. 2022 (MNRAS 512, 1857) that the
        package genulens holds; else a CSV file with the columns ``radius_pc``,
        ``height_pc`` and ``density_msun_pc3``, a row for every pair.
    folder
        Where a file is that is named without one.

    Raises
    ------
    ConfigError
        The package is not installed.
    FileFormatError
        The file is not such a table.
    """
    if name == GENULENS:
        path = _genulens_file()
        radius, height, density = np.loadtxt(path, usecols=(0, 1, 2), unpack=True)
        scale = PC_PER_KPC
        return _of_rows(radius * scale, height * scale, density, path)
    path = folder / name
    return _of_rows(*_csv_rows(path), path)


def _csv_rows(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise _refused(f"{path.name} cannot be read: {error}", path) from error
    head = [n.strip() for n in lines[0].split(",")] if lines else []
    missing = [n for n in COLUMNS if n not in head]
    if missing:
        raise _refused(f"the columns {', '.join(missing)} are missing", path)
    try:
        rows = np.loadtxt(
            lines[1:], delimiter=",", usecols=[head.index(n) for n in COLUMNS], ndmin=2
        )
    except ValueError as error:
        raise _refused(f"a row that is not of numbers: {error}", path) from error
    radius, height, density = rows.T
    return radius, height, density


def _of_rows(
    radius: np.ndarray, height: np.ndarray, density: np.ndarray, path: Path
) -> DensityTable:
    """Return a table of rows in any order, one for every pair."""
    radii, i = np.unique(np.round(radius, 6), return_inverse=True)
    heights, j = np.unique(np.round(height, 6), return_inverse=True)
    grid = np.full((len(radii), len(heights)), np.nan)
    grid[i, j] = density
    if min(grid.shape) < 2 or radii[0] != 0.0 or heights[0] != 0.0:
        raise _refused(
            f"{len(radii)} radii and {len(heights)} heights, from {radii[0]:g} and "
            f"{heights[0]:g} pc",
            path,
        )
    if len(radius) != grid.size or not (np.isfinite(grid) & (grid > 0.0)).all():
        raise _refused(
            f"{len(radius)} rows for {grid.size} pairs of radius and height, "
            f"{np.sum(~(grid > 0.0))} of them without a density above 0",
            path,
        )
    return DensityTable(radii, heights, np.log(grid))


def _refused(given: str, path: Path) -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted=f"a CSV file with the columns {', '.join(COLUMNS)}: densities above "
            "0 for every pair of radius and height, both from 0",
            where=str(path),
            todo="correct the table",
        )
    )


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
            where="the key table of the nuclear disc",
            todo='pip install "reseau[galaxy]", or law = "flattened"',
        )
    )


__all__ = ["DensityTable", "density_table"]
