"""Maps that were measured, as files that `read_extinction_map` reads again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from reseau.tables.columns import Column, TableSchema
from reseau.tables.files import write_parquet
from reseau.tables.validation import field_of

from .giant_field import MeasuredReddening

FORMAT = "reseau-reddening/1"
"""What the header of such a file says that it is."""

HEADER = b"reseau"
"""Key of what the file says of itself, as JSON."""


def _number(name: str, unit: str, description: str, ucd: str) -> Column:
    return Column(name, "float64", unit, description, ucd, nullable=True)


REDDENING = TableSchema(
    "map of the reddening",
    (
        _number("l", "deg", "Galactic longitude of the middle", "pos.galactic.lon"),
        _number("b", "deg", "Galactic latitude of the middle", "pos.galactic.lat"),
        _number("ejks", "mag", "E(J-Ks) at the red clump, VVV", "phot.color.excess"),
        _number("ejks_error", "mag", "1σ of ejks, one in a block", "stat.error"),
        _number("scatter", "mag", "1σ of stars inside a cell", "stat.stdev"),
        Column("block", "int64", "", "cells measured together; -1: none", "meta.id"),
        Column("stars", "int64", "", "giants used in the block", "meta.number"),
        Column("bounded", "bool", "", "stars say how great it is at most", "meta.code"),
    ),
)
"""Cells of a grid, those without a value among them."""


def reddening_table(found: MeasuredReddening) -> pa.Table:
    """Return a measured map as a table, a row for each cell of its grid.

    Parameters
    ----------
    found
        The map. A grid of one cell in a direction has a second one without a value, so
        that the table says how large cells are.

    Returns
    -------
    Longitude outside, latitude inside, both rising. Cells without a value have no
    `ejks`, nor anything else that is measured.
    """
    shape = found.map.excess.shape
    whole = tuple(max(n, 2) for n in shape)
    indices = np.indices(whole)
    known = np.zeros(whole, bool)
    known[: shape[0], : shape[1]] = found.block >= 0

    def of_cells(values: np.ndarray, otherwise: Any) -> np.ndarray:
        filled = np.full(whole, otherwise, values.dtype)
        filled[: shape[0], : shape[1]] = values
        return np.where(known, filled, otherwise).ravel()

    middles = [
        first + step * (index.ravel() + 0.5)
        for first, step, index in zip(
            found.map.first, found.map.step, indices, strict=True
        )
    ]
    columns = {
        "l": middles[0] % 360.0,
        "b": middles[1],
        "ejks": of_cells(found.map.excess, np.nan),
        "ejks_error": of_cells(found.error, np.nan),
        "scatter": of_cells(found.map.scatter, np.nan),
        "block": of_cells(found.block.astype(np.int64), -1),
        "stars": of_cells(found.stars.astype(np.int64), 0),
        "bounded": of_cells(found.bounded, False),
    }
    fields = [field_of(column) for column in REDDENING.columns]
    arrays = [pa.array(columns[f.name], f.type, from_pandas=True) for f in fields]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_reddening(
    found: MeasuredReddening, path: Path, provenance: Mapping[str, Any]
) -> None:
    """Write a measured map as Parquet; use it inside `new_file`.

    Parameters
    ----------
    found
        The map.
    path
        Where to.
    provenance
        What it was made of, for the file's header.
    """
    told = {"format": FORMAT, **provenance}
    text = json.dumps(told, sort_keys=True, allow_nan=False)
    table = reddening_table(found).replace_schema_metadata({HEADER.decode(): text})
    write_parquet(table, path)


def read_provenance(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any] | None:
    """Return what a measured map's file says of itself; None: it is none.

    Parameters
    ----------
    metadata
        Of the Parquet file's schema.
    """
    try:
        told = json.loads((metadata or {})[HEADER])
    except (KeyError, ValueError):
        return None
    known = isinstance(told, dict) and told.get("format") == FORMAT
    return told if known else None


__all__ = [
    "FORMAT",
    "REDDENING",
    "read_provenance",
    "reddening_table",
    "write_reddening",
]
