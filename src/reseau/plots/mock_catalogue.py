"""Figures of a mock catalogue: colours and magnitudes, counts on the sky, motions."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from numpy import ndarray

from ._style import BLUE, GREEN, MANY, ORANGE, PURPLE, VERMILION, new_axes

PARTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "thin disc": (tuple(f"thin{i}" for i in range(1, 8)), BLUE),
    "thick disc": (("thick",), GREEN),
    "bar": (("bar",), ORANGE),
    "nuclear disc": (("nsd",), VERMILION),
    "nuclear cluster": (("nsc",), PURPLE),
}
"""Components that are drawn as one, and their colour."""

INSIDE = 0.99
"""Part of the stars that the axes hold."""
CELLS = 60
"""Cells of a map of counts along the longer side, at most."""
IN_CELL = 20
"""Stars that a cell holds in the mean, at least."""
LEVELS = (0.1, 0.3, 0.7)
"""Of the greatest density, where contours of motions are drawn."""


def parts_of(component: ndarray) -> dict[str, Bool[ndarray, "n"]]:
    """Return which stars are of which part of the Galaxy, for parts that have any.

    Parameters
    ----------
    component
        Names of the components. What is in no part of `PARTS` is "others".
    """
    found = {part: np.isin(component, names) for part, (names, _) in PARTS.items()}
    found["others"] = ~np.any(list(found.values()), axis=0)
    return {part: rows for part, rows in found.items() if rows.any()}


def _dots(
    ax: Axes, x: np.ndarray, y: np.ndarray, of: tuple[str, int], *, alpha: float
) -> None:
    """Draw stars of a part of the Galaxy, of which there are so many, as dots."""
    part, number = of
    ax.plot(
        x,
        y,
        ls="none",
        marker=".",
        ms=3.0,
        alpha=alpha,
        mew=0.0,
        color=_colour(part),
        rasterized=True,
        label=f"{part} ({number:,})",
    )


def _colour(part: str) -> str:
    return PARTS[part][1] if part in PARTS else "black"


def colour_magnitude(
    colour: Float[ndarray, "n"],
    magnitude: Float[ndarray, "n"],
    component: ndarray,
    *,
    colour_label: str = "J - Ks [mag]",
    magnitude_label: str = "Ks [mag]",
    ax: Axes | None = None,
) -> Axes:
    """Draw a colour-magnitude diagram, stars coloured by their part of the Galaxy.

    Parameters
    ----------
    colour, magnitude
        Of the stars [mag]; NaN: not drawn.
    component
        Names of their components.
    colour_label, magnitude_label
        Of the axes.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.0, height=6.6)
    known = np.isfinite(colour) & np.isfinite(magnitude)
    for part, rows in parts_of(component[known]).items():
        chosen = np.flatnonzero(known)[_some(np.flatnonzero(rows))]
        of = part, int(np.sum(rows))
        _dots(ax, colour[chosen], magnitude[chosen], of, alpha=0.6)
    low, high = _range(colour[known])
    ax.set_xlim(low, high)
    low, high = _range(magnitude[known], share=1.0)
    ax.set_ylim(high, low)
    ax.set_xlabel(colour_label)
    ax.set_ylabel(magnitude_label)
    _legend(ax)
    return ax


def counts_map(
    l: Float[ndarray, "n"],  # noqa: E741
    b: Float[ndarray, "n"],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many stars there are on the sky, in cells.

    Parameters
    ----------
    l, b
        Galactic coordinates [deg]; l of any turn.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=5.6)
    east = l
    if len(l) and np.ptp(l) > 180.0:
        east = (l + 180.0) % 360.0 - 180.0
    edges = [_edges(east), _edges(b)]
    widest = max(np.ptp(e) for e in edges)
    shares = [np.ptp(e) / widest for e in edges]
    most = min(CELLS, (len(l) / IN_CELL / np.prod(shares)) ** 0.5)
    cells = [max(1, round(most * share)) for share in shares]
    counts, x, y = np.histogram2d(east, b, bins=cells, range=edges)
    area = np.diff(x)[0] * np.diff(y)[0] * 3600.0
    image = ax.pcolormesh(x, y, counts.T / area, cmap="viridis", rasterized=True)
    ax.figure.colorbar(image, ax=ax, label="stars per square arcminute")
    ax.set_aspect("equal")
    ax.set_xlim(x[-1], x[0])  # longitude grows to the left
    ax.set_xlabel("Galactic longitude l [deg]")
    ax.set_ylabel("Galactic latitude b [deg]")
    return ax


