"""Exposures that no column tells apart: the one that seems to do so is named."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain, some
from reseau.tables.layouts import MEASUREMENTS, REFERENCE

_NEVER = {*MEASUREMENTS.names, *REFERENCE.names, "catalog_id"}
"""Columns that are something else."""

FEWEST = 3
"""Sources that must be measured repeatedly before a column of any name is named."""

MOST = 3
"""Values that a column of any name may have, in units of a source's measurements."""


def refuse_mixed_exposures(
    table: pa.Table,
    looks: Mapping[str, str],
    epoch_column: str,
    source_id: NDArray,
    where: str | Path,
) -> None:
    """Refuse to take as one exposure what a column tells apart and the sources show.

    Parameters
    ----------
    table
        Of detections, all of them of one exposure.
    looks
        What columns look like, as of `unused_columns`.
    epoch_column
        Where the epochs came from.
    source_id
        Of each row.
    where
        For messages.

    Raises
    ------
    CatalogueError
        Sources are measured repeatedly, each time with another value of a column.
    """
    ids, row, count = np.unique(source_id, return_inverse=True, return_counts=True)
    repeated = int((count > 1).sum())
    if not repeated:
        return
    for column in _candidates(table, looks):
        encoded = table[column].combine_chunks()
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        if encoded.indices.null_count:
            continue
        value = np.asarray(encoded.indices).astype(np.int64)
        pairs = np.unique(np.stack([row, value], axis=1), axis=0)
        if len(pairs) != len(row):
            continue
        n_values = len(np.unique(value))
        known = column == "epoch" or looks.get(column) in ("exposure_id", "epoch")
        if not known and (repeated < FEWEST or n_values > MOST * count.max()):
            continue
        name = epoch_column if column == "epoch" else column
        # Rows of one exposure have one epoch.
        one = (
            ""
            if column == "epoch"
            else ("; if all rows are of one exposure, --columns exposure_id=1")
        )
        raise CatalogueError(
            explain(
                given=f"{repeated} of {len(ids)} sources are measured "
                f"more than once, each time with another {name}, and no column says "
                "which exposure a row belongs to",
                wanted="a column exposure_id",
                where=f"{where}; found {some(table.column_names, 30)}",
                todo=f"say --columns exposure_id={name}{one}",
            )
        )


def _candidates(table: pa.Table, looks: Mapping[str, str]) -> Collection[str]:
    """Return columns that may tell exposures apart, the likeliest first."""
    names = [c for c, name in looks.items() if name == "exposure_id"]
    names += [c for c, name in looks.items() if name == "epoch"]
    if "epoch" in table.column_names:
        names.append("epoch")
    for field in table.schema:
        simple = (
            pa.types.is_integer(field.type)
            or pa.types.is_string(field.type)
            or pa.types.is_large_string(field.type)
            or pa.types.is_temporal(field.type)
            or pa.types.is_dictionary(field.type)
        )
        other = looks.get(field.name, "exposure_id") == "exposure_id"
        if simple and other and field.name not in _NEVER:
            names.append(field.name)
    return dict.fromkeys(names)


__all__ = ["refuse_mixed_exposures"]
