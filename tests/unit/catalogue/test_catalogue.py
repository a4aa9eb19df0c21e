"""Six parameters and covariances from Gaia's columns; missing values by stated rule."""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable
from astropy.utils.masked import Masked

from reseau.catalogue import Catalogue, WidePrior, astrometry
from reseau.errors import (
    CatalogueError,
    FileFormatError,
    MissingAstrometryWarning,
    OutputExistsError,
)

BIG = 4057480204110713985
ORDER = ("ra", "dec", "parallax", "pmra", "pmdec")


def columns(n: int = 2, **changes: Any) -> dict[str, np.ndarray]:
    found: dict[str, Any] = {
        "source_id": BIG + np.arange(n),
        "ref_epoch": np.full(n, 2016.0),
        "ra": np.full(n, 266.0),
        "dec": np.full(n, -29.0),
        "parallax": np.full(n, 0.12),
        "pmra": np.full(n, -3.0),
        "pmdec": np.full(n, -5.0),
        "radial_velocity": np.full(n, 20.0),
        "radial_velocity_error": np.full(n, 2.0),
    }
    for i, name in enumerate(ORDER):
        found[f"{name}_error"] = np.full(n, 0.1 * (i + 1))
    return {k: np.asarray(v) for k, v in (found | changes).items()}


def random_covariance(rng: np.random.Generator) -> np.ndarray:
    root = rng.normal(size=(5, 8))
    return root @ root.T


def test_covariance_is_rebuilt_from_errors_and_correlations() -> None:
    rng = np.random.default_rng(1)
    wanted = np.stack([random_covariance(rng) for _ in range(4)])
    given = columns(4)
    for i, a in enumerate(ORDER):
        given[f"{a}_error"] = np.sqrt(wanted[:, i, i])
        for j, b in enumerate(ORDER[i + 1 :], start=i + 1):
            scale = np.sqrt(wanted[:, i, i] * wanted[:, j, j])
            given[f"{a}_{b}_corr"] = wanted[:, i, j] / scale
    found = astrometry(given)
    np.testing.assert_allclose(found.covariance[:, :5, :5], wanted, rtol=1e-13)
    np.testing.assert_array_equal(found.covariance[:, 5, 5], 4.0)
    np.testing.assert_array_equal(found.covariance[:, 5, :5], 0.0)
    np.testing.assert_array_equal(found.mean[0], [266, -29, 0.12, -3, -5, 20])
    assert not any(found.missing.values())


def test_missing_motion_gets_the_wide_prior_and_is_counted() -> None:
    given = columns(
        3,
        parallax=[np.nan, 0.1, 0.1],
        pmdec_error=[0.1, np.nan, 0.1],
        ra_parallax_corr=[0.5, 0.5, 0.5],
        ra_pmra_corr=[0.3, 0.3, 0.3],
    )
    del given["radial_velocity"], given["radial_velocity_error"]
    with pytest.warns(
        MissingAstrometryWarning,
        match="1 lack a parallax and 0 a proper.*; 1 values without errors",
    ):
        found = astrometry(given)
    assert found.missing == {
        "position": 0,
        "parallax": 1,
        "proper_motion": 0,
        "radial_velocity": 3,
        "errors": 1,
    }
    np.testing.assert_array_equal(found.mean[0, 2:], [0, -3, -5, 0])
    np.testing.assert_array_equal(found.mean[1, 2:], [0.1, -3, -5, 0])
    np.testing.assert_array_equal(found.covariance[0, 2], [0, 0, 1, 0, 0, 0])
    assert found.covariance[1, 3, 3] == pytest.approx(given["pmra_error"][1] ** 2)
    np.testing.assert_array_equal(found.covariance[1, 4], [0, 0, 0, 0, 100, 0])
    assert found.covariance[2, 0, 2] == pytest.approx(0.5 * 0.1 * 0.3)
    assert found.covariance[0, 0, 2] == 0
    np.testing.assert_array_equal(found.covariance[:, 5, 5], 1e4)


def test_wide_prior_can_be_chosen() -> None:
    given = columns(parallax=[np.nan, np.nan])
    with pytest.warns(MissingAstrometryWarning, match="0 ± 2 mas"):
        found = astrometry(given, wide=WidePrior(parallax=2.0))
    np.testing.assert_array_equal(found.covariance[:, 2, 2], 4.0)
    with pytest.raises(CatalogueError, match="proper_motion"):
        WidePrior(proper_motion=0.0)


def test_missing_position_error_means_no_prior() -> None:
    found = astrometry(columns(ra_error=[np.nan, 0.1], ra_dec_corr=[0.5, 0.5]))
    assert found.has_position.tolist() == [False, True]
    assert found.missing["position"] == 1
    assert np.isnan(found.covariance[0, [0, 1], [0, 1]]).all()
    assert np.isfinite(found.covariance[0, 2:]).all()
    assert np.isfinite(found.covariance[1]).all()


