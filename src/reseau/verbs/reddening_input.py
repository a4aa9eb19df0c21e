"""What `reseau mock reddening` is given: stars, cells, limits, templates of giants."""

from pathlib import Path
from typing import Any

from reseau.errors import ConfigError, FileFormatError, explain, unknown_name
from reseau.galaxy.extinction import (
    ReddeningSettings,
    giants_in_round_numbers,
    read_law,
    read_profile,
    scale_of,
)
from reseau.galaxy.extinction.galaxy_templates import templates_of_galaxy
from reseau.galaxy.extinction.giant_field import TemplateOf
from reseau.galaxy.isochrones import read_isochrones, shipped_isochrones
from reseau.galaxy.model import read_galaxy
from reseau.tables import check_output, is_path, parquet_output
from reseau.tables.incomplete import refuse_incomplete
from reseau.tables.owned import MOCK, is_of_kind

SHIPPED = "shipped"
"""Isochrones that come with reseau."""


def stars_of(catalogue: Any) -> Any:
    """Return the table of stars; of a mock's directory, or of what drew it.

    Parameters
    ----------
    catalogue
        As of `mock_reddening`.

    Raises
    ------
    FileFormatError
        It is a directory without a mock.
    """
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


def templates_of(
    giants: str,
    model: tuple[str, str],
    dust: tuple[str, str],
    settings: ReddeningSettings,
) -> TemplateOf:
    """Return templates of giants, by the model of the Galaxy or by constants.

    Parameters
    ----------
    giants
        "model" or "constants".
    model
        Names of the Galaxy and of the isochrones.
    dust
        Names of the law and of the profile.
    settings
        Of the colour.
    """
    law, profile = read_law(dust[0]), read_profile(dust[1])
    scale = scale_of(law, settings)
    if giants == "constants":
        return giants_in_round_numbers(profile, scale)
    galaxy, name = model
    known = shipped_isochrones() if name == SHIPPED else read_isochrones(name)
    return templates_of_galaxy(
        read_galaxy(galaxy), known, profile, scale, settings.bands
    )


def chosen(given: str, known: tuple[str, ...], where: str) -> str:
    """Return one of some names, or refuse what is none.

    Parameters
    ----------
    given, known
        The name, and those that there are.
    where
        The option.
    """
    if given not in known:
        raise unknown_name(where.strip("-"), given, known, where=where)
    return given


def cell_size(given: float | tuple[float, float] | str) -> tuple[float, float]:
    """Return the size of cells in both directions [deg].

    Parameters
    ----------
    given
        One number, or two; as text with a comma between.
    """
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


def limits_by_setting(given: Any, bands: tuple[str, str]) -> dict[str, Any]:
    """Return limits of bands [mag] as `ReddeningSettings` names them.

    Parameters
    ----------
    given
        ``"J=10:17.5"``, several with commas between, or a list of such.
    bands
        Bluer and redder band.
    """
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


def output_file(output: str | Path, source: Any, *, overwrite: bool) -> Path:
    """Return the file of the map, or refuse what may not be written.

    Parameters
    ----------
    output, overwrite
        As of `mock_reddening`.
    source
        The stars, in whose place the map is never written.
    """
    path = parquet_output(output)
    check_output(path, kind="file", overwrite=overwrite)
    _check_apart(source, path)
    return path


def _check_apart(source: Any, target: Path) -> None:
    """Refuse to write the map in place of its own stars."""
    if not is_path(source) or not target.exists():
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


__all__ = [
    "SHIPPED",
    "cell_size",
    "chosen",
    "limits_by_setting",
    "output_file",
    "stars_of",
    "templates_of",
]
