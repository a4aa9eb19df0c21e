"""`reseau mock reddening` as a function: a map of E(J-Ks) of a catalogue's giants."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from reseau._threads import one_blas_thread
from reseau._windows import Window, window_of
from reseau.datasets.dataset import digests
from reseau.errors import ConfigError, FileFormatError, explain, unknown_name
from reseau.galaxy.extinction import (
    ReddeningSettings,
    giants_in_round_numbers,
    read_law,
    read_profile,
    reddening_of_catalogue,
    scale_of,
    write_reddening,
)
from reseau.galaxy.extinction.galaxy_templates import templates_of_galaxy
from reseau.galaxy.extinction.giant_field import TemplateOf
from reseau.galaxy.isochrones import read_isochrones, shipped_isochrones
from reseau.galaxy.model import read_galaxy
from reseau.plates.result import versions
from reseau.tables import check_output, is_path, new_file, place_of
from reseau.tables.incomplete import refuse_incomplete
from reseau.tables.owned import MOCK, is_of_kind

from .reddening_map import ReddeningMap

Told = Callable[[int, int], None]
GIANTS = ("model", "constants")
COLOURS = {"J-Ks": ("J", "Ks"), "H-Ks": ("H", "Ks")}
SHIPPED = "shipped"


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
    source = _stars_of(catalogue)
    bands = _chosen(colour, tuple(COLOURS), "--colour")
    settings = ReddeningSettings(
        step=_cell(cell),
        bands=COLOURS[bands],
        least=least,
        largest=largest,
        window=None if window is None else window_of(window),
        **_limits(limits, COLOURS[bands]),
    )
    template = _templates(
        _chosen(giants, GIANTS, "--giants"),
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


def _stars_of(catalogue: Any) -> Any:
    """Return the table of stars; of a mock's directory, or of what drew it."""
    if not is_path(catalogue):
        return getattr(catalogue, "catalogue", catalogue)
    place = Path(catalogue)
    if not place.is_dir():
        return place
    refuse_incomplete(place)
    if is_of_kind(place, MOCK):
        return place / "catalogue.parquet"
    raise FileFormatError(
        explain(
            given=f"{place} is a directory without a mock",
            wanted="a table of stars, or the directory of a mock",
            where=str(place),
            todo="name the table: what reseau merge wrote, or catalogue.parquet",
        )
    )


def _templates(
    giants: str,
    model: tuple[str, str],
    dust: tuple[str, str],
    settings: ReddeningSettings,
) -> TemplateOf:
    law, profile = read_law(dust[0]), read_profile(dust[1])
    scale = scale_of(law, settings)
    if giants == "constants":
        return giants_in_round_numbers(profile, scale)
    galaxy, name = model
    known = shipped_isochrones() if name == SHIPPED else read_isochrones(name)
    return templates_of_galaxy(
        read_galaxy(galaxy), known, profile, scale, settings.bands
    )


def _chosen(given: str, known: tuple[str, ...], where: str) -> str:
    if given not in known:
        raise unknown_name(where.strip("-"), given, known, where=where)
    return given


def _cell(given: float | tuple[float, float] | str) -> tuple[float, float]:
    """Return the size of cells in both directions."""
    parts = str(given).strip("()[] ").split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(0.001 <= n <= 10.0 for n in numbers):
        raise ConfigError(
            explain(
                given=f"cells of {given} deg",
                wanted="one number from 0.001 to 10, or two for l and b",
                where="--cell",
                todo="correct it, as in --cell 0.025",
            )
        )
    return numbers[0], numbers[-1]


def _limits(given: Any, bands: tuple[str, str]) -> dict[str, tuple[float, float]]:
    """Return limits of bands as the settings name them."""
    texts = [given] if isinstance(given, str) else list(given)
    names = dict(zip(bands, ("blue_limits", "red_limits"), strict=True))
    found = {}
    for text in (part for one in texts for part in str(one).split(",")):
        band, _, pair = text.strip().partition("=")
        try:
            bright, faint = (float(value) for value in pair.split(":"))
            found[names[band]] = (bright, faint)
        except (KeyError, ValueError) as error:
            raise ConfigError(
                explain(
                    given=f"limits {text!r}",
                    wanted=f"BAND=BRIGHT:FAINT in mag, with BAND {' or '.join(bands)}",
                    where="--limits",
                    todo=f"as in --limits {bands[0]}=10:17.5",
                )
            ) from error
    return found


__all__ = ["mock_reddening"]
