"""Errors that a survey will reach, against magnitude."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy import ndarray

from ._style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, new_pair

Column = Float[ndarray, "m"]


def forecast(
    magnitude: Column,
    errors: Sequence[tuple[str, Column, Column]],
    *,
    parallax_required: tuple[float, float] | None = None,
    motion_required: tuple[float, float] | None = None,
    axes: tuple[Axes, Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Draw errors of parallax and of motion side by side, and what is required.

    Parameters
    ----------
    magnitude
        Hw.
    errors
        Lines: what they are, 1σ of the parallax [µas] and of a motion [µas/yr]; at most
        four.
    parallax_required, motion_required
        The faintest Hw, and the error [µas], [µas/yr]; None: nothing is.
    axes
        Where to draw; absent: a new figure.
    """
    left, right = axes or new_pair(width=11.6, height=5.0)
    for ax, column, required, name, unit in (
        (left, 0, parallax_required, "parallax", "µas"),
        (right, 1, motion_required, "motion, a coordinate", "µas/yr"),
    ):
        shown = [required[1]] if required else []
        for (label, *values), style in zip(errors, STYLES, strict=False):
            ax.plot(magnitude, values[column], label=label, **style)
            shown += values[column].tolist()
        if required:
            _require(ax, float(magnitude[0]), required, unit)
        _scale(ax, np.array(shown))
        ax.set_xlabel("magnitude Hw [mag]")
        ax.set_ylabel(f"{name}, 1σ [{unit}]")
    left.legend(loc="upper left", frameon=False)
    return left, right


STYLES: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "linewidth": 2.2, "marker": "o", "markersize": 3.5},
    {"color": GREEN, "linewidth": 1.6, "linestyle": "--"},
    {"color": ORANGE, "linewidth": 1.8, "marker": "s", "markersize": 3.5},
    {"color": BLACK, "linewidth": 1.2, "linestyle": ":"},
)


def _require(ax: Axes, first: float, required: tuple[float, float], unit: str) -> None:
    faintest, wanted = required
    ax.plot([first, faintest], [wanted] * 2, color=VERMILION, linewidth=1.0)
    ax.plot(faintest, wanted, marker="v", markersize=7, color=VERMILION)
    ax.annotate(
        f"required: {wanted:g} {unit} at Hw < {faintest:g}",
        (faintest, wanted),
        xytext=(-4, 5),
        textcoords="offset points",
        horizontalalignment="right",
        color=VERMILION,
    )


def _scale(ax: Axes, values: ndarray) -> None:
    """Make the axis logarithmic, with room for the legend above."""
    ax.set_yscale("log")
    known = values[np.isfinite(values) & (values > 0.0)]
    if known.size:
        ax.set_ylim(0.7 * known.min(), 6.0 * known.max())
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(which="both", alpha=0.2, linewidth=0.6)
    ax.tick_params(colors=GREY, labelcolor=BLACK)


__all__ = ["forecast"]
