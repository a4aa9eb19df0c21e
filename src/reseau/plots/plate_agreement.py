"""How well plates agree with all plates together, over time."""

import numpy as np
from matplotlib.axes import Axes

from reseau.diagnostics.joined.plate_agreement import LIMIT, PlateAgreement

from ._style import BLUE, GREY, ORANGE, VERMILION, new_axes

NAMED = 8
"""Plates apart that are named, the worst ones."""

STEEP = 4.0
"""With a larger factor the axis is logarithmic."""


def plate_agreement(found: PlateAgreement, *, ax: Axes | None = None) -> Axes:
    """Draw by how much positions on each plate miss the catalogue, over their errors.

    Parameters
    ----------
    found
        Factors and their errors.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=8.0, height=4.6)
    known = np.isfinite(found.factor)
    ax.axhline(1.0, color=GREY, linewidth=0.8)
    apart, lighter = known & found.is_apart, known & (found.weight < 1.0)
    for chosen, marker, colour, text in (
        (known & ~apart & ~lighter, "o", BLUE, "plates"),
        (apart & ~lighter, "D", VERMILION, f"more than {LIMIT:g} errors from 1"),
        (lighter, "s", ORANGE, "counts with less than its weight"),
    ):
        if chosen.any():
            ax.errorbar(
                found.epoch[chosen],
                found.factor[chosen],
                yerr=found.error[chosen],
                fmt=marker,
                markersize=4,
                elinewidth=0.9,
                color=colour,
                label=f"{text}: {chosen.sum():,}",
            )
    _name_worst(ax, found, apart | lighter)
    if np.nanmax(found.factor, initial=1.0) > STEEP:
        ax.set_yscale("log")
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel("epoch of the plate, Julian year (TCB)")
    ax.set_ylabel("√(χ²/dof) of its positions")
    ax.grid(alpha=0.2, linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return ax


def _name_worst(ax: Axes, found: PlateAgreement, marked: np.ndarray) -> None:
    distance = np.where(marked, np.abs(np.log(np.maximum(found.factor, 1e-3))), -1.0)
    for row in np.argsort(-distance)[: min(NAMED, int(marked.sum()))]:
        ax.annotate(
            f"{found.plate_id[row]}",
            (found.epoch[row], found.factor[row]),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize="small",
        )


__all__ = ["plate_agreement"]
