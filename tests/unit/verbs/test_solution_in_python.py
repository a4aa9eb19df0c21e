"""Tables in, tables out: what an astronomer types, and what comes back."""

import dataclasses
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from astropy.table import QTable

import reseau
from reseau import (
    Catalogue,
    GaussNewton,
    Nuts,
    Robust,
    Solution,
    SolveOptions,
    Variational,
    read_instrument,
    read_solution,
    simulate,
    solve,
)
from reseau.errors import (
    CatalogueError,
    ConfigError,
    OutputExistsError,
    UnitError,
    WrongKindError,
)
from reseau.tables.astropy_tables import to_astropy
from reseau.verbs.solution import ReadSolution

TINY = {"small": True, "sources": 120, "artificial": 5, "exposures": 12, "seed": 3}


@pytest.fixture(scope="module")
def simulated():
    return simulate(**TINY)


@pytest.fixture(scope="module")
def detections(simulated) -> QTable:
    """Detections as a user has them: one table, its exposures by number."""
    table = QTable(to_astropy(simulated.dataset.measurements))
    return table[
        "exposure_id", "detector_id", "source_id", "x", "y", "x_error", "y_error"
    ]


@pytest.fixture(scope="module")
def pointing(simulated) -> QTable:
    table = QTable(to_astropy(simulated.dataset.exposures))
    return table["exposure_id", "ra", "dec", "pa", "epoch"]


@pytest.fixture(scope="module")
def reference(simulated) -> Catalogue:
    return Catalogue(QTable(to_astropy(simulated.dataset.reference)))


@pytest.fixture(scope="module")
def given(detections, pointing, reference) -> dict:
    return {
        "source": detections,
        "pointing": pointing,
        "reference": reference,
        "instrument": read_instrument("jasmine").with_distortion("legendre", degree=5),
        "observer": "geocentre",
        "effects": "aberration",
    }


@pytest.fixture(scope="module")
def solution(given) -> Solution:
    return solve(**given, method=GaussNewton(tolerance=1e-3))


def test_tables_come_out_with_units(solution: Solution) -> None:
    sources = solution.sources
    assert isinstance(sources, QTable)
    assert sources["ra"].unit == u.deg
    assert sources["ra_error"].unit == u.mas
    assert sources["source_id"].dtype == np.int64
    assert np.all(sources["ra_error"] > 0 * u.mas)
    assert solution.exposures["pa_error"].unit == u.arcsec
    assert solution.residuals["dx"].unit == u.pix
    assert len(solution.calibration) == len(solution.covariance)
    error = np.sqrt(np.diag(solution.covariance))
    np.testing.assert_allclose(solution.calibration["error"], error, rtol=1e-12)
    assert solution.instrument.distortion.degree == 5


def test_positions_are_those_of_truth(solution: Solution, simulated) -> None:
    truth = QTable(to_astropy(simulated.truth.sources))
    rows = {int(i): row for row, i in enumerate(truth["source_id"])}
    kept = [i for i, s in enumerate(solution.sources["source_id"]) if int(s) in rows]
    found = solution.sources[kept]
    true = truth[[rows[int(s)] for s in found["source_id"]]]
    east = (found["ra"] - true["ra"]) * np.cos(true["dec"])
    pull = np.concatenate(
        [
            (east / found["ra_error"]).to_value(""),
            ((found["dec"] - true["dec"]) / found["dec_error"]).to_value(""),
        ]
    )
    # Of n pulls the mean square is 1 ± √(2/n); 5σ fail once in two million times.
    assert abs(np.mean(pull**2) - 1.0) < 5.0 * np.sqrt(2.0 / pull.size)


def test_files_hold_the_same(solution: Solution, tmp_path: Path) -> None:
    solution.write(tmp_path / "out")
    again = read_solution(tmp_path / "out")
    for name in ("sources", "exposures", "calibration", "residuals"):
        ours, read = getattr(solution, name), getattr(again, name)
        assert ours.colnames == read.colnames
        for column in ours.colnames:
            assert getattr(ours[column], "unit", None) == read[column].unit
            np.testing.assert_array_equal(
                np.ma.filled(np.ma.asarray(_plain(ours[column])), 0),
                np.ma.filled(np.ma.asarray(_plain(read[column])), 0),
            )
    np.testing.assert_array_equal(again.covariance, solution.covariance)
    assert str(again) == str(solution)
    assert again.verdict == solution.verdict
    with pytest.raises(OutputExistsError):
        solution.write(tmp_path / "out")
    again.write(tmp_path / "copy")
    draws = read_solution(tmp_path / "copy").saved_posterior()
    assert draws is not None
    np.testing.assert_array_equal(draws.names.source_id, solution.sources["source_id"])


def _plain(column) -> np.ndarray:
    return np.asarray(getattr(column, "value", column))


def test_words_for_people(solution: Solution) -> None:
    text = str(solution)
    assert solution.verdict[0].split()[0] in text
    assert max(map(len, text.splitlines())) <= 80
    for name in ("median error", "residual RMS", "datum"):
        assert name in text
    assert "print it for the verdict" in repr(solution)
    page = solution._repr_html_()
    assert page.count("<tr>") > 8
    assert "<script" not in page
    assert "datum" in page


