"""Files of surveys in the database: their units judged, their rows counted."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reseau._windows import Window
from reseau.errors import ReseauWarning, warn

from .canonical import Canonical, canonical
from .checks import CHECKED, Extent, check_medians, check_positions
from .database import name, readable
from .opened import Opened, relation_of
from .recognition import Recognised
from .strips import ZONE, zone_sql
from .window import inside_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

log = logging.getLogger(__name__)

_JUDGED = 100_000
"""Rows that units are judged by."""
_LEAST = 0.1
"""Share of them that must have a value."""


@dataclass
class Counts:
    """What became of the rows of a survey.

    Attributes
    ----------
    files
        Names of its files.
    rows
        In them.
    outside
        Of those, outside the window.
    without_position
        Without a position.
    spurious
        Left out as a whole: by a rule, or as no magnitude is left.
    repeated
        Left out since the same identifier stands in another row, which is kept.
    rules
        Rows under each rule.
    inapplicable
        Rules whose column is not in a file.
    magnitudes, without_error, saturated
        Of rows that are kept, by band.
    kept
        Rows that are kept.
    """

    files: list[str] = field(default_factory=list)
    rows: int = 0
    outside: int = 0
    without_position: int = 0
    spurious: int = 0
    repeated: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    inapplicable: list[str] = field(default_factory=list)
    magnitudes: dict[str, int] = field(default_factory=dict)
    without_error: dict[str, int] = field(default_factory=dict)
    saturated: dict[str, int] = field(default_factory=dict)
    kept: int = 0


@dataclass(frozen=True)
class Part:
    """One file of a survey, as a relation of the database.

    Attributes
    ----------
    canonical
        How it is read.
    relation
        What stands after FROM.
    extent
        Where its positions lie; None: it has no row.
    zones
        Rows by zone of declination.
    """

    canonical: Canonical
    relation: str
    extent: Extent | None
    zones: NDArray[np.int64]

    def select(self, columns: Sequence[str], window: Window | None) -> str:
        """Return the query for rows that are kept; absent columns are null."""
        known = self.canonical.columns
        listed = ", ".join(
            f"{known.get(c, 'CAST(NULL AS DOUBLE)')} AS {c}" for c in columns
        )
        where = f"({self.canonical.position}) AND NOT ({self.canonical.dropped})"
        if window is not None:
            where += f" AND {inside_sql(window, known['ra'], known['dec'])}"
        return f"SELECT {listed} FROM {self.relation} WHERE {where}"


def read_part(
    connection: "DuckDBPyConnection",
    found: Recognised,
    opened: Opened,
    window: Window | None,
    counts: Counts,
) -> Part:
    """Bring a file into the database, judge its units, and count its rows.

    Parameters
    ----------
    connection
        The database.
    found, opened
        The table, and of which survey it is.
    window
        Outside of which rows are left out; None: all are kept.
    counts
        Of the survey; they are added to.

    Raises
    ------
    UnitError
        A column is in another unit.
    """
    how = canonical(found, opened)
    label = f"part_{len(counts.files)}_{found.survey.rank}_{found.survey.key}"
    label = "".join(c if c.isalnum() else "_" for c in label)
    relation = relation_of(connection, opened, how.needed, label)
    with readable(opened.where, "a table that is whole"):
        extent = _count(connection, how, relation, found, opened, window, counts)
        part = Part(how, relation, extent, np.zeros(round(180 / ZONE) + 1, np.int64))
        kept = part.select(["dec"], window)
        rows = connection.execute(
            f"SELECT {zone_sql('dec')} AS zone, count(*) FROM ({kept}) GROUP BY zone"
        ).fetchall()
    for zone, count in rows:
        part.zones[zone] += count
    counts.files.append(opened.where)
    log.info("%s: %s, %d rows", opened.where, found.survey.title, counts.rows)
    return part


def _count(
    connection: "DuckDBPyConnection",
    how: Canonical,
    relation: str,
    found: Recognised,
    opened: Opened,
    window: Window | None,
    counts: Counts,
) -> Extent | None:
    position = f"coalesce({how.position}, false)"
    inside = position
    if window is not None:
        inside += f" AND {inside_sql(window, how.columns['ra'], how.columns['dec'])}"
    wanted = {
        "rows": "count(*)",
        "bad": f"count(*) FILTER (NOT {position})",
        "outside": f"count(*) FILTER ({position} AND NOT ({inside}))",
        "unread": _unread(how, found),
        "spurious": f"count(*) FILTER ({inside} AND ({how.dropped}))",
        **{
            f"rule {rule}": f"count(*) FILTER ({inside} AND {condition})"
            for rule, condition in how.rules.items()
        },
        **{
            f"{end} {axis}": f"{end}({how.columns[axis]}) FILTER ({position})"
            for axis in ("ra", "dec")
            for end in ("min", "max")
        },
    }
    row = connection.execute(
        f"SELECT {', '.join(wanted.values())} FROM {relation}"
    ).fetchone()
    got = dict(zip(wanted, row or (), strict=True))
    names = {q: column for q, (column, _) in found.columns.items()}
    if got["unread"]:
        warn(
            f"{got['unread']:,} of {got['rows']:,} identifiers {names['id']} of "
            f"{opened.where} are no integers of 64 bits: their rows are kept, without "
            "them; correct the column where they matter",
            ReseauWarning,
        )
    check_positions(got["bad"], got["rows"], names["ra"], names["dec"], opened.where)
    check_medians(_medians(connection, how, relation, names), names, opened.where)
    counts.rows += got["rows"]
    counts.outside += got["outside"]
    counts.without_position += got["bad"]
    counts.spurious += got["spurious"]
    for rule in how.rules:
        counts.rules[rule] = counts.rules.get(rule, 0) + got[f"rule {rule}"]
    counts.inapplicable += [n for n in how.inapplicable if n not in counts.inapplicable]
    if got["min ra"] is None:
        return None
    return Extent(
        opened.where,
        (got["min ra"], got["max ra"]),
        (got["min dec"], got["max dec"]),
    )


def _unread(how: Canonical, found: Recognised) -> str:
    """Return the number of identifiers that are there and are none."""
    if "id" not in found.columns or "TRY_CAST" not in how.columns["id"]:
        return "0"
    raw = name(found.columns["id"][0])
    return f"count(*) FILTER (trim({raw}) <> '' AND ({how.columns['id']}) IS NULL)"


def _medians(
    connection: "DuckDBPyConnection",
    how: Canonical,
    relation: str,
    names: dict[str, str],
) -> dict[str, float | None]:
    """Return medians of the first rows, which tell of a unit what all would."""
    judged = [q for q in CHECKED if q in how.judged and q in names]
    if not judged:
        return {}
    listed = ", ".join(
        f"median({how.judged[q]}), count({how.judged[q]}) / greatest(count(*), 1)"
        for q in judged
    )
    row = connection.execute(
        f"SELECT {listed} FROM (SELECT * FROM {relation} LIMIT {_JUDGED})"
    ).fetchone() or (None, 0.0) * len(judged)
    pairs = zip(judged, row[::2], row[1::2], strict=True)
    return {q: median if share > _LEAST else None for q, median, share in pairs}


__all__ = ["Counts", "Part", "read_part"]
