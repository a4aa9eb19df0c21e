"""Files of isochrones: those of the CMD interface and of MIST, and what is wrong."""

import gzip
import importlib.metadata

import numpy as np
import pytest

from isochrone_files import cmd_text, mist_text, shipped_grid, shipped_one
from reseau.errors import (
    CatalogueError,
    ConfigError,
    FileFormatError,
    ReseauWarning,
    TableWarning,
)
from reseau.galaxy.isochrones import (
    POPULATIONS,
    Population,
    read_isochrones,
    shipped_isochrones,
)

ONE = {"bar": Population((9.12,), (1.0,), (0.0,), (1.0,))}
"""A population of the isochrones that the files hold."""


def test_a_file_of_cmd_gives_its_points_without_the_white_dwarf(tmp_path):
    grid = shipped_grid((8,))
    path = tmp_path / "cmd.dat"
    path.write_text(cmd_text(grid))
    read = read_isochrones(path, ONE, tolerance=0.0)
    np.testing.assert_allclose(read.mass, grid[0].mass, atol=1e-10)
    np.testing.assert_allclose(read.magnitudes, grid[0].magnitudes, atol=6e-4)
    np.testing.assert_array_equal(read.phase, grid[0].phase)
    np.testing.assert_allclose(read.log_g, grid[0].log_g, atol=6e-4)
    np.testing.assert_allclose(read.age, grid[0].age, rtol=2e-5)
    assert read.weight.tolist() == [1.0]


def test_bands_of_two_files_are_joined_and_compression_does_no_harm(tmp_path):
    grid = shipped_grid((8,))
    first, second = tmp_path / "2mass.dat", tmp_path / "gaia.dat.gz"
    first.write_text(cmd_text(grid, "J H Ks"))
    second.write_bytes(gzip.compress(cmd_text(grid, "G").encode()))
    read = read_isochrones([first, second], ONE, tolerance=0.0)
    np.testing.assert_allclose(read.magnitudes, grid[0].magnitudes, atol=6e-4)


def test_without_gaia_g_is_nan_and_said(tmp_path):
    path = tmp_path / "2mass.dat"
    path.write_text(cmd_text(shipped_grid((8,)), "J H Ks"))
    with pytest.warns(TableWarning, match="no Gaia G"):
        read = read_isochrones(path, ONE)
    assert np.isnan(read.magnitudes[:, 3]).all()
    assert np.isfinite(read.magnitudes[:, :3]).all()


def test_the_system_of_another_k_is_refused(tmp_path):
    path = tmp_path / "bessell.dat"
    path.write_text(cmd_text(shipped_grid((8,)), "J H").replace("Hmag\n", "Kmag\n"))
    with pytest.raises(CatalogueError, match="no H, Ks"):
        read_isochrones(path, ONE)