def motions_by_component(
    along: Float[ndarray, "n"],
    up: Float[ndarray, "n"],
    component: ndarray,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw proper motions, with contours of density for each part of the Galaxy.

    Parameters
    ----------
    along, up
        Proper motions in longitude times cos b, and in latitude [mas/yr]; NaN: not
        drawn.
    component
        Names of the stars' components.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.8, height=6.4)
    known = np.isfinite(along) & np.isfinite(up)
    middle = [float(np.median(v[known])) if known.any() else 0.0 for v in (along, up)]
    away = np.hypot(along[known] - middle[0], up[known] - middle[1])
    half = float(np.quantile(away, INSIDE)) if len(away) else 1.0
    for part, rows in parts_of(component[known]).items():
        chosen = np.flatnonzero(known)[_some(np.flatnonzero(rows))]
        _dots(ax, along[chosen], up[chosen], (part, int(np.sum(rows))), alpha=0.4)
        _contours(
            ax, along[chosen] - middle[0], up[chosen] - middle[1], half, (part, middle)
        )
    ax.set_xlim(middle[0] + half, middle[0] - half)
    ax.set_ylim(middle[1] - half, middle[1] + half)
    ax.set_aspect("equal")
    ax.set_xlabel("proper motion in l, times cos b [mas/yr]")
    ax.set_ylabel("proper motion in b [mas/yr]")
    _legend(ax)
    return ax


def _contours(
    ax: Axes, x: ndarray, y: ndarray, half: float, what: tuple[str, list[float]]
) -> None:
    """Draw where the density of motions is some shares of its greatest."""
    if len(x) < 300:
        return
    part, middle = what
    cells = int(np.clip(len(x) ** 0.5 / 2.0, 12, 48))
    edges = np.linspace(-half, half, cells + 1)
    counts, _, _ = np.histogram2d(x, y, bins=[edges, edges])
    smooth = counts
    for axis in (0, 1):  # a kernel of 1, 2, 1
        padded = np.pad(smooth, [(1, 1) if i == axis else (0, 0) for i in (0, 1)])
        n = smooth.shape[axis]
        left, own, right = (
            np.take(padded, np.arange(k, n + k), axis=axis) for k in (0, 1, 2)
        )
        smooth = 0.25 * (left + 2.0 * own + right)
    centre = 0.5 * (edges[:-1] + edges[1:])
    ax.contour(
        centre + middle[0],
        centre + middle[1],
        smooth.T,
        levels=[level * smooth.max() for level in LEVELS],
        colors=[_colour(part)],
        linewidths=1.4,
    )


def _some(rows: ndarray) -> ndarray:
    """Return at most so many rows as a figure can show, evenly spread."""
    return rows[:: max(1, -(-len(rows) // MANY))]


def _range(values: ndarray, share: float = INSIDE) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = np.quantile(values, [0.5 - 0.5 * share, 0.5 + 0.5 * share])
    margin = 0.05 * (high - low) + 1e-3
    return float(low - margin), float(high + margin)


def _edges(values: ndarray) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _legend(ax: Axes) -> None:
    if ax.get_legend_handles_labels()[0]:
        legend = ax.legend(loc="best", fontsize="small", markerscale=5.0)
        for handle in legend.legend_handles:
            if handle is not None:
                handle.set_alpha(1.0)


__all__ = [
    "PARTS",
    "colour_magnitude",
    "counts_map",
    "motions_by_component",
    "parts_of",
]
