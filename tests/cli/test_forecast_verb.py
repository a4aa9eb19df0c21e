"""`reseau forecast` as a user types it, and bad input."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reseau.tables import columns_of, read_table
from small_survey import survey_text

Run = Callable[..., object]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return the file of a small survey."""
    file = tmp_path / "mine.toml"
    text = survey_text(
        schedule={"years": 1.6, "orbits": 6, "exposures": 6},
        stars={"count": 160, "artificial": 0, "faintest_mag": 14.0},
        requirement={"parallax_uas": 800.0},
    )
    file.write_text(text, encoding="utf-8")
    return file


def test_tables_a_figure_and_files(run: Run, mine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = run("forecast", mine, "--repeated", "-o", folder, "--json")
    assert result.exit_code == 0, result
    assert result.stderr == ""
    plain = json.loads(result.stdout)
    assert (plain["plates"], plain["kinds_of_plates"]) == (6, 1)
    assert not plain["every_plate"]
    assert [one["what"] for one in plain["requirements"]] == ["parallax"]
    assert plain["files"]["rows"] == str(folder / "forecast.csv")
    assert (folder / "forecast.png").stat().st_size > 10_000
    rows = columns_of(read_table(folder / "forecast.csv"))
    stars = columns_of(read_table(folder / "stars.parquet"))
    assert rows["n_stars"].sum() >= 0.8 * len(stars["source_id"][stars["in_region"]])
    assert stars["source_id"].dtype == "int64"

    again = run("forecast", mine, "--repeated", "-o", folder)
    assert again.exit_code != 0
    assert "forecast.png" in again.stderr

    found = [row["whole"]["parallax_error_uas"] for row in plain["rows"]]
    assert found == pytest.approx(list(rows["whole_parallax_error_uas"]))


def test_an_unknown_survey_and_a_wrong_scale(run: Run, mine: Path) -> None:
    result = run("forecast", "minis")
    assert result.exit_code != 0
    assert "the survey minis is unknown" in result.stderr
    assert "mini" in result.stderr
    result = run("forecast", mine, "--scale", "0")
    assert result.exit_code != 0
    assert "scale = 0.0" in result.stderr


def test_without_references_the_datum_is_said_to_be_open(run: Run, mine: Path) -> None:
    text = mine.read_text(encoding="utf-8")
    mine.write_text(text + "\n[reference]\nfaintest_g_mag = 4.0\n", encoding="utf-8")
    result = run("forecast", mine)
    assert result.exit_code != 0
    assert "no reference" in result.stderr
