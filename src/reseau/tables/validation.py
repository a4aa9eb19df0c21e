"""Check any table against its schema and give it the schema's types and units."""

from collections.abc import Collection, Mapping
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reseau.errors import (
    CatalogueError,
    UnitError,
    explain,
    missing_columns_error,
    some,
)
from reseau.tables.naming.repeated import SPARE, leave_aside, settle_repeated
from reseau.tables.times.epoch_numbers import called as format_called
from reseau.tables.times.epoch_numbers import likely_format
from reseau.tables.times.epochs import NAMES as EPOCHS

from .belonging import check_halves
from .columns import Column, TableSchema
from .unit_names import unit_of_name
from .wrong_types import wrong_type

ARROW_TYPES: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}


def validate(
    table: pa.Table,
    schema: TableSchema,
    *,
    where: str | Path,
    units: Mapping[str, str] | None = None,
    targets: Mapping[str, str] | None = None,
    allow_missing: Collection[str] = (),
) -> pa.Table:
    """Return the table with the types and units of its schema, or refuse it.

    Parameters
    ----------
    table
        As read; a field's metadata may name its `unit`.
    schema
        What the table should be.
    where
        File it came from, for messages.
    units
        Units of columns that state none; the schema's otherwise.
    targets
        Units that are wanted instead of the schema's.
    allow_missing
        Required columns in which single values may be missing all the same.

    Returns
    -------
    Schema's columns first, in the schema's order, then unknown columns untouched.
    Missing values of floating-point columns are NaN, of others null.

    Raises
    ------
    CatalogueError
        A column is missing or of the wrong type, the table is empty, an id
        repeats or a value is impossible.
    UnitError
        A unit is unknown or cannot be converted.

    Warns
    -----
    TableWarning
        A column that no solution needs cannot be used, and is left aside.
    """
    table = settle_repeated(table, schema.names, where, "")
    _check_columns(table, schema, where)
    columns, fields = [], []
    for column in schema.columns:
        if column.name not in table.column_names:
            continue
        given = _unit_of(table, column, units or {})
        wanted = (targets or {}).get(column.name, column.unit)
        may_lack = column.may_be_missing or column.name in allow_missing
        try:
            values = _typed(table[column.name], column, where)
            values = in_unit(values, column.name, given, wanted, where)
            _check_values(values, column, where, may_lack, wanted)
        except (CatalogueError, UnitError) as error:
            if column.required or column.name not in SPARE:
                raise
            leave_aside(error, where)
            continue
        columns.append(values)
        fields.append(field_of(column, wanted))
    for field in table.schema:
        if field.name not in schema:
            columns.append(table[field.name])
            fields.append(field)
    result = pa.Table.from_arrays(columns, schema=pa.schema(fields))
    _check_unique(result, schema, where)
    return result


def field_of(column: Column, unit: str | None = None) -> pa.Field:
    """Return the Parquet field of a column, with unit, description and UCD.

    Parameters
    ----------
    column
        Column of a schema.
    unit
        Unit, if it is not the schema's.
    """
    metadata = {
        "unit": column.unit if unit is None else unit,
        "description": column.description,
        "ucd": column.ucd,
    }
    filled = {k: v for k, v in metadata.items() if v}
    return pa.field(column.name, ARROW_TYPES[column.dtype], metadata=filled)


def unit_of_field(field: pa.Field) -> str:
    """Return the unit in a field's metadata; empty where there is none."""
    return (field.metadata or {}).get(b"unit", b"").decode().strip()


def parse_unit(text: str, column: str, where: str | Path) -> u.UnitBase:
    """Return astropy's unit of this name.

    Parameters
    ----------
    text
        Name of a unit; empty: a pure number.
    column, where
        For the message.
    """
    unit = unit_of_name(text)
    if unit is None:
        raise UnitError(
            explain(
                given=f"column {column} has the unit {text!r}, which is not known",
                wanted="a unit as astropy or FITS spells it, 'deg' or 'mas/yr'",
                where=f"{where}, column {column}",
                todo=f"correct the unit in the table, or say {column}=NAME[unit] where "
                "columns are chosen",
            )
        )
    return unit


