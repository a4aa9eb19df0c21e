"""One identifier at several places of one exposure: it is no one star."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain, some

APART = 0.01
"""Detections of one star on one exposure are nearer than this [extent of the table]."""

FEW = 0.25
"""Share of the identifiers up to which it is these that are wrong."""


def check_one_place_each(
    table: pa.Table,
    ids: NDArray,
    texts: Mapping[int, str],
    exposure: NDArray,
    name: str,
    where: str | Path,
) -> None:
    """Ask about identifiers that stand at several places of one exposure.

    Parameters
    ----------
    table
        Of detections, with x and y.
    ids
        Of each row.
    texts
        What they stand for, where they were text.
    exposure
        Row of the exposure of each.
    name, where
        Column and file, for messages.

    Raises
    ------
    CatalogueError
        There are such identifiers.
    """
    bad = _elsewhere(table, ids, exposure)
    if not bad.any():
        return
    wrong, all_ids = np.unique(ids[bad]), np.unique(ids)
    shown = [texts.get(int(i), str(i)) for i in wrong]
    rows = np.flatnonzero(np.isin(ids, wrong))
    if len(wrong) <= max(1, FEW * len(all_ids)):
        plural = "s" if len(wrong) > 1 else ""
        given = (
            f"{name} {some(shown)} stand{'' if plural else 's'} more than once on one "
            f"exposure, at different places"
        )
        todo = (
            f"if that means detections that are not identified, leave them out: "
            f"--unmatched {','.join(shown[:5])}; if these are several stars, give each "
            "an identifier of its own"
        )
    elif len(np.unique(exposure)) == 1:
        given = (
            f"{len(wrong)} of {len(all_ids)} sources stand more than once on the only "
            "exposure, at different places"
        )
        todo = (
            "say which column tells the exposures apart: --columns exposure_id=NAME "
            "(add one if there is none)"
        )
    else:
        given = (
            f"{len(wrong)} of {len(all_ids)} sources stand more than once on one "
            "exposure, at different places"
        )
        todo = (
            f"check that {name} names stars and does not count rows, and that "
            "exposure_id tells all exposures apart"
        )
    raise CatalogueError(
        explain(
            given=given,
            wanted="one place of a star on an exposure",
            where=f"{where}, column {name}, rows {some(rows)} (counted from 0)",
            todo=todo,
        )
    )


def _elsewhere(table: pa.Table, ids: NDArray, exposure: NDArray) -> NDArray:
    """Return which rows are far from the first of their source on their exposure."""
    nothing = np.zeros(len(ids), bool)
    kinds = [table[n].type for n in ("x", "y")]
    if not all(pa.types.is_floating(k) or pa.types.is_integer(k) for k in kinds):
        return nothing  # `validate` says so
    x, y = (table[n].cast(pa.float64()).to_numpy() for n in ("x", "y"))
    keys = [exposure, ids]
    if "detector_id" in table.column_names:
        column = table["detector_id"].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        keys.append(np.asarray(column.indices.fill_null(-1)))
    order = np.lexsort(keys)
    ordered = np.stack([k[order] for k in keys])
    new = np.ones(len(ids), bool)
    new[1:] = np.any(ordered[:, 1:] != ordered[:, :-1], axis=0)
    if new.all():
        return nothing
    first = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    extent = max(np.nanmax(v) - np.nanmin(v) for v in (x, y))
    far = np.maximum(np.abs(x[order] - x[first]), np.abs(y[order] - y[first]))
    nothing[order] = far > APART * extent
    return nothing


__all__ = ["check_one_place_each"]
