"""`reseau mock reddening` as a user types it; `info` and `plot` of its map."""

import json
from pathlib import Path

import pytest
from astropy.table import Table

from reddened_giants import Field

OPTIONS = ("--giants", "constants", "--cell", "0.05", "--largest", "2")
LIMITS = ("--limits", "J=5:17.5", "--limits", "Ks=8:15")


@pytest.fixture(scope="module")
def stars(tmp_path_factory) -> Path:
    field = Field(lambda l, b: 1.5 + 0.0 * (l + b), size=0.1, stars=8_000)  # noqa: E741
    path = tmp_path_factory.mktemp("stars") / "stars.parquet"
    Table(field.catalogue(2)).write(path)
    return path


def test_a_map_is_measured_told_and_drawn(run, stars, tmp_path, monkeypatch):
    """JSON, a table of at most 80 columns, the map's facts and its picture."""
    target = tmp_path / "map.parquet"
    result = run("mock", "reddening", stars, "-o", target, *OPTIONS, *LIMITS, "--json")
    assert result.exit_code == 0, result
    told = json.loads(result.stdout)
    assert told["output"] == str(target)
    assert told["limits"] == {"J": [5.0, 17.5], "Ks": [8.0, 15.0]}
    assert told["median"]["ejks"] == pytest.approx(1.5, abs=0.05)
    again = run("mock", "reddening", stars, "-o", target, *OPTIONS)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("mock", "reddening", stars, "-o", target, *OPTIONS, "--overwrite")
    assert shown.exit_code == 0, shown
    rows = shown.stdout.split("written to")[0]
    assert all(len(line) <= 80 for line in rows.splitlines())
    assert "median" in rows
    found = run("info", target)
    assert "map of the reddening" in found.stdout
    assert "templates     constants" in found.stdout
    assert "catalogue     stars.parquet" in found.stdout
    drawn = run("plot", target, "-o", tmp_path / "figures", "--json")
    assert drawn.exit_code == 0, drawn
    (path,) = json.loads(drawn.stdout)["files"].values()
    assert Path(path).read_bytes().startswith(b"\x89PNG")
    other = run("plot", target, "-o", tmp_path / "figures", "--window", "0,0,1,1")
    assert other.exit_code == 2
    assert "--window" in other.stderr


def test_no_giant_within_the_limits_is_no_result(run, stars, tmp_path):
    """Exit code 3: nothing can be told; the limits are, in few digits."""
    target = tmp_path / "map.parquet"
    limits = ("--limits", "J=5:5.5,Ks=8:15")
    result = run("mock", "reddening", stars, "-o", target, *OPTIONS, *limits)
    assert result.exit_code == 3, result
    said = "none of them a giant within the limits J 5 to 5.5 and Ks 8 to 15"
    assert said in result.stderr
    assert not target.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--window=90,0,1,1",), "0.250 <= l <= 0.350"),
        (("--limits", "K=1:2"), "J or Ks"),
        (("--colour", "H-Ks"), "column H"),
        (("--cell", "wide"), "--cell"),
        (("--least", "0"), "least = 0"),
        (("--giants", "model", "--galaxy", "koshimoto"), "koshimoto2021"),
    ],
)
def test_bad_input_says_what_is_wanted(run, stars, tmp_path, given, said):
    """Exit code 2, one message, and nothing is left."""
    target = tmp_path / "map.parquet"
    pairs = zip(OPTIONS[::2], OPTIONS[1::2], strict=True)
    plain = [text for pair in pairs if pair[0] not in given for text in pair]
    result = run("mock", "reddening", stars, "-o", target, *plain, *given)
    assert result.exit_code == 2, result
    message = " ".join(result.stderr.split())
    assert "to do:" in message
    assert said in message
    assert not any(tmp_path.iterdir())
