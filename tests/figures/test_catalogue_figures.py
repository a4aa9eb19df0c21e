"""Figures of a catalogue of many plates draw the numbers that they are given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, PathCollection, QuadMesh
from matplotlib.container import ErrorbarContainer
from typer.testing import CliRunner

import reseau
from reseau.cli import app
from reseau.datasets.catalogues import CatalogueTables, write_catalogue
from reseau.diagnostics.joined.columns import JoinedColumns, joined_columns
from reseau.diagnostics.joined.common_errors import common_errors
from reseau.diagnostics.joined.error_shares import error_shares
from reseau.diagnostics.joined.plate_agreement import PlateAgreement
from reseau.diagnostics.joined.source_path import source_path
from reseau.errors import CatalogueError, ConfigError
from reseau.plots.common_error_maps import common_error_maps
from reseau.plots.error_shares import error_shares as drawn_errors
from reseau.plots.goodness import goodness
from reseau.plots.plate_agreement import plate_agreement
from reseau.plots.source_path import source_path as drawn_path
from reseau.plots.vector_points import FACTORS, vector_points
from reseau.reports.catalogue_figures import CATALOGUE_KINDS
from reseau.verbs.combine import Motions, read_motions
from small_catalogue import COMMON, N_PLATES, N_SOURCES, small_catalogue


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a catalogue with epochs."""
    folder = tmp_path_factory.mktemp("catalogue") / "catalogue"
    write_catalogue(folder, small_catalogue())
    return folder


@pytest.fixture
def given() -> JoinedColumns:
    return joined_columns(small_catalogue())


def _legend(ax: object) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]  # type: ignore[attr-defined]


def _invoke(*arguments: object) -> object:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_track_shows_places_ellipses_and_residuals(given: JoinedColumns) -> None:
    path = source_path(given, int(given.catalogue["source_id"][20]))
    sky, motionless, residuals = drawn_path(path).axes
    seen = path.model + path.residual
    (ellipses,) = (c for c in sky.collections if isinstance(c, EllipseCollection))
    np.testing.assert_allclose(ellipses.get_offsets(), seen)
    sizes = np.sqrt(np.linalg.eigvalsh(path.covariance))
    np.testing.assert_allclose(ellipses.get_widths(), 2.0 * sizes[:, 1])
    np.testing.assert_allclose(ellipses.get_heights(), 2.0 * sizes[:, 0])
    assert sky.xaxis_inverted()
    bars = [c for c in residuals.containers if isinstance(c, ErrorbarContainer)]
    for axis, bar in enumerate(bars):
        points = bar[0].get_xydata()
        np.testing.assert_allclose(points[:, 0], path.epoch)
        np.testing.assert_allclose(points[:, 1], path.residual[:, axis])
    curves = [line for line in motionless.lines if line.get_xdata().size > N_PLATES]
    still = path.less_motion(path.curve_epoch, path.curve)
    for axis, curve in enumerate(curves):
        np.testing.assert_allclose(curve.get_ydata(), still[:, axis])
    assert len(bars) == len(curves) == 2
    assert str(path.source_id) in drawn_path(path).get_suptitle()


def test_ellipses_of_motions_lie_as_their_covariance_says() -> None:
    motion = np.array([[1.0, 2.0], [3.0, -1.0], [-2.0, 0.0], [np.nan, 1.0]])
    covariance = np.array([[4.0, 3.0], [3.0, 9.0]])
    known = np.broadcast_to(covariance, (4, 2, 2))
    ax = vector_points(motion, known, is_reference=np.array([True, True, False, True]))
    references, others = (c for c in ax.collections if isinstance(c, EllipseCollection))
    np.testing.assert_allclose(references.get_offsets(), motion[:2])
    np.testing.assert_allclose(others.get_offsets(), motion[2:3])
    value = np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(references.get_widths(), 2.0 * np.sqrt(value[1]))
    # The direction of the major axis: tan 2θ = 2 c / (a - b), in East and North.
    wanted = np.rad2deg(0.5 * np.arctan2(2.0 * 3.0, 4.0 - 9.0))
    turned = (references.get_angles() - wanted + 90.0) % 180.0 - 90.0
    np.testing.assert_allclose(turned, 0.0, atol=1e-9)
    assert ax.xaxis_inverted()
    assert _legend(ax)[0].startswith("references: 2, 1σ ellipses; median")


