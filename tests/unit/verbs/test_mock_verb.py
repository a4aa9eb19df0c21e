"""`mock_forward`: columns, seeds, workers, runs that are continued, bad input."""

import json
from pathlib import Path

import erfa
import numpy as np
import pyarrow.parquet as pq
import pytest

import reseau
from reseau.errors import ConfigError, OutputExistsError, ReseauError
from reseau.galaxy.forward import opening, run
from reseau.galaxy.photometry import HW_FORMULAS
from reseau.verbs import simulate_survey
from reseau.verbs.mock import mock_forward

WINDOW = "359.96,1.06,0.16,0.08"
"""Across l = 0, three tiles, which it cuts."""
FEW = {"limit": "Ks=12", "extinction_map": "1.2", "seed": 7}


class Still:
    """Velocities without tables: Normal, by component."""

    def draw(self, component, position, rng):
        return (50.0 + len(component)) * rng.standard_normal(position.shape)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(opening, "kinematics_of", lambda _: Still())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mock") / "mock"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "kinematics_of", lambda _: Still())
        return mock_forward(WINDOW, output=folder, workers=1, **FEW)


def table(folder):
    return pq.read_table(Path(folder) / "catalogue.parquet")


def test_columns_are_gaias_and_belong_together(whole):
    """Parallax and distance, Galactic and equatorial places, Hw of J and H, ids."""
    catalogue = reseau.Catalogue.read(whole.folder)
    t = catalogue.table
    assert len(t) == len(whole) > 300
    ids = np.asarray(t["source_id"])
    assert ids.dtype == np.int64
    assert len(np.unique(ids)) == len(ids)
    assert (ids > 2**40).all()
    assert t["parallax"].unit == "mas"
    assert t["mass"].unit == "solMass"
    assert np.allclose(t["parallax"].value * t["distance"].value, 1000.0, rtol=1e-14)
    east, b = erfa.icrs2g(*np.deg2rad([t["ra"].value, t["dec"].value]))
    turns = (np.rad2deg(east) - t["l"].value + 180.0) % 360.0 - 180.0
    assert np.abs(turns).max() < 1e-10
    assert np.abs(np.rad2deg(b) - t["b"].value).max() < 1e-10
    j, h = t["phot_j_mag"].value, t["phot_h_mag"].value
    hw = HW_FORMULAS["2mass"].magnitude(j, h)
    assert np.allclose(t["phot_hw_mag"].value, hw, rtol=0, atol=1e-12)
    assert t["phot_ks_mag"].value.max() <= 12.0
    assert t["on_map"].all()
    assert set(np.asarray(t["component"])) <= set(whole.counts)
    assert sum(whole.counts.values()) == len(t)
    catalogue.at_epoch(2030.0, covariance=False)


