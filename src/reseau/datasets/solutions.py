"""Solutions in files: a directory of Parquet tables, TOML and ``summary.json``."""

import enum
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from reseau.errors import FileFormatError, ShapeError, explain
from reseau.instrument import Instrument
from reseau.tables import SOLUTION_MARKS, new_directory, read_table, table_of, validate
from reseau.tables.columns import TableSchema
from reseau.tables.damage import damage_told
from reseau.tables.files import require_directory, write_parquet
from reseau.tables.owned import SURVEY_SOLUTION
from reseau.tables.solution_layouts import (
    CALIBRATION,
    RESIDUALS,
    SOLUTION_EXPOSURES,
    SOURCES,
)

from .instrument_writer import write_instrument
from .instruments import read_instrument

FORMAT = "reseau-solution/1"

IN_POSITION_UNIT = ("x", "y", "x_error", "y_error", "dx", "dy")
"""Columns of the residuals in pixels or um, as the positions were measured."""

_TABLES: dict[str, TableSchema] = {
    "sources": SOURCES,
    "exposures": SOLUTION_EXPOSURES,
    "calibration": CALIBRATION,
    "residuals": RESIDUALS,
}
_COVARIANCE = "calibration_covariance.parquet"


@dataclass(frozen=True)
class PlateTables:
    """The tables of a plate's solution: what its files hold and a user gets.

    Attributes
    ----------
    sources, exposures, calibration, residuals
        Tables of `schema`; missing floating-point values are NaN.
    covariance
        Of the calibration, rows and columns in its order, units products of its
        units; NaN where the data do not determine it.
    instrument
        The fitted instrument.
    summary
        Content of ``summary.json``.
    source
        Directory it was read from; None: made in memory.
    """

    sources: pa.Table
    exposures: pa.Table
    calibration: pa.Table
    covariance: Float[ndarray, "n n"]
    residuals: pa.Table
    instrument: Instrument
    summary: Mapping[str, Any]
    source: Path | None = None


def solution_tables(
    *,
    sources: Mapping[str, object],
    exposures: Mapping[str, object],
    calibration: Mapping[str, object],
    covariance: Float[ndarray, "n n"],
    residuals: Mapping[str, object],
    instrument: Instrument,
    summary: Mapping[str, Any],
    unit: str = "pixel",
) -> PlateTables:
    """Return the tables of a solution, checked and with their units.

    Parameters
    ----------
    sources, exposures, calibration, residuals
        Columns of `SOURCES`, `SOLUTION_EXPOSURES`, `CALIBRATION` and `RESIDUALS` of
        `tables.solution_layouts`, in their units; NaN, None or a mask: missing. Further
        columns are kept.
    covariance
        Of the calibration, in the order of its rows.
    instrument
        The fitted instrument.
    summary
        What ``summary.json`` is to hold.
    unit
        Unit of positions and residuals, x, y, dx, dy: "pixel" or "um".

    Raises
    ------
    CatalogueError, ShapeError
        Columns are missing or of different lengths.
    """
    targets = dict.fromkeys(IN_POSITION_UNIT, unit)
    columns = {
        "sources": sources,
        "exposures": exposures,
        "calibration": calibration,
        "residuals": residuals,
    }
    tables = {
        name: table_of(
            columns[name],
            schema,
            where=f"solution, {name}",
            targets=targets if name == "residuals" else None,
        )
        for name, schema in _TABLES.items()
    }
    return PlateTables(
        **tables,
        covariance=np.asarray(covariance, dtype=float),
        instrument=instrument,
        summary=summary,
    )


