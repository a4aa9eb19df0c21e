"""Positions of a single table: their unit, first pixel, errors and detectors."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reseau.datasets import DEFAULT_ERROR, is_plane
from reseau.datasets.assumed_error import AssumedError
from reseau.errors import (
    CatalogueError,
    ConfigError,
    UnitError,
    explain,
    missing_columns_error,
    some,
)
from reseau.instrument import Instrument
from reseau.tables.identifiers import read_identifiers
from reseau.tables.validation import parse_unit, unit_of_field


def position_unit(
    table: pa.Table, instrument: Instrument, where: str | Path
) -> tuple[str, str]:
    """Return the unit for the tables, pixel or um, and the one of x and y as read.

    Parameters
    ----------
    table
        Of detections.
    instrument
        Positions in um or mm need one with a plane without pixels.
    where
        For messages.
    """
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
    return kinds["x"], units["x"].to_string()


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


def counted_from_zero(table: pa.Table, first_pixel: int, unit: str) -> pa.Table:
    """Return the table with the centre of the first pixel at 0.

    Parameters
    ----------
    table
        With x and y.
    first_pixel
        What the centre of the first pixel is called in the table: 0 or 1.
    unit
        "pixel" or "um".

    Raises
    ------
    ConfigError
        It is another number, or positions are not in pixels.
    """
    if first_pixel == 0:
        return table
    if first_pixel != 1 or isinstance(first_pixel, bool) or unit != "pixel":
        raise ConfigError(
            explain(
                given=f"--first-pixel {first_pixel}"
                + ("" if unit == "pixel" else " and positions in a plane"),
                wanted="0 or 1, of positions in pixels",
                where="--first-pixel",
                todo="correct the option, or leave it out",
            )
        )
    for name in ("x", "y"):
        i = table.schema.get_field_index(name)
        moved = pc.subtract(table[name].cast(pa.float64()), 1.0)
        field = table.schema.field(i).with_type(pa.float64())
        table = table.set_column(i, field, moved)
    return table


def _in_unit_of(error: u.Quantity, unit: str, where: str | Path) -> float:
    if np.ndim(error) or not error.unit.is_equivalent(unit):
        raise UnitError(
            explain(
                given=f"the error of positions is {error!r:.60}",
                wanted=f"one number, or one value in {unit}, as x and y are",
                where=str(where),
                todo=f"give it in {unit}",
            )
        )
    return float(error.to_value(unit))


def position_errors(
    table: pa.Table,
    error: float | u.Quantity | None,
    unit: str,
    measured_unit: str,
    where: str | Path,
) -> tuple[dict[str, NDArray | pa.ChunkedArray], AssumedError | None]:
    """Return the errors of x and y: the table's, or one for all, and if it is a guess.

    Parameters
    ----------
    table
        Of detections.
    error
        1σ [measured_unit]; None: the table's, or the default.
    unit, measured_unit
        As of `position_unit`.
    where
        For messages.
    """
    names = ("x_error", "y_error")
    present = [n for n in names if n in table.column_names]
    if len(present) == 1:
        absent = next(n for n in names if n not in present)
        raise missing_columns_error([absent], table.column_names, "the table", where)
    if isinstance(error, u.Quantity):
        error = _in_unit_of(error, measured_unit, where)
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
        return {n: table[n] for n in names}, None
    if "xy_corr" in table.column_names:
        raise CatalogueError(
            explain(
                given="column xy_corr stands without x_error and y_error",
                wanted="the errors that the correlation is of",
                where=f"{where}; found {some(table.column_names, 30)}",
                todo="add x_error and y_error, or leave xy_corr away",
            )
        )
    assumed = None
    if error is None:
        error = float(u.Unit(unit).to(measured_unit, DEFAULT_ERROR))
        assumed = AssumedError(error, measured_unit)
    if not (np.isfinite(error) and error > 0):
        raise ConfigError(
            explain(
                given=f"--error {error}",
                wanted=f"a finite number of {measured_unit} greater than 0",
                where="--error",
                todo="correct the option",
            )
        )
    return {n: np.full(table.num_rows, float(error)) for n in names}, assumed


def with_whole_flags(table: pa.Table) -> pa.Table:
    """Return the table with flags as integers, where they were whole numbers or truths.

    Parameters
    ----------
    table
        Of detections. With missing values flags become floating-point numbers in
        pandas and CSV.
    """
    if "flag" not in table.column_names:
        return table
    i = table.schema.get_field_index("flag")
    column = table["flag"]
    if pa.types.is_boolean(column.type):
        return table.set_column(i, "flag", column.cast(pa.int64()))
    if not pa.types.is_floating(column.type):
        return table
    values = np.asarray(column.to_numpy(), float)
    missing = np.isnan(values)
    if (values[~missing] != np.rint(values[~missing])).any():
        return table  # `validate` says so
    whole = pa.array(np.where(missing, 0, values).astype(np.int64), mask=missing)
    return table.set_column(i, "flag", pa.chunked_array([whole]))


def detector_ids(
    table: pa.Table, instrument: Instrument, where: str | Path
) -> tuple[NDArray | pa.ChunkedArray, dict[int, str]]:
    """Return the detector of each row, and its name where the table has names.

    Parameters
    ----------
    table
        Of detections.
    instrument
        Its detectors may have names.
    where
        For messages.
    """
    ids = instrument.detectors.ids
    if "detector_id" not in table.column_names:
        # Ids that are given are compared with the instrument's, those of a plane too.
        if len(ids) == 1:
            return np.full(table.num_rows, ids[0]), {}
        what = f"the table (the instrument has {len(ids)} detectors)"
        raise missing_columns_error(["detector_id"], table.column_names, what, where)
    column = table["detector_id"]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return read_identifiers(column, "detector_id", where).values, {}
    encoded = pc.utf8_trim_whitespace(column).combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    numbers, names = _named_detectors(words, instrument, where)
    return pa.chunked_array(
        [pa.array(numbers, pa.int64()).take(encoded.indices)]
    ), names


def _named_detectors(
    words: list[str], instrument: Instrument, where: str | Path
) -> tuple[list[int], dict[int, str]]:
    ids = instrument.detectors.ids
    names = {
        n.lower(): i for n, i in zip(instrument.detectors.names, ids, strict=False) if n
    }
    if all(w.lower() in names for w in words):
        numbers = [names[w.lower()] for w in words]
        return numbers, dict(zip(numbers, words, strict=True))
    if all(w.lstrip("+-").isdigit() and len(w) < 10 for w in words):
        return [int(w) for w in words], {}
    if len(words) == 1 and len(ids) == 1 and not names:
        return [ids[0]], {ids[0]: words[0]}
    unknown = [w for w in words if w.lower() not in names]
    raise CatalogueError(
        explain(
            given="detector_id is text, and the instrument has no detector of the "
            f"name {some(unknown)}",
            wanted="names of the instrument's detectors: "
            + (some(instrument.detectors.names, 20) if names else "it gives none"),
            where=f"{where}, column detector_id",
            todo=f'write name = "{unknown[0]}" beside id in its [[detector]]',
        )
    )


__all__ = [
    "DEFAULT_ERROR",
    "AssumedError",
    "counted_from_zero",
    "detector_ids",
    "position_errors",
    "position_unit",
    "with_whole_flags",
]
