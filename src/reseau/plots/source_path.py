"""The way of one source over the sky with its epochs, and its residuals over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from reseau.diagnostics.joined.source_path import SourcePath

from ._marks import error_ellipses
from ._style import BLUE, GREY, ORANGE, VERMILION

COLOURS = (BLUE, VERMILION)
NAMES = ("α cos δ", "δ")
MANY_EPOCHS = 300
"""From so many on, points and bars are thinner."""


def source_path(path: SourcePath) -> Figure:
    """Draw the way of a source over the sky, and over time.

    Parameters
    ----------
    path
        Of the source.

    Returns
    -------
    A figure of three axes that pyplot does not know of: the way with the plates'
    positions and their error ellipses; positions less the proper motion over time, with
    what parallax does; and residuals over time.
    """
    figure = Figure(figsize=(12.0, 6.0), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.0, 1.15), height_ratios=(1.3, 1))
    sky = figure.add_subplot(grid[:, 0])
    motionless = figure.add_subplot(grid[0, 1])
    residuals = figure.add_subplot(grid[1, 1], sharex=motionless)
    _on_the_sky(sky, path)
    _less_motion(motionless, path)
    _residuals(residuals, path)
    figure.suptitle(_title(path), fontsize="medium")
    return figure


def _title(path: SourcePath) -> str:
    (east, east_error), (north, north_error) = path.motion
    value, error = path.parallax
    return (
        f"source {path.source_id}: parallax {_number(value, error)} mas, motion "
        f"{_number(east, east_error)}, {_number(north, north_error)} mas/yr"
    )


def _number(value: float, error: float) -> str:
    digits = int(np.clip(1 - np.floor(np.log10(error)), 0, 6)) if error > 0 else 3
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _size(path: SourcePath) -> float:
    return 4.0 if path.epoch.size < MANY_EPOCHS else 2.0


def _on_the_sky(ax: Axes, path: SourcePath) -> None:
    if path.curve_epoch.size:
        ax.plot(*path.curve.T, color=ORANGE, linewidth=1.2, label="model", zorder=2)
    else:
        ax.plot(*path.model.T, "+", color=ORANGE, label="model", zorder=2)
    seen = path.model + path.residual
    _links(ax, path.model, seen)
    ax.add_collection(error_ellipses(ax, seen, path.covariance, BLUE, linewidth=0.7))
    ax.plot(
        *seen.T,
        "o",
        markersize=_size(path) - 1.0,
        color=BLUE,
        markeredgewidth=0.0,
        zorder=4,
        label=f"{path.epoch.size:,} plates, 1σ ellipses",
    )
    ax.set_aspect("equal", adjustable="datalim")
    ax.autoscale_view()
    ax.invert_xaxis()  # East is to the left on the sky.
    ax.set_xlabel("α cos δ, East [mas]")
    ax.set_ylabel("δ, North [mas]")
    ax.grid(alpha=0.2, linewidth=0.6)
    ax.set_title(f"from its place at {path.ref_epoch:.2f}", fontsize="medium")
    ax.legend(frameon=False)


def _links(ax: Axes, model: ndarray, seen: ndarray) -> None:
    """Join each position with its place by the model."""
    ends = np.full((3 * len(model), 2), np.nan)
    ends[0::3], ends[1::3] = model, seen
    ax.plot(*ends.T, color=GREY, linewidth=0.6, zorder=1)


def _less_motion(ax: Axes, path: SourcePath) -> None:
    seen = path.less_motion(path.epoch, path.model + path.residual)
    curve = path.less_motion(path.curve_epoch, path.curve)
    for axis in (0, 1):
        ax.plot(path.curve_epoch, curve[:, axis], color=COLOURS[axis], linewidth=1.2)
        _bars(ax, path, seen, axis)
    ax.set_ylabel("less proper motion [mas]")
    ax.tick_params(labelbottom=False)
    ax.grid(alpha=0.2, linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


def _bars(ax: Axes, path: SourcePath, value: ndarray, axis: int) -> None:
    ax.errorbar(
        path.epoch,
        value[:, axis],
        yerr=np.sqrt(path.covariance[:, axis, axis]),
        fmt="os"[axis],
        markersize=_size(path),
        markeredgewidth=0.0,
        elinewidth=0.8,
        color=COLOURS[axis],
        alpha=0.8,
        label=NAMES[axis],
    )


def _residuals(ax: Axes, path: SourcePath) -> None:
    for axis in (0, 1):
        _bars(ax, path, path.residual, axis)
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel("Julian year (TCB)")
    ax.set_ylabel("plate − model [mas]")
    ax.grid(alpha=0.2, linewidth=0.6)


__all__ = ["source_path"]
