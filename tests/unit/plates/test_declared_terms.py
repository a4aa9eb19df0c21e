"""Declared terms from a plate's tables: covariates, what is missing, what trades."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from reseau import compare, read_solution, simulate, solve
from reseau.datasets import Truth
from reseau.errors import ConfigError, MissingCovariateWarning
from reseau.model import DEFAULT_FREE, term_covariates
from reseau.model.trades import refuse_trades
from reseau.plates import prepare
from reseau.plates.covariates import plate_covariates
from reseau.plates.model_options import free_blocks
from reseau.plates.options import SolveOptions
from reseau.settings import BLOCKS
from reseau.tables import columns_of

pytestmark = pytest.mark.filterwarnings("ignore::reseau.errors.DroppedWarning")


@pytest.fixture(scope="module")
def plate():
    return simulate(small=True, seed=1)


@pytest.fixture(scope="module")
def camera(plate):
    return plate.dataset.instrument


def with_column(dataset, name, values):
    table = dataset.measurements.append_column(name, pa.array(values))
    return replace(dataset, measurements=table)


def rows():
    """Return arguments of covariates of four measurements on two exposures."""
    return {
        "epoch": np.array([2030.0, 2030.2]),
        "exposure": np.array([0, 0, 1, 1]),
        "detector": np.array([0, 1, 2, 3]),
        "pixel": np.array([[959.5, 959.5], [0.0, 0.0], [1919.0, 0.0], [0.0, 1919.0]]),
    }


def test_time_row_and_column_lie_between_minus_one_and_one(camera):
    instrument = camera.with_term("time", name="a", minimum_degree=2, degree=2)
    for name in ("row", "column"):
        instrument = instrument.with_term(name)
    time, row, column = term_covariates(instrument, **rows())
    np.testing.assert_allclose(time, [-1, -1, 1, 1], atol=1e-9)
    edge = 959.5 / 960
    np.testing.assert_allclose(row, [0, -edge, -edge, edge], atol=1e-12)
    np.testing.assert_allclose(column, [0, -edge, edge, -edge], atol=1e-12)


def test_higher_orders_in_time_are_legendre_s_polynomials(camera):
    instrument = camera
    for order in (2, 3, 4):
        instrument = instrument.with_term(f"time_{order}", minimum_degree=2, degree=2)
    given = rows() | {
        "epoch": np.array([2030.0, 2030.03, 2030.2]),
        "exposure": np.array([0, 1, 2, 1]),
    }
    found = term_covariates(instrument, **given)
    middle = (2030.03 - np.mean(given["epoch"])) / 0.1
    first = (2030.0 - np.mean(given["epoch"])) / 0.1
    last = (2030.2 - np.mean(given["epoch"])) / 0.1
    t = np.array([first, middle, last, middle])
    wanted = [
        1.5 * t**2 - 0.5,
        2.5 * t**3 - 1.5 * t,
        (35 * t**4 - 30 * t**2 + 3) / 8,
    ]
    np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize("covariate", ["time", "time_2", "time_4"])
def test_a_shift_of_whole_exposures_is_their_pointing(plate, covariate):
    bare = plate.dataset.instrument
    dataset = replace(plate.dataset, instrument=bare.with_term(covariate, degree=0))
    with pytest.raises(ConfigError, match="pointing"):
        prepare(dataset)


def test_colours_are_taken_less_the_zero_and_multiplied(camera):
    instrument = camera.with_term("magnitude*row", zero=12.0)
    magnitude = np.array([11.0, 12.0, 13.0, 14.0])
    (found,) = term_covariates(instrument, **rows(), magnitude=magnitude)
    edge = 959.5 / 960
    np.testing.assert_allclose(found, [0.0, 0.0, -edge, 2 * edge], atol=1e-12)


@pytest.mark.parametrize(
    ("covariate", "words"),
    [("colour", "colour in the measurements, or bp_rp"), ("magnitude", "mag in the")],
)
def test_what_is_missing_altogether_is_named(camera, covariate, words):
    instrument = camera.with_term(covariate)
    with pytest.raises(ConfigError, match=words):
        plate_covariates(
            instrument,
            {"x": np.zeros(4), "y": np.zeros(4)},
            **{k: v for k, v in rows().items() if k != "pixel"},
            reference={},
            row=np.full(4, -1),
        )


def test_one_epoch_and_a_plane_without_pixels_have_no_meaning(camera):
    given = {**rows(), "epoch": np.array([2030.0, 2030.0])}
    with pytest.raises(ConfigError, match="have one epoch"):
        term_covariates(camera.with_term("time"), **given)
    bare = replace(camera, detectors=replace(camera.detectors, naxis=np.zeros((4, 2))))
    with pytest.raises(ConfigError, match="without pixels"):
        term_covariates(bare.with_term("row"), **rows())


def test_some_that_are_missing_take_the_mean_and_are_counted(plate, camera):
    n = plate.dataset.measurements.num_rows
    colour = np.linspace(0.0, 2.0, n)
    colour[::10] = np.nan
    missing = int(np.isnan(colour).sum())
    dataset = replace(
        with_column(plate.dataset, "colour", colour),
        instrument=camera.with_term("colour", zero=0.5),
    )
    with pytest.warns(MissingCovariateWarning, match=f"no colour of {missing:,} meas"):
        problem = prepare(dataset).problem
    assert problem.free == DEFAULT_FREE
    found = np.asarray(problem.measurements.covariates)[0]
    assert found.mean() == pytest.approx(np.nanmean(colour) - 0.5, abs=1e-12)
    assert np.all(np.isfinite(found))


def test_colours_come_from_the_reference_where_measurements_have_none(plate, camera):
    reference = plate.dataset.reference.drop_columns(["bp_rp"])
    colour = np.linspace(0.0, 3.0, reference.num_rows)
    dataset = replace(
        plate.dataset,
        reference=reference.append_column("bp_rp", pa.array(colour)),
        instrument=camera.with_term("colour"),
    )
    with pytest.warns(MissingCovariateWarning, match="no colour"):
        prepared = prepare(dataset)  # artificial stars are not in the reference
    measured = prepared.problem.measurements
    ids = columns_of(reference)["source_id"]
    known = dict(zip(ids.tolist(), colour.tolist(), strict=True))
    source = prepared.source_id[measured.source]
    expected = np.array([known.get(int(i), np.nan) for i in source])
    there = np.isfinite(expected)
    np.testing.assert_allclose(measured.covariates[0][there], expected[there])


TRADES = [
    (("one", {"degree": 0}), "the pointing of each exposure"),
    (("one", {"degree": 0, "granularity": "exposure"}), "the pointing"),
    (("one", {"degree": 0, "granularity": "detector"}), "x_um and y_um"),
    (("one", {"minimum_degree": 1}), "the position angle"),
    (("one", {"minimum_degree": 1, "axes": "x"}), "the focal lengths"),
    (("one", {"minimum_degree": 2, "degree": 3}), "coefficients of the distortion"),
    (("time", {"degree": 0}), "the pointing of each exposure"),
    (("time", {"minimum_degree": 1, "axes": "y"}), "the focal lengths"),
]


@pytest.mark.parametrize(("declared", "words"), TRADES)
def test_terms_that_trade_exactly_are_refused(camera, declared, words):
    covariate, options = declared
    instrument = camera.with_term(covariate, **options)
    with pytest.raises(ConfigError, match=words) as error:
        refuse_trades(instrument, DEFAULT_FREE)
    assert "hold the block" in str(error.value)
    refuse_trades(instrument, ("sources",))


@pytest.mark.parametrize(
    ("covariate", "options"),
    [
        ("time", {"minimum_degree": 2, "degree": 3}),
        ("one", {"minimum_degree": 6, "degree": 6}),
        ("colour", {}),
        ("magnitude*row", {"degree": 0}),
        ("one", {"minimum_degree": 2, "degree": 2, "granularity": "exposure"}),
    ],
)
def test_others_are_not(camera, covariate, options):
    refuse_trades(camera.with_term(covariate, **options), DEFAULT_FREE)


def test_the_remedy_is_the_lowest_degree_that_does_not_trade(camera):
    with pytest.raises(ConfigError, match="set minimum_degree = 2"):
        refuse_trades(camera.with_term("time", degree=2), DEFAULT_FREE)
    with pytest.raises(ConfigError, match="set minimum_degree = 6"):
        refuse_trades(camera.with_term("one", degree=6), DEFAULT_FREE)


def test_terms_are_free_where_they_are_declared(plate, camera):
    assert "terms" in BLOCKS
    assert "terms" not in prepare(plate.dataset).problem.free
    with pytest.raises(ConfigError, match="declares none"):
        free_blocks(SolveOptions(free=("terms",)), camera)


def test_every_granularity_reaches_the_files(plate, camera, tmp_path):
    instrument = (
        camera.with_term("magnitude", name="coma", zero=13.0, degree=0)
        .with_term("row", granularity="detector", degree=0, axes="x", sigma=0.1)
        .with_term(
            "magnitude", name="each", zero=13.0, granularity="exposure", degree=0
        )
    )
    solved = solve(replace(plate.dataset, instrument=instrument))
    assert solved.converged
    assert "terms" in solved.summary["free"]
    solved.write(tmp_path / "solution")
    files = read_solution(tmp_path / "solution")
    table = columns_of(files.tables.calibration)
    name = table["name"].astype(str)
    counts = {n: int(np.sum(name == n)) for n in ("coma_A_00", "row_A_00", "each_B_00")}
    assert counts == {"coma_A_00": 1, "row_A_00": 4, "each_B_00": 24}
    mine = name == "row_A_00"
    assert sorted(int(d) for d in table["detector_id"][mine]) == [1, 2, 3, 4]
    mine = name == "each_B_00"
    assert len({int(e) for e in table["exposure_id"][mine]}) == 24
    assert table["unit"][mine][0] == "um"
    value, error = (table[c][mine].astype(float) for c in ("value", "error"))
    assert np.all(error > 0)
    assert files.tables.covariance.shape == (name.size, name.size)
    fitted = files.instrument.terms
    assert [t.name for t in fitted] == ["coma", "row", "each"]
    assert float(fitted[2].values[1]) == pytest.approx(value.mean(), rel=1e-12)
    # A truth that has none of them: their values are zero.
    truth: Truth = plate.truth
    groups = compare(solved, truth).calibration.groups
    assert {"term coma", "term row", "term each"} <= set(groups)
    assert groups["term each"].n == 48
    # What the detectors stand for, too, is said.
    assert any("row_A_00" in text for text in solved.verdict)
