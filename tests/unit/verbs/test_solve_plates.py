"""Many plates: each solved on its own, whoever does it and however often it ends."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from many_plates import simulated_plates, write_plates
from reseau import (
    ReseauError,
    Simulated,
    SolveOptions,
    SurveySolution,
    compare,
    describe,
    read_solution,
    read_survey_solution,
    solve,
    solve_plates,
)
from reseau.errors import (
    ConfigError,
    FileFormatError,
    OutputExistsError,
    ReseauWarning,
    WrongKindError,
)
from reseau.verbs.gathered import PlateDone
from reseau.verbs.solution import Solved

pytestmark = pytest.mark.usefixtures("typed")

GOOD, BAD, LONELY = (0, 1, 3), 2, 3
TABLES = ("sources", "exposures", "calibration", "residuals")


@pytest.fixture(scope="module")
def plates() -> list[Simulated]:
    return simulated_plates(4)


@pytest.fixture(scope="module")
def survey(plates: list[Simulated], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of which a plate has NaN, and another one a single star."""
    place = write_plates(tmp_path_factory.mktemp("many") / "survey", plates)
    file = place / "measurements" / f"plate_id={BAD}" / "0.parquet"
    change(file, "x", lambda values: np.full_like(values, np.nan))
    file = place / "measurements" / f"plate_id={LONELY}" / "0.parquet"
    pq.write_table(pq.ParquetFile(file).read().slice(0, 1), file)
    return place


def change(file: Path, name: str, how: Callable[[np.ndarray], np.ndarray]) -> None:
    table = pq.ParquetFile(file).read()
    row = table.schema.get_field_index(name)
    values = pa.array(how(table[name].to_numpy()))
    pq.write_table(table.set_column(row, table.schema.field(row), values), file)


@pytest.fixture(scope="module")
def solved(survey: Path) -> SurveySolution:
    """Return the plates as this process solves them; not to be changed."""
    return solve_plates(survey, survey.parent / "here", workers=1)


def contents(folder: Path) -> dict[str, Any]:
    """Return what is in each file but times and memory."""
    found: dict[str, Any] = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = file.relative_to(folder).as_posix()
        if file.suffix == ".json":
            found[name] = timeless(json.loads(file.read_text()))
        elif name == "plates.parquet":
            found[name] = pq.read_table(file).drop_columns(["seconds"]).to_pylist()
        else:
            found[name] = file.read_bytes()
    return found


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        apart = ("seconds", "peak_memory", "run")
        return {k: timeless(v) for k, v in value.items() if k not in apart}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def same(one: Path, other: Path) -> bool:
    a, b = contents(one), contents(other)
    assert list(a) == list(b)
    # NaN is not itself.
    differ = [name for name in a if repr(a[name]) != repr(b[name])]
    assert not differ
    return True


def test_what_failed_is_told_and_stops_nothing(solved: SurveySolution) -> None:
    assert solved.solved == list(GOOD)
    assert solved.failed == [BAD]
    assert solved.exit_code == 3
    rows = {row["plate_id"]: row for row in solved.plates}
    assert list(rows) == [0, 1, 2, 3]
    assert rows[BAD]["result"] == "failed"
    assert "column x" in rows[BAD]["message"]
    assert "column x" in solved.summary["not_solved"][0]["message"]
    assert rows[LONELY]["n_measurements"] == 1
    said = str(solved)
    assert said.startswith("3 of 4 plates are solved.\nPlate 2: ")
    assert "sigma0: median" in said
    assert solved.summary["n_measurements"] == sum(
        rows[n]["n_measurements"] for n in GOOD
    )
    assert len(said.splitlines()) <= 12
    assert repr(solved).startswith("<SurveySolution of 4 plates, 3 solved")
    assert "<p>3 of 4 plates" in solved._repr_html_()


def test_a_plate_of_many_is_as_one_alone(
    solved: SurveySolution, survey: Path, plates: list[Simulated]
) -> None:
    mine = solved.solution(1)
    alone = solve(survey, options=SolveOptions(plate=1))
    for name in TABLES:
        tables = [getattr(s.tables, name).to_pylist() for s in (mine, alone)]
        assert repr(tables[0]) == repr(tables[1])  # NaN is not itself
    assert compare(mine.tables.source, plates[1].truth).recoveries
    row = solved.plates[1]
    summary = mine.as_dict()
    assert row["n_sources"] == summary["n_sources"] == len(mine.sources)
    assert row["sigma0"] == summary["sigma0"]
    assert summary["plate_id"] == 1
    assert row["epoch"].value == summary["epoch"]


