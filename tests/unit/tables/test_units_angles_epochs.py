"""Units, sexagesimal angles and epochs as people write them."""

import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import Angle
from astropy.time import Time

from reseau import Catalogue
from reseau.errors import CatalogueError, ReseauWarning, UnitError
from reseau.tables.angles import read_angles
from reseau.tables.times.epochs import read_epochs
from reseau.tables.unit_names import unit_of_name


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *((t, u.pix) for t in ("pixels", "px", "PIX", "Pixel", "'pix'")),
        *((t, u.deg) for t in ("degrees", "'deg'", '"deg"', "Degrees", "DEG", "°")),
        *((t, u.um) for t in ("microns", "um", "UM", "µm", "micrometres")),
        *((t, u.arcsec) for t in ('"', "ARCSEC", "arcseconds", "''")),
        *((t, u.hourangle) for t in ("hourangle", "hours")),
        *(
            (t, u.mas / u.yr)
            for t in (
                "MAS/YR",
                "mas.yr-1",
                "mas yr**-1",
                "mas yr^-1",
                "mas/year",
                "milliarcsec/yr",
                "'mas.yr**-1'",
            )
        ),
        *((t, u.km / u.s) for t in ("km.s-1", "KM/S", "km s**-1")),
        ("Mm", u.Mm),
        ("mm", u.mm),
        ("h", u.h),
        ("Julian years", u.yr),
    ],
)
def test_units_as_people_spell_them(text: str, unit: u.UnitBase) -> None:
    assert unit_of_name(text) == unit


@pytest.mark.parametrize("text", ["Mas/yr", "Mas", "furlongs", "log(cm.s**-2)"])
def test_units_that_are_not_guessed(text: str) -> None:
    assert unit_of_name(text) is None


def column(values: object, name: str = "ra", unit: str = "") -> pa.Table:
    array = pa.array(values)
    field = pa.field(name, array.type, metadata={"unit": unit} if unit else None)
    return pa.Table.from_arrays([array], schema=pa.schema([field]))


RA = ["05:35:17.25", "23:59:59.999", "00:00:00.5"]
DEC = ["-05:23:28.10", "+89:59:59.99", "-00:00:00.50"]


@pytest.mark.parametrize(
    ("texts", "name", "unit"),
    [
        (RA, "ra", "h"),
        ([t.replace(":", " ") for t in RA], "ra", "hourangle"),
        ([t.replace(":", "h", 1).replace(":", "m") + "s" for t in RA], "ra", ""),
        ([t.replace(":", "d", 1).replace(":", "'") + '"' for t in DEC], "dec", ""),
        (DEC, "dec", ""),
        (["105:35:17.3", "5:00:00.0"], "ra", "deg"),
        (["105d35m17.3s"], "ra", ""),
    ],
)
def test_sexagesimal(texts: list[str], name: str, unit: str) -> None:
    found = read_angles(column(texts, name, unit), "t")
    hours = name == "ra" and not (unit == "deg" or "d" in texts[0])
    wanted = Angle(texts, u.hourangle if hours else u.deg).deg
    np.testing.assert_allclose(found[name].to_numpy(), wanted, rtol=0, atol=1e-13)


def test_hours_that_nobody_named_are_said() -> None:
    with pytest.warns(ReseauWarning, match="taken in hours"):
        found = read_angles(column(["05:35:17.3", None]), "t")
    assert found["ra"].to_pylist()[0] == pytest.approx(83.82208333)
    assert np.isnan(found["ra"].to_pylist()[1])


@pytest.mark.parametrize("text", ["105:35:17", "05:65:17", "05:35:17;x", "here"])
def test_texts_that_are_no_angle(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"column ra has 1 of 2 .*no\s*angle"):
        read_angles(column(["05h35m17s", text]), "t")


