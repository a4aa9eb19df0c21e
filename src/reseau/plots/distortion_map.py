"""Distortion over the focal plane: size as colour, direction as arrows."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from numpy import ndarray

from reseau.diagnostics import DistortionMap
from reseau.errors import ConfigError, explain

from ._style import (
    BLACK,
    label_plane,
    length_key,
    new_axes,
    new_pair,
    plane_scale,
    readable_unit,
    round_length,
)

MAP = "cividis"
UNCERTAINTY_MAP = "viridis"


def distortion_map(
    field: DistortionMap,
    *,
    n_arrows: int = 13,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the displacements of a distortion, or of the difference of two.

    Parameters
    ----------
    field
        The map.
    n_arrows
        Arrows along a side, at most.
    title
        Title; the RMS length is added.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.6, height=5.8)
    factor, unit = readable_unit(field.rms, field.unit)
    mesh, plane = _filled(ax, field, factor * field.size, MAP)
    _colour_bar(ax, mesh, f"displacement [{unit}]")
    _arrows(ax, field, factor, unit, plane, n_arrows)
    rms = f"RMS length {factor * field.rms:.3g} {unit}"
    ax.set_title(f"{title}\n{rms}" if title else rms, pad=30)
    return ax


def distortion_pair(
    before: DistortionMap,
    after: DistortionMap,
    *,
    titles: tuple[str, str] = ("before", "after"),
    n_arrows: int = 13,
) -> tuple[Axes, Axes]:
    """Draw two maps side by side, each with its own scale.

    Parameters
    ----------
    before, after
        For example what the nominal and what the fitted instrument leave.
    titles
        Their titles.
    n_arrows
        Arrows along a side, at most.
    """
    axes = new_pair()
    for ax, field, title in zip(axes, (before, after), titles, strict=True):
        distortion_map(field, n_arrows=n_arrows, title=title, ax=ax)
    return axes


def distortion_uncertainty(
    field: DistortionMap, *, title: str = "uncertainty", ax: Axes | None = None
) -> Axes:
    """Draw the standard deviation of a component of the displacement.

    Parameters
    ----------
    field
        A map with uncertainties.
    title
        Title; the RMS is added.
    ax
        Where to draw; absent: a new figure.
    """
    if field.sigma is None:
        raise ConfigError(
            explain(
                given="the map has no uncertainties",
                wanted="the standard deviation at each point",
                where="the figure of a distortion's uncertainty",
                todo="give `evaluate_distortion` the covariance of the coefficients",
            )
        )
    ax = new_axes(ax, width=6.6, height=5.8)
    rms = float(np.sqrt(np.nanmean(field.sigma**2)))
    factor, unit = readable_unit(rms, field.unit)
    mesh, _ = _filled(ax, field, factor * field.sigma, UNCERTAINTY_MAP)
    _colour_bar(ax, mesh, f"1σ of each component [{unit}]")
    ax.set_title(f"{title}\nRMS {factor * rms:.3g} {unit}")
    return ax


def _filled(
    ax: Axes, field: DistortionMap, value: Float[ndarray, "n m"], colours: str
) -> tuple[QuadMesh, float]:
    plane, name = plane_scale(field.x, field.y)
    mesh = ax.pcolormesh(
        plane * field.x,
        plane * field.y,
        value,
        cmap=colours,
        shading="gouraud",
        vmin=0.0,
        rasterized=True,
    )
    label_plane(ax, name)
    return mesh, plane


def _colour_bar(ax: Axes, mesh: QuadMesh, label: str) -> None:
    bar = ax.figure.colorbar(mesh, ax=ax, fraction=0.046, pad=0.03)
    bar.set_label(label)


def _arrows(
    ax: Axes,
    field: DistortionMap,
    factor: float,
    unit: str,
    plane: float,
    n_arrows: int,
) -> None:
    rows, columns = (_spread(n, n_arrows) for n in field.x.shape)
    part = np.ix_(rows, columns)
    x, y = plane * field.x[part], plane * field.y[part]
    dx, dy = factor * field.dx[part], factor * field.dy[part]
    length = np.hypot(dx, dy)
    longest = float(np.nanmax(length, initial=0.0)) or 1.0
    typical = float(np.nanquantile(length, 0.9))
    spacing = plane * np.ptp(field.x) / max(len(columns) - 1, 1)
    # Long ones span a cell, in the unit of the plane; the longest not much more.
    scale = max(typical, 0.6 * longest) / (spacing or 1.0)
    arrows = ax.quiver(
        x,
        y,
        dx,
        dy,
        color="white",
        edgecolor="black",
        linewidth=0.4,
        width=0.0042,
        headwidth=3.5,
        headlength=4.0,
        headaxislength=3.6,
        minlength=0.5,
        pivot="middle",
        angles="xy",
        scale_units="xy",
        scale=scale,
        # An arrow at the edge may cross the frame; cut short it would be wrong.
        clip_on=False,
        zorder=3,
    )
    # Its box reaches far beyond the arrows and would upset the layout.
    arrows.set_in_layout(False)
    ax.set_xlim(plane * field.x.min(), plane * field.x.max())
    ax.set_ylim(plane * field.y.min(), plane * field.y.max())
    key = round_length(max(typical, 0.6 * longest))
    length_key(ax, arrows, key, f"{key:g} {unit}", left=0.01, colour=BLACK)


def _spread(n: int, wanted: int) -> ndarray:
    # Every k-th point, centred, so that arrows sit on points of the grid.
    step = max(int(np.ceil((n - 1) / max(wanted - 1, 1))), 1)
    start = min((step + (n - 1) % step) // 2, n - 1)
    return np.arange(start, n, step)


__all__ = ["distortion_map", "distortion_pair", "distortion_uncertainty"]
