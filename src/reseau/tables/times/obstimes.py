"""When coordinates hold: the `obstime` of a `SkyCoord` is its `ref_epoch`."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from reseau.errors import CatalogueError, explain
from reseau.tables.astropy_tables import COORDINATES

_KEY = COORDINATES.encode()
ALIKE = 1e-5
"""Epochs of one position nearer than this are the same [yr], five minutes."""


def with_obstime(table: pa.Table, where: str | Path) -> pa.Table:
    """Return the table with the `obstime` of its coordinates as `ref_epoch`.

    Parameters
    ----------
    table
        With our names, and epochs as Julian years.
    where
        For messages.

    Raises
    ------
    CatalogueError
        Column `ref_epoch` says something else.
    """
    if "ra" not in table.column_names:
        return table
    of = (table.schema.field("ra").metadata or {}).get(_KEY)
    names = [
        f.name
        for f in table.schema
        if of is not None
        and (f.metadata or {}).get(_KEY) == of
        and f.name.endswith("_obstime")
    ]
    if not names:
        return table
    [name] = names
    if "ref_epoch" not in table.column_names:
        renamed = ["ref_epoch" if n == name else n for n in table.column_names]
        return table.rename_columns(renamed)
    if pa.types.is_floating(table["ref_epoch"].type):
        given, own = (table[n].to_numpy() for n in ("ref_epoch", name))
        apart = np.abs(given - own) > ALIKE
        if apart.any():
            row = int(np.flatnonzero(apart)[0])
            raise CatalogueError(
                explain(
                    given=f"column ref_epoch says {given[row]:.6f}, and the obstime of "
                    f"the coordinates {own[row]:.6f} (row {row}, counted from 0)",
                    wanted="one epoch of the positions",
                    where=f"{where}, column ref_epoch",
                    todo="correct one of the two, or leave it away",
                )
            )
    return table.drop_columns(name)


__all__ = ["with_obstime"]
