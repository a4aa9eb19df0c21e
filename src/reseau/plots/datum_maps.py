"""Maps of what references decide: zero point of parallax, systematics of motions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from reseau.diagnostics import DatumMaps

from ._style import BLACK, length_key, readable_unit, round_length

SIGNED, SIZES, ERRORS = "RdBu_r", "cividis", "viridis"
N_ARROWS = 11
"""Arrows along the longer side, at most."""


class Row(NamedTuple):
    """A row of panels: what it is called, its parameters in the maps, a rate or not."""

    name: str
    parameters: slice
    per: str


ROWS = (
    Row("parallax", slice(2, 3), ""),
    Row("proper motion", slice(3, 5), "/yr"),
    Row("position", slice(0, 2), ""),
)


def datum_maps(maps: DatumMaps, *, title: str = "") -> list[Axes]:
    """Draw the smooth fields that references decide, with their errors.

    Parameters
    ----------
    maps
        Of a `Datum`.
    title
        Of the figure.

    Returns
    -------
    Axes of a figure that pyplot does not know of, a row for parallax, motion and
    position each: catalogue minus reference, the field's formal error, and the floor
    of the references if one is stated. Of vectors the errors are of each component.
    """
    with_floor = bool(np.nanmax(maps.floor, initial=0.0) > 0.0)
    columns = 3 if with_floor else 2
    aspect = np.ptp(maps.north) / (np.ptp(maps.east) or 1.0)
    width, height = 4.2 * columns, 3.0 * (4.2 * min(aspect, 1.5) * 0.8 + 0.9)
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(3, columns, squeeze=False, sharex=True, sharey=True)
    for axes, row in zip(grid, ROWS, strict=True):
        _draw_row(list(axes), maps, row, with_floor)
    for ax in grid[:, 0]:
        ax.set_ylabel("north [deg]")
    for ax in grid[-1]:
        ax.set_xlabel("east, to the left [deg]")
    ra, dec = maps.centre
    where = f"about {ra:.2f}° {dec:+.2f}°"
    figure.suptitle(f"{title}\n{where}" if title else where, fontsize="medium")
    return list(grid.flat)


def _draw_row(
    axes: Sequence[Axes], maps: DatumMaps, row: Row, with_floor: bool
) -> None:
    value = maps.value[row.parameters]
    head = f"{row.name}: catalogue − reference"
    if not np.isfinite(value).any():
        _empty(axes[0], f"{head}\nno reference counts")
    elif len(value) == 1:
        _signed(axes[0], maps, value[0], row, head)
    else:
        _arrows(axes[0], maps, value, row, head)
    each = " of each component" if len(value) == 2 else ""
    _errors(axes[1], maps, maps.formal_error[row.parameters], row, f"formal 1σ{each}")
    if with_floor:
        _errors(axes[2], maps, maps.floor[row.parameters], row, f"floor, 1σ{each}")


def _signed(ax: Axes, maps: DatumMaps, value: ndarray, row: Row, head: str) -> None:
    largest = float(np.nanmax(np.abs(value)))
    factor, unit = readable_unit(largest, "mas")
    limit = factor * largest or 1.0
    _filled(ax, maps, factor * value, f"[{unit}{row.per}]", SIGNED, (-limit, limit))
    ax.set_title(f"{head}\nup to {limit:.3g} {unit}{row.per}", fontsize=9)


def _errors(
    ax: Axes, maps: DatumMaps, sigma: Float[ndarray, "c g h"], row: Row, head: str
) -> None:
    both = np.sqrt(np.mean(sigma**2, axis=0))
    if not np.isfinite(both).any():
        _empty(ax, f"{head}\nnothing decides it")
        return
    typical = float(np.nanmedian(both))
    factor, unit = readable_unit(typical, "mas")
    highest = factor * float(np.nanmax(both)) or 1.0
    _filled(ax, maps, factor * both, f"[{unit}{row.per}]", ERRORS, (0.0, highest))
    text = f"{factor * typical:.3g} {unit}{row.per} in the median"
    ax.set_title(f"{head}\n{text}", fontsize=9)


def _arrows(
    ax: Axes, maps: DatumMaps, value: Float[ndarray, "2 g h"], row: Row, head: str
) -> None:
    size = np.hypot(*value)
    largest = float(np.nanmax(size))
    factor, unit = readable_unit(largest, "mas")
    highest = factor * largest or 1.0
    _filled(ax, maps, factor * size, f"[{unit}{row.per}]", SIZES, (0.0, highest))
    step = max(int(np.ceil(max(size.shape) / N_ARROWS)), 1)
    part = (slice(step // 2, None, step),) * 2
    shown = np.isfinite(size[part])
    x, y = maps.east[part][shown], maps.north[part][shown]
    spacing = step * float(maps.east[0, 1] - maps.east[0, 0])
    arrows = ax.quiver(
        x,
        y,
        *(factor * value[:, *part][:, shown]),
        color="white",
        edgecolor="black",
        linewidth=0.4,
        width=0.006,
        minlength=0.3,
        pivot="middle",
        angles="xy",
        scale_units="xy",
        scale=highest / spacing,
        zorder=3,
    )
    # Its box reaches beyond the arrows and would upset the layout.
    arrows.set_in_layout(False)
    key = round_length(0.7 * highest)
    length_key(ax, arrows, key, f"{key:g} {unit}{row.per}", left=0.01, colour=BLACK)
    ax.set_title(f"{head}\nup to {highest:.3g} {unit}{row.per}", fontsize=9, pad=20)


def _filled(
    ax: Axes,
    maps: DatumMaps,
    value: Float[ndarray, "g h"],
    label: str,
    colours: str,
    limits: tuple[float, float],
) -> None:
    mesh = ax.pcolormesh(
        maps.east,
        maps.north,
        np.ma.masked_invalid(value),
        cmap=colours,
        shading="nearest",
        vmin=limits[0],
        vmax=limits[1],
        rasterized=True,
    )
    ax.figure.colorbar(mesh, ax=ax, fraction=0.046, pad=0.03, label=label)
    _frame(ax, maps)


def _frame(ax: Axes, maps: DatumMaps) -> None:
    ax.set_aspect("equal")
    # East is to the left on the sky.
    ax.set_xlim(maps.east.max(), maps.east.min())
    ax.set_ylim(maps.north.min(), maps.north.max())


def _empty(ax: Axes, text: str) -> None:
    ax.set_title(text, fontsize=9)


__all__ = ["datum_maps"]
