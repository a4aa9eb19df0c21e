"""What several figures draw alike: error ellipses, and a note in the corner."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from numpy import ndarray


def error_ellipses(
    ax: Axes,
    centre: Float[ndarray, "m 2"],
    covariance: Float[ndarray, "m 2 2"],
    colour: str,
    *,
    linewidth: float = 0.8,
    alpha: float | None = None,
) -> EllipseCollection:
    """Return ellipses of 1σ, in the units of the axes.

    Parameters
    ----------
    ax
        Where they are going to be added.
    centre, covariance
        Of each.
    colour, linewidth, alpha
        Of their lines.
    """
    value, vector = np.linalg.eigh(covariance)
    long, axes = vector[:, :, 1], 2.0 * np.sqrt(np.maximum(value, 0.0))
    return EllipseCollection(
        widths=axes[:, 1],
        heights=axes[:, 0],
        angles=np.rad2deg(np.arctan2(long[:, 1], long[:, 0])),
        units="xy",
        offsets=centre,
        offset_transform=ax.transData,
        facecolors="none",
        edgecolors=colour,
        linewidths=linewidth,
        alpha=alpha,
        zorder=3,
    )


def corner_note(ax: Axes, text: str) -> None:
    """Write a note into the lower right corner."""
    ax.text(
        0.99,
        0.015,
        text,
        transform=ax.transAxes,
        ha="right",
        va="bottom",
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
        zorder=5,
    )


__all__ = ["corner_note", "error_ellipses"]
