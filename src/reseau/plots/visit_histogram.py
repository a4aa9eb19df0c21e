"""How many visits stars have."""

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from numpy import ndarray

from ._style import BLUE, VERMILION, new_axes

BINS = 40


def visit_histogram(
    visits: Shaped[ndarray, "n"],
    area: Float[ndarray, "n"],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw which part of a region has how many visits.

    Parameters
    ----------
    visits
        Of places all over the region.
    area
        That each stands for, any unit.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=4.6)
    most = max(int(np.max(visits)), 1)
    width = max(int(np.ceil((most + 1) / BINS)), 1)
    edges = list(np.arange(0, most + width + 1, width) - 0.5)
    ax.hist(visits, edges, weights=100.0 * area / area.sum(), color=BLUE, alpha=0.8)
    mean = float(np.average(visits, weights=area))
    ax.axvline(mean, color=VERMILION, linewidth=1.8, label=f"mean {mean:,.0f}")
    ax.set_xlabel("visits of a star (fields, half of whose exposures or more see it)")
    ax.set_ylabel(f"part of the region [%] in bins of {width:,}")
    ax.set_xlim(edges[0], edges[-1])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(frameon=False)
    return ax


__all__ = ["visit_histogram"]