@pytest.mark.parametrize("kind", ["residuals", "footprint", "exposure_chi2"])
def test_figures(solution: Solution, kind: str, tmp_path: Path) -> None:
    figure = getattr(solution.plot, kind)()
    assert figure.axes
    plt.close(figure)
    assert kind in dir(solution.plot)
    solution.write(tmp_path / "s")
    figure = getattr(read_solution(tmp_path / "s").plot, kind)()
    assert figure.axes
    plt.close(figure)


def test_unknown_figures_are_named(solution: Solution) -> None:
    with pytest.raises(AttributeError, match="footprint"):
        _ = solution.plot.footprnt
    tables = solution.tables
    names = [n for n in tables.sources.column_names if "mag" not in n]
    bare = dataclasses.replace(tables, sources=tables.sources.select(names))
    with pytest.raises(ConfigError, match="residual_magnitude cannot be drawn"):
        ReadSolution(bare).plot.residual_magnitude()


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (GaussNewton(), {"method": "gauss-newton"}),
        (
            GaussNewton(tolerance=0.1, robust=Robust("student")),
            {
                "method": "gauss-newton",
                "tolerance": 0.1,
                "likelihood": "student",
                "reference_prior": "student",
            },
        ),
        (
            GaussNewton(robust=Robust("normal", references="mixture")),
            {
                "method": "gauss-newton",
                "likelihood": "normal",
                "reference_prior": "mixture",
            },
        ),
        (
            Variational(guide="lowrank", rank=3, seed=4),
            {"method": "svi", "guide": "lowrank", "rank": 3, "seed": 4},
        ),
        (Nuts(draws=20, chains=1), {"method": "nuts", "draws": 20, "chains": 1}),
    ],
)
def test_settings_are_those_of_the_command(method, options) -> None:
    assert method.options() == options
    SolveOptions(**method.options())
    with pytest.raises(dataclasses.FrozenInstanceError):
        method.seed = 1


def test_robust_is_robust(given) -> None:
    found = solve(**given, method=GaussNewton(robust=Robust("mixture")))
    same = solve(
        **given, options=SolveOptions(likelihood="mixture", reference_prior="mixture")
    )
    assert found.summary["outlier_fraction"] == same.summary["outlier_fraction"]
    assert np.all(found.sources["ra"] == same.sources["ra"])


def test_a_frame_with_names_of_its_own(given, solution: Solution) -> None:
    table = given["source"]
    frame = pd.DataFrame({name: _plain(table[name]) for name in table.colnames})
    names = {"x": "XWIN", "y": "YWIN", "x_error": "ex", "y_error": "ey"}
    frame = frame.rename(columns=names)
    columns = {n: f"{c}[pix]" for n, c in names.items()}
    found = solve(
        **(given | {"source": frame}),
        columns=columns,
        method=GaussNewton(tolerance=1e-3),
    )
    np.testing.assert_array_equal(found.sources["ra"], solution.sources["ra"])


def test_what_belongs_elsewhere_is_said(given) -> None:
    for wrong, said in (
        ({"degree": 3}, "with_distortion(degree=3)"),
        ({"likelihood": "mixture"}, "GaussNewton(robust=Robust('mixture'))"),
        ({"tolerance": 0.1}, "GaussNewton(tolerance=0.1)"),
        ({"draws": 10}, "Nuts(draws=10)"),
        ({"references": None}, "reference"),
    ):
        with pytest.raises(WrongKindError) as caught:
            solve(**given, **wrong)
        assert said in str(caught.value)


@pytest.mark.unchecked
def test_a_method_is_an_object(given) -> None:
    with pytest.raises(WrongKindError, match=r"GaussNewton\(\), Variational\(\)"):
        solve(**given, method="nuts")


def test_errors_name_argument_and_column(given) -> None:
    table = given["source"]
    wrong = table.copy()
    wrong["x_error"] = np.full(len(wrong), 0.01) * u.s
    with pytest.raises(UnitError, match="x_error"):
        solve(**(given | {"source": wrong}))
    with pytest.raises(CatalogueError, match=r"lacks the columns? y"):
        solve(**(given | {"source": table["exposure_id", "source_id", "x"]}))
    unequal = {"x": np.zeros(3) * u.pix, "y": np.zeros(2) * u.pix}
    with pytest.raises(CatalogueError):
        solve(**(given | {"source": unequal}))


@pytest.mark.filterwarnings("ignore::reseau.errors.DroppedWarning")
def test_a_free_network_is_an_argument(given) -> None:
    found = solve(**(given | {"reference": False}))
    assert "minimum trace" in found.summary["datum"] or found.summary["free_network"]


def test_few_names_are_public() -> None:
    assert len(reseau.__all__) <= 40
    for name in reseau.__all__:
        assert getattr(reseau, name) is not None
    with pytest.raises(AttributeError):
        _ = reseau.nothing_of_this_name
