"""Catalogues in files: the reader and writer behind `Catalogue.read` and `.write`."""

import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
from astropy.table import QTable

from reseau.catalogue import Catalogue, registry
from reseau.errors import CatalogueError, FileFormatError, explain
from reseau.io.astropy_tables import from_astropy, to_astropy
from reseau.io.atomic import new_file
from reseau.io.choices import Choices, as_choices
from reseau.io.interpret import interpreted, with_integers
from reseau.io.memory import place_of, table_from
from reseau.io.tables import write_parquet
from reseau.io.validate import field_of, validate
from reseau.schema import CATALOGUE, REFERENCE, TableSchema

_WRITERS = {
    ".fits": "fits",
    ".ecsv": "ascii.ecsv",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".csv": "ascii.csv",
}


def read_catalogue(source: Any, *, columns: Choices = None) -> Catalogue:
    """Read a catalogue with Gaia's column names, or with names of other surveys.

    Parameters
    ----------
    source
        Parquet, FITS, ECSV, VOTable, CSV or IPAC; or a table in memory.
    columns
        Names and units, as text ``ra=RA_ICRS[deg],ref_epoch=2016.0`` or a dictionary.

    Raises
    ------
    CatalogueError, UnitError, FileFormatError
        The table is not what a catalogue should be.
    """
    where = place_of(source, "the catalogue")
    raw = table_from(source, what="the catalogue")
    table = validate(_interpreted(raw, columns, where), CATALOGUE, where=where)
    table = table.replace_schema_metadata(raw.schema.metadata)
    return Catalogue(QTable(to_astropy(table)), name=where)


def table_of_catalogue(source: Any, name: str) -> QTable | None:
    """Return a table in memory with our columns, as one in a file would be read.

    Parameters
    ----------
    source
        A table in memory.
    name
        What it is called in messages.

    Returns
    -------
    None where a column is missing that no star can be moved without.
    """
    raw = table_from(source, what="the catalogue")
    needed = {n for n in CATALOGUE.required if n != "source_id"}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = _interpreted(raw, None, name)
    if not needed <= set(table.column_names):
        return None  # who needs them, names them
    for warning in said:
        warnings.warn(warning.message, stacklevel=4)
    schema = CATALOGUE
    if "source_id" not in table.column_names:
        kept = tuple(c for c in CATALOGUE.columns if c.name != "source_id")
        schema = TableSchema(CATALOGUE.name, kept)
    table = validate(table, schema, where=name)
    table = table.replace_schema_metadata(raw.schema.metadata)
    return QTable(to_astropy(table))


def _interpreted(raw: pa.Table, columns: Choices, where: str) -> pa.Table:
    if {"epoch", "n_measurements"} <= set(raw.column_names) - {"ref_epoch"}:
        raise _is_solution(where)
    table = interpreted(
        raw,
        where,
        choices=as_choices(columns, CATALOGUE.names, "columns="),
        known=CATALOGUE.names,
        option="columns=",
        by_synonyms=True,
    )
    table, texts = with_integers(table, "source_id", where)
    if texts and NAME not in table.column_names:
        ids = table["source_id"].to_pylist()
        table = table.append_column(NAME, pa.array([texts.get(i) for i in ids]))
    return table


NAME = "source_name"
"""Column of the texts that identifiers were, where they were text."""


def _is_solution(path: str | Path) -> CatalogueError:
    return CatalogueError(
        explain(
            given="a table of a solution's sources: ra and dec at its epoch, as seen "
            "by its observer, parallax included",
            wanted="a catalogue: barycentric ra and dec at ref_epoch",
            where=str(path),
            todo="read it as a table; to rename epoch would take the observer's place "
            "for the barycentre's",
        )
    )


def catalogue_from_table(table: pa.Table, *, name: str = "catalogue") -> Catalogue:
    """Return the catalogue that a validated Arrow table holds."""
    return Catalogue(QTable(to_astropy(table)), name=name)


def reference_from_catalogue(
    catalogue: Catalogue, *, schema: TableSchema = REFERENCE
) -> pa.Table:
    """Return the validated Arrow table of a catalogue.

    Parameters
    ----------
    catalogue
        Any, with units or in the schema's.
    schema
        What the table should be.
    """
    table = from_astropy(catalogue.table, where=catalogue.name)
    return validate(table, schema, where=catalogue.name)


def write_catalogue(
    catalogue: Catalogue, path: str | Path, *, overwrite: bool = False
) -> None:
    """Write a catalogue in the format that the suffix names.

    Parameters
    ----------
    catalogue
        Any.
    path
        Ending in .parquet, .fits, .ecsv, .vot, .xml or .csv.
    overwrite
        Whether a file of that name may be replaced.

    Notes
    -----
    How the stars were moved, ``table.meta["at_epoch"]``, stays with Parquet and ECSV;
    the other formats have no place for it.
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
    table = _with_descriptions(from_astropy(catalogue.table, where=catalogue.name))
    with new_file(path, overwrite=overwrite) as temporary:
        if suffix == ".parquet":
            write_parquet(table, temporary)
        else:
            # The temporary file exists already, so that its name is taken.
            found = to_astropy(table)
            if suffix != ".ecsv":
                found.meta.clear()
            found.write(temporary, format=_WRITERS[suffix], overwrite=True)


def _with_descriptions(table: pa.Table) -> pa.Table:
    fields = []
    for field in table.schema:
        own = field.metadata or {}
        known = field_of(CATALOGUE[field.name]) if field.name in CATALOGUE else field
        fields.append(field.with_metadata({**(known.metadata or {}), **own}))
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


registry.register_reader("reseau", Catalogue, read_catalogue)
registry.register_writer("reseau", Catalogue, write_catalogue)

__all__ = [
    "catalogue_from_table",
    "read_catalogue",
    "reference_from_catalogue",
    "table_of_catalogue",
    "write_catalogue",
]
