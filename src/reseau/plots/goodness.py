"""How well sources follow their parameters: F2, and RUWE against magnitude."""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy import ndarray

from ._style import BLUE, GREY, MANY, VERMILION
from .pull_histogram import pull_histogram

Column = Float[ndarray, "n"]

USUAL = 1.4
"""RUWE that is often taken as the limit of a single source (Lindegren 2018,
GAIA-C3-TN-LU-LL-124)."""


def goodness(
    gof: Column,
    ruwe: Column,
    magnitude: Column,
    *,
    is_reference: Bool[ndarray, "n"],
    bad: float,
    label: str,
) -> Figure:
    """Draw the distribution of F2 with N(0, 1), and RUWE against magnitude.

    Parameters
    ----------
    gof, ruwe
        Of each source; NaN: not known.
    magnitude
        Of each source; NaN: not drawn in the second panel.
    is_reference
        Which sources are references.
    bad
        F2 beyond which a source does not follow its parameters.
    label
        Of the axis of magnitudes, its band.
    """
    figure = Figure(figsize=(12.4, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    classes = {
        "references": gof[is_reference],
        "others": gof[~is_reference],
    }
    pull_histogram(
        {name: v for name, v in classes.items() if np.isfinite(v).any()},
        label="F2 of a source's positions on plates",
        logarithmic=True,
        of="sources",
        ax=left,
    )
    _ruwe(right, ruwe, magnitude, np.nan_to_num(gof) > bad, bad)
    right.set_xlabel(label)
    return figure


def _ruwe(
    ax: Axes, ruwe: Column, magnitude: Column, is_bad: Bool[ndarray, "n"], bad: float
) -> None:
    known = np.isfinite(ruwe) & np.isfinite(magnitude)
    plain, marked = known & ~is_bad, known & is_bad
    if plain.sum() > MANY:
        ax.hexbin(
            magnitude[plain],
            ruwe[plain],
            gridsize=(110, 60),
            cmap="Blues",
            norm=LogNorm(),
            mincnt=1,
            linewidths=0.0,
            rasterized=True,
        )
    else:
        ax.scatter(
            magnitude[plain],
            ruwe[plain],
            s=4,
            color=BLUE,
            alpha=0.5,
            linewidths=0,
            rasterized=True,
        )
    if marked.any():
        ax.plot(
            magnitude[marked],
            ruwe[marked],
            "D",
            markersize=4,
            color=VERMILION,
            label=f"F2 > {bad:g}: {marked.sum():,}",
        )
    above = int(np.sum(known & (ruwe > USUAL)))
    ax.axhline(1.0, color=GREY, linewidth=0.8)
    ax.axhline(
        USUAL,
        color=GREY,
        linestyle="--",
        linewidth=1.0,
        label=f"{USUAL}: {above:,} of {known.sum():,} above",
    )
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("RUWE")
    ax.grid(alpha=0.2, linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


__all__ = ["goodness"]
