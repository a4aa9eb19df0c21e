"""Colours and axes shared by all figures.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers, and
the perceptually uniform maps of matplotlib. Nothing global is set: fonts and sizes
are the reader's own. Figures are made without pyplot, so none stays open.
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from numpy import ndarray

BLACK = "#000000"
GREY = "#7f7f7f"
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
SKY = "#56B4E9"

CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
"""Colours of classes, in order."""

MANY = 20_000
"""More points than this are drawn as a density."""


def new_axes(ax: Axes | None, *, width: float = 6.4, height: float = 4.8) -> Axes:
    """Return `ax`, or the axes of a new figure of this size [inch]."""
    if ax is not None:
        return ax
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def new_pair(*, width: float = 12.4, height: float = 5.6) -> tuple[Axes, Axes]:
    """Return the two axes of a new figure, side by side, of this size [inch]."""
    figure = Figure(figsize=(width, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    return left, right


def round_length(value: float) -> float:
    """Return the nearest of 1, 2, 5 times a power of ten, for a scale key."""
    if not (math.isfinite(value) and value > 0.0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = np.array([1.0, 2.0, 5.0, 10.0]) * power
    return float(steps[np.argmin(np.abs(np.log(steps / value)))])


def readable_unit(value: float, unit: str) -> tuple[float, str]:
    """Return the factor and the unit in which a size of `value` reads well.

    Parameters
    ----------
    value
        A typical size, in `unit`.
    unit
        "mas" or "um"; any other is kept.
    """
    ladders = {
        "mas": ((1e3, "arcsec"), (1.0, "mas"), (1e-3, "µas"), (1e-6, "nas")),
        "um": ((1e3, "mm"), (1.0, "µm"), (1e-3, "nm"), (1e-6, "pm")),
    }
    ladder = ladders.get(unit)
    if ladder is None:
        return 1.0, unit
    # Zero, as of no distortion at all, reads well in the unit itself.
    value = value if value > 0.0 else 1.0
    for size, name in ladder:
        if value >= 0.9 * size:
            return 1.0 / size, name
    return 1.0 / ladder[-1][0], ladder[-1][1]


def plane_scale(x: ndarray, y: ndarray) -> tuple[float, str]:
    """Return the factor and the unit for focal-plane positions in um."""
    extent = max(np.max(np.abs(x), initial=0.0), np.max(np.abs(y), initial=0.0))
    return (1e-3, "mm") if extent >= 1000.0 else (1.0, "µm")


def length_key(
    ax: Axes, arrows: Quiver, value: float, text: str, *, left: float, colour: str
) -> None:
    """Put an arrow of known length above the axes, its tail at `left` of their width.

    The arrows' scale is in units of the x axis, whose limits are set before.
    """
    low, high = ax.get_xlim()
    length = value / float(arrows.scale or 1.0) / abs(high - low)
    ax.quiverkey(
        arrows,
        left + length,
        1.035,
        value,
        text,
        color=colour,
        coordinates="axes",
        labelpos="E",
        labelsep=0.08,
    )


def label_plane(ax: Axes, unit: str) -> None:
    """Name the axes of a focal plane and give both the same scale."""
    ax.set_xlabel(f"focal plane X [{unit}]")
    ax.set_ylabel(f"focal plane Y [{unit}]")
    ax.set_aspect("equal")


__all__ = [
    "BLACK",
    "BLUE",
    "CYCLE",
    "GREEN",
    "GREY",
    "MANY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "label_plane",
    "length_key",
    "new_axes",
    "new_pair",
    "plane_scale",
    "readable_unit",
    "round_length",
]
