"""`reseau plan` and `reseau config` as a user types them, and bad input."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from reseau.verbs.plan import DRAWN

Run = Callable[..., object]

SATELLITE = """
format = "reseau-survey/1"
name = "mine"
seed = 3
instrument = "jasmine-mission"

[orbit]
kind = "sun-synchronous"
period_min = 96.7

[schedule]
begin = 2031.0
years = 1.0
orbits = 40
exposures = 0
pattern = "pairs"
sun_min_deg = 45.0
sun_max_deg = 135.0
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return the file of a small survey."""
    file = tmp_path / "mine.toml"
    file.write_text(SATELLITE, encoding="utf-8")
    return file


def test_a_plan_is_printed_in_80_columns(run: Run) -> None:
    result = run("plan", "mini")
    assert result.exit_code == 0, result
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for words in (
        "mini: JASMINE mini survey",
        "7,938 in season, 0 lost to gaps, 100 used",
        "4 fields an orbit of 24 exposures: 9,600 in all",
        "2028-02-01 to 2028-05-02",
        "exposures of a star",
        "Random limit (1σ) of a typical star",
    ):
        assert words in result.stdout
    assert "cells" not in result.stdout  # the pattern square has none


def test_json_has_the_same_numbers(run: Run, mine: Path) -> None:
    result = run("plan", mine, "--json", "--visit-floor", 0.3)
    assert result.exit_code == 0, result
    found = json.loads(result.stdout)
    assert found["orbits"]["used"] == 40
    assert sum(s["orbits"] for s in found["seasons"]) == 40
    assert found["exposures"] == 40 * 4 * found["exposures_per_field"] == 7040
    assert found["visit_floor_mas"] == 0.3
    assert found["earth_limb_deg"] > 25.7
    limit = found["random_limit"]
    lengths = {len(values) for values in limit.values()}
    assert len(lengths) == 1
    assert found["files"] == {}
    plain = json.loads(run("plan", mine, "--json").stdout)["random_limit"]
    assert all(
        a > b for a, b in zip(limit["parallax_uas"], plain["parallax_uas"], strict=True)
    )


def test_figures_are_drawn_and_replaced_only_on_request(
    run: Run, mine: Path, tmp_path: Path
) -> None:
    command = ("plan", mine, "-o", tmp_path / "figures")
    result = run(*command)
    assert result.exit_code == 0, result
    files = {p.stem: p for p in (tmp_path / "figures").iterdir()}
    assert set(files) == set(DRAWN)
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in files.values())
    assert all(str(p) in result.stdout for p in files.values())
    refused = run(*command)
    assert refused.exit_code == 2
    assert "visibility.png" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert run(*command, "--overwrite").exit_code == 0


def changed(file: Path, old: str, new: str) -> Path:
    """Change one line of a survey's file."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sun_min_deg", "sun_min", ("sun_min is unknown", "mean sun_min_deg?")),
        ("[schedule]", "[schedules]", ("schedules is unknown", "mean schedule?")),
        ('"pairs"', '"pair"', ("pattern = 'pair'", "did you mean 'pairs'?")),
        ("96.7", "5802", ("5802 min", "85 to 225 min", "orbit.period_min")),
        ("96.7", "80.0", ("80 min", "-228 km above", "96.7 is 600 km up")),
        ("96.7", "-96.7", ("period_min = -96.7", "a number > 0")),
        ("96.7", '"96.7 km"', ("period_min", "a finite number")),
        ("96.7", "nan", ("period_min", "a finite number")),
        ("period_min = 96.7", "observing_fraction = 1.0", ("on Earth", "smaller part")),
        (
            "period_min = 96.7",
            "period_min = 96.7\nearth_limb_min_deg = 40.0",
            ("within 26.7 deg", "40 deg or more", "smaller part"),
        ),
        (
            "sun_max_deg = 135.0",
            "sun_max_deg = 30.0",
            ("45.0 to 30.0", "sun_min_deg less than sun_max_deg"),
        ),
        (
            "sun_max_deg = 135.0",
            "sun_max_deg = 46.0\n[region]\nframe = 'icrs'\nlatitude_min_deg = 64.0\n"
            "latitude_max_deg = 68.0",
            ("never in season", "region"),
        ),
        ("years = 1.0", "years = 0.01", ("never in season", "observe longer")),
        ("years = 1.0", "years = 1e-6", ("1 to 10,000,000 orbits", "period_min")),
        ("orbits = 40", "orbits = 9000", ("orbits = 9000", "at most 2736")),
        (
            "begin = 2031.0\nyears = 1.0\norbits = 40",
            "begin = 2031.1\nyears = 0.003\norbits = 0\n"
            "gap_fraction = 0.99\ngap_mean_orbits = 100.0",
            ("gaps take all 16 orbits", "lower gap_fraction"),
        ),
        ("exposures = 0", "exposures = 45", ("45 exposures", "at most 44")),
        (
            "exposures = 0",
            "exposures = 0\nexposure_s = 900",
            ("no exposures of 901", "at most 0"),
        ),
        ("exposures = 0", "exposures = 0\nslew_s = 1e5", ("at most 0",)),
        (
            "[schedule]",
            "[region]\nlongitude_min_deg = 2.0\n[schedule]",
            ("from 2.0 to 0.078", "longitude_min_deg less than longitude_max_deg"),
        ),
        ('"pairs"', '"square"\nfields = 3', ("fields = 3", "4, the corners")),
        (
            "[schedule]",
            "[stars]\nbrightest_mag = 3\nfaintest_mag = 4\n[schedule]",
            ("none of", "stars is seen", "limits of magnitude"),
        ),
        (
            'instrument = "jasmine-mission"',
            'instrument = "jasmin"',
            ("jasmin",),
        ),
        (
            "[schedule]",
            "[requirement]\nparallax_uas = 0\n[schedule]",
            ("parallax_uas = 0", "a number > 0"),
        ),
        (
            "reseau-survey/1",
            "reseau-survey/9",
            ("reseau-survey/9", "reseau-survey/1"),
        ),
    ],
)
def test_a_description_that_cannot_be_is_refused(
    run: Run, mine: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    result = run("plan", changed(mine, old, new), "-o", mine.parent / "figures")
    assert result.exit_code == 2, result
    assert result.stdout == ""
    assert not (mine.parent / "figures").exists()
    for word in (*words, "wanted:", "where:", "to do:"):
        assert word in result.stderr, result


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missio",), ("the survey missio is unknown", "did you mean 'mission'")),
        (("nowhere.toml",), ("nowhere.toml does not exist",)),
        (("",), ("an empty text", "CONFIG")),
        (("mini", "-o", ""), ("an empty text", "-o")),
        (("mini", "--visit-floor", -1), ("a floor of -1.0 mas", "--visit-floor")),
        (("mini", "--visit-floor", "nan"), ("a floor of nan mas",)),
    ],
)
def test_what_is_typed_wrongly_is_refused(
    run: Run, arguments: tuple[object, ...], words: tuple[str, ...]
) -> None:
    result = run("plan", *arguments)
    assert result.exit_code == 2, result
    assert result.stdout == ""
    assert all(word in result.stderr for word in words), result


