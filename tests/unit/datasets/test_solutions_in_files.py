"""Solutions: written whole or not at all, read back exactly."""

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reseau.datasets.solutions as solutions
from reseau.datasets import (
    read_instrument,
    read_solution,
    read_summary,
    solution_tables,
    write_solution,
)
from reseau.errors import (
    CatalogueError,
    FileFormatError,
    OutputExistsError,
    ReseauError,
    Result,
    ShapeError,
)
from reseau.tables import read_table
from reseau.tables.columns import Column, TableSchema
from reseau.tables.solution_layouts import RESIDUALS, SOLUTION_EXPOSURES

BIG = 4057480204110713985


def _numbers(schema: TableSchema) -> list[Column]:
    return [c for c in schema.columns if c.dtype != "string"]


def content(**changes: Any) -> dict[str, Any]:
    sources = {
        "source_id": np.array([BIG, BIG + 1]),
        "plate_id": np.zeros(2, np.int32),
        "epoch": np.full(2, np.nan),
        "ra": np.array([1 / 3, 266.0]),
        "dec": np.array([-29.0, -28.0]),
        "ra_error": np.array([0.1, np.nan]),
        "dec_error": np.array([0.1, np.nan]),
        "ra_dec_corr": np.array([0.5, np.nan]),
        "n_measurements": np.array([96, 2]),
        "is_reference": np.array([True, False]),
        "prior_pull": np.array([1.2, np.nan]),
        "flags": np.array([0, 1]),
    }
    exposures = {c.name: np.zeros(1) for c in _numbers(SOLUTION_EXPOSURES)}
    exposures |= {"exposure_id": np.array([10]), "plate_id": np.array([0])}
    exposures |= {"focal_x_mm": np.array([4860.1]), "focal_y_mm": np.array([4860.2])}
    calibration = {
        "name": ["A_20", "x_um", "x_um"],
        "unit": ["um", "um", "um"],
        "value": np.array([1.0, 2.0, 3.0]),
        "error": np.array([0.1, 0.2, 0.0]),
        "prior_pull": np.array([0.1, 0.2, np.nan]),
        "exposure_id": [None, None, None],
        "detector_id": [None, 1, 2],
    }
    residuals = {c.name: np.zeros(1) for c in _numbers(RESIDUALS)}
    for name in ("exposure_id", "detector_id", "source_id"):
        residuals[name] = np.array([BIG if name == "source_id" else 1])
    root = np.arange(9.0).reshape(3, 3)
    return {
        "sources": sources,
        "exposures": exposures,
        "calibration": calibration,
        "covariance": root @ root.T,
        "residuals": residuals,
        "instrument": read_instrument("jasmine"),
        "summary": {"result": Result.SUCCESSFUL, "chi2": np.float64(3.5)},
    } | changes


def _write(path: Path, *, overwrite: bool = False, **given) -> None:
    write_solution(path, solution_tables(**given), overwrite=overwrite)


def test_solution_reads_the_same(tmp_path: Path) -> None:
    wanted = content()
    _write(tmp_path / "s", **wanted)
    found = read_solution(tmp_path / "s")
    assert found.sources["source_id"].to_pylist() == [BIG, BIG + 1]
    assert found.sources["ra"].to_pylist() == [1 / 3, 266.0]
    assert np.isnan(found.sources["ra_error"].to_numpy()[1])
    assert found.calibration["detector_id"].to_pylist() == [None, 1, 2]
    np.testing.assert_array_equal(found.covariance, wanted["covariance"])
    assert found.summary == {
        "format": "reseau-solution/1",
        "result": "SUCCESSFUL",
        "chi2": 3.5,
    }
    labels = read_table(tmp_path / "s/calibration_covariance.parquet").column_names
    assert labels == ["A_20", "x_um@detector=1", "x_um@detector=2"]
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [
        "calibration.parquet",
        "calibration_covariance.parquet",
        "exposures.parquet",
        "instrument.toml",
        "residuals.parquet",
        "sources.parquet",
        "summary.json",
    ]


def test_residuals_keep_the_unit_of_the_positions(tmp_path: Path) -> None:
    _write(tmp_path / "s", **content(), unit="um")
    found = read_solution(tmp_path / "s").residuals.schema
    assert found.field("dx").metadata[b"unit"] == b"um"
    assert found.field("dxi").metadata[b"unit"] == b"mas"


def test_summary_is_plain_json(tmp_path: Path) -> None:
    summary = {
        "a": np.nan,
        "b": np.array([1.0, np.inf]),
        "c": {"d": (np.int64(BIG), None, True)},
        "e": Path("x"),
        "f": {"z", "y"},
    }
    _write(tmp_path / "s", **content(summary=summary))
    found = json.loads((tmp_path / "s/summary.json").read_text())
    del found["format"]
    assert found == {
        "a": None,
        "b": [1.0, None],
        "c": {"d": [BIG, None, True]},
        "e": "x",
        "f": ["y", "z"],
    }


def test_solution_without_calibration(tmp_path: Path) -> None:
    empty = {name: [] for name in ("name", "unit", "exposure_id", "detector_id")}
    empty |= {name: np.zeros(0) for name in ("value", "error", "prior_pull")}
    _write(tmp_path / "s", **content(calibration=empty, covariance=np.zeros((0, 0))))
    assert read_solution(tmp_path / "s").covariance.shape == (0, 0)


def test_covariance_must_fit(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match=r"\(2, 2\)"):
        _write(tmp_path / "s", **content(covariance=np.eye(2)))
    assert list(tmp_path.iterdir()) == []


def test_missing_column_is_refused(tmp_path: Path) -> None:
    bad = content()
    del bad["sources"]["flags"]
    with pytest.raises(CatalogueError, match="flags"):
        _write(tmp_path / "s", **bad)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_no_half_solution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(solutions, "write_instrument", fail)
    with pytest.raises(ReseauError, match="No space left"):
        _write(tmp_path / "s", **content())
    assert list(tmp_path.iterdir()) == []


def test_existing_solution(tmp_path: Path) -> None:
    _write(tmp_path / "s", **content())
    with pytest.raises(OutputExistsError):
        _write(tmp_path / "s", **content())
    _write(tmp_path / "s", **content(summary={"n": 2}), overwrite=True)
    assert read_summary(tmp_path / "s")["n"] == 2


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"format": "reseau-solution/9"}'])
def test_directory_that_is_no_solution(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(FileFormatError, match="reseau-solution/1"):
        read_solution(tmp_path)


def test_absent_summary(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"summary\.json"):
        read_solution(tmp_path)
