"""Read maps of the reddening: of the package genulens, of tables, of HEALPix files."""

import logging
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from reseau.errors import (
    ConfigError,
    FileFormatError,
    TableWarning,
    explain,
    missing_columns_error,
    warn,
)
from reseau.galaxy.published_data import require_data_file
from reseau.tables import columns_of, place_of, table_from

from .clump import wrapped
from .healpix import HealpixHeader, HealpixMap, header_of
from .maps import Detail, ExtinctionMap, GridMap
from .profiles import read_dust
from .smooth import SmoothMap

logger = logging.getLogger(__name__)

PACKAGE_FILE = "EJK_G12_S20_LR.dat"
"""The map among the data of the package genulens."""

LARGEST = 20.0
"""E(J-Ks) [mag] above which a number stands for missing data, as 99.9 does."""

SUB = 5
"""Sub-cells along a cell of that map."""

NAMES = {
    "longitude": ("l", "glon", "longitude", "gal_l", "l_deg"),
    "latitude": ("b", "glat", "latitude", "gal_b", "b_deg"),
    "pixel": ("healpix", "pixel", "ipix", "hpx", "healpix_id"),
    "excess": ("ejks", "ejk", "ejk_mean", "excess", "e_j_ks", "e(j-ks)", "e(j-k)"),
    "scatter": ("scatter", "ejks_scatter", "ejks_error", "e_ejks", "sigma", "error"),
}
"""Names of a map's columns, in small letters."""


def read_extinction_map(
    source: object = "smooth",
    *,
    nside: int | None = None,
    nested: bool | None = None,
) -> ExtinctionMap:
    """Return a map of the reddening.

    Parameters
    ----------
    source
        "smooth": a model of the dust, with what the package ships. "genulens": the map
        of Surot et al. 2020 (A&A 644, A140) and Gonzalez et al. 2012 (A&A 543, A13) in
        the data of the package genulens. Or a table in a file of any format, or in
        memory, with `l`, `b` [deg] or `healpix`, with `ejks` [mag] and perhaps
        `scatter` [mag]; the names may be others of `NAMES`.
    nside, nested
        Of a HEALPix map; None: as its file says.

    Returns
    -------
    What has no data, is not positive or above 20 mag is outside the map.

    Raises
    ------
    ConfigError
        The package genulens is wanted and not there.
    FileFormatError
        A file is damaged, or is no map.
    CatalogueError
        A table lacks a column.
    """
    if source == "smooth":
        return SmoothMap(read_dust())
    if source == "genulens":
        return read_genulens_map(genulens_map_file())
    table = table_from(source, what="the map")
    where = place_of(source)
    found = _columns(table, where)
    if "longitude" in found and "pixel" not in found:
        return _grid(found, where)
    return _healpix(found, where, _header(source, where, nside, nested))


def _header(
    source: object, where: str, nside: int | None, nested: bool | None
) -> HealpixHeader:
    told = header_of(source)
    if nside is None and told is None:
        raise ConfigError(
            explain(
                given="a map without l and b, or HEALPix cells without NSIDE",
                wanted="columns l and b [deg], or nside, a power of 2",
                where=where,
                todo="add the columns; or give nside=..., and nested=True if it is so",
            )
        )
    told = told or HealpixHeader(1)
    return HealpixHeader(
        told.nside if nside is None else nside,
        told.nested if nested is None else nested,
        told.equatorial,
    )


def _columns(table: pa.Table, where: str) -> dict[str, np.ndarray]:
    lower = {name.strip().lower(): name for name in reversed(table.column_names)}
    names = {
        kind: lower[known]
        for kind, all_known in NAMES.items()
        for known in reversed(all_known)
        if known in lower
    }
    if "excess" not in names:
        raise missing_columns_error(["ejks"], table.column_names, "the map", where)
    arrays = columns_of(table.select(list(dict.fromkeys(names.values()))))
    return {kind: np.asarray(arrays[name], float) for kind, name in names.items()}


def _known_excess(excess: np.ndarray, where: str) -> np.ndarray:
    """Return reddenings with NaN where there are none, which are counted."""
    known = (excess > 0.0) & (excess < LARGEST)
    missing = int(np.count_nonzero(~known))
    if missing:
        logger.info("%s: %d of %d cells have no data", where, missing, excess.size)
    return np.where(known, excess, np.nan)


def _grid(found: dict[str, np.ndarray], where: str) -> GridMap:
    if "longitude" not in found or "latitude" not in found:
        lacking = [
            n for n, k in (("l", "longitude"), ("b", "latitude")) if k not in found
        ]
        raise missing_columns_error(lacking, list(found), "the map", where)
    longitude = _unwrapped(found["longitude"])
    first_l, step_l, i = _axis(longitude, "l", where)
    first_b, step_b, j = _axis(found["latitude"], "b", where)
    shape = (int(i.max()) + 1, int(j.max()) + 1)
    _check_filled(i, j, shape, where)
    excess = np.full(shape, np.nan)
    excess[i, j] = _known_excess(found["excess"], where)
    scatter = None
    if "scatter" in found:
        scatter = np.zeros(shape)
        scatter[i, j] = np.where(found["scatter"] > 0.0, found["scatter"], 0.0)
    return GridMap(where, (first_l, first_b), (step_l, step_b), excess, scatter)


