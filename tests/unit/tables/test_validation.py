"""Tables are checked against their schema; every refusal says what, where and how."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import constants

from reseau.errors import CatalogueError, UnitError
from reseau.tables import validate
from reseau.tables.layouts import CATALOGUE, EXPOSURES, MEASUREMENTS, REFERENCE
from reseau.tables.validation import unit_of_field

BIG = 4057480204110713985


def measurements(**changes: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "exposure_id": [1, 1, 2],
        "detector_id": [1, 1, 1],
        "source_id": [BIG, BIG + 1, BIG],
        "x": [1.0, 2.0, 3.0],
        "y": [1.0, 2.0, 3.0],
        "x_error": [0.01] * 3,
        "y_error": [0.01] * 3,
    }
    columns |= changes
    return pa.table({k: pa.array(v) for k, v in columns.items() if v is not None})


def reference(**changes: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "source_id": [BIG, BIG + 1],
        "ref_epoch": [2016.0, 2016.0],
        "ra": [266.0, 266.1],
        "dec": [-29.0, -29.1],
        "ra_error": [0.1, 0.1],
        "dec_error": [0.1, 0.1],
        "is_reference": [True, True],
    }
    columns |= changes
    return pa.table({k: pa.array(v) for k, v in columns.items() if v is not None})


def with_unit(table: pa.Table, name: str, unit: str) -> pa.Table:
    i = table.schema.get_field_index(name)
    field = table.schema.field(i).with_metadata({"unit": unit})
    return table.set_column(i, field, table[name])


def refused(table: pa.Table, schema: Any = MEASUREMENTS) -> str:
    with pytest.raises(CatalogueError) as error:
        validate(table, schema, where="night/measurements.parquet")
    text = str(error.value)
    assert "night/measurements.parquet" in text
    assert all(part in text for part in ("wanted:", "where:", "to do:"))
    return text


def test_ids_of_19_digits_survive() -> None:
    found = validate(measurements(), MEASUREMENTS, where="t")
    assert found["source_id"].to_pylist() == [BIG, BIG + 1, BIG]
    assert found["detector_id"].type == pa.int32()


def test_missing_column_is_named_with_its_near_misses() -> None:
    table = measurements().rename_columns(
        ["exposure_id", "detector_id", "source_id", "x", "y", "x_err", "y_error"]
    )
    text = refused(table)
    assert "lacks the column x_error" in text
    assert "x_error: is it x_err" in text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None])
@pytest.mark.parametrize("name", ["x", "y_error"])
def test_value_that_is_not_finite_is_counted_and_located(
    name: str, value: float | None
) -> None:
    text = refused(measurements(**{name: [1.0, value, 1.0]}))
    assert f"column {name} has 1 of 3 values" in text
    assert "rows 1 (counted from 0)" in text


@pytest.mark.parametrize("value", [0.0, -0.01])
def test_error_must_be_positive(value: float) -> None:
    text = refused(measurements(x_error=[0.01, value, value]))
    assert "2 of 3" in text
    assert "greater than 0" in text
    assert "rows 1, 2" in text


@pytest.mark.parametrize("value", [90.5, -90.0001, np.nan, np.inf])
def test_declination_is_an_angle_up_to_90(value: float) -> None:
    assert "-90 to 90" in refused(reference(dec=[value, 0.0]), REFERENCE)


def test_correlation_is_within_one() -> None:
    ok = reference(ra_dec_corr=[1.0, -1.0])
    assert validate(ok, REFERENCE, where="t")["ra_dec_corr"].to_pylist() == [1.0, -1.0]
    assert "-1 to 1" in refused(reference(ra_dec_corr=[1.01, 0.0]), REFERENCE)
    assert "less than 1" in refused(measurements(xy_corr=[1.0, 0.0, 0.0]))


@pytest.mark.parametrize("ids", [[1.0, 2.0, 3.0], ["1", "2", "3"]])
def test_ids_must_be_integers(ids: list) -> None:
    text = refused(measurements(source_id=ids))
    assert "column source_id is of type" in text


def test_id_too_large_for_its_type_is_refused() -> None:
    assert "detector_id" in refused(measurements(detector_id=[1, 2, 2**40]))
    huge = pa.array([2**63, 1, 2], type=pa.uint64())
    assert "source_id" in refused(measurements(source_id=huge))


def test_missing_id_is_refused() -> None:
    text = refused(measurements(source_id=[BIG, None, 3]))
    assert "missing" in text


def test_repeated_id_is_refused_by_name() -> None:
    assert str(BIG) in refused(reference(source_id=[BIG, BIG]), REFERENCE)
    columns = {"plate_id": [0, 0], "epoch": [2031.0] * 2, "pa": [0.0] * 2}
    columns |= {"exposure_id": [7, 7], "ra": [1.0] * 2, "dec": [1.0] * 2}
    assert "exposure_id = 7" in refused(pa.table(columns), EXPOSURES)


def test_repeated_column_is_refused() -> None:
    table = measurements()
    same = table.append_column("x", table["x"]).append_column("own", table["y"])
    assert validate(same, MEASUREMENTS, where="t")["x"].equals(table["x"])
    table = table.append_column("x", [[1.0, 2.0, 3.5]])
    assert "more than one column x" in refused(table)


def test_empty_table_is_refused() -> None:
    assert "has no rows" in refused(measurements().slice(0, 0))


def test_nan_and_null_are_the_same_in_optional_columns() -> None:
    table = reference(parallax=[None, np.nan], parallax_error=[np.nan, None])
    found = validate(table, REFERENCE, where="t")
    assert np.isnan(found["parallax"].to_numpy()).all()
    assert found["parallax"].null_count == 0
    assert np.isnan(found["parallax_error"].to_numpy()).all()


def test_column_of_nothing_but_nulls_is_missing() -> None:
    found = validate(reference(ra_error=[None, None]), REFERENCE, where="t")
    assert np.isnan(found["ra_error"].to_numpy()).all()


def test_infinite_value_in_optional_column_is_refused() -> None:
    table = reference(parallax=[np.inf, 1.0], parallax_error=[1.0, 1.0])
    assert "parallax" in refused(table, REFERENCE)


def test_motion_without_its_error_column_is_read() -> None:
    table = reference(pmra=[1.0, 1.0], pmdec=[2.0, 2.0])
    assert validate(table, REFERENCE, where="t")["pmdec"].to_pylist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("changes", "given", "absent"),
    [
        ({"dec_error": None}, "ra_error", "dec_error"),
        ({"pmra": [1.0, 1.0]}, "pmra", "pmdec"),
        ({"parallax_error": [1.0, 1.0]}, "parallax_error", "parallax"),
        (
            {"pmra": [1.0] * 2, "pmdec": [1.0] * 2, "pmdec_error": [1.0] * 2},
            "pmdec_error",
            "pmra_error",
        ),
        (
            {"parallax": [1.0, 1.0], "ra_parallax_corr": [0.1, 0.1]},
            "ra_parallax_corr",
            "parallax_error",
        ),
    ],
)
def test_half_of_what_belongs_together_is_refused(
    changes: dict, given: str, absent: str
) -> None:
    text = refused(reference(**changes), CATALOGUE)
    assert f"column {given} stands without {absent}" in text


def test_correlations_with_what_was_left_away_are_no_half() -> None:
    table = reference(ra_pmra_corr=[0.1, 0.1])
    assert validate(table, REFERENCE, where="t").num_rows == 2


def test_units_are_converted() -> None:
    table = with_unit(reference(ra=[4.6, 4.7]), "ra", "rad")
    table = with_unit(table, "ra_error", "uas")
    with pytest.raises(CatalogueError):
        validate(with_unit(reference(), "dec", "rad"), REFERENCE, where="t")
    found = validate(table, REFERENCE, where="t")
    np.testing.assert_allclose(
        found["ra"].to_numpy(), np.rad2deg([4.6, 4.7]), rtol=1e-15
    )
    np.testing.assert_allclose(found["ra_error"].to_numpy(), 1e-4, rtol=1e-15)
    assert unit_of_field(found.schema.field("ra_error")) == "mas"


def test_unit_spelt_otherwise_changes_no_bit() -> None:
    table = reference(pmra=[1 / 3, 0.1], pmdec=[0.0, 0.0])
    found = validate(with_unit(table, "pmra", "mas.yr**-1"), REFERENCE, where="t")
    assert found["pmra"].to_pylist() == [1 / 3, 0.1]


def test_unit_that_does_not_convert_is_refused() -> None:
    with pytest.raises(UnitError, match=r"column x has the unit mag(.|\n)*column x"):
        validate(with_unit(measurements(), "x", "mag"), MEASUREMENTS, where="t")
    with pytest.raises(UnitError, match="'parsnip', which is not known"):
        validate(with_unit(measurements(), "x", "parsnip"), MEASUREMENTS, where="t")


def test_given_units_and_targets() -> None:
    units, targets = (
        {"x": "mm"},
        {"x": "um", "y": "um", "x_error": "um", "y_error": "um"},
    )
    found = validate(
        measurements(),
        MEASUREMENTS,
        where="t",
        units={"y": "um", "x_error": "um", "y_error": "um", **units},
        targets=targets,
    )
    assert found["x"].to_pylist() == [1000.0, 2000.0, 3000.0]
    assert unit_of_field(found.schema.field("x")) == "um"


def test_unknown_columns_are_kept_untouched() -> None:
    table = measurements(note=["a", "b", None])
    table = with_unit(table, "note", "furlong")
    found = validate(table, MEASUREMENTS, where="t")
    assert found["note"].to_pylist() == ["a", "b", None]
    assert unit_of_field(found.schema.field("note")) == "furlong"


def test_metadata_comes_from_the_schema() -> None:
    field = validate(reference(), REFERENCE, where="t").schema.field("ra")
    assert field.metadata[b"ucd"] == b"pos.eq.ra;meta.main"
    assert field.metadata[b"description"]


def test_float32_and_integers_become_float64() -> None:
    table = reference(
        ra=pa.array([266, 267]), ra_error=pa.array([0.5, 0.25], pa.float32())
    )
    found = validate(table, REFERENCE, where="t")
    assert found["ra"].to_pylist() == [266.0, 267.0]
    assert found["ra_error"].type == pa.float64()


def test_truth_values_may_be_numbers_or_text() -> None:
    for values in ([1, 0], ["True", "false"]):
        found = validate(reference(is_reference=values), REFERENCE, where="t")
        assert found["is_reference"].to_pylist() == [True, False]
    assert "is_reference" in refused(reference(is_reference=["yes", "no"]), REFERENCE)


def test_required_values_may_be_missing_where_that_is_allowed() -> None:
    table = reference(ref_epoch=[np.nan, None])
    assert "ref_epoch" in refused(table, REFERENCE)
    found = validate(table, REFERENCE, where="t", allow_missing=["ref_epoch"])
    assert np.isnan(found["ref_epoch"].to_numpy()).all()


LIGHT = float(constants.c.to_value("km/s"))
STATE = {f"obs_{v}{axis}": [0.0, 1.0] for v in ("", "v") for axis in "xyz"}


def exposures(**changes: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "exposure_id": [1, 2],
        "plate_id": [0, 0],
        "epoch": [2031.0, 2031.0],
        "ra": [266.0, 266.0],
        "dec": [-29.0, -29.0],
        "pa": [0.0, 0.0],
    }
    return pa.table({**columns, **changes})


@pytest.mark.parametrize(
    ("make", "name", "good", "bad", "wanted"),
    [
        (exposures, "ra", -720.0, 720.1, "from -720 to 720 deg"),
        (exposures, "dec", 90.0, -90.1, "from -90 to 90"),
        (exposures, "pa", 720.0, -721.0, "from -720 to 720 deg"),
        (exposures, "epoch", 1000.0, 2457389.0, "from 1000 to 3000 yr"),
        (reference, "ref_epoch", 3000.0, 51544.5, "from 1000 to 3000 yr"),
        (reference, "parallax", -1e4, 1.1e4, "from -10000 to 10000 mas"),
        (reference, "pmra", 1e6, -1.1e6, "from -1e+06 to 1e+06 mas/yr"),
        (reference, "pmdec", -1e6, 1.1e6, "from -1e+06 to 1e+06 mas/yr"),
        (reference, "radial_velocity", 0.999 * LIGHT, LIGHT, "slower than light"),
        (reference, "ra_error", 1e-30, 1e-31, "from 1e-30 to 1e+30 mas"),
        (measurements, "x_error", 1e30, 1e31, "from 1e-30 to 1e+30 pixel"),
        (measurements, "y", -1e9, 1.1e9, "from -1e+09 to 1e+09 pixel"),
        (exposures, "obs_y", 1e13, -1.1e13, "from -1e+13 to 1e+13 au"),
        (exposures, "obs_vz", -0.999 * LIGHT, -LIGHT, "slower than light, in km/s"),
    ],
)
def test_values_beyond_reason_are_refused(
    make: Callable[..., pa.Table], name: str, good: float, bad: float, wanted: str
) -> None:
    schema = {"exposures": EXPOSURES, "reference": REFERENCE}.get(
        make.__name__, MEASUREMENTS
    )
    others = STATE if name.startswith("obs_") else {}
    if name in ("parallax", "pmra", "pmdec", "radial_velocity"):
        others = {f"{name}_error": [1.0, 1.0]}
    if name.startswith("pm"):
        both = ("pmra", "pmdec", "pmra_error", "pmdec_error")
        others = {n: [1.0, 1.0] for n in both}
    usual = make(**others).to_pydict().get(name, [0.0, 0.0])
    validate(make(**{**others, name: [good, *usual[1:]]}), schema, where="t")
    text = refused(make(**{**others, name: [*usual[:-1], bad]}), schema)
    assert f"column {name} has 1 of" in text
    assert f"({bad})" in text
    assert wanted in text
    assert f"rows {len(usual) - 1} (counted" in text


def test_range_holds_in_the_unit_of_the_schema() -> None:
    table = with_unit(exposures(**STATE, epoch=[2031.0, 2031.0]), "obs_vx", "m/s")
    fast = table.set_column(
        table.schema.get_field_index("obs_vx"),
        table.schema.field("obs_vx"),
        pa.array([3e5, 1e6]),
    )
    found = validate(fast, EXPOSURES, where="t")
    assert found["obs_vx"].to_pylist() == [300.0, 1000.0]


def test_text_in_columns_of_numbers_is_named_by_row() -> None:
    text = refused(measurements(source_id=["12", "HD 48915", "Vega\x1b[31m"]))
    assert "2 of 3 values are text, no integers ('HD 48915', 'Vega [31m')" in text
    assert "rows 1, 2 (counted from 0)" in text
    assert "give each source a number" in text
    text = refused(measurements(x=["1.5", "-2e3", "n/a"]))
    assert "1 of 3 values are text, no numbers ('n/a')" in text
    assert "rows 2 (counted from 0)" in text
    text = refused(reference(ra=["17:45:40.0", "266.1"]), REFERENCE)
    assert "write ra in decimal degrees" in text
    assert "rows 0 (counted from 0)" in text
    text = refused(measurements(x=["1.5", "-2e3", ".5"]))
    assert "numbers written as text" in text
