"""Datasets, instruments, truths and solutions as directories of files."""

from .assumed_error import DEFAULT_ERROR
from .dataset import Dataset, digests, read_dataset, read_reference, write_dataset
from .instrument_writer import is_plane, write_instrument
from .instruments import presets, read_instrument
from .measurements import not_one_plate, plates_apart
from .plate_by_plate import PlateByPlate, PlateIndex, open_plates
from .solutions import (
    PlateTables,
    calibration_labels,
    read_solution,
    read_summary,
    solution_tables,
    write_solution,
)
from .truths import Truth, read_truth

__all__ = [
    "DEFAULT_ERROR",
    "Dataset",
    "PlateByPlate",
    "PlateIndex",
    "PlateTables",
    "Truth",
    "calibration_labels",
    "digests",
    "is_plane",
    "not_one_plate",
    "open_plates",
    "plates_apart",
    "presets",
    "read_dataset",
    "read_instrument",
    "read_reference",
    "read_solution",
    "read_summary",
    "read_truth",
    "solution_tables",
    "write_dataset",
    "write_instrument",
    "write_solution",
]
