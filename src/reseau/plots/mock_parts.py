"""A mock's stars by part of the Galaxy: on the sky, by distance; their reddening."""

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray

from ._galaxy_style import PART_COLOURS, PART_STYLES, below, fine_grid
from ._style import BLACK, new_axes
from .galaxy_extinction import sky_map
from .mock_catalogue import parts_of

KPC = 1000.0
IN_CELL = 20
"""Stars that a cell of a map holds in the mean, at least."""
CELLS = 40
"""Of a map along its longer side, at most."""
Edges = tuple[Float[ndarray, "i1"], Float[ndarray, "j1"]]


def sky_cells(l: ndarray, b: ndarray, in_cell: float = IN_CELL) -> Edges:  # noqa: E741
    """Return edges of square cells that hold enough stars [deg].

    Parameters
    ----------
    l, b
        Galactic coordinates [deg], without a jump at 0 or 360.
    in_cell
        Stars of a cell, at least, in the mean.
    """
    spans = [max(float(np.ptp(v)), 1e-6) if len(v) else 1.0 for v in (l, b)]
    starts = [float(np.min(v)) if len(v) else 0.0 for v in (l, b)]
    step = np.sqrt(spans[0] * spans[1] * in_cell / max(len(l), 1))
    step = max(step, max(spans) / CELLS)
    counts = [max(1, round(span / step)) for span in spans]
    first, second = (
        np.linspace(start, start + span, n + 1)
        for start, span, n in zip(starts, spans, counts, strict=True)
    )
    return first, second


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
    figure = Figure(figsize=(4.6 * columns, 3.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (part, chosen) in zip(axes, parts.items(), strict=False):
        edges = sky_cells(l[chosen], b[chosen])
        counts, _, _ = np.histogram2d(l[chosen], b[chosen], bins=edges)
        area = np.outer(np.diff(edges[0]), np.diff(edges[1])) * 3600.0
        sky_map(ax, edges, counts / area, "stars per arcmin²")
        ax.set_title(f"{part}: {int(chosen.sum()):,}", fontsize="medium")
        ax.locator_params(nbins=5)
    for ax in axes[len(parts) :]:
        ax.set_visible(False)
    figure.suptitle("Stars on the sky by part of the Galaxy", fontsize="medium")
    return figure


def parts_by_distance(distance: Float[ndarray, "n"], component: ndarray) -> Figure:
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
    edges = np.linspace(0.0, 1.02 * last, 101)
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
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


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
    shape = float(np.ptp(edges[1]) / np.ptp(edges[0]))
    height = float(np.clip(4.9 * shape + 1.1, 2.4, 6.5))
    figure = Figure(figsize=(12.4, height), layout="constrained")
    left, right = figure.subplots(1, 2)
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
    cells, first, count = np.unique(
        sorted_cells, return_index=True, return_counts=True
    )
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
]
