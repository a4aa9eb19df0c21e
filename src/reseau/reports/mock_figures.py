"""Every figure of a mock catalogue, by name: what it shows and needs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.plots.mock_catalogue import (
    PARTS,
    colour_magnitude,
    counts_map,
    motions_by_component,
)
from reseau.plots.mock_parts import mock_reddening, parts_by_distance, parts_on_the_sky

from .figures import Kind

BULGE = ("bar", "nuclear disc", "nuclear cluster")
"""Parts whose reddening is shown: all about as far away."""


@dataclass(frozen=True, eq=False)
class DrawableMock:
    """What figures of a mock are drawn from.

    Attributes
    ----------
    columns
        Of its table, missing numbers NaN, and ``component`` as text; motions along
        Galactic longitude and latitude as ``pml_cosb`` and ``pmb``.
    """

    columns: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column."""
        return self.columns[name]

    @property
    def in_the_bulge(self) -> np.ndarray:
        """Which stars are in the bar or the nuclear parts."""
        names = [name for part in BULGE for name in PARTS[part][0]]
        return np.isin(self["component"], names)


def draw_colour_magnitude(given: DrawableMock) -> Axes:
    """Draw the colour-magnitude diagram."""
    ks = given["phot_ks_mag"]
    return colour_magnitude(given["phot_j_mag"] - ks, ks, given["component"])


def draw_counts(given: DrawableMock) -> Axes:
    """Draw how many stars there are on the sky."""
    return counts_map(given["l"], given["b"])


def draw_motions(given: DrawableMock) -> Axes:
    """Draw proper motions in Galactic coordinates."""
    return motions_by_component(given["pml_cosb"], given["pmb"], given["component"])


def draw_components(given: DrawableMock) -> Figure:
    """Draw the stars of each part on the sky."""
    return parts_on_the_sky(given["l"], given["b"], given["component"])


def draw_distances(given: DrawableMock) -> Axes:
    """Draw the distances of the stars of each part."""
    return parts_by_distance(given["distance"], given["component"])


def draw_reddening(given: DrawableMock) -> Figure:
    """Draw the reddening of stars in the bulge, and their colours."""
    rows = np.flatnonzero(given.in_the_bulge)
    colour = given["phot_j_mag"] - given["phot_ks_mag"]
    return mock_reddening(
        given["l"][rows], given["b"][rows], given["ejks"][rows], colour[rows]
    )


def _lacks_stars(given: DrawableMock) -> str:
    return "" if len(given["component"]) else "it has no stars"


def _lacks_bulge(given: DrawableMock) -> str:
    return "" if given.in_the_bulge.any() else "no star is in the bulge"


MOCK_KINDS: dict[str, Kind[DrawableMock]] = {
    "colour_magnitude": Kind(
        "colours and magnitudes by part of the Galaxy", draw_colour_magnitude
    ),
    "counts": Kind("stars on the sky", draw_counts),
    "motions": Kind("proper motions by part of the Galaxy", draw_motions),
    "components": Kind(
        "stars on the sky by part of the Galaxy", draw_components, _lacks_stars
    ),
    "distances": Kind(
        "distances of stars by part of the Galaxy", draw_distances, _lacks_stars
    ),
    "reddening": Kind(
        "reddening and colours of stars in the bulge", draw_reddening, _lacks_bulge
    ),
}
"""The figures of a mock, in the order in which they are drawn."""

__all__ = ["MOCK_KINDS", "DrawableMock"]
