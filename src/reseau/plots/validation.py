"""Pages of a survey's validation: residuals, positions, artificial sources, priors."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from numpy import ndarray
from scipy.special import erfc

from ._style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, new_axes


def residual_distribution(
    counts: Int[ndarray, "b"],
    *,
    widest: float,
    rms: float,
    unit: str = "pixel",
    ax: Axes | None = None,
) -> Axes:
    """Draw residuals over their stated errors, and N(0, 1).

    Parameters
    ----------
    counts
        In equal bins of ± `widest` stated errors.
    widest
        Where the bins end.
    rms
        Of the residuals, for the legend.
    unit
        Of `rms`.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax)
    edges = np.linspace(-widest, widest, len(counts) + 1)
    density = counts / (counts.sum() * np.diff(edges))
    label = f"{counts.sum():,} residuals, RMS {rms:.5f} {unit}"
    ax.stairs(density, edges, fill=True, alpha=0.3, color=BLUE, label=label)
    z = np.linspace(-widest, widest, 400)
    ax.plot(z, np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi), color=BLACK, label="N(0, 1)")
    ax.set_yscale("log")
    ax.set_ylim(1e-6, 1.0)
    ax.set_xlim(-widest, widest)
    ax.set_xlabel("residual / stated error, x and y")
    ax.set_ylabel("probability density")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return ax


def position_errors(
    errors: Mapping[str, Float[ndarray, "n 2"]], *, ax: Axes | None = None
) -> Axes:
    """Draw how far positions are from the truth, by class.

    Parameters
    ----------
    errors
        East and North [mas], by class.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax)
    size = np.concatenate([np.abs(v).ravel() for v in errors.values()])
    limit = float(np.quantile(size, 0.999)) if size.size else 1.0
    looks = zip(errors.items(), (BLUE, ORANGE, GREEN, VERMILION), strict=False)
    for (name, values), colour in looks:
        # Cube root of the number, so that few sources make few bins.
        bins = int(np.clip(5.0 * len(values) ** (1.0 / 3.0), 11, 121))
        edges = np.linspace(-limit, limit, bins + 1)
        for axis, style in ((0, "-"), (1, ":")):
            rms = float(np.sqrt(np.mean(values[:, axis] ** 2)))
            count, _ = np.histogram(values[:, axis], bins=edges)
            ax.stairs(
                count / (len(values) * (edges[1] - edges[0])),
                edges,
                color=colour,
                linestyle=style,
                linewidth=1.4,
                label=f"{name}, {('α cos δ', 'δ')[axis]}: RMS {rms:.3f} mas",
            )
    ax.set_xlim(-limit, limit)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("solution − truth [mas]")
    ax.set_ylabel("probability density [1/mas]")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return ax


def artificial_means(
    deviation: Float[ndarray, "k 2"],
    error: Float[ndarray, "k 2"],
    single: Float[ndarray, "n 2"],
    *,
    plates: int,
    ax: Axes | None = None,
) -> Axes:
    """Draw the weighted means of artificial sources about their true places.

    Parameters
    ----------
    deviation, error
        Of the means and their formal 1σ, East and North [mas].
    single
        Deviations on single plates [mas].
    plates
        How many there are, for the legend.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=6.4, height=6.2)
    ax.plot(
        single[:, 0],
        single[:, 1],
        ".",
        color=GREY,
        markersize=2,
        alpha=0.4,
        label=f"on single plates: {len(single):,}",
        rasterized=True,
    )
    ax.errorbar(
        deviation[:, 0],
        deviation[:, 1],
        xerr=error[:, 0],
        yerr=error[:, 1],
        fmt="o",
        markersize=3,
        linewidth=0.8,
        color=VERMILION,
        label=f"means of {plates} plates, {len(deviation)} sources; bars: 1σ of plates "
        "that share nothing",
    )
    ax.axhline(0.0, color=BLACK, linewidth=0.6)
    ax.axvline(0.0, color=BLACK, linewidth=0.6)
    limit = float(np.quantile(np.abs(single), 0.995)) if single.size else 1.0
    limit = 1.1 * max(limit, float(np.max(np.abs(deviation) + error, initial=0.0)))
    ax.set_xlim(limit, -limit)
    ax.set_ylim(-limit, limit)
    ax.set_aspect("equal")
    ax.set_xlabel("solution − truth in α cos δ [mas]")
    ax.set_ylabel("solution − truth in δ [mas]")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return ax


def wrong_priors(
    pulls: Mapping[str, Mapping[str, Float[ndarray, "n 2"]]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far sources with right and with wrong references are from the truth.

    Parameters
    ----------
    pulls
        Errors over formal ones of the classes "reference" and "wrong_prior", by the
        prior that was taken.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax)
    colours = {"normal": VERMILION, "mixture": BLUE}
    for name, of in pulls.items():
        for kind, style in (("reference", "-"), ("wrong_prior", ":")):
            if kind not in of or not len(of[kind]):
                continue
            size = np.sort(np.abs(of[kind]).ravel())
            beyond = 1.0 - np.arange(len(size)) / len(size)
            words = "wrong" if kind == "wrong_prior" else "right"
            ax.plot(
                size,
                beyond,
                style,
                color=colours.get(name, GREEN),
                label=f"{words} references, {name} priors: {len(size) // 2:,}",
            )
    z = np.linspace(0.0, 5.0, 200)
    ax.plot(z, erfc(z / np.sqrt(2.0)), color=BLACK, label="N(0, 1)")
    ax.set_xscale("symlog", linthresh=1.0)
    ax.set_yscale("log")
    ax.set_ylim(1e-5, 1.2)
    ax.set_xlim(left=0.0)
    ax.set_xlabel("|solution − truth| / formal error")
    ax.set_ylabel("part of the coordinates beyond")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return ax


__all__ = [
    "artificial_means",
    "position_errors",
    "residual_distribution",
    "wrong_priors",
]
