"""How many exposures a survey takes of each place of the sky."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import StrMethodFormatter
from numpy import ndarray

from ._style import VERMILION, new_axes

NAMES = {
    "galactic": ("Galactic longitude l [deg]", "Galactic latitude b [deg]"),
    "icrs": ("right ascension α [deg]", "declination δ [deg]"),
}
"""Labels of the axes, by frame."""


def exposure_map(
    longitude: Float[ndarray, "x"],
    latitude: Float[ndarray, "y"],
    exposures: Float[ndarray, "x y"],
    *,
    region: tuple[float, float, float, float],
    frame: str = "galactic",
    ax: Axes | None = None,
) -> Axes:
    """Draw how many exposures see each place, and the region's edge.

    Parameters
    ----------
    longitude, latitude
        Middles of the map's cells, evenly spaced [deg].
    exposures
        Number of exposures that see each.
    region
        Longitudes of its edges and latitudes of its edges, lesser ones first [deg].
    frame
        "galactic" or "icrs".
    ax
        Where to draw; absent: a new figure.
    """
    flat = np.cos(np.deg2rad(latitude.mean()))
    shape = flat * np.ptp(longitude) / max(np.ptp(latitude), 1e-9)
    ax = new_axes(ax, width=8.0, height=float(np.clip(7.0 / shape + 0.6, 3.6, 8.0)))
    # Tails of the dither reach far beyond the fields, with next to nothing.
    seen = np.ma.masked_less(exposures.T, max(0.5, 0.002 * float(exposures.max())))
    drawn = ax.pcolormesh(
        longitude, latitude, seen, cmap="viridis", vmin=0.0, rasterized=True
    )
    west, east, south, north = region
    ax.add_patch(
        Rectangle(
            (west, south),
            east - west,
            north - south,
            fill=False,
            edgecolor=VERMILION,
            linewidth=1.8,
            label="the region",
        )
    )
    figure = ax.get_figure(root=True)
    assert figure is not None
    thousands = StrMethodFormatter("{x:,.0f}")
    bar = figure.colorbar(drawn, ax=ax, pad=0.02, format=thousands)
    bar.set_label("exposures that see a star")
    # Longitudes grow to the left, as seen from inside the sphere.
    ax.set_xlim(longitude.max(), longitude.min())
    ax.set_aspect(1.0 / flat)
    across, up = NAMES[frame]
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return ax


__all__ = ["exposure_map"]
