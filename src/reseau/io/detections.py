"""A single table of detections, the simplest input: one plate, any format."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import ConfigError, UnitError, explain, missing_columns_error
from reseau.instrument import Instrument
from reseau.io.choices import Choices, as_choices, choose_columns
from reseau.io.datasets import POSITIONS, Dataset, digests
from reseau.io.detected_sources import constant, reference_of, refusal, source_ids
from reseau.io.exposure_keys import ExposureKeys, exposure_keys, read_pointings
from reseau.io.instrument_writer import is_plane
from reseau.io.links import check_links
from reseau.io.tables import read_table
from reseau.io.validate import (
    parse_unit,
    unit_of_field,
    validate,
)
from reseau.schema import EXPOSURES, MEASUREMENTS, REFERENCE, TableSchema

DEFAULT_ERROR = 0.01
"""1σ of a position without error [pixel, or um in a plane without pixels]."""


def read_detections(
    path: str | Path,
    *,
    instrument: Instrument,
    columns: Choices = None,
    pointing: str | Path | None = None,
    error: float | None = None,
) -> Dataset:
    """Read one table of detections as a dataset of one plate.

    Parameters
    ----------
    path
        Parquet, FITS, ECSV, VOTable, CSV or IPAC with columns x and y, and a source
        identification: `source_id`, `catalog_id`, or exact `ra` and `dec`.
    instrument
        Positions in um or mm need one with a plane without pixels.
    columns
        Names and units, as text ``x=XWIN[pix],y=YWIN[pix]``. Pixels count from 0, at
        the centre of the first.
    pointing
        Table of estimated attitudes; without it those of the exposures are NaN.
    error
        1σ of each coordinate, in the unit of x and y, where the table has no
        `x_error` and `y_error`; 0.01 pixel or um unless given.

    Returns
    -------
    Dataset without observer and effects. Sources with `ra` and `dec` but without
    columns of their errors are in the reference as `fixed`.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.
    """
    table = choose_columns(read_table(path), as_choices(columns), path)
    if table.num_rows == 0:
        raise refusal("the table has no rows", "one or more", path, "check the table")
    unit, measured_unit = _position_unit(table, instrument, path)
    keys = exposure_keys(table, path)
    source_id = source_ids(table, path)
    measurements = _measurements(
        table, keys, source_id, instrument, path, unit, measured_unit, error
    )
    exposure_table = _exposures(table, keys, pointing, path)
    check_links(exposure_table, measurements, instrument, where=path)
    return Dataset(
        name=Path(path).stem,
        instrument=instrument,
        exposures=exposure_table,
        measurements=measurements,
        reference=reference_of(table, source_id, path),
        unit=unit,
        source=Path(path),
        digests=digests([path] if pointing is None else [path, pointing]),
    )


def _position_unit(
    table: pa.Table, instrument: Instrument, where: str | Path
) -> tuple[str, str]:
    # The unit for the tables (pixel or um) and the one in which x was measured.
    absent = [name for name in ("x", "y") if name not in table.column_names]
    if absent:
        raise missing_columns_error(absent, table.column_names, "the table", where)
    given = {name: unit_of_field(table.schema.field(name)) for name in ("x", "y")}
    for name, text in given.items():
        if not text:
            raise UnitError(
                explain(
                    given=f"column {name} has no unit",
                    wanted="pixel, um or mm",
                    where=f"{where}, column {name}",
                    todo=f"say it with --columns {name}={name}[pix] (or [um], [mm])",
                )
            )
    units = {name: parse_unit(text, name, where) for name, text in given.items()}
    kinds = {name: _kind(unit, name, where) for name, unit in units.items()}
    if kinds["x"] != kinds["y"]:
        raise UnitError(
            explain(
                given=f"x is in {given['x']} and y in {given['y']}",
                wanted="both in pixels or both lengths",
                where=f"{where}, columns x, y",
                todo="correct the units",
            )
        )
    _check_instrument(kinds["x"], instrument, where)
    return kinds["x"], given["x"]


def _kind(unit: u.UnitBase, name: str, where: str | Path) -> str:
    for kind in ("pixel", "um"):
        if unit.is_equivalent(kind):
            return kind
    raise UnitError(
        explain(
            given=f"column {name} has the unit {unit}",
            wanted="pixel, um or mm",
            where=f"{where}, column {name}",
            todo="correct the unit in the table or with --columns",
        )
    )


def _check_instrument(unit: str, instrument: Instrument, where: str | Path) -> None:
    plane = is_plane(instrument)
    if plane == (unit == "um"):
        return
    raise ConfigError(
        explain(
            given=f"positions are in {'um or mm' if unit == 'um' else 'pixels'}, the "
            f"instrument {instrument.name} has "
            + ("one plane without pixels" if plane else "detectors with pixels"),
            wanted="an instrument with one [[detector]] plane = true, nothing added"
            if unit == "um"
            else "an instrument with [[detector]] tables that describe its pixels",
            where=str(where),
            todo="give another --instrument, or correct the unit with --columns",
        )
    )


def _measurements(
    table: pa.Table,
    exposures: ExposureKeys,
    source_id: NDArray,
    instrument: Instrument,
    where: str | Path,
    unit: str,
    measured_unit: str,
    error: float | None,
) -> pa.Table:
    own = {
        "exposure_id": exposures.ids[exposures.row],
        "source_id": source_id,
        **_detector_ids(table, instrument, where),
        **_errors(table, error, unit, measured_unit, where),
    }
    # What belongs to sources and exposures goes to their tables.
    elsewhere = {*own, *REFERENCE.names, "plate_id", "catalog_id", "epoch"}
    kept = [n for n in table.column_names if n not in elsewhere]
    result = table.select(kept)
    for name, values in own.items():
        array = values if isinstance(values, pa.ChunkedArray) else pa.array(values)
        field = pa.field(name, array.type)
        if name in table.column_names and name.endswith("_error"):
            field = table.schema.field(name)
        result = result.append_column(field, array)
    targets = dict.fromkeys(POSITIONS, unit)
    given = {"x_error": measured_unit, "y_error": measured_unit}
    return validate(result, MEASUREMENTS, where=where, units=given, targets=targets)


def _detector_ids(
    table: pa.Table, instrument: Instrument, where: str | Path
) -> dict[str, NDArray | pa.ChunkedArray]:
    ids = instrument.detectors.ids
    # Ids that are given are compared with the instrument's, those of a plane too.
    if len(ids) == 1 and "detector_id" not in table.column_names:
        return {"detector_id": np.full(table.num_rows, ids[0])}
    if "detector_id" not in table.column_names:
        what = f"the table (the instrument has {len(ids)} detectors)"
        raise missing_columns_error(["detector_id"], table.column_names, what, where)
    return {"detector_id": table["detector_id"]}


def _errors(
    table: pa.Table,
    error: float | None,
    unit: str,
    measured_unit: str,
    where: str | Path,
) -> dict[str, NDArray | pa.ChunkedArray]:
    names = ("x_error", "y_error")
    present = [n for n in names if n in table.column_names]
    if len(present) == 1:
        absent = next(n for n in names if n not in present)
        raise missing_columns_error([absent], table.column_names, "the table", where)
    if present and error is not None:
        raise ConfigError(
            explain(
                given=f"--error {error}, and the table has x_error and y_error",
                wanted="one of them",
                where=str(where),
                todo="leave --error away, or remove the columns",
            )
        )
    if present:
        return {n: table[n] for n in names}
    if error is None:
        error = u.Unit(unit).to(measured_unit, DEFAULT_ERROR)
    if not (np.isfinite(error) and error > 0):
        raise ConfigError(
            explain(
                given=f"--error {error}",
                wanted=f"a finite number of {measured_unit} greater than 0",
                where="--error",
                todo="correct the option",
            )
        )
    return {n: np.full(table.num_rows, float(error)) for n in names}


def _exposures(
    table: pa.Table,
    exposures: ExposureKeys,
    pointing: str | Path | None,
    where: str | Path,
) -> pa.Table:
    n = len(exposures.keys)
    columns: dict[str, object] = {
        "exposure_id": exposures.ids,
        "plate_id": np.zeros(n, np.int32),
        "epoch": _epochs(table, exposures, where),
    }
    if "field_id" in exposures.names:
        columns["field_id"] = exposures.keys[:, exposures.names.index("field_id")]
    if pointing is None:
        columns |= {name: np.full(n, np.nan) for name in ("ra", "dec", "pa")}
    else:
        columns |= read_pointings(read_table(pointing), exposures, pointing)
    columns["label"] = exposures.labels
    missing = ("epoch", "ra", "dec", "pa") if pointing is None else ("epoch",)
    arrays = pa.table({k: pa.array(v) for k, v in columns.items()})
    return validate(arrays, EXPOSURES, where=where, allow_missing=missing)


def _epochs(table: pa.Table, exposures: ExposureKeys, where: str | Path) -> NDArray:
    n = len(exposures.keys)
    if "epoch" not in table.column_names:
        return np.full(n, np.nan)
    schema = TableSchema("detections", (EXPOSURES["epoch"],))
    values = validate(table.select(["epoch"]), schema, where=where)["epoch"].to_numpy()
    return constant(values, exposures.row, exposures.labels, "epoch", where)


__all__ = ["DEFAULT_ERROR", "read_detections"]
