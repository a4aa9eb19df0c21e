"""What random errors let a survey know of a star, against its magnitude."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy import ndarray

from ._style import BLUE, GREEN, ORANGE, new_axes

Column = Float[ndarray, "m"]
Requirement = tuple[str, float, float]


def limit_magnitude(
    magnitude: Column,
    parallax: Column,
    motion: Float[ndarray, "m 2"],
    *,
    requirements: Sequence[Requirement] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the random limit of parallax and motion, and what is required.

    Parameters
    ----------
    magnitude
        Hw.
    parallax
        1σ [µas]; NaN: not determined, not drawn.
    motion
        1σ of α cos δ and of δ [µas/yr].
    requirements
        What ("parallax" or "motion"), up to which Hw, and the error [µas], [µas/yr].
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.4, height=5.0)
    for values, name, colour, style in (
        (parallax, "parallax [µas]", BLUE, "-"),
        (motion[:, 0], "motion in α cos δ [µas/yr]", ORANGE, "--"),
        (motion[:, 1], "motion in δ [µas/yr]", GREEN, ":"),
    ):
        ax.plot(
            magnitude, values, color=colour, linestyle=style, linewidth=1.8, label=name
        )
    first = float(magnitude[0])
    for what, faintest, wanted in requirements:
        colour = BLUE if what == "parallax" else ORANGE
        unit = "µas" if what == "parallax" else "µas/yr"
        ax.plot([first, faintest], [wanted] * 2, color=colour, linewidth=1.0)
        ax.plot(faintest, wanted, marker="v", markersize=7, color=colour)
        ax.annotate(
            f"required of the {what}: {wanted:g} {unit} at Hw < {faintest:g}",
            (first, wanted),
            xytext=(2, 4),
            textcoords="offset points",
            color=colour if what == "parallax" else "#8a5f00",
        )
    ax.set_yscale("log")
    known = np.concatenate([parallax, motion.ravel(), [r[2] for r in requirements]])
    known = known[np.isfinite(known)]
    if len(known):
        # A decade at least, so that the axis has some labels.
        low, high = 0.7 * known.min(), 1.6 * known.max()
        more = max(1.0, np.sqrt(10.0 * low / high))
        ax.set_ylim(low / more, high * more)
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("magnitude Hw [mag]")
    ax.set_ylabel("random limit, 1σ [µas], [µas/yr]")
    ax.grid(which="both", alpha=0.2, linewidth=0.6)
    ax.legend(loc="lower right", frameon=False)
    return ax


__all__ = ["limit_magnitude"]
