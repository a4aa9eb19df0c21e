"""A plate of many is read alone; plates of one survey have ids of their own."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reseau import Simulated, SolveOptions, simulate, solve
from reseau.datasets import read_dataset
from reseau.errors import ConfigError
from reseau.solvers import Iteration
from tiny_survey import TINY

PLATES = 3


@pytest.fixture(scope="module")
def plates() -> list[Simulated]:
    return [simulate(**TINY, plate=number) for number in range(PLATES)]


@pytest.fixture
def survey(plates: list[Simulated], tmp_path: Path) -> Path:
    """Return a dataset of all plates, measurements of each in a folder of its own."""
    place = tmp_path / "survey"
    simulate(place, **TINY)
    exposures = pa.concat_tables([plate.dataset.exposures for plate in plates])
    pq.write_table(exposures, place / "exposures.parquet")
    (place / "measurements.parquet").unlink()
    for number, plate in enumerate(plates):
        folder = place / "measurements" / f"plate_id={number}"
        folder.mkdir(parents=True)
        pq.write_table(plate.dataset.measurements, folder / "part-0.parquet")
    return place


def test_exposures_are_counted_on(plates: list[Simulated]) -> None:
    ids = [plate.dataset.exposures["exposure_id"].to_pylist() for plate in plates]
    assert [i for some in ids for i in some] == list(range(TINY["exposures"] * PLATES))
    for number, plate in enumerate(plates):
        tables = (plate.dataset.exposures, plate.truth.sources, plate.truth.exposures)
        assert all(set(t["plate_id"].to_pylist()) == {number} for t in tables)
        used = set(plate.dataset.measurements["exposure_id"].to_pylist())
        assert used <= set(ids[number])


def test_other_plates_are_not_opened(survey: Path, plates: list[Simulated]) -> None:
    for number in (0, 1):
        file = survey / "measurements" / f"plate_id={number}" / "part-0.parquet"
        file.write_bytes(b"not to be read")
    solved = solve(survey, options=SolveOptions(plate=2))
    alone = solve(plates[2].dataset)
    np.testing.assert_array_equal(
        solved.solution.parameters.offset, alone.solution.parameters.offset
    )
    assert solved.prepared.plate_id == 2
    read = [name for name in solved.summary["digests"] if "measurements" in name]
    assert read == ["measurements/plate_id=2/part-0.parquet"]


def test_all_plates_are_read_unless_one_is_named(survey: Path) -> None:
    whole = read_dataset(survey)
    assert set(whole.measurements["plate_id"].to_pylist()) == set(range(PLATES))
    one = read_dataset(survey, plate=1)
    assert set(one.measurements["plate_id"].to_pylist()) == {1}
    assert one.exposures.num_rows == whole.exposures.num_rows


def test_a_plate_that_is_not_there(survey: Path) -> None:
    with pytest.raises(ConfigError, match="one of 0, 1, 2"):
        solve(survey, options=SolveOptions(plate=7))


def test_fitting_noise_reports_its_iterations(plates: list[Simulated]) -> None:
    told: list[Iteration] = []
    solve(
        plates[0].dataset, options=SolveOptions(fit_noise="scale"), report=told.append
    )
    assert told