def _unwrapped(longitude: np.ndarray) -> np.ndarray:
    """Return longitudes that do not jump, from the greatest gap between them on."""
    around = np.sort(wrapped(longitude))
    if len(around) < 2:
        return wrapped(longitude)
    gaps = np.append(np.diff(around), around[0] + 360.0 - around[-1])
    begin = around[(int(np.argmax(gaps)) + 1) % len(around)]
    return begin + (longitude - begin + 1e-9) % 360.0 - 1e-9


def _axis(value: np.ndarray, name: str, where: str) -> tuple[float, float, np.ndarray]:
    """Return first edge, step and index of values that are on a regular grid."""
    nodes = np.unique(np.round(value, 7))
    step = float(np.diff(nodes).min()) if len(nodes) > 1 else 0.0
    place = (value - nodes[0]) / step if step else np.zeros(1)
    off = np.abs(place - np.rint(place)).max()
    if not step or off > 0.01:
        raise FileFormatError(
            explain(
                given=f"values of {name} with the least step {step:.6g} deg that are "
                f"off a grid of it by up to {off:.2g} steps",
                wanted="centres of cells on a regular grid, or a HEALPix map",
                where=where,
                todo="bin the map to cells of equal size in l and b",
            )
        )
    index = np.rint(place).astype(np.int64)
    # Of all cells, so that rounded centres do not move the grid.
    step = float((nodes[-1] - nodes[0]) / index.max())
    return float(nodes[0]) - 0.5 * step, step, index


def _check_filled(
    i: np.ndarray, j: np.ndarray, shape: tuple[int, int], where: str
) -> None:
    count = np.bincount(i * shape[1] + j, minlength=1)
    if (count > 1).any():
        raise FileFormatError(
            explain(
                given=f"{int((count > 1).sum())} cells that are there more than once",
                wanted="one row of each cell",
                where=where,
                todo="remove the repeated rows",
            )
        )
    absent = shape[0] * shape[1] - int((count > 0).sum())
    if absent:
        warn(
            f"{where}: {absent} of {shape[0] * shape[1]} cells of the map's grid are "
            "not in it; stars there are outside the map",
            TableWarning,
        )


def _healpix(
    found: dict[str, np.ndarray], where: str, header: HealpixHeader
) -> HealpixMap:
    return HealpixMap.of(
        where,
        header,
        excess=_known_excess(found["excess"], where),
        scatter=found.get("scatter"),
        pixel=found.get("pixel"),
    )


def genulens_map_file() -> Path:
    """Return where the package genulens keeps its map, or raise `ConfigError`."""
    return require_data_file(
        PACKAGE_FILE, where="map = genulens", instead="take the map 'smooth'"
    )


@lru_cache(maxsize=2)
def read_genulens_map(path: Path) -> GridMap:
    """Read a map as genulens has it: l, b, E(J-Ks), and 25 sub-cells or none.

    Parameters
    ----------
    path
        A text of 3 or 28 numbers a row, longitude outside, latitude inside, and
        sub-cells likewise.

    Returns
    -------
    The reddening of a cell with sub-cells is their mean; the file's own mean differs
    from it by some per cent.

    Raises
    ------
    FileFormatError
        A row has another number of numbers, or cells are missing.
    """
    rows = [r for r in path.read_text().splitlines() if r and not r.startswith("#")]
    width = np.array(
        [len(row.split()) if "  " in row else row.count(" ") + 1 for row in rows]
    )
    wrong = np.flatnonzero((width != 3) & (width != 3 + SUB * SUB))
    if len(wrong) or not rows:
        row = int(wrong[0]) + 1 if len(wrong) else 0
        raise _damaged(path, f"{len(wrong)} rows of other lengths, the first row {row}")
    try:
        numbers = np.array(" ".join(rows).split(), float)
    except ValueError as error:
        raise _damaged(path, f"what is no number: {error}") from error
    start = np.append(0, np.cumsum(width)[:-1])
    longitude, latitude, mean = (numbers[start + k] for k in range(3))
    first_l, step_l, i = _axis(longitude, "l", str(path))
    first_b, step_b, j = _axis(latitude, "b", str(path))
    shape = (int(i.max()) + 1, int(j.max()) + 1)
    if len(rows) != shape[0] * shape[1]:
        raise _damaged(path, f"{len(rows)} cells of {shape[0]} by {shape[1]}")
    divided = np.flatnonzero(width > 3)
    at = start[divided, None] + 3 + np.arange(SUB * SUB)
    sub = _known_excess(numbers[at], f"{path.name}, sub-cells").reshape(-1, SUB, SUB)
    excess, number = np.full(shape, np.nan), np.full(shape, -1, np.int32)
    excess[i, j] = _known_excess(mean, path.name)
    number[i[divided], j[divided]] = np.arange(len(divided))
    known = np.isfinite(sub).sum(axis=(1, 2))
    of_sub = np.nansum(sub, axis=(1, 2)) / np.maximum(known, 1)
    excess[i[divided], j[divided]] = np.where(known > 0, of_sub, np.nan)
    name = "Surot et al. 2020 and Gonzalez et al. 2012, of genulens"
    return GridMap(
        name,
        (first_l, first_b),
        (step_l, step_b),
        excess,
        detail=Detail(number, sub) if len(divided) else None,
    )


def _damaged(path: Path, given: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=f"a map with {given}",
            wanted=f"rows of 3 or {3 + SUB * SUB} numbers, one of each cell of a grid",
            where=str(path),
            todo="install genulens again: the file is damaged or another version's",
        )
    )


__all__ = [
    "LARGEST",
    "NAMES",
    "genulens_map_file",
    "read_extinction_map",
    "read_genulens_map",
]
