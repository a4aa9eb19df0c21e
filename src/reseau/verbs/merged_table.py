"""Tables that `merge` wrote: known by their columns and header, read for figures."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from reseau.reports.merged_figures import BANDS, DrawableMerged
from reseau.tables import read_table

_NEEDED = frozenset({"position_source", "n_surveys", "flags", "phot_hw_mag"})


def is_merged(path: Path) -> bool:
    """Return whether a table is one that `merge` wrote.

    Parameters
    ----------
    path
        A file.
    """
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return False
    schema = pq.read_schema(path)
    return set(schema.names) >= _NEEDED and b"reseau" in (schema.metadata or {})


def drawable_merged(path: Path) -> DrawableMerged:
    """Return a merged table as its figures need it.

    Parameters
    ----------
    path
        Its file.
    """
    table = read_table(path)
    errors = [f"{name}_error" for name in BANDS.values()]
    names = ["l", "b", *BANDS.values(), *errors]
    return DrawableMerged(
        {name: np.asarray(table[name].to_numpy(), float) for name in names}
    )


__all__ = ["drawable_merged", "is_merged"]
