"""Formal errors of the positions against magnitude."""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, StrMethodFormatter
from numpy import ndarray

from ._style import BLUE, ORANGE, new_axes, readable_unit

Column = Float[ndarray, "n"]


def error_magnitude(
    magnitude: Column,
    ra_error: Column,
    dec_error: Column,
    *,
    is_reference: Bool[ndarray, "n"],
    label: str = "magnitude [mag]",
    ax: Axes | None = None,
) -> Axes:
    """Draw the formal errors of right ascension and declination.

    Parameters
    ----------
    magnitude
        Of each source.
    ra_error, dec_error
        1σ of α cos δ and δ [mas]; zero or NaN: held, not drawn.
    is_reference
        References are dots, other sources crosses.
    label
        Of the axis of magnitudes, its band.
    ax
        Where to draw; absent: a new figure.
    """
    ax = new_axes(ax, width=7.0, height=4.8)
    known = np.isfinite(magnitude) & (np.nan_to_num(ra_error) > 0)
    typical = float(np.median(ra_error[known])) if known.any() else 1.0
    factor, unit = readable_unit(typical, "mas")
    size = float(np.clip(4.0 * np.sqrt(1000.0 / max(known.sum(), 1)), 0.8, 5.0))
    for values, name, colour in (
        (ra_error, "α cos δ", BLUE),
        (dec_error, "δ", ORANGE),
    ):
        for chosen, what, marker in (
            (known & is_reference, "references", "."),
            (known & ~is_reference, "targets", "x"),
        ):
            if chosen.any():
                ax.plot(
                    magnitude[chosen],
                    factor * values[chosen],
                    marker,
                    markersize=size if marker == "." else 1.4 * size + 2.0,
                    color=colour,
                    alpha=0.7,
                    label=f"{name}, {what}",
                    rasterized=True,
                )
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False))
    ax.set_xlabel(label)
    ax.set_ylabel(f"1σ of the position [{unit}]")
    ax.grid(which="both", alpha=0.2, linewidth=0.6)
    ax.legend(frameon=False, markerscale=1.5)
    return ax


__all__ = ["error_magnitude"]
