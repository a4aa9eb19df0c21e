"""`reseau mock reddening` as a function: a map of E(J-Ks) of a catalogue's giants."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from reseau._threads import one_blas_thread
from reseau._windows import Window, window_of
from reseau.datasets.dataset import digests
from reseau.errors import ConfigError, explain
from reseau.galaxy.extinction import (
    ReddeningSettings,
    read_law,
    read_profile,
    reddening_of_catalogue,
    write_reddening,
)
from reseau.plates.result import versions
from reseau.tables import check_output, is_path, new_file, place_of

from .reddening_input import (
    SHIPPED,
    cell_size,
    chosen,
    limits_by_setting,
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
    target = None if output is None else _target(output, overwrite)
    source = stars_of(catalogue)
    _check_apart(source, target)
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


def _target(output: str | Path, overwrite: bool) -> Path:
    path = Path(output)
    if path.suffix.lower() != ".parquet":
        raise ConfigError(
            explain(
                given=f"the output {path}",
                wanted="a name ending in .parquet",
                where="-o",
                todo="give such a name",
            )
        )
    check_output(path, kind="file", overwrite=overwrite)
    return path


def _check_apart(source: Any, target: Path | None) -> None:
    """Refuse to write the map in place of its own stars."""
    if target is None or not is_path(source) or not target.exists():
        return
    if Path(source).exists() and target.samefile(source):
        raise ConfigError(
            explain(
                given=f"the output {target}, which is the catalogue itself",
                wanted="a file of its own for the map",
                where="-o",
                todo="give another name",
            )
        )


__all__ = ["mock_reddening"]