def test_small_ellipses_are_enlarged_and_that_is_said() -> None:
    rng = np.random.default_rng(1)
    motion = rng.normal(0.0, 5.0, (1000, 2))
    covariance = np.broadcast_to(1e-4 * np.eye(2), (1000, 2, 2)).copy()
    covariance[0] *= 1e6
    is_reference = np.ones(1000, dtype=bool)
    ax = vector_points(motion, covariance, is_reference=is_reference)
    (ellipses,) = (c for c in ax.collections if isinstance(c, EllipseCollection))
    factor = np.unique(np.round(ellipses.get_widths() / 0.02, 6))
    assert factor.size == 1  # the source with the large error has none
    assert factor[0] in FACTORS
    assert factor[0] > 1
    assert f"enlarged {factor[0]:.0f} times; median 10 µas/yr" in _legend(ax)[0]
    outside = [t.get_text() for t in ax.texts]
    assert any(text.endswith("of 1,000 lie outside") for text in outside)


def test_errors_are_drawn_with_what_calibration_adds(given: JoinedColumns) -> None:
    found = error_shares(given, "phot_hw_mag")
    figure = drawn_errors(found, label="Hw [mag]")
    parallax, share = figure.axes[1], figure.axes[4]
    points = [c for c in parallax.collections if isinstance(c, PathCollection)]
    drawn = np.concatenate([c.get_offsets() for c in points])
    assert len(drawn) == N_SOURCES - 5
    unit = 1e3 if "µas" in parallax.get_ylabel() else 1.0
    np.testing.assert_allclose(np.sort(drawn[:, 1]), np.sort(unit * found[2].error))
    lines = {line.get_label(): line.get_ydata() for line in parallax.lines}
    for who in ("references", "others"):
        free = lines[f"_median of parallax, {who}"]
        assert np.all(lines[f"calibration held, {who}"] < free)
    for line in share.lines:
        wanted = found[2].is_reference
        if "others" in line.get_label():
            wanted = ~wanted
        least, largest = np.quantile(found[2].share[wanted], (0.0, 1.0))
        assert np.all((line.get_ydata() <= largest) & (line.get_ydata() >= least))
    assert len(share.lines) == 2


def test_maps_show_what_neighbours_have_in_common(given: JoinedColumns) -> None:
    found = common_errors(given)
    figure = common_error_maps(found, title="shared")
    assert figure.get_suptitle().startswith("shared, about 266.")
    for ax, row in zip(figure.axes[:3], (2, 3, 4), strict=True):
        (mesh,) = (c for c in ax.collections if isinstance(c, QuadMesh))
        values = np.ma.compressed(mesh.get_array())
        assert values.size == np.isfinite(found.shared[row]).sum()
        np.testing.assert_allclose(values, 1e3 * COMMON[row])
        assert f"{1e3 * COMMON[row]:.3g} µas" in ax.get_title()
        assert ax.xaxis_inverted()
    assert len(figure.axes[3].lines) == 4


def test_goodness_counts_those_that_do_not_follow() -> None:
    rng = np.random.default_rng(4)
    gof, ruwe = rng.standard_normal(500), rng.normal(1.0, 0.1, 500)
    gof[:3], ruwe[:4], gof[9] = 7.0, 2.0, np.nan
    figure = goodness(
        gof,
        ruwe,
        rng.uniform(9.0, 14.0, 500),
        is_reference=np.arange(500) < 400,
        bad=5.0,
        label="Hw [mag]",
    )
    left, right = figure.axes
    names = _legend(left)
    assert names[0].startswith("references: std")
    assert names[0].endswith("399 sources, 3 beyond ±5")
    assert names[1].endswith("100 sources")
    assert _legend(right) == ["F2 > 5: 3", "1.4: 4 of 500 above"]


