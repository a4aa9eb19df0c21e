"""At which parallax factors a star is observed."""

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from ._style import BLUE, GREY, ORANGE, new_pair

MANY_PLATES = 1000
"""From so many on, dots are smaller."""


def parallax_coverage(
    epoch: Float[ndarray, "v"],
    factors: Float[ndarray, "v 2"],
    *,
    all_epoch: Float[ndarray, "k"],
    all_factors: Float[ndarray, "k 2"],
) -> Figure:
    """Draw parallax factors against time, and one against the other.

    Parameters
    ----------
    epoch
        Of the plates that see a star, Julian years, TCB.
    factors
        Its parallax factors there towards East and North [au].
    all_epoch, all_factors
        The same over the whole time, observed or not.
    """
    size = 1.2 if len(epoch) < MANY_PLATES else 2.5
    left, right = new_pair(width=12.0, height=4.8)
    for column, name, colour in ((0, "East, P", BLUE), (1, "North, Q", ORANGE)):
        left.plot(all_epoch, all_factors[:, column], color=GREY, linewidth=0.8)
        _dots(left, epoch, factors[:, column], colour, f"towards {name}")
    left.ticklabel_format(axis="x", useOffset=False)
    left.set_xlabel("Julian year (TCB)")
    left.set_ylabel("parallax factor [au]")
    left.set_ylim(-1.1, 1.1)
    left.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        frameon=False,
        markerscale=size,
    )
    right.plot(*all_factors.T, color=GREY, linewidth=0.8, label="the whole year")
    _dots(right, factors[:, 0], factors[:, 1], BLUE, f"{len(epoch):,} plates")
    right.set_xlabel("factor towards East, P [au]")
    right.set_ylabel("factor towards North, Q [au]")
    right.set_xlim(1.1, -1.1)
    right.set_ylim(-1.1, 1.1)
    right.set_aspect("equal")
    right.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        frameon=False,
        markerscale=size,
    )
    for ax in (left, right):
        ax.grid(alpha=0.25, linewidth=0.6)
    figure = left.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def _dots(ax: Axes, x: ndarray, y: ndarray, colour: str, label: str) -> None:
    ax.plot(
        x,
        y,
        linestyle="none",
        marker="o",
        markersize=4.0 if len(x) < MANY_PLATES else 2.5,
        markeredgewidth=0.0,
        color=colour,
        label=label,
        rasterized=len(x) > 2000,
    )


__all__ = ["parallax_coverage"]
