"""FITS, Parquet, VOTable: several tables, mixins, arrays, lies about length, links."""

import gzip
import io
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.io import fits
from astropy.table import QTable, Table
from astropy.time import Time

import mutated_tables
from reseau.errors import FileFormatError, TableWarning
from reseau.tables import read_table, table_file
from reseau.tables.dialects import parquet
from reseau.tables.files import write_parquet


def message_of(path: Path | str) -> str:
    with pytest.raises(FileFormatError) as error:
        read_table(path)
    return str(error.value)


def fits_of(path: Path, *tables: tuple[str, Table]) -> Path:
    units = [fits.PrimaryHDU()]
    for name, table in tables:
        units.append(fits.table_to_hdu(table))
        units[-1].name = name
    fits.HDUList(units).writeto(path)
    return path


ONE, TWO = Table({"x": [1, 2]}), Table({"x": [3, 4, 5]})


def test_tables_of_a_fits_file_are_chosen(tmp_path: Path) -> None:
    path = fits_of(tmp_path / "t.fits", ("CCD1", ONE), ("CCD2", TWO))
    said = message_of(path)
    assert "[1] CCD1 (2 rows), [2] CCD2 (3 rows)" in said
    assert "'t.fits[CCD1]'" in said
    for choice in ("CCD2", "ccd2", "2"):
        assert read_table(f"{path}[{choice}]")["x"].to_pylist() == [3, 4, 5]
    assert "did you mean 'CCD" in message_of(f"{path}[CCD3]")
    packed = tmp_path / "t.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_table(f"{packed}[CCD1]").num_rows == 2


def test_a_name_may_end_in_brackets(tmp_path: Path) -> None:
    path = tmp_path / "t[2].csv[1]"
    path.write_text("x\n1\n")
    assert read_table(path)["x"].to_pylist() == [1]
    assert table_file(path) == path
    assert "is csv" in message_of(str(path) + "[2]")
    assert "does not exist" in message_of(tmp_path / "none.fits[2]")


def test_ldac_is_read_as_it_is(tmp_path: Path) -> None:
    head = Table({"Field Header Card": ["SIMPLE  = T"]})
    path = fits_of(tmp_path / "t.cat", ("LDAC_IMHEAD", head), ("LDAC_OBJECTS", TWO))
    assert read_table(path)["x"].to_pylist() == [3, 4, 5]
    pairs = [("LDAC_IMHEAD", head), ("LDAC_OBJECTS", ONE)] * 2
    path = fits_of(tmp_path / "two.cat", *pairs)
    assert "holds 2 tables" in message_of(path)
    assert read_table(f"{path}[4]")["x"].to_pylist() == [1, 2]


def mixins() -> QTable:
    table = QTable({"source_id": [1, 2]})
    table["pos"] = SkyCoord([10.0, 20.0] * u.deg, [-5.0, 5.0] * u.deg)
    table["epoch"] = Time([2016.0, 2017.0], format="jyear", scale="tcb")
    table["x"] = [1.5, 2.5] * u.pix
    table["place"] = EarthLocation.from_geodetic([1, 2], [3, 4])
    table["v"] = np.zeros((2, 3))
    return table


@pytest.mark.parametrize("suffix", [".ecsv", ".fits", ".parquet"])
def test_mixins_are_taken_apart_the_same_in_all_formats(
    tmp_path: Path, suffix: str
) -> None:
    mixins().write(tmp_path / f"t{suffix}")
    with pytest.warns(TableWarning, match="v"):
        table = read_table(tmp_path / f"t{suffix}")
    assert [n for n in table.column_names if not n.startswith("place")] == [
        *("source_id", "ra", "dec", "epoch", "x"),
    ]
    np.testing.assert_allclose(table["ra"].to_numpy(), [10, 20], rtol=1e-15)
    np.testing.assert_allclose(table["epoch"].to_numpy(), [2016, 2017], rtol=1e-15)
    units = {f.name: (f.metadata or {}).get(b"unit") for f in table.schema}
    assert (units["ra"], units["epoch"], units["x"]) == (b"deg", b"yr", b"pix")


