"""Dust before the stars: a map of E(J-Ks) with its scatter, growth with distance."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy import ndarray

from ._galaxy_style import below, fine_grid
from ._style import BLUE, GREEN, GREY, ORANGE, VERMILION, new_axes

KPC = 1000.0
LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (VERMILION, ":"))


def sky_map(
    ax: Axes,
    edges: tuple[Float[ndarray, "i1"], Float[ndarray, "j1"]],
    values: Float[ndarray, "i j"],
    label: str,
    *,
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
) -> None:
    """Draw values in cells of Galactic longitude and latitude, l to the left.

    Parameters
    ----------
    ax
        Where to draw.
    edges
        Of cells in longitude and latitude [deg], rising.
    values
        NaN: not drawn.
    label
        Of the colour bar.
    limits
        Of the colours; None: all values.
    cmap
        Name of the colours.
    """
    low, high = limits or (None, None)
    image = ax.pcolormesh(
        *edges, values.T, cmap=cmap, vmin=low, vmax=high, rasterized=True
    )
    ax.figure.colorbar(image, ax=ax, label=label)
    ax.set_aspect("equal")
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlim(edges[0][-1], edges[0][0])
    ax.set_xlabel("Galactic longitude l [deg]")
    ax.set_ylabel("Galactic latitude b [deg]")


def sky_pair(
    edges: tuple[Float[ndarray, "i1"], Float[ndarray, "j1"]],
) -> tuple[Axes, Axes, Figure]:
    """Return two axes side by side for maps of a window, and their figure.

    Parameters
    ----------
    edges
        Of cells in longitude and latitude [deg]: the figure is as high as they ask.
    """
    shape = float(np.ptp(edges[1]) / np.ptp(edges[0]))
    height = float(np.clip(4.4 * shape + 1.0, 2.2, 6.5))
    figure = Figure(figsize=(12.4, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    return left, right, figure


def extinction_maps(
    edges: tuple[Float[ndarray, "i1"], Float[ndarray, "j1"]],
    excess: Float[ndarray, "i j"],
    scatter: Float[ndarray, "i j"],
    *,
    title: str,
    scatter_label: str = "1σ of E(J-Ks) inside cells [mag]",
) -> Figure:
    """Draw the reddening of a window and, beside it, its scatter or its error.

    Parameters
    ----------
    edges
        Of cells in longitude and latitude [deg].
    excess, scatter
        E(J-Ks) in VVV's bands, and 1σ of it [mag]; NaN: not known.
    title
        Of the map.
    scatter_label
        Of the second map, where it is another error than that.
    """
    left, right, figure = sky_pair(edges)
    sky_map(left, edges, excess, "E(J-Ks), VVV bands [mag]", cmap="cividis")
    sky_map(right, edges, scatter, scatter_label, cmap="cividis")
    figure.suptitle(title, fontsize="medium")
    return figure


def extinction_along(
    distance: Float[ndarray, "n"],
    extinction: Mapping[str, Float[ndarray, "n"]],
    *,
    clump: float,
    band: str = "Hw",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw how extinction grows with distance, by profile.

    Parameters
    ----------
    distance
        From the Sun [pc].
    extinction
        By name of the profile [mag].
    clump
        Mean distance of the red clump [pc], where all agree with the map.
    band
        Of the extinction.
    title
        Above the axes.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.4, height=5.0)
    for (name, values), (colour, style) in zip(extinction.items(), LINES, strict=False):
        ax.plot(distance / KPC, values, color=colour, ls=style, lw=1.9, label=name)
    text = f"red clump, {clump / KPC:.2f} kpc"
    ax.axvline(clump / KPC, color=GREY, ls=":", lw=1.0, label=text)
    ax.set_xlim(0.0, float(distance[-1]) / KPC)
    ax.set_ylim(0.0, 1.05 * max(float(np.max(v)) for v in extinction.values()))
    ax.set_xlabel("distance from the Sun [kpc]")
    ax.set_ylabel(f"extinction in {band} [mag]")
    if title:
        ax.set_title(title, fontsize="medium")
    fine_grid(ax)
    below(ax, columns=4)
    return ax


__all__ = ["extinction_along", "extinction_maps", "sky_map", "sky_pair"]