def test_fixed_positions_have_no_variance_and_no_warning() -> None:
    given = {k: columns()[k] for k in ("source_id", "ra", "dec")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = astrometry(given | {"fixed": np.array([True, True])})
    assert found.has_position.all()
    np.testing.assert_array_equal(found.covariance[:, :2, :2], 0.0)
    assert np.isnan(found.epoch).all()


def test_contradicting_correlations_are_refused() -> None:
    given = columns(
        ra_dec_corr=[0.0, 0.9],
        ra_parallax_corr=[0.0, 0.9],
        dec_parallax_corr=[0.0, -0.9],
    )
    with pytest.raises(CatalogueError, match=str(BIG + 1)):
        astrometry(given)


SUFFIXES = [".parquet", ".fits", ".ecsv", ".vot", ".csv"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_catalogue_survives_a_round_trip(tmp_path: Path, suffix: str) -> None:
    table = QTable()
    table["source_id"] = [BIG, BIG + 1]
    table["ref_epoch"] = [2016.0, 2017.5] * u.yr
    table["ra"] = [1 / 3, 266.1] * u.deg
    table["dec"] = [-29.0, 0.1] * u.deg
    table["parallax"] = Masked([0.1, 0.0] * u.mas, mask=[False, True])
    table["parallax_error"] = Masked([0.1, 0.0] * u.mas, mask=[False, True])
    path = tmp_path / f"c{suffix}"
    history = {"from": [2016.0, 2017.5], "to": 2026.0, "light_time": False}
    table.meta["at_epoch"] = history
    Catalogue(table).write(path)
    found = Catalogue.read(path)
    assert len(found) == 2
    keeps = suffix in {".parquet", ".ecsv"}
    assert found.table.meta.get("at_epoch") == (history if keeps else None)
    assert isinstance(found.table, QTable)
    assert found.table["source_id"].tolist() == [BIG, BIG + 1]
    assert found.table["ra"].unit == u.deg
    read = found.columns()
    assert read["ra"].tolist() == [1 / 3, 266.1]
    assert read["parallax"][0] == 0.1
    assert np.isnan(read["parallax"][1])
    assert bool(found.table["parallax"].mask[1])
    with pytest.raises(OutputExistsError):
        Catalogue(table).write(path)


def test_one_component_of_a_motion_is_used() -> None:
    with pytest.warns(MissingAstrometryWarning, match="1 a proper motion"):
        found = astrometry(columns(2, pmdec=[np.nan, -5.0]))
    np.testing.assert_array_equal(found.mean[0, 3:5], [-3, 0])
    assert found.covariance[0, 4, 4] == 100.0


def test_what_no_star_can_have_is_refused_as_at_an_epoch() -> None:
    table = QTable({name: np.array(v) for name, v in columns(2).items()})
    table["dec"] = [91.0, 0.0]
    with pytest.raises(CatalogueError, match=r"row 0.*91"):
        Catalogue(table).astrometry()
    del table["source_id"]
    table["dec"] = [-29.0, 0.0]
    with pytest.raises(CatalogueError, match="lacks the column source_id"):
        Catalogue(table).astrometry()


def test_sources_of_a_solution_are_no_catalogue(tmp_path: Path) -> None:
    table = QTable({name: np.array(v) for name, v in columns(2).items()})
    table.rename_column("ref_epoch", "epoch")
    table["n_measurements"] = [30, 31]
    path = tmp_path / "sources.ecsv"
    table.write(path)
    with pytest.raises(CatalogueError, match="as seen by its observer"):
        Catalogue.read(path)


def test_catalogues_are_read_without_what_draws(tmp_path: Path) -> None:
    program = (
        "import sys; from reseau import Catalogue; assert 'matplotlib' not in "
        "sys.modules; Catalogue.read(sys.argv[1])"
    )
    path = tmp_path / "absent.parquet"
    command = [sys.executable, "-c", program, str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "FileFormatError" in found.stderr
    assert str(path) in found.stderr


def test_units_of_the_table_are_converted() -> None:
    table = QTable(
        {"source_id": [1], "ra": [np.pi / 2] * u.rad, "dec": [60] * u.arcmin}
    )
    found = Catalogue(table).columns()
    assert found["ra"] == pytest.approx(90.0)
    assert found["dec"] == pytest.approx(1.0)


def test_catalogue_needs_only_positions(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"source_id,ref_epoch,ra,dec\n{BIG},2016.0,266.0,-29.0\n")
    catalogue = Catalogue.read(path)
    with pytest.warns(MissingAstrometryWarning):
        found = catalogue.astrometry()
    assert found.source_id.tolist() == [BIG]
    assert not found.has_position.any()
    path.write_text("source_id,ref_epoch,ra,de\n1,2016.0,266.0,-29.0\n")
    with pytest.raises(CatalogueError, match="dec: is it de"):
        Catalogue.read(path)


def test_unknown_suffix_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"\.docx"):
        Catalogue(QTable({"source_id": [1]})).write(tmp_path / "c.docx")
    assert list(tmp_path.iterdir()) == []
