"""Catalogues to files: the writer behind `Catalogue.write`, and what formats lack."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.table import QTable, Table
from astropy.table.meta import get_yaml_from_table
from astropy.time import Time

from reseau.errors import (
    CatalogueError,
    FileFormatError,
    TableWarning,
    explain,
    some,
    warn,
)
from reseau.tables import new_file
from reseau.tables.astropy_tables import from_astropy, to_astropy
from reseau.tables.files import write_parquet
from reseau.tables.layouts import CATALOGUE
from reseau.tables.validation import field_of, in_unit, unit_of_field

_WRITERS = {
    ".fits": "fits",
    ".ecsv": "ascii.ecsv",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".csv": "ascii.csv",
}


def write_columns(
    columns: QTable, path: str | Path, *, name: str, overwrite: bool = False
) -> None:
    """Write the table of a catalogue in the format that the suffix names.

    Parameters
    ----------
    columns
        Of the catalogue.
    path
        Ending in .parquet, .fits, .ecsv, .vot, .xml or .csv.
    name
        What the catalogue is called in messages.
    overwrite
        Whether a file of that name may be replaced.

    Notes
    -----
    ``table.meta``, and in it how the stars were moved, ``at_epoch``, stays with Parquet
    and ECSV; a FITS header takes short texts and numbers, the other formats nothing. In
    CSV numbers are in the units of the schema. What a format cannot hold is told.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".parquet", *_WRITERS):
        raise FileFormatError(
            explain(
                given=f"the suffix {suffix!r} names no format that can be written",
                wanted=f"one of .parquet, {', '.join(_WRITERS)}",
                where=str(path),
                todo="give the file another name",
            )
        )
    table = _writable(columns, name, suffix)
    meta = _plain_meta(columns.meta, path)
    with new_file(path, overwrite=overwrite) as temporary:
        if suffix == ".parquet":
            write_parquet(table, temporary, meta=meta)
            return
        found = to_astropy(table)
        found.meta.clear()
        if suffix == ".ecsv":
            found.meta.update(meta)
        elif suffix == ".fits":
            found.meta.update(_header_of(meta, path))
        _write(found, temporary, _WRITERS[suffix], path)


def _writable(columns: QTable, where: str, suffix: str) -> pa.Table:
    """Return the columns as files of a kind can hold them, and say what changes."""
    times = [
        n for n in columns.colnames if isinstance(columns[n], Time) and n != "ref_epoch"
    ]
    if times:
        _tell(f"times in {some(times)} are written as Julian years of TCB", where)
    table = _with_descriptions(from_astropy(columns, where=where))
    if suffix == ".parquet":
        return table
    table = _in_known_types(table, where)
    if suffix == ".fits":
        _tell_of_missing_truths(table, where)
    return _in_schema_units(table, where) if suffix == ".csv" else table


def _in_known_types(table: pa.Table, where: str) -> pa.Table:
    """Return a table without types and units that only Parquet can hold."""
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_temporal(field.type):
            text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S")
            table = table.set_column(i, field.with_type(text.type), text)
        elif field.type == pa.uint64() and (pc.max(column).as_py() or 0) < 2**63:
            whole = column.cast(pa.int64())
            table = table.set_column(i, field.with_type(whole.type), whole)
        elif field.name in CATALOGUE and not _is_of_fits(unit_of_field(field)):
            table = _in_schema_unit(table, i, where)
    return table


def _tell_of_missing_truths(table: pa.Table, where: str) -> None:
    """Say that FITS holds no missing truth values, where there are any."""
    lacking = [
        f.name
        for f in table.schema
        if pa.types.is_boolean(f.type) and table[f.name].null_count
    ]
    if lacking:
        _tell(
            f"missing values of {some(lacking)} are written as false: FITS, as "
            "astropy writes it, lacks no truth values; Parquet and ECSV do",
            where,
        )


def _in_schema_units(table: pa.Table, where: str) -> pa.Table:
    # CSV has no place for units: numbers are in those that it is read with.
    lost = []
    for i, field in enumerate(table.schema):
        own = unit_of_field(field)
        if field.name in CATALOGUE and pa.types.is_floating(field.type):
            table = _in_schema_unit(table, i, where)
        elif own:
            lost.append(f"{field.name} [{own}]")
    if lost:
        _tell(f"CSV keeps no units: those of {some(lost)} are lost", where)
    return table


def _in_schema_unit(table: pa.Table, number: int, where: str) -> pa.Table:
    field = table.schema.field(number)
    wanted = CATALOGUE[field.name].unit
    given = unit_of_field(field) or wanted
    values = in_unit(table.column(number), field.name, given, wanted, where)
    return table.set_column(number, field_of(CATALOGUE[field.name]), values)


def _is_of_fits(unit: str) -> bool:
    # An hour of right ascension, for one, is not.
    try:
        u.Unit(unit).to_string("fits")
    except (ValueError, TypeError):
        return False
    return True


def _plain_meta(meta: Mapping[str, Any], path: str | Path) -> dict[str, Any]:
    # What YAML can hold; the rest is left out with a word.
    kept, lost = {}, []
    for key, value in meta.items():
        try:
            get_yaml_from_table(Table(meta={key: value}))
        # The writer of YAML raises many kinds.
        except Exception:  # noqa: BLE001
            lost.append(str(key))
        else:
            kept[str(key)] = value
    if lost:
        _tell(f"meta {some(lost)} is left out: it is no text, number or list", path)
    return kept


def _header_of(meta: Mapping[str, Any], path: str | Path) -> dict[str, Any]:
    # What a FITS header can hold.
    kept = {}
    for key, value in meta.items():
        is_text = isinstance(value, str) and value.isascii() and value.isprintable()
        if isinstance(value, (bool, int, float, np.integer)) or (
            is_text and len(value) < 60
        ):
            kept[key] = value
    lost = [k for k in meta if k not in kept and not _is_whole(k, meta[k])]
    if lost:
        _tell(f"meta {some(lost)} is left out: a FITS header has no place for it", path)
    return kept


def _is_whole(key: str, value: object) -> bool:
    # A catalogue that was moved and lacks nothing can be moved on without its history.
    missing = value.get("missing") if isinstance(value, Mapping) else None
    return key == "at_epoch" and not (
        isinstance(missing, Mapping) and any(missing.values())
    )


def _write(table: Table, temporary: Path, form: str, path: str | Path) -> None:
    # The temporary file exists already, so that its name is taken.
    try:
        table.write(temporary, format=form, overwrite=True)
    except (TypeError, ValueError) as error:
        culprit = _culprit(table, form, error)
        raise CatalogueError(
            explain(
                given=f"a column that {form} cannot hold: {culprit}",
                wanted="numbers, truth values and text of the format (ASCII in FITS)",
                where=str(path),
                todo="write .parquet or .ecsv, or leave the column away",
            )
        ) from error


def _culprit(table: Table, form: str, error: Exception) -> str:
    for name in table.colnames:
        try:
            table[[name]][:1000].write(BytesIO(), format=form)
        except (TypeError, ValueError) as own:
            return f"{name} ({own})"
    return str(error)


def _tell(what: str, where: str | Path) -> None:
    warn(f"{where}: {what}", TableWarning)


def _with_descriptions(table: pa.Table) -> pa.Table:
    fields = []
    for field in table.schema:
        own = field.metadata or {}
        known = field_of(CATALOGUE[field.name]) if field.name in CATALOGUE else field
        fields.append(field.with_metadata({**(known.metadata or {}), **own}))
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


__all__ = ["write_columns"]
