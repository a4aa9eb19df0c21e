"""Identifiers that identify nothing: -1 for "unmatched", numbers of rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn
from reseau.tables.identifiers import stands_for_nothing

SUSPECTS = (0, -1, -2, -9, -99, -999, -9999, -99999, -(2**31), -(2**63), 2**63 - 1)
"""Numbers that people write where a source was not identified."""

Unmatched = str | int | Sequence[str | int] | None
"""Identifiers that mean "not identified", as text ``-1,null`` or one or several."""


def without_unmatched(
    table: pa.Table, name: str, unmatched: Unmatched
) -> tuple[pa.Table, NDArray]:
    """Return the rows that are identified, and which rows are not.

    Parameters
    ----------
    table
        Of detections.
    name
        Its column of identifiers.
    unmatched
        What means "not identified"; None: nothing does.
    """
    if unmatched is None or name not in table.column_names:
        return table, np.zeros(0, int)
    parts = [unmatched] if isinstance(unmatched, (str, int)) else list(unmatched)
    words = [w for part in parts for w in str(part).split(",")]
    bad = stands_for_nothing(table[name], words)
    return table.filter(pa.array(~bad)), np.flatnonzero(bad)


def check_identified(
    ids: NDArray,
    missing: NDArray,
    exposure: NDArray,
    far: NDArray | None,
    name: str,
    where: str | Path,
) -> None:
    """Ask about identifiers that seem to mean "not identified".

    Parameters
    ----------
    ids
        Of each row.
    missing
        Which rows have none.
    exposure
        Row of the exposure of each.
    far
        Whether a row's position is another than that of the first row with its
        identifier; None: no positions are known.
    name, where
        Column and file, for messages.

    Raises
    ------
    CatalogueError
        Rows have no identifier, or one that stands for several stars.
    """
    n = len(ids)
    if missing.any():
        raise _question(
            f"{name} is missing in {int(missing.sum())} of {n} rows",
            "an identifier in every row",
            f"{where}, rows {some(np.flatnonzero(missing))} (counted from 0)",
            "null",
        )
    values, count = np.unique(ids, return_counts=True)
    for value in values[np.isin(values, SUSPECTS) & (count > 1)]:
        rows = np.flatnonzero(ids == value)
        reason = _reason(int(value), rows, ids, exposure, far)
        if reason:
            raise _question(
                f"{name} {value} stands in {len(rows)} of {n} rows, {reason}",
                "an identifier that is one star's",
                f"{where}, column {name}, rows {some(rows)} (counted from 0)",
                str(value),
            )


def _question(given: str, wanted: str, where: str, value: str) -> CatalogueError:
    return CatalogueError(
        explain(
            given=given,
            wanted=wanted,
            where=where,
            todo="if that means detections that are not identified, leave them out: "
            f"--unmatched {value}; if it is one star, "
            "give it a number of its own",
        )
    )


def _reason(
    value: int, rows: NDArray, ids: NDArray, exposure: NDArray, far: NDArray | None
) -> str:
    # Why this is no star; empty: it may be one.
    if far is not None:
        return "at several positions" if far[rows].any() else ""
    most = np.bincount(exposure[rows]).max()
    pairs = np.stack([exposure, ids], axis=1)
    usual = len(ids) - len(rows) > 1.5 * len(np.unique(pairs[ids != value], axis=0))
    if most > 1 and not usual:
        return f"up to {most} of them on one exposure"
    others = np.unique(ids[ids != value])
    if value == 0:
        counted = len(others) > 0 and others.min() > 0 and others.max() < 10 * len(ids)
        return "" if counted else "among identifiers of another kind"
    if value < 0:
        alone = not np.any((others < 0) & ~np.isin(others, SUSPECTS))
        return "the only one below 0" if alone else ""
    return "the greatest number that there is"


def warn_of_row_numbers(
    ids: NDArray, exposure: NDArray, name: str, where: str | Path
) -> None:
    """Say so where identifiers count the rows of each exposure.

    Parameters
    ----------
    ids, exposure
        Of each row.
    name, where
        Column and file, for messages.
    """
    n = int(exposure.max()) + 1
    count = np.bincount(exposure, minlength=n)
    if n < 2 or len(set(count.tolist())) < 2:
        return  # as many stars on all: they may be the same ones
    order = np.argsort(exposure, kind="stable")
    start = np.cumsum(count) - count
    place = np.arange(len(ids)) - np.repeat(start, count)
    off = ids[order] - place
    if off[0] not in (0, 1) or (off != off[0]).any():
        return
    warn(
        f"{where}: {name} counts the rows of each exposure, {off[0]}, {off[0] + 1}, "
        f"... up to {count.min()} to {count.max()}: is one number one star on all of "
        "them? Else match the detections first",
        ReseauWarning,
    )


__all__ = [
    "SUSPECTS",
    "Unmatched",
    "check_identified",
    "warn_of_row_numbers",
    "without_unmatched",
]
