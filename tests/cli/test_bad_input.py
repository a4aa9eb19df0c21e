"""Every bad input: exit code 2, a message in four parts, nothing written."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parquet_edit import change

Run = Callable[..., object]

Spoil = Callable[[Path], None]


def spoilt(table: str, column: str, rows: list[int], value: float) -> Spoil:
    """Put a value into rows of a column."""

    def edit(columns: dict) -> dict:
        values = columns[column].to_numpy().copy()
        values[rows] = value
        return {**columns, column: values}

    return lambda folder: change(folder / f"{table}.parquet", edit)


def renamed(table: str, old: str, new: str) -> Spoil:
    """Give a column another name."""

    def edit(columns: dict) -> dict:
        return {(new if n == old else n): c for n, c in columns.items()}

    return lambda folder: change(folder / f"{table}.parquet", edit)


def with_unit(table: str, column: str, unit: str) -> Spoil:
    """Give a column another unit."""

    def spoil(folder: Path) -> None:
        file = folder / f"{table}.parquet"
        found = pq.read_table(file)
        i = found.schema.get_field_index(column)
        changed = found.schema.field(i).with_metadata({"unit": unit})
        pq.write_table(found.cast(found.schema.set(i, changed)), file)

    return spoil


def repeated(table: str) -> Spoil:
    """Repeat the first row."""

    def edit(columns: dict) -> dict:
        return {
            n: pa.concat_arrays([*c.chunks, *c.slice(0, 1).chunks])
            for n, c in columns.items()
        }

    return lambda folder: change(folder / f"{table}.parquet", edit)


def emptied(table: str) -> Spoil:
    """Remove all rows."""
    return lambda folder: change(
        folder / f"{table}.parquet", lambda c: {n: v.slice(0, 0) for n, v in c.items()}
    )


def replaced(file: str, old: str, new: str) -> Spoil:
    """Change the text of a file."""

    def spoil(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return spoil


def truncated(folder: Path) -> None:
    file = folder / "measurements.parquet"
    file.write_bytes(file.read_bytes()[:4000])


def not_parquet(folder: Path) -> None:
    (folder / "exposures.parquet").write_text("no table at all\n")


def directory_for_file(folder: Path) -> None:
    (folder / "exposures.parquet").unlink()
    (folder / "exposures.parquet").mkdir()


def absent(folder: Path) -> None:
    (folder / "exposures.parquet").unlink()


NAN, INF = float("nan"), float("inf")

CASES: dict[str, tuple[Spoil, list[str]]] = {
    "missing column": (
        renamed("measurements", "x_error", "xerror"),
        ["x_error", "xerror", "measurements.parquet"],
    ),
    "wrong unit": (with_unit("measurements", "x", "s"), ["column x", "'s'|s", "pixel"]),
    "unknown unit": (with_unit("measurements", "x", "furlongs"), ["furlongs"]),
    "nan x": (
        spoilt("measurements", "x", [3, 7], NAN),
        ["2 of", "column x", "rows 3, 7", "measurements.parquet"],
    ),
    "infinite y": (
        spoilt("measurements", "y", [5], INF),
        ["1 of", "column y", "rows 5", "inf"],
    ),
    "nan error": (spoilt("measurements", "x_error", [2], NAN), ["x_error", "rows 2"]),
    "zero error": (
        spoilt("measurements", "y_error", [2], 0.0),
        ["y_error", "greater than 0", "rows 2"],
    ),
    "negative error": (
        spoilt("reference", "ra_error", [4], -1.0),
        ["ra_error", "greater than 0", "rows 4", "reference.parquet"],
    ),
    "nan reference ra": (spoilt("reference", "ra", [1], NAN), ["column ra", "rows 1"]),
    "infinite reference dec": (
        spoilt("reference", "dec", [1], INF),
        ["column dec", "rows 1"],
    ),
    "nan attitude": (
        spoilt("exposures", "pa", [0], NAN),
        ["column pa", "rows 0", "exposures.parquet"],
    ),
    "infinite attitude": (
        spoilt("exposures", "ra", [6], INF),
        ["column ra", "rows 6", "exposures.parquet"],
    ),
    "duplicate reference": (repeated("reference"), ["source_id", "more than once"]),
    "duplicate exposure": (repeated("exposures"), ["exposure_id", "more than once"]),
    "unknown exposure": (
        spoilt("measurements", "exposure_id", [0, 1], 77),
        ["unknown exposure_id: 77", "rows 0, 1"],
    ),
    "unknown detector": (
        spoilt("measurements", "detector_id", [9], 5),
        ["unknown detector_id: 5", "rows 9", "1, 2, 3, 4"],
    ),
    "empty measurements": (emptied("measurements"), ["measurements.parquet", "row"]),
    "empty exposures": (emptied("exposures"), ["exposures.parquet", "row"]),
    "empty reference": (emptied("reference"), ["reference.parquet", "row"]),
    "truncated file": (truncated, ["measurements.parquet", "copied whole"]),
    "not a Parquet file": (not_parquet, ["exposures.parquet", "a parquet file"]),
    "directory for a file": (
        directory_for_file,
        ["exposures.parquet is a directory", "a file"],
    ),
    "absent table": (absent, ["exposures.parquet does not exist"]),
    "unknown format": (
        replaced("dataset.toml", "reseau-dataset/1", "reseau-dataset/9"),
        ["reseau-dataset/9", "reseau-dataset/1", "dataset.toml"],
    ),
    "unknown key": (
        replaced("instrument.toml", "parity", "parityy"),
        ["parityy", "parity", "instrument.toml"],
    ),
    "unknown key of the dataset": (
        replaced("dataset.toml", "effects", "efects"),
        ["efects", "effects", "dataset.toml"],
    ),
    "unknown effect": (
        replaced("dataset.toml", "aberration", "aberation"),
        ["aberation", "aberration"],
    ),
    "not TOML": (replaced("dataset.toml", "=", "=="), ["dataset.toml"]),
}


def is_refused(result: object, output: Path, parts: list[str]) -> None:
    """Assert exit code 2, four parts on stderr with these words, nothing written."""
    assert result.exit_code == 2, result
    assert result.stdout == ""
    assert result.stderr.startswith("error: "), result
    for label in ("wanted:", "where:", "to do:"):
        assert label in result.stderr, result
    for part in parts:
        assert any(p in result.stderr for p in part.split("|")), (part, result)
    assert "Traceback" not in result.stderr
    assert not output.exists()
    left = {p.name for p in output.parent.iterdir() if p.name.startswith(".")}
    assert not left, f"left behind: {left}"


@pytest.mark.parametrize("name", CASES)
def test_spoilt_dataset(run: Run, copy: Path, tmp_path: Path, name: str) -> None:
    spoil, parts = CASES[name]
    spoil(copy)
    output = tmp_path / "out"
    is_refused(run("solve", copy, "-o", output), output, parts)


OPTIONS: dict[str, tuple[list[str], list[str]]] = {
    "unknown block": (["--free", "distorsion"], ["distorsion", "distortion"]),
    "freed and fixed": (["--free", "skew", "--fix", "skew"], ["skew", "--free and"]),
    "unknown distortion": (["--distortion", "legendr"], ["legendr", "legendre"]),
    "unknown preset": (["--instrument", "jasmin"], ["jasmin", "jasmine"]),
    "absent instrument": (["--instrument", "no.toml"], ["no.toml"]),
    "unknown plate": (["--plate", "4"], ["plate 4", "one of 0"]),
    "pointing of a dataset": (["--pointing", "p.csv"], ["--pointing", "dataset"]),
    "columns of a dataset": (["--columns", "x=A[pix]"], ["--columns", "dataset"]),
    "error of a dataset": (["--error", "0.1"], ["--error", "dataset"]),
    "negative degree": (["--degree", "-1"], ["degree"]),
    "negative tolerance": (["--tolerance", "-1"], ["tolerance"]),
    "option of another basis": (
        ["--distortion", "radial", "--degree", "3"],
        ["degree", "radial"],
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_option(run: Run, dataset: Path, tmp_path: Path, name: str) -> None:
    options, parts = OPTIONS[name]
    output = tmp_path / "out"
    is_refused(run("solve", dataset, "-o", output, *options), output, parts)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--exposures", "7"], ["exposures = 7", "multiple of 4", "choose 8"]),
        (["--sources", "0"], ["sources = 0"]),
        (["--wrong-fraction", "2"], ["wrong_fraction = 2"]),
        (["--measurement-error", "0"], ["measurement_error = 0"]),
        (["--seed", "-1"], ["seed = -1"]),
    ],
)
def test_bad_simulation(
    run: Run, tmp_path: Path, options: list[str], parts: list[str]
) -> None:
    output = tmp_path / "out"
    is_refused(run("simulate", "orbit", "-o", output, *options), output, parts)


def detections(path: Path, **columns: object) -> Path:
    """Write a table of detections on two exposures."""
    plain = {
        "field": [0, 0, 0, 1, 1, 1],
        "catalog_id": [1, 2, 3, 1, 2, 3],
        "x": [0.123, 1000.234, -500.345, 10.456, 1010.567, -490.678],
        "y": [0.123, 300.234, 800.345, 5.456, 305.567, 805.678],
    }
    kept = {k: v for k, v in {**plain, **columns}.items() if v is not None}
    table = pa.table(kept)
    unit = {"unit": "um"}
    fields = [f.with_metadata(unit) if f.name in "xy" else f for f in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), path)
    return path


TABLES: dict[str, tuple[dict, list[str], list[str]]] = {
    "no identification": (
        {"catalog_id": None},
        ["--instrument", "challenge"],
        ["source_id", "detections.parquet"],
    ),
    "no instrument": ({}, [], ["--instrument", "instrument"]),
    "no x": ({"x": None}, ["--instrument", "challenge"], ["x"]),
    "empty": (
        {
            n: pa.array([], t)
            for n, t in (
                ("field", pa.int64()),
                ("catalog_id", pa.int64()),
                ("x", pa.float64()),
                ("y", pa.float64()),
            )
        },
        ["--instrument", "challenge"],
        ["no rows"],
    ),
    "pixels wanted": ({}, ["--instrument", "jasmine"], ["um", "pixels"]),
    "bad columns": (
        {},
        ["--instrument", "challenge", "--columns", "xx=x"],
        ["xx", "--columns"],
    ),
    "column that is not there": (
        {},
        ["--instrument", "challenge", "--columns", "x=XWIN[um]"],
        ["XWIN"],
    ),
    "bad error": (
        {},
        ["--instrument", "challenge", "--error", "-1"],
        ["error = -1", "greater than 0", "--error"],
    ),
    "no start": (
        {},
        ["--instrument", "challenge", "--error", "0.01"],
        ["pointing"],
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_spoilt_table(run: Run, tmp_path: Path, name: str) -> None:
    columns, options, parts = TABLES[name]
    table = detections(tmp_path / "detections.parquet", **columns)
    output = tmp_path / "out"
    is_refused(run("solve", table, "-o", output, *options), output, parts)


def test_input_that_does_not_exist(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options = ("--instrument", "challenge")
    result = run("solve", tmp_path / "nothing", "-o", output, *options)
    is_refused(result, output, ["nothing does not exist"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "", "-o", "out"),
        ("solve", "dataset", "-o", ""),
        ("simulate", "orbit", "-o", " "),
        ("demo", "-o", ""),
    ],
)
def test_empty_name(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    """An empty shell variable does not mean the folder where one is."""
    monkeypatch.chdir(tmp_path)
    is_refused(run(*arguments), tmp_path / "out", ["empty text"])
    assert not list(tmp_path.iterdir())


def test_directory_that_is_no_dataset(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    output = tmp_path / "out"
    result = run("solve", tmp_path / "empty", "-o", output)
    is_refused(result, output, ["dataset.toml"])


def test_file_for_a_solution(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("compare", dataset / "dataset.toml", "--truth", dataset)
    is_refused(result, tmp_path / "out", ["is a file", "a directory"])


def test_dataset_for_a_solution(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("compare", dataset, "--truth", dataset)
    is_refused(result, tmp_path / "out", ["summary.json", "reseau-solution/1"])


def test_solution_without_truth(run: Run, solution: Path, tmp_path: Path) -> None:
    result = run("compare", solution, "--truth", solution)
    is_refused(result, tmp_path / "out", ["truth"])


def test_truth_of_something_else(
    run: Run, solution: Path, copy: Path, tmp_path: Path
) -> None:
    def edit(columns: dict) -> dict:
        ids = columns["source_id"].to_numpy()
        return {**columns, "source_id": np.arange(ids.size, dtype=np.int64)}

    change(copy / "truth" / "sources.parquet", edit)
    result = run("compare", solution, "--truth", copy)
    is_refused(result, tmp_path / "out", ["none of the"])


def test_unknown_format_of_a_solution(
    run: Run, solution: Path, dataset: Path, tmp_path: Path
) -> None:
    place = tmp_path / "solution"
    place.mkdir()
    summary = json.loads((solution / "summary.json").read_text())
    summary["format"] = "reseau-solution/2"
    (place / "summary.json").write_text(json.dumps(summary))
    for arguments in (("compare", place, "--truth", dataset), ("info", place)):
        result = run(*arguments)
        is_refused(result, tmp_path / "out", ["reseau-solution/2", "reseau-solution/1"])


def test_output_that_exists(run: Run, copy: Path, tmp_path: Path) -> None:
    output = tmp_path / "there"
    output.mkdir()
    (output / "mine.txt").write_text("keep me")
    for verb in (
        ("solve", copy),
        ("simulate", "orbit", "--small"),
        ("demo", "--small"),
    ):
        for option in ([], ["--overwrite"]):
            if verb[0] == "demo" and option:
                continue
            result = run(*verb, "-o", output, *option)
            assert result.exit_code == 2, result
            assert "there already" in result.stderr or "ever deleted" in result.stderr
    assert [p.name for p in output.iterdir()] == ["mine.txt"]
    (tmp_path / "file").write_text("a file")
    result = run("solve", copy, "-o", tmp_path / "file", "--overwrite")
    assert result.exit_code == 2
    assert "there already (file)" in result.stderr
    assert (tmp_path / "file").read_text() == "a file"


def test_unknown_path_of_info(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        result = run("info", path)
        is_refused(result, tmp_path / "out", ["jasmine", str(path)])