def test_processes_write_the_same(solved: SurveySolution, tmp_path: Path) -> None:
    told: list[PlateDone] = []
    source = Path(solved.summary["input"])
    solve_plates(source, tmp_path / "out", workers=2, report=told.append)
    assert same(solved.source, tmp_path / "out")
    assert [t.done for t in told] == [1, 2, 3, 4]
    assert {t.total for t in told} == {4}
    assert [t.plate for t in told if t.failure] == [BAD]
    run = json.loads((tmp_path / "out" / "summary.json").read_text())["run"]
    assert run["workers"] == 2


def stop_after(number: int) -> Callable[[PlateDone], None]:
    def report(told: PlateDone) -> None:
        if told.done == number:
            raise KeyboardInterrupt

    return report


def test_a_run_that_was_stopped_is_continued(
    solved: SurveySolution, tmp_path: Path
) -> None:
    source, out = Path(solved.summary["input"]), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt) as caught:
        solve_plates(source, out, workers=1, report=stop_after(1))
    assert "1 of 4 pieces are in" in caught.value.__notes__[0]
    for read in (read_survey_solution, read_solution, describe):
        with pytest.raises(FileFormatError, match="is incomplete: 1 of 4 pieces"):
            read(out)
    written = (out / "plates" / "plate_id=0" / "sources.parquet").stat().st_mtime_ns
    with pytest.raises(OutputExistsError, match="degree is absent there, 2 now"):
        solve_plates(source, out, workers=1, options=SolveOptions(degree=2))
    told: list[PlateDone] = []
    solve_plates(source, out, workers=1, report=told.append)
    assert [t.plate for t in told] == [1, 2, 3]
    assert [t.done for t in told] == [2, 3, 4]
    assert same(solved.source, out)
    again = (out / "plates" / "plate_id=0" / "sources.parquet").stat().st_mtime_ns
    assert again == written


def test_a_piece_that_a_crash_has_cut_is_named(
    solved: SurveySolution, tmp_path: Path
) -> None:
    source, out = Path(solved.summary["input"]), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        solve_plates(source, out, workers=1, report=stop_after(1))
    file = out / "plates" / "plate_id=0" / "residuals.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(FileFormatError) as caught:
        solve_plates(source, out, workers=1)
    assert "residuals.parquet of plate_id=0 is damaged" in str(caught.value)
    assert "plate_id=0 and run the same command again" in str(caught.value)
    shutil.rmtree(file.parent)
    solve_plates(source, out, workers=1)
    assert same(solved.source, out)


