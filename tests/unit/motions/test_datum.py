"""The datum of solutions whose answer is known beforehand."""

from dataclasses import replace

import numpy as np
import pytest

from alarm import normal_bound
from plain_plates import Plain, plain_survey
from reseau.constants import MILLIARCSECOND
from reseau.linalg import cholesky_blocks
from reseau.motions.datum import Datum, datum_of
from reseau.motions.datum_fields import fields_of_stars, frame_of, named_fields
from reseau.motions.joint import joint
from reseau.motions.merging import merged_factor
from reseau.motions.reference_floor import ReferenceFloor
from reseau.motions.solving import Motions, solve_jointly
from reseau.tables import table_of
from reseau.tables.datum_layout import DATUM


def _row(datum: Datum, name: str) -> dict[str, float]:
    (row,) = np.flatnonzero(datum.table["name"] == name)
    return {key: values[row] for key, values in datum.table.items()}


def test_ten_thousand_references_give_the_zero_point_to_half_a_microarcsecond() -> None:
    survey = plain_survey(stars=10_000, plates=3, degree=2, seed=4)
    found = solve_jointly(survey.equations())
    floor = ReferenceFloor(parallax=0.01, motion=0.02, scale=40.0)
    datum = datum_of(found, floor=floor)
    zero = _row(datum, "parallax zero point")
    # The facts sheet's 0.05 mas / √10,000.
    assert zero["formal_error"] == pytest.approx(0.5e-3, rel=2e-3)
    assert zero["share_of_references"] > 0.999
    assert zero["plates_alone"] > 30 * zero["formal_error"]
    assert zero["floor"] == pytest.approx(0.01, rel=1e-3)
    assert zero["error"] == pytest.approx(np.hypot(0.5e-3, 0.01), rel=1e-3)
    assert _row(datum, "mean motion north")["floor"] == pytest.approx(0.02, rel=1e-3)
    assert _row(datum, "mean position north")["floor"] < 1e-9
    columns = datum.columns()
    assert columns is not None
    sizes = np.sqrt(np.sum(columns**2, axis=2)) / MILLIARCSECOND
    np.testing.assert_allclose(sizes[:, 2], 0.01, rtol=0.01)
    np.testing.assert_allclose(np.nanmax(datum.maps.floor[2]), 0.01, rtol=0.01)
    middle = tuple(n // 2 for n in datum.maps.east.shape)
    # Even stars: a quadratic leaves the variance in the middle of a square at 1 + 5/4
    # + 5/4, by Legendre polynomials.
    expected = 0.5e-3 * np.sqrt(3.5)
    found_there = datum.maps.formal_error[2][middle]
    assert found_there == pytest.approx(expected, rel=0.05)
    assert "±0.5 µas formally, ±10 µas by the floor" in datum.sentences[0]
    assert "the references alone decide it" in datum.sentences[0]


def _distorted(survey: Plain, name: str, amplitude: float) -> Plain:
    """Return a survey whose references are wrong by a field [mas, deg]."""
    stars = survey.truth
    names = [field.name for field in named_fields(1)]
    field = fields_of_stars(stars, frame_of(stars, 1))[:, :, names.index(name)]
    mean = stars.mean.copy()
    mean[:, :5] += amplitude * field
    return replace(survey, truth=replace(stars, mean=mean))


@pytest.mark.parametrize("degree", [0, 1])
def test_plates_correct_what_their_calibration_does_not_take(degree: int) -> None:
    # A calibration that is a shift knows scale: an expansion of the references shows.
    survey = plain_survey(
        stars=300, plates=12, degree=degree, errors=(0.2,) * 5, noise=False
    )
    wrong = _distorted(survey, "expansion", 0.5)
    datum = datum_of(solve_jointly(wrong.equations()))
    row = _row(datum, "expansion")
    if degree:
        assert row["share_of_references"] > 0.999
        assert abs(row["value"]) < 1e-4
        return
    share = row["share_of_references"]
    assert share < 0.05
    # The mean of both, weighted by what they say: what is corrected is the plates'.
    assert row["value"] == pytest.approx(-0.5 * (1.0 - share), rel=0.05)
    assert row["value_error"] < 0.1
    assert "% of the variance" in " ".join(datum.sentences)


def test_catalogue_minus_reference_scatters_as_stated() -> None:
    pulls = []
    for seed in range(2):
        survey = plain_survey(stars=100, plates=6, degree=0, seed=seed)
        noise = np.random.default_rng(seed).standard_normal((100, 5))
        table = datum_of(solve_jointly(survey.equations(noise), epsilon=0.0)).table
        rows = (table["degree"] >= 1) & (table["share_of_references"] < 0.5)
        pulls.append(table["value"][rows] / table["value_error"][rows])
    every = np.concatenate(pulls)
    assert every.size > 20
    assert np.abs(every).max() < normal_bound(every.size)
    assert 0.5 < np.sqrt(np.mean(every**2)) < 1.5


def test_without_references_nothing_decides() -> None:
    survey = plain_survey(stars=200, plates=8, references=0.0)
    stars = survey.truth
    open_ = replace(stars, prior=np.zeros_like(stars.prior))
    equations = joint(survey.plates, open_)
    factor = merged_factor(equations, cholesky_blocks(equations.blocks))
    datum = datum_of(Motions(equations, factor, ((0.0,),)))
    for name in ("parallax zero point", "mean motion east", "rotation"):
        assert not _row(datum, name)["formal_error"] < 100.0
        assert np.isnan(_row(datum, name)["value"])
        assert _row(datum, name)["share_of_references"] == 0.0
    assert datum.columns() is None
    table = table_of(datum.table, DATUM)
    assert np.isinf(table["formal_error"].to_numpy()).any()
    assert np.isnan(table["value"].to_numpy()).all()
    assert "No reference counts" in datum.sentences[-1]
    assert np.isnan(datum.maps.value).all()


def test_modes_without_a_name_are_the_named_ones_where_plates_say_nothing() -> None:
    survey = plain_survey(stars=200, plates=8, errors=(1.0,) * 5)
    datum = datum_of(solve_jointly(survey.equations()), number=5)
    rows = datum.table["degree"] < 0
    assert list(datum.table["name"][rows]) == [f"shared {i}" for i in range(1, 6)]
    assert datum.table["named"][rows].min() > 0.99
    assert datum.table["share_of_references"][rows].min() > 0.99
    assert "--reference-floor" in datum.sentences[-1]
    kept = table_of(datum.table, DATUM)
    assert kept.column_names == list(datum.table)