def write_solution(
    path: str | Path,
    tables: PlateTables,
    *,
    beside: Callable[[Path], None] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a solution, whole or not at all.

    Parameters
    ----------
    path
        Directory to make.
    tables
        The solution. NaN and infinities of its summary become null.
    beside
        Writes more files into the directory that is being made: a posterior, say.
    overwrite
        Whether an earlier solution or dataset there may be replaced.

    Raises
    ------
    OutputExistsError
        Something is there that may not be replaced.
    ShapeError
        The covariance is not that of the calibration.
    """
    with new_directory(path, overwrite=overwrite, marks=SOLUTION_MARKS) as folder:
        write_files(folder, tables, beside)


def write_files(
    folder: Path,
    tables: PlateTables,
    beside: Callable[[Path], None] | None = None,
) -> None:
    """Write the files of a solution into a directory that has no name yet.

    Parameters
    ----------
    folder
        Empty.
    tables, beside
        As of `write_solution`.

    Raises
    ------
    ShapeError
        The covariance is not that of the calibration.
    """
    matrix = covariance_table(tables.calibration, tables.covariance)
    for name in _TABLES:
        write_parquet(getattr(tables, name), folder / f"{name}.parquet")
    write_parquet(matrix, folder / _COVARIANCE)
    write_instrument(tables.instrument, folder / "instrument.toml")
    if beside is not None:
        beside(folder)
    write_summary(folder / "summary.json", FORMAT, tables.summary)


def write_summary(file: Path, form: str, summary: Mapping[str, Any]) -> None:
    """Write a summary; its NaN and infinities become null.

    Parameters
    ----------
    file
        Where to.
    form
        Its format, with the version.
    summary
        What it holds.
    """
    content = {"format": form, **plain(summary)}
    text = json.dumps(content, indent=2, allow_nan=False, sort_keys=False)
    file.write_text(text + "\n", encoding="utf-8")


def calibration_labels(
    names: Sequence[str],
    exposure_ids: Sequence[int | None],
    detector_ids: Sequence[int | None],
) -> list[str]:
    """Return a label for each calibration parameter, unique in a solution.

    Parameters
    ----------
    names, exposure_ids, detector_ids
        Columns of the calibration table; None where an id does not apply.

    Examples
    --------
    >>> calibration_labels(["A_20", "x_um"], [None, None], [None, 3])
    ['A_20', 'x_um@detector=3']
    """
    labels = []
    for name, exposure, detector in zip(names, exposure_ids, detector_ids, strict=True):
        parts = [name]
        parts += [] if exposure is None else [f"exposure={exposure}"]
        parts += [] if detector is None else [f"detector={detector}"]
        labels.append("@".join(parts))
    return labels


def covariance_table(
    calibration: pa.Table, covariance: Float[ndarray, "n n"]
) -> pa.Table:
    """Return the covariance as a table: columns are `calibration_labels`.

    Parameters
    ----------
    calibration
        Validated table.
    covariance
        In the order of its rows.
    """
    names = ("name", "exposure_id", "detector_id")
    labels = calibration_labels(*(calibration[n].to_pylist() for n in names))
    n = len(labels)
    covariance = np.asarray(covariance, dtype=float)
    if covariance.shape != (n, n) or len(set(labels)) != n:
        raise ShapeError(
            explain(
                given=f"the calibration has {n} rows, {len(set(labels))} of them with "
                f"labels of their own, its covariance the shape {covariance.shape}",
                wanted="one row and one column for each differently named parameter",
                where="solution, calibration covariance",
                todo="make the two agree",
            )
        )
    return pa.Table.from_arrays([pa.array(row) for row in covariance], names=labels)


def read_solution(path: str | Path) -> PlateTables:
    """Read a solution.

    Parameters
    ----------
    path
        Directory that `write_solution` made.

    Raises
    ------
    FileFormatError
        It is not a solution, or of another format version.
    """
    with damage_told(path, "solution", "solve again"):
        return _read(require_directory(path))


def _read(folder: Path) -> PlateTables:
    summary = read_summary(folder)
    tables = {
        name: validate(
            read_table(folder / f"{name}.parquet"),
            schema,
            where=folder / f"{name}.parquet",
            targets=_own_units(folder) if name == "residuals" else None,
        )
        for name, schema in _TABLES.items()
    }
    matrix = read_table(folder / _COVARIANCE)
    n = matrix.num_columns
    values = [matrix.column(i).to_numpy() for i in range(n)]
    return PlateTables(
        **tables,
        covariance=np.stack(values) if n else np.zeros((0, 0)),
        instrument=read_instrument(folder / "instrument.toml"),
        summary=summary,
        source=folder,
    )


def _own_units(folder: Path) -> dict[str, str]:
    # Residuals are in pixels or um, as the positions were.
    table = read_table(folder / "residuals.parquet")
    fields = [f for f in table.schema if f.name in IN_POSITION_UNIT]
    return {f.name: (f.metadata or {}).get(b"unit", b"pixel").decode() for f in fields}


def read_summary(path: str | Path) -> dict[str, Any]:
    """Read the summary of a solution.

    Parameters
    ----------
    path
        Directory of a solution.
    """
    summary, file = summary_in(path)
    found = summary["format"]
    if str(found).startswith(SURVEY_SOLUTION.format):
        raise _of_many(file.parent)
    if found != FORMAT:
        raise _not_a_solution(f"the format is {found!r}", file)
    return summary


def has_format(path: str | Path, form: str) -> bool:
    """Return whether a directory has a summary of a format.

    Parameters
    ----------
    path
        The directory.
    form
        The format, with its version.
    """
    try:
        return bool(summary_in(path)[0]["format"] == form)
    except FileFormatError:
        return False


def summary_in(path: str | Path) -> tuple[dict[str, Any], Path]:
    """Return the summary in a directory, of whatever format, and its file.

    Parameters
    ----------
    path
        Directory of a solution, or of a survey's.

    Raises
    ------
    FileFormatError
        There is none, or it cannot be read.
    """
    file = require_directory(path) / "summary.json"
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
        str(summary["format"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        given = f"{path} holds no readable summary.json ({type(error).__name__})"
        raise _not_a_solution(given, file) from error
    return summary, file


def _of_many(folder: Path) -> FileFormatError:
    """Return the error about a survey's solution where one plate's is wanted."""
    plates = sorted(folder.glob("plates/plate_id=*"))
    one = plates[0] if plates else folder / "plates" / "plate_id=N"
    return FileFormatError(
        explain(
            given=f"{folder} is the solution of a survey, of {len(plates):,} plates",
            wanted="the solution of one plate",
            where=str(folder),
            todo=f"name one of its plates, as {one}",
        )
    )


def _not_a_solution(given: str, file: Path) -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted=f"a solution of format {FORMAT}",
            where=str(file),
            todo="give a directory that solve wrote with this version of reseau",
        )
    )


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: NaN and infinities become null.

    Parameters
    ----------
    value
        Numbers, arrays, text, paths, enumerations (by name), and mappings and
        sequences of them.
    """
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, enum.Enum):
        return value.name
    if hasattr(value, "tolist"):
        return plain(np.asarray(value).tolist())
    if isinstance(value, (set, frozenset)):
        return [plain(v) for v in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


__all__ = [
    "FORMAT",
    "PlateTables",
    "calibration_labels",
    "covariance_table",
    "plain",
    "read_solution",
    "read_summary",
    "solution_tables",
    "summary_in",
    "write_files",
    "write_solution",
    "write_summary",
]
