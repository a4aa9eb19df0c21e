"""Files: datasets, tables of detections, instruments, catalogues and solutions.

The only room that knows file formats. Everything is read without executing anything,
and written under a temporary name that becomes the final one when it is whole.
"""

from reseau.io.arviz import to_arviz, write_draws
from reseau.io.atomic import (
    DATASET_MARKS,
    SOLUTION_MARKS,
    check_output,
    new_directory,
    new_file,
    os_errors,
)
from reseau.io.catalogues import (
    catalogue_from_table,
    read_catalogue,
    reference_from_catalogue,
    write_catalogue,
)
from reseau.io.choices import Choice, parse_columns
from reseau.io.datasets import (
    EFFECTS,
    Dataset,
    digests,
    read_dataset,
    read_reference,
    write_dataset,
)
from reseau.io.detections import DEFAULT_ERROR, read_detections
from reseau.io.instrument_writer import is_plane, write_instrument
from reseau.io.instruments import presets, read_instrument
from reseau.io.joining import joined
from reseau.io.memory import as_arrow, is_path, is_table, place_of, table_from
from reseau.io.posteriors import PosteriorNames
from reseau.io.repeated import settle_repeated
from reseau.io.solutions import (
    SolutionFiles,
    calibration_labels,
    read_solution,
    read_summary,
    write_solution,
)
from reseau.io.tables import (
    columns_of,
    read_table,
    table_file,
    table_of,
    write_table,
)
from reseau.io.truths import Truth, read_truth
from reseau.io.validate import validate

__all__ = [
    "DATASET_MARKS",
    "DEFAULT_ERROR",
    "EFFECTS",
    "SOLUTION_MARKS",
    "Choice",
    "Dataset",
    "PosteriorNames",
    "SolutionFiles",
    "Truth",
    "as_arrow",
    "calibration_labels",
    "catalogue_from_table",
    "check_output",
    "columns_of",
    "digests",
    "is_path",
    "is_plane",
    "is_table",
    "joined",
    "new_directory",
    "new_file",
    "os_errors",
    "parse_columns",
    "place_of",
    "presets",
    "read_catalogue",
    "read_dataset",
    "read_detections",
    "read_instrument",
    "read_reference",
    "read_solution",
    "read_summary",
    "read_table",
    "read_truth",
    "reference_from_catalogue",
    "settle_repeated",
    "table_file",
    "table_from",
    "table_of",
    "to_arviz",
    "validate",
    "write_catalogue",
    "write_dataset",
    "write_draws",
    "write_instrument",
    "write_solution",
    "write_table",
]