def _check_columns(table: pa.Table, schema: TableSchema, where: str | Path) -> None:
    present = table.column_names
    missing = [name for name in schema.required if name not in present]
    partners = {
        c.partner
        for c in schema.columns
        if c.partner and c.name in present and c.partner not in present
    }
    if missing or partners:
        absent = [*missing, *sorted(partners)]
        what = f"the table {schema.name}"
        raise missing_columns_error(absent, present, what, where, taken=schema.names)
    check_halves(present, where, columns=schema.names)
    if table.num_rows == 0 and not schema.may_be_empty:
        raise _refusal(
            f"the table {schema.name} has no rows",
            "at least one row",
            where,
            "check what wrote the table, or leave an optional table away",
        )


def _refusal(given: str, wanted: str, where: str | Path, todo: str) -> CatalogueError:
    return CatalogueError(
        explain(given=given, wanted=wanted, where=str(where), todo=todo)
    )


def _unit_of(table: pa.Table, column: Column, units: Mapping[str, str]) -> str:
    own = unit_of_field(table.schema.field(column.name))
    return own or units.get(column.name, column.unit)


def _typed(
    values: pa.ChunkedArray, column: Column, where: str | Path
) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    target = ARROW_TYPES[column.dtype]
    if not _may_become(values.type, column):
        raise wrong_type(values, column, where)
    try:
        values = values.cast(target)
    except pa.ArrowInvalid as error:
        raise wrong_type(values, column, where, error) from error
    return pc.fill_null(values, np.nan) if pa.types.is_floating(target) else values


def _may_become(found: pa.DataType, column: Column) -> bool:
    is_integer = pa.types.is_integer(found)
    # A column of nothing but missing values has no type of its own.
    if pa.types.is_null(found):
        return True
    match column.dtype:
        case "int64" | "int32":
            return is_integer
        case "float64":
            return (
                is_integer or pa.types.is_floating(found) or pa.types.is_decimal(found)
            )
        case "bool":
            return is_integer or pa.types.is_boolean(found) or pa.types.is_string(found)
        case _:
            return pa.types.is_string(found) or pa.types.is_large_string(found)


def in_unit(
    values: pa.ChunkedArray, name: str, given: str, wanted: str, where: str | Path
) -> pa.ChunkedArray:
    """Return a column's values in another unit.

    Parameters
    ----------
    values
        Other than floating-point numbers stay as they are.
    name, where
        For messages.
    given, wanted
        Units as text.

    Raises
    ------
    UnitError
        One is unknown, or they do not convert.
    """
    if given == wanted or not pa.types.is_floating(values.type):
        return values
    place = f"{where}, column {name}"
    have, want = parse_unit(given, name, where), parse_unit(wanted, name, where)
    if have == want:
        return values
    if name == "ra" and have == u.h:
        have = u.hourangle
    if not have.is_equivalent(want):
        todo = "correct the unit in the table's metadata, or convert the column"
        if name.startswith("pmra") and have.is_equivalent("s/yr"):
            todo = (
                "seconds of right ascension are no angle on the sky: multiply by "
                f"15 cos(dec), and say {name}=NAME[arcsec/yr] where columns are chosen"
            )
        raise UnitError(
            explain(
                given=f"column {name} has the unit {given or 'none (a pure number)'}",
                wanted=f"{wanted or 'no unit'} or a unit that converts to it",
                where=place,
                todo=todo,
            )
        )
    return pa.chunked_array([convert(values.to_numpy(), have, want)])


def convert(values: NDArray, have: u.UnitBase, want: u.UnitBase) -> NDArray:
    """Convert between units that are equivalent, exactly so between decimal multiples.

    Parameters
    ----------
    values
        In the unit `have`.
    have, want
        Units.
    """
    if not isinstance(have, u.UnitBase):
        return have.to(want, values)  # a logarithmic unit
    # 1 mm is 1000.0000000000001 um when both are taken from the metre.
    factor, inverse = have.to(want), want.to(have)
    if np.isclose(factor, round(factor), rtol=1e-13, atol=0):
        return values * round(factor)
    if np.isclose(inverse, round(inverse), rtol=1e-13, atol=0):
        return values / round(inverse)
    return values * factor


