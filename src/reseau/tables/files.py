"""Read any table an astronomer may have into Arrow; write Parquet.

One reader for every entry. Parquet, FITS, ECSV, VOTable, CSV and other text, IPAC,
SExtractor's and DAOPHOT's catalogues are told apart by their first bytes, so a wrong
suffix does no harm, and so is compression. Integers stay integers of 64 bits in all
of them. Units, descriptions and UCDs travel in the metadata of the Arrow fields.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reseau.errors import (
    ConfigError,
    FileFormatError,
    ShapeError,
    TableWarning,
    explain,
    warn,
)
from reseau.tables.dialects.choice import no_choice, split_table_choice, table_file
from reseau.tables.dialects.content import Content, open_content
from reseau.tables.dialects.daophot import read_daophot
from reseau.tables.dialects.ecsv import read_ecsv
from reseau.tables.dialects.fits import read_fits
from reseau.tables.dialects.ipac import read_ipac
from reseau.tables.dialects.mrt import read_mrt
from reseau.tables.dialects.parquet import read_parquet
from reseau.tables.dialects.recognise import FORMATS, format_of
from reseau.tables.dialects.separated import read_separated
from reseau.tables.dialects.sextractor import read_sextractor
from reseau.tables.dialects.votable import read_votable

from .astropy_tables import header_yaml
from .atomic import new_file
from .columns import TableSchema
from .incomplete import refuse_incomplete
from .validation import ARROW_TYPES, validate

_OF_ONE = {
    "parquet": read_parquet,
    "ecsv": read_ecsv,
    "csv": read_separated,
    "ipac": read_ipac,
    "sextractor": read_sextractor,
    "daophot": read_daophot,
    "mrt": read_mrt,
}
_OF_SEVERAL = {"fits": read_fits, "votable": read_votable}


def read_table(path: str | Path) -> pa.Table:
    """Read a table of any known format.

    Parameters
    ----------
    path
        A file, compressed or not; ``file[TABLE]`` names one of several tables in a
        FITS file or VOTable, by name or number.

    Returns
    -------
    Columns with `unit`, `description` and `ucd` in the fields' metadata where the
    file tells them; missing values are null. Names may repeat, as they do in the
    file. What is left out or read in another way than it stands is told by a
    `TableWarning`.

    Raises
    ------
    FileFormatError
        The file is absent, a directory, of no known format, damaged, or holds
        several tables of which none is chosen.
    """
    file, choice = split_table_choice(path)
    content = open_content(require_file(file))
    notes: list[str] = []
    table = _read(content, choice, notes)
    for note in dict.fromkeys(notes):
        warn(f"{file.name} {note}", TableWarning)
    return table


def _read(content: Content, choice: str | None, notes: list[str]) -> pa.Table:
    format_name = format_of(content)
    if format_name in _OF_SEVERAL:
        return _OF_SEVERAL[format_name](content, choice, notes)
    no_choice(choice, content.path, format_name)
    return _OF_ONE[format_name](content, notes)


def table_format(path: str | Path) -> str:
    """Tell a table's format, one of `FORMATS`, from its first bytes.

    Parameters
    ----------
    path
        A file that exists.

    Raises
    ------
    FileFormatError
        The format is unknown, or the suffix promises another binary format.
    """
    return format_of(open_content(Path(path)))


def require_file(path: str | Path) -> Path:
    """Return the path if it is a file, or raise `FileFormatError`."""
    path = Path(path)
    try:
        if path.is_dir():
            raise _wrong_kind(f"{path} is a directory", "a file", path)
        if not path.exists():
            raise _wrong_kind(f"{path} does not exist", "a file", path)
    except (OSError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise _wrong_kind(f"{path} is no name of a file", "a file", path) from error
    return path


def require_directory(path: str | Path) -> Path:
    """Return the path if it is a whole directory, or raise `FileFormatError`."""
    path = Path(path)
    if not path.exists():
        raise _wrong_kind(f"{path} does not exist", "a directory", path)
    if not path.is_dir():
        raise _wrong_kind(f"{path} is a file", "a directory", path)
    refuse_incomplete(path)
    return path


def _wrong_kind(given: str, wanted: str, path: Path) -> FileFormatError:
    return FileFormatError(
        explain(given=given, wanted=wanted, where=str(path), todo="correct the name")
    )


def columns_of(table: pa.Table) -> dict[str, NDArray]:
    """Return the columns as NumPy arrays; missing floating-point values are NaN."""
    return {name: table[name].to_numpy() for name in table.column_names}


def table_of(
    columns: Mapping[str, object],
    schema: TableSchema,
    *,
    where: str | Path = "memory",
    targets: Mapping[str, str] | None = None,
) -> pa.Table:
    """Make a validated table from NumPy columns in the schema's units.

    Parameters
    ----------
    columns
        Arrays or Arrow arrays by name; a masked or absent value is missing.
    schema
        What the table should be.
    where
        For messages.
    targets
        Units of columns where they are not the schema's.
    """
    arrays = {name: _array_of(values, name, schema) for name, values in columns.items()}
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ShapeError(
            explain(
                given=f"columns of the table {schema.name} differ in length: {lengths}",
                wanted="one value of each column for each row",
                where=str(where),
                todo="give columns of one length",
            )
        )
    table = pa.table(arrays)
    return validate(table, schema, where=where, units=targets, targets=targets)


def _array_of(values: object, name: str, schema: TableSchema) -> pa.Array:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    is_ids = name in schema and schema[name].dtype.startswith("int")
    if isinstance(values, np.ndarray):
        return pa.array(values)
    return pa.array(values, type=ARROW_TYPES[schema[name].dtype] if is_ids else None)


def write_parquet(
    table: pa.Table,
    path: str | Path | pa.NativeFile,
    *,
    meta: Mapping[str, object] | None = None,
    repeated: Sequence[str] | None = None,
    compression: str = "zstd",
) -> None:
    """Write a table as it is; use it inside `new_directory` or `new_file`.

    Parameters
    ----------
    table
        Its units and descriptions are written once more as astropy keeps them.
    path
        Where to.
    meta
        What `astropy.table.Table.meta` is to be.
    repeated
        Columns in which the same values come again and again; None: not known.
    compression
        Of the pages; "none" where it gains nothing, as of numbers with noise.
    """
    pq.write_table(
        for_astropy(table, meta or {}),
        path,
        compression=compression,
        use_dictionary=True if repeated is None else list(repeated),
        write_page_checksum=True,  # a flipped bit is noticed by who reads it
    )


def for_astropy(table: pa.Table, meta: Mapping[str, object]) -> pa.Table:
    """Return the table with units, and the longest text of each column, noted."""
    flat = not any(pa.types.is_nested(f.type) for f in table.schema)
    unique = len(set(table.column_names)) == table.num_columns
    widths = {"table_meta_yaml": header_yaml(table, meta)} if flat and unique else {}
    for field in table.schema:
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            longest = pc.max(pc.utf8_length(table[field.name])).as_py()
            widths[f"table::len::{field.name}"] = str(max(longest or 0, 1))
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **widths})


def parquet_output(path: str | Path, *, where: str = "-o") -> Path:
    """Return the name of a Parquet file that is to be written.

    Parameters
    ----------
    path
        As it was given.
    where
        Option or argument, for the message.

    Raises
    ------
    ConfigError
        It has another suffix.
    """
    target = Path(path)
    if target.suffix.lower() == ".parquet":
        return target
    raise ConfigError(
        explain(
            given=f"the output {target}",
            wanted="a name ending in .parquet",
            where=where,
            todo="give such a name; other formats are written from that table",
        )
    )


def write_table(table: pa.Table, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a Parquet file under a temporary name and rename it when whole.

    Parameters
    ----------
    table
        Fields with their metadata, as `validate` returns them.
    path
        Where to.
    overwrite
        Whether a file of that name may be replaced.
    """
    with new_file(path, overwrite=overwrite) as temporary:
        write_parquet(table, temporary)


__all__ = [
    "FORMATS",
    "columns_of",
    "parquet_output",
    "read_table",
    "require_directory",
    "require_file",
    "table_file",
    "table_format",
    "table_of",
    "write_parquet",
    "write_table",
]
