"""How the iteration came to its end."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy import ndarray

from ._style import BLUE, GREY, VERMILION, new_axes


def convergence(
    objective: Float[ndarray, "n_iter"],
    largest_step: Float[ndarray, "n_iter"],
    *,
    tolerance: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each iteration gained and how far it stepped.

    Parameters
    ----------
    objective
        −2 log posterior where each iteration began.
    largest_step
        Largest step that it took, in σ of the parameter that it moved.
    tolerance
        Step at which the iteration ends.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.4, height=4.6)
    iteration = np.arange(1, len(objective) + 1)
    ax.plot(
        iteration,
        np.where(largest_step > 0.0, largest_step, np.nan),
        "o-",
        color=BLUE,
        label="largest step [σ]",
    )
    _gains(ax, iteration[:-1], -np.diff(objective))
    if tolerance is not None:
        label = f"tolerance of the step, {tolerance:g} σ"
        ax.axhline(tolerance, color=GREY, linestyle=":", label=label)
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(0.5, len(objective) + 0.5)
    ax.set_xlabel("iteration")
    ax.set_ylabel("largest step [σ]; change of −2 ln posterior")
    ax.grid(which="major", alpha=0.2, linewidth=0.6)
    ax.legend(frameon=False)
    return ax


def _gains(ax: Axes, iteration: ndarray, gain: ndarray) -> None:
    falls = np.where(gain > 0.0, gain, np.nan)
    ax.plot(
        iteration, falls, "s--", color=VERMILION, label="decrease of −2 ln posterior"
    )
    rises = gain < 0.0
    if np.any(rises):
        ax.plot(
            iteration[rises],
            -gain[rises],
            linestyle="none",
            marker="s",
            markerfacecolor="white",
            color=VERMILION,
            label="increase (rounding, or a damped step)",
        )


__all__ = ["convergence"]
