"""`reseau effects` as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., object]

FIELD = ("effects", "--ra", 266.4168, "--dec", -29.0078, "--epoch", 2031.2)


def field(*options: object) -> tuple[object, ...]:
    """Return the command for a field, with options in place of its own."""
    verb, *own = FIELD
    pairs = zip(own[::2], own[1::2], strict=True)
    kept = [x for pair in pairs if pair[0] not in options for x in pair]
    return (verb, *kept, *options)


PAGE = Path(__file__).resolve().parents[2] / "docs" / "effects.md"


def test_the_table_and_its_meaning(run: Run) -> None:
    result = run(*FIELD, "--observer", "orbit")
    assert result.exit_code == 0, result
    assert result.stderr == ""
    for words in ("aberration, own velocity", "all together", "affine plate model"):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_page_shows_what_is_printed(run: Run) -> None:
    text = PAGE.read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if line.startswith("$ reseau"))
    shown = text.split("```text\n")[1].split("```")[0].splitlines()
    printed = run(*command.split()[2:]).stdout.splitlines()
    assert len(shown) > 6
    assert not [line for line in shown if line.strip() != "..." and line not in printed]


def test_json_is_the_table_in_full(run: Run) -> None:
    result = run(*FIELD, "--bodies", "sun", "--fov", 0.3, "--parallax", 2, "--json")
    assert result.exit_code == 0, result
    found = json.loads(result.stdout)
    assert (found["fov_deg"], found["parallax_mas"]) == (0.3, 2.0)
    assert found["atmosphere"] is None
    assert found["zenith_distance_deg"] is None
    terms = {term["name"]: term for term in found["terms"]}
    assert list(found["separations_deg"]) == ["sun"]
    # JAX computes in 32 bits around the command; the potential is seen in 64 only.
    assert 0.0 < terms["aberration_potential"]["displacement_mas"] < 5e-4
    assert 1e-7 < terms["together"]["after_quadratic_mas"] < 1e-2


def test_planets_come_from_de440(run: Run) -> None:
    options = ("--ephemeris", "de440", "--bodies", "sun,jupiter", "--json")
    result = run(*FIELD, *options)
    assert result.exit_code == 0, result
    names = [term["name"] for term in json.loads(result.stdout)["terms"]]
    assert "deflection_jupiter_quadrupole" in names
    none = run(*FIELD, "--bodies", "none")
    assert "deflection" not in none.stdout.partition("centre:")[0]


def test_a_site_has_air(run: Run) -> None:
    site = ("--observer", "site:-29.26,-70.73,2400", "--epoch", 2031.20055)
    air = (
        "--pressure",
        760,
        "--temperature",
        5,
        "--humidity",
        0.1,
        "--wavelength",
        0.8,
    )
    result = run(*field(*site, *air))
    assert result.exit_code == 0, result
    assert "760.0 hPa, 5.0 °C, humidity 10 %; light of 0.8 µm" in result.stdout
    assert "refraction, 0.1 µm redder" in result.stdout
    assert "Taken as standard" not in result.stdout


def test_a_plot_is_drawn(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "maps.png"
    result = run(*FIELD, "--plot", file)
    assert result.exit_code == 0, result
    assert file.read_bytes().startswith(b"\x89PNG")
    assert str(file) in result.stdout
    json_too = run(*FIELD, "--plot", file, "--json")
    assert json.loads(json_too.stdout)["epoch"] == 2031.2


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--dec", 91), "dec = 91"),
        (("--ra", "nan"), "ra = nan"),
        (("--epoch", 2200), "1900 to 2100"),
        (("--fov", 0), "fov = 0"),
        (("--fov", 61), "at most 60 deg"),
        (("--observer", "obrit"), "did you mean 'orbit'?"),
        (("--observer", "site:-29.26,109,2400"), "zenith distance"),
        (("--observer", "site:-29.26,-70.73"), "three: latitude"),
        (("--observer", "nowhere.csv"), "nowhere.csv"),
        (("--bodies", "mon"), "did you mean 'moon'?"),
        (("--bodies", "saturn"), "pip install 'reseau[ephemeris]'"),
        (("--bodies", ""), "unknown body ''"),
        (("--ephemeris", "de44"), "did you mean 'de440'?"),
        (("--pressure", 1000), "name a site"),
        (("--plot", "maps.pdf"), ".png"),
        (("--plot", ""), "--plot"),
    ],
)
def test_bad_input(run: Run, options: tuple[object, ...], hint: str) -> None:
    result = run(*field(*options))
    assert result.exit_code == 2, result
    assert hint in result.stderr
    assert "to do:" in result.stderr
    assert result.stdout == ""


def test_usage_errors(run: Run) -> None:
    assert "--dec" in run("effects", "--ra", 10, "--epoch", 2031.2).stderr
    result = run(*FIELD, "--fov", "wide")
    assert result.exit_code == 2
    assert "--fov" in result.stderr
