"""What effects do over a field: arrow maps side by side, each with its own scale."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy import ndarray

from reseau.diagnostics import DisplacementField

from ._style import BLUE, VERMILION, length_key, readable_unit, round_length

MATTERS = 1e-3
"""What is nowhere larger has no panel [mas]."""

N_ARROWS = 11
"""Arrows along a side of a panel, at most."""

LONGEST = 1.0
"""Length of the longest arrow, in distances between arrows."""


class Panel(NamedTuple):
    """One map: arrows at points, and what they are."""

    heading: str
    offset: Float[ndarray, "n 2"]
    arrows: Float[ndarray, "n 2"]
    colour: str


def effect_maps(
    fields: Sequence[DisplacementField], *, title: str = "", columns: int = 4
) -> list[Axes]:
    """Draw displacements over a field, and what an affine plate model leaves of them.

    Parameters
    ----------
    fields
        What to draw, each on one panel or, if an affine model leaves 1 µas or more of
        it, on two. What is smaller than that everywhere is left out, which the figure
        says; the last, the sum of all, never.
    title
        Of the figure.
    columns
        Panels in a row.

    Returns
    -------
    The axes of the panels, of a figure that pyplot does not know of.
    """
    drawn = [f for f in fields if f.largest >= MATTERS or f is fields[-1]]
    panels = [panel for field in drawn for panel in _panels(field)]
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    size = (3.0 * columns + 0.5, 3.8 * rows + 0.5)
    layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.08)
    figure = Figure(figsize=size, layout=layout)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    axes = list(grid.flat)
    for ax, panel in zip(axes, panels, strict=False):
        _draw(ax, panel)
    for ax in axes[len(panels) :]:
        ax.remove()
    _name_axes(axes[: len(panels)], columns)
    if len(drawn) < len(fields):
        title += "\neffects of less than 1 µas over the field are not drawn"
    figure.suptitle(title.strip(), fontsize="medium")
    return axes[: len(panels)]


def _panels(field: DisplacementField) -> Iterator[Panel]:
    largest = _size(field.largest)
    heading = f"{field.name}\nup to {largest}"
    yield Panel(heading, field.offset, field.displacement, BLUE)
    if field.after_affine >= MATTERS:
        affine, quadratic = _size(field.after_affine), _size(field.after_quadratic)
        heading = f"{field.name}\naffine leaves {affine}, quadratic {quadratic}"
        yield Panel(heading, field.offset, field.residual, VERMILION)


def _size(value: float) -> str:
    factor, unit = readable_unit(value, "mas")
    return f"{factor * value:.3g} {unit}"


def _draw(ax: Axes, panel: Panel) -> None:
    part = _thinned(panel.offset)
    x, y = panel.offset[part].T
    longest = float(np.hypot(*panel.arrows[part].T).max()) or 1.0
    factor, unit = readable_unit(longest, "mas")
    half = float(np.abs(panel.offset).max())
    spacing = 2.0 * half / max(math.sqrt(len(part)) - 1.0, 1.0)
    arrows = ax.quiver(
        x,
        y,
        *(factor * panel.arrows[part].T),
        color=panel.colour,
        width=0.006,
        headwidth=3.8,
        headlength=4.2,
        headaxislength=3.8,
        minlength=0.5,
        angles="xy",
        scale_units="xy",
        scale=factor * longest / (LONGEST * spacing),
        # An arrow at the edge may cross the frame; cut short it would be wrong.
        clip_on=False,
        zorder=3,
    )
    # Its box reaches far beyond the arrows and would upset the layout.
    arrows.set_in_layout(False)
    ax.scatter(x, y, s=2, color=panel.colour, linewidths=0, zorder=2)
    edge = half + spacing
    # East is to the left on the sky.
    ax.set_xlim(edge, -edge)
    ax.set_ylim(-edge, edge)
    ax.set_aspect("equal")
    ax.grid(alpha=0.15, linewidth=0.6)
    key = round_length(0.8 * factor * longest)
    length_key(ax, arrows, key, f"{key:g} {unit}", left=0.02, colour=panel.colour)
    ax.set_title(panel.heading, fontsize=9, pad=22)


def _thinned(offset: Float[ndarray, "n 2"]) -> Int[ndarray, "m"]:
    """Return rows of the points to draw: of a grid every k-th, else all."""
    (x, column), (y, row) = (np.unique(c, return_inverse=True) for c in offset.T)
    if len(x) * len(y) != len(offset):
        return np.arange(len(offset))
    chosen = np.isin(column, _spread(len(x))) & np.isin(row, _spread(len(y)))
    return np.flatnonzero(chosen)


def _spread(n: int) -> ndarray:
    # Every k-th, with the first and the last, where the field differs most, if it can.
    step = max(math.ceil((n - 1) / (N_ARROWS - 1)), 1)
    return np.arange(((n - 1) % step) // 2, n, step)


def _name_axes(axes: Sequence[Axes], columns: int) -> None:
    """Name the axes at the left and the lower edge of what is drawn."""
    for k, ax in enumerate(axes):
        if k % columns == 0:
            ax.set_ylabel("north [deg]")
        if k + columns >= len(axes):
            ax.set_xlabel("east, to the left [deg]")
            ax.tick_params(labelbottom=True)


__all__ = ["effect_maps"]
