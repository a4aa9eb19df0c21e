"""Dialects of text and what surrounds a table: each read as its author meant it."""

import bz2
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from reseau.errors import FileFormatError, TableWarning
from reseau.tables import read_table

IDS = [4057480204110713985, 9223372036854775807, -4057480204110713987]
X = [0.5, 1.25, -3.0]
LINES = [f"{i}|{x}" for i, x in zip(IDS, X, strict=True)]


def written(folder: Path, text: str | bytes, name: str = "t.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_stars(table: pa.Table) -> None:
    assert table["source_id"].to_pylist() == IDS
    assert table["x"].to_pylist() == X


def message_of(path: Path) -> str:
    with pytest.raises(FileFormatError) as error:
        read_table(path)
    return str(error.value)


TEXTS = {
    "comma": "source_id,x\n" + "\n".join(line.replace("|", ",") for line in LINES),
    "tab": "source_id\tx\n" + "\n".join(line.replace("|", "\t") for line in LINES),
    "bar": "source_id|x\n" + "\n".join(LINES),
    "semicolon": "source_id;x\n" + "\n".join(line.replace("|", ";") for line in LINES),
    "blanks": "source_id   x\n" + "\n".join("  " + b.replace("|", "  ") for b in LINES),
    "quoted": 'source_id,"x"\n'
    + "\n".join('"' + line.replace("|", '","') + '"' for line in LINES),
    "padded": " source_id , x \n" + "\n".join(b.replace("|", " , ") for b in LINES),
    "trailing delimiters": "source_id,x,\n"
    + "\n".join(line.replace("|", ",") + "," for line in LINES),
    "rows with one more": "source_id,x\n"
    + "\n".join(line.replace("|", ",") + "," for line in LINES),
    "savetxt": "# made by hand\n# source_id x\n"
    + "\n".join(line.replace("|", " ") for line in LINES),
    "names of blanks above commas": "# source_id x\n"
    + "\n".join(line.replace("|", ",") for line in LINES),
    "blank lines": "\n\nsource_id,x\n\n"
    + "\n\n".join(b.replace("|", ",") for b in LINES),
    "bars and rules": "+---+---+\n| source_id | x |\n+---+---+\n"
    + "\n".join(f"| {line} |" for line in LINES)
    + "\n+---+---+\n",
    "a line of Excel": "sep=;\nsource_id;x\n"
    + "\n".join(line.replace("|", ";") for line in LINES),
    "decimal commas": "source_id;x\n"
    + "\n".join(line.replace("|", ";").replace(".", ",") for line in LINES),
    "DAOPHOT, as it stands": " NL   NX   NY\n  1 2048 2048\n\n"
    + "\n".join(
        f"{i} {x} 1.5 14.1 .02 3.0 4.0 1.1 .01" for i, x in zip(IDS, X, strict=True)
    ),
    "SExtractor": "#   1 source_id   Running number\n#   2 x  Position [pixel]\n"
    + "\n".join("   " + line.replace("|", "  ") for line in LINES),
    "ECSV with runs of blanks": "# %ECSV 1.0\n# ---\n# datatype:\n"
    "# - {name: source_id, datatype: int64}\n# - {name: x, datatype: float32}\n"
    "source_id x\n" + "\n".join(line.replace("|", "   ") for line in LINES),
}


@pytest.mark.filterwarnings("ignore:t.txt is of DAOPHOT")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", TEXTS)
def test_text_is_read(tmp_path: Path, kind: str, end: str) -> None:
    path = written(tmp_path, TEXTS[kind].replace("\n", end) + end)
    table = read_table(path)
    if kind.startswith("DAOPHOT"):
        table = table.rename_columns(["source_id", "x", *table.column_names[2:]])
    assert_stars(table)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("be") else ""
    assert_stars(
        read_table(written(tmp_path, (mark + TEXTS["comma"]).encode(encoding)))
    )
    ecsv = (mark + TEXTS["ECSV with runs of blanks"]).encode(encoding)
    assert_stars(read_table(written(tmp_path, ecsv)))


def _zipped(content: bytes) -> bytes:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"reseau-{os.getpid()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", content)
    content = path.read_bytes()
    path.unlink()
    return content


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda b: pa.Codec("zstd").compress(b, asbytes=True),
    "zip": _zipped,
}


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_tables_are_read_whatever_their_name(
    tmp_path: Path, packer: str
) -> None:
    packed = PACKERS[packer](TEXTS["comma"].encode())
    for name in ("t.csv", "t.vot", "t.csv.gz"):
        assert_stars(read_table(written(tmp_path, packed, name)))


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz", "zstd", "zip"])
def test_bombs_are_refused_early(tmp_path: Path, packer: str) -> None:
    path = written(tmp_path, PACKERS[packer](bytes(65 * 2**20)))
    assert path.stat().st_size < 2**20
    assert "unpacks to more than 64 MiB" in message_of(path)


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz"])
def test_packed_file_that_ends_early(tmp_path: Path, packer: str) -> None:
    packed = PACKERS[packer](TEXTS["comma"].encode())
    assert "copied whole" in message_of(written(tmp_path, packed[:-12]))


