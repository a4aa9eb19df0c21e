"""How well each exposure is described, against what chance allows."""

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy import ndarray

from reseau.diagnostics import ExposureChi2

from ._style import BLUE, GREY, VERMILION, new_axes

NAMED = 5
"""Exposures beyond the range of chance that are named, the worst ones."""

STEEP = 8.0
"""With a larger reduced chi² the axis is logarithmic."""


def chi2_of_exposures(
    found: ExposureChi2,
    exposure_id: Int[ndarray, "n_exp"],
    *,
    probability: float = 0.99,
    ax: Axes | None = None,
) -> Axes:
    """Draw the reduced chi² of each exposure over the range that chance allows.

    Parameters
    ----------
    found
        Reduced chi² and ranges.
    exposure_id
        Of the exposures, to name those that stand out.
    probability
        Share of exposures inside the ranges by chance, for the legend.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.2, height=4.4)
    place = np.arange(1, len(exposure_id) + 1)
    known = np.isfinite(found.reduced)
    outside = known & ((found.reduced > found.high) | (found.reduced < found.low))
    low, high = (np.where(known, limit, np.nan) for limit in (found.low, found.high))
    edges = np.arange(len(exposure_id) + 1) + 0.5
    ax.fill_between(
        np.repeat(edges, 2)[1:-1],
        np.repeat(low, 2),
        np.repeat(high, 2),
        color=GREY,
        alpha=0.25,
        linewidth=0,
        label=f"{100 * probability:g} % of exposures by chance",
    )
    ax.axhline(1.0, color=GREY, linewidth=0.8)
    inside = known & ~outside
    ax.plot(place[inside], found.reduced[inside], "o", ms=4, color=BLUE, label="inside")
    if outside.any():
        label = f"outside: {np.count_nonzero(outside)}"
        ax.plot(
            place[outside],
            found.reduced[outside],
            "D",
            ms=5,
            color=VERMILION,
            label=label,
        )
        _name_worst(ax, place, found, exposure_id, outside)
    if np.nanmax(found.reduced, initial=1.0) > STEEP:
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(0.5, len(exposure_id) + 0.5)
    ax.set_xlabel("exposure, in the order of the solution's table")
    ax.set_ylabel("reduced chi²")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return ax


def _name_worst(
    ax: Axes,
    place: ndarray,
    found: ExposureChi2,
    exposure_id: ndarray,
    outside: ndarray,
) -> None:
    distance = np.where(outside, np.abs(np.log(found.reduced)), -1.0)
    for row in np.argsort(-distance)[: min(NAMED, np.count_nonzero(outside))]:
        ax.annotate(
            f"{exposure_id[row]}",
            (place[row], found.reduced[row]),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize="small",
        )


__all__ = ["chi2_of_exposures"]
