"""Since when, and in which scale, a table says that its times are counted.

FITS says so with MJDREF, JDREF and TIMESYS, a VOTable with TIMESYS.
"""

import contextlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain
from reseau.synonyms import plain
from reseau.tables.header_keywords import kept_keywords
from reseau.tables.unit_names import unit_of_name

from .epoch_numbers import MJD_RANGE, SCALES

ORIGIN, SCALE = "time_origin", "time_scale"
"""Keys of a field's metadata: the day 0 of the column as JD, and its time scale."""

MJD_0 = 2_400_000.5
_WHOLE = {"mjdref": MJD_0, "jdref": 0.0}
_PARTS = {"mjdrefi": "mjdref", "mjdreff": "mjdref", "jdrefi": "jdref"}
_PARTS |= {"jdreff": "jdref"}
_SCALES = {"et": "tt", "tdt": "tt", "gmt": "utc", "iat": "tai", "ut": "utc"}


class TimeSystem(NamedTuple):
    """What is said of a column of times.

    Attributes
    ----------
    origin
        Its day 0 [MJD]; None: not said.
    scale
        As astropy spells it; None: not said.
    said
        Where it stands, for messages.
    """

    origin: float | None
    scale: str | None
    said: str


def time_system(table: pa.Table, name: str) -> TimeSystem:
    """Return what a table says of a column of times.

    Parameters
    ----------
    table
        As read; what its header says is in the metadata.
    name
        The column.
    """
    own = table.schema.field(name).metadata or {}
    origin = own.get(ORIGIN.encode(), b"").decode()
    scale = own.get(SCALE.encode(), b"").decode()
    if origin or scale:
        day = float(origin) - MJD_0 if origin else None
        said = f"timeorigin {origin or 'not given'}, timescale {scale or 'not given'}"
        return TimeSystem(day, _scale(scale), f"TIMESYS with {said}")
    found = {plain(k): (k, v) for k, v in kept_keywords(table).items()}
    parts: dict[str, float] = {}
    told = []
    for word, (key, value) in found.items():
        kind = _PARTS.get(word, word)
        if kind not in _WHOLE:
            continue
        with contextlib.suppress(TypeError, ValueError):
            parts[kind] = parts.get(kind, 0.0) + float(value)
            told.append(f"{key} = {value}")
    known = next((k for k in _WHOLE if k in parts), None)
    if "timesys" in found:
        scale = str(found["timesys"][1])
        told.append(f"{found['timesys'][0]} = {scale}")
    day = None if known is None else parts[known] + _WHOLE[known] - MJD_0
    return TimeSystem(day, _scale(scale), ", ".join(told))


def _scale(text: str) -> str | None:
    word = text.strip().lower()
    word = _SCALES.get(word, word)
    return word if word in SCALES else None


def days_since(
    values: NDArray, unit: str, system: TimeSystem, name: str, where: str | Path
) -> NDArray:
    """Return times as MJD, counted from the day that the table names.

    Parameters
    ----------
    values
        As read.
    unit
        A unit of time.
    system
        Of `time_system`, with an origin.
    name, where
        Column and file, for messages.

    Raises
    ------
    CatalogueError
        They are MJD or JD as they stand, or are not of our days.
    """
    astropy_unit = unit_of_name(unit)
    factor = 1.0 if astropy_unit is None else float(astropy_unit.to("d"))
    assert system.origin is not None
    days = values * factor + system.origin
    known, low, high = days[np.isfinite(days)], *MJD_RANGE
    own = (values * factor)[np.isfinite(values)]
    if not len(known):
        return days
    # Where numbers are of our days as they stand, a header may be of something else.
    doubtful = system.origin != 0.0 and low <= own.min() and own.max() <= high
    if low <= known.min() and known.max() <= high and not doubtful:
        return days
    shown = ", ".join(f"{v:.10g}" for v in np.unique(values[np.isfinite(values)])[:3])
    that = f"MJD {known.min():.8g}"
    why = "they are MJD of our days as they stand" if doubtful else "not of our days"
    raise CatalogueError(
        explain(
            given=f"column {name} holds {shown} with the unit {unit!r}, and the header "
            f"says {system.said}: that makes them {that}, and {why}",
            wanted="times since the day that the header names",
            where=f"{where}, column {name}",
            todo=f"say {name}=NAME[mjd] or [jd] where columns are chosen",
        )
    )


__all__ = ["ORIGIN", "SCALE", "TimeSystem", "days_since", "time_system"]
