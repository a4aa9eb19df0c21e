"""What a table says beside its columns: frame, equinox, day 0 and scale of times."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK5, ICRS, SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from reseau import Catalogue
from reseau.errors import CatalogueError, ReseauWarning

MJD = 57388.25


def stars() -> Table:
    return Table(
        {
            "source_id": [1, 2],
            "ra": [10.0, 10.1] * u.deg,
            "dec": [5.0, 5.1] * u.deg,
            "ref_epoch": [2016.0, 2016.0] * u.yr,
        }
    )


def as_fits(folder: Path, table: Table, **cards: object) -> Path:
    unit = fits.BinTableHDU(table)
    unit.header.update(cards)
    unit.writeto(folder / "a.fits")
    return folder / "a.fits"


def as_votable(folder: Path, table: Table, element: str, column: str) -> Path:
    path = folder / "a.vot"
    table.write(path, format="votable")
    text = path.read_text(encoding="utf-8")
    text = text.replace("<TABLE", f"{element}<TABLE", 1)
    text = text.replace(f'name="{column}"', f'name="{column}" ref="that"', 1)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "cards",
    [
        {"RADESYS": "FK4", "EQUINOX": 1950.0},
        {"RADECSYS": "FK4"},
        {"EQUINOX": 1950.0},
        {"EPOCH": 1950.0},
        {"RADESYS": "FK5", "EQUINOX": 2016.0},
        {"RADESYS": "GAPPT"},
    ],
)
def test_header_of_another_frame_is_refused(
    tmp_path: Path, cards: dict[str, object]
) -> None:
    path = as_fits(tmp_path, stars(), **cards)
    with pytest.raises(CatalogueError, match=r"ra and dec are said to be .*\n.*ICRS"):
        Catalogue.read(path)
    table = stars()
    table.meta.update(cards)
    with pytest.raises(CatalogueError, match="ra and dec are said to be"):
        Catalogue(table)


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"RADESYS": "ICRS"},
        {"RADESYS": "ICRS", "EQUINOX": 1950.0},  # ICRS has no equinox
        {"EQUINOX": 2000.0},
        {"EPOCH": 2016.5},
    ],
)
def test_header_of_icrs_is_read_without_a_word(
    tmp_path: Path, cards: dict[str, object]
) -> None:
    found = Catalogue.read(as_fits(tmp_path, stars(), **cards))
    assert found.columns()["ra"].tolist() == [10.0, 10.1]


def test_fk5_is_taken_as_icrs_with_its_size(tmp_path: Path) -> None:
    with pytest.warns(ReseauWarning, match="FK5.*up to 32 mas and 1 mas/yr"):
        Catalogue.read(as_fits(tmp_path, stars(), RADESYS="FK5", EQUINOX=2000.0))


def test_the_size_that_is_said_of_fk5_is_that_of_astropy() -> None:
    rng = np.random.default_rng(0)
    ra, dec = (
        rng.uniform(0, 360, 20_000),
        np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000))),
    )
    turned = SkyCoord(ra * u.deg, dec * u.deg, frame=FK5()).transform_to(ICRS())
    apart = SkyCoord(ra * u.deg, dec * u.deg).separation(turned).mas
    assert 30.0 < apart.max() < 32.0


@pytest.mark.parametrize(
    ("system", "equinox"), [("eq_FK4", "B1950"), ("ecl_FK5", "J2000"), ("galactic", "")]
)
def test_coosys_of_another_frame_is_refused(
    tmp_path: Path, system: str, equinox: str
) -> None:
    more = f' equinox="{equinox}"' if equinox else ""
    coosys = f'<COOSYS ID="that" system="{system}"{more}/>'
    with pytest.raises(CatalogueError, match="COOSYS"):
        Catalogue.read(as_votable(tmp_path, stars(), coosys, "ra"))


def test_coosys_of_other_columns_does_not_count(tmp_path: Path) -> None:
    table = stars()
    table["glon"] = [120.0, 120.0] * u.deg
    coosys = '<COOSYS ID="that" system="galactic"/>'
    found = Catalogue.read(as_votable(tmp_path, table, coosys, "glon"))
    assert found.columns()["ra"].tolist() == [10.0, 10.1]


def test_coosys_that_no_column_refers_to_is_that_of_the_table(tmp_path: Path) -> None:
    coosys = '<COOSYS ID="other" system="eq_FK4" equinox="B1950"/>'
    with pytest.raises(CatalogueError, match="FK4 of equinox B1950"):
        Catalogue.read(as_votable(tmp_path, stars(), coosys, "nothing"))


def test_epoch_of_the_coosys_is_that_of_the_positions(tmp_path: Path) -> None:
    table = stars()
    table.remove_column("ref_epoch")
    coosys = '<COOSYS ID="that" system="ICRS" epoch="J2015.5"/>'
    with pytest.warns(ReseauWarning, match="ref_epoch = J2015.5"):
        found = Catalogue.read(as_votable(tmp_path, table, coosys, "ra"))
    assert found.columns()["ref_epoch"].tolist() == [2015.5, 2015.5]


def days(values: float, unit: str = "d") -> Table:
    table = stars()
    table["ref_epoch"] = np.full(2, values) * u.Unit(unit)
    return table


@pytest.mark.parametrize(
    ("values", "unit", "cards", "scale"),
    [
        (MJD - 50_000.0, "d", {"MJDREFI": 50_000, "MJDREFF": 0.0}, "utc"),
        (MJD - 50_000.0, "d", {"MJDREF": 50_000.0, "TIMESYS": "TDB"}, "tdb"),
        (MJD - 50_000.0, "d", {"JDREF": 2_450_000.5, "TIMESYS": "ET"}, "tt"),
        ((MJD - 57_000.0) * 86_400.0, "s", {"MJDREF": 57_000.0, "TIMESYS": "TT"}, "tt"),
        (MJD, "d", {"TIMESYS": "TDB"}, "tdb"),
        (MJD, "d", {"MJDREF": 0.0, "TIMESYS": "TAI"}, "tai"),
    ],
)
def test_times_count_from_the_day_of_the_header(
    tmp_path: Path, values: float, unit: str, cards: dict[str, object], scale: str
) -> None:
    path = as_fits(tmp_path, days(values, unit), **cards)
    with pytest.warns(ReseauWarning, match="ref_epoch is read as"):
        found = Catalogue.read(path).columns()["ref_epoch"]
    expected = Time(MJD, format="mjd", scale=scale).tcb.jyear
    assert found[0] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize(
    ("values", "origin", "scale"),
    [
        (MJD + 2_400_000.5, "JD-origin", "tcb"),
        (MJD, "MJD-origin", "tdb"),
        (MJD - 57_000.0, "2457000.5", "tt"),
    ],
)
def test_times_count_from_the_day_of_timesys(
    tmp_path: Path, values: float, origin: str, scale: str
) -> None:
    timesys = (
        f'<TIMESYS ID="that" timeorigin="{origin}" timescale="{scale.upper()}" '
        'refposition="BARYCENTER"/>'
    )
    path = as_votable(tmp_path, days(values), timesys, "ref_epoch")
    with pytest.warns(ReseauWarning, match="TIMESYS"):
        found = Catalogue.read(path).columns()["ref_epoch"]
    expected = Time(MJD, format="mjd", scale=scale).tcb.jyear
    assert found[0] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("cards", [{"MJDREF": 50_000.0}, {"JDREF": 0.0}])
def test_times_that_contradict_the_header_are_asked_about(
    tmp_path: Path, cards: dict[str, object]
) -> None:
    path = as_fits(tmp_path, days(MJD), **cards)
    with pytest.raises(CatalogueError, match=r"of our days[\s\S]*\[mjd\]"):
        Catalogue.read(path)
    found = Catalogue.read(path, columns="ref_epoch=ref_epoch[mjd tdb]")
    expected = Time(MJD, format="mjd", scale="tdb").tcb.jyear
    assert found.columns()["ref_epoch"][0] == pytest.approx(expected, abs=1e-11)


NULLS = [("J", 0.01, 0.0, -999), ("I", 0.5, 3.0, -1), ("I", 1, 32_768, -32_768)]
NULLS += [("J", None, None, -999)]


@pytest.mark.parametrize(("form", "scale", "zero", "null"), NULLS)
def test_null_of_fits_counts_before_scale_and_zero(
    tmp_path: Path, form: str, scale: float | None, zero: float | None, null: int
) -> None:
    stored = np.array([10, null])
    columns = fits.BinTableHDU(stars()).columns
    motions = [
        fits.Column(name="pmra", format=form, array=stored, unit="mas/yr"),
        fits.Column(name="pmdec", format="D", array=np.ones(2), unit="mas/yr"),
    ]
    unit = fits.BinTableHDU.from_columns([*columns, *motions])
    number = len(columns) + 1
    unit.header[f"TNULL{number}"] = null
    path = tmp_path / "a.fits"
    unit.writeto(path)
    # Behind astropy's back: it would scale what is stored.
    cards = {f"TSCAL{number}": scale, f"TZERO{number}": zero}
    for key, value in cards.items():
        if value is not None:
            content, end = path.read_bytes(), b"END".ljust(80)
            card = f"{key:8}= {value:>20}".ljust(80).encode()
            at = content.index(end, 2880)
            path.write_bytes(content[:at] + card + end + content[at + 160 :])
    found = Catalogue.read(path).columns()["pmra"]
    assert found[0] == 10 * (scale or 1) + (zero or 0)
    assert np.isnan(found[1])


def test_blank_text_of_fits_is_missing(tmp_path: Path) -> None:
    table = stars()
    table["source_name"] = ["A", ""]
    found = Catalogue.read(as_fits(tmp_path, table)).table["source_name"]
    assert found[0] == "A"
    assert np.ma.is_masked(found[1])
