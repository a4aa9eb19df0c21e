"""How the stars of a model of the Galaxy move: curves by component, the bar's field."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from numpy import ndarray

from reseau.galaxy.kinematics import Moments
from reseau.galaxy.overview import VelocityCurves, vertex_deviation
from reseau.galaxy.overview.published import (
    BAR_CENTRE,
    CLUSTER_DISPERSION,
    KOSHIMOTO,
    LOCAL_DISPERSIONS,
    NUCLEAR_DISPERSIONS,
    NUCLEAR_ROTATION,
    ROTATION_CURVE,
    Published,
)

from ._galaxy_style import PART_COLOURS, draw_published, fine_grid
from ._style import BLUE, GREEN, GREY, ORANGE, SKY

KPC = 1000.0

COLOURS = {
    "thin1": SKY,
    "thin7": BLUE,
    "thick": GREEN,
    "bar": ORANGE,
    "nsd": PART_COLOURS["nuclear disc"],
    "nsc": PART_COLOURS["nuclear cluster"],
}
"""Of components, as of the parts that they belong to."""

STYLES = {
    "thin1": "-",
    "thin7": (0, (6, 1)),
    "thick": "--",
    "bar": "-.",
    "nsd": (0, (5, 1)),
    "nsc": (0, (1, 1)),
}

Curves = Mapping[str, VelocityCurves]
_PANELS = (
    ("rotation", "mean rotation [km/s]"),
    ("sigma_r", "σ outwards [km/s]"),
    ("sigma_phi", "σ in azimuth [km/s]"),
    ("sigma_z", "σ upwards [km/s]"),
)


def galaxy_rotation(curves: Curves, *, r0: float) -> Figure:
    """Draw rotation and dispersions of discs and bar, with published figures.

    Parameters
    ----------
    curves
        By component.
    r0
        Radius of the Sun [pc].
    """
    figure, axes = _panels(curves, KPC)
    reached = max(float(c.radius[-1]) for c in curves.values())
    within = [i for i, r in enumerate(ROTATION_CURVE.at) if r <= reached]
    speed = Published(
        ROTATION_CURVE.source,
        tuple(ROTATION_CURVE.at[i] / KPC for i in within),
        tuple(ROTATION_CURVE.value[i] for i in within),
    )
    draw_published(axes[0], (speed,), colours=(GREY,), what=", circular")
    for column, ax in ((0, axes[1]), (1, axes[3])):
        for name, values in LOCAL_DISPERSIONS.items():
            if name in curves:
                _point(ax, r0 / KPC, values[column], COLOURS[name])
    if "bar" in curves:
        # In the centre, with the mean of both axes in the plane.
        planar = np.sqrt(0.5 * (BAR_CENTRE[0] ** 2 + BAR_CENTRE[1] ** 2))
        for ax, value in zip(axes[1:], (planar, planar, BAR_CENTRE[2]), strict=True):
            _point(ax, 0.0, float(value), COLOURS["bar"])
    for ax in axes:
        ax.set_xlabel("R in the plane [kpc]")
        ax.set_xlim(left=-0.15)
        ax.set_ylim(bottom=0.0)
    figure.suptitle("Velocities in the plane, means over circles", fontsize="medium")
    _legend(figure, axes)
    return figure


def galaxy_nuclear_rotation(curves: Curves) -> Figure:
    """Draw rotation and dispersions of the nuclear parts, with published figures.

    Parameters
    ----------
    curves
        Of "nsd" and "nsc".
    """
    figure, axes = _panels(curves, 1.0)
    disc, cluster = COLOURS["nsd"], COLOURS["nsc"]
    draw_published(axes[0], (NUCLEAR_ROTATION,), colours=(disc,))
    for ax, axis in zip(axes[1:], NUCLEAR_DISPERSIONS, strict=True):
        draw_published(
            ax,
            (NUCLEAR_DISPERSIONS[axis], CLUSTER_DISPERSION),
            colours=(disc, cluster),
        )
    for ax in axes:
        ax.set_xscale("log")
        ax.set_xlabel("R in the plane [pc]")
        ax.set_ylim(bottom=0.0)
    figure.suptitle("Velocities of the nuclear disc and cluster", fontsize="medium")
    _legend(figure, axes)
    return figure


def _panels(curves: Curves, unit: float) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(11.4, 8.4), layout="constrained")
    axes = list(figure.subplots(2, 2).ravel())
    for ax, (name, label) in zip(axes, _PANELS, strict=True):
        for component, curve in curves.items():
            ax.plot(
                curve.radius / unit,
                getattr(curve, name),
                color=COLOURS.get(component, GREY),
                ls=STYLES.get(component, "-"),
                lw=1.8,
                label=component,
            )
        ax.set_ylabel(label)
        fine_grid(ax)
    return figure, axes


def _legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """Put one legend of all axes below them."""
    found = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        found.update(dict(zip(labels, handles, strict=True)))
    figure.legend(
        list(found.values()),
        list(found),
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )


def _point(ax: Axes, x: float, y: float, colour: str) -> None:
    known = ax.get_legend_handles_labels()[1]
    label = "_" if KOSHIMOTO in known else KOSHIMOTO
    ax.plot(
        x, y, "s", ms=7, mfc="none", mew=1.5, color=colour, label=label, clip_on=False
    )


def galaxy_bar_velocities(
    position: Float[ndarray, "n 3"],
    moments: Moments,
    *,
    along: Float[ndarray, "m 3"],
    along_moments: Moments,
    angle: float,
) -> Figure:
    """Draw the bar's mean motion and ellipsoids in the plane, and its vertex deviation.

    Parameters
    ----------
    position, moments
        On a grid in the plane [pc], and there.
    along, along_moments
        On the line from the Sun through the centre [pc], and there.
    angle
        Of the bar's long axis from that line [rad].
    """
    figure = Figure(figsize=(12.4, 5.8), layout="constrained")
    places = figure.subplot_mosaic([["field", "angle"], ["field", "correlation"]])
    _field(places["field"], position, moments, angle)
    x, c = along[:, 0] / KPC, along_moments.covariance
    upper, lower = places["angle"], places["correlation"]
    upper.plot(x, vertex_deviation(along_moments), color=ORANGE, lw=2.0)
    degrees = -np.rad2deg(angle)
    text = f"along the bar, {degrees:.0f}°"
    upper.axhline(degrees, color=GREY, ls="--", lw=1.0, label=text)
    upper.set_ylabel("vertex deviation,\nfrom X to Y [deg]")
    upper.set_ylim(-95.0, 95.0)
    upper.set_yticks(np.arange(-90, 91, 45))
    upper.legend(loc="upper center", frameon=False, fontsize="small")
    correlation = c[:, 0, 1] / np.sqrt(c[:, 0, 0] * c[:, 1, 1])
    lower.plot(x, correlation, color=ORANGE, lw=2.0)
    lower.set_ylabel("correlation of\nthe velocities in X and Y")
    lower.set_xlabel("X on the line from the Sun through the centre [kpc]")
    for ax in (upper, lower):
        ax.axhline(0.0, color=GREY, lw=0.8)
        fine_grid(ax)
    return figure


def _field(ax: Axes, position: ndarray, moments: Moments, angle: float) -> None:
    """Draw arrows of the mean velocity, and ellipses of the dispersions."""
    x, y = position[:, 0] / KPC, position[:, 1] / KPC
    half = float(np.abs(x).max()) * 1.12
    covariance = moments.covariance[:, :2, :2]
    value, vector = np.linalg.eigh(covariance)
    step = float(np.min(np.diff(np.unique(x))))
    scale = 0.8 * step / np.sqrt(value[:, 1].max())
    ax.add_collection(
        EllipseCollection(
            scale * np.sqrt(value[:, 1]),
            scale * np.sqrt(value[:, 0]),
            np.rad2deg(np.arctan2(vector[:, 1, 1], vector[:, 0, 1])),
            units="x",
            offsets=np.stack([x, y], axis=1),
            transOffset=ax.transData,
            facecolors="none",
            edgecolors=ORANGE,
            linewidths=1.0,
        )
    )
    speed = np.hypot(moments.mean[:, 0], moments.mean[:, 1])
    arrows = ax.quiver(
        x,
        y,
        moments.mean[:, 0],
        moments.mean[:, 1],
        color=BLUE,
        angles="xy",
        scale_units="xy",
        scale=float(speed.max()) / (1.05 * step),
        width=0.003,
    )
    ax.quiverkey(
        arrows, 0.78, 1.03, 100.0, "100 km/s", labelpos="E", coordinates="axes"
    )
    reach = np.array([-half, half])
    ax.plot(reach, -np.tan(angle) * reach, color=GREY, ls="--", lw=1.0)
    ax.set_xlim(-half, half)
    ax.set_ylim(-half, half)
    ax.set_aspect("equal")
    ax.set_xlabel("X [kpc], the Sun is far to the left")
    ax.set_ylabel("Y [kpc]")
    ax.set_title(
        "bar: mean velocity, and dispersions as ellipses", fontsize="medium", loc="left"
    )


__all__ = ["galaxy_bar_velocities", "galaxy_nuclear_rotation", "galaxy_rotation"]