def test_lines_are_named_in_the_users_file(run: Run, mine: Path) -> None:
    changed(mine, "period_min = 96.7", "period_min = 10.0")
    line = 1 + SATELLITE[: SATELLITE.index("period_min")].count("\n")
    assert f"{mine}, line {line}, key orbit.period_min" in run("plan", mine).stderr


@pytest.mark.parametrize("name", ["mini", "mission", "jasmine"])
def test_presets_are_shown_as_they_are(run: Run, name: str) -> None:
    result = run("config", "show", name)
    assert result.exit_code == 0, result
    assert tomllib.loads(result.stdout)["name"] == name
    assert result.stdout.startswith("# ")
    assert result.stdout.endswith("\n")
    assert not result.stdout.endswith("\n\n")


@pytest.mark.parametrize("name", ["mini", "mission"])
def test_every_key_of_a_survey_has_its_comment(run: Run, name: str) -> None:
    bare = [
        line
        for line in run("config", "show", name).stdout.splitlines()
        if "=" in line.split("#")[0] and "#" not in line
    ]
    assert bare == []


def test_presets_are_listed(run: Run) -> None:
    result = run("config", "list")
    assert result.exit_code == 0, result
    for words in ("mini", "mission", "jasmine", "survey: ", "instrument: "):
        assert words in result.stdout
    found = json.loads(run("config", "list", "--json").stdout)["presets"]
    assert {"mini", "mission"} == {p["name"] for p in found if p["kind"] == "survey"}


def test_an_unknown_preset_is_answered_with_the_nearest(run: Run) -> None:
    result = run("config", "show", "missoin")
    assert result.exit_code == 2
    assert "did you mean 'mission'?" in result.stderr
