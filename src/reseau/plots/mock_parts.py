"""A mock's stars by part of the Galaxy: on the sky, by distance; their reddening."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from ._galaxy_style import PART_COLOURS, PART_STYLES, below, fine_grid
from ._style import BLACK, new_axes
from .galaxy_extinction import sky_map, sky_pair
from .mock_catalogue import parts_of

KPC = 1000.0
IN_CELL = 20
"""Stars that a cell of a map holds in the mean, at least."""
FEW = 300
"""Stars of a part below which each is a point."""
CELLS = 40
"""Of a map along its longer side, at most."""
Edges = tuple[ndarray, ndarray]
"""Of cells in longitude and latitude [deg]."""


def sky_cells(l: ndarray, b: ndarray) -> Edges:  # noqa: E741
    """Return edges of square cells over stars, such that each holds enough [deg].

    Parameters
    ----------
    l, b
        Galactic coordinates [deg], without a jump at 0 or 360.
    """
    ends = [(float(v.min()), float(v.max())) if len(v) else (0.0, 1.0) for v in (l, b)]
    first, second = (np.array([low, max(high, low + 1e-6)]) for low, high in ends)
    return whole_cells((first, second), len(l))


def unwrapped(l: Float[ndarray, "n"]) -> Float[ndarray, "n"]:  # noqa: E741
    """Return longitudes without a jump, below 0 where they lie on both sides of 0."""
    if len(l) and np.ptp(l) > 180.0:
        return (l + 180.0) % 360.0 - 180.0
    return l


def parts_on_the_sky(
    l: Float[ndarray, "n"],  # noqa: E741
    b: Float[ndarray, "n"],
    component: ndarray,
) -> Figure:
    """Draw the density of stars on the sky, one map for each part of the Galaxy.

    Parameters
    ----------
    l, b
        Galactic coordinates [deg].
    component
        Names of their components.
    """
    l, parts = unwrapped(l), parts_of(component)  # noqa: E741
    columns = min(3, max(len(parts), 1))
    rows = max(1, -(-len(parts) // columns))
    whole = sky_cells(l, b)
    shape = float(np.clip(np.ptp(whole[1]) / np.ptp(whole[0]), 0.3, 1.5))
    size = (4.8 * columns, (3.1 * shape + 0.9) * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (part, chosen) in zip(axes, parts.items(), strict=False):
        _part(ax, l[chosen], b[chosen], whole, part)
        ax.locator_params(nbins=5)
    for ax in axes[len(parts) :]:
        ax.set_visible(False)
    figure.suptitle("Stars on the sky by part of the Galaxy", fontsize="medium")
    return figure


def _part(ax: Axes, l: ndarray, b: ndarray, whole: Edges, part: str) -> None:  # noqa: E741
    """Draw the stars of one part: where they are few each, else their density."""
    ax.set_title(f"{part}: {len(l):,}", fontsize="medium")
    edges = whole_cells(whole, len(l))
    if len(l) >= FEW:
        counts, _, _ = np.histogram2d(l, b, bins=edges)
        area = np.outer(np.diff(edges[0]), np.diff(edges[1])) * 3600.0
        sky_map(ax, edges, counts / area, "stars per arcmin²")
        return
    ax.plot(l, b, ".", color=PART_COLOURS.get(part, BLACK), ms=5)
    ax.set_aspect("equal")
    ax.set_xlim(whole[0][-1], whole[0][0])
    ax.set_ylim(whole[1][0], whole[1][-1])
    ax.set_xlabel("Galactic longitude l [deg]")
    ax.set_ylabel("Galactic latitude b [deg]")


def whole_cells(whole: Edges, stars: int) -> Edges:
    """Return the edges of cells over a window, such that each holds enough stars.

    Parameters
    ----------
    whole
        Edges of some cells of the window [deg].
    stars
        In all of it.
    """
    spans = [float(e[-1] - e[0]) for e in whole]
    step = max(
        np.sqrt(spans[0] * spans[1] * IN_CELL / max(stars, 1)), max(spans) / CELLS
    )
    first, second = (
        np.linspace(e[0], e[-1], max(1, round(span / step)) + 1)
        for e, span in zip(whole, spans, strict=True)
    )
    return first, second


def parts_by_distance(distance: Float[ndarray, "n"], component: ndarray) -> Axes:
    """Draw how many stars of each part there are at which distance.

    Parameters
    ----------
    distance
        From the Sun [pc].
    component
        Names of their components.
    """
    ax = new_axes(None, width=7.4, height=5.2)
    far = distance / KPC
    last = float(np.quantile(far, 0.999)) if len(far) else 1.0
    bins = int(np.clip(1.2 * len(far) ** 0.5, 20, 200))
    edges = np.linspace(0.0, 1.02 * last, bins + 1)
    for part, chosen in parts_of(component).items():
        counts, _ = np.histogram(far[chosen], bins=edges)
        ax.stairs(
            np.where(counts > 0, counts / np.diff(edges), np.nan),
            edges,
            color=PART_COLOURS.get(part, BLACK),
            ls=PART_STYLES.get(part, "-"),
            lw=1.6,
            label=f"{part} ({int(chosen.sum()):,})",
        )
    ax.set_yscale("log")
    ax.set_xlim(0.0, edges[-1])
    ax.set_xlabel("distance from the Sun [kpc]")
    ax.set_ylabel("stars per kpc")
    fine_grid(ax)
    below(ax, columns=3)
    return ax


def mock_reddening(
    l: Float[ndarray, "n"],  # noqa: E741
    b: Float[ndarray, "n"],
    excess: Float[ndarray, "n"],
    colour: Float[ndarray, "n"],
) -> Figure:
    """Draw the reddening of a catalogue's stars, and their colours, cell by cell.

    Parameters
    ----------
    l, b
        Galactic coordinates of the stars that are shown [deg].
    excess
        E(J-Ks) in VVV's bands in front of each [mag].
    colour
        J - Ks [mag]; NaN: not known.
    """
    l = unwrapped(l)  # noqa: E741
    edges = sky_cells(l, b)
    left, right, figure = sky_pair(edges)
    for ax, values, label in (
        (left, excess, "E(J-Ks) in front, VVV bands, median [mag]"),
        (right, colour, "J - Ks, median [mag]"),
    ):
        sky_map(ax, edges, cell_medians(edges, l, b, values), label, cmap="cividis")
    figure.suptitle(
        "Reddening and colour of stars in the bar and the nuclear parts",
        fontsize="medium",
    )
    return figure


def cell_medians(
    edges: Edges,
    l: Float[ndarray, "n"],  # noqa: E741
    b: Float[ndarray, "n"],
    values: Float[ndarray, "n"],
) -> Float[ndarray, "i j"]:
    """Return the median of stars' values in cells; NaN where there is none.

    Parameters
    ----------
    edges
        Of cells in longitude and latitude.
    l, b
        Of the stars, within them.
    values
        NaN: left out.
    """
    known = np.isfinite(values)
    shape = tuple(len(e) - 1 for e in edges)
    i, j = (
        np.clip(np.searchsorted(e, v[known], side="right") - 1, 0, len(e) - 2)
        for e, v in zip(edges, (l, b), strict=True)
    )
    cell = np.ravel_multi_index((i, j), shape)
    order = np.lexsort((values[known], cell))
    sorted_cells, ranked = cell[order], values[known][order]
    cells, first, count = np.unique(sorted_cells, return_index=True, return_counts=True)
    found = np.full(shape[0] * shape[1], np.nan)
    low, high = first + (count - 1) // 2, first + count // 2
    found[cells] = 0.5 * (ranked[low] + ranked[high])
    return found.reshape(shape)


__all__ = [
    "cell_medians",
    "mock_reddening",
    "parts_by_distance",
    "parts_on_the_sky",
    "sky_cells",
    "unwrapped",
    "whole_cells",
]
