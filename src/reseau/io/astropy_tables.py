"""Between astropy's tables and Arrow's, with units, descriptions, UCDs and masks."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.table import MaskedColumn, Table
from astropy.time import Time
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain

_HISTORY = ("at_epoch",)
"""Keys of a table's `meta` that say how it was made, and stay with it."""


def from_astropy(table: Table, *, where: str | Path) -> pa.Table:
    """Convert an astropy table to Arrow, with units in the fields' metadata.

    Parameters
    ----------
    table
        Times become Julian years of TCB; masked values become null.
    where
        For messages.

    Raises
    ------
    CatalogueError
        A column is of a kind that tables in files do not have.
    """
    arrays, fields = [], []
    for name in table.colnames:
        array = _arrow_array(table[name], name, where)
        unit = "yr" if isinstance(table[name], Time) else table[name].info.unit
        info = table[name].info
        metadata = field_metadata(unit, info.description, info.meta or {})
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=metadata))
    history = {k: json.dumps(table.meta[k]) for k in _HISTORY if k in table.meta}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=history))


def _arrow_array(column: Any, name: str, where: str | Path) -> pa.Array:
    if isinstance(column, Time):
        return pa.array(column.tcb.jyear)
    values = getattr(column, "value", column)
    # Masked columns and masked quantities are unrelated classes, both with a mask.
    mask = getattr(values, "mask", None)
    values = np.asarray(getattr(values, "unmasked", values))
    if values.dtype.names or values.dtype.kind not in "biufUSO":
        raise CatalogueError(
            explain(
                given=f"column {name} holds {type(column).__name__} values",
                wanted="numbers, truth values or text",
                where=f"{where}, column {name}",
                todo="store its components as columns of their own",
            )
        )
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.ndim > 1:
        return pa.array(values.reshape(len(values), -1).tolist())
    if values.dtype.kind in "US":
        values = values.astype(object)
    return pa.array(values, mask=mask)


def field_metadata(
    unit: object, description: str | None, meta: Mapping[str, object]
) -> dict[str, str]:
    """Return the metadata of an Arrow field, without what is not known.

    Parameters
    ----------
    unit
        Anything that prints as the unit; None: not known.
    description
        One line.
    meta
        A dictionary that may hold the `ucd`.
    """
    filled = {
        "unit": "" if unit is None else str(unit),
        "description": description or "",
        "ucd": str(meta.get("ucd", "")),
    }
    return {k: v for k, v in filled.items() if v}


def to_astropy(table: pa.Table) -> Table:
    """Convert an Arrow table to astropy, masked where values are null or NaN.

    Parameters
    ----------
    table
        Units, descriptions and UCDs are taken from the fields' metadata.
    """
    result = Table()
    for field in table.schema:
        metadata = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        values, mask = _values_and_mask(table[field.name])
        column = MaskedColumn(
            values,
            mask=mask,
            name=field.name,
            unit=metadata.get("unit"),
            description=metadata.get("description"),
        )
        if "ucd" in metadata:
            column.info.meta = {"ucd": metadata["ucd"]}
        result[field.name] = column if column.mask.any() else column.filled()
    result.meta.update(
        (key.decode(), json.loads(text))
        for key, text in (table.schema.metadata or {}).items()
        if key.decode() in _HISTORY
    )
    return result


def _values_and_mask(values: pa.ChunkedArray) -> tuple[NDArray, NDArray]:
    missing = values.is_null(nan_is_null=True).to_numpy()
    if not missing.any():
        return _as_text(values.to_numpy()), missing
    kind = values.type
    blank: object = np.nan if pa.types.is_floating(kind) else 0
    if pa.types.is_boolean(kind):
        blank = False
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        blank = ""
    return _as_text(values.fill_null(blank).to_numpy()), missing


def _as_text(values: NDArray) -> NDArray:
    is_text = values.dtype.kind == "O" and all(isinstance(v, str) for v in values)
    return values.astype(str) if is_text else values


__all__ = ["field_metadata", "from_astropy", "to_astropy"]
