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
    said = "warning: found.csv: no columns x_error and y_error: an error of 0.01 pixel"
    assert said in result.stderr
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


def test_flagged_measurements_are_left_out_and_counted(run: Run, here: Path) -> None:
    detections, _ = tables()
    # On each exposure one blended star; one saturated, and far from where it belongs.
    flag = np.zeros(18, int)
    flag[[1, 9]], flag[2] = 2, 4
    detections["XWIN"] = detections["XWIN"] + np.where(flag == 4, 300.0, 0.0)
    write({**detections, "FLAGS": flag.tolist()}, here / "found.csv")
    options = [*OPTIONS, "--error", "0.02", "--json"]
    unused = run("solve", "found.csv", "-o", "one", *options)
    assert "FLAGS (flag?)" in unused.stderr
    options[1] += ",flag=FLAGS"
    strict = json.loads(run("solve", "found.csv", "-o", "two", *options).stdout)
    assert strict["n_measurements"] == 13
    [(name, left)] = [i for i in strict["dropped"].items() if "flag" in i[0]]
    assert name == "measurements with a flag (2: 2, 4: 1)"
    assert left["count"] == 3
    options += ["--keep-flags", "1,2", "--overwrite"]
    loose = json.loads(run("solve", "found.csv", "-o", "two", *options).stdout)
    assert loose["n_measurements"] == 15
    assert loose["sigma0"] < 3.0
    assert any("1 measurement with a flag (4: 1)" in s for s in loose["verdict"])
    wrong = run("solve", "found.csv", "-o", "two", *options[:-3], "--keep-flags", "x")
    assert wrong.exit_code == 2
    assert "--keep-flags" in wrong.stderr


def exchange(detections: dict, first: int, second: int) -> dict:
    """Return the detections with two rows' stars taken for one another."""
    star = list(detections["star"])
    star[first], star[second] = star[second], star[first]
    return {**detections, "star": star}


@pytest.mark.parametrize("option", ["-q", "--json"])
def test_strays_are_bad_news(run: Run, here: Path, option: str) -> None:
    """A plain fit converges on a star that is 20 pixels off, and means nothing."""
    detections, _ = tables()
    detections["XWIN"][2] += 20.0
    write(detections, here / "found.csv")
    options = [*OPTIONS, "--error", "0.02", option]
    result = run("solve", "found.csv", "-o", "out", *options)
    assert result.exit_code == 0, result
    summary = json.loads(Path("out/summary.json").read_text())
    assert not summary["describes_data"]
    assert "does not describe the data" in result.stderr
    assert "1 of 16 measurements is far from where the other" in result.stderr
    assert "source J1745-0002 on exposure F814W_03" in result.stderr


def test_exchanged_stars_are_named_as_such(run: Run, here: Path) -> None:
    write(exchange(tables()[0], 1, 4), here / "found.csv")
    options = [*OPTIONS, "--error", "0.02", "-q", "--likelihood", "student"]
    result = run("solve", "found.csv", "-o", "out", *options)
    summary = json.loads(Path("out/summary.json").read_text())
    told = "Exchanged with each other look sources J1745-000"
    [sentence] = [v for v in summary["verdict"] if told in v]
    assert {"J1745-0001", "J1745-0004"} <= {*sentence.split()}
    assert "(on exposure F814W_03)" in sentence
    assert sentence in " ".join(result.stderr.split())
    [found] = summary["strays"]["exchanged"]
    assert len(found["source_id"]) == 2
