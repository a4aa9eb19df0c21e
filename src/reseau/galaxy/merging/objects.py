"""Sources as merged so far: best position and magnitudes, and the rows they are of.

A source takes its position from the row with the smallest position error, its proper
motion from the one that knows it best, and so each magnitude; equal errors go to the
survey that is merged earlier. It lies in the strip of its first row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .staging import Staged, numbers, read_file, write_rows
from .strips import row_of
from .surveys import BANDS

POSITION = ("ra", "dec", "ra_error", "dec_error", "epoch")
MOTION = ("pmra", "pmdec", "pmra_error", "pmdec_error")
MAGNITUDES = tuple(name for band in BANDS for name in (band, f"{band}_error"))
COMPARED = (*POSITION, *MOTION, *MAGNITUDES)
"""What a match goes by."""

_NOT_AT_LAST = {*COMPARED} - {"ra", "dec"}

Columns = dict[str, NDArray]


@dataclass(frozen=True, eq=False)
class Objects:
    """Merged sources, laid out in strips.

    Attributes
    ----------
    folder
        Where a file for each strip is.
    members
        Places, in the order of merging, of the surveys that are merged.
    is_last
        Whether nothing more is to be matched: then only positions, and the rows that
        sources are of, are kept.
    """

    folder: Path
    members: tuple[int, ...]
    is_last: bool = False

    def file(self, strip: int) -> Path:
        """Return the file of a strip; there is none of a strip without sources."""
        return self.folder / f"strip-{strip}.parquet"

    def read(self, strip: int) -> Columns:
        """Return the sources of a strip, in order.

        Parameters
        ----------
        strip
            Its number.

        Returns
        -------
        `COMPARED`; and of each member `row_<i>`, -1 where the source has no row there,
        and `probability_<i>` of that match, 1 where there was nothing to match.
        """
        table = read_file(self.file(strip), None)
        if not len(table):
            return _empty(self.members)
        return {name: table[name].to_numpy() for name in table.column_names}

    def write(self, strip: int, columns: Columns) -> None:
        """Write the sources of a strip."""
        if self.is_last:
            columns = {n: v for n, v in columns.items() if n not in _NOT_AT_LAST}
        if len(columns["ra"]):
            write_rows(pa.table(columns), self.file(strip))

    def clear(self, strips: int) -> None:
        """Remove the files."""
        for strip in range(strips):
            self.file(strip).unlink(missing_ok=True)


def _empty(members: Sequence[int]) -> Columns:
    found: Columns = {name: np.zeros(0) for name in COMPARED}
    for i in members:
        found[f"row_{i}"] = np.zeros(0, np.int64)
        found[f"probability_{i}"] = np.zeros(0)
    return found


def compared(table: pa.Table) -> Columns:
    """Return what a match goes by, of rows of a survey; missing values are NaN."""
    return {name: numbers(table, name) for name in COMPARED}


def of_survey(staged: Staged, place: int, strip: int) -> Columns:
    """Return the sources of a strip as one survey has them.

    Parameters
    ----------
    staged
        The survey.
    place
        In the order of merging.
    strip
        Its number.
    """
    table = staged.read(strip, COMPARED)
    return {
        **compared(table),
        f"row_{place}": row_of(strip, np.arange(len(table))),
        f"probability_{place}": np.ones(len(table)),
    }


def joined(one: Columns, other: Columns) -> Columns:
    """Return sources of matched pairs, as many as there are pairs.

    Parameters
    ----------
    one, other
        Of the same length; all that both hold is chosen between.
    """
    found = {**other, **one}
    size = [np.hypot(c["ra_error"], c["dec_error"]) for c in (one, other)]
    _take(found, other, POSITION, _is_better(*size))
    size = [np.hypot(c["pmra_error"], c["pmdec_error"]) for c in (one, other)]
    knows = [np.where(np.isfinite(c["pmra"]), 0.0, np.inf) for c in (one, other)]
    sizes = [np.nan_to_num(s, nan=1e3) + k for s, k in zip(size, knows, strict=True)]
    _take(found, other, MOTION, _is_better(*sizes))
    for band in BANDS:
        error = f"{band}_error"
        sizes = [
            np.where(np.isfinite(c[band]), np.nan_to_num(c[error], nan=1e3), np.inf)
            for c in (one, other)
        ]
        _take(found, other, (band, error), _is_better(*sizes))
    return found


def _is_better(one: NDArray, other: NDArray) -> NDArray[np.bool_]:
    """Return where the other is smaller; where both are equal it is not."""
    return np.asarray(other < one)


def _take(
    found: Columns, other: Columns, names: Sequence[str], which: NDArray[np.bool_]
) -> None:
    for name in names:
        found[name] = np.where(which, other[name], found[name])


def stacked(parts: Sequence[Columns], members: Sequence[int]) -> Columns:
    """Return sources one after another; a survey that a part lacks has no row there.

    Parameters
    ----------
    parts
        Sources.
    members
        Surveys that the result has.
    """
    missing: dict[str, float | int] = dict.fromkeys(COMPARED, np.nan)
    for i in members:
        missing |= {f"row_{i}": -1, f"probability_{i}": np.nan}
    return {
        name: np.concatenate(
            [
                part.get(name, np.full(len(part["ra"]), value, np.asarray(value).dtype))
                for part in parts
            ]
        )
        for name, value in missing.items()
    }


def taken(columns: Columns, which: NDArray) -> Columns:
    """Return some of the sources."""
    return {name: values[which] for name, values in columns.items()}


__all__ = [
    "COMPARED",
    "Columns",
    "Objects",
    "compared",
    "joined",
    "of_survey",
    "stacked",
    "taken",
]
