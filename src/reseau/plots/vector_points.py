"""Proper motions in both coordinates, with their error ellipses."""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy import ndarray

from ._marks import corner_note, error_ellipses
from ._style import BLUE, GREY, MANY, VERMILION, new_axes, readable_unit

ELLIPSES = 150
"""Ellipses of a class, at most: every so many sources has one."""

INSIDE = 0.995
"""Part of the motions that the axes hold."""

FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""By which ellipses may be enlarged to be seen."""

LARGEST = 4.0
"""Times the median: larger errors have no ellipse, which would hide others."""

VISIBLE = 0.01
"""Of the width of the axes: the major axis of a typical ellipse, at least."""


def vector_points(
    motion: Float[ndarray, "n 2"],
    covariance: Float[ndarray, "n 2 2"],
    *,
    is_reference: Bool[ndarray, "n"],
    ax: Axes | None = None,
) -> Axes:
    """Draw the vector-point diagram: motion north against motion east.

    Parameters
    ----------
    motion
        pmra (with cos δ) and pmdec [mas/yr]; NaN: not known, not drawn.
    covariance
        Of both [mas²/yr²].
    is_reference
        Which sources are references.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=6.6)
    known = np.isfinite(motion).all(axis=1) & np.isfinite(covariance).all(axis=(1, 2))
    middle, half = _limits(motion[known])
    ax.set_xlim(middle[0] + half, middle[0] - half)  # East is to the left.
    ax.set_ylim(middle[1] - half, middle[1] + half)
    ax.set_aspect("equal")
    for chosen, name, colour in (
        (known & is_reference, "references", BLUE),
        (known & ~is_reference, "others", VERMILION),
    ):
        if chosen.any():
            rows = np.flatnonzero(chosen)
            _class(ax, motion[rows], covariance[rows], half, (name, colour))
    outside = int(np.sum(np.any(np.abs(motion[known] - middle) > half, axis=1)))
    if outside:
        corner_note(ax, f"{outside:,} of {known.sum():,} lie outside")
    ax.set_xlabel("proper motion in α cos δ, East [mas/yr]")
    ax.set_ylabel("proper motion in δ, North [mas/yr]")
    ax.grid(alpha=0.2, linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return ax


def _limits(motion: Float[ndarray, "n 2"]) -> tuple[ndarray, float]:
    if not len(motion):
        return np.zeros(2), 1.0
    middle = np.median(motion, axis=0)
    size = np.max(np.abs(motion - middle), axis=1)
    half = 1.1 * float(np.quantile(size, INSIDE))
    return middle, half or 1.0


def _class(
    ax: Axes,
    motion: Float[ndarray, "n 2"],
    covariance: Float[ndarray, "n 2 2"],
    half: float,
    look: tuple[str, str],
) -> None:
    name, colour = look
    major = np.sqrt(np.linalg.eigvalsh(covariance)[:, 1])
    factor = _enlarged(float(np.median(major)), half)
    usual = np.flatnonzero(major <= LARGEST * np.median(major))
    sample = usual[:: max(int(np.ceil(usual.size / ELLIPSES)), 1)]
    size, unit = readable_unit(float(np.median(major)), "mas")
    times = f", enlarged {factor} times" if factor > 1 else ""
    every = "" if sample.size == len(motion) else f" of {sample.size:,} usual ones"
    label = (
        f"{name}: {len(motion):,}, 1σ ellipses{every}{times}; "
        f"median {size * np.median(major):.3g} {unit}/yr"
    )
    if len(motion) > MANY:
        ax.hexbin(
            motion[:, 0],
            motion[:, 1],
            gridsize=160,
            extent=(ax.get_xlim()[1], ax.get_xlim()[0], *ax.get_ylim()),
            cmap="Blues",
            norm=LogNorm(),
            mincnt=1,
            linewidths=0.0,
            rasterized=True,
            zorder=1,
        )
    else:
        ax.scatter(
            motion[:, 0],
            motion[:, 1],
            s=4 if len(motion) > ELLIPSES else 9,
            color=GREY if len(motion) > ELLIPSES else colour,
            alpha=0.5,
            linewidths=0,
            rasterized=True,
            zorder=1,
        )
    ax.add_collection(
        error_ellipses(
            ax, motion[sample], factor**2 * covariance[sample], colour, alpha=0.8
        )
    )
    ax.plot([], [], "o", markerfacecolor="none", color=colour, label=label)


def _enlarged(major: float, half: float) -> int:
    """Return the least factor with which a typical ellipse can be seen."""
    seen = [f for f in FACTORS if f * 2.0 * major >= VISIBLE * 2.0 * half]
    return seen[0] if seen else FACTORS[-1]


__all__ = ["vector_points"]
