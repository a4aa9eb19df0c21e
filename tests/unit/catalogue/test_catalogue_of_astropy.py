"""Catalogues from and to astropy: coordinates, times, rows, units, metadata."""

import decimal
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import AltAz, CartesianRepresentation, Galactic, SkyCoord
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time

from reseau import Catalogue
from reseau.errors import CatalogueError, ConfigError, FileFormatError, TableWarning

N = 3


def stars(**others: object) -> QTable:
    return QTable(
        {
            "source_id": np.arange(1, N + 1),
            "ra": np.linspace(10.0, 10.1, N) * u.deg,
            "dec": np.linspace(5.0, 5.1, N) * u.deg,
            "ref_epoch": np.full(N, 2016.0) * u.yr,
            **others,
        }
    )


def without(table: QTable, *names: str) -> QTable:
    table.remove_columns(names)
    return table


def coordinates(**others: object) -> SkyCoord:
    place = {"l": np.full(N, 10.0) * u.deg, "b": np.full(N, 20.0) * u.deg}
    return SkyCoord(**place, **others, frame=Galactic, obstime=Time("J2016.0"))


def of_coordinates(**others: object) -> Catalogue:
    return Catalogue(QTable({"source_id": range(N), "coord": coordinates(**others)}))


MOTION = {"pm_l_cosb": np.full(N, 3.0) * u.mas / u.yr}
MOTION |= {"pm_b": np.full(N, -2.0) * u.mas / u.yr}
FAR = {"distance": [100.0, np.nan, 50.0] * u.pc}
FAST = {"radial_velocity": np.full(N, 30.0) * u.km / u.s}


def test_coordinates_give_all_that_they_hold() -> None:
    found = of_coordinates(**MOTION, **FAR, **FAST).columns()
    seen = coordinates(**MOTION).icrs
    assert found["ra"] == pytest.approx(seen.ra.deg, abs=1e-12)
    assert found["pmra"] == pytest.approx(seen.pm_ra_cosdec.to_value("mas/yr"))
    assert found["parallax"][[0, 2]] == pytest.approx([10.0, 20.0], rel=1e-14)
    assert np.isnan(found["parallax"][1])
    assert found["radial_velocity"][[0, 2]] == pytest.approx([30.0, 30.0], rel=1e-12)


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (FAST, {"radial_velocity"}),
        (FAR, {"parallax"}),
        (MOTION, {"pmra", "pmdec"}),
        (MOTION | FAR, {"pmra", "pmdec", "parallax"}),
        (MOTION | FAST, {"pmra", "pmdec", "radial_velocity"}),
    ],
)
def test_what_coordinates_do_not_hold_is_not_made_zero(
    given: dict[str, u.Quantity], known: set[str]
) -> None:
    names = set(of_coordinates(**given).table.colnames)
    assert names == {"source_id", "ra", "dec", "ref_epoch", *known}


def test_directions_without_a_length_have_no_parallax() -> None:
    along = CartesianRepresentation(np.ones(N), np.zeros(N), np.zeros(N))
    table = QTable({"source_id": range(N), "coord": SkyCoord(along, frame="icrs")})
    table["ref_epoch"] = np.full(N, 2016.0) * u.yr
    assert "parallax" not in Catalogue(table).table.colnames


def test_motions_of_the_table_count_before_those_of_its_coordinates() -> None:
    table = QTable({"source_id": range(N), "coord": coordinates(**MOTION)})
    table["pmra"] = table["pmdec"] = np.full(N, 7.0) * u.mas / u.yr
    found = Catalogue(table)
    assert found.columns()["pmra"].tolist() == [7.0] * N
    assert {"coord_pmra", "coord_pmdec"} <= set(found.table.colnames)


def test_coordinates_of_a_place_that_is_not_known_are_left_out_in_words() -> None:
    above = SkyCoord(np.ones(N) * u.deg, np.ones(N) * u.deg, frame=AltAz)
    table = without(stars(coord=above), "ra", "dec")
    with pytest.warns(TableWarning, match="without coord: .* do not turn to ICRS"):
        Catalogue(table)


@pytest.mark.parametrize("way", ["as a column", "of coordinates"])
def test_local_times_are_refused(way: str) -> None:
    time = Time(np.full(N, 57_388.0), format="mjd", scale="local")
    table = stars()
    if way == "as a column":
        table["ref_epoch"] = time
    else:
        place = SkyCoord(np.ones(N) * u.deg, np.ones(N) * u.deg, obstime=time)
        table = QTable({"source_id": range(N), "coord": place})
    with pytest.raises(CatalogueError, match="scale 'local'"):
        Catalogue(table).columns()


