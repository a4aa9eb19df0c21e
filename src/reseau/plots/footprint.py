"""Where exposures and sources lie on the sky."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy import ndarray

from reseau.diagnostics import field_centre, sky_offsets

from ._style import BLACK, CYCLE, GREY, MANY, VERMILION, new_axes

Positions = Float[ndarray, "n 2"]


def footprint(
    outlines: Float[ndarray, "n_exp n_det n_points 2"],
    *,
    reference: Positions | None = None,
    target: Float[ndarray, "m 2"] | None = None,
    field: Int[ndarray, "n_exp"] | None = None,
    centre: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the detectors of all exposures and the sources on the sky.

    Parameters
    ----------
    outlines
        Corners of the detectors, right ascension and declination [deg].
    reference, target
        Positions of references and of other sources [deg].
    field
        Number of the field of each exposure; fields have different colours.
    centre
        Right ascension and declination of the middle [deg]; absent: that of the
        outlines.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=6.4)
    centre = centre or field_centre(outlines[..., 0], outlines[..., 1])
    handles: list[Line2D | Patch] = []
    handles += _draw_sources(ax, reference, centre, "references", GREY, 1.5)
    handles += _draw_outlines(ax, outlines, field, centre)
    handles += _draw_sources(ax, target, centre, "targets", VERMILION, 22.0)
    _finish(ax, outlines, centre)
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
    )
    return ax


def _draw_outlines(
    ax: Axes,
    outlines: ndarray,
    field: Int[ndarray, "n_exp"] | None,
    centre: tuple[float, float],
) -> Sequence[Patch]:
    field = np.zeros(len(outlines), dtype=int) if field is None else field
    numbers = np.unique(field)
    handles, n = [], outlines.shape[1]
    for i, number in enumerate(numbers):
        part = outlines[field == number]
        colour = CYCLE[i % len(CYCLE)]
        label = f"field {number}" if len(numbers) > 1 else "detectors"
        label += f": {len(part)} exposure{'s' if len(part) > 1 else ''}"
        xi, eta = sky_offsets(part[..., 0], part[..., 1], centre=centre)
        polygons = np.stack([xi, eta], axis=-1).reshape(-1, part.shape[-2], 2)
        # Only the first exposure is filled: tens on top of each other hide the sources.
        for which, fill, edge in ((polygons, 0.0, 0.45), (polygons[:n], 0.14, 1.0)):
            ax.add_collection(
                PolyCollection(
                    list(which),
                    facecolors=(colour, fill),
                    edgecolors=(colour, edge),
                    linewidths=0.5 if fill == 0.0 else 1.2,
                    label=label if fill == 0.0 else "_first",
                    zorder=2,
                )
            )
        handles.append(Patch(facecolor=(colour, 0.25), edgecolor=colour, label=label))
    return handles


def _draw_sources(
    ax: Axes,
    positions: Positions | None,
    centre: tuple[float, float],
    name: str,
    colour: str,
    size: float,
) -> Sequence[Line2D]:
    if positions is None or not len(positions):
        return []
    xi, eta = sky_offsets(positions[:, 0], positions[:, 1], centre=centre)
    few = len(positions) <= 500
    size = size if few or name == "references" else 2.0
    size = float(np.clip(size * np.sqrt(10_000 / len(positions)), 0.1, max(size, 4.0)))
    ax.scatter(
        xi,
        eta,
        s=size,
        facecolors="none" if few and name != "references" else colour,
        edgecolors=colour if few and name != "references" else "none",
        linewidths=1.0,
        alpha=1.0 if len(positions) <= MANY else 0.4,
        rasterized=True,
        label=name,
        zorder=3 if name != "references" else 1,
    )
    hollow = few and name != "references"
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=5 if hollow else 3,
            markerfacecolor="none" if hollow else colour,
            markeredgecolor=colour,
            label=f"{len(positions):,} {name}",
        )
    ]


def _finish(ax: Axes, outlines: ndarray, centre: tuple[float, float]) -> None:
    xi, eta = sky_offsets(outlines[..., 0], outlines[..., 1], centre=centre)
    half = 0.54 * max(np.ptp(xi), np.ptp(eta))
    middle = 0.5 * (xi.max() + xi.min()), 0.5 * (eta.max() + eta.min())
    # East is to the left on the sky.
    ax.set_xlim(middle[0] + half, middle[0] - half)
    ax.set_ylim(middle[1] - half, middle[1] + half)
    ax.set_aspect("equal")
    ax.set_xlabel("offset in right ascension, Δα cos δ, east to the left [deg]")
    ax.set_ylabel("offset in declination, Δδ [deg]")
    dec = f"{centre[1]:+.4f}".replace("-", "−")
    ax.set_title(f"centre α = {centre[0]:.4f}°, δ = {dec}° (ICRS)")
    ax.grid(color=BLACK, alpha=0.08, linewidth=0.6)
    ax.set_axisbelow(True)


__all__ = ["footprint"]