def _check_values(
    values: pa.ChunkedArray,
    column: Column,
    where: str | Path,
    may_be_missing: bool,
    unit: str,
) -> None:
    missing = _is_missing(values)
    bad = np.zeros(missing.shape, bool)
    if pa.types.is_floating(values.type):
        bad = ~column.accepts(values.to_numpy()) & ~missing
    if not may_be_missing:
        bad = bad | missing
    if bad.any():
        _refuse_rows(bad, values, column, where, unit)


def _is_missing(values: pa.ChunkedArray) -> NDArray:
    return pc.is_null(values, nan_is_null=True).to_numpy()


def _refuse_rows(
    bad: NDArray,
    values: pa.ChunkedArray,
    column: Column,
    where: str | Path,
    unit: str,
) -> None:
    rows = np.flatnonzero(bad)
    examples = [values[int(i)].as_py() for i in rows[:3]]
    wanted = column.wanted(unit)
    raise _refusal(
        f"column {column.name} has {len(rows)} of {len(bad)} values that cannot be "
        f"used ({some(['missing' if e is None else e for e in examples])})",
        wanted if wanted != "anything" else "a value in every row",
        f"{where}, column {column.name}, rows {some(rows)} (counted from 0)",
        _remedy(bad, values, column),
    )


def _remedy(bad: NDArray, values: pa.ChunkedArray, column: Column) -> str:
    form = ""
    if column.name in EPOCHS and pa.types.is_floating(values.type):
        form = likely_format(values.to_numpy())
    if form:
        scale = ", with a scale if it is not UTC ([mjd tai])" if form == "mjd" else ""
        return (
            f"this looks like {format_called(form)}: say {column.name}=NAME[{form}] "
            f"where columns are chosen{scale}, or write Julian years"
        )
    if not bad.all() or len(bad) == 1:
        return "correct or remove those rows"
    return _remedy_of_all(values, column)


def _remedy_of_all(values: pa.ChunkedArray, column: Column) -> str:
    """Return what to do about a column of which no row is good."""
    if _is_missing(values).all():
        return "fill the column" + ("" if column.required else ", or leave it away")
    if column.name in EPOCHS:
        return (
            "write years in full, as 2016.0, or say what the numbers count with "
            f"{column.name}=NAME[mjd], [jd], [unix] or [ymd] where columns are chosen"
        )
    is_error = column.name.endswith("_error") and pa.types.is_floating(values.type)
    if is_error and not np.any(values.to_numpy()):
        if column.name in ("ra_error", "dec_error"):
            return (
                "if the positions count as exact, leave ra_error and dec_error away: "
                "then they are held fixed; else give their errors"
            )
        return "give errors, or leave the column away"
    return (
        "check that this is the right column, and its unit; where columns are chosen, "
        f"{column.name}=NAME[unit] names another"
    )


def _check_unique(table: pa.Table, schema: TableSchema, where: str | Path) -> None:
    keys = list(schema.unique)
    if not keys:
        return
    counts = table.select(keys).group_by(keys).aggregate([([], "count_all")])
    repeated = counts.filter(pc.greater(counts["count_all"], 1))
    if repeated.num_rows:
        found = [
            " ".join(str(repeated[k][i].as_py()) for k in keys)
            for i in range(min(repeated.num_rows, 5))
        ]
        raise _refusal(
            f"{repeated.num_rows} values of {', '.join(keys)} occur more than once",
            "each of them in one row only",
            f"{where}, {', '.join(keys)} = {some(found)}",
            "remove the repeated rows of the table " + schema.name,
        )


__all__ = [
    "ARROW_TYPES",
    "convert",
    "field_of",
    "in_unit",
    "parse_unit",
    "unit_of_field",
    "validate",
]