def test_the_same_bytes_for_any_number_of_workers(whole, tmp_path):
    """One after the other, or three at once."""
    other = mock_forward(WINDOW, output=tmp_path / "b", workers=3, **FEW)
    for name in ("catalogue.parquet", "summary.json"):
        assert (whole.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_a_star_is_the_same_in_every_window(whole):
    """A window within, and one that is written otherwise, have the same stars."""
    inner = mock_forward("-0.02,1.05,0.04,0.04", **FEW).table
    outer = table(whole.folder).to_pandas().set_index("source_id")
    found = inner.to_pandas().set_index("source_id")
    assert len(found) > 30
    assert found.equals(outer.loc[found.index])
    east = (outer["l"] + 180.0) % 360.0 - 180.0
    within = (east >= -0.04) & (east < 0.0) & (outer["b"] >= 1.03) & (outer["b"] < 1.07)
    assert within.sum() == len(found)


def test_another_seed_gives_other_stars(whole):
    """No star of one mock is in the other."""
    other = mock_forward(WINDOW, **{**FEW, "seed": 8}).table
    mine = table(whole.folder)["distance"].to_numpy()
    assert not np.isin(other["distance"].to_numpy(), mine).any()


def test_a_run_that_was_stopped_is_continued(whole, tmp_path, monkeypatch):
    """Tiles that are done stay, and the bytes at the end are the same."""
    made = []
    drawing = run.tile_columns

    def until_the_third(sky, tile):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(tile.number)
        return drawing(sky, tile)

    folder = tmp_path / "mock"
    monkeypatch.setattr(run, "tile_columns", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        mock_forward(WINDOW, output=folder, workers=1, **FEW)
    assert len(list((folder / "tiles").iterdir())) == 2
    with pytest.raises(ReseauError, match="incomplete"):
        reseau.describe(folder)
    with pytest.raises(OutputExistsError, match="seed"):
        mock_forward(WINDOW, output=folder, **{**FEW, "seed": 9})
    again = []
    monkeypatch.setattr(
        run, "tile_columns", lambda sky, t: again.append(t.number) or drawing(sky, t)
    )
    mock_forward(WINDOW, output=folder, workers=2, **FEW)
    assert len(again) == 1
    assert not set(again) & set(made)
    assert sorted(p.name for p in folder.iterdir()) == [
        "catalogue.parquet",
        "summary.json",
    ]
    expected = (whole.folder / "catalogue.parquet").read_bytes()
    assert (folder / "catalogue.parquet").read_bytes() == expected


def test_an_output_that_is_there_is_kept(whole):
    """But for --overwrite, and what is in it is told."""
    with pytest.raises(OutputExistsError, match="overwrite"):
        mock_forward(WINDOW, output=whole.folder, **FEW)
    summary = json.loads((whole.folder / "summary.json").read_text())
    assert summary["stars"] == len(whole)
    told = reseau.describe(whole.folder)
    assert f"{len(whole):,}" in str(told)


def test_observed_columns_scatter_by_their_errors():
    """Pulls of all columns are Normal, and what is not seen is missing."""
    seen = mock_forward(
        WINDOW, observed="gaia", **{**FEW, "limit": "G=20.95"}
    ).table.to_pandas()
    true = mock_forward(WINDOW, **{**FEW, "limit": "G=20.95"}).table.to_pandas()
    assert (seen["source_id"] == true["source_id"]).all()
    inside = seen["phot_g_mean_mag"] <= 20.7
    assert inside.any()
    assert not inside.all()
    assert seen.loc[~inside, ["parallax", "pmra", "pmdec"]].isna().all(axis=None)
    assert (seen["astrometric_params_solved"] == np.where(inside, 31, 0)).all()
    for name in ("parallax", "pmra", "pmdec", "phot_j_mag", "phot_ks_mag"):
        assert (seen[f"{name}_true"] == true[name]).all()
        pull = ((seen[name] - true[name]) / seen[f"{name}_error"]).dropna()
        assert len(pull) > 300
        assert abs(pull.mean()) < 4.0 / len(pull) ** 0.5, name
        assert abs(pull.std() - 1.0) < 4.0 / (2 * len(pull)) ** 0.5, name
    east = (seen["ra"] - true["ra"]) * np.cos(np.deg2rad(true["dec"])) * 3.6e6
    assert (east / seen["ra_error"]).std() == pytest.approx(1.0, abs=0.1)
    z = 10.0 ** (0.4 * (np.maximum(seen["phot_g_mean_mag"], 13.0) - 15.0))
    parallax = 1e-3 * np.sqrt(40.0 + 800.0 * z + 30.0 * z**2)
    assert np.allclose(seen.loc[inside, "parallax_error"], parallax[inside])


def test_companions_make_more_and_brighter_stars(whole):
    """With binaries there are masses of companions, below those of the stars."""
    paired = mock_forward(WINDOW, binary_fraction=0.5, **FEW).table.to_pandas()
    known = paired["companion_mass"].notna()
    assert 0.4 < known.mean() < 0.7
    assert (paired["companion_mass"] <= paired["mass"])[known].all()
    assert "companion_mass" not in table(whole.folder).column_names


def test_no_stars_are_a_mock_too(tmp_path):
    """Nothing is brighter than the limit: an empty table, and no pictures."""
    mock = mock_forward(
        "0,60,0.02,0.02", "Hw=-9", tmp_path / "none", figures=True, workers=1
    )
    assert len(mock) == 0
    assert table(mock.folder).num_rows == 0
    assert {p.name for p in mock.folder.iterdir()} == {
        "catalogue.parquet",
        "summary.json",
    }
    assert "no component" in str(mock)


def test_a_deep_limit_is_drawn_in_parts(monkeypatch):
    """No more proposals at once than a chunk has, whatever the limit."""
    sizes = []
    drawing = run.tile_columns

    def watched(sky, tile):
        for part in drawing(sky, tile, chunk=2000):
            sizes.append(len(part["ra"]))
            yield part

    monkeypatch.setattr(run, "tile_columns", watched)
    mock = mock_forward("1.05,-2.05,0.1,0.1", limit="Ks=16.5", extinction_map="0.5")
    assert len(mock) > 15_000
    assert len(sizes) > 8
    assert max(sizes) < 2300
    assert len(set(mock.table["source_id"].to_pylist())) == len(mock)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"galaxy": "andromeda"}, "koshimoto2021"),
        ({"extinction_map": "-1"}, "0 to 30"),
        ({"extinction_law": "cardelli"}, "wang2019"),
        ({"dust_profile": "none"}, "exponential"),
        ({"hw": "3mass"}, "2mass"),
        ({"binary_fraction": 1.5}, "binary_fraction"),
        ({"observed": "hipparcos"}, "gaia"),
        ({"seed": -1}, "seed"),
        ({"epoch": 20160.0}, "epoch"),
    ],
)
def test_a_wrong_setting_says_what_is_wanted(change, said):
    """Before anything is drawn."""
    with pytest.raises(ReseauError, match=said):
        mock_forward(WINDOW, **{**FEW, **change})


def test_an_unknown_setting_is_refused():
    """As any argument that a function does not have."""
    with pytest.raises((ConfigError, TypeError), match="seeds"):
        mock_forward(WINDOW, seeds=3)


def test_a_mock_is_the_sky_of_a_survey(tmp_path):
    """Its stars are the survey's truth: the same ids, motions and colours."""
    mock = mock_forward(
        "-0.3,0.1,0.3,0.3",
        "Hw=12.5",
        tmp_path / "sky",
        extinction_map="2.5",
        observed="gaia",
        workers=1,
    )
    preset = Path(reseau.__file__).parent / "presets" / "surveys" / "mini.toml"
    text = preset.read_text()
    for old, new in (
        ('source = "embedded"', 'source = "sky"'),
        ("orbits = 100", "orbits = 1"),
        ("exposures = 24", "exposures = 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "survey.toml").write_text(text)
    survey = simulate_survey.simulate_survey(tmp_path / "survey.toml")
    found = survey.survey.stars
    true = table(mock.folder).to_pandas().set_index("source_id")
    of = np.isin(found.source_id, true.index)
    assert of.sum() > 100
    same = true.loc[found.source_id[of]]
    for name in ("ra", "dec", "parallax", "pmra", "pmdec", "phot_hw_mag"):
        assert np.array_equal(getattr(found, name)[of], same[f"{name}_true"]), name
    colour = same["phot_j_mag_true"] - same["phot_h_mag_true"]
    assert np.array_equal(found.colour[of], colour)
    assert survey.plate(0).dataset.exposures.num_rows > 0