def test_coordinates_beside_ra_keep_their_name(tmp_path: Path) -> None:
    table = mixins()["source_id", "pos"]
    table["ra"] = [1.0, 2.0] * u.deg
    for suffix in (".ecsv", ".fits", ".parquet"):
        table.write(tmp_path / f"t{suffix}")
        found = read_table(tmp_path / f"t{suffix}")
        assert set(found.column_names) == {"source_id", "pos_ra", "pos_dec", "ra"}


def test_galactic_coordinates_become_equatorial(tmp_path: Path) -> None:
    there = SkyCoord([10.0] * u.deg, [-5.0] * u.deg)
    for suffix in (".ecsv", ".fits", ".parquet"):
        QTable({"pos": there.galactic}).write(tmp_path / f"t{suffix}")
        found = read_table(tmp_path / f"t{suffix}")
        np.testing.assert_allclose(found["ra"].to_numpy(), 10, rtol=1e-13)


def test_columns_of_fits(tmp_path: Path) -> None:
    columns = [
        fits.Column("n", "J", null=-99, array=np.array([-99, 5], np.int32)),
        fits.Column("u", "J", bzero=2**31, array=np.array([7, 4e9], np.uint32)),
        fits.Column("s", "I", array=np.array([1, 2], np.int16)),
        fits.Column("band", "8A", array=np.array(["F1  ", "F2"]), unit="none"),
        fits.Column("bits", "3X", array=np.zeros((2, 3), bool)),
        fits.Column("list", "PJ()", array=np.array([[1], [1, 2]], dtype=object)),
        fits.Column("image", "4D", dim="(2,2)", array=np.zeros((2, 2, 2))),
        fits.Column("x", "D", unit="pixel", array=np.array([1.0, np.nan])),
    ]
    path = tmp_path / "t.fits"
    fits.BinTableHDU.from_columns(columns).writeto(path)
    fits.setval(path, "TSCAL3", value=0.5, ext=1)
    with pytest.warns(TableWarning, match="without"):
        table = read_table(path)
    assert table.column_names == ["n", "u", "s", "band", "x"]
    assert table["n"].to_pylist() == [None, 5]
    assert table["u"].to_pylist() == [7, 4_000_000_000]
    assert table["s"].to_pylist() == [0.5, 1.0]
    assert table["band"].to_pylist() == ["F1", "F2"]
    assert table.schema.field("x").metadata[b"unit"].startswith(b"pix")


@pytest.mark.parametrize(
    ("count", "what"),
    [(-5, "NAXIS2 = -5"), (10**12, "1,000,000,000,000 rows"), (999, "999 rows")],
)
def test_fits_that_lies_about_its_rows(tmp_path: Path, count: int, what: str) -> None:
    path = fits_of(tmp_path / "t.fits", ("A", TWO))
    content = path.read_bytes()
    said = re.sub(rb"NAXIS2  = +3 ", f"NAXIS2  = {count:>20} ".encode(), content)
    path.write_bytes(said[: len(content)])
    assert what in message_of(path)
    assert ("copied whole" in message_of(path)) == (count > 0)


def test_parquet_that_promises_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    zeros = pa.array(np.zeros(10**6, np.int8))
    pq.write_table(pa.table({"a": zeros, "b": zeros}), path)
    assert read_table(path).num_rows == 10**6
    monkeypatch.setattr(parquet, "MOST_BYTES", 2**20)
    assert "promises 1,000,000 rows of 2 columns" in message_of(path)


def test_parquet_columns_of_lists_are_left_out(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "v": [[1, 2]]}), tmp_path / "t.parquet")
    with pytest.warns(TableWarning, match="without v"):
        assert read_table(tmp_path / "t.parquet").column_names == ["x"]


def votable(folder: Path, data: str, before: str = "", fields: str = "") -> Path:
    path = folder / "t.vot"
    path.write_text(
        f'<?xml version="1.0"?>{before}<VOTABLE version="1.4" '
        'xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE name="one">'
        f'<FIELD name="x" datatype="long"/>{fields}<DATA>{data}</DATA></TABLE>'
        "</RESOURCE></VOTABLE>"
    )
    return path


