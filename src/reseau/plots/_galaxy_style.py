"""Colours and names of the Galaxy's parts, and marks of published figures."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from reseau.galaxy.overview.published import Published

from ._style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION

PART_COLOURS = {
    "thin disc": BLUE,
    "thick disc": GREEN,
    "bar": ORANGE,
    "nuclear disc": VERMILION,
    "nuclear cluster": PURPLE,
    "all": BLACK,
}
"""The same in every figure of the Galaxy."""

PART_STYLES = {
    "thin disc": "-",
    "thick disc": "--",
    "bar": "-.",
    "nuclear disc": (0, (5, 1)),
    "nuclear cluster": (0, (1, 1)),
    "all": "-",
}
"""So that lines are told apart without colours."""

MARKERS = ("o", "s", "D", "^", "v")


def draw_published(
    ax: Axes, figures: Sequence[Published], *, colours: Sequence[str], what: str = ""
) -> None:
    """Draw what others published as open marks.

    Parameters
    ----------
    ax
        Whose x is where, and y the value.
    figures
        The numbers; several of one source have one entry in the legend.
    colours
        Of each.
    what
        Behind the source in the legend.
    """
    told: dict[str, str] = {}
    for figure, colour in zip(figures, colours, strict=True):
        label = f"{figure.source}{what}"
        mark = told.setdefault(label, MARKERS[len(told) % len(MARKERS)])
        known = {text for _, text in zip(*ax.get_legend_handles_labels(), strict=True)}
        ax.plot(
            figure.at,
            figure.value,
            ls="none",
            marker=mark,
            ms=6.5,
            mfc="none",
            mew=1.4,
            color=colour,
            label="_" if label in known else label,
        )


def below(ax: Axes, *, columns: int = 2, size: str = "small") -> None:
    """Put the legend below the axes, where it covers nothing."""
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        ncols=columns,
        frameon=False,
        fontsize=size,
    )


def fine_grid(ax: Axes) -> None:
    """Draw a faint grid."""
    ax.grid(which="major", color=GREY, alpha=0.25, linewidth=0.6)


__all__ = [
    "MARKERS",
    "PART_COLOURS",
    "PART_STYLES",
    "below",
    "draw_published",
    "fine_grid",
]
