"""What a table's header says of all its rows counts where no column does."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits, votable
from astropy.io.votable.tree import Info, Param
from astropy.table import Table
from astropy.time import Time

from reseau.datasets import Dataset, read_instrument
from reseau.errors import CatalogueError, ReseauWarning
from reseau.exchange import read_detections
from reseau.tables import read_table
from reseau.tables.header_keywords import keywords_of

pytestmark = pytest.mark.usefixtures("typed")

CAMERA = 'name = "c"\n[optics]\nfocal_length_mm = 1000.0\n'
for _number, _name in ((3, "NRCA1"), (5, "NRCA2")):
    CAMERA += f'[[detector]]\nid = {_number}\nname = "{_name}"\nx_um = 0.0\n'
    CAMERA += "y_um = 0.0\nnaxis1 = 9\nnaxis2 = 9\npixel_um = 9.0\n"

ROWS = {"x": [1.25, 2.5, 3.125], "y": [4.5, 5.25, 6.75], "source_id": [71, 82, 93]}
HEADER = {"EXPNAME": "jbxx01abq", "DETECTOR": "nrca2", "MJD-OBS": 59000.5}
EPOCH = Time(59000.5, format="mjd", scale="utc").tcb.jyear


def detections(source: object, tmp_path: Path, **options: object) -> Dataset:
    (tmp_path / "c.toml").write_text(CAMERA)
    options = {"columns": "x=x[pix],y=y[pix]", **options}
    return read_detections(
        source, instrument=read_instrument(tmp_path / "c.toml"), **options
    )


def of_fits(path: Path) -> Path:
    Table(ROWS, meta=HEADER).write(path.with_suffix(".fits"))
    return path.with_suffix(".fits")


def of_primary_header(path: Path) -> Path:
    place = of_fits(path)
    with fits.open(place, mode="update") as units:
        for key, value in HEADER.items():
            del units[1].header[key]
            units[0].header[key] = value
    return place


def of_ldac(path: Path) -> Path:
    text = fits.Header(HEADER).tostring()
    cards = [text[i : i + 80] for i in range(0, len(text), 80)]
    kind = {"format": f"{len(text)}A", "dim": f"(80,{len(cards)})"}
    column = fits.Column("Field Header Card", array=[cards], **kind)
    head = fits.BinTableHDU.from_columns([column], name="LDAC_IMHEAD")
    rows = fits.BinTableHDU(Table(ROWS), name="LDAC_OBJECTS")
    fits.HDUList([fits.PrimaryHDU(), head, rows]).writeto(path.with_suffix(".ldac"))
    return path.with_suffix(".ldac")


def of_ecsv(path: Path) -> Path:
    Table(ROWS, meta=HEADER).write(path.with_suffix(".ecsv"))
    return path.with_suffix(".ecsv")


def of_astropys_parquet(path: Path) -> Path:
    Table(ROWS, meta=HEADER).write(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def of_arrows_parquet(path: Path) -> Path:
    said = {k: str(v) for k, v in HEADER.items()}
    pq.write_table(pa.table(ROWS).replace_schema_metadata(said), path)
    return path


def of_votable(path: Path) -> Path:
    whole = votable.from_table(Table(ROWS))
    table = whole.get_first_table()
    text = {"datatype": "char", "arraysize": "*"}
    table.params.append(Param(whole, name="EXPNAME", value="jbxx01abq", **text))
    whole.resources[0].infos.append(Info(name="DETECTOR", value="NRCA2"))
    number = Param(whole, name="MJD-OBS", value=59000.5, datatype="double")
    whole.params.append(number)
    whole.to_xml(str(path.with_suffix(".vot")))
    return path.with_suffix(".vot")


def of_ipac(path: Path) -> Path:
    table = Table(ROWS)
    table.meta["keywords"] = {
        k.replace("-", "_"): {"value": v} for k, v in HEADER.items()
    }
    table.write(path.with_suffix(".tbl"), format="ascii.ipac")
    return path.with_suffix(".tbl")


def of_astropy(path: Path) -> Table:
    del path
    return Table(ROWS, meta={**HEADER, "many": [1, 2, 3], "DETECTOR": np.int64(5)})


def of_pandas(path: Path) -> object:
    del path
    frame = pytest.importorskip("pandas").DataFrame(ROWS)
    frame.attrs = dict(HEADER)
    return frame


KINDS = [of_fits, of_primary_header, of_ldac, of_ecsv, of_astropys_parquet, of_votable]
KINDS += [of_arrows_parquet, of_ipac, of_astropy, of_pandas]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_header_counts_and_is_said(
    kind: Callable[[Path], object], tmp_path: Path
) -> None:
    source = kind(tmp_path / "t")
    with pytest.warns(ReseauWarning, match="no column says so, but its header") as said:
        found = detections(source, tmp_path)
    [text] = [str(w.message) for w in said if "its header" in str(w.message)]
    assert "exposure_id jbxx01abq (EXPNAME)" in text
    assert re.search("MJD.OBS, UTC, begin of the exposure", text)
    assert found.names["exposure"] == {0: "jbxx01abq"}
    assert set(found.measurements["detector_id"].to_pylist()) == {5}
    # A millisecond.
    assert found.exposures["epoch"].to_pylist() == pytest.approx([EPOCH], abs=3e-11)


def test_columns_and_options_count_before_the_header(tmp_path: Path) -> None:
    rows = {**ROWS, "exposure_id": [7, 7, 8], "detector_id": [3, 3, 3]}
    found = detections(Table(rows, meta=HEADER), tmp_path, epoch_given=True)
    assert found.exposures["exposure_id"].to_pylist() == [7, 8]
    assert set(found.measurements["detector_id"].to_pylist()) == {3}
    assert np.isnan(found.exposures["epoch"].to_numpy()).all()
    # One time is not that of several exposures, nor where a column looks like times.
    found = detections(Table(rows, meta=HEADER), tmp_path)
    assert np.isnan(found.exposures["epoch"].to_numpy()).all()


@pytest.mark.filterwarnings("ignore")
def test_a_column_that_looks_like_exposures_is_asked_about(tmp_path: Path) -> None:
    rows = {**ROWS, "source_id": [71, 71, 82], "FRAME": [1, 2, 1]}
    table = Table(rows, meta={**HEADER, "DETECTOR": "NRCA1"})
    with pytest.raises(CatalogueError, match="--columns exposure_id=FRAME"):
        detections(table, tmp_path)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"EXPNAME": "a", "ROOTNAME": "b"}, "EXPNAME = a, ROOTNAME = b"),
        ({"DETECTOR": "NRCA1", "EXTNAME": "nrca2"}, "DETECTOR = NRCA1, EXTNAME"),
        ({"CCDNUM": 3, "CHIP": 5}, "CCDNUM = 3, CHIP = 5"),
        ({"MJD-OBS": 59000.5, "DATE-OBS": "2020-07-31"}, "MJD-OBS = 59000.5, DATE-OBS"),
    ],
)
def test_contradictions_are_asked_about(
    header: dict, said: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogueError, match=said):
        detections(Table({**ROWS}, meta=header), tmp_path)


def test_a_keyword_may_be_chosen_as_a_column_is(tmp_path: Path) -> None:
    header = {"EXPNAME": "a", "ROOTNAME": "b", "CHIP": 5, "CCDNUM": 3}
    columns = "x=x[pix],y=y[pix],exposure_id=ROOTNAME,detector_id=CHIP"
    found = detections(Table(ROWS, meta=header), tmp_path, columns=columns)
    assert found.names["exposure"] == {0: "b"}
    assert set(found.measurements["detector_id"].to_pylist()) == {5}


@pytest.mark.parametrize(
    ("header", "mjd", "scale", "said"),
    [
        ({"EXPSTART": 59000.0, "EXPEND": 59000.5}, 59000.25, "utc", "between EXPSTART"),
        ({"MJD-AVG": 59000.2, "MJD-OBS": 59000.1}, 59000.2, "utc", "middle of the"),
        ({"DATE-OBS": "2020-05-31T12:00:00", "TIMESYS": "TAI"}, 59000.5, "tai", "TAI"),
        ({"DATE-OBS": "2020-05-31", "TIME-OBS": "06:00:00"}, 59000.25, "utc", "begin"),
    ],
)
def test_times_in_headers(
    header: dict, mjd: float, scale: str, said: str, tmp_path: Path
) -> None:
    table = Table(ROWS, meta={"DETECTOR": "NRCA1", **header})
    with pytest.warns(ReseauWarning, match=said):
        found = detections(table, tmp_path)
    wanted = Time(mjd, format="mjd", scale=scale).tcb.jyear
    assert found.exposures["epoch"].to_pylist() == pytest.approx([wanted], abs=3e-11)


def test_what_says_nothing_here_is_passed_over(tmp_path: Path) -> None:
    """EPOCH is FITS's old equinox, a number with a fraction is no name."""
    header = {"EPOCH": 2000.0, "EXPOSURE": 1200.5, "EXPNAME": " ", "CCDNUM": True}
    header |= {"DETECTOR": "NRCA1", "MJD-OBS": 0.0, "OBJECT": "M 31"}
    assert "OBJECT" not in keywords_of(header)
    with pytest.warns(ReseauWarning, match="detector_id NRCA1") as said:
        found = detections(Table(ROWS, meta=header), tmp_path)
    assert not any("exposure_id" in str(w.message) for w in said)
    assert found.names == {}
    assert np.isnan(found.exposures["epoch"].to_numpy()).all()


def test_the_only_pointing_is_that_of_the_only_exposure(tmp_path: Path) -> None:
    pointing = tmp_path / "p.csv"
    pointing.write_text("ra,dec,pa\n10.5,20.25,30.0\n")
    table = Table(ROWS, meta={"EXPNAME": "a", "DETECTOR": "NRCA1"})
    with pytest.warns(ReseauWarning, match="its header"):
        found = detections(table, tmp_path, pointing=pointing)
    assert found.exposures["ra"].to_pylist() == [10.5]


def test_files_with_a_strange_header_are_read(tmp_path: Path) -> None:
    text = b"no header at all".ljust(80)
    column = fits.Column("Field Header Card", "80A", array=[text])
    head = fits.BinTableHDU.from_columns([column], name="LDAC_IMHEAD")
    rows = fits.BinTableHDU(Table(ROWS), name="LDAC_OBJECTS")
    fits.HDUList([fits.PrimaryHDU(), head, rows]).writeto(tmp_path / "t.fits")
    assert read_table(tmp_path / "t.fits").num_rows == 3