@pytest.mark.parametrize("kind", ["BINARY", "BINARY2", "FITS"])
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_votable_never_follows_links(tmp_path: Path, kind: str, scheme: str) -> None:
    (tmp_path / "other").write_bytes(bytes(16))
    href = f"{scheme}://{tmp_path}/other"
    stream = f"<{kind}><STREAM \n href='{href}'/></{kind}>"
    assert "rows are elsewhere" in message_of(votable(tmp_path, stream))
    wide = votable(tmp_path, stream)
    wide.write_bytes(wide.read_text().encode("utf-16"))
    assert "rows are elsewhere" in message_of(wide)


def test_votable_entities_are_refused(tmp_path: Path) -> None:
    rows = "<TABLEDATA><TR><TD>&b;</TD></TR></TABLEDATA>"
    for entity in ('b "&a;&a;"', f'b SYSTEM "file://{tmp_path}/other"'):
        before = f'<!DOCTYPE VOTABLE [<!ENTITY a "1"><!ENTITY {entity}>]>'
        assert "declares the entity a" in message_of(votable(tmp_path, rows, before))


def test_votable_that_lies(tmp_path: Path) -> None:
    rows = "<TABLEDATA><TR><TD>5</TD></TR></TABLEDATA>"
    path = votable(tmp_path, rows)
    assert read_table(path)["x"].to_pylist() == [5]
    whole = path.read_text()
    path.write_text(whole.replace('name="one"', 'nrows="1000000000000"'))
    assert "says nrows = 1,000,000,000,000" in message_of(path)
    path.write_text(whole[:-20])
    assert "copied whole" in message_of(path)
    path.write_text(whole.replace("</TR>", "</TX>"))
    assert "copied whole" not in message_of(path)
    wide = '<FIELD name="w" datatype="double" arraysize="9x99999999999"/>'
    assert "values a row" in message_of(votable(tmp_path, rows, fields=wide))
    stream = "<BINARY><STREAM encoding='base64'>AAAAAAAAAAUA</STREAM></BINARY>"
    assert "it has 9 bytes, and a row 8" in message_of(votable(tmp_path, stream))


def test_tables_of_a_votable_are_chosen(tmp_path: Path) -> None:
    path = votable(tmp_path, "<TABLEDATA><TR><TD>5</TD></TR></TABLEDATA>")
    text = path.read_text()
    one = text[text.index("<TABLE ") : text.index("</RESOURCE>")]
    two = one.replace('"one"', '"two"').replace(">5<", ">6<")
    path.write_text(text.replace("</RESOURCE>", two + "</RESOURCE>"))
    assert "[1] one (1 rows), [2] two (1 rows)" in message_of(path)
    assert read_table(f"{path}[two]")["x"].to_pylist() == [6]


SEED = 4
EACH = 5
"""Broken files of each format: more than a hundred together."""


@pytest.mark.parametrize("name", mutated_tables.FORMATS)
def test_broken_files_are_refused_or_read_right(tmp_path: Path, name: str) -> None:
    found = mutated_tables.counts(name, EACH, SEED, tmp_path)
    assert set(found) <= set(mutated_tables.GOOD)


@pytest.mark.parametrize("name", mutated_tables.FORMATS)
def test_files_that_are_not_broken_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.dat"
    path.write_bytes(mutated_tables.FORMATS[name]())
    if "two tables" in name:
        path = Path(f"{path}[CCD2]")
    table = read_table(path)
    rows = zip(*(table[n].to_pylist() for n in ("source_id", "x", "y")), strict=True)
    assert set(rows) == mutated_tables.ROWS


def test_broken_rows_would_be_found() -> None:
    rows = pa.table({"source_id": [1], "x": [0.5], "y": [0.25]})
    assert mutated_tables.wrong_rows(rows) == 1
    assert io.BytesIO(mutated_tables.FORMATS["FITS"]()).read(6) == b"SIMPLE"


def test_a_flipped_bit_in_the_data_of_our_parquet_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    x = np.linspace(0.0, 1.0, 500)
    table = pa.table({"source_id": np.arange(500), "x": x, "n": ["a", "b"] * 250})
    write_parquet(table, path)
    content = bytearray(path.read_bytes())
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    noticed = 0
    for at in np.random.default_rng(1).integers(4, end, 60):
        changed = bytearray(content)
        changed[at] ^= 4
        path.write_bytes(changed)
        try:
            found = read_table(path)
        except FileFormatError:
            noticed += 1
        else:
            assert found.to_pydict() == table.to_pydict(), at
    assert noticed > 50
