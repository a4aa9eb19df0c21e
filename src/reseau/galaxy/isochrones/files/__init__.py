"""Isochrones of files that a user downloaded, and of other packages."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reseau.errors import FileFormatError, explain, unknown_name
from reseau.galaxy.isochrones.grid import Isochrone, joined, weighted
from reseau.galaxy.isochrones.populations import (
    POPULATIONS,
    Population,
    sequence_weights,
)
from reseau.galaxy.isochrones.shipped import shipped_isochrones
from reseau.galaxy.isochrones.table import Isochrones
from reseau.tables.dialects.content import open_content

from .genulens import NAME, genulens_isochrones
from .mist import is_mist, mist_isochrones
from .parsec import is_parsec, parsec_isochrones
from .raw import RawIsochrone, joined_bands

TOLERANCE, PULSES = 0.01, 0.3
"""To which isochrones are thinned [mag], and thermal pulses on them."""


def read_isochrones(
    source: str | Path | Sequence[str | Path],
    populations: Mapping[str, Population] = POPULATIONS,
    tolerance: float = TOLERANCE,
) -> Isochrones:
    """Read isochrones and give them weights by component.

    Parameters
    ----------
    source
        A file of the CMD interface to PARSEC (versions 3, isochrone tables, a system
        with 2MASS J, H, Ks) or of MIST (``.iso.cmd``), compressed or not; several of
        them, of other ages, other [M/H] or the same isochrones in other bands. Or
        "genulens": the tables of that package, where it is installed; or "shipped":
        those of reseau.
    populations
        Ages and metallicities of each component, shared out among the isochrones. Those
        of "shipped" are fixed.
    tolerance
        Points are left out as long as no magnitude changes by more at any mass [mag].
        0 keeps all.

    Raises
    ------
    FileFormatError
        A file is neither, or was cut.
    CatalogueError
        A band is missing, or an isochrone is there twice.
    ConfigError
        The package genulens is not installed.
    """
    if source == "shipped":
        return shipped_isochrones()
    if source == "genulens":
        return _of_genulens(populations, tolerance)
    paths = [source] if isinstance(source, str | Path) else list(source)
    raws = [raw for path in paths for raw in _raw(Path(path))]
    if not raws:
        raise FileFormatError(
            explain(
                given="no isochrone",
                wanted="at least one",
                where=", ".join(map(str, paths)) or "read_isochrones",
                todo="name the files that CMD or MIST gave",
            )
        )
    grid = [_thinned(each, tolerance) for each in joined_bands(raws)]
    where = ", ".join(Path(path).name for path in paths)
    return weighted(where, grid, where, populations)


def _raw(path: Path) -> list[RawIsochrone]:
    if not path.is_file():
        raise FileFormatError(
            explain(
                given=f"{path} is a directory" if path.is_dir() else f"no file {path}",
                wanted="a file of isochrones, 'shipped' or 'genulens'",
                where=str(path),
                todo="correct the name",
            )
        )
    text = open_content(path).whole().decode("utf-8", errors="replace")
    for is_theirs, isochrones in (
        (is_mist, mist_isochrones),
        (is_parsec, parsec_isochrones),
    ):
        if is_theirs(text):
            return isochrones(text, path.name)
    raise FileFormatError(
        explain(
            given=f"a file that begins with {text[:60]!r}",
            wanted="output of the CMD interface to PARSEC (a line '# Zini MH logAge "
            "Mini ...'), or .iso.cmd of MIST ('# MIST version number')",
            where=str(path),
            todo="keep the comments at the beginning of the file as it was downloaded",
        )
    )


def _thinned(isochrone: Isochrone, tolerance: float) -> Isochrone:
    whole = isochrone.with_flash()
    if tolerance <= 0.0:
        return whole
    return whole.simplified(tolerance, max(tolerance, PULSES))


def _of_genulens(populations: Mapping[str, Population], tolerance: float) -> Isochrones:
    of_components = genulens_isochrones()
    grid: list[Isochrone] = []
    members: list[tuple[str, int, float]] = []
    for component, population in populations.items():
        if component not in of_components:
            raise unknown_name("component", component, of_components, where="genulens")
        isochrones = of_components[component]
        weights = sequence_weights(
            population,
            np.array([each.age for each in isochrones]),
            np.array([each.metallicity for each in isochrones]),
            "genulens",
        )
        for isochrone, weight in zip(isochrones, weights, strict=True):
            if weight > 0.0:
                members.append((component, len(grid), float(weight)))
                grid.append(_thinned(isochrone, tolerance))
    stop = np.cumsum([len(each.mass) for each in grid])
    return joined(NAME, grid, stop, members)


__all__ = ["read_isochrones"]
