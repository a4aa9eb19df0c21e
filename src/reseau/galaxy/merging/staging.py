"""Tables of surveys read, judged, and laid out in strips of declination.

A strip's rows are ordered by position, then by identifier, and numbered in that order:
what comes out does not depend on the order of files, nor of rows in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reseau._windows import Window
from reseau.galaxy.photometry import photometric_system

from .canonical import REPEATED
from .database import readable, text
from .strips import Strips, row_of
from .survey_files import Counts, Part
from .surveys import BANDS, NEAR_INFRARED, Survey

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ORDER = ("ra", "dec", "id", *BANDS)
"""Columns by which the rows of a strip are ordered."""


@dataclass(frozen=True, eq=False)
class Staged:
    """A survey laid out in strips.

    Attributes
    ----------
    survey
        Which.
    folder
        Where a file for each strip is.
    columns
        Of those files, beside `row`.
    counts
        What became of its rows.
    """

    survey: Survey
    folder: Path
    columns: tuple[str, ...]
    counts: Counts

    def file(self, strip: int) -> Path:
        """Return the file of a strip; there is none of a strip without rows."""
        return self.folder / f"strip-{strip}.parquet"

    def read(self, strip: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Return rows of a strip, in order; columns that are not there are left out.

        Parameters
        ----------
        strip
            Number; one that is not there has no rows.
        columns
            Names; None: all.
        """
        wanted = None
        if columns is not None:
            wanted = [c for c in columns if c in self.columns or c == "row"]
        return read_file(self.file(strip), wanted)


def read_file(path: Path, columns: Sequence[str] | None) -> pa.Table:
    """Return a table, or one without rows where there is no file."""
    if not path.exists():
        return pa.table({name: pa.array([], pa.float64()) for name in columns or ()})
    return pq.read_table(path, columns=columns, memory_map=False, use_threads=True)


def write_rows(table: pa.Table, path: Path) -> None:
    """Write rows that will be read again soon, and then removed."""
    pq.write_table(
        table, path, compression="lz4", use_dictionary=False, write_statistics=False
    )


def stage(
    connection: "DuckDBPyConnection",
    survey: Survey,
    parts: Sequence[Part],
    strips: Strips,
    window: Window | None,
    folder: Path,
    counts: Counts,
) -> Staged:
    """Lay a survey out in strips, in 2MASS' photometric system, repetitions left out.

    Parameters
    ----------
    connection
        The database.
    survey, parts
        The survey and its files.
    strips
        The strips.
    window
        Outside of which rows are left out.
    folder
        To write to; it is made.
    counts
        Of the survey; they are added to.
    """
    folder.mkdir()
    columns = _columns(parts)
    label = f"rows_{survey.rank}_" + "".join(c for c in survey.key if c.isalnum())
    with readable(", ".join(counts.files), "tables that are whole"):
        query = " UNION ALL ".join(part.select(columns, window) for part in parts)
        query = _without_repetitions(connection, query, label, columns, counts)
        raw = folder / "raw"
        connection.execute(
            f"COPY (SELECT *, {strips.sql('dec')} AS strip FROM ({query})) "
            f"TO {text(raw)} (FORMAT parquet, PARTITION_BY (strip), "
            "COMPRESSION lz4_raw)"
        )
    staged = Staged(survey, folder, columns, counts)
    for strip in range(len(strips)):
        place = raw / f"strip={strip}"
        if place.exists():
            _order(connection, place, staged, strip)
    return staged


def _columns(parts: Sequence[Part]) -> tuple[str, ...]:
    found = dict.fromkeys(c for part in parts for c in part.canonical.columns)
    return tuple(found)