def test_a_row_is_one_star_and_not_its_table() -> None:
    table = stars()
    one = Catalogue(table[1])
    assert one.table["source_id"].tolist() == [2]


def test_a_structured_array_is_a_table() -> None:
    assert len(Catalogue(Table(stars()).as_array())) == N


def test_rows_and_columns_of_a_catalogue() -> None:
    stock = Catalogue(stars(), name="stock")
    assert stock["source_id"].tolist() == [1, 2, 3]
    for rows, expected in (
        (slice(1, None), [2, 3]),
        (-1, [3]),
        ([2, 0], [3, 1]),
        (np.array([True, False, True]), [1, 3]),
    ):
        found = stock[rows]
        assert isinstance(found, Catalogue)
        assert found.name == "stock"
        assert found["source_id"].tolist() == expected
    assert [int(star["source_id"][0]) for star in stock] == [1, 2, 3]
    with pytest.raises(IndexError, match="row 3 of a catalogue of 3 rows"):
        stock[3]


def test_catalogues_compare_as_objects_and_can_be_keys() -> None:
    one, other = Catalogue(stars()), Catalogue(stars())
    assert one == one
    assert one != other
    assert {one: 1, other: 2}[other] == 2


def test_other_names_are_read_beside_our_own() -> None:
    motion = np.full(N, 3.0) * u.mas / u.yr
    table = stars(pm_ra_cosdec=motion, pmDE=2 * motion, plx=np.ones(N) * u.mas)
    with pytest.warns(UserWarning, match="pmra=pm_ra_cosdec"):
        found = Catalogue(table).columns()
    assert found["pmra"].tolist() == [3.0] * N
    assert found["pmdec"].tolist() == [6.0] * N
    assert found["parallax"].tolist() == [1.0] * N


def test_unit_that_the_user_says_counts_before_that_of_the_table() -> None:
    table = stars(e=np.full(N, 0.1) * u.arcsec, dec_error=np.ones(N) * u.mas)
    found = Catalogue.read(table, columns="ra_error=e[mas]").columns()
    assert found["ra_error"].tolist() == [0.1] * N
    assert Catalogue.read(table, columns={"ra_error": "e"}).columns()[
        "ra_error"
    ] == pytest.approx([100.0] * N)


@pytest.mark.parametrize(
    ("choice", "year"),
    [
        (Time(57_388.0, format="mjd", scale="tdb"), None),
        (2015.5 * u.yr, 2015.5),
        ("2015.5", 2015.5),
    ],
)
def test_one_value_for_all_rows(choice: object, year: float | None) -> None:
    table = without(stars(), "ref_epoch")
    found = Catalogue.read(table, columns={"ref_epoch": choice}).columns()["ref_epoch"]
    assert found[0] == (choice.tcb.jyear if year is None else year)  # type: ignore[attr-defined]


def test_choices_of_astropy_kinds() -> None:
    table = without(stars(), "ra")
    table["ra"] = np.linspace(600.0, 606.0, N)  # no unit
    found = Catalogue.read(table, columns={"ra": u.arcmin}).columns()["ra"]
    assert found == pytest.approx(np.linspace(10.0, 10.1, N))
    with pytest.raises(ConfigError, match="array of shape"):
        Catalogue.read(table, columns={"ra_error": np.ones(N) * u.mas})


def test_format_of_astropy_is_checked_and_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    Catalogue(stars()).write(path)
    assert len(Catalogue.read(path, format="fits")) == N
    with pytest.raises(FileFormatError, match="by its content the file is fits"):
        Catalogue.read(path, format="ascii.csv")


def of_arrow(**others: object) -> pa.Table:
    columns = {n: np.asarray(stars()[n]) for n in stars().colnames}
    return pa.table(columns | others)


@pytest.mark.parametrize("first", ["1.5", str(2**64)])
def test_decimal_identifiers_that_are_no_integers(first: str) -> None:
    ids = [decimal.Decimal(first) + i for i in range(N)]
    with pytest.raises(CatalogueError, match="source_id is of type decimal128"):
        Catalogue(of_arrow(source_id=pa.array(ids)))


