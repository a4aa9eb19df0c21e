"""Tables of all formats: ids exact, units and masks kept, damaged files refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table
from astropy.time import Time

from reseau.errors import FileFormatError, ShapeError, TableWarning
from reseau.tables import read_table, table_of, write_table
from reseau.tables.astropy_tables import from_astropy, to_astropy
from reseau.tables.layouts import MEASUREMENTS
from reseau.tables.solution_layouts import SOURCES

IDS = [4057480204110713985, 9223372036854775807, -4057480204110713987]
FORMATS = {
    ".fits": "fits",
    ".ecsv": "ascii.ecsv",
    ".vot": "votable",
    ".csv": "ascii.csv",
    ".tbl": "ascii.ipac",
    ".txt": "ascii.ipac",
}


def stars(*, masked: bool) -> Table:
    table = Table()
    ids = np.array(IDS)
    table["source_id"] = MaskedColumn(ids, mask=[0, masked, 0]) if masked else ids
    table["ra"] = MaskedColumn([1 / 3, 0.0, 266.1], unit="deg", mask=[0, 1, 0])
    table["band"] = ["a", "b", "c"]
    return table


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("suffix", FORMATS)
def test_astropys_files_are_read(tmp_path: Path, suffix: str, masked: bool) -> None:
    path = tmp_path / f"t{suffix}"
    stars(masked=masked).write(path, format=FORMATS[suffix])
    found = read_table(path)
    assert found["source_id"].type == pa.int64()
    wanted = [IDS[0], None if masked else IDS[1], IDS[2]]
    assert found["source_id"].to_pylist() == wanted
    assert found["ra"].to_pylist() == [1 / 3, None, 266.1]
    assert found["band"].to_pylist() == ["a", "b", "c"]
    if suffix != ".csv":
        assert found.schema.field("ra").metadata[b"unit"] == b"deg"


def test_astropys_parquet_keeps_its_units(tmp_path: Path) -> None:
    stars(masked=False).write(tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet")
    assert found["source_id"].to_pylist() == IDS
    assert found.schema.field("ra").metadata[b"unit"] == b"deg"


def test_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    stars(masked=False).write(path, format="ascii.ecsv")
    assert read_table(path)["source_id"].to_pylist() == IDS
    (tmp_path / "list.dat").write_text("source_id, x\n19,0.5\n")
    assert read_table(tmp_path / "list.dat").to_pydict() == {
        "source_id": [19],
        "x": [0.5],
    }


def test_csv_with_comments_and_late_floats(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{i},{i}\n" for i in range(50_000))
    path.write_text(f"# made by hand\nsource_id,x\n{rows}{IDS[0]},0.5\n")
    found = read_table(path)
    assert found["source_id"].to_pylist()[-1] == IDS[0]
    assert found["x"].to_pylist()[-1] == 0.5


@pytest.mark.parametrize("keep", [4, 100, 0.5, 0.99])
def test_truncated_parquet_is_refused(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": np.arange(1000.0)}), path)
    content = path.read_bytes()
    end = int(keep if keep > 1 else keep * len(content))
    path.write_bytes(content[:end])
    with pytest.raises(FileFormatError, match=r"t\.parquet") as error:
        read_table(path)
    assert "copied whole" in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"hello there", b"\x00\x01\x02" * 9, b"x,y\n1,2\n"]
)
def test_file_that_is_not_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="a parquet file"):
        read_table(path)


def test_truncated_fits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.fits"
    stars(masked=False).write(path)
    path.write_bytes(path.read_bytes()[:2880])
    with pytest.raises(FileFormatError, match="holds no table") as error:
        read_table(path)
    assert "copied" in str(error.value)


def test_ragged_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_table(path)


def test_directory_and_absent_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="is a directory"):
        read_table(tmp_path)
    with pytest.raises(FileFormatError, match="does not exist"):
        read_table(tmp_path / "none.parquet")


def test_times_become_julian_years_of_tcb() -> None:
    times = Time([2016.0, 2031.2], format="jyear", scale="tdb")
    found = from_astropy(Table({"epoch": times}), where="t")
    np.testing.assert_array_equal(found["epoch"].to_numpy(), times.tcb.jyear)
    assert found.schema.field("epoch").metadata[b"unit"] == b"yr"


def test_column_of_complex_numbers_is_left_out() -> None:
    table = Table({"z": np.array([1 + 2j, 3j]), "x": [1.0, 2.0]})
    with pytest.warns(TableWarning, match="without z"):
        assert from_astropy(table, where="t").column_names == ["x"]


def test_astropy_and_back() -> None:
    table = from_astropy(stars(masked=True), where="t")
    back = from_astropy(to_astropy(table), where="t")
    assert back.equals(table, check_metadata=True)


def test_written_table_carries_units_and_descriptions(tmp_path: Path) -> None:
    n = len(IDS)
    columns = {
        "source_id": np.array(IDS),
        "plate_id": np.zeros(n, int),
        "epoch": np.full(n, 2031.2),
        "ra": np.array([1 / 3, 2.0, 3.0]),
        "dec": np.zeros(n),
        "ra_error": np.array([0.1, np.nan, 0.1]),
        "dec_error": np.full(n, 0.1),
        "ra_dec_corr": np.zeros(n),
        "n_measurements": np.full(n, 96),
        "is_reference": np.ones(n, bool),
        "prior_pull": np.full(n, np.nan),
        "flags": np.zeros(n, int),
    }
    write_table(table_of(columns, SOURCES), tmp_path / "s.parquet")
    found = read_table(tmp_path / "s.parquet")
    assert found["source_id"].to_pylist() == IDS
    assert found["ra"].to_pylist() == [1 / 3, 2.0, 3.0]
    metadata = found.schema.field("ra_error").metadata
    assert metadata[b"unit"] == b"mas"
    assert metadata[b"description"] == "1σ of ra·cos(dec)".encode()


def test_columns_of_different_lengths_are_refused() -> None:
    columns = {name: np.zeros(3) for name in MEASUREMENTS.names}
    columns["x"] = np.zeros(2)
    with pytest.raises(ShapeError, match="x 2"):
        table_of(columns, MEASUREMENTS)


def test_challenge_tables_are_read(data: Path) -> None:
    found = read_table(data / "challenge/level2_source_table.txt")
    assert found.num_rows == 11_611
    assert found["source_id"].type == pa.int64()
    assert found.schema.field("x").metadata[b"unit"] == b"um"


def test_messages_hold_no_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n3,\x1b[31mred\x07,4\n")
    with pytest.raises(FileFormatError, match="cannot be read") as error:
        read_table(path)
    assert "red" in str(error.value)
    assert all(c.isprintable() or c == "\n" for c in str(error.value))