def test_names_in_a_comment_and_comments_between_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "source_id,x\n1,2\n# 9,9\n3,4\n# end\n")
    with pytest.warns(TableWarning, match="1 line that begin"):
        assert read_table(path)["source_id"].to_pylist() == [1, 3]
    said = message_of(written(tmp_path, "1,2,3\n4,5,6\n"))
    assert "line 1 has numbers, and no line above names the 3 fields: '1,2,3'" in said


def test_words_for_missing(tmp_path: Path) -> None:
    words = ["--", "INDEF", "null", "NULL", "None", "N/A", "NA", "nan", "", "...", " "]
    rows = "".join(f"{i},{w},{w}\n" for i, w in enumerate(words))
    table = read_table(written(tmp_path, f"i,n,x\n{rows}11,7,0.5\n"))
    assert table["n"].type == pa.int64()
    assert table["n"].to_pylist() == [None] * len(words) + [7]
    assert table["x"].to_pylist() == [None] * len(words) + [0.5]


def test_text_stays_text(tmp_path: Path) -> None:
    path = written(
        tmp_path, "band,ra,epoch,big\nNA,05:35:17.3,2016-01-01,1\nV,bad,,2\n"
    )
    table = read_table(path)
    assert table["band"].to_pylist() == ["NA", "V"]
    assert table["ra"].to_pylist() == ["05:35:17.3", "bad"]
    assert table["epoch"].to_pylist() == ["2016-01-01", None]


def test_too_long_integers_stay_text_or_are_no_integers(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "source_id,x\n18446744073709551616,1\n5,2\n"))
    assert not pa.types.is_integer(table["source_id"].type)


def test_fortran_exponents_and_signs(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a,b\n1.5D-3,+4\n-2.5d+2,+5\n"))
    assert table.to_pydict() == {"a": [1.5e-3, -250.0], "b": [4, 5]}


@pytest.mark.parametrize(
    "rows", ["1,234;5,678\n", "1.234;1,5\n", "1,5;1.234\n1,25;2.345\n"]
)
def test_commas_that_may_be_thousands_are_asked_about(
    tmp_path: Path, rows: str
) -> None:
    assert "decimal" in message_of(written(tmp_path, "x;y\n" + rows))


def test_vizier_with_units_and_dashes(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "#RESOURCE=yCat_1355\n#Column\tSource\t(I19)\tId\t[ucd=meta.id]\n"
        "_RAJ2000\tSource\te_RA\ndeg\t \tmas\n"
        f"----------\t-------------------\t------\n083.5\t{IDS[0]}\t0.1\n"
        f"083.6\t{IDS[2]}\t      \n\n#END#\n",
        "asu.tsv",
    )
    table = read_table(path)
    assert table["Source"].to_pylist() == [IDS[0], IDS[2]]
    assert table["e_RA"].to_pylist() == [0.1, None]
    assert table.schema.field("_RAJ2000").metadata == {b"unit": b"deg"}


def test_units_in_the_second_row(tmp_path: Path) -> None:
    table = read_table(
        written(tmp_path, "source_id,x,ra\n,pix,deg\n1,2.5,3\n2,3.5,4\n")
    )
    assert table["source_id"].to_pylist() == [1, 2]
    assert table.schema.field("x").metadata == {b"unit": b"pix"}


def test_sextractors_columns_of_several_values(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "#   1 NUMBER          Running object number\n"
        "#   2 FLUX_APER       Flux vector  [count]\n"
        "#   4 X_IMAGE         Object position along x [pixel]\n"
        "  1  10.0 11.0 5.5\n  2  20.0 21.0 6.5\n",
        "test.cat",
    )
    table = read_table(path)
    assert table.column_names == ["NUMBER", "FLUX_APER", "FLUX_APER_1", "X_IMAGE"]
    assert table["X_IMAGE"].to_pylist() == [5.5, 6.5]
    assert table.schema.field("X_IMAGE").metadata[b"unit"] == b"pixel"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) + "1 2 3 4 5\n")
    assert "line 5 has 5 fields and not 4" in message_of(path)