def test_a_row_that_was_cut_is_named(tmp_path):
    path = tmp_path / "cut.dat"
    text = cmd_text(shipped_grid((8,)), end=False)
    path.write_text(text[: len(text) // 2].rsplit(" ", 3)[0] + "\n")
    lines = len(path.read_text().splitlines())
    with pytest.raises(FileFormatError, match=f"line {lines} has"):
        read_isochrones(path, ONE)


def test_a_file_without_its_last_line_is_suspected(tmp_path):
    path = tmp_path / "end.dat"
    path.write_text(cmd_text(shipped_grid((8,)), end=False))
    with pytest.warns(TableWarning, match="does not end"):
        read_isochrones(path, ONE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("J,H,Ks\n1,2,3\n", "a file that begins with"),
        ("", "a file that begins with"),
        ("# Zini MH logAge Mini Jmag\n0.01 0 9 1 2\n", "no column logTe, logg, label"),
    ],
)
def test_other_files_are_told(tmp_path, text, message):
    path = tmp_path / "other.txt"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_isochrones(path, ONE)


def test_nothing_is_told(tmp_path):
    path = tmp_path / "nothing.dat"
    with pytest.raises(FileFormatError, match="no file"):
        read_isochrones(path)
    with pytest.raises(FileFormatError, match="is a directory"):
        read_isochrones(tmp_path)
    path.write_text(cmd_text([]) + "# Zini MH logAge Mini logTe logg label Jmag\n")
    with pytest.raises(FileFormatError, match="no isochrone"):
        read_isochrones(path)
    with pytest.raises(FileFormatError, match="no isochrone"):
        read_isochrones([])


def test_a_magnitude_that_is_no_number_is_told(tmp_path):
    path = tmp_path / "nan.dat"
    one = shipped_one("bar", 8)
    path.write_text(cmd_text([one]).replace(f"{one.magnitudes[5, 0]:.3f}", "nan"))
    with pytest.raises(CatalogueError, match="NaN in J"):
        read_isochrones(path, ONE)


def test_names_stand_for_the_tables_of_packages():
    assert read_isochrones("shipped") is shipped_isochrones()
    pytest.importorskip("genulens")
    with pytest.raises(ConfigError, match="unknown component 'halo'"):
        read_isochrones("genulens", {"halo": ONE["bar"]})


def test_a_word_among_the_numbers_is_told_with_its_line(tmp_path):
    path = tmp_path / "word.dat"
    path.write_text(cmd_text(shipped_grid((8,))).replace(" 4.0 ", " ***** ", 1))
    with pytest.raises(FileFormatError, match=r"'\*\*\*\*\*' in line 7"):
        read_isochrones(path, ONE)


def test_the_same_isochrone_twice_is_refused(tmp_path):
    path = tmp_path / "cmd.dat"
    path.write_text(cmd_text(shipped_grid((8,))))
    with pytest.raises(CatalogueError, match="twice"):
        read_isochrones([path, path], ONE)


def test_bands_of_other_points_are_not_joined(tmp_path):
    first, second = tmp_path / "2mass.dat", tmp_path / "gaia.dat"
    one = shipped_one("bar", 8)
    first.write_text(cmd_text([one], "J H Ks"))
    second.write_text(cmd_text([one.at(np.arange(len(one.mass) - 1))], "G"))
    with pytest.raises(CatalogueError, match="other masses"):
        read_isochrones([first, second], ONE)


def test_each_metallicity_may_have_ages_of_its_own(tmp_path):
    path = tmp_path / "hole.dat"
    path.write_text(cmd_text(shipped_grid((2, 7, 8, 12))))  # -0.20 has them all
    read = read_isochrones(path, {"bar": POPULATIONS["bar"]})
    for metallicity, share in ((-0.2, 0.51), (0.05, 0.49)):
        rows = np.abs(read.metallicity - metallicity) < 1e-3
        assert read.weight[rows].sum() == pytest.approx(share)
    rows = np.abs(read.metallicity + 0.2) < 1e-3
    assert read.weight[rows] @ read.age[rows] == pytest.approx(9.0 * 0.51, rel=1e-4)


def test_a_grid_that_does_not_reach_a_population_is_said(tmp_path):
    path = tmp_path / "one.dat"
    path.write_text(cmd_text(shipped_grid((8,))))
    with pytest.warns(ReseauWarning, match=r"thin1 \(9.1 Gyr, \+0.05 for 0.075"):
        read_isochrones(path)


def test_a_file_of_mist_gives_its_points(tmp_path):
    grid = [shipped_one("bar", row) for row in (3, 8)]
    path = tmp_path / "MIST_v1.2_feh_p0.05.iso.cmd"
    path.write_text(mist_text(grid))
    read = read_isochrones(path, ONE, tolerance=0.0)
    ages = {round(float(age), 3): k for k, age in enumerate(read.age)}
    row = ages[round(grid[1].age, 3)]
    points = slice(int(read.start[row]), int(read.stop[row]))
    np.testing.assert_allclose(read.mass[points], grid[1].mass, rtol=1e-13)
    np.testing.assert_allclose(read.magnitudes[points], grid[1].magnitudes, atol=1e-6)
    helium = np.isin(grid[1].phase, [4, 5, 6])
    np.testing.assert_array_equal(read.phase[points] == 4, helium)
    assert (read.log_g[points][read.phase[points] == 2] > 3.7).all()


def test_a_file_of_mist_that_was_cut_is_told(tmp_path):
    path = tmp_path / "cut.iso.cmd"
    path.write_text("\n".join(mist_text(shipped_grid((8,))).splitlines()[:60]) + "\n")
    with pytest.raises(FileFormatError, match="47 points"):
        read_isochrones(path, ONE)


def test_a_file_of_mist_that_lost_an_isochrone_is_told(tmp_path):
    path = tmp_path / "lost.iso.cmd"
    text = mist_text(shipped_grid((8,)))
    path.write_text(text.replace("isochrones =    1", "isochrones =  107"))
    with pytest.raises(FileFormatError, match="wanted: 107"):
        read_isochrones(path, ONE)


def test_reddened_magnitudes_are_refused(tmp_path):
    path = tmp_path / "red.iso.cmd"
    path.write_text(mist_text(shipped_grid((8,)), reddening=1.0))
    with pytest.raises(CatalogueError, match=r"Av = 1\.0"):
        read_isochrones(path, ONE)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", absent)
    with pytest.raises(ConfigError, match=r"pip install 'reseau\[galaxy\]'"):
        read_isochrones("genulens")


def test_stars_of_the_helium_flash_wait_at_the_clump():
    one = shipped_one("bar", 8)
    flash = int(np.flatnonzero(one.phase == 4)[0])
    later = one.mass.copy()
    later[flash:] += 1e-4
    gap = type(one)(
        *(one.age, one.metallicity, later, one.magnitudes),
        *(one.phase, one.log_g, one.temperature),
    )
    settled = gap.with_flash()
    assert len(settled.mass) == len(one.mass) + 1
    np.testing.assert_array_equal(
        settled.magnitudes[flash], settled.magnitudes[flash + 1]
    )
    assert settled.mass[flash] == one.mass[flash - 1]
    assert one.with_flash() is one
