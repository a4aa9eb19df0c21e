"""Errors against magnitude, those with calibration held, and calibration's share."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from reseau.diagnostics.joined.error_shares import ErrorShares, running_quantiles

from ._style import BLACK, BLUE, GREEN, GREY, ORANGE, readable_unit

PANELS = (
    ("position", ("ra", "dec"), ""),
    ("parallax", ("parallax",), ""),
    ("proper motion", ("pmra", "pmdec"), "/yr"),
)
"""Title, parameters, and what the unit is over."""

LOOKS = {
    "ra": ("α cos δ", BLUE),
    "dec": ("δ", ORANGE),
    "parallax": ("parallax", GREEN),
    "pmra": ("α cos δ", BLUE),
    "pmdec": ("δ", ORANGE),
}

LEAST_SHARE = 1e-6
"""Shares below which the axis does not go."""

FEW = 5
"""Sources that have a line of their own, at least."""


def error_shares(errors: Sequence[ErrorShares], *, label: str) -> Figure:
    """Draw formal errors against magnitude, their bound and what is shared of them.

    Parameters
    ----------
    errors
        Of the five parameters.
    label
        Of the axis of magnitudes, its band.

    Returns
    -------
    A figure of three columns that pyplot does not know of: position, parallax, motion.
    Above the errors with the median of the bound that holds all calibration, below the
    part of the variance that calibration (and what else sources share) adds.
    """
    figure = Figure(figsize=(13.2, 6.8), layout="constrained")
    grid = figure.subplots(2, 3, sharex=True, height_ratios=(1.7, 1.0))
    of = {found.name: found for found in errors}
    for column, (title, names, per) in enumerate(PANELS):
        parts = [of[name] for name in names if name in of]
        _errors(grid[0, column], parts, per)
        grid[0, column].set_title(title, fontsize="medium")
        _shares(grid[1, column], parts)
        grid[1, column].set_xlabel(label)
    _legend(figure, list(grid[0]))
    grid[1, 0].set_ylabel("shared part of the variance\nmedian, 16–84 %")
    return figure


def _errors(ax: Axes, parts: Sequence[ErrorShares], per: str) -> None:
    every = np.concatenate([part.error for part in parts])
    factor, unit = readable_unit(float(np.median(every)) if every.size else 1.0, "mas")
    for part in parts:
        for chosen in (part.is_reference, ~part.is_reference):
            if chosen.any():
                _points(ax, part, chosen, factor)
    for part in parts:
        for chosen in (part.is_reference, ~part.is_reference):
            if chosen.sum() >= FEW:
                _medians(ax, part, chosen, factor)
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel(f"1σ [{unit}{per}]")
    ax.grid(alpha=0.2, linewidth=0.6)


def _points(ax: Axes, part: ErrorShares, chosen: np.ndarray, factor: float) -> None:
    name, colour = LOOKS[part.name]
    reference = bool(part.is_reference[chosen].all())
    size = float(np.clip(4.0 * np.sqrt(1000.0 / chosen.sum()), 2.0, 6.0))
    ax.scatter(
        part.magnitude[chosen],
        factor * part.error[chosen],
        marker="o" if reference else "x",
        s=size**2 if reference else (size + 2.0) ** 2,
        color=colour,
        alpha=0.3 if reference else 0.9,
        linewidths=0.0 if reference else 1.0,
        label=f"{name}, {'references' if reference else 'others'}",
        rasterized=True,
        zorder=1,
    )


def _medians(ax: Axes, part: ErrorShares, chosen: np.ndarray, factor: float) -> None:
    """Draw medians of the errors, and of the bounds with calibration held."""
    _, colour = LOOKS[part.name]
    reference = bool(part.is_reference[chosen].all())
    magnitude, who = part.magnitude[chosen], "references" if reference else "others"
    for values, style, shade, words in (
        (part.error, "-", colour, ""),
        (part.own, "--" if reference else ":", BLACK, f"calibration held, {who}"),
    ):
        found = running_quantiles(magnitude, values[chosen])
        line = ax.plot(found.centre, factor * found.median, style, color=shade)[0]
        line.set(linewidth=2.4 if shade == colour else 1.2, zorder=4)
        line.set_label(words or f"_median of {part.name}, {who}")


def _legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """Say once below all axes what points and lines are."""
    found: dict[str, Artist] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    held = {f"median, {n}": found.pop(n) for n in list(found) if "held" in n}
    found["median, calibration free"] = Line2D([], [], color=GREY, linewidth=2.4)
    found |= held
    shown = figure.legend(
        list(found.values()),
        list(found),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize="small",
    )
    for handle in shown.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def _shares(ax: Axes, parts: Sequence[ErrorShares]) -> None:
    largest = 0.0
    for part in parts:
        name, colour = LOOKS[part.name]
        for chosen, style, what in (
            (part.is_reference, "-", "references"),
            (~part.is_reference, "--", "others"),
        ):
            if chosen.sum() < FEW:
                continue
            found = running_quantiles(part.magnitude[chosen], part.share[chosen])
            low, median, high = (
                np.maximum(values, LEAST_SHARE)
                for values in (found.low, found.median, found.high)
            )
            ax.fill_between(
                found.centre, low, high, color=colour, alpha=0.2, linewidth=0
            )
            ax.plot(
                found.centre,
                median,
                style,
                color=colour,
                linewidth=1.6,
                label=f"{name}, {what}",
            )
            largest = max(largest, float(high.max()))
    ax.set_yscale("log")
    if largest > 0.0:
        ax.set_ylim(top=min(1.0, 3.0 * largest))
        ax.legend(frameon=False, fontsize="x-small", loc="lower left")
    ax.grid(alpha=0.2, linewidth=0.6)


__all__ = ["error_shares"]
