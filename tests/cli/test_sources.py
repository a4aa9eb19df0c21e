"""`reseau sources` as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import QTable

Run = Callable[..., object]


@pytest.fixture
def positions(tmp_path: Path) -> Path:
    """Return a table of positions of two stars, one of them on an orbit."""
    rng = np.random.default_rng(1)
    t = 2030.0 + np.sort(rng.uniform(0.0, 3.0, 40))
    turn = 2.0 * np.pi * (t - 2030.0) / 0.8
    straight = np.stack([3.0 * (t - 2031.0), -(t - 2031.0)])
    bent = straight + np.stack([2.0 * np.cos(turn), np.sin(turn)])
    noise = rng.normal(0.0, 0.1, (2, 80))
    east, north = np.concatenate([straight, bent], axis=1) + noise
    both = np.tile(t, 2)
    table = QTable(
        {
            "source_id": np.repeat([11, 12], 40),
            "epoch": both,
            "dra": east,
            "ddec": north,
            "dra_error": np.full(80, 0.1),
            "ddec_error": np.full(80, 0.1),
            "parallax_factor_ra": np.sin(2.0 * np.pi * both),
            "parallax_factor_dec": np.cos(2.0 * np.pi * both),
        }
    )
    path = tmp_path / "positions.ecsv"
    table.write(path)
    return path


def test_models_are_printed_in_80_columns_and_written(
    run: Run, positions: Path, tmp_path: Path
) -> None:
    out, figures = tmp_path / "models.parquet", tmp_path / "figures"
    result = run("sources", positions, "-o", out, "--figures", figures)
    assert result.exit_code == 0, result
    assert result.stderr == ""
    assert "source 11: FiveParameters" in result.stdout
    assert "source 12: Orbital" in result.stdout
    body = [line for line in result.stdout.splitlines() if "written" not in line]
    assert max(map(len, body)) <= 80
    table = pq.read_table(out)
    assert table["source_id"].to_pylist() == [11, 12]
    assert table["nss_solution_type"].to_pylist() == ["FiveParameters", "Orbital"]
    absent, period = table["period"].to_pylist()
    assert period == pytest.approx(0.8 * 365.25, rel=0.02)
    assert absent is None or np.isnan(absent)
    drawn = sorted(path.name for path in figures.iterdir())
    assert drawn == ["source_11.png", "source_12.png"]
    again = run("sources", positions, "-o", out)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr


def test_json_has_the_parameters(run: Run, positions: Path) -> None:
    result = run("sources", positions, "--model", "7", "--json")
    found = json.loads(result.stdout)
    assert found["n_sources"] == 2
    assert found["models"] == {"Acceleration7": 2}
    assert {"accel_ra", "parallax"} <= set(found["sources"][0]["parameters"])


def test_bad_options_and_files_are_explained(
    run: Run, positions: Path, tmp_path: Path
) -> None:
    for words, says in (
        ((positions, "--noise-floor", "lots"), "--noise-floor"),
        ((positions, "--observer", "moon"), "observer"),
        ((positions, "--colour-prior", "1e-4"), "--colour-prior"),
        ((tmp_path / "absent.dat",), "does not exist"),
        ((positions, "-o", tmp_path / "out.doc"), ".doc"),
        ((positions, "--radial-velocities", positions), "lacks the columns"),
    ):
        result = run("sources", *words)
        assert result.exit_code == 2, result
        assert says in result.stderr
        assert "Traceback" not in result.stderr
