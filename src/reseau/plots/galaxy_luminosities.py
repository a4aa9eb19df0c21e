"""What the stars of a model of the Galaxy are: luminosity functions, isochrones."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy import ndarray

from reseau.galaxy.isochrones import BANDS, Isochrones
from reseau.galaxy.overview.published import CLUMP_NEAR_THE_SUN

from ._galaxy_style import below, fine_grid
from ._style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

STYLES = {
    "thin1": (SKY, "-"),
    "thin3": (BLUE, (0, (6, 1))),
    "thin7": (BLUE, "-"),
    "thick": (GREEN, "--"),
    "bar": (ORANGE, "-."),
    "nsd": (VERMILION, (0, (5, 1))),
    "nsc": (PURPLE, (0, (1, 1))),
}
"""Components that are drawn: those between thin1, thin3 and thin7 are between them."""

LEAST = 1e-7
"""Of stars per magnitude, that is drawn."""

J_KS = (-0.4, 1.6)
M_KS = (10.5, -9.0)


def galaxy_luminosities(
    edges: Float[ndarray, "b1"], stars: Mapping[str, Mapping[str, Float[ndarray, "b"]]]
) -> Figure:
    """Draw luminosity functions by component, one panel a band.

    Parameters
    ----------
    edges
        Of bins of absolute magnitude.
    stars
        By band, then by component: stars per magnitude of one living star.
    """
    figure = Figure(figsize=(6.2 * len(stars), 5.4), layout="constrained")
    axes = figure.subplots(1, len(stars), squeeze=False, sharey=True)[0]
    for ax, (band, functions) in zip(axes, stars.items(), strict=True):
        for name, values in functions.items():
            if name not in STYLES:
                continue
            colour, style = STYLES[name]
            seen = np.where(values > 0.0, values, np.nan)
            ax.stairs(seen, edges, color=colour, ls=style, lw=1.6, label=name)
        if band == "Ks":
            source, mode = CLUMP_NEAR_THE_SUN
            text = f"red clump near the Sun, {source}"
            ax.axvline(mode, color=GREY, ls=":", lw=1.2, label=text)
        ax.set_xlabel(f"absolute magnitude {band} [mag]")
        ax.set_xlim(edges[0], edges[-1])
        ax.set_yscale("log")
        ax.set_ylim(LEAST, 0.5)
        fine_grid(ax)
        below(ax, columns=4)
    axes[0].set_ylabel("stars per magnitude, of one living star")
    figure.suptitle("Luminosity functions by component", fontsize="medium")
    return figure


def galaxy_isochrones(isochrones: Isochrones) -> Figure:
    """Draw the isochrones of each component in colour and magnitude.

    Parameters
    ----------
    isochrones
        With J, H, Ks.
    """
    names = [name for name in STYLES if name in isochrones.components]
    rows = -(-len(names) // 4)
    figure = Figure(figsize=(12.4, 4.6 * rows), layout="constrained")
    axes = figure.subplots(rows, 4, squeeze=False, sharex=True, sharey=True).ravel()
    ages = isochrones.age
    for ax, name in zip(axes, names, strict=False):
        lines = _sequences(ax, isochrones.of_component(name), STYLES[name][0])
        ax.set_title(lines, fontsize="small")
        fine_grid(ax)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    for index, ax in enumerate(axes[: len(names)]):
        if index % 4 == 0:
            ax.set_ylabel("absolute magnitude Ks [mag]")
        ax.tick_params(labelbottom=index + 4 >= len(names), labelleft=index % 4 == 0)
        if index + 4 >= len(names):
            ax.set_xlabel("J - Ks [mag]")
    axes[0].set_xlim(J_KS)
    axes[0].set_ylim(M_KS)
    span = f"{ages.min():.3g} to {ages.max():.3g} Gyr"
    figure.suptitle(
        f"Isochrones by component, {span}; wider lines have more stars",
        fontsize="medium",
    )
    return figure


def _sequences(ax: Axes, of: Isochrones, colour: str) -> str:
    """Draw the isochrones of one component, and return its title."""
    j, ks = BANDS.index("J"), BANDS.index("Ks")
    lines = [
        np.stack([of.magnitudes[p, j] - of.magnitudes[p, ks], of.magnitudes[p, ks]], 1)
        for p in of.points()
    ]
    widths = 0.4 + 1.8 * of.weight / of.weight.max()
    ax.add_collection(
        LineCollection(lines, colors=colour, linewidths=widths, alpha=0.75)
    )
    low, high = of.metallicity.min(), of.metallicity.max()
    return f"{of.components[0]}: {len(of)} isochrones, [M/H] {low:+.2f} to {high:+.2f}"


__all__ = ["galaxy_isochrones", "galaxy_luminosities"]
