"""When a survey observes: the Sun's angle over the years, and its plates."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator
from numpy import ndarray

from ._style import BLACK, BLUE, GREEN, new_axes


def visibility(
    epoch: Float[ndarray, "k"],
    angle: Float[ndarray, "k"],
    *,
    plate_epoch: Float[ndarray, "p"],
    plate_angle: Float[ndarray, "p"],
    band: tuple[float, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw the Sun's angle from the region, with the plates where they are taken.

    Parameters
    ----------
    epoch
        Julian years, TCB, rising.
    angle
        The Sun's angle from the region's middle [deg].
    plate_epoch, plate_angle
        The same of each plate.
    band
        Least and greatest angle that is allowed [deg].
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=9.0, height=4.4)
    ax.axhspan(*band, color=GREEN, alpha=0.15, linewidth=0.0, label="allowed angles")
    ax.plot(epoch, angle, color=BLACK, linewidth=0.9, label="the Sun")
    n = len(plate_epoch)
    ax.plot(
        plate_epoch,
        plate_angle,
        linestyle="none",
        marker="|",
        # Thousands stand close together; each of a hundred should be seen.
        markersize=float(np.clip(14.0 - 2.0 * np.log10(max(n, 1)), 6.0, 14.0)),
        markeredgewidth=0.8 if n < 1000 else 0.3,
        color=BLUE,
        label=f"{n:,} plate{'s' if n != 1 else ''}, one an orbit",
        rasterized=n > 2000,
    )
    ax.set_ylim(0.0, 180.0)
    ax.yaxis.set_major_locator(MultipleLocator(45.0))
    span = float(epoch[-1] - epoch[0])
    ax.set_xlim(epoch[0] - 0.01 * span, epoch[-1] + 0.01 * span)
    ax.ticklabel_format(axis="x", useOffset=False)
    if span <= 8.0:
        ax.xaxis.set_major_locator(MultipleLocator(0.5))
        ax.xaxis.set_minor_locator(MultipleLocator(1.0 / 12.0))
    months = ", small ticks a month apart" if span <= 8.0 else ""
    ax.set_xlabel(f"Julian year (TCB){months}")
    ax.set_ylabel("angle from the Sun to the region [deg]")
    ax.grid(axis="y", alpha=0.25, linewidth=0.6)
    legend = ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.01), ncols=3, frameon=False
    )
    # The legend's own tick is seen, however fine those of thousands of plates are.
    for handle in legend.legend_handles:
        if isinstance(handle, Line2D) and handle.get_marker() == "|":
            handle.set(markersize=12.0, markeredgewidth=2.0)
    return ax


__all__ = ["visibility"]