def _without_repetitions(
    connection: "DuckDBPyConnection",
    query: str,
    label: str,
    columns: Sequence[str],
    counts: Counts,
) -> str:
    """Return the query of which each identifier is once, its first row by position."""
    ids = f"{label}_repeated"
    connection.execute(
        f"CREATE TABLE {ids} AS SELECT id FROM ({query}) WHERE id IS NOT NULL "
        "GROUP BY id HAVING count(*) > 1"
    )
    found = connection.execute(f"SELECT count(*) FROM {ids}").fetchone()
    if not found or not found[0]:
        return query
    others = ", ".join(c for c in columns if c not in ("id", "ra", "dec"))
    connection.execute(
        f"CREATE TABLE {label}_first AS SELECT * REPLACE (marks + {REPEATED} AS marks) "
        f"FROM ({query}) WHERE id IN (SELECT id FROM {ids}) "
        f"QUALIFY row_number() OVER (PARTITION BY id ORDER BY ra, dec, {others}) = 1"
    )
    every = connection.execute(
        f"SELECT count(*) FROM ({query}) WHERE id IN (SELECT id FROM {ids})"
    ).fetchone()
    counts.repeated += (every or (0,))[0] - found[0]
    return (
        f"SELECT * FROM ({query}) WHERE id IS NULL OR id NOT IN (SELECT id FROM {ids}) "
        f"UNION ALL SELECT * FROM {label}_first"
    )


def _order(
    connection: "DuckDBPyConnection", place: Path, staged: Staged, strip: int
) -> None:
    """Write a strip's rows in order, numbered, their magnitudes 2MASS'."""
    order = ", ".join(c for c in _ORDER if c in staged.columns)
    table = connection.sql(
        f"SELECT * EXCLUDE (strip) FROM read_parquet({text(place / '*.parquet')}, "
        f"hive_partitioning=true) ORDER BY {order}"
    ).to_arrow_table()
    table = _transformed(table, staged.survey)
    _tally(table, staged.counts)
    row = pa.array(row_of(strip, np.arange(len(table))))
    write_rows(table.append_column("row", row), staged.file(strip))
    for file in place.iterdir():
        file.unlink()


def _transformed(table: pa.Table, survey: Survey) -> pa.Table:
    """Return a table with J, H and Ks in 2MASS' system."""
    if survey.system in ("", "2mass"):
        return table
    n = len(table)
    magnitudes, errors = np.full((n, 3), np.nan), np.full((n, 3), np.nan)
    for i, band in enumerate(NEAR_INFRARED):
        if band in table.column_names:
            magnitudes[:, i] = numbers(table, band)
            errors[:, i] = numbers(table, f"{band}_error")
    found, spread = photometric_system(survey.system).to_2mass(magnitudes, errors)
    for i, band in enumerate(NEAR_INFRARED):
        if band in table.column_names:
            for label, values in ((band, found), (f"{band}_error", spread)):
                place = table.column_names.index(label)
                array = pa.array(values[:, i], mask=np.isnan(values[:, i]))
                table = table.set_column(place, label, array)
    return table


def _tally(table: pa.Table, counts: Counts) -> None:
    counts.kept += len(table)
    marks = table["marks"].to_numpy()
    for i, band in enumerate(BANDS):
        if band not in table.column_names:
            continue
        has = np.isfinite(numbers(table, band))
        bare = has & ~np.isfinite(numbers(table, f"{band}_error"))
        for book, which in (
            (counts.magnitudes, has),
            (counts.without_error, bare),
            (counts.saturated, (marks >> i) & 1 == 1),
        ):
            book[band] = book.get(band, 0) + int(which.sum())


def numbers(table: pa.Table, column: str) -> NDArray[np.float64]:
    """Return a column as numbers; missing ones, and missing columns, are NaN."""
    if column not in table.column_names:
        return np.full(len(table), np.nan)
    values = table[column]
    if not pa.types.is_float64(values.type):
        values = values.cast(pa.float64())
    return values.to_numpy(zero_copy_only=False)


class Reader:
    """Strips of one survey, of which the last few that were read are kept."""

    def __init__(self, staged: Staged, columns: Sequence[str] | None = None) -> None:
        self.staged = staged
        self.read = lru_cache(maxsize=3)(lambda strip: staged.read(strip, columns))

    def take(self, rows: NDArray[np.int64]) -> pa.Table:
        """Return rows by their numbers; all lie in a few neighbouring strips."""
        strip, place = rows >> 32, rows & 0xFFFFFFFF
        pieces, order = [], []
        for one in np.unique(strip):
            which = np.flatnonzero(strip == one)
            pieces.append(self.read(int(one)).take(pa.array(place[which])))
            order.append(which)
        if not pieces:
            return self.staged.read(-1, None)
        back = np.argsort(np.concatenate(order), kind="stable")
        return pa.concat_tables(pieces).take(pa.array(back))


__all__ = [
    "Reader",
    "Staged",
    "numbers",
    "read_file",
    "stage",
    "write_rows",
]
