"""Pages of a survey's validation: tracks, artificial sources, pulls, wrong priors."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray
from scipy.special import erfc

from reseau.diagnostics.motion_validation import WAYS, Disturbance, MotionValidation
from reseau.diagnostics.tracks import Track

from ._style import BLACK, BLUE, GREY, ORANGE, VERMILION, new_axes

COLOURS = dict(zip(WAYS, (BLUE, VERMILION, ORANGE), strict=True))
PARTS = (("parallaxes", [2], "-"), ("motions", [3, 4], "--"))
LABELS = ("α cos δ", "δ", "parallax", "µ α cos δ", "µ δ")


def star_tracks(tracks: Sequence[Track]) -> Axes:
    """Draw where plates saw stars, and what their five parameters say.

    Parameters
    ----------
    tracks
        A column each.

    Returns
    -------
    The first axes of a new figure.
    """
    n = max(len(tracks), 1)
    figure = Figure(figsize=(4.1 * n, 6.0), layout="constrained")
    axes = figure.subplots(2, n, squeeze=False, sharex="col")
    for column, track in zip(axes.T, tracks, strict=False):
        for axis, ax in enumerate(column):
            ax.plot(track.curve_epoch, track.curve[:, axis], color=BLUE, linewidth=1.0)
            ax.errorbar(
                track.epoch,
                track.offset[:, axis],
                yerr=track.offset_error[:, axis],
                fmt=".",
                markersize=4,
                linewidth=0.8,
                color=BLACK,
            )
        column[0].set_title(_told(track), fontsize="small")
        column[1].set_xlabel("Julian year")
    axes[0, 0].set_ylabel("east of the catalogue's position [mas]")
    axes[1, 0].set_ylabel("north of it [mas]")
    first: Axes = axes[0, 0]
    return first


def _told(track: Track) -> str:
    parallax, pmra, pmdec = (
        f"{v:.2f} ± {e:.2f}" for v, e in zip(track.values, track.errors, strict=True)
    )
    return (
        f"{track.kind} {track.source_id}\nparallax {parallax} mas\n"
        f"µ {pmra}, {pmdec} mas/yr"
    )


def artificial_motions(found: MotionValidation) -> Axes:
    """Draw motions and parallaxes of artificial sources, which are zero, by way.

    Parameters
    ----------
    found
        With artificial sources.

    Returns
    -------
    The first axes of a new figure.
    """
    ways = [way for way in WAYS if "artificial" in found.ways[way].errors]
    figure = Figure(figsize=(4.6 * len(ways), 7.4), layout="constrained")
    axes = figure.subplots(2, len(ways), squeeze=False, sharey="row", sharex="row")
    for column, way in zip(axes.T, ways, strict=True):
        compared = found.ways[way]
        error = compared.errors["artificial"]
        own = compared.estimates["artificial"].covariance
        sigma = np.sqrt(np.diagonal(own, axis1=1, axis2=2))
        colour, pulls = COLOURS[way], compared.recoveries["artificial"].pull
        bars = {"fmt": "o", "markersize": 2.5, "linewidth": 0.8, "color": colour}
        top, bottom = column
        top.errorbar(
            error[:, 3], error[:, 4], xerr=sigma[:, 3], yerr=sigma[:, 4], **bars
        )
        top.axhline(0.0, color=BLACK, linewidth=0.6)
        top.axvline(0.0, color=BLACK, linewidth=0.6)
        top.set_title(
            f"{WAYS[way]}\nerror / stated error: µ {pulls[3].value:.2f}, "
            f"{pulls[4].value:.2f}; parallax {pulls[2].value:.2f}",
            fontsize="medium",
        )
        top.set_xlabel("µ α cos δ [mas/yr]")
        order = np.arange(len(error))
        bottom.errorbar(order, error[:, 2], yerr=sigma[:, 2], **bars)
        bottom.axhline(0.0, color=BLACK, linewidth=0.6)
        bottom.set_xlabel("artificial source")
    axes[0, 0].set_ylabel("µ δ [mas/yr]")
    axes[1, 0].set_ylabel("parallax [mas]; bars: stated 1σ, truth: 0")
    first: Axes = axes[0, 0]
    return first


def pulls_by_way(
    found: MotionValidation, *, classes: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw standard deviations of errors over stated errors, by way of joining.

    Parameters
    ----------
    found
        By way.
    classes
        To show, each a group of five parameters.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=10.0)
    ax.axhline(1.0, color=BLACK, linewidth=0.8)
    shown = [name for name in classes if name in found.joint.recoveries]
    for i, (way, words) in enumerate(WAYS.items()):
        if way not in found.ways:
            continue
        place, value, error = [], [], []
        for group, name in enumerate(shown):
            recovery = found.ways[way].recoveries.get(name)
            for j, pull in enumerate(recovery.pull if recovery else ()):
                place.append(6 * group + j + 0.2 * (i - 1))
                value.append(pull.value)
                error.append(pull.scatter)
        ax.errorbar(
            place,
            value,
            yerr=error,
            fmt="osD"[i],
            markersize=5,
            color=COLOURS[way],
            label=words,
        )
    ticks = [6 * group + j for group in range(len(shown)) for j in range(5)]
    ax.set_xticks(ticks, list(LABELS) * len(shown), rotation=45, ha="right")
    for group, name in enumerate(shown):
        n = found.joint.recoveries[name].n
        ax.text(
            6 * group + 2,
            0.98,
            f"{name}: {n:,}",
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="top",
        )
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, 0.7), 1.3 * max(high, 1.5))
    ticks_y = [0.7, 1, 1.5, 2, 3, 5, 10]
    ax.set_yticks([t for t in ticks_y if t < 1.3 * max(high, 1.5)])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylabel("standard deviation of error / stated error")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return ax


def wrong_reference_changes(
    disturbances: Mapping[str, Disturbance], *, ax: Axes | None = None
) -> Axes:
    """Draw by how much wrong references change parallaxes and motions of others.

    Parameters
    ----------
    disturbances
        By how wrong references are taken.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.4)
    looks = zip(disturbances.items(), (VERMILION, BLUE), strict=False)
    for (name, found), colour in looks:
        for columns, style, what in (
            ([2], "-", "parallaxes"),
            ([3, 4], "--", "motions"),
        ):
            words = f"{name}: {what} of {len(found.change):,} other stars"
            _beyond(ax, found.change[:, columns], style, colour, words)
        words = f"{name}: motions of the {len(found.error):,} stars themselves"
        _beyond(ax, found.error[:, 3:], ":", colour, words)
    z = np.geomspace(1e-3, 5.0, 200)
    ax.plot(z, erfc(z / np.sqrt(2.0)), color=GREY, label="errors, N(0, 1)")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(left=1e-4)
    ax.set_ylim(1e-5, 1.5)
    ax.set_xlabel("|change|, or |error| of the stars themselves, / stated error")
    ax.set_ylabel("part of the values beyond")
    ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize="small"
    )
    return ax


def _beyond(
    ax: Axes, values: Float[ndarray, "n k"], style: str, colour: str, label: str
) -> None:
    size = np.sort(np.abs(values).ravel())
    if size.size:
        beyond = 1.0 - np.arange(size.size) / size.size
        ax.plot(size, beyond, style, color=colour, label=label)


__all__ = [
    "artificial_motions",
    "pulls_by_way",
    "star_tracks",
    "wrong_reference_changes",
]
