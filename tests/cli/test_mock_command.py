"""`reseau mock` as a user types it, and bad input."""

import json

import pyarrow.parquet as pq
import pytest

from reseau.galaxy.forward import opening

WINDOW = ("--window=359.99,1.06,0.04,0.06", "--limit", "Ks=12")


class Still:
    """Velocities without tables."""

    def draw(self, component, position, rng):
        del component
        return 80.0 * rng.standard_normal(position.shape)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(opening, "kinematics_of", lambda _: Still())


def test_a_mock_is_drawn_with_its_figures(run, tmp_path):
    """The table, the summary and three pictures; the counts are printed."""
    folder = tmp_path / "mock"
    result = run("mock", "forward", *WINDOW, "--figures", "-o", folder, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    rows = pq.read_table(folder / "catalogue.parquet")
    assert told["stars"] == rows.num_rows == sum(told["counts"].values()) > 20
    names = {p.name for p in folder.iterdir()}
    assert names == {
        "catalogue.parquet",
        "summary.json",
        "colour_magnitude.png",
        "counts.png",
        "motions.png",
    }
    again = run("mock", "forward", *WINDOW, "-o", folder)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    other = run("mock", "forward", *WINDOW, "-o", folder, "--overwrite", "--seed", "3")
    assert other.exit_code == 0, other.stderr
    assert "Ks=12" in other.stdout
    assert not (folder / "counts.png").exists()
    told = run("info", folder)
    assert told.exit_code == 0
    assert "component of the Galaxy" in told.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--window", "1,2,3"), "four numbers"),
        (("--window=0,0,1,1", "--limit", "K=12"), "Ks"),
        (("--window=0,0,1,1", "--limit", "12"), "as in --limit Hw=16"),
        (("--window=0,0,1,1", "--galaxy", "koshimoto"), "koshimoto2021"),
        (("--window=0,0,1,1", "--isochrones", "none.dat"), "none.dat"),
        (("--window=0,0,1,1", "--extinction-map", "none.fits"), "none.fits"),
        (("--window=0,0,1,1", "--binary-fraction", "2"), "binary_fraction"),
        (("--window=0,0,1,1", "--workers", "0"), "--workers"),
    ],
)
def test_bad_input_says_what_is_wanted(run, tmp_path, given, said):
    """Exit code 2, one message, and nothing is left."""
    result = run("mock", "forward", *given, "-o", tmp_path / "mock")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "to do:" in result.stderr
    assert not (tmp_path / "mock").exists()


def test_stars_off_the_map_are_told(run, tmp_path):
    """A map of another place: the stars are drawn, flagged, and counted."""
    cells = [f"{x / 10},{y / 10},2.0,0.1" for x in range(50, 53) for y in range(3)]
    away = tmp_path / "map.csv"
    away.write_text("\n".join(["l,b,excess,scatter", *cells]), encoding="utf-8")
    options = (*WINDOW, "--extinction-map", away, "--json")
    result = run("mock", "forward", *options, "-o", tmp_path / "mock")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    on_map = pq.read_table(tmp_path / "mock" / "catalogue.parquet")["on_map"]
    assert told["off_map"] == told["stars"] == on_map.to_pylist().count(False) > 20
    assert "the map of reddening has no value" in result.stderr
