"""`reseau compare A B`, and what it refuses."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def other(run: Run, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a solution of lower degree of the same plate; not to be changed."""
    place = tmp_path_factory.mktemp("other") / "solution"
    result = run("solve", dataset, "-o", place, "--fix", "skew", "--degree", 6)
    assert result.exit_code == 0, result
    return place


def test_text(run: Run, solution: Path, other: Path) -> None:
    result = run("compare", solution, other)
    assert result.exit_code == 0, result
    for words in (
        f"A: {solution}",
        f"B: {other}",
        "datum of both: reference",
        "sources: ",
        "B minus A",
        "reference",
        "distortion",
        "largest differences",
        "the same input: errors of A and B are correlated",
    ):
        assert words in result.stdout


def test_json(run: Run, solution: Path, other: Path) -> None:
    result = run("compare", solution, other, "--json")
    found = json.loads(result.stdout)
    n = pq.read_metadata(solution / "sources.parquet").num_rows
    assert found["counts"]["sources"] == {"both": n, "only_a": 0, "only_b": 0}
    assert found["counts"]["calibration"]["only_b"] == 14
    whole = found["sources"]["all"]
    assert whole["n"] == n
    # More parameters: errors as large or larger, differences well below them.
    assert 1.0 <= whole["ratio"] < 1.2
    assert 0 < whole["sigma"] < 0.5
    assert set(found["sources"]) == {"all", "reference", "target"}
    assert len(found["largest"]) == 10
    size = [item["sigma"] for item in found["largest"]]
    assert size == sorted(size, reverse=True)
    assert size[0] == pytest.approx(whole["largest"])


def test_a_solution_and_its_copy(run: Run, solution: Path) -> None:
    found = json.loads(run("compare", solution, solution, "--json").stdout)
    assert found["sources"]["all"]["rms"] == 0
    assert found["largest"] == []
    assert all(p["rms"] == 0 for p in found["parameters"].values())


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("solution",), "nothing to compare with"),
        (("solution", "solution", "--truth", "dataset"), "both another solution"),
        (("solution", "dataset"), "is a dataset"),
        (("dataset", "solution"), "is a dataset"),
        (("solution", "nowhere"), "nowhere"),
    ],
)
def test_bad_arguments(
    run: Run, solution: Path, dataset: Path, arguments: tuple[str, ...], hint: str
) -> None:
    places = {
        "solution": solution,
        "dataset": dataset,
        "nowhere": solution.parent / "nowhere",
    }
    result = run("compare", *(places.get(a, a) for a in arguments))
    _is_refused(result, hint)


def _is_refused(result: Any, hint: str) -> None:
    assert result.exit_code == 2, result
    text = result.stderr
    assert hint in text
    for part in ("wanted:", "where:", "to do:"):
        assert part in text
    assert "Traceback" not in text


def test_other_plates_and_other_stars(run: Run, solution: Path, tmp_path: Path) -> None:
    for column, add, hint in (
        ("plate_id", 9, "stars move between plates"),
        ("source_id", 1, "sources in common"),
    ):
        copy = Path(shutil.copytree(solution, tmp_path / column))
        table = pq.read_table(copy / "sources.parquet")
        at = table.schema.get_field_index(column)
        values = np.asarray(table[column]) + add
        changed = pa.array(values, type=table.schema.field(at).type)
        pq.write_table(
            table.set_column(at, table.schema.field(at), changed),
            copy / "sources.parquet",
        )
        _is_refused(run("compare", solution, copy), hint)
