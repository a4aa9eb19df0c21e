"""Where the measurements of a dataset are: in one file, or in files of each plate."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from reseau.errors import ConfigError, FileFormatError, explain, some
from reseau.tables import read_table, validate
from reseau.tables.layouts import MEASUREMENTS

POSITIONS = ("x", "y", "x_error", "y_error")
"""Columns of the measurements in pixels, or in um where there are none."""


def measurement_files(folder: Path) -> list[Path]:
    """Return the files of the measurements; one that is not there among them.

    Parameters
    ----------
    folder
        Of a dataset.

    Raises
    ------
    FileFormatError
        There are measurements in both layouts, or an empty folder of them.
    """
    single, many = folder / "measurements.parquet", folder / "measurements"
    parts = sorted(many.glob("plate_id=*/*.parquet"))
    if single.exists() and parts:
        raise FileFormatError(
            explain(
                given="there are measurements.parquet and measurements/plate_id=*",
                wanted="one of them",
                where=str(folder),
                todo="remove or rename the other",
            )
        )
    if many.is_dir() and not parts and not single.exists():
        raise FileFormatError(
            explain(
                given="the directory measurements holds no plate_id=*/*.parquet",
                wanted="at least one file",
                where=str(many),
                todo="write the measurements there, or one file measurements.parquet",
            )
        )
    return parts or [single]


def plates_apart(folder: Path) -> list[int]:
    """Return the plates of a dataset that have files of their own, ascending.

    Parameters
    ----------
    folder
        Of a dataset.
    """
    return sorted({plate_of(f) for f in measurement_files(folder) if is_of_plate(f)})


def not_one_plate(plates: Sequence[int], where: str | Path) -> ConfigError:
    """Return the error of many plates where one is to be solved.

    Parameters
    ----------
    plates
        That there are.
    where
        The dataset.
    """
    return ConfigError(
        explain(
            given=f"{len(plates)} plates: {some(plates)}",
            wanted="one plate at a time",
            where=str(where),
            todo=f"choose one, e.g. --plate {plates[0]}, or solve each on its own: "
            "--plates all",
        )
    )


def is_of_plate(file: Path) -> bool:
    """Return whether a file holds the measurements of one plate, by its folder."""
    return file.parent.name.startswith("plate_id=")


def files_of_plate(files: list[Path], plate: int | None) -> list[Path]:
    """Return the files that hold measurements of a plate.

    Parameters
    ----------
    files
        As `measurement_files` returns them.
    plate
        Its id; None: all.

    Raises
    ------
    ConfigError
        There is no such plate.
    """
    if plate is None or not is_of_plate(files[0]):
        return files
    found = [file for file in files if plate_of(file) == plate]
    if not found:
        plates = sorted({plate_of(file) for file in files})
        raise no_such_plate(plate, plates, files[0].parent.parent)
    return found


def no_such_plate(plate: int, plates: Sequence[int], where: str | Path) -> ConfigError:
    """Return the error about a plate that a dataset has not.

    Parameters
    ----------
    plate
        As asked for.
    plates
        Those that there are.
    where
        For the message.
    """
    return ConfigError(
        explain(
            given=f"plate {plate}",
            wanted=f"one of {some(plates, 10)}",
            where=str(where),
            todo="name a plate of this dataset",
        )
    )


def read_measurements(files: list[Path], unit: str) -> pa.Table:
    """Read and check tables of measurements, one after the other.

    Parameters
    ----------
    files
        Those of a plate have its id in a column `plate_id`.
    unit
        Of positions: "pixel" or "um".
    """
    tables = []
    for file in files:
        table = in_position_unit(read_table(file), unit, file)
        if is_of_plate(file):
            plate = plate_of(file)
            kept = (
                table.drop_columns(["plate_id"])
                if "plate_id" in table.column_names
                else table
            )
            table = kept.append_column(
                "plate_id", pa.array([plate] * len(table), pa.int32())
            )
        tables.append(table)
    return pa.concat_tables(tables, promote_options="default")


def in_position_unit(table: pa.Table, unit: str, where: Path) -> pa.Table:
    """Return a table of measurements as checked, with positions in a unit.

    Parameters
    ----------
    table
        As read.
    unit
        "pixel" or "um".
    where
        Its file.
    """
    targets = None if unit == "pixel" else dict.fromkeys(POSITIONS, unit)
    return validate(table, MEASUREMENTS, where=where, units=targets, targets=targets)


def plate_of(file: Path) -> int:
    """Return the id of the plate whose measurements a file holds, by its folder.

    Raises
    ------
    FileFormatError
        The folder's name holds no integer.
    """
    text = file.parent.name.removeprefix("plate_id=")
    try:
        return int(text)
    except ValueError as error:
        raise FileFormatError(
            explain(
                given=f"the directory is called {file.parent.name}",
                wanted="plate_id= and an integer",
                where=str(file.parent),
                todo="rename the directory",
            )
        ) from error


__all__ = [
    "POSITIONS",
    "files_of_plate",
    "in_position_unit",
    "is_of_plate",
    "measurement_files",
    "no_such_plate",
    "plate_of",
    "read_measurements",
]
