"""Where the stars of a model of the Galaxy are: maps, a line of sight, the centre."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy import ndarray

from reseau.galaxy.model import Galaxy
from reseau.galaxy.overview import (
    Projection,
    mass_density_at,
    mass_within,
    parts_of,
)
from reseau.galaxy.overview.published import (
    CLUSTER_DENSITY,
    CLUSTER_MASS,
    NUCLEAR_DENSITY,
    NUCLEAR_DENSITY_ABOVE,
    NUCLEAR_MASS,
)

from ._galaxy_style import (
    PART_COLOURS,
    PART_STYLES,
    below,
    draw_published,
    fine_grid,
)
from ._style import new_axes

KPC = 1000.0
SHOWN = ("thin disc", "thick disc", "bar")
"""Parts with maps of their own, beside that of all; the others are a point in them."""

DECADES = 4.0
"""Of column density that a map shows."""


def galaxy_maps(
    above: Projection, beside: Projection, sun: Float[ndarray, "3"]
) -> Figure:
    """Draw column densities of mass, from above and edge-on, by part.

    Parameters
    ----------
    above, beside
        Seen along Z and along Y.
    sun
        Where the Sun is [pc].
    """
    names = ["all", *(name for name in SHOWN if name in above.mass)]
    figure = Figure(figsize=(3.1 * len(names) + 1.0, 4.5), layout="constrained")
    ratio = np.ptp(beside.up) / np.ptp(above.up)
    axes = figure.subplots(
        2, len(names), squeeze=False, height_ratios=(1.0, float(ratio))
    )
    highest = max(above.total.max(), beside.total.max())
    norm = LogNorm(highest * 10.0**-DECADES, highest)
    for column, name in enumerate(names):
        for row, (seen, height) in enumerate(((above, sun[1]), (beside, sun[2]))):
            ax = axes[row, column]
            mass = seen.total if name == "all" else seen.mass[name]
            image = _map(ax, seen, mass, norm)
            ax.plot(
                *(sun[0] / KPC, height / KPC), "o", ms=5, mfc="none", mec="w", mew=1.3
            )
            if column == 0:
                ax.set_ylabel(f"{'YZ'[row]} [kpc]")
        axes[0, column].set_title(name)
        axes[1, column].set_xlabel("X [kpc]")
    figure.colorbar(
        image, ax=axes, label="column density [M☉/pc²]", fraction=0.03, extend="min"
    )
    figure.suptitle(
        "Mass seen from above (top) and from the side; ○ the Sun", fontsize="medium"
    )
    return figure


def _map(ax: Axes, seen: Projection, mass: ndarray, norm: LogNorm) -> QuadMesh:
    """Draw one map with contours half a decade apart."""
    x, y = seen.across / KPC, seen.up / KPC
    shown = np.maximum(mass.T, norm.vmin or 0.0)
    image = ax.pcolormesh(x, y, shown, norm=norm, cmap="magma", rasterized=True)
    levels = (norm.vmax or 1.0) * 10.0 ** np.arange(-DECADES + 0.5, 0.0, 0.5)
    ax.contour(x, y, shown, levels=levels, colors="w", linewidths=0.5, alpha=0.6)
    ax.set_aspect("equal")
    return image


def galaxy_sightline(
    distance: Float[ndarray, "n"],
    stars: Mapping[str, Float[ndarray, "n"]],
    *,
    direction: tuple[float, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw how many stars of each part there are along a line of sight.

    Parameters
    ----------
    distance
        From the Sun [pc].
    stars
        By part, per square arcminute and kpc.
    direction
        Galactic longitude and latitude [deg], for the title.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.4, height=5.2)
    total = np.sum(list(stars.values()), axis=0)
    for part, values in {**stars, "all": total}.items():
        ax.plot(
            distance / KPC,
            np.where(values > 0.0, values, np.nan),
            color=PART_COLOURS[part],
            ls=PART_STYLES[part],
            lw=2.6 if part == "all" else 1.7,
            alpha=0.4 if part == "all" else 1.0,
            label=part,
        )
    ax.set_yscale("log")
    highest = float(total.max())
    ax.set_ylim(highest * 1e-6, highest * 3.0)
    ax.set_xlim(0.0, float(distance[-1]) / KPC)
    ax.set_xlabel("distance from the Sun [kpc]")
    ax.set_ylabel("living stars per arcmin² and kpc")
    l, b = direction  # noqa: E741
    ax.set_title(f"Stars towards l = {l:g}°, b = {b:g}°", fontsize="medium")
    fine_grid(ax)
    below(ax, columns=3)
    return ax


def galaxy_centre(galaxy: Galaxy) -> Figure:
    """Draw density and mass of the nuclear parts, with what others published.

    Parameters
    ----------
    galaxy
        With a nuclear disc or cluster.
    """
    figure = Figure(figsize=(12.4, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    parts = [p for p in ("nuclear disc", "nuclear cluster") if p in parts_of(galaxy)]
    radius = np.geomspace(0.3, 1000.0, 121)
    for part in parts:
        colour, style = PART_COLOURS[part], PART_STYLES[part]
        density = mass_density_at(galaxy, part, radius)
        left.plot(radius, density, color=colour, ls=style, label=f"{part}, Z = 0")
        within = mass_within(galaxy, part, radius)
        right.plot(radius, within, color=colour, ls=style, label=part)
    if "nuclear disc" in parts:
        above = mass_density_at(galaxy, "nuclear disc", radius, 50.0)
        left.plot(
            radius,
            above,
            color=PART_COLOURS["nuclear disc"],
            ls=":",
            label="nuclear disc, Z = 50 pc",
        )
    disc, cluster = (PART_COLOURS[p] for p in ("nuclear disc", "nuclear cluster"))
    draw_published(
        left,
        (NUCLEAR_DENSITY, NUCLEAR_DENSITY_ABOVE, CLUSTER_DENSITY),
        colours=(disc, disc, cluster),
    )
    draw_published(right, (NUCLEAR_MASS, CLUSTER_MASS), colours=(disc, cluster))
    left.set_ylabel("mass density [M☉/pc³]")
    right.set_ylabel("mass within the radius [M☉]")
    left.set_ylim(0.3, 3e6)
    right.set_ylim(1e4, 3e9)
    left.set_xlabel("R in the plane [pc]")
    right.set_xlabel("radius about Sgr A* [pc]")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlim(radius[0], radius[-1] * 1.15)
        fine_grid(ax)
        below(ax)
    return figure


__all__ = ["galaxy_centre", "galaxy_maps", "galaxy_sightline"]
