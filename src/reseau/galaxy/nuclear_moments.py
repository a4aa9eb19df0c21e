"""Tables of density and velocity moments of the nuclear disc and the nuclear cluster.

The shipped tables are made by ``examples/make_nuclear_moments.py``: the disc from the
distribution function of Sormani et al. (2022, MNRAS 512, 1857), rebuilt, the cluster
from the Jeans equations. The package genulens holds the disc's moments as that paper's
authors computed them; it is read as data where it is installed.
"""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reseau.errors import FileFormatError, explain

from .published_data import data_file, require_data_file

Table = Float[np.ndarray, "radius height"]

FILE = "nuclear_moments.npz"
GENULENS_FILE = "NSD_moments.dat"
GENULENS_COLUMNS = 8
PC_PER_KPC = 1000.0


@dataclass(frozen=True, eq=False)
class DiscTable:
    """The nuclear disc on a grid of radius and height.

    Attributes
    ----------
    source
        Where it is from.
    radius, height
        Knots from 0, increasing [pc].
    density
        Of mass [Msun / pc³], (radius, height).
    rotation
        Mean azimuthal velocity [km/s].
    sigma_r, sigma_phi, sigma_z
        Dispersions [km/s].
    correlation
        Of the velocities outwards and upwards, above the plane.
    """

    source: str
    radius: Float[np.ndarray, "radius"]
    height: Float[np.ndarray, "height"]
    density: Table
    rotation: Table
    sigma_r: Table
    sigma_phi: Table
    sigma_z: Table
    correlation: Table


@dataclass(frozen=True, eq=False)
class ClusterTable:
    """The nuclear cluster on a grid of distance and sine of the latitude.

    Attributes
    ----------
    distance
        From Sgr A*, in equal steps of the logarithm [pc].
    sine
        Of the latitude above the plane, from 0 to 1.
    meridional
        Dispersion outwards, and upwards [km/s], (distance, sine).
    azimuthal
        Root mean square velocity in azimuth [km/s].
    black_hole_mass
        That the moments are computed with [Msun].
    """

    distance: Float[np.ndarray, "distance"]
    sine: Float[np.ndarray, "sine"]
    meridional: Float[np.ndarray, "distance sine"]
    azimuthal: Float[np.ndarray, "distance sine"]
    black_hole_mass: float


def shipped_disc() -> DiscTable:
    """Return the table of the nuclear disc that comes with reseau."""
    stored = _stored()
    density = np.exp(stored["disc_log_density"])
    parts = {name: stored[f"disc_{name}"] for name in MOMENTS}
    radius, height = stored["disc_radius"], stored["disc_height"]
    return DiscTable("shipped", radius, height, density, **parts)


MOMENTS = ("rotation", "sigma_r", "sigma_phi", "sigma_z", "correlation")


def shipped_cluster() -> ClusterTable:
    """Return the table of the nuclear cluster that comes with reseau."""
    stored = _stored()
    return ClusterTable(
        stored["cluster_distance"],
        stored["cluster_sine"],
        np.exp(stored["cluster_log_meridional"]),
        np.exp(stored["cluster_log_azimuthal"]),
        float(stored["black_hole_mass"]),
    )


def _stored() -> dict[str, np.ndarray]:
    with (
        resources.files("reseau.galaxy").joinpath("data", FILE).open("rb") as stream,
        np.load(stream, allow_pickle=False) as stored,
    ):
        return {name: stored[name].astype(np.float64) for name in stored.files}


def genulens_disc() -> DiscTable:
    """Return the table of the nuclear disc that the package genulens holds.

    Raises
    ------
    ConfigError
        The package is not installed.
    FileFormatError
        Its table is not what is expected.
    """
    return read_disc(
        require_data_file(
            GENULENS_FILE,
            where="the moments of the nuclear disc",
            instead='take moments = "shipped"',
        )
    )


def genulens_file() -> Path | None:
    """Return where genulens has its table of moments; None: it is not installed."""
    return data_file(GENULENS_FILE)


def read_disc(path: str | Path) -> DiscTable:
    """Read moments from a file in the columns of genulens.

    Parameters
    ----------
    path
        Text: radius and height [kpc], density [Msun / pc³], rotation, dispersions in
        azimuth, outwards and upwards [km/s], and the correlation; one row for every
        pair of radius and height, in any order.

    Raises
    ------
    FileFormatError
        The file is absent, or is not such a table.
    """
    try:
        rows = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise _bad(path, str(error)) from error
    if rows.shape[1] != GENULENS_COLUMNS or not len(rows):
        raise _bad(path, f"{rows.shape[0]} rows of {rows.shape[1]} columns")
    radius, i = np.unique(np.round(rows[:, 0] * PC_PER_KPC, 6), return_inverse=True)
    height, k = np.unique(np.round(rows[:, 1] * PC_PER_KPC, 6), return_inverse=True)
    grid = np.full((len(radius), len(height), GENULENS_COLUMNS - 2), np.nan)
    grid[i, k] = rows[:, 2:]
    if len(rows) != grid[..., 0].size or not np.isfinite(grid).all():
        raise _bad(path, f"{len(rows)} rows for {len(radius)} x {len(height)} places")
    if min(len(radius), len(height)) < 2 or radius[0] != 0.0 or height[0] != 0.0:
        raise _bad(path, "a grid that does not begin at the centre")
    # Columns 0, 2, 3, 4: density and dispersions, of which logarithms are taken.
    if (grid[..., [0, 2, 3, 4]] <= 0.0).any() or (np.abs(grid[..., 5]) >= 1.0).any():
        raise _bad(path, "a density or dispersion of 0 or less, or a correlation of 1")
    density, rotation, sigma_phi, sigma_r, sigma_z, correlation = np.moveaxis(
        grid, -1, 0
    )
    return DiscTable(
        str(path),
        radius,
        height,
        density,
        rotation,
        sigma_r,
        sigma_phi,
        sigma_z,
        correlation,
    )


def _bad(path: str | Path, given: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted="8 columns: R, |Z| [kpc], density, v_phi, σ_phi, σ_R, σ_z, "
            "correlation of v_R and v_z, for every pair of R and |Z| from 0",
            where=str(path),
            todo='correct the table, or moments = "shipped"',
        )
    )


__all__ = [
    "ClusterTable",
    "DiscTable",
    "genulens_disc",
    "genulens_file",
    "read_disc",
    "shipped_cluster",
    "shipped_disc",
]
