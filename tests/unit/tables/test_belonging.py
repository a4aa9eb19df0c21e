"""Columns that belong together, and which half of them is missing."""

from itertools import permutations

import pytest

from reseau.errors import CatalogueError
from reseau.tables.belonging import check_halves, halves

WHOLE = (
    *("ra", "dec", "ra_error", "dec_error", "parallax", "parallax_error"),
    *("pmra", "pmdec", "pmra_error", "pmdec_error"),
    *("ra_dec_corr", "ra_parallax_corr", "parallax_pmra_corr", "pmra_pmdec_corr"),
    *("radial_velocity", "radial_velocity_error"),
    *("x", "y", "x_error", "y_error", "xy_corr", "pa", "pa_error"),
)


def test_nothing_is_missing_of_the_whole_or_of_nothing():
    assert list(halves(WHOLE)) == []
    assert list(halves([])) == []
    assert list(halves(["ra", "dec", "source_id", "phot_g_mean_mag"])) == []


@pytest.mark.parametrize(
    "pair",
    [
        ("x", "y"),
        ("x_error", "y_error"),
        ("ra", "dec"),
        ("ra_error", "dec_error"),
        ("pmra", "pmdec"),
        ("pmra_error", "pmdec_error"),
    ],
)
def test_each_of_a_pair_misses_the_other(pair):
    for gone, kept in permutations(pair):
        left = [name for name in WHOLE if name != gone]
        assert (kept, gone) in list(halves(left))


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("parallax_error", "parallax"),
        ("radial_velocity_error", "radial_velocity"),
        ("pa_error", "pa"),
        ("ra_error", "ra"),
        ("x_error", "x"),
    ],
)
def test_an_error_needs_its_value_and_not_the_other_way(name, of):
    left = [n for n in WHOLE if n != of]
    assert (name, of) in list(halves(left))
    without = [n for n in WHOLE if n != name]
    assert (of, name) not in list(halves(without))


def test_a_correlation_of_pixels_needs_both_errors():
    assert list(halves(["x", "y", "xy_corr"])) == [
        ("xy_corr", "x_error"),
        ("xy_corr", "y_error"),
    ]


def test_a_correlation_needs_the_errors_of_what_is_there():
    left = [n for n in WHOLE if n != "parallax_error"]
    assert set(halves(left)) == {
        ("ra_parallax_corr", "parallax_error"),
        ("parallax_pmra_corr", "parallax_error"),
    }
    # Of a parameter that was left away whole, correlations may be left over.
    left = [n for n in WHOLE if n not in ("parallax", "parallax_error")]
    assert list(halves(left)) == []


def _message(present, **given):
    with pytest.raises(CatalogueError) as caught:
        check_halves(present, "stars.csv", **given)
    return str(caught.value).splitlines()


def test_what_is_said():
    given, wanted, where, todo = _message(["ra", "source_id"])
    assert given == "column ra stands without dec"
    assert wanted.endswith("ra and dec together, or neither")
    assert where.endswith("stars.csv")
    assert todo.endswith("add dec, or leave ra away")


def test_another_name_of_the_missing_half_is_recognised():
    todo = _message(["ra", "DEJ2000"])[3]
    assert "is it DEJ2000" in todo
    assert todo.endswith("add dec, or leave ra away")


def test_columns_that_mean_nothing_in_a_table_are_not_looked_at():
    known = ("x", "y", "source_id")
    check_halves(["x", "y", "pmra", "ra_error"], "t", columns=known)
    check_halves(["x_error"], "t", columns=("x_error",))
    given = _message(["x", "pmra"], columns=known)[0]
    assert given == "column x stands without y"


def test_the_whole_is_let_through():
    check_halves(WHOLE, "t")
