"""Text that identified comes back in a solution's tables, messages and labels."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from reseau import solve
from reseau.datasets import read_dataset, read_solution, write_dataset
from reseau.errors import ReseauWarning
from reseau.verbs.reading import read_input
from reseau.verbs.solution import Solved
from small_tables import CAMERA, DEC0, OPTIONS, STARS, tables


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Solved, Path]:
    folder = tmp_path_factory.mktemp("names")
    (folder / "camera.toml").write_text(CAMERA)
    detections, places = tables()
    with pytest.warns(ReseauWarning) as said:
        found = solve(
            detections,
            folder / "out",
            reference=places,
            instrument=folder / "camera.toml",
            options=OPTIONS,
        )
    assert any("2 detections without an identified" in str(w.message) for w in said)
    return found, folder


def test_tables_have_the_texts(solved: tuple[Solved, Path]) -> None:
    files = read_solution(solved[1] / "out")
    assert sorted(files.sources["source_name"].to_pylist()) == STARS
    assert sum(files.sources["is_reference"].to_pylist()) == 6
    names = dict(
        zip(
            files.exposures["exposure_id"].to_pylist(),
            files.exposures["exposure_name"].to_pylist(),
            strict=True,
        )
    )
    assert names == {0: "F606W_01", 1: "F814W_03"}
    residuals = files.residuals
    assert set(residuals["detector_name"].to_pylist()) == {"NRCA1"}
    assert [names[i] for i in residuals["exposure_id"].to_pylist()] == (
        residuals["exposure_name"].to_pylist()
    )
    assert files.instrument.detectors.names == ("NRCA1",)
    assert "detector_name" in files.calibration.column_names


def test_astropy_reads_each_table(solved: tuple[Solved, Path]) -> None:
    paths = sorted((solved[1] / "out").glob("*.parquet"))
    assert len(paths) >= 5
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = Table.read(path)
        ours = pq.read_table(path)
        assert found.colnames == ours.column_names
        for name in (n for n in found.colnames if n.endswith("_name")):
            assert found[name].tolist() == ours[name].to_pylist()


def test_summary_and_verdict_say_them(solved: tuple[Solved, Path]) -> None:
    found, folder = solved
    assert found.summary["converged"]
    summary = json.loads((folder / "out" / "summary.json").read_text())
    worst = summary["outliers"]["measurements"]["worst"][0]["name"]
    assert "source J1745-" in worst
    assert "on exposure F" in worst
    [left] = [v for k, v in summary["dropped"].items() if "identified" in k]
    assert left["count"] == 2
    assert any("6 of 7 rows are joined" in s for s in found.sentences)
    # The camera looks where it was pointed: the pixels were counted from 1.
    axis = read_solution(folder / "out").exposures
    assert axis["dec"].to_pylist() == pytest.approx([DEC0] * 2, abs=3e-5)


def test_dataset_keeps_the_texts(solved: tuple[Solved, Path], tmp_path: Path) -> None:
    detections, places = tables()
    camera = solved[1] / "camera.toml"
    dataset = read_input(detections, OPTIONS, reference=places, instrument=camera)
    pointed = dataset.exposures
    for name in ("ra", "dec", "pa"):
        i = pointed.schema.get_field_index(name)
        zeros = np.zeros(pointed.num_rows)
        pointed = pointed.set_column(i, pointed.schema.field(i), [zeros])
    write_dataset(replace(dataset, exposures=pointed), tmp_path / "d")
    again = read_dataset(tmp_path / "d")
    assert again.names["exposure"] == {0: "F606W_01", 1: "F814W_03"}
    assert set(again.names["source"].values()) == set(STARS[:6])
    assert again.instrument.detectors.names == ("NRCA1",)
