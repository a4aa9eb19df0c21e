"""`reseau plot`: every figure of one's own solution, as PNG or PDF."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reseau.reports.figures import KINDS

Run = Callable[..., object]


def test_all_figures_that_the_solution_has_data_for(
    run: Run, solution: Path, tmp_path: Path
) -> None:
    result = run("plot", solution, "-o", tmp_path / "figures", "--json")
    assert result.exit_code == 0, result
    found = json.loads(result.stdout)
    drawn = {p.stem for p in (tmp_path / "figures").iterdir()}
    assert drawn == set(found["files"])
    assert drawn | set(found["left_out"]) == set(KINDS)
    assert {"footprint", "residual_quiver", "residual_x", "convergence"} <= drawn
    for path in found["files"].values():
        assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_some_kinds_as_pdf_with_truth(
    run: Run, dataset: Path, solution: Path, tmp_path: Path
) -> None:
    options = ("--kind", "distortion,pull_histogram", "--format", "pdf")
    result = run("plot", solution, "-o", tmp_path, *options, "--truth", dataset)
    assert result.exit_code == 0, result
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["distortion.pdf", "pull_histogram.pdf"]
    assert all(p.read_bytes().startswith(b"%PDF") for p in tmp_path.iterdir())


def test_figures_are_replaced_only_on_request(
    run: Run, solution: Path, tmp_path: Path
) -> None:
    (tmp_path / "convergence.png").write_text("mine")
    (tmp_path / "thesis.tex").write_text("mine too")
    command = ("plot", solution, "-o", tmp_path, "--kind", "convergence")
    refused = run(*command)
    assert refused.exit_code == 2
    assert "convergence.png" in refused.stderr
    assert "--overwrite" in refused.stderr
    unlike = run(*command, "--overwrite")
    assert unlike.exit_code == 2
    assert "is no PNG or PDF file" in unlike.stderr
    assert (tmp_path / "convergence.png").read_text() == "mine"
    (tmp_path / "convergence.png").write_bytes(b"\x89PNG\r\n\x1a\nolder")
    assert run(*command, "--overwrite").exit_code == 0
    assert (tmp_path / "convergence.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "thesis.tex").read_text() == "mine too"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--kind", "footprnt"), ("footprnt", "footprint")),
        (("--kind", "residual_colour"), ("residual_colour", "no source has a colour")),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    run: Run, solution: Path, tmp_path: Path, options: tuple, words: tuple
) -> None:
    without = shutil.copytree(solution, tmp_path / "without")
    sources = pq.read_table(without / "sources.parquet")
    pq.write_table(sources.drop_columns(["bp_rp"]), without / "sources.parquet")
    result = run("plot", without, "-o", tmp_path / "f", *options)
    assert result.exit_code == 2, result
    assert all(word in result.stderr for word in words), result
    assert not (tmp_path / "f").exists()


def test_a_folder_without_a_solution_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("plot", tmp_path, "-o", tmp_path / "f")
    assert result.exit_code == 2
    assert "solution" in result.stderr
