"""Measured maps of the reddening in files: whether one is, its facts, its figure."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from reseau.errors import FileFormatError, explain
from reseau.galaxy.extinction import GridMap, read_extinction_map
from reseau.galaxy.extinction.written_maps import read_provenance
from reseau.reports.reddening_figures import DrawableReddening
from reseau.tables import columns_of, is_path, read_table
from reseau.tables.dialects.parquet import damage_of_parquet

from .reddening_map import ReddeningMap

Facts = list[tuple[str, str]]
Given = Path | ReddeningMap


def provenance_of(path: Path) -> dict[str, Any] | None:
    """Return what a measured map's file says of itself; None: it is none.

    Parameters
    ----------
    path
        Any path.
    """
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return None
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return None
    with damage_of_parquet(path):
        return read_provenance(pq.read_schema(path).metadata)


def measured_map_of(given: Any) -> Given | None:
    """Return a measured map; None: what is given is none.

    Parameters
    ----------
    given
        A file that `mock_reddening` wrote, what it returned, or anything else.
    """
    if isinstance(given, ReddeningMap):
        return given
    if is_path(given) and provenance_of(Path(given)) is not None:
        return Path(given)
    return None


def reddening_facts(told: dict[str, Any]) -> Facts:
    """Return names and values of a measured map, for people.

    Parameters
    ----------
    told
        What its file says of itself.
    """
    counts, median, grid = told["counts"], told["median"], told["grid"]
    step, shape = grid["step"], grid["shape"]
    limits = [f"{b} {low:g} to {high:g}" for b, (low, high) in told["limits"].items()]
    model = [told[k] for k in ("galaxy", "isochrones") if k in told]
    return [
        ("catalogue", told["catalogue"]),
        ("window", str(told["window"] or "all stars")),
        ("cells", f"{shape[0]} x {shape[1]} of {step[0]:g} x {step[1]:g} deg"),
        ("with a value", f"{counts['with a value']:,}"),
        ("giants", f"{counts['used']:,} of {counts['stars']:,} stars"),
        ("limits", ", ".join(limits)),
        ("templates", ", ".join([told["giants"], *model])),
        ("extinction", f"law {told['extinction_law']}, profile {told['dust_profile']}"),
        (
            "E(J-Ks)",
            f"median {median['ejks']:.3f} mag, error {median['ejks_error']:.3f}",
        ),
    ]


def drawable_reddening(given: Given) -> DrawableReddening:
    """Return a measured map as its figure needs it.

    Parameters
    ----------
    given
        Its file, or what `mock_reddening` returned.
    """
    if isinstance(given, ReddeningMap):
        found = given.measured
        known = found.block >= 0
        name, grid = Path(given.catalogue).name, found.map
        error, bounded = found.error, found.bounded & known
    else:
        name = (provenance_of(given) or {}).get("catalogue", given.name)
        grid, error, bounded = _read(given)
    edges = (grid.longitude_edges, grid.latitude_edges)
    return DrawableReddening(edges, grid.excess, error, bounded, name)


def _read(path: Path) -> tuple[GridMap, np.ndarray, np.ndarray]:
    """Return the map of a file, its errors, and whether values are bounded."""
    grid, columns = read_extinction_map(path), columns_of(read_table(path))
    if not isinstance(grid, GridMap) or not {"ejks_error", "bounded"} <= set(columns):
        raise FileFormatError(
            explain(
                given="a measured map without ejks_error and bounded",
                wanted="a file as reseau mock reddening writes it",
                where=str(path),
                todo="measure the map anew",
            )
        )
    i, j, _, _ = grid.cell(columns["l"], columns["b"])
    error, bounded = (
        np.full(grid.excess.shape, np.nan),
        np.zeros(grid.excess.shape, bool),
    )
    error[i, j], bounded[i, j] = columns["ejks_error"], columns["bounded"]
    return grid, error, bounded


__all__ = [
    "drawable_reddening",
    "measured_map_of",
    "provenance_of",
    "reddening_facts",
]
