"""Single tables at the command: what is assumed, left out and named."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from small_tables import CAMERA, tables

Run = Callable[..., object]

COLUMNS = "x=XWIN[px],y=YWIN[px],source_id=star,exposure_id=FRAME,detector_id=CCD"
OPTIONS = ("--columns", f"{COLUMNS},epoch=2016.0", "--unmatched", "-1")
OPTIONS = (*OPTIONS, "--first-pixel", "1", "--instrument", "camera.toml")
OPTIONS = (*OPTIONS, "--reference", "stars.csv")


def write(columns: dict, path: Path) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two tables and a camera, from which the command runs."""
    monkeypatch.chdir(tmp_path)
    detections, places = tables()
    write(detections, tmp_path / "found.csv")
    write(places, tmp_path / "stars.csv")
    (tmp_path / "camera.toml").write_text(CAMERA)
    return tmp_path


def test_an_assumed_error_is_said_and_judged(run: Run, here: Path) -> None:
    detections, _ = tables()
    rng = np.random.default_rng(1)
    for name in ("XWIN", "YWIN"):
        detections[name] = detections[name] + rng.normal(0, 0.2, 18)
    write(detections, here / "found.csv")
    result = run("solve", "found.csv", "-o", "out", *OPTIONS)
    assert result.exit_code == 0, result
    first = result.stderr.splitlines()[0]
    assert "an error of 0.01 pixel is assumed" in " ".join(result.stderr.split())
    assert first.startswith("warning: found.csv")
    found = json.loads(Path("out/summary.json").read_text())["assumed_error"]
    shown = f"residuals scatter by {found['scatter']:.3g} pixel"
    text = " ".join(result.stdout.split())
    assert text.count(shown) == 2
    assert "0.01 pixel, assumed" in text
    assert "credible" not in text
    assert "is assumed" not in result.stdout
    assert shown not in result.stderr
    quiet = run("solve", "found.csv", "-o", "out", *OPTIONS, "-q", "--overwrite")
    assert quiet.stdout == ""
    assert shown in quiet.stderr
    given = f"{found['scatter']:.3g}"
    better = run("solve", "found.csv", "-o", "two", *OPTIONS, "--error", given)
    assert "are credible" in better.stdout
    assert "assumed" not in better.stdout + better.stderr
