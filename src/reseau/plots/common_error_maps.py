"""Errors that neighbours have in common, over the field, and how far they reach."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from reseau.diagnostics.joined.common_errors import CommonErrors

from ._style import BLACK, BLUE, GREEN, ORANGE, readable_unit

MAP = "viridis"
PANELS = (
    ("parallax", (2,), "", GREEN),
    ("motion in α cos δ", (3,), "/yr", BLUE),
    ("motion in δ", (4,), "/yr", ORANGE),
)
"""Title, rows of the five parameters, what the unit is over, colour."""


def common_error_maps(found: CommonErrors, *, title: str = "") -> Figure:
    """Draw errors of the zero points of parallax and motion over the field.

    Parameters
    ----------
    found
        Of a catalogue.
    title
        Of the figure.

    Returns
    -------
    A figure of four axes that pyplot does not know of: for parallax and both motions
    1σ of a cell's mean by what sources share, in the title beside what sources' own
    errors leave of it; and the correlation of two cells against their separation.
    """
    aspect = float(np.ptp(found.north) / np.ptp(found.east))
    height = 2 * (4.6 * float(np.clip(aspect, 0.35, 1.6)) + 0.9)
    figure = Figure(figsize=(11.6, height), layout="constrained")
    grid = figure.subplots(2, 2)
    for ax, (name, rows, per, _) in zip(grid.flat, PANELS, strict=False):
        _map(ax, found, rows[0], (name, per))
    _reach(grid[1, 1], found)
    ra, dec = found.centre
    where = f"about {ra:.3f}° {dec:+.3f}°"
    figure.suptitle(f"{title}, {where}" if title else where, fontsize="medium")
    return figure


def _map(ax: Axes, found: CommonErrors, row: int, words: tuple[str, str]) -> None:
    name, per = words
    shared, alone = found.shared[row], found.alone[row]
    # One unit for both, so that they are compared at a glance.
    factor, unit = readable_unit(max(_middle(shared), _middle(alone)), "mas")
    highest = _highest(factor * shared)
    mesh = ax.pcolormesh(
        found.east,
        found.north,
        np.ma.masked_invalid(factor * shared),
        cmap=MAP,
        vmin=0.0,
        vmax=highest,
        rasterized=True,
    )
    beyond = factor * np.nanmax(shared, initial=0.0) > highest
    ax.figure.colorbar(
        mesh,
        ax=ax,
        fraction=0.046,
        pad=0.03,
        label=f"1σ [{unit}{per}]",
        extend="max" if beyond else "neither",
    )
    ax.set_aspect("equal")
    ax.set_xlim(found.east.max(), found.east.min())  # East is to the left.
    ax.set_xlabel("east [deg]")
    ax.set_ylabel("north [deg]")
    ax.set_title(
        f"{name}: {factor * _middle(shared):.3g} {unit}{per} in the median,\n"
        f"sources' own errors leave {factor * _middle(alone):.3g} {unit}{per} "
        f"(mean of {np.median(found.count[found.count > 0]):.0f})",
        fontsize=9,
    )


def _middle(values: Float[ndarray, "a b"]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _highest(values: Float[ndarray, "a b"]) -> float:
    """Return where colours end: cells at the edge, seen once, are beyond."""
    known = values[np.isfinite(values)]
    return float(np.quantile(known, 0.97)) if known.size and known.max() > 0 else 1.0


def _reach(ax: Axes, found: CommonErrors) -> None:
    for name, rows, _, colour in PANELS:
        values = found.correlation[rows[0]]
        known = np.isfinite(values)
        line = ax.plot(found.separation[known], values[known], "o-", color=colour)[0]
        line.set(markersize=3, label=name)
    ax.axhline(0.0, color=BLACK, linewidth=0.6)
    lowest = float(np.nanmin(found.correlation[2:], initial=0.0))
    ax.set_ylim(min(-0.3, 1.1 * lowest), 1.05)
    ax.set_box_aspect(1.0)
    ax.set_xlim(left=0.0)
    ax.set_xlabel("separation of two cells [deg]")
    ax.set_ylabel("correlation of what is common")
    ax.grid(alpha=0.2, linewidth=0.6)
    ax.legend(frameon=False)


__all__ = ["common_error_maps"]
