"""The way of a source over the sky, what is left of its epochs, and periods tried."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy import ndarray

from ._style import BLUE, GREY, ORANGE, VERMILION, new_axes

Places = Float[ndarray, "k 2"]

MANY_EPOCHS = 400
"""From so many on, bars are thinner."""


def source_track(
    track: Places,
    model: Float[ndarray, "n 2"],
    residual: Float[ndarray, "n"],
    error: Float[ndarray, "n"],
    direction: Float[ndarray, "n 2"],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the model's way over the sky and each epoch as a bar along its direction.

    Parameters
    ----------
    track
        The model at many times: displacements towards East and North [mas].
    model
        The same at the epochs.
    residual, error
        Abscissa minus model, and 1σ, along the direction of each epoch [mas]. What is
        across the direction was not measured: there the epoch lies on the model.
    direction
        Parts of the direction towards East and North.
    title
        Of the axes.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.0, height=6.0)
    ax.plot(*track.T, color=ORANGE, linewidth=1.4, zorder=2, label="model")
    middle = model + residual[:, None] * direction
    ends = error[:, None] * direction
    segments = np.stack([middle - ends, middle + ends], axis=1)
    links = np.stack([model, middle], axis=1)
    thin = 1.0 if len(residual) < MANY_EPOCHS else 0.5
    ax.add_collection(LineCollection(list(links), colors=GREY, linewidths=0.5 * thin))
    ax.add_collection(
        LineCollection(list(segments), colors=BLUE, linewidths=thin, zorder=3)
    )
    ax.plot(
        *middle.T,
        linestyle="none",
        marker="o",
        markersize=3.0 * thin,
        color=BLUE,
        markeredgewidth=0.0,
        zorder=4,
        label=f"{len(residual):,} abscissae, ±1σ along their directions",
    )
    ax.set_aspect("equal", adjustable="datalim")
    ax.autoscale_view()
    if not ax.xaxis_inverted():
        ax.invert_xaxis()  # East is to the left on the sky
    ax.set_xlabel("α cos δ, East [mas]")
    ax.set_ylabel("δ, North [mas]")
    ax.set_title(title, fontsize="medium")
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), frameon=False, ncols=2)
    return ax


def source_residuals(
    epoch: Float[ndarray, "n"],
    residual: Float[ndarray, "n"],
    error: Float[ndarray, "n"],
    *,
    floor: float = 0.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a model leaves of each epoch, over time.

    Parameters
    ----------
    epoch
        [Julian year]
    residual, error
        [mas]; the error as stated.
    floor
        Additional error that was fitted, drawn as a band [mas].
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=4.0)
    thin = 1.0 if len(residual) < MANY_EPOCHS else 0.5
    if floor > 0.0:
        ax.axhspan(
            -floor,
            floor,
            color=GREY,
            alpha=0.2,
            linewidth=0.0,
            label="noise floor, ±1σ",
        )
        ax.legend(frameon=False, loc="upper right")
    ax.axhline(0.0, color=ORANGE, linewidth=1.2)
    ax.errorbar(
        epoch,
        residual,
        yerr=error,
        fmt="o",
        color=BLUE,
        markersize=3.0 * thin,
        elinewidth=thin,
        markeredgewidth=0.0,
    )
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel("Julian year (TCB)")
    ax.set_ylabel("observed - model [mas]")
    ax.grid(alpha=0.25, linewidth=0.6)
    return ax


def period_gain(
    period: Float[ndarray, "k"],
    gain: Float[ndarray, "k"],
    *,
    chosen: float | None = None,
    span: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw by how much circular orbits lower χ², against their period.

    Parameters
    ----------
    period
        [d]
    gain
        χ² of five parameters minus that with the orbit.
    chosen
        Period of the eccentric orbit that was found [d].
    span
        Of the data [d].
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=4.0)
    ax.plot(period, np.maximum(gain, 0.0), color=BLUE, linewidth=0.9)
    if span is not None:
        ax.axvline(span, color=GREY, linestyle=":", label="span of the data")
    if chosen is not None:
        label = f"eccentric orbit found: {chosen:.5g} d"
        ax.axvline(chosen, color=VERMILION, linewidth=1.2, label=label)
    ax.set_xscale("log")
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("period of a circular orbit [d]")
    ax.set_ylabel("gain in χ²")
    ax.grid(which="both", alpha=0.2, linewidth=0.6)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, loc="upper left")
    return ax


__all__ = ["period_gain", "source_residuals", "source_track"]
