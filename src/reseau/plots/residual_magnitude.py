"""Residuals against magnitude, or against any other variable."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from numpy import ndarray

from reseau.diagnostics import Running

from ._marks import corner_note
from ._style import BLUE, GREY, MANY, ORANGE, VERMILION, new_axes, readable_unit

Column = Float[ndarray, "n"]

MANY_OUTSIDE = 0.05
"""Share of residuals beyond five expected σ from which the axis follows them."""

# Greys that stop at half, so that lines stay readable on the densest cells.
_PALE = LinearSegmentedColormap.from_list("pale", ["#f2f2f2", "#6e6e6e"])


def residual_magnitude(
    magnitude: Column,
    residual: Column,
    running: Running,
    *,
    unit: str = "mas",
    band: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw residuals against magnitude with their running statistics.

    Parameters
    ----------
    magnitude
        Magnitude of each value.
    residual
        Residuals of one coordinate, or of both pooled.
    running
        Their statistics in bins of magnitude.
    unit
        Unit of the residuals; "mas" is shown as µas where that reads better.
    band
        Name of the photometric band, for the label.
    ax
        Where to draw; absent: a new figure.
    """
    label = f"{band} magnitude [mag]" if band else "magnitude [mag]"
    return residual_against(magnitude, residual, running, label=label, unit=unit, ax=ax)


def residual_against(
    variable: Column,
    residual: Column,
    running: Running,
    *,
    label: str,
    unit: str = "mas",
    ax: Axes | None = None,
) -> Axes:
    """Draw residuals against a variable with their running statistics.

    Parameters
    ----------
    variable
        What the residual is looked at against.
    residual
        Residuals of one coordinate, or of both pooled.
    running
        Their statistics in bins of the variable.
    label
        Name and unit of the variable.
    unit
        Unit of the residuals; "mas" is shown as µas where that reads better.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.2, height=4.6)
    known = np.isfinite(variable) & np.isfinite(residual)
    variable, residual = variable[known], residual[known]
    spread = float(np.sqrt(np.mean(residual**2))) if residual.size else 1.0
    factor, name = readable_unit(spread, unit)
    limit = _limit(factor * residual, factor * running.expected)
    _points(ax, variable, factor * residual, limit)
    _statistics(ax, running, factor)
    outside = int(np.count_nonzero(np.abs(factor * residual) > limit))
    if outside:
        corner_note(ax, f"{outside:,} of {residual.size:,} values lie outside")
    ax.set_ylim(-limit, limit)
    ax.set_xlabel(label)
    ax.set_ylabel(f"residual [{name}]")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)
    return ax


def _limit(residual: Column, expected: Float[ndarray, "m"]) -> float:
    # Five expected σ show the noise; all values if they are few and not much larger.
    expected = expected[np.isfinite(expected)]
    if not residual.size:
        return 1.0
    widest = float(np.max(expected, initial=0.0))
    largest = float(np.max(np.abs(residual), initial=0.0)) or 1.0
    wanted = 5.0 * (widest or float(np.std(residual)) or 1.0)
    if largest < 1.6 * wanted:
        return 1.05 * largest
    size = np.abs(residual)
    if np.mean(size > wanted) > MANY_OUTSIDE:
        # The errors are not those of the data: show these.
        return 1.05 * float(np.quantile(size, 0.995))
    return wanted


def _points(ax: Axes, variable: Column, residual: Column, limit: float) -> None:
    if len(variable) <= MANY:
        ax.scatter(
            variable,
            residual,
            s=4,
            color=GREY,
            alpha=0.5,
            linewidths=0,
            rasterized=True,
            zorder=1,
        )
        return
    inside = np.abs(residual) <= limit
    cells = ax.hexbin(
        variable[inside],
        residual[inside],
        gridsize=(110, 45),
        cmap=_PALE,
        norm=LogNorm(),
        mincnt=1,
        linewidths=0.0,
        rasterized=True,
        zorder=1,
    )
    bar = ax.figure.colorbar(cells, ax=ax, fraction=0.04, pad=0.02)
    bar.set_label("values in a cell")


def _statistics(ax: Axes, running: Running, factor: float) -> None:
    x = running.centre
    ax.fill_between(
        x,
        factor * running.low,
        factor * running.high,
        color=BLUE,
        alpha=0.3,
        linewidth=0.8,
        label="16–84 %",
        zorder=2,
    )
    ax.plot(
        x, factor * running.median, color=BLUE, linewidth=1.8, label="median", zorder=4
    )
    for sign in (-1.0, 1.0):
        ax.plot(
            x,
            sign * factor * running.rms,
            color=ORANGE,
            label="± RMS" if sign > 0 else None,
            zorder=3,
        )
        ax.plot(
            x,
            sign * factor * running.expected,
            color=VERMILION,
            linestyle="--",
            label="± expected" if sign > 0 else None,
            zorder=3,
        )


__all__ = ["residual_against", "residual_magnitude"]
