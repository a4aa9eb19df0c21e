"""Columns of stars, read from a table in any file or in memory, units checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.errors import CatalogueError, explain
from reseau.tables import is_path, table_file, table_from
from reseau.tables.dialects.parquet import damage_of_parquet, with_header
from reseau.tables.files import require_file
from reseau.tables.validation import in_unit, unit_of_field

SERIALIZED = b"__serialized_columns__"
"""What the header of astropy has where columns of a file are parts of others."""


def table_of_stars(source: object) -> pa.Table:
    """Return a table, of a Parquet file only places and magnitudes of J, H and Ks.

    Parameters
    ----------
    source
        A path, or a table in memory.

    Raises
    ------
    FileFormatError
        The file is absent or damaged.
    """
    if is_path(source) and Path(str(source)).suffix.lower() == ".parquet":
        found = _of_parquet(require_file(table_file(Path(str(source)))))
        if found is not None:
            return found
    return table_from(source, what="the catalogue")


def _of_parquet(path: Path) -> pa.Table | None:
    """Return columns of a file; None: it has to be read as a whole."""
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return None
    with (
        damage_of_parquet(path),
        pq.ParquetFile(path, page_checksum_verification=True) as opened,
    ):
        schema = opened.schema_arrow
        names = _wanted(schema.names)
        header = (schema.metadata or {}).get(b"table_meta_yaml", b"")
        unique = len(set(schema.names)) == len(schema.names)
        if not names or not unique or SERIALIZED in header:
            return None
        table = opened.read(names)
    return with_header(table, path, [])


def by_small_letters(names: Sequence[str]) -> dict[str, str]:
    """Return names by small letters; of names alike the first counts."""
    return {name.lower(): name for name in reversed(names)}


def _wanted(names: Sequence[str]) -> list[str]:
    """Return the columns that may be needed, of any band."""
    present = by_small_letters(names)
    bands = (name_of(band, present) for band in ("J", "H", "Ks"))
    found = [*place_names(present)]
    for name in bands:
        if name is not None:
            found += [name, *(e for e in error_names(name) if e in present)]
    return [present[name] for name in found]


def place_names(present: Mapping[str, str]) -> tuple[str, ...]:
    """Return the two columns of the place, in small letters; none: there are none.

    Parameters
    ----------
    present
        Names by small letters.
    """
    pairs = (("l", "b"), ("ra", "dec"))
    return next((pair for pair in pairs if set(pair) <= set(present)), ())


def name_of(band: str, present: Mapping[str, str]) -> str | None:
    """Return the column of a band in small letters; None: there is none.

    Parameters
    ----------
    band
        J, H or Ks.
    present
        Names by small letters.
    """
    low = band.lower()
    for name in (low, f"phot_{low}_mag", f"{low}mag", f"{low}_mag"):
        if name in present:
            return name
    return None


def error_names(name: str) -> tuple[str, ...]:
    """Return names that the errors of a column may have, all in small letters."""
    return f"{name}_error", f"e_{name}", f"{name}_err", f"{name}err"


def numbers_of(table: pa.Table, name: str, unit: str, where: str) -> np.ndarray:
    """Return a column as numbers, in a unit; missing values are NaN.

    Parameters
    ----------
    table
        With the column.
    name, where
        Of the column and the table.
    unit
        In which numbers are wanted; a column that tells none is taken for it.

    Raises
    ------
    UnitError
        The column's unit does not convert.
    CatalogueError
        It holds no numbers.
    """
    field, values = table.schema.field(name), table[name]
    if not (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
        raise CatalogueError(
            explain(
                given=f"column {name} of the type {field.type}",
                wanted=f"numbers in {unit}",
                where=f"{where}, column {name}",
                todo="convert the column to numbers, missing ones empty",
            )
        )
    own = unit_of_field(field)
    values = values.cast(pa.float64(), safe=False)
    if own:
        values = in_unit(values, name, own, unit, where)
    return np.asarray(values.to_numpy(), float)


__all__ = [
    "by_small_letters",
    "error_names",
    "name_of",
    "numbers_of",
    "place_names",
    "table_of_stars",
]
