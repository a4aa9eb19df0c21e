"""Mean residuals over the focal plane, with the noise they are to be judged by."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.quiver import Quiver
from numpy import ndarray

from reseau.diagnostics import BinnedVectors

from ._style import (
    BLACK,
    BLUE,
    label_plane,
    length_key,
    new_axes,
    plane_scale,
    readable_unit,
    round_length,
)

LONGEST_KEY = 8.0
"""A noise arrow longer than this many scale keys is given in words only."""


def residual_quiver(
    binned: BinnedVectors, *, unit: str = "mas", ax: Axes | None = None
) -> Axes:
    """Draw mean residual vectors over the focal plane.

    Parameters
    ----------
    binned
        Mean residuals in cells; positions in um.
    unit
        Unit of the residuals; "mas" is shown as µas where that reads better.
    ax
        Where to draw; absent: a new figure.

    Notes
    -----
    The black arrow in the key is the length that noise alone gives a mean vector,
    √2 times the expected standard deviation of a component.
    """
    ax = new_axes(ax, width=6.4, height=6.8)
    used = binned.used
    size = np.hypot(binned.dx[used], binned.dy[used])
    typical = float(np.sqrt(np.mean(size**2))) if size.size else 1.0
    factor, name = readable_unit(typical, unit)
    plane, plane_unit = plane_scale(binned.edges_x, binned.edges_y)
    arrows = _draw(ax, binned, factor, plane)
    # Its own unit, since it may be of quite another size.
    scale, noise_unit = readable_unit(binned.expected, unit)
    noise = np.sqrt(2.0) * binned.expected
    words = f"{scale * noise:.3g} {noise_unit}, expected from noise alone"
    if size.size:
        key = round_length(2.0 * factor * typical)
        length_key(ax, arrows, key, f"{key:g} {name}", left=0.01, colour=BLUE)
        # Beside the first arrow and its words, however long that arrow is.
        beside = 0.17 + key / (arrows.scale * np.ptp(ax.get_xlim()))
        _noise_key(
            *(ax, arrows, factor * noise, words),
            longest=LONGEST_KEY * key,
            left=max(0.30, beside),
        )
    label_plane(ax, plane_unit)
    ax.set_title(
        f"mean residuals: RMS {factor * binned.rms:.3g} {name}, noise gives "
        f"{scale * binned.expected:.3g} {noise_unit}\n(each component; "
        f"reduced χ² {binned.reduced_chi2:.2f}, {np.count_nonzero(used)} cells, "
        f"{binned.count.sum():,} measurements)",
        fontsize="medium",
        pad=28,
    )
    return ax


def _draw(ax: Axes, binned: BinnedVectors, factor: float, plane: float) -> Quiver:
    used = binned.used
    x, y = (plane * c[used] for c in binned.centres)
    dx, dy = factor * binned.dx[used], factor * binned.dy[used]
    length = np.hypot(dx, dy)
    side = plane * (binned.edges_x[1] - binned.edges_x[0])
    # Judged on a high quantile, so that one wild cell does not shrink all others.
    long = float(np.quantile(length, 0.98)) if length.size else 1.0
    reach = (1.3 * side) / (long or 1.0)
    arrows = ax.quiver(
        x,
        y,
        dx,
        dy,
        color=BLUE,
        width=0.0035,
        angles="xy",
        scale_units="xy",
        scale=1.0 / reach,
        headwidth=3.8,
        headlength=4.2,
        headaxislength=3.8,
        minlength=0.5,
        zorder=2,
    )
    ax.scatter(x, y, s=3, color=BLUE, linewidths=0, zorder=2)
    ax.set_xlim(*_limits(plane * binned.edges_x, x + reach * dx, side))
    ax.set_ylim(*_limits(plane * binned.edges_y, y + reach * dy, side))
    ax.grid(alpha=0.15, linewidth=0.6)
    return arrows


def _limits(edges: ndarray, tips: ndarray, side: float) -> tuple[float, float]:
    # Wide enough for the cells and for every tip.
    low = min(edges[0], tips.min(initial=np.inf) - 0.3 * side)
    high = max(edges[-1], tips.max(initial=-np.inf) + 0.3 * side)
    return low, high


def _noise_key(
    ax: Axes,
    arrows: Quiver,
    noise: float,
    words: str,
    *,
    longest: float,
    left: float,
) -> None:
    if noise <= longest:
        length_key(ax, arrows, noise, words, left=left, colour=BLACK)
    else:
        ax.text(left, 1.035, f"no arrow: {words}", transform=ax.transAxes, va="center")


__all__ = ["residual_quiver"]
