"""Pulls by class against the standard normal distribution."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from numpy import ndarray

from ._style import BLACK, CYCLE, new_axes

NORMAL = "N(0, 1)"

LIMIT = 5.0
"""Pulls beyond this are counted in the legend, not drawn."""

MANY_OUTSIDE = 0.05
"""Share of pulls outside from which the axis follows them."""

FEW = 1_000
"""Classes with fewer pulls are points with error bars, not steps."""


def pull_histogram(
    pulls: Mapping[str, Float[ndarray, "..."]],
    *,
    label: str = "pull, (solution − truth) / formal error, decorrelated",
    logarithmic: bool = False,
    of: str = "coordinates",
    ax: Axes | None = None,
) -> Axes:
    """Draw the distribution of pulls of each class, and N(0, 1).

    Parameters
    ----------
    pulls
        Decorrelated pulls by class, any shape; coordinates are pooled.
    label
        What the pulls are, for the axis.
    logarithmic
        Whether the density is logarithmic, to show the wings.
    of
        What there is a pull of, in the plural.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.8, height=4.8)
    limit = _limit(pulls)
    labels: list[str] = []
    colours = [CYCLE[i % len(CYCLE)] for i in range(len(pulls))]
    for (name, values), colour in zip(pulls.items(), colours, strict=True):
        flat = np.ravel(values)
        flat = flat[np.isfinite(flat)]
        if flat.size:
            text = _label(name, flat, of)
            labels.append(text)
            _draw(ax, text, flat, colour, limit)
    z = np.linspace(-limit, limit, 401)
    ax.plot(
        z,
        np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
        color=BLACK,
        linewidth=1.4,
        label=NORMAL,
        zorder=5,
    )
    ax.set_xlim(-limit, limit)
    ax.set_xlabel(label)
    ax.set_ylabel("probability density")
    if logarithmic:
        ax.set_yscale("log")
        most = max((np.size(p) for p in pulls.values()), default=1)
        # A single pull of the largest class is still well above the edge.
        ax.set_ylim(2.0 / max(most, 100), 1.0)
    else:
        ax.set_ylim(bottom=0.0)
    # Without order points come after lines, and N(0, 1) between the classes.
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    names = [n for n in [*labels, NORMAL] if n in handles]
    ax.legend(
        [handles[n] for n in names],
        names,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        frameon=False,
    )
    return ax


def _limit(pulls: Mapping[str, Float[ndarray, "..."]]) -> float:
    """Return how far the axis goes: 5σ, or as far as many pulls that are too large."""
    size = np.concatenate([np.zeros(1), *(np.abs(np.ravel(p)) for p in pulls.values())])
    size = size[np.isfinite(size)]
    if np.mean(size > LIMIT) <= MANY_OUTSIDE:
        return LIMIT
    return 1.05 * float(np.quantile(size, 0.995))


def _draw(
    ax: Axes, label: str, pulls: Float[ndarray, "n"], colour: str, limit: float
) -> None:
    n = pulls.size
    # Scott's rule for a normal, whole bins on each side of zero.
    bins = 2 * int(np.clip(np.ceil(LIMIT * n ** (1.0 / 3.0) / 3.49), 5, 50))
    count, edges = np.histogram(pulls, bins=bins, range=(-limit, limit))
    width = edges[1] - edges[0]
    density = count / (n * width)
    if n < FEW:
        _points(ax, edges, count, 1.0 / (n * width), (colour, label))
        return
    ax.stairs(density, edges, color=colour, linewidth=1.6, label=label, zorder=3)
    ax.stairs(density, edges, color=colour, fill=True, alpha=0.15, zorder=1)


def _points(
    ax: Axes,
    edges: ndarray,
    count: ndarray,
    factor: float,
    look: tuple[str, str],
) -> None:
    filled = count > 0
    ax.errorbar(
        (0.5 * (edges[1:] + edges[:-1]))[filled],
        factor * count[filled],
        yerr=factor * np.sqrt(count[filled]),
        fmt="o",
        markersize=4,
        linewidth=1.0,
        color=look[0],
        label=look[1],
        zorder=4,
    )


def _label(name: str, pulls: ndarray, of: str) -> str:
    spread = float(np.sqrt(np.mean(pulls**2)))
    error = spread / np.sqrt(2.0 * pulls.size)
    text = f"{name.replace('_', ' ')}: std {spread:.3f} ± {error:.3f}"
    text += f", {pulls.size:,} {of}"
    beyond = int(np.count_nonzero(np.abs(pulls) > LIMIT))
    return f"{text}, {beyond:,} beyond ±{LIMIT:g}" if beyond else text


__all__ = ["FEW", "LIMIT", "pull_histogram"]
