"""The figure of a measured map of the reddening: what it shows and needs."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from reseau.plots.galaxy_extinction import extinction_maps

from .figures import Kind


@dataclass(frozen=True, eq=False)
class DrawableReddening:
    """What the figure of a measured map is drawn from.

    Attributes
    ----------
    edges
        Of cells in Galactic longitude and latitude [deg], rising.
    excess, error
        E(J-Ks) in VVV's bands and its 1σ [mag]; NaN: no value.
    bounded
        False where stars do not say how great the reddening is at most.
    name
        What the map is of.
    """

    edges: tuple[np.ndarray, np.ndarray]
    excess: np.ndarray
    error: np.ndarray
    bounded: np.ndarray
    name: str


def draw_reddening(given: DrawableReddening) -> Figure:
    """Draw the reddening, and its errors beside it; crosses: lower limits."""
    open_ended = np.isfinite(given.excess) & ~given.bounded
    crosses = "; crosses: lower limits" if open_ended.any() else ""
    figure = extinction_maps(
        given.edges,
        given.excess,
        given.error,
        title=f"Reddening measured by the giants of {given.name}{crosses}",
        scatter_label="1σ of the measured E(J-Ks) [mag]",
    )
    if crosses:
        i, j = np.nonzero(open_ended)
        middle = [0.5 * (edges[1:] + edges[:-1]) for edges in given.edges]
        figure.axes[0].scatter(
            middle[0][i], middle[1][j], s=9.0, marker="x", color="white", lw=0.6
        )
    return figure


def _lacks_values(given: DrawableReddening) -> str:
    return "" if np.isfinite(given.excess).any() else "no cell has a value"


REDDENING_KINDS: dict[str, Kind[DrawableReddening]] = {
    "reddening": Kind(
        "E(J-Ks) as measured, with its errors", draw_reddening, _lacks_values
    )
}
"""The figures of a measured map of the reddening."""

__all__ = ["REDDENING_KINDS", "DrawableReddening"]
