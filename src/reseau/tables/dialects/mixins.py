"""Columns of astropy that are no numbers, as ECSV and Parquet keep them in pieces.

A header says which plain columns are pieces of coordinates, times and quantities.
Times become one column, coordinates two; what else there is stays in its pieces.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from astropy.table import Table
from astropy.table.serialize import SerializedColumn, _construct_mixins_from_columns

from reseau.tables.astropy_tables import from_astropy, to_astropy

from .refusals import reason_of

_KEY = "__serialized_columns__"


def apart(table: pa.Table, meta: object, path: Path, notes: list[str]) -> pa.Table:
    """Replace the pieces of coordinates and times by columns of numbers.

    Parameters
    ----------
    table
        As the file holds it.
    meta
        The header's, which says what is a piece of what.
    path
        For messages.
    notes
        What a user should know is added here.
    """
    spec = meta.get(_KEY) if isinstance(meta, Mapping) else None
    spec = spec if isinstance(spec, Mapping) else {}
    kinds = [_kind(about) for about in spec.values()]
    for name, about in spec.items():
        pieces = [p for p in _pieces(about) if table.column_names.count(p) == 1]
        if not pieces or not isinstance(about, Mapping):
            continue
        kind = _kind(about)
        if kind in ("SkyCoord", "Time"):
            alone = kinds.count(kind) == 1
            table = _joined(table, str(name), about, pieces, alone, path, notes)
        elif len(pieces) == 2:  # values and their mask, of whatever class
            table = _masked(table, pieces)
    return table


def _kind(about: object) -> str:
    name = about.get("__class__", "") if isinstance(about, Mapping) else ""
    return str(name).rpartition(".")[2]


def _pieces(about: object) -> Iterator[str]:
    if not isinstance(about, Mapping):
        return
    if isinstance(about, SerializedColumn) and isinstance(about.get("name"), str):
        yield about["name"]
    for value in about.values():
        yield from _pieces(value)


def _joined(
    table: pa.Table,
    name: str,
    about: Mapping[str, Any],
    pieces: list[str],
    alone: bool,
    path: Path,
    notes: list[str],
) -> pa.Table:
    rest = table.drop_columns(pieces)
    parts = to_astropy(table.select(pieces))
    parts.meta = {_KEY: {name: about}}
    try:
        whole = _construct_mixins_from_columns(parts)
        found = from_astropy(Table(whole[[name]]), where=path, notes=notes)
        is_coordinate = len(found.column_names) > 1
        taken = set(found.column_names) & {n.lower() for n in rest.column_names}
        if is_coordinate and (taken or not alone):
            names = [n.removeprefix(f"{name}_") for n in found.column_names]
            found = found.rename_columns([f"{name}_{n}" for n in names])
    # Astropy raises many kinds over pieces that do not fit together.
    except Exception as error:  # noqa: BLE001
        notes.append(f"is read without {name}: {reason_of(error)}")
        return rest
    at = min(table.column_names.index(p) for p in pieces)
    at = sum(n not in pieces for n in table.column_names[:at])
    for i, field in enumerate(found.schema):
        rest = rest.add_column(at + i, field, found[field.name])
    return rest


def _masked(table: pa.Table, pieces: list[str]) -> pa.Table:
    values, mask = sorted(pieces, key=len)
    if mask != f"{values}.mask" or not pa.types.is_boolean(table[mask].type):
        return table
    i = table.column_names.index(values)
    kept = pc.if_else(pc.fill_null(table[mask], False), None, table[values])
    return table.set_column(i, table.schema.field(i), kept).drop_columns([mask])


__all__ = ["apart"]
