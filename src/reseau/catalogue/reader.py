"""Catalogues in files: the reader and writer behind `Catalogue.read` and `.write`."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.table import QTable, Table

from reseau.errors import (
    CatalogueError,
    FileFormatError,
    collected,
    explain,
    some,
    warn,
)
from reseau.synonyms import certain_names, plain
from reseau.tables import is_path, place_of, table_file, table_from, validate
from reseau.tables.astropy_tables import to_astropy
from reseau.tables.columns import TableSchema
from reseau.tables.files import require_file, table_format
from reseau.tables.header_keywords import SYSTEMS, keywords_of
from reseau.tables.interpret import interpreted, with_integers
from reseau.tables.layouts import CATALOGUE
from reseau.tables.naming.column_names import Choices, as_choices
from reseau.tables.naming.spelling import own_spellings

_CALLED = {
    "fits": "fits",
    "votable": "votable",
    "parquet": "parquet",
    "ecsv": "ecsv",
    "csv": "csv",
    "basic": "csv",
    "tab": "csv",
    "rdb": "csv",
    "commented_header": "csv",
    "ipac": "ipac",
    "sextractor": "sextractor",
    "daophot": "daophot",
    "mrt": "mrt",
    "cds": "mrt",
}
"""Formats as astropy calls them, without `ascii.` before."""


def read_columns(
    source: Any, *, columns: Choices = None, kind: str | None = None
) -> QTable:
    """Read a table with Gaia's column names, or with names of other surveys.

    Parameters
    ----------
    source
        Parquet, FITS, ECSV, VOTable, CSV or IPAC; directory of a catalogue that
        `combine` wrote; or a table in memory.
    columns
        Names and units, as text ``ra=RA_ICRS[deg],ref_epoch=2016.0`` or a dictionary.
    kind
        The format that the file has to have, as astropy calls it; None: any.

    Raises
    ------
    CatalogueError, UnitError, FileFormatError
        The table is not what a catalogue should be.
    """
    source = _inside(source)
    where = place_of(source, "the catalogue")
    if kind is not None and is_path(source):
        _check_kind(kind, source)
    raw = table_from(source, what="the catalogue")
    table = validate(_interpreted(raw, columns, where), CATALOGUE, where=where)
    return QTable(to_astropy(table.replace_schema_metadata(raw.schema.metadata)))


IN_DIRECTORY = "catalogue.parquet"
"""Table of the sources in the directory of a catalogue of many plates."""


def _inside(source: Any) -> Any:
    """Return the table of a catalogue's directory, where such a directory is given."""
    if not is_path(source):
        return source
    table = Path(source) / IN_DIRECTORY
    return table if table.is_file() else source


def _check_kind(kind: str, path: str | Path) -> None:
    wanted = _CALLED.get(kind.lower().removeprefix("ascii.").split(".")[0])
    found = table_format(require_file(table_file(path)))
    if wanted == found:
        return
    raise FileFormatError(
        explain(
            given=f"format={kind!r}, and by its content the file is {found}",
            wanted=f"no format, or one of {some(sorted(_CALLED), len(_CALLED))}",
            where=str(path),
            todo="leave the format away: it is recognised",
        )
    )


def has_our_names(table: Table) -> bool:
    """Return whether nothing in a table in memory has to be read as something else.

    Parameters
    ----------
    table
        With ra, dec and ref_epoch.
    """
    names = CATALOGUE.names
    if own_spellings(table.colnames, {}, names) or certain_names(table.colnames, names):
        return False
    said = keywords_of(table.meta)
    if "EPOCH" in said or any(plain(key) in SYSTEMS for key in said):
        return False
    ids = table["source_id"] if "source_id" in table.colnames else np.zeros(1, int)
    return np.asarray(getattr(ids, "unmasked", ids)).dtype.kind == "i"


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
    with collected() as said:
        table = _interpreted(raw, None, name)
    if not needed <= set(table.column_names):
        return None  # who needs them, names them
    for warning in said:
        warn(warning)
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


__all__ = [
    "has_our_names",
    "read_columns",
    "table_of_catalogue",
]
