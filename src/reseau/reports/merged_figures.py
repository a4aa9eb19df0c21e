"""Every figure of a table of merged surveys, by name: what it shows and needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.errors import DegeneracyError
from reseau.galaxy.extinction import MeasuredReddening, reddening_of_catalogue
from reseau.plots.galaxy_extinction import extinction_maps
from reseau.plots.mock_catalogue import counts_map
from reseau.plots.star_density import star_density

from .figures import Kind

BANDS = {"J": "phot_j_mag", "H": "phot_h_mag", "Ks": "phot_ks_mag"}
LEAST = 150
"""Stars with J and Ks that a map of the reddening needs."""


@dataclass(frozen=True, eq=False)
class DrawableMerged:
    """What figures of merged surveys are drawn from.

    Attributes
    ----------
    columns
        Places, magnitudes and their errors by the names of the table; NaN: missing.
    """

    columns: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column."""
        return self.columns[name]

    @cached_property
    def candidates(self) -> dict[str, np.ndarray]:
        """Places, J, H, Ks and errors of the stars that have J and Ks with errors."""
        needed = [self[f"{BANDS[b]}{e}"] for b in ("J", "Ks") for e in ("", "_error")]
        known = np.isfinite(np.stack(needed)).all(axis=0)
        found = {name: self[name][known] for name in ("l", "b")}
        for band, name in BANDS.items():
            found[band] = self[name][known]
            found[f"{band}_error"] = self[f"{name}_error"][known]
        return found

    @cached_property
    def measured(self) -> MeasuredReddening:
        """E(J-Ks) of its cells, of giants."""
        return reddening_of_catalogue(self.candidates)


def draw_colour_magnitude(given: DrawableMerged) -> Axes:
    """Draw the colour-magnitude diagram as a density."""
    ks = given["phot_ks_mag"]
    return star_density(given["phot_j_mag"] - ks, ks)


def draw_counts(given: DrawableMerged) -> Axes:
    """Draw how many sources there are on the sky."""
    return counts_map(given["l"], given["b"])


def draw_reddening(given: DrawableMerged) -> Figure:
    """Draw the reddening that the stars themselves tell."""
    found = given.measured
    return extinction_maps(
        (found.map.longitude_edges, found.map.latitude_edges),
        found.map.excess,
        found.error,
        title="Reddening of giants, at the red clump's distance",
        scatter_label="1σ of E(J-Ks), cells of a block alike [mag]",
    )


def _lacks(*names: str) -> Callable[[DrawableMerged], str]:
    def lacks(given: DrawableMerged) -> str:
        known = np.all([np.isfinite(given[name]) for name in names], axis=0)
        return "" if known.any() else f"no source has {' and '.join(names)}"

    return lacks


def _lacks_reddening(given: DrawableMerged) -> str:
    n = len(given.candidates["l"])
    if n < LEAST:
        return f"{n} stars have J and Ks with errors, {LEAST} are needed"
    try:
        _ = given.measured
    except DegeneracyError as error:
        return str(error).splitlines()[0]
    return ""


MERGED_KINDS: dict[str, Kind[DrawableMerged]] = {
    "colour_magnitude": Kind(
        "colours and magnitudes",
        draw_colour_magnitude,
        _lacks("phot_j_mag", "phot_ks_mag"),
    ),
    "counts": Kind("sources on the sky", draw_counts, _lacks("l", "b")),
    "reddening": Kind(
        "E(J-Ks) of the catalogue's own giants, with errors",
        draw_reddening,
        _lacks_reddening,
    ),
}
"""The figures of merged surveys, in the order in which they are drawn."""

__all__ = ["MERGED_KINDS", "DrawableMerged"]