def test_no_room_to_write_ends_the_run(
    solved: SurveySolution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = Path(solved.summary["input"]), tmp_path / "out"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as change:
        change.setattr(Solved, "write_files", full)
        with pytest.raises(ReseauError, match="free some space or choose") as caught:
            solve_plates(source, out, workers=1)
    assert "what is done stays" in str(caught.value)
    assert not list((out / "plates").iterdir())
    with pytest.raises(FileFormatError, match="0 of 4 pieces"):
        describe(out)


def test_what_is_damaged_later_is_named(solved: SurveySolution, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(solved.source, out)
    found = read_survey_solution(out)
    file = out / "plates" / "plate_id=1" / "sources.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(FileFormatError) as caught:
        found.solution(1)
    assert "solution of plate 1 cannot be read: sources.parquet" in str(caught.value)
    assert "--plate 1 -o" in str(caught.value)
    assert len(found.solution(0).sources)
    shutil.rmtree(file.parent)
    with pytest.raises(FileFormatError, match="its directory has been removed"):
        found.solution(1)
    with pytest.raises(FileFormatError, match=r"plate 2 has no solution: .*column x"):
        found.solution(BAD)
    with pytest.raises(ConfigError, match="one of 0, 1, 2, 3"):
        found.solution(8)
    (out / "plates.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileFormatError, match=r"plates\.parquet"):
        read_survey_solution(out)


def test_who_wants_one_plate_is_told_its_name(
    solved: SurveySolution, tmp_path: Path
) -> None:
    for read in (read_solution, lambda path: compare(path, path)):
        with pytest.raises(FileFormatError) as caught:
            read(solved.source)
        assert "is the solution of a survey, of 3 plates" in str(caught.value)
        assert "plates/plate_id=0" in str(caught.value)
    with pytest.raises(FileFormatError, match="--plates"):
        read_survey_solution(solved.source / "plates" / "plate_id=0")
    found = describe(solved.source)
    assert found.kind == "solution of a survey"
    assert dict(found.facts)["plates"] == "3 of 4 solved"
    assert any("column x" in line for line in found.lines())
    del tmp_path


@pytest.mark.parametrize("layout", [{}, {"shuffled": True, "rows": 200}])
def test_one_file_of_all_measurements(
    plates: list[Simulated],
    tmp_path: Path,
    solved: SurveySolution,
    layout: dict[str, Any],
) -> None:
    source = write_plates(tmp_path / "survey", plates, single=True, **layout)
    found = solve_plates(source, tmp_path / "out", plates="0-1", workers=1)
    assert found.exit_code == 0
    assert found.verdict[0] == "All 2 plates are solved."
    for number in (0, 1):
        mine, theirs = (s.solution(number).tables.sources for s in (found, solved))
        if layout:
            # Sums are in another order.
            for name in ("ra", "dec", "ra_error"):
                np.testing.assert_allclose(
                    mine[name].to_numpy(), theirs[name].to_numpy(), rtol=1e-9
                )
        else:
            assert repr(mine.to_pylist()) == repr(theirs.to_pylist())


def test_rows_in_no_order_are_worth_a_word(
    plates: list[Simulated], tmp_path: Path
) -> None:
    source = write_plates(
        tmp_path / "many", plates, single=True, shuffled=True, rows=20
    )
    with pytest.warns(ReseauWarning, match="are read 4 times"):
        solve_plates(source, tmp_path / "one", plates=[1], workers=1)


def test_an_earlier_output_is_replaced_if_asked(
    solved: SurveySolution, tmp_path: Path
) -> None:
    source, out = Path(solved.summary["input"]), tmp_path / "out"
    solve_plates(source, out, plates=0, workers=1)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        solve_plates(source, out, plates=1, workers=1)
    found = solve_plates(source, out, plates=(1,), workers=1, overwrite=True)
    assert found.solved == [1]
    assert [p.name for p in (out / "plates").iterdir()] == ["plate_id=1"]
    (out / "thesis.tex").write_text("precious")
    with pytest.raises(OutputExistsError, match=r"thesis\.tex"):
        solve_plates(source, out, plates=0, workers=1, overwrite=True)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"plates": "0-9"}, "plate 9\n"),
        ({"plates": [0, 7]}, "plate 7\n"),
        ({"plates": "3-1"}, "plates '3-1'"),
        ({"plates": "some"}, "plates 'some'"),
        ({"plates": "0,,1"}, "plates '0,,1'"),
        ({"plates": []}, r"plates \[\]"),
        ({"plates": 1.5}, r"plates 1\.5"),
        ({"workers": 0}, "workers = 0"),
        ({"workers": -1}, "workers = -1"),
        ({"plate": 1}, "--plate with --plates"),
        ({"free": "skew", "fix": "skew"}, "both freed and fixed"),
        ({"error": 0.1}, "--error with a dataset directory"),
        ({"reference_columns": "ra=RA"}, "--reference-columns without"),
    ],
)
def test_bad_choices(survey: Path, tmp_path: Path, choice: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        solve_plates(survey, tmp_path / "out", **choice)
    assert not list(tmp_path.iterdir())


@pytest.mark.unchecked
def test_what_is_no_dataset_of_plates(
    survey: Path, plates: list[Simulated], tmp_path: Path
) -> None:
    with pytest.raises(FileFormatError, match="does not exist"):
        solve_plates(tmp_path / "survei", tmp_path / "out")
    with pytest.raises(FileFormatError, match="a dataset in memory is written by"):
        solve_plates(plates[0].dataset, tmp_path / "out")
    with pytest.raises(FileFormatError, match="read one at a time"):
        solve_plates(survey / "exposures.parquet", tmp_path / "out")
    with pytest.raises(WrongKindError):
        solve_plates(survey, tmp_path / "out", degree=3)


def test_references_of_another_table(
    survey: Path, solved: SurveySolution, tmp_path: Path
) -> None:
    table = survey / "reference.parquet"
    found = solve_plates(
        survey, tmp_path / "out", plates="0", workers=1, reference=table
    )
    mine, theirs = (s.solution(0).sources["ra"] for s in (found, solved))
    np.testing.assert_array_equal(mine, theirs)
    assert "reference.parquet" in found.solution(0).as_dict()["digests"]
