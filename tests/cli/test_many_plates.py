"""`solve --plates`: exit codes, the words on the screen, one plate of many."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from many_plates import simulated_plates, write_plates


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of three plates, of which the last one is cut off."""
    place = write_plates(
        tmp_path_factory.mktemp("plates") / "survey", simulated_plates(3)
    )
    file = place / "measurements" / "plate_id=2" / "0.parquet"
    file.write_bytes(file.read_bytes()[:-50])
    return place


@pytest.fixture(scope="module")
def solutions(survey: Path, run) -> Path:
    """Return the solution of all plates; not to be changed."""
    place = survey.parent / "solutions"
    result = run("solve", survey, "-o", place, "--plates", "all", "--workers", 1)
    assert result.exit_code == 3, result
    said = result.stdout
    assert said.startswith("2 of 3 plates are solved.\nPlate 2: 0.parquet")
    assert "sigma0: median" in said
    assert "plates        2 of 3 solved" in said
    assert "error: plate 2: 0.parquet" in result.stderr
    return place


def test_the_files_are_those_of_a_survey(solutions: Path, run) -> None:
    names = sorted(p.name for p in solutions.iterdir())
    assert names == ["plates", "plates.parquet", "summary.json"]
    assert sorted(p.name for p in (solutions / "plates").iterdir()) == [
        "plate_id=0",
        "plate_id=1",
    ]
    table = pq.read_table(solutions / "plates.parquet")
    assert table["result"].to_pylist() == ["successful", "successful", "failed"]
    assert run("info", solutions / "plates" / "plate_id=1").exit_code == 0
    told = json.loads(run("info", solutions, "--json").stdout)
    assert told["facts"]["plates"] == "2 of 3 solved"


def test_good_plates_end_well_and_tell_in_json(
    survey: Path, tmp_path: Path, run
) -> None:
    whole = ("solve", survey, "-o", tmp_path / "out", "--plates", "0-1")
    result = run(*whole, "--workers", 1, "--json")
    assert result.exit_code == 0, result
    found = json.loads(result.stdout)
    assert (found["n_solved"], found["converged"]) == (2, True)
    assert found["run"]["workers"] == 1
    again = run(*whole, "--workers", 1)
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_progress_is_told(survey: Path, tmp_path: Path, run) -> None:
    result = run(
        *("solve", survey, "-o", tmp_path / "out", "--plates", "1,2"),
        *("--workers", 1, "--verbose"),
    )
    assert "plate 1: 1 of 2" in result.stderr
    assert "plate 2: 0.parquet" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--plates", "0-7"), "one of 0, 1, 2"),
        (("--plates", ""), "plates ''"),
        (("--plates", "all", "--workers", 0), "workers = 0"),
        (("--plates", "all", "--workers", -1), "workers = -1"),
        (("--plates", "all", "--plate", 1), "--plate with --plates"),
        (("--workers", 2), "--workers 2 without --plates"),
        (("--plates", "all", "--free", "skew", "--fix", "skew"), "freed and fixed"),
    ],
)
def test_bad_options(survey: Path, tmp_path: Path, run, options, said: str) -> None:
    result = run("solve", survey, "-o", tmp_path / "out", *options)
    assert result.exit_code == 2, result
    assert said in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["plot", "compare", "posterior"])
def test_other_verbs_name_a_plate(
    verb: str, survey: Path, solutions: Path, tmp_path: Path, run
) -> None:
    more = {"plot": ("-o", tmp_path / "f"), "compare": ("--truth", survey)}
    result = run(verb, solutions, *more.get(verb, ("-o", tmp_path / "p.nc")))
    assert result.exit_code == 2, result
    assert "plate_id=0" in result.stderr, result