def test_decimal_epochs_and_durations() -> None:
    days = pa.array([decimal.Decimal("57388.0")] * N)
    found = Catalogue.read(of_arrow(ref_epoch=days), columns="ref_epoch=ref_epoch[mjd]")
    expected = Time(57_388.0, format="mjd").tcb.jyear
    assert found.columns()["ref_epoch"][0] == pytest.approx(expected, abs=1e-11)
    with pytest.raises(CatalogueError, match="no durations"):
        Catalogue(of_arrow(ref_epoch=pa.array([1] * N, pa.duration("s"))))


def test_a_column_that_is_there_twice_is_asked_about() -> None:
    names = ["source_id", "ra", "ra", "dec", "ref_epoch"]
    arrays = [pa.array(np.arange(N) * float(i)) for i in range(5)]
    arrays[0] = pa.array(range(N))
    with pytest.raises(CatalogueError, match="more than one column ra"):
        Catalogue(pa.Table.from_arrays(arrays, names=names))


@pytest.mark.parametrize("suffix", [".parquet", ".ecsv", ".fits", ".vot", ".csv"])
def test_units_survive_every_format(tmp_path: Path, suffix: str) -> None:
    table = stars(pmra=np.ones(N) * u.arcsec / u.yr, pmdec=np.ones(N) * u.mas / u.yr)
    table["ra"] = table["ra"].to(u.hourangle)
    path = tmp_path / f"a{suffix}"
    Catalogue(table).write(path)
    found = Catalogue.read(path).columns()
    assert found["pmra"] == pytest.approx([1000.0] * N, rel=1e-12)
    assert found["ra"] == pytest.approx(np.linspace(10.0, 10.1, N), rel=1e-14)


@pytest.mark.parametrize(
    ("suffix", "form"), [(".parquet", None), (".ecsv", "ascii.ecsv")]
)
def test_astropy_reads_units_and_meta(
    tmp_path: Path, suffix: str, form: str | None
) -> None:
    table = stars()
    table.meta["release"] = "DR3"
    path = tmp_path / f"a{suffix}"
    Catalogue(table).write(path)
    found = QTable.read(path, format=form)
    assert found["ra"].unit == u.deg
    assert found.meta["release"] == "DR3"


def test_meta_that_a_format_cannot_hold_is_told(tmp_path: Path) -> None:
    table = stars()
    table.meta |= {"release": "DR3", "rows": [1, 2], "thing": object()}
    with pytest.warns(TableWarning, match="meta thing is left out"):
        Catalogue(table).write(tmp_path / "a.parquet")
    del table.meta["thing"]
    with pytest.warns(TableWarning, match="meta rows is left out"):
        Catalogue(table).write(tmp_path / "a.fits")
    assert Table.read(tmp_path / "a.fits").meta["RELEASE"] == "DR3"


def test_what_csv_and_fits_cannot_hold_is_told(tmp_path: Path) -> None:
    flag = MaskedColumn([True, False, True], mask=[False, False, True])
    table = stars(flag=flag, flux=np.ones(N) * u.Jy)
    with pytest.warns(TableWarning, match="missing values of flag"):
        Catalogue(table).write(tmp_path / "a.fits")
    with pytest.warns(TableWarning, match=r"lost.*|flux \[Jy\]"):
        Catalogue(table).write(tmp_path / "a.csv")
    Catalogue(table).write(tmp_path / "a.parquet")
    assert Catalogue.read(tmp_path / "a.parquet").table["flag"].mask.tolist() == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("suffix", "values"),
    [(".fits", np.array(["é", "a", "b"])), (".vot", np.full(N, 2**63 + 5, "u8"))],
)
def test_a_column_that_a_format_cannot_hold_is_named(
    tmp_path: Path, suffix: str, values: np.ndarray
) -> None:
    path = tmp_path / f"a{suffix}"
    with pytest.raises(CatalogueError, match="cannot hold: extra"):
        Catalogue(stars(extra=values)).write(path)
    assert not path.exists()
    Catalogue(stars(extra=values)).write(tmp_path / "a.parquet")


@pytest.mark.parametrize("suffix", [".ecsv", ".fits", ".vot", ".csv"])
def test_dates_are_written_as_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Catalogue(stars(day=np.full(N, "2020-01-02", "M8[s]"))).write(path)
    assert str(Catalogue.read(path).table["day"][0]).startswith("2020-01-02T00:00:00")


def test_times_beside_the_epoch_become_years_in_words(tmp_path: Path) -> None:
    when = Time(np.full(N, 57_388.0), format="mjd")
    with pytest.warns(TableWarning, match="times in when are written as Julian years"):
        Catalogue(stars(when=when)).write(tmp_path / "a.ecsv")