def test_plates_that_disagree_are_named() -> None:
    found = PlateAgreement(
        plate_id=np.array([11, 12, 13, 14]),
        epoch=np.array([2028.0, 2028.5, 2029.0, 2029.5]),
        factor=np.array([1.0, 1.3, np.nan, 1.0]),
        error=np.array([0.02, 0.02, np.nan, 0.02]),
        weight=np.array([1.0, 1.0, 1.0, 0.5]),
        is_apart=np.array([False, True, False, False]),
    )
    ax = plate_agreement(found)
    assert {t.get_text() for t in ax.texts} == {"12", "14"}
    bars = [c for c in ax.containers if isinstance(c, ErrorbarContainer)]
    drawn = np.concatenate([b[0].get_xydata() for b in bars])
    np.testing.assert_allclose(drawn[:, 1], [1.0, 1.3, 1.0])
    assert [text.split(":")[1] for text in _legend(ax)] == [" 1", " 1", " 1"]


def test_figures_are_written_and_what_is_lacking_is_said(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "c", replace(small_catalogue(), epochs=None))
    result = _invoke("plot", tmp_path / "c", "-o", tmp_path / "f")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for kind, what in CATALOGUE_KINDS.items():
        file = tmp_path / "f" / f"{kind}.png"
        if kind in ("track", "epoch_pulls"):
            assert f"not drawn: {kind}, it has no positions on plates" in said
            assert not file.exists()
        else:
            assert f"{kind}.png: {what.shows}" in said
            assert file.read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    bare = Motions(replace(small_catalogue(), epochs=None))
    with pytest.raises(ConfigError, match=r"combine with .*epochs"):
        reseau.plot(bare, tmp_path / "g", kinds=["track"])
    with pytest.raises(ConfigError, match=r"combine with .*epochs"):
        bare.plot.track()
    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--kind", "convergence"), ("convergence", "vector_points")),
        (("--source", "12"), ("source_id 12", "240 sources")),
        (("--source", "12", "--kind", "goodness"), ("add --kind track",)),
        (("--truth", "survey"), ("reseau compare",)),
    ],
)
def test_what_a_catalogue_does_not_have_is_refused(
    place: Path, tmp_path: Path, options: tuple, words: tuple
) -> None:
    result = _invoke("plot", place, "-o", tmp_path / "f", *options)
    assert result.exit_code == 2
    assert all(word in result.stderr for word in words), result.stderr
    assert not (tmp_path / "f").exists()


def test_figures_by_name_in_python(place: Path) -> None:
    motions = read_motions(place)
    assert set(CATALOGUE_KINDS) <= set(dir(motions.plot))
    source = int(motions.catalogue["source_id"][30])
    assert str(source) in motions.plot.track(source=source).get_suptitle()
    pulls = motions.plot.epoch_pulls().axes[0]
    assert [text.split(":")[0] for text in _legend(pulls)][:2] == ["α cos δ", "δ"]
    with pytest.raises(AttributeError, match="vector_points"):
        _ = motions.plot.vector_point
    with pytest.raises(CatalogueError, match="source_id 5"):
        motions.plot.track(source=5)


def test_info_says_what_the_directory_is(place: Path) -> None:
    found = reseau.describe(place)
    assert found.kind == "catalogue of many plates"
    facts = dict(found.facts)
    assert facts["sources"] == "240"
    assert facts["positions on plates"].startswith("2,880 rows")
    assert facts["prior"].startswith("all that references say")
    assert set(found.tables) == {"catalogue", "plates", "epochs"}
    assert found.sentences == ["240 sources from 12 plates, 180 of them with priors."]
    without = replace(small_catalogue(), epochs=None)
    assert "--epochs" in dict(_facts(without))["positions on plates"]


def _facts(tables: CatalogueTables) -> list[tuple[str, str]]:
    from reseau.verbs.info_of_catalogue import catalogue_facts

    return catalogue_facts(tables)


def test_the_directory_is_read_as_a_catalogue(place: Path, tmp_path: Path) -> None:
    found = reseau.Catalogue.read(place)
    inside = reseau.Catalogue.read(place / "catalogue.parquet")
    assert len(found.table) == N_SOURCES
    assert found.table.colnames == inside.table.colnames
    np.testing.assert_array_equal(found["parallax"], inside["parallax"])
    with pytest.raises(reseau.ReseauError, match="is a directory"):
        reseau.Catalogue.read(tmp_path)
