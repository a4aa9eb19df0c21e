"""Colours and magnitudes of many stars, as a density."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy import ndarray

from ._style import new_axes

INSIDE = 0.998
"""Part of the colours that the axes hold."""

HEXAGONS = 90
"""Along the axis of colours."""


def star_density(
    colour: Float[ndarray, "n"],
    magnitude: Float[ndarray, "n"],
    *,
    colour_label: str = "J - Ks [mag]",
    magnitude_label: str = "Ks [mag]",
    ax: Axes | None = None,
) -> Axes:
    """Draw a colour-magnitude diagram as numbers of stars.

    Parameters
    ----------
    colour, magnitude
        Of the stars [mag]; NaN: not drawn.
    colour_label, magnitude_label
        Of the axes.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.4, height=6.6)
    known = np.isfinite(colour) & np.isfinite(magnitude)
    across, down = colour[known], magnitude[known]
    if len(across):
        low, high = np.quantile(across, [0.5 - 0.5 * INSIDE, 0.5 + 0.5 * INSIDE])
        ends = (float(low) - 0.1, float(high) + 0.1)
        bright, faint = float(down.min()) - 0.1, float(down.max()) + 0.1
        within = (across >= ends[0]) & (across <= ends[1])
        image = ax.hexbin(
            across[within],
            down[within],
            gridsize=HEXAGONS,
            extent=(*ends, bright, faint),
            cmap="viridis",
            norm=LogNorm(),
            mincnt=1,
            linewidths=0.0,
            rasterized=True,
        )
        ax.figure.colorbar(image, ax=ax, label="stars")
        ax.set_xlim(ends)
        ax.set_ylim(faint, bright)
    ax.set_xlabel(colour_label)
    ax.set_ylabel(magnitude_label)
    ax.set_title(f"{int(known.sum()):,} of {len(colour):,} stars", fontsize="medium")
    return ax


__all__ = ["star_density"]
