"""Maps of the reddening: cells, gaps, files, and extinction of stars by them."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from reseau.errors import (
    CatalogueError,
    ConfigError,
    FileFormatError,
    ShapeError,
    TableWarning,
)
from reseau.galaxy.extinction import (
    FilledMap,
    GridMap,
    excess_at,
    extinction_at,
    read_extinction_map,
    read_law,
    read_profile,
)
from reseau.galaxy.extinction.map_files import read_genulens_map

GRID = np.array([[1.0, 2.0, 3.0], [4.0, np.nan, 6.0]])
STEP = 0.1


def _map(**changes: object) -> GridMap:
    given = {"name": "test", "first": (-0.1, 0.0), "step": (STEP, STEP), "excess": GRID}
    return GridMap(**{**given, **changes})  # type: ignore[arg-type]


def _table(**columns: object) -> Table:
    l, b = np.meshgrid([-0.05, 0.05], [0.05, 0.15, 0.25], indexing="ij")  # noqa: E741
    return Table({"l": l.ravel(), "b": b.ravel(), "ejks": GRID.ravel(), **columns})


def test_a_star_has_the_reddening_of_its_cell() -> None:
    found = _map().at(
        np.array([-0.09, -0.001, 0.0, 359.95]), np.array([0, 0.1, 0.29, 0.2])
    )
    assert found.excess == pytest.approx([1.0, 2.0, 6.0, 3.0])
    assert found.inside.all()


def test_outside_and_without_data_is_flagged_and_not_zero() -> None:
    longitude = np.array([-0.2, 0.15, 0.05, 0.0, np.nan, 180.0])
    latitude = np.array([0.1, 0.1, 0.15, 0.35, 0.1, 0.1])
    found = _map().at(longitude, latitude)
    assert not found.inside.any()
    assert np.isnan(found.excess).all()


def test_edges_belong_to_the_cell_that_begins_there() -> None:
    grid = _map()
    low, b = grid.longitude_edges[:-1], np.full(2, 0.01)
    assert grid.at(low, b).excess == pytest.approx([1.0, 4.0])
    assert grid.longitude_edges == pytest.approx([-0.1, 0.0, 0.1])
    assert grid.latitude_edges == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_scatter_inside_cells_is_told_from_the_neighbours() -> None:
    # A random walk over a grid, whose structure function is linear in the separation,
    # averaged to cells of 8 by 8: the scatter inside is known.
    rng = np.random.default_rng(5)
    k = np.fft.fftfreq(512)
    power = np.hypot(k[:, None], k[None, :]) + 1e-9
    field = np.fft.ifft2(
        np.fft.fft2(rng.standard_normal((512, 512))) * power**-1.5
    ).real
    cells = field.reshape(64, 8, 64, 8)
    inside = cells.std(axis=(1, 3))
    grid = _map(excess=cells.mean(axis=(1, 3)) - field.min() + 1.0)
    assert np.median(grid.scatter) == pytest.approx(np.median(inside), rel=0.25)


def test_a_gap_is_filled_by_another_map_and_still_told() -> None:
    other = read_extinction_map("smooth")
    longitude, latitude = np.array([0.05, 0.05]), np.array([0.15, 0.05])
    found = FilledMap(_map(), other).at(longitude, latitude)
    assert found.inside.tolist() == [False, True]
    assert found.excess[0] == other.at(longitude, latitude).excess[0]
    assert found.excess[1] == 4.0


@pytest.mark.parametrize("suffix", ["csv", "fits", "parquet", "ecsv"])
def test_a_table_in_any_file_is_a_map(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"map.{suffix}"
    table = _table(scatter=np.full(6, 0.2))
    if suffix == "parquet":
        table["ejks"] = np.nan_to_num(table["ejks"])
    table.write(file)
    found = read_extinction_map(file)
    assert isinstance(found, GridMap)
    assert found.excess == pytest.approx(GRID, nan_ok=True)
    assert found.first == pytest.approx((-0.1, 0.0))
    assert found.step == pytest.approx((STEP, STEP))
    assert found.at(np.array([0.05]), np.array([0.05])).scatter == pytest.approx(0.2)


def test_order_of_rows_names_and_longitudes_make_no_difference() -> None:
    table = _table()[[5, 2, 0, 1, 3, 4]]
    table["l"] = table["l"] % 360.0
    table.rename_columns(["l", "b", "ejks"], ["GLON", "GLAT", "E(J-Ks)"])
    assert read_extinction_map(table).excess == pytest.approx(GRID, nan_ok=True)


def test_what_stands_for_no_data_is_none() -> None:
    table = _table(ejks=np.array([0.0, -9.99, 99.9, np.nan, 2.0, 1e-3]))
    found = read_extinction_map(table).excess
    assert np.isfinite(found).ravel().tolist() == [False] * 4 + [True] * 2


def test_a_map_that_lacks_cells_is_read_with_a_warning() -> None:
    with pytest.warns(TableWarning, match="1 of 6 cells"):
        found = read_extinction_map(_table()[:5])
    assert not found.at(np.array([0.05]), np.array([0.25])).inside[0]


def test_bad_tables_are_refused() -> None:
    with pytest.raises(CatalogueError, match="ejks"):
        read_extinction_map(Table({"l": [0.0], "b": [0.0], "a_v": [1.0]}))
    crooked = _table()
    crooked["l"][0] += 0.03
    with pytest.raises(FileFormatError, match="off a grid"):
        read_extinction_map(crooked)
    with pytest.raises(FileFormatError, match="more than once"):
        read_extinction_map(_table()[[0, 1, 2, 3, 4, 5, 5]])
    with pytest.raises(ConfigError, match="nside"):
        read_extinction_map(Table({"healpix": [1, 2], "ejks": [1.0, 2.0]}))
    with pytest.raises(FileFormatError, match="NSIDE = 1"):
        read_extinction_map(Table({"healpix": [1, 12], "ejks": [1.0, 2.0]}), nside=1)
    with pytest.raises(ConfigError, match="power of 2"):
        read_extinction_map(Table({"healpix": [1], "ejks": [1.0]}), nside=3)


@pytest.mark.unchecked
def test_a_scatter_of_other_cells_is_refused() -> None:
    with pytest.raises(ShapeError, match="same number"):
        _map(given_scatter=np.ones((3, 2)))


def test_a_truncated_fits_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "map.fits"
    _table().write(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: 2 * 2880 + 3 * 24])
    with pytest.raises(FileFormatError):
        read_extinction_map(file)


def test_a_whole_healpix_map_says_how_its_cells_are(tmp_path: Path) -> None:
    file = tmp_path / "sky.fits"
    columns = [fits.Column("EJKS", "D", array=np.arange(1.0, 13.0))]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update({"PIXTYPE": "HEALPIX", "NSIDE": 1, "ORDERING": "NESTED"})
    table.writeto(file)
    found = read_extinction_map(file)
    # Of NSIDE = 1 the cells at the equator are centred at l = 0, 90, 180, 270.
    at = found.at(
        np.array([0.0, 90.0, 180.0, 270.0, 45.0]), np.array([0, 0, 0, 0, 60.0])
    )
    assert at.excess == pytest.approx([5.0, 6.0, 7.0, 8.0, 1.0])


GENULENS = """# l b mean, sub-cells
-0.0125 0.0125 2.0
-0.0125 0.0375 0
0.0125 0.0125 3.0 {}
0.0125 0.0375 1.0
"""


def test_sub_cells_are_used_where_there_are(tmp_path: Path) -> None:
    sub = np.arange(25) * 0.01 + 2.9
    file = tmp_path / "map.dat"
    file.write_text(GENULENS.format(" ".join(f"{x:.2f}" for x in sub)))
    found = read_genulens_map(file)
    centre = 0.0025 + 0.005 * np.arange(5)
    longitude, latitude = (
        x.ravel() for x in np.meshgrid(centre, centre, indexing="ij")
    )
    at = found.at(longitude, latitude)
    assert at.excess == pytest.approx(sub)
    assert (at.scatter > 0.0).all()
    assert found.excess[1, 0] == pytest.approx(sub.mean())
    assert found.at(np.array([-0.01]), np.array([0.03])).inside.tolist() == [False]


@pytest.mark.parametrize("cut", [-12, -40, 20])
def test_a_damaged_map_of_genulens_is_refused(tmp_path: Path, cut: int) -> None:
    file = tmp_path / f"map{cut}.dat"
    file.write_text(GENULENS.format(" ".join(["3.0"] * 25))[:cut])
    with pytest.raises(FileFormatError, match="install genulens again"):
        read_genulens_map(file)


def test_extinction_is_the_maps_at_the_clump_by_the_law() -> None:
    law, profile = read_law(), read_profile("exponential")
    longitude, latitude = np.full(3, -0.05), np.array([0.05, 0.15, 0.35])
    distance = 10.0 ** (0.2 * (14.5235 + 0.0239 * 0.05 + 0.0122 * latitude) + 1.0)
    found = extinction_at(
        _map(), law, profile, longitude, latitude, distance, ["J", "Ks"]
    )
    wanted = law.extinction_of(np.array([1.0, 2.0]), ["J", "Ks"])
    assert found[:2] == pytest.approx(wanted, rel=1e-9)
    assert np.isnan(found[2]).all()


def test_drawn_reddenings_have_the_maps_mean_and_scatter() -> None:
    n, rng = 200_000, np.random.default_rng(8)
    place = np.full(n, 0.05), np.full(n, 0.05), np.full(n, 8000.0)
    grid = _map(given_scatter=np.full((2, 3), 0.8))
    profile = read_profile("disc")
    share = profile.share(*(p[:1] for p in place))[0]
    drawn = excess_at(grid, profile, *place, rng=rng)
    assert drawn.excess.min() > 0.0
    assert drawn.excess.mean() == pytest.approx(4.0 * share, rel=0.003)
    assert drawn.excess.std() == pytest.approx(0.8 * share, rel=0.01)
    assert drawn.scatter == pytest.approx(0.8 * share)


def test_chunks_of_stars_are_the_stars_one_by_one() -> None:
    rng = np.random.default_rng(2)
    n = 70_000
    place = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n), rng.uniform(100, 15e3, n)
    given = read_extinction_map("smooth"), read_law("nishiyama2009"), read_profile()
    whole = extinction_at(*given, *place, ("J", "Hw"), np.random.default_rng(1))
    again = extinction_at(*given, *place, ("J", "Hw"), np.random.default_rng(1))
    assert (whole == again).all()
    some = np.array([0, 65_535, 65_536, n - 1])
    plain = extinction_at(*given, *place, ("J", "Hw"))
    few = extinction_at(*given, *(p[some] for p in place), ("J", "Hw"))
    assert (plain[some] == few).all()