def test_bulk_file_of_gaia(tmp_path: Path) -> None:
    text = (
        "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n"
        "# - {name: source_id, datatype: int64}\n"
        "# - {name: ra, unit: deg, datatype: float64, description: Right ascension}\n"
        "# - {name: ra_error, unit: mas, datatype: float32}\n"
        "# - {name: duplicated_source, datatype: bool}\n"
        "# - {name: flags, datatype: string, subtype: 'int64[2]'}\n"
        "source_id,ra,ra_error,duplicated_source,flags\n"
        f'{IDS[0]},44.5,0.1,False,"[1,2]"\n{IDS[1]},45.5,null,True,"[3,4]"\n'
    )
    path = written(tmp_path, gzip.compress(text.encode()), "GaiaSource.csv.gz")
    with pytest.warns(TableWarning, match="arrays were left out: flags"):
        table = read_table(path)
    assert table["source_id"].to_pylist() == IDS[:2]
    assert table["ra_error"].type == pa.float32()
    assert table["ra_error"].null_count == 1
    assert table["duplicated_source"].to_pylist() == [False, True]
    assert table.schema.field("ra").metadata[b"description"] == b"Right ascension"
    said = message_of(written(tmp_path, text.replace("44.5", "4x.5")))
    assert "line 11 has no double in column ra" in said
    said = message_of(written(tmp_path, text.replace("source_id,ra,", "source_id,")))
    assert "line 10 should name the 5 columns" in said


def test_lines_of_another_length_are_named(tmp_path: Path) -> None:
    for delimiter in (",", "\t", " ", ";", "|"):
        lines = ["a,b,c", "# note", "1,2,3", "4,5,6,7", "8,9,0"]
        text = "\n".join(lines).replace(",", delimiter)
        said = message_of(written(tmp_path, text))
        assert "line 4 has 4 fields and not 3" in said
        assert "copied whole" not in said


def test_open_quotations_and_repeated_names_are_named(tmp_path: Path) -> None:
    said = message_of(written(tmp_path, 'a,b\n1,2\n3,"4\n5,6"\n7,8\n'))
    assert "line 3 opens a quotation" in said
    said = message_of(written(tmp_path, "a,b\n1,2\na,b\n3,4\n"))
    assert "line 3 names the columns again" in said


def test_columns_of_one_name_are_kept_for_the_user_to_choose(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "source_id,ra,ra\n1,2,3\n4,5,6\n"))
    assert table.column_names == ["source_id", "ra", "ra"]
    assert table.column(2).to_pylist() == [3, 6]


FOREIGN = {
    b"\x89PNG\r\n\x1a\n\x00\x00": "PNG image",
    b"%PDF-1.4\n%abc": "PDF document",
    b"\x89HDF\r\n\x1a\n\x00": "HDF5",
    b"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n": "ASDF",
    b"\x80\x04\x95\x00\x00": "Python pickle",
    b"\xff\xd8\xff\xe0\x00\x10JFIF": "JPEG",
    b"<html><table><tr><td>1</td></tr></table></html>": "web page|HTML",
    b"\\begin{tabular}{cc}\n a & b \\\\": "LaTeX",
    b"\\documentclass{article}": "LaTeX",
    b'{"a": [1, 2]}': "JSON",
    b"\x1f\x9d\x90": "uncompress",
    b"\x00\x01\x02\x03": "begins with",
    b"": "is empty",
}


@pytest.mark.parametrize("content", FOREIGN)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(FileFormatError, match=FOREIGN[content]) as error:
        read_table(path)
    assert "copied whole" not in str(error.value)


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a named pipe" in message_of(tmp_path / "pipe")
    assert "is a device" in message_of(Path("/dev/null"))
    assert "no name of a file" in message_of(Path("a" * 300))
    assert "does not exist" in message_of(Path("a\0b"))