@pytest.mark.parametrize(
    ("values", "unit", "time"),
    [
        ([57388.0], "mjd", Time(57388.0, format="mjd", scale="utc")),
        ([57388.0], "MJD TAI", Time(57388.0, format="mjd", scale="tai")),
        ([2457389], "jd tdb", Time(2457389, format="jd", scale="tdb")),
        ([1950.0], "byear", Time(1950.0, format="byear", scale="tt")),
        ([2016.5], "yr tt", Time(2016.5, format="jyear", scale="tt")),
        (["2016-05-01T12:00:00"], "iso", Time("2016-05-01 12:00:00", scale="utc")),
        (["2016-05-01"], "isot tai", Time("2016-05-01", scale="tai")),
        (["B1950.0"], "", Time("B1950.0")),
        (["57388.5"], "mjd", Time(57388.5, format="mjd", scale="utc")),
    ],
)
@pytest.mark.filterwarnings("ignore:ERFA function")  # of the authority, before 1960
def test_epochs(values: list, unit: str, time: Time) -> None:
    found = read_epochs(column(values, "epoch", unit), "t")["epoch"].to_pylist()
    assert found[0] == pytest.approx(time.tcb.jyear, abs=1e-11)


@pytest.mark.parametrize("values", [[2016.5, None], ["J2016.5", None], ["2016.5", ""]])
def test_epochs_that_are_years(values: list) -> None:
    found = read_epochs(column(values, "ref_epoch"), "t")["ref_epoch"].to_pylist()
    assert found[0] == 2016.5
    assert found[1] is None or np.isnan(found[1])


@pytest.mark.parametrize(
    ("values", "unit", "said"),
    [
        ([57388.0], "d", "MJD .UTC."),
        ([2457388.5], "day", "JD .UTC."),
        (["2016-01-01"], "", "dates .UTC."),
    ],
)
def test_epochs_that_are_recognised_are_said(
    values: list, unit: str, said: str
) -> None:
    with pytest.warns(ReseauWarning, match=said):
        found = read_epochs(column(values, "epoch", unit), "t")
    assert found["epoch"].to_pylist()[0] == pytest.approx(2016.0, abs=0.003)


def test_epochs_that_cannot_be_read() -> None:
    with pytest.raises(CatalogueError, match="epoch holds 'soon'"):
        read_epochs(column(["soon"], "epoch"), "t")
    with pytest.raises(CatalogueError, match="said to hold dates and holds numbers"):
        read_epochs(column([57388.0], "epoch", "iso"), "t")
    with pytest.raises(UnitError, match="mjd utc"):
        read_epochs(column([1.0], "epoch", "weeks tai"), "t")


GAIA = "source_id,ref_epoch,ra,dec,pmra,pmdec\n7,{},10.5,5.5,1,2\n"


@pytest.mark.parametrize(("number", "form"), [("57388", "mjd"), ("2457389", "jd")])
def test_days_are_asked_about_by_name(tmp_path: Path, number: str, form: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(GAIA.format(number))
    with pytest.raises(CatalogueError, match=f"looks like {form.upper()}") as error:
        Catalogue.read(path)
    assert f"ref_epoch=NAME[{form}]" in str(error.value)
    columns = f"ref_epoch=ref_epoch[{form}]"
    found = Catalogue.read(path, columns=columns).table["ref_epoch"].value
    assert found[0] == pytest.approx(2016.0, abs=0.003)


def test_right_ascension_in_hours(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(GAIA.format(2016).replace("10.5,", "0.7,"))
    for unit in ("h", "hours", "HOURANGLE"):
        found = Catalogue.read(path, columns=f"ra=ra[{unit}]")
        assert found.table["ra"][0].to_value(u.deg) == pytest.approx(10.5)


VIZIER = (
    "Source,RA_ICRS,DE_ICRS,e_RA_ICRS,e_DE_ICRS,pmRA,pmDE,_RAJ2000,Gmag\n"
    "7,10.5,5.5,0.1,0.2,1,2,10.4,12\n"
)


def test_catalogue_by_names_of_vizier(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text(VIZIER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CatalogueError, match=r"ref_epoch=2016\.0"):
            Catalogue.read(path)
    with pytest.warns(ReseauWarning, match=r"ra=RA_ICRS\[deg\].*dec=DE_ICRS") as said:
        found = Catalogue.read(path, columns={"ref_epoch": "2016.0"})
    assert len(said) == 1
    row = found.table[0]
    assert (row["source_id"], row["ra"].value, row["dec"].value) == (7, 10.5, 5.5)
    assert (row["pmdec"].value, row["dec_error"].value) == (2.0, 0.2)
    assert row["pmra"].unit == u.mas / u.yr
    assert "RA_ICRS" not in found.table.colnames
