"""What `reseau info` and `reseau plot` know of Galaxies, mocks and merged tables."""

import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from reseau import describe, merge, mock_forward, plot
from reseau.cli import app
from reseau.errors import ConfigError, FileFormatError
from reseau.galaxy import galaxy_presets, read_galaxy
from reseau.verbs.named_galaxy import galaxy_named
from synthetic_surveys import write_all

MOCK_KINDS = [
    "colour_magnitude",
    "counts",
    "motions",
    "components",
    "distances",
    "reddening",
]


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mock of some hundred stars."""
    folder = tmp_path_factory.mktemp("mock") / "stars"
    mock_forward("1,-3.9,0.03,0.03", "H=14", folder, seed=2, workers=1)
    return folder


def test_a_mock_is_told_by_its_settings_and_counts(mock: Path) -> None:
    found = describe(mock)
    facts = dict(found.facts)
    summary = json.loads((mock / "summary.json").read_text())
    assert found.kind == "mock catalogue"
    assert facts["stars"] == str(summary["stars"])
    thin = sum(n for name, n in summary["counts"].items() if name.startswith("thin"))
    assert f"{thin} thin disc" in facts["of"]
    assert f"{summary['counts']['bar']} bar" in facts["of"]
    assert facts["window"] == "l, b = 1, -3.9 deg, 0.03 x 0.03 deg"
    assert facts["seed"] == "2"
    assert "all columns are true" in facts["errors"]
    (columns,) = found.tables.values()
    assert {"phot_hw_mag", "component"} <= {c["name"] for c in columns}
    assert all(len(line) <= 80 for line in found.lines())


def test_a_damaged_mock_is_said(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"format": "reseau-mock/1"}')
    with pytest.raises(FileFormatError, match="mock catalogue is damaged"):
        describe(tmp_path)


def test_a_galaxy_is_told_by_its_name_and_by_its_file(tmp_path: Path) -> None:
    found = describe("koshimoto2021")
    assert found.kind == "model of the Galaxy"
    facts = dict(found.facts)
    galaxy = read_galaxy()
    assert facts["digest"] == galaxy.digest[:16]
    assert {*galaxy.names} <= {*facts}
    # 0.0117 of living stars and 0.0052 of remnants.
    assert facts["thin7"] == "disc, 8.66 Gyr, 0.0169 M☉/pc³ at the Sun"
    assert "at the Sun" not in facts["nsd"]
    own = tmp_path / "mine.toml"
    text = galaxy_presets()["koshimoto2021"].read_text()
    own.write_text(text.replace('name = "koshimoto2021"', 'name = "mine"'))
    assert galaxy_named(own) == own
    assert dict(describe(own).facts)["name"].startswith("mine, version")
    assert all(len(line) <= 80 for line in found.lines())


def test_other_files_are_no_galaxy(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[")
    (tmp_path / "other.toml").write_text('format = "reseau-instrument/1"')
    (tmp_path / "koshimoto2021").mkdir()
    for name in ("broken.toml", "other.toml", "koshimoto2021", "absent"):
        assert galaxy_named(tmp_path / name) is None
    assert galaxy_named("koshimoto2021") == "koshimoto2021"


def test_what_exists_counts_before_a_preset_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "koshimoto2021").mkdir()
    assert galaxy_named("koshimoto2021") is None


def test_all_figures_of_a_mock(mock: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["plot", str(mock), "-o", str(tmp_path / "f"), "--json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found["files"]) == MOCK_KINDS
    assert not found["left_out"]
    starts = {p.read_bytes()[:4] for p in (tmp_path / "f").iterdir()}
    assert starts == {b"\x89PNG"}


def test_figures_of_a_mock_in_memory(tmp_path: Path) -> None:
    drawn = mock_forward("1,-3.9,0.01,0.01", "H=13", seed=2, workers=1)
    found = plot(drawn, tmp_path, kinds=["distances"])
    assert list(found.files) == ["distances"]


def test_figures_of_a_galaxy_go_by_their_names(tmp_path: Path) -> None:
    found = plot("koshimoto2021", tmp_path, kinds=["centre", "reddening"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["centre.png", "reddening.png"]
    assert "published figures" in found.lines()[0]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"kinds": ["densty"]}, "did you mean 'density'"),
        ({"truth": "dataset"}, "truth with a solution of one plate"),
        ({"source": 3}, "source with a catalogue"),
        ({"window": "1,2"}, "window"),
    ],
)
def test_choices_of_others_are_refused(tmp_path: Path, choices, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plot("koshimoto2021", tmp_path / "f", **choices)
    assert not (tmp_path / "f").exists()


def test_a_window_is_no_choice_of_a_mock(mock: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="window with a model of the Galaxy"):
        plot(mock, tmp_path / "f", window="1,2,3,4")


def test_a_galaxy_s_name_that_is_nearly_right(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'koshimoto2021'"):
        plot("koshimoto2012", tmp_path / "f")


def test_a_galaxy_without_a_bar_says_what_it_lacks(tmp_path: Path) -> None:
    text = galaxy_presets()["koshimoto2021"].read_text()
    head, *components = text.split("[[component]]")
    components[-1], _, tail = components[-1].partition("[kinematics.rotation_curve]")
    discs = [c for c in components if c.startswith('\nname = "th')]
    assert len(discs) == 8
    own = tmp_path / "discs.toml"
    table = f"[kinematics.rotation_curve]{tail}"
    own.write_text("[[component]]".join([head, *discs]) + table)
    with pytest.raises(ConfigError, match="it has no bar"):
        plot(own, tmp_path / "f", kinds=["bar_velocities"])


def test_a_merged_table_is_told_from_others(tmp_path: Path) -> None:
    files = write_all(tmp_path, seed=1, count=300)
    target = tmp_path / "nir.parquet"
    merge([files["2mass.parquet"], files["gaia.parquet"]], target)
    found = describe(target)
    facts, table = dict(found.facts), pq.read_table(target)
    assert found.kind == "merged catalogue"
    assert facts["sources"] == str(table.num_rows)
    known = pc.count(table["phot_hw_mag"]).as_py()
    assert f"Hw {known}" in facts["known"]
    assert facts["window"] == "all that the files hold"
    assert set(facts["input"].split(", ")) == {
        files["2mass.parquet"].name,
        files["gaia.parquet"].name,
    }
    of_gaia = table["position_source"].to_pylist().count("G")
    assert f"G {of_gaia}" in facts["positions of"]
    drawn = plot(target, tmp_path / "f", kinds=["colour_magnitude", "counts"])
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in drawn.files.values())
    # The same columns without the header are a table as any other.
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "bare.parquet")
    assert describe(tmp_path / "bare.parquet").kind == "table"
