"""The schema is consistent, and its units and names are astropy's and Gaia's."""

import astropy.units as u
import pytest

from reseau.tables import layouts as schema
from reseau.tables import solution_layouts
from reseau.tables.columns import Column, TableSchema

TABLES = [
    table
    for module in (schema, solution_layouts)
    for table in vars(module).values()
    if isinstance(table, TableSchema)
]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_columns_are_described_once(table: TableSchema) -> None:
    assert len(set(table.names)) == len(table.names)
    assert set(table.unique) <= set(table.names)
    for column in table.columns:
        assert column.description
        assert str(u.Unit(column.unit)) is not None
        assert not column.partner or column.partner in table


def test_units_are_those_of_the_files() -> None:
    assert schema.REFERENCE["pmra_error"].unit == "mas/yr"
    assert schema.EXPOSURES["ra_error"].unit == "arcsec"
    assert schema.EXPOSURES["obs_vx"].unit == "km/s"
    assert schema.MEASUREMENTS["x"].unit == "pixel"


def test_correlations_have_gaias_names_and_order() -> None:
    found = [n for n in schema.REFERENCE.names if n.endswith("_corr")]
    assert found == [
        "ra_dec_corr",
        "ra_parallax_corr",
        "ra_pmra_corr",
        "ra_pmdec_corr",
        "dec_parallax_corr",
        "dec_pmra_corr",
        "dec_pmdec_corr",
        "parallax_pmra_corr",
        "parallax_pmdec_corr",
        "pmra_pmdec_corr",
    ]


def test_required_columns_are_those_of_the_format() -> None:
    wanted = "exposure_id detector_id source_id x y x_error y_error"
    assert schema.MEASUREMENTS.required == tuple(wanted.split())
    assert "is_reference" in schema.REFERENCE.required
    assert "parallax" not in schema.REFERENCE.required


def test_optional_columns_may_have_missing_values() -> None:
    assert schema.REFERENCE["parallax"].may_be_missing
    assert schema.REFERENCE["ra_error"].may_be_missing
    assert not schema.REFERENCE["ra"].may_be_missing


def test_unknown_column_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        solution_layouts.SOURCES["declination"]
    assert isinstance(solution_layouts.SOURCES["ra"], Column)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_ranges_are_of_numbers_and_not_empty(table: TableSchema) -> None:
    for column in table.columns:
        if column.within is not None:
            least, most = column.within
            assert column.dtype == "float64"
            assert column.check in ("finite", "positive")
            assert least < most


def test_every_error_that_is_read_has_a_range() -> None:
    tables = (schema.EXPOSURES, schema.MEASUREMENTS, schema.REFERENCE)
    columns = [c for t in tables for c in t.columns if c.name.endswith("_error")]
    assert len(columns) == 11
    assert all(c.within == (1e-30, 1e30) for c in columns)
