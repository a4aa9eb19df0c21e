"""Gaia's epoch astrometry as the archive gives it: a row a transit, ten CCDs in it.

Names are Gaia's, with or without underscores. Several values of a transit are a list,
or a text such as ``(1.5, 2.5)``. Time is nanoseconds from 2010-01-01, TCB, of which the
way to the barycentre is a column of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Int

from reseau.errors import CatalogueError, explain, missing_columns_error
from reseau.motions.epoch_abscissae import one_dimensional
from reseau.motions.epoch_astrometry import EpochAstrometry

REFERENCE = 2017.5
"""Reference epoch of Gaia DR4 [Julian year]."""

_DAYS_TO_REFERENCE = 2_457_936.875 - 2_455_197.5
_NANOSECONDS = 86_400e9

NEEDED = {
    "centroidposal": "centroid_pos_al",
    "centroidposerroral": "centroid_pos_error_al",
    "scanposangle": "scan_pos_angle",
    "parallaxfactoral": "parallax_factor_al",
    "obstimetcb": "obs_time_tcb",
}
"""Columns without which there is no model, and how the archive spells them."""

_COLOUR = 1000.0
"""The shift is stated for each µm⁻¹ of effective wavenumber, against which the sign of
the model's residual is."""


def is_gaia(names: Sequence[str]) -> bool:
    """Return whether the columns are those of Gaia's epoch astrometry."""
    plain = {_plain(name) for name in names}
    return {"centroidposal", "scanposangle"} <= plain


def gaia_parquet(path: Path) -> pa.Table | None:
    """Return a Parquet file of Gaia's with its lists, or None if it is another.

    Parameters
    ----------
    path
        Of a file that exists. Lists are what other tables have none of, so that the
        reader of tables leaves them out.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return None
    try:
        names = pq.read_schema(path).names
        return pq.read_table(path) if is_gaia(names) else None
    except (pa.ArrowException, OSError):
        return None  # the reader of tables says what is wrong


def read_gaia(table: pa.Table, where: str) -> EpochAstrometry:
    """Return the abscissae of all sources of a table.

    Parameters
    ----------
    table
        With Gaia's columns.
    where
        The file, for messages.

    Raises
    ------
    CatalogueError
        A column is missing, or lists of a transit differ in length.
    """
    columns = {_plain(name): table[name] for name in table.column_names}
    missing = [name for plain, name in NEEDED.items() if plain not in columns]
    if missing:
        raise missing_columns_error(missing, table.column_names, "the table", where)
    lists = {name: _lists(column) for name, column in columns.items()}
    counts = np.array([len(_row(each)) for each in lists["centroidposal"]])
    flat = {
        name: _flat(lists[name], counts, name, where) for name in _USED & set(lists)
    }
    transit = np.repeat(np.arange(len(counts)), counts)
    ids = columns.get("sourceid")
    source = _ids(ids, len(counts))[transit]
    travel = flat.get("obstimebarycorr", np.zeros(len(transit)))
    days = (flat["obstimetcb"] + travel) / _NANOSECONDS - _DAYS_TO_REFERENCE
    angle = np.deg2rad(flat["scanposangle"])
    used = flat.get("usedbyagisal", np.ones(len(transit)))
    here = np.isfinite(
        days + angle + flat["centroidposal"] + flat["centroidposerroral"]
    ) & np.isfinite(flat["parallaxfactoral"])
    colour = flat.get("colourfactoral")
    return one_dimensional(
        (days / 365.25)[here],
        np.stack([np.sin(angle), np.cos(angle)], axis=1)[here],
        flat["parallaxfactoral"][here],
        flat["centroidposal"][here],
        flat["centroidposerroral"][here],
        reference_epoch=REFERENCE,
        is_used=(np.nan_to_num(used) > 0.0)[here],
        source_id=source[here],
        group=transit[here],
        colour_factor=None
        if colour is None
        else -_COLOUR * np.nan_to_num(colour)[here],
        stated_floor=np.nan_to_num(
            flat.get("agissourceexcessnoise", np.zeros(len(transit)))
        )[here],
        origin="Gaia epoch astrometry",
    )


_USED = {
    *NEEDED,
    "obstimebarycorr",
    "usedbyagisal",
    "colourfactoral",
    "agissourceexcessnoise",
}


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _ids(column: pa.ChunkedArray | None, n: int) -> Int[np.ndarray, "n"]:
    return np.zeros(n, np.int64) if column is None else column.to_numpy().astype("i8")


_WORDS = {"true": 1.0, "false": 0.0, "null": np.nan, "none": np.nan, "": np.nan}


def _lists(column: pa.ChunkedArray) -> list[Any]:
    values = column.to_pylist()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [_parsed(text) for text in values]
    return values


def _parsed(text: str | None) -> list[float]:
    words = (text or "").strip().strip("()[]").split(",")
    lowered = (word.strip().lower() for word in words)
    return [_WORDS[word] if word in _WORDS else float(word) for word in lowered]


def _row(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _flat(
    values: list[Any], counts: Int[np.ndarray, "n"], name: str, where: str
) -> Float[np.ndarray, "m"]:
    """Return one number a CCD; what a transit has once is that of all its CCDs."""
    found: list[Any] = []
    for row, (value, count) in enumerate(zip(values, counts, strict=True)):
        parts = _row(value)
        if len(parts) not in (1, count):
            raise CatalogueError(
                explain(
                    given=f"{len(parts)} values of {name} where there are {count} of "
                    "centroid_pos_al",
                    wanted="as many, or one of a transit",
                    where=f"{where}, row {row}",
                    todo="correct the table",
                )
            )
        found += parts if len(parts) == count else parts * count
    return np.array([np.nan if v is None else float(v) for v in found])


__all__ = ["gaia_parquet", "is_gaia", "read_gaia"]
