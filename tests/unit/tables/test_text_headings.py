"""What stands above the rows of a text is read as it is meant, or named."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from reseau import Catalogue
from reseau.datasets import read_instrument
from reseau.errors import CatalogueError, FileFormatError, ReseauWarning, TableWarning
from reseau.exchange import read_detections
from reseau.tables import read_table

IDS = [4057480204110713985, 71, 82]
ROWS = "4057480204110713985,1.5,2.5\n71,3.5,4.5\n82,5.5,6.5\n"


def written(folder: Path, text: str | bytes, name: str = "t.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def message_of(path: Path | str) -> str:
    with pytest.raises(FileFormatError) as error:
        read_table(path)
    return str(error.value)


def units_of(table: pa.Table) -> list[str]:
    return [(f.metadata or {}).get(b"unit", b"").decode() for f in table.schema]


HEADINGS = {
    "comments of names and units": "# by hand\n# source_id x y\n# - pix deg\n",
    "units and dashes for none": "# source_id x y\n# --- pix deg\n",
    "units in brackets": "source_id,x,y\n[],[pix],(deg)\n",
    "commented units in brackets": "# source_id x y\n# [] [pix] [deg]\n",
    "units and short dashes": "source_id,x,y\n ,pix,deg\n---,---,---\n",
}


@pytest.mark.parametrize("kind", HEADINGS)
def test_units_are_told_from_names(tmp_path: Path, kind: str) -> None:
    table = read_table(written(tmp_path, HEADINGS[kind] + ROWS))
    assert table.column_names == ["source_id", "x", "y"]
    assert table["source_id"].to_pylist() == IDS
    assert units_of(table) == ["", "pix", "deg"]


def test_names_that_are_units_remain_names(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "# three\n# mag deg pix\n" + ROWS))
    assert table.column_names == ["mag", "deg", "pix"]


@pytest.mark.parametrize("types", ["N\tN\tN", "19N\t8N\t8N", "S\tN\tN", "5s\t10n\t8n"])
def test_types_below_names(tmp_path: Path, types: str) -> None:
    text = f"# rdb\nsource_id\tx\ty\n{types}\n" + ROWS.replace(",", "\t")
    table = read_table(written(tmp_path, text))
    assert table["source_id"].to_pylist() == IDS
    assert units_of(table) == ["", "", ""]


def test_rows_of_missing_values_and_flags_remain_rows(tmp_path: Path) -> None:
    # The line above the dashes is a row, since it has numbers.
    table = read_table(written(tmp_path, "a,b\n1,2\n--,--\n3,4\n"))
    assert table["a"].to_pylist() == [1, None, 3]
    table = read_table(written(tmp_path, "a,b\nN,1\nS,2\n"))
    assert table["a"].to_pylist() == ["N", "S"]


@pytest.mark.parametrize("delimiter", [",", "\t", " ", ";"])
def test_titles_are_left_out_and_named(tmp_path: Path, delimiter: str) -> None:
    text = "My table, of many 11 stars\n" + f"source_id,x,y\n{ROWS}".replace(
        ",", delimiter
    )
    path = written(tmp_path, text)
    with pytest.warns(
        TableWarning, match="title above its names.*'My table, of many 11"
    ):
        table = read_table(path)
    assert table.column_names == ["source_id", "x", "y"]
    assert table["source_id"].to_pylist() == IDS


def test_a_short_line_of_names_is_no_title(tmp_path: Path) -> None:
    said = message_of(written(tmp_path, "source_id,x\n" + ROWS))
    assert "line 1 should name the columns and has 2 fields" in said
    assert "each of the 3 lines below has 3" in said


def test_decimal_commas_between_tabs(tmp_path: Path) -> None:
    text = "id\tx\n1\t1153,5738\n2\t-0,25\n"
    assert read_table(written(tmp_path, text))["x"].to_pylist() == [1153.5738, -0.25]
    # Beside points, or where they may separate thousands, they stay as they are.
    for row in ("1\t2,5\t2.5\n", "1\t1,250\t2\n"):
        table = read_table(written(tmp_path, "id\tx\ty\n" + row))
        assert table["x"].to_pylist() == [row.split("\t")[1]]


@pytest.mark.parametrize("word", ["****", "#N/A", "1.#QNAN", "#DIV/0!", "***********"])
def test_more_words_for_missing(tmp_path: Path, word: str) -> None:
    table = read_table(written(tmp_path, f"n,x\n1,2.5\n2,{word}\n"))
    assert table["x"].to_pylist() == [2.5, None]


def test_a_nul_is_named(tmp_path: Path) -> None:
    for n in (1, 20_000):
        text = "a,b\n" + "1,2\n" * n + "3,0\x001\n\x00\x00\x00"
        said = message_of(written(tmp_path, text))
        assert f"line {n + 2} holds a NUL" in said
        assert "'3,0<NUL>1'" in said


def test_what_is_no_table_is_named(tmp_path: Path) -> None:
    said = message_of(written(tmp_path, '# Region file format: DS9\ncircle(1,2,5")\n'))
    assert "a file of regions, of DS9" in said
    said = message_of(written(tmp_path, "global color=red\nfk5\ncircle(83.5,-5,3)\n"))
    assert "a file of regions, of DS9" in said
    said = message_of(written(tmp_path, "=== ====\n x    y\n=== ====\n  1    2\n"))
    assert "reStructuredText" in said
    assert "ascii.rst" in said


def test_lz4_is_unpacked_and_known_when_cut(tmp_path: Path) -> None:
    text = ("source_id,x,y\n" + ROWS).encode()
    packed = pa.Codec("lz4").compress(text, asbytes=True)
    path = written(tmp_path, packed, "t.csv")
    assert read_table(path)["source_id"].to_pylist() == IDS
    assert "ends" in message_of(written(tmp_path, packed[:-9], "cut.csv"))


def described(folder: Path, table: Table, name: str = "t.mrt") -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.write(folder / name, format="ascii.mrt")
    return folder / name


def test_tables_with_described_bytes(tmp_path: Path) -> None:
    table = Table({"ID": IDS, "x": [1.5, 2.5, 3.5] * u.pix})
    table["y"] = MaskedColumn([1.25, 2.0, 3.25], mask=[False, True, False])
    found = read_table(described(tmp_path, table))
    assert found["ID"].to_pylist() == IDS
    assert found["y"].to_pylist() == [1.25, None, 3.25]
    assert found.num_rows == 3
    assert units_of(found) == ["", "pix", ""]


def test_rows_shifted_against_described_bytes_are_refused(tmp_path: Path) -> None:
    path = described(tmp_path, Table({"ID": IDS, "x": [1.5, 2.5, 3.5]}))
    *head, last = path.read_text().splitlines()
    said = message_of(written(tmp_path, "\n".join([*head, last[1:]])))
    assert "belongs to no column" in said
    read_me = "\n".join([*head, "History:", "=" * 80, "(End)  Somebody [CDS]", ""])
    assert "ReadMe of the CDS" in message_of(written(tmp_path, read_me))
    twice = path.read_text() * 2
    assert "bytes of 2 tables" in message_of(written(tmp_path, twice))


def test_angles_in_parts(tmp_path: Path) -> None:
    places = SkyCoord([83.625, 0.0125, 359.99] * u.deg, [-0.25, -5.2, 61.75] * u.deg)
    table = Table({"source_id": IDS, "ref_epoch": [2016.0] * 3, "at": places})
    path = described(tmp_path, table)
    # Of angles between -1 and 0 degrees astropy's writer loses the sign.
    path.write_text(path.read_text().replace("+00 15", "-00 15"))
    with pytest.warns(TableWarning, match="RAh, RAm, RAs, DE-, DEd, DEm, DEs are join"):
        found = Catalogue.read(path)
    np.testing.assert_allclose(found.columns()["ra"], places.ra.deg, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        found.columns()["dec"], places.dec.deg, rtol=0, atol=1e-9
    )


PARTS = "source_id,ref_epoch,RAh,RAm,RAs,DE-,DEd,DEm,DEs\n"


def test_signs_that_are_all_minus(tmp_path: Path) -> None:
    row = "71,2016.0,5,34,30.0,-,0,15,0.0\n"
    with pytest.warns(TableWarning, match="are joined"):
        found = Catalogue.read(written(tmp_path, PARTS + row))
    assert found.columns()["dec"].tolist() == [-0.25]
    assert found.columns()["ra"].tolist() == [83.625]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PARTS + "71,2016.0,5,60,30.0,-,0,15,0.0\n", "RAm is 60"),
        (PARTS + "71,2016.0,25,6,30.0,-,0,15,0.0\n", "RAh is 25"),
        (PARTS + "71,2016.0,5,6.5,30.0,-,0,15,0.0\n", "RAm is 6.5"),
        (PARTS + "71,2016.0,5,6,30.0,x,0,15,0.0\n", "holds 'x', no sign"),
        (PARTS + "71,2016.0,5,6,30.0,-,-1,15,0.0\n", "DEd has a sign beside"),
        (
            "source_id,ref_epoch,RAh,RAm,RAs,DEd,DEm,DEs\n71,2016,5,6,3.5,0,15,0.5\n",
            "DEd is 0 where no column says the sign",
        ),
    ],
)
def test_parts_that_make_no_angle(tmp_path: Path, text: str, told: str) -> None:
    with (
        pytest.warns(TableWarning, match=f"not joined to ra, dec: .*{told}"),
        pytest.raises(CatalogueError, match="lacks the columns ra, dec"),
    ):
        Catalogue.read(written(tmp_path, text))


def test_parts_of_an_old_equinox_are_not_joined() -> None:
    table = Table.read(
        (PARTS + "71,2016.0,5,6,30.0,-,1,15,0.0\n").split("\n"), format="csv"
    )
    table["RAh"].info.description = "Right ascension (B1950.0)"
    with (
        pytest.warns(TableWarning, match="B1950.*ICRS is wanted"),
        pytest.raises(CatalogueError, match="lacks the columns ra, dec"),
    ):
        Catalogue.read(table)


SPARE = {
    "mag": ["18.5", ">20.5"],
    "colour": ["red", "blue"],
}


@pytest.mark.parametrize("name", SPARE)
def test_columns_that_no_solution_needs_are_left_aside(
    tmp_path: Path, name: str
) -> None:
    rows = "".join(f"{i},1.5,{i}.25,{v}\n" for i, v in enumerate(SPARE[name], 1))
    path = written(tmp_path, f"source_id,x,y,{name}\n" + rows)
    plane = read_instrument("challenge")
    with pytest.warns(TableWarning, match=f"{name} is of type string.*left aside"):
        found = read_detections(path, instrument=plane, columns="x=x[um],y=y[um]")
    assert name not in found.measurements.column_names
    assert found.measurements["y"].to_pylist() == [1.25, 2.25]


def test_columns_that_are_needed_are_still_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "source_id,x,y\n1,1.5,2.5\n2,>2.5,3.5\n")
    plane = read_instrument("challenge")
    with pytest.raises(CatalogueError, match=r"'>2\.5'"):
        read_detections(path, instrument=plane, columns="x=x[um],y=y[um]")


def test_the_table_that_is_proposed_has_the_rows(tmp_path: Path) -> None:
    def unit(n: int, name: str) -> fits.BinTableHDU:
        return fits.table_to_hdu(
            Table({"x": np.arange(float(n))}, meta={"EXTNAME": name})
        )

    def file(*tables: fits.BinTableHDU) -> Path:
        fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(
            tmp_path / "t.fits", overwrite=True
        )
        return tmp_path / "t.fits"

    path = file(unit(1, "PARAMS"), unit(20, "CAT"))
    assert "'t.fits[CAT]'" in message_of(path)
    path = file(unit(1, "HEAD"), unit(9, "CAT"), unit(1, "HEAD"), unit(5, "CAT"))
    assert "'t.fits[2]'" in message_of(f"{path}[CAT]")
    assert "'t.fits[2]'" in message_of(path)
    assert "did you mean 'HEAD'" in message_of(f"{path}[HEAT]")


def test_mean_positions_of_tycho_are_known(tmp_path: Path) -> None:
    path = written(tmp_path, "Source,RAmdeg,DEmdeg\n71,83.5,-5.25\n", "t.csv")
    with pytest.warns(ReseauWarning, match="ra=RAmdeg"):
        found = Catalogue.read(path, columns="ref_epoch=2000.0")
    assert (found.columns()["ra"].tolist(), found.columns()["dec"].tolist()) == (
        [83.5],
        [-5.25],
    )
