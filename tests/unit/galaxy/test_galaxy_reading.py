"""A galaxy's TOML file: what is read of it, and what each wrong key gets."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from reseau.errors import ConfigError, FileFormatError, ReseauError
from reseau.galaxy.model import galaxy_presets, read_galaxy
from reseau.galaxy.model.discs import Disc
from reseau.galaxy.model.nuclear import ExponentialDisc
from reseau.verbs.presets import list_presets, preset_text

TEXT = galaxy_presets()["koshimoto2021"].read_text(encoding="utf-8")
EXPONENTIAL = """law = "exponential"
mass_msun = 7.0e8
scale_length_pc = 74.0
scale_height_pc = 26.0
"""
FLATTENED = re.compile(r'law = "flattened"(?:.*\n)+?(?=farthest_radius_pc)')


def _file(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _changed(folder: Path, old: str, new: str) -> Path:
    assert old in TEXT
    return _file(folder, TEXT.replace(old, new, 1))


def test_the_preset_is_listed_and_shown() -> None:
    assert preset_text("koshimoto2021") == TEXT
    kinds = {p.name: p.kind for p in list_presets()}
    assert kinds["koshimoto2021"] == "galaxy"


def test_a_file_is_read_as_the_preset_is(tmp_path: Path) -> None:
    mine, preset = read_galaxy(_file(tmp_path, TEXT)), read_galaxy("koshimoto2021")
    assert (mine.name, mine.version) == ("koshimoto2021", "1")
    assert mine.digest == preset.digest
    assert mine.components == preset.components
    assert mine.frame == preset.frame
    assert set(mine.kinematics) >= {"bar", "thin", "thick"}


OF_A_FIT = {
    "galaxy": {"name", "description"},
    "mass_function": {"exponents", "breaks_msun"},
    "normalisation": {"box_mass_msun"},
}


@pytest.mark.parametrize("fit", ["e", "g", "gx"])
def test_other_fits_differ_in_the_bar_and_in_numbers_only(fit: str) -> None:
    text = preset_text(f"koshimoto2021-{fit}")
    other, known = tomllib.loads(text), tomllib.loads(TEXT)
    assert other["galaxy"]["name"] == f"koshimoto2021-{fit}"
    for name, keys in OF_A_FIT.items():
        assert {k for k in known[name] if known[name][k] != other[name][k]} == keys
    assert other["frame"] == known["frame"]
    for theirs, ours in zip(other["component"], known["component"], strict=True):
        if theirs["name"] != "bar":
            ours.pop("number_density_pc3", None)
            assert theirs == ours
    other["kinematics"].pop("bar")
    known["kinematics"].pop("bar")
    assert other["kinematics"] == known["kinematics"]


def test_comments_leave_the_digest_and_every_number_changes_it(tmp_path: Path) -> None:
    known = read_galaxy().digest
    commented = read_galaxy(_file(tmp_path, "# Of mine.\n" + TEXT)).digest
    assert commented == known
    spaced = read_galaxy(
        _changed(tmp_path, "z_sun_pc = 25.0 ", "z_sun_pc = 2.5e1")
    ).digest
    assert spaced == known
    seen = {known}
    for old, new in (
        ("z_sun_pc = 25.0", "z_sun_pc = 20.8"),
        ('version = "1"', 'version = "2"'),
        ("x_slope = 1.377748", "x_slope = 1.377749"),
        ("pattern_speed_km_s_kpc = 47.4106", "pattern_speed_km_s_kpc = 37.5"),
    ):
        seen.add(read_galaxy(_changed(tmp_path, old, new)).digest)
    assert len(seen) == 5


def test_number_densities_left_out_follow_from_the_normalisation(
    tmp_path: Path,
) -> None:
    lines = [x for x in TEXT.splitlines() if not x.startswith("number_density_pc3")]
    derived = read_galaxy(_file(tmp_path, "\n".join(lines)))
    for mine, given in zip(derived.components, read_galaxy().components, strict=True):
        assert mine.factor == pytest.approx(given.factor, rel=4e-3)
    heavier = "\n".join(lines).replace("msun_pc3 = 0.042", "msun_pc3 = 0.084")
    twice = read_galaxy(_file(tmp_path, heavier))
    for name in ("thin1", "thin7", "thick"):
        ratio = twice.component(name).factor / derived.component(name).factor
        assert ratio == pytest.approx(2.0)
    # What the discs have more of the box, the bar has less; also if they are given.
    bar = twice.component("bar").factor
    assert bar < 0.9 * derived.component("bar").factor
    given = TEXT.replace("number_density_pc3 = 11.9712", "#")
    for name in ("thin7", "thick"):
        factor = f"number_density_pc3 = {read_galaxy().component(name).factor}"
        assert factor in given
        given = given.replace(factor, f"{factor}e1")
    assert read_galaxy(_file(tmp_path, given)).component("bar").factor < 0.9 * bar
    with pytest.raises(ConfigError, match="nothing is left for bar"):
        read_galaxy(_file(tmp_path, heavier.replace("1.1074992e10", "1e9")))


def test_the_suns_velocity_may_be_given(tmp_path: Path) -> None:
    text = TEXT.replace("centre_pml_mas_yr = -6.411", "sun_rotation_km_s = 243.0")
    text = text.replace("centre_pmb_mas_yr = -0.219", "sun_north_km_s = 7.0")
    assert read_galaxy(_file(tmp_path, text)).frame.sun_velocity == (10.0, 243.0, 7.0)


def test_options_of_discs(tmp_path: Path) -> None:
    """Heights linear in R; the nuclear disc as a double exponential."""
    linear = read_galaxy(_file(tmp_path, TEXT.replace('"constant"', '"linear"')))
    disc = linear.component("thin7").law
    assert isinstance(disc, Disc)
    assert disc.inner_height == 267.22
    simple = read_galaxy(_file(tmp_path, FLATTENED.sub(EXPONENTIAL, TEXT)))
    law = simple.component("nsd").law
    assert isinstance(law, ExponentialDisc)
    assert law.mass == 7.0e8


def test_a_table_of_the_users_is_found_beside_the_file(tmp_path: Path) -> None:
    rows = [
        f"{r} {z} {100.0 * np.exp(-r / 0.074 - z / 0.026):.8e} 50 60 60 50 0"
        for z in (0.0, 0.1, 0.4)
        for r in (0.0, 0.2, 0.5, 1.0)
    ]
    (tmp_path / "disc.dat").write_text("\n".join(rows), encoding="utf-8")
    table = FLATTENED.sub('law = "table"\ntable = "disc.dat"\n', TEXT)
    table = re.sub(r"farthest_radius_pc = .*\nfarthest_height_pc = .*\n", "", table)
    nsd = read_galaxy(_file(tmp_path, table)).component("nsd")
    # The logarithm is linear in both: a double exponential comes out exactly.
    before = read_galaxy(tmp_path / "mine.toml").digest
    (tmp_path / "disc.dat").write_text("\n".join(rows).replace(" 50 ", " 51 "))
    assert read_galaxy(tmp_path / "mine.toml").digest == before
    found = nsd.mass_density(np.array([[60.0, 80.0, -33.0]]))[0]
    assert found == pytest.approx(100.0 * np.exp(-100.0 / 74.0 - 33.0 / 26.0), rel=1e-6)
    denser = "\n".join(rows[:-1]) + "\n1.0 0.4 1.0 50 60 60 50 0"
    (tmp_path / "disc.dat").write_text(denser, encoding="utf-8")
    assert read_galaxy(tmp_path / "mine.toml").digest != before


WRONG = {
    # what is written in place of what, and what the message says
    "z_sun": ("z_sun_pc = 25.0", "zsun_pc = 25.0", "did you mean z_sun_pc"),
    "text": ("r0_pc = 8160.0", 'r0_pc = "far"', "r0_pc = 'far'"),
    "negative": ("r0_pc = 8160.0", "r0_pc = -8160.0", "a number > 0"),
    "high sun": ("z_sun_pc = 25.0", "z_sun_pc = 9000.0", "less than r0_pc"),
    "infinite": ("z_sun_pc = 25.0", "z_sun_pc = inf", "a finite number"),
    "one pair": ("centre_pml_mas_yr = -6.411", "", "keep one of the two pairs"),
    "format": ("reseau-galaxy/1", "reseau-galaxy/9", "reseau-galaxy/1"),
    "exponents": ("0.17586219, ", "", "one exponent more than breaks"),
    "breaks": ("[0.08, 0.859770467]", "[0.08, 0.01]", "low < breaks < high"),
    "words": ("[0.08, 0.859770467]", '[0.08, "one"]', "list exponents and breaks"),
    "kind": ('kind = "thick disc"', 'kind = "thick disk"', "did you mean 'thick disc'"),
    "no kind": ('kind = "thick disc"', "", "the key kind is missing"),
    "name": ('name = "thin2"', 'name = "thin1"', "a second component thin1"),
    "ages": ("oldest_gyr = 0.15", "oldest_gyr = 0.05", "youngest_gyr <= age_gyr"),
    "living": ("msun = 6.03", "msun = 600.0", "a mass of the mass function"),
    "height": ('height = "constant"', 'height = "lin"', "did you mean 'linear'"),
    "inner": (
        'inner_scale_height_pc = 85.10\nheight = "constant"',
        'height = "linear"',
        'linear" without inner_scale_height_pc',
    ),
    "law": ('law = "flattened"', 'law = "flat"', "did you mean 'flattened'"),
    "list": ("powers = [0.5, 1.5061, ", "powers = [1.5061, ", "6 numbers > 0"),
    "zero": ("powers = [0.5, ", "powers = [0.0, ", "powers = [0.0, 1.5061"),
    "key": ("axis_ratio = 0.73", "axis_ration = 0.73", "did you mean axis_ratio"),
    "slope": ("inner_slope = 0.71", "inner_slope = 3.5", "at most 2.9"),
    "x": ("x_z_pc = 286.792", "x_zz_pc = 286.792", "did you mean x_z_pc"),
    "part of an x": ("x_z_pc = 286.792", "", "x_share = 1.439757 without x_z_pc"),
    "profile": ('profile = "exponential"', 'profile = "sech"', "gaussian"),
    "share": ("thick_share = 0.04", "thick_share = -1", "0 or more"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_keys_are_named(tmp_path: Path, case: str) -> None:
    old, new, said = WRONG[case]
    assert old in TEXT
    with pytest.raises(ReseauError) as caught:
        read_galaxy(_changed(tmp_path, old, new))
    message = str(caught.value)
    assert said in message
    assert "mine.toml" in message
    assert all(part in message for part in ("wanted:", "where:", "to do:"))


def test_a_component_needs_a_density_or_a_normalisation(tmp_path: Path) -> None:
    start = TEXT.index("[normalisation]")
    text = TEXT[:start] + TEXT[TEXT.index("# Number densities count") :]
    read_galaxy(_file(tmp_path, text))
    with pytest.raises(ConfigError, match="thick has no number_density_pc3"):
        read_galaxy(_file(tmp_path, text.replace("number_density_pc3 = 0.00804", "")))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    head, rest = TEXT.split("[galaxy]")
    for key in ("kinematics", "normalisation", "component"):
        text = re.sub(rf"\[+{key}\b.*", "[rest]", rest)
        text = re.sub(r"\[rest\](?:\n(?!\[).*)+", "", text)
        text = f"{head}{key} = 3\n[galaxy]{text}"
        with pytest.raises(
            ConfigError, match=rf"{key} (is not a table|= 3 is of type)"
        ):
            read_galaxy(_file(tmp_path, text))


def test_galaxies_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'koshimoto2021'"):
        read_galaxy("koshimoto2020")
    with pytest.raises(FileFormatError, match="does not exist"):
        read_galaxy(tmp_path / "none.toml")
    with pytest.raises(FileFormatError, match="not TOML"):
        read_galaxy(_file(tmp_path, "[galaxy"))
    empty = re.split(r"\n\[\[component\]\]", TEXT)[0]
    with pytest.raises(ConfigError, match="component"):
        read_galaxy(_file(tmp_path, empty))


def test_a_component_of_another_name_is_unknown() -> None:
    with pytest.raises(ConfigError, match="did you mean 'thick'"):
        read_galaxy().component("tick")
