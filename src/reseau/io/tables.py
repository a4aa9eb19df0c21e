"""Read any table an astronomer may have into Arrow; write Parquet.

Parquet, FITS, ECSV, VOTable, CSV and IPAC are told apart by their first bytes, so
a wrong suffix does no harm. Integers stay integers of 64 bits in all of them.
Units, descriptions and UCDs travel in the metadata of the Arrow fields.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from astropy.table import Table
from astropy.table.meta import get_header_from_yaml
from numpy.typing import NDArray

from reseau.errors import FileFormatError, ReseauError, ShapeError, explain
from reseau.io.astropy_tables import field_metadata, from_astropy
from reseau.io.atomic import new_file
from reseau.io.validate import ARROW_TYPES, validate
from reseau.io.wrong_types import printable
from reseau.schema import TableSchema

FORMATS = ("parquet", "fits", "ecsv", "votable", "csv", "ipac")
"""Formats that `read_table` knows."""

_SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".fits": "fits",
    ".fit": "fits",
    ".ecsv": "ecsv",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".csv": "csv",
    ".tbl": "ipac",
    ".ipac": "ipac",
}
_ASTROPY_NAMES = {
    "fits": "fits",
    "ecsv": "ascii.ecsv",
    "votable": "votable",
    "ipac": "ascii.ipac",
}


def read_table(path: str | Path) -> pa.Table:
    """Read a table of any known format.

    Parameters
    ----------
    path
        A file; the first table of a FITS file or VOTable is read.

    Returns
    -------
    Columns with `unit`, `description` and `ucd` in the fields' metadata where the
    file tells them; missing values are null.

    Raises
    ------
    FileFormatError
        The file is absent, a directory, of no known format, or damaged.
    """
    path = require_file(path)
    format_name = table_format(path)
    readers: dict[str, Callable[[Path], pa.Table]] = {
        "parquet": _read_parquet,
        "csv": _read_csv,
    }
    try:
        if format_name in readers:
            return readers[format_name](path)
        return from_astropy(_read_astropy(path, format_name), where=path)
    except ReseauError:
        raise
    # Readers of damaged files raise whatever their parser stumbles over.
    except Exception as error:
        raise _damaged(path, format_name, error) from error


def require_file(path: str | Path) -> Path:
    """Return the path if it is a file, or raise `FileFormatError`."""
    path = Path(path)
    if path.is_dir():
        raise _wrong_kind(f"{path} is a directory", "a file", path)
    if not path.exists():
        raise _wrong_kind(f"{path} does not exist", "a file", path)
    return path


def require_directory(path: str | Path) -> Path:
    """Return the path if it is a directory, or raise `FileFormatError`."""
    path = Path(path)
    if not path.exists():
        raise _wrong_kind(f"{path} does not exist", "a directory", path)
    if not path.is_dir():
        raise _wrong_kind(f"{path} is a file", "a directory", path)
    return path


def _wrong_kind(given: str, wanted: str, path: Path) -> FileFormatError:
    return FileFormatError(
        explain(given=given, wanted=wanted, where=str(path), todo="correct the name")
    )


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
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(2880)
    found = _format_of(start)
    by_suffix = _SUFFIXES.get(path.suffix.lower())
    if by_suffix == "csv" or found is None:
        _check_text(start, path)
    if found is None and by_suffix == "csv":
        found = "csv"  # a table of one column has no comma
    if found is None or (by_suffix == "parquet" and found != "parquet"):
        expected = (
            f"a {by_suffix} file" if by_suffix else f"one of {', '.join(FORMATS)}"
        )
        raise FileFormatError(
            explain(
                given=f"{path.name} begins with {start[:12]!r}"
                if start
                else f"{path.name} is empty",
                wanted=expected,
                where=str(path),
                todo="check what wrote the file, and whether it was copied whole",
            )
        )
    return found


def _check_text(start: bytes, path: Path) -> None:
    # Text that spreadsheets write and that is no CSV of ours.
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        state, todo = "is text in UTF-16", "save it as UTF-8"
    elif b"\x00" not in start and _has_semicolons(start):
        state = "is separated by ';'"
        todo = "save it with commas between columns and points in numbers"
    else:
        return
    raise FileFormatError(
        explain(
            given=f"{path.name} {state}",
            wanted="a CSV file in UTF-8, separated by ','",
            where=str(path),
            todo=todo,
        )
    )


def _has_semicolons(start: bytes) -> bool:
    lines = start.splitlines()
    header = next((line for line in lines if line.strip() and line[:1] != b"#"), b"")
    return header.count(b";") > header.count(b",")


def _format_of(start: bytes) -> str | None:
    text = start.lstrip(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"PAR1"):
        return "parquet"
    # A compressed FITS file is opened by the FITS reader; so is nothing else here.
    if start.startswith((b"SIMPLE  =", b"\x1f\x8b", b"BZh")):
        return "fits"
    if text.startswith((b"<?xml", b"<VOTABLE")):
        return "votable"
    if text.startswith(b"# %ECSV"):
        return "ecsv"
    if text.startswith((b"\\", b"|")):
        return "ipac"
    lines = [line for line in text.splitlines() if not line.startswith(b"#")]
    has_comma = bool(lines) and b"," in lines[0] and b"\x00" not in start
    return "csv" if has_comma else None


def _damaged(path: Path, format_name: str, error: Exception) -> FileFormatError:
    text = str(error).strip()
    reason = printable(text.splitlines()[0]) if text else type(error).__name__
    return FileFormatError(
        explain(
            given=f"{path.name} cannot be read: {reason}",
            wanted=f"a whole {format_name} file",
            where=str(path),
            todo="check what wrote the file, and whether it was copied whole",
        )
    )


def _read_parquet(path: Path) -> pa.Table:
    # ParquetFile and not read_table: that would take folder names for columns.
    with pq.ParquetFile(path) as file:
        table = file.read()
    header = (table.schema.metadata or {}).get(b"table_meta_yaml")
    return _with_yaml_metadata(table, header.decode()) if header else table


def _with_yaml_metadata(table: pa.Table, header: str) -> pa.Table:
    # astropy keeps units of Parquet columns in a header like that of ECSV.
    for column in get_header_from_yaml(header.split("\n"))["datatype"]:
        name = column["name"]
        if name in table.column_names:
            i = table.schema.get_field_index(name)
            metadata = field_metadata(column.get("unit"), column.get("description"), {})
            field = table.schema.field(i)
            own = {**metadata, **(field.metadata or {})}
            table = table.set_column(i, field.with_metadata(own), table[name])
    return table


def _read_csv(path: Path) -> pa.Table:
    content = path.read_bytes().lstrip(b"\xef\xbb\xbf")
    lines = content.split(b"\n")
    comments = next(
        (i for i, line in enumerate(lines) if line.strip() and line[:1] != b"#"), 0
    )
    # One block, so that the type of a column is judged from all of its rows.
    table = pyarrow.csv.read_csv(
        pa.BufferReader(b"\n".join(lines[comments:])),
        read_options=pyarrow.csv.ReadOptions(block_size=len(content) + 1),
    )
    return table.rename_columns([name.strip() for name in table.column_names])


def _read_astropy(path: Path, format_name: str) -> Table:
    # memmap would keep the file open for as long as the columns live.
    options = {"fits": {"memmap": False}}.get(format_name, {})
    table = Table.read(path, format=_ASTROPY_NAMES[format_name], **options)
    if format_name == "fits":
        table.convert_bytestring_to_unicode()
    return table


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


def write_parquet(table: pa.Table, path: str | Path) -> None:
    """Write a table as it is; use it inside `new_directory` or `new_file`."""
    pq.write_table(table, path, compression="zstd")


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
    "read_table",
    "require_directory",
    "require_file",
    "table_format",
    "table_of",
    "write_parquet",
    "write_table",
]
