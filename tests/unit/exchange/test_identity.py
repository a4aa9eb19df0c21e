"""Who is who is never guessed: text, floats, "unmatched", numbers of rows, doubles."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from reseau.datasets import Dataset, read_instrument
from reseau.errors import CatalogueError, ReseauWarning
from reseau.exchange import read_detections
from reseau.instrument import Instrument
from reseau.tables.identifiers import number_of_text

pytestmark = pytest.mark.usefixtures("typed")

PLANE = "x=x[um],y=y[um]"
BIG = 4057480204110713985


@pytest.fixture(scope="module")
def plane() -> Instrument:
    return read_instrument("challenge")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, plane: Instrument) -> object:
    folder = tmp_path_factory.mktemp("tables")

    def read(head: str, rows: list[str], **options: object) -> Dataset:
        path = folder / "t.csv"
        x = np.random.default_rng(5).normal(0, 1e3, (len(rows), 2))
        lines = [
            f"{a!r},{b!r},{row}" for (a, b), row in zip(x.tolist(), rows, strict=True)
        ]
        path.write_text("\n".join([f"x,y,{head}", *lines, ""]))
        given = {"columns": PLANE, **options}
        return read_detections(path, instrument=plane, **given)  # type: ignore[arg-type]

    return read


def test_text_of_exposures_comes_back(table: object, tmp_path: Path) -> None:
    rows = ["7,F814W_03", "8,F814W_03", "7,F606W_01"]
    pointing = tmp_path / "p.csv"
    pointing.write_text(
        "exposure_id,ra,dec,pa\nF814W_03,3,0,0\nx,9,0,0\nF606W_01,1,0,0\n"
    )
    found = table("source_id,exposure_id", rows, pointing=pointing)
    assert found.names == {"exposure": {0: "F606W_01", 1: "F814W_03"}}
    assert found.measurements["exposure_id"].to_pylist() == [1, 1, 0]
    assert found.exposures["ra"].to_pylist() == [1.0, 3.0]
    assert found.exposures["label"].to_pylist()[0] == "exposure_id F606W_01"


def test_text_of_sources_comes_back(table: object) -> None:
    rows = ["J1745-2900,1", " S2 ,1", "J1745-2900,2"]
    found = table("source_id,exposure_id", rows)
    ids = found.measurements["source_id"].to_pylist()
    assert ids[0] == ids[2] == number_of_text("J1745-2900") != ids[1]
    assert found.names["source"] == {ids[0]: "J1745-2900", ids[1]: "S2"}
    assert all(2**62 <= i < 2**63 for i in ids)
    gaia = table("source_id", [f"Gaia DR3 {BIG}", f"Gaia DR3 {BIG + 1}"])
    assert gaia.measurements["source_id"].to_pylist() == [BIG, BIG + 1]
    assert gaia.names["source"][BIG] == f"Gaia DR3 {BIG}"
    mixed = table("source_id", ["Gaia DR2 7", "Gaia DR3 7"])
    assert len(set(mixed.measurements["source_id"].to_pylist())) == 2


def test_numbers_as_text_are_numbers(table: object) -> None:
    rows = [f'"{BIG}"', f'"{BIG + 2}"', '""']
    found = table("source_id", rows, unmatched="null")
    assert found.measurements["source_id"].to_pylist() == [BIG, BIG + 2]
    assert found.names == {}


def test_detectors_by_name(tmp_path: Path) -> None:
    camera = tmp_path / "c.toml"
    detector = (
        '[[detector]]\nid = {}\nname = "{}"\nnaxis1 = 9\nnaxis2 = 9\npixel_um = 9'
    )
    text = 'name = "c"\n[optics]\nfocal_length_mm = 1000.0\n'
    for number, name in ((3, "NRCA1"), (5, "NRCA2")):
        text += detector.format(number, name) + "\nx_um = 0.0\ny_um = 0.0\n"
    camera.write_text(text)
    instrument = read_instrument(camera)
    assert instrument.detectors.names == ("NRCA1", "NRCA2")
    stars = tmp_path / "t.csv"
    stars.write_text("x,y,source_id,detector_id\n1,2,7,nrca2\n1,2,8,nrca1\n")
    columns = "x=x[pix],y=y[pix]"
    found = read_detections(stars, instrument=instrument, columns=columns)
    assert found.measurements["detector_id"].to_pylist() == [5, 3]
    assert found.names["detector"] == {5: "nrca2", 3: "nrca1"}
    stars.write_text("x,y,source_id,detector_id\n1,2,7,NRCB4\n")
    with pytest.raises(CatalogueError, match='name = "NRCB4"'):
        read_detections(stars, instrument=instrument, columns=columns)
    camera.write_text(text.replace("NRCA2", "nrca1"))
    with pytest.raises(ValueError, match="two detectors have the name"):
        read_instrument(camera)


def test_floats_that_kept_their_digits(table: object) -> None:
    with pytest.warns(ReseauWarning, match="none has lost digits"):
        found = table("source_id", ["1.0", "2.0"])
    assert found.measurements["source_id"].to_pylist() == [1, 2]
    with pytest.raises(CatalogueError, match="lose digits"):
        table("source_id", ["4.0574802041107139e18", "1.0"])
    with pytest.raises(CatalogueError, match="1 of its 2 values are no integers"):
        table("source_id", ["1.5", "2.0"])


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        (["51,1", "52,1", "-1,1", "-1,1"], "-1"),
        (["51,1", "51,2", "-1,1", "-1,2"], "-1"),
        ([f"{BIG},1", f"{BIG},2", "0,1", "0,2"], "0"),
        (["51,1", "52,1", "-999,1", "-999,1", "-999,1"], "-999"),
        (["51,1", ",1", "52,1"], "null"),
        (["51,1", "J5,1", "N/A,1", "--,1"], "null"),
        (["51.0,1", "52.0,1", "nan,1"], "null"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*written as floating-point")
def test_unmatched_is_asked_about(table: object, rows: list[str], value: str) -> None:
    with pytest.raises(CatalogueError, match=f"--unmatched {value}; "):
        table("source_id,exposure_id", rows)
    found = table("source_id,exposure_id", rows, unmatched=f"{value},-77")
    n = len([r for r in rows if r.split(",")[0] in (value, "", "N/A", "--", "nan")])
    assert found.measurements.num_rows == len(rows) - n
    [left] = found.left_out.values()
    assert len(left) == n


@pytest.mark.parametrize(
    "rows",
    [
        ["0,1", "1,1", "2,1", "0,2", "1,2", "2,2"],
        ["-1,1", "-2,1", "-3,1", "-1,2", "-2,2", "-3,2"],
        ["-1,1", "5,1", "6,1", "5,2", "6,2"],
        ["0,1", "1,1", "0,2", "2,2", "1,2"],
    ],
)
def test_identifiers_that_are_stars(table: object, rows: list[str]) -> None:
    assert table("source_id,exposure_id", rows).measurements.num_rows == len(rows)


def test_position_tells_whether_zero_is_a_star(table: object) -> None:
    head = "source_id,exposure_id,ra,dec"
    rows = [f"{BIG},1,10.1,5", "0,1,10.2,5", "0,2,10.2,5"]
    assert table(head, rows).measurements.num_rows == 3
    with pytest.raises(CatalogueError, match="0 stands in 2 of 3 rows, at several"):
        table(head, [*rows[:2], "0,2,10.3,5"])
    rows = ["7,1,10.1,5", "-1,1,10.2,5", "-1,2,10.3,5", "7,2,10.1,5"]
    with pytest.raises(CatalogueError, match="catalog_id -1 stands in 2 of 4 rows"):
        table(head.replace("source", "catalog"), rows)


def test_numbers_of_rows_are_said(table: object) -> None:
    rows = ["1,1", "2,1", "3,1", "1,2", "2,2"]
    with pytest.warns(ReseauWarning, match="counts the rows of each exposure"):
        table("source_id,exposure_id", rows)
    with pytest.raises(CatalogueError, match="count the rows of each exposure"):
        table(
            "NUMBER,exposure_id,ra,dec",
            [f"{r},{i},5" for i, r in enumerate(rows)],
            columns=f"{PLANE},source_id=NUMBER",
        )


@pytest.mark.filterwarnings("ignore:.*look meant")
def test_number_of_the_row_is_no_identifier_of_itself(table: object) -> None:
    with pytest.raises(CatalogueError, match=r"source_id=NUMBER if that .* of the row"):
        table("NUMBER,exposure_id", ["1,1", "2,1"])


def test_identification_by_position_is_said(table: object) -> None:
    with pytest.warns(ReseauWarning, match="2 sources in 3 rows"):
        table("exposure_id,ra,dec", ["1,10,5", "1,11,5", "2,10,5"])


def test_columns_that_look_meant_are_named(table: object) -> None:
    rows = ["7,11,0.5,57388", "8,12,0.5,57389"]
    with pytest.warns(ReseauWarning, match="look meant are not used") as said:
        table("source_id,FRAME,ERR,MJD", rows)
    text = str(said[0].message)
    for part in (
        "FRAME (exposure_id?)",
        "ERR (x_error?",
        "MJD (epoch?)",
        "epoch=MJD[mjd]",
        "y_error=ERR",
    ):
        assert part in text
    assert "all rows are taken as one exposure" in text
    assert "exposure_id=FRAME" in text
    chosen = f"{PLANE},exposure_id=FRAME,x_error=ERR,y_error=ERR,epoch=MJD[mjd]"
    found = table("source_id,FRAME,ERR,MJD", rows, columns=chosen)  # nothing is said
    assert found.exposures["exposure_id"].to_pylist() == [11, 12]
    assert found.measurements["y_error"].to_pylist() == [0.5, 0.5]


def test_exposures_that_nothing_tells_apart_are_refused(table: object) -> None:
    rows = ["7,1", "8,1", "7,2", "8,2"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CatalogueError, match="--columns exposure_id=FRAME"):
            table("source_id,FRAME", rows)


def test_coarse_numbers_are_said(table: object) -> None:
    head = "source_id,ra,dec,ra_error,dec_error,ref_epoch"
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 1, (20, 2)) + np.array([83.0, 60.0])
    errors = "1.0,1.0,2016"
    fine = [f"{i},{a!r},{d!r},{errors}" for i, (a, d) in enumerate(places.tolist())]
    assert table(head, fine).reference is not None  # nothing is said
    for text, step in (("{:.4f}", "ra in steps of 17\\d mas"), ("{:.7f}", "")):
        rows = [
            f"{i},{text.format(a)},{text.format(d)},{errors}"
            for i, (a, d) in enumerate(places)
        ]
        if step:
            with pytest.warns(ReseauWarning, match=step):
                table(head, rows)
        else:
            table(head, rows)
    single = places.astype(np.float32).astype(float).tolist()
    rows = [f"{i},{a!r},{d!r},{errors}" for i, (a, d) in enumerate(single)]
    with pytest.warns(ReseauWarning, match=r"dec in steps of 13\.7 mas, 14 times"):
        table(head, rows)
