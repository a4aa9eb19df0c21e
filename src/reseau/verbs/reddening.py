"""`reseau mock reddening` as a function: a map of E(J-Ks) of a catalogue's giants."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from reseau._threads import one_blas_thread
from reseau._windows import Window, window_of
from reseau.datasets.dataset import digests
from reseau.galaxy.extinction import (
    ReddeningSettings,
    read_law,
    read_profile,
    reddening_of_catalogue,
    write_reddening,
)
from reseau.plates.result import versions
from reseau.tables import is_path, new_file, place_of

from .reddening_input import (
    SHIPPED,
    cell_size,
    chosen,
    limits_by_setting,
    output_file,
    stars_of,
    templates_of,
)
from .reddening_map import ReddeningMap

Told = Callable[[int, int], None]
GIANTS = ("model", "constants")
COLOURS = {"J-Ks": ("J", "Ks"), "H-Ks": ("H", "Ks")}


def mock_reddening(
    catalogue: Any,
    output: str | Path | None = None,
    *,
    cell: float | tuple[float, float] | str = 0.025,
    colour: str = "J-Ks",
    limits: Any = (),
    least: int = 150,
    largest: float = 8.0,
    window: str | Window | None = None,
    giants: str = "model",
    galaxy: str = "koshimoto2021",
    isochrones: str = SHIPPED,
    extinction_law: str = "wang2019",
    dust_profile: str = "central-zone",
    overwrite: bool = False,
    told: Told | None = None,
) -> ReddeningMap:
    """Measure a map of the reddening of a catalogue's own giants, with errors.

    Parameters
    ----------
    catalogue
        What `merge` wrote, the directory of a mock, or any table with `l` and `b`, or
        `ra` and `dec` [deg], and J or H and Ks of 2MASS [mag], called as in either.
    output
        Parquet file of the map, which `read_extinction_map` and `mock_forward` take;
        None: nothing is written.
    cell
        Size of cells in l and b [deg]: one number, or two.
    colour
        "J-Ks", or "H-Ks" where J loses the red clump.
    limits
        Magnitudes between which the catalogue has all stars, by band, as
        ``"J=10:17.5"``, or a list of such; what is absent is told from the counts.
    least
        Giants until which cells are joined.
    largest
        Greatest E(J-Ks) that is thought possible [mag].
    window
        "jasmine", or "l,b,dl,db" [deg]; None: all stars.
    giants
        "model": stars along the line of sight by a model of the Galaxy and isochrones.
        "constants": giants of a bulge in round numbers, `GiantSettings`.
    galaxy, isochrones
        Of the model: names or files.
    extinction_law, dust_profile
        Names or files.
    overwrite
        Whether an earlier file may be replaced.
    told
        Called after each tile with how many are done, and of how many.

    Raises
    ------
    ReseauError
        A column is missing or in another unit, no star is a giant within the limits or
        in the window, a name is unknown, or the output is there.
    """
    source = stars_of(catalogue)
    target = None
    if output is not None:
        target = output_file(output, source, overwrite=overwrite)
    bands = chosen(colour, tuple(COLOURS), "--colour")
    settings = ReddeningSettings(
        step=cell_size(cell),
        bands=COLOURS[bands],
        least=least,
        largest=largest,
        window=None if window is None else window_of(window),
        **limits_by_setting(limits, COLOURS[bands]),
    )
    template = templates_of(
        chosen(giants, GIANTS, "--giants"),
        (galaxy, isochrones),
        (extinction_law, dust_profile),
        settings,
    )
    with one_blas_thread():
        measured = reddening_of_catalogue(
            source,
            law=read_law(extinction_law),
            profile=read_profile(dust_profile),
            template=template,
            settings=settings,
            told=told,
        )
    found = ReddeningMap(place_of(catalogue), measured, settings)
    if target is None:
        return found
    made_of = {
        "catalogue": Path(found.catalogue).name,
        "giants": giants,
        "extinction_law": extinction_law,
        "dust_profile": dust_profile,
        "colour": colour,
        "least": least,
        "largest": largest,
        "window": None if settings.window is None else str(settings.window),
        "input": digests([source]) if is_path(source) else {},
        "versions": versions(),
    }
    if giants == "model":
        made_of |= {"galaxy": galaxy, "isochrones": isochrones}
    with new_file(target, overwrite=overwrite) as temporary:
        write_reddening(measured, temporary, {**made_of, **found.provenance()})
    return replace(found, file=target)


__all__ = ["mock_reddening"]
