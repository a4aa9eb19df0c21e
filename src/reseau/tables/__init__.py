"""Tables in memory and in one file: columns, units, identifiers, dialects."""

from .atomic import (
    DATASET_MARKS,
    SOLUTION_MARKS,
    check_output,
    new_directory,
    new_file,
    os_errors,
)
from .dialects.choice import table_file
from .files import columns_of, parquet_output, read_table, table_of, write_table
from .ids import Index
from .memory import as_arrow, is_path, is_table, place_of, table_from
from .naming.column_names import Choice, parse_columns
from .naming.repeated import settle_repeated
from .resumable import Resumable, piece_directory, piece_file, resumable_directory
from .validation import validate

__all__ = [
    "DATASET_MARKS",
    "SOLUTION_MARKS",
    "Choice",
    "Index",
    "Resumable",
    "as_arrow",
    "check_output",
    "columns_of",
    "is_path",
    "is_table",
    "new_directory",
    "new_file",
    "os_errors",
    "parquet_output",
    "parse_columns",
    "piece_directory",
    "piece_file",
    "place_of",
    "read_table",
    "resumable_directory",
    "settle_repeated",
    "table_file",
    "table_from",
    "table_of",
    "validate",
    "write_table",
]
