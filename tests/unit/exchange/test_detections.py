"""Single tables of detections: exposures, sources, units, errors, pointings."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from reseau.catalogue import Catalogue
from reseau.datasets import Dataset, read_instrument
from reseau.errors import (
    CatalogueError,
    ConfigError,
    DuplicateMeasurementWarning,
    ReseauWarning,
    UnitError,
)
from reseau.exchange import read_detections
from reseau.instrument import Instrument
from reseau.tables import Choice, parse_columns

PLANE = "x=x[um],y=y[um]"

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*no column identifies the sources"),
    pytest.mark.usefixtures("typed"),
]
PIXELS = "x=x[pix],y=y[pix]"
BIG = 4057480204110713985


@pytest.fixture(scope="module")
def plane() -> Instrument:
    return read_instrument("challenge")


@pytest.fixture(scope="module")
def camera() -> Instrument:
    return read_instrument("jasmine")


def write(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def read(
    tmp_path: Path, text: str, instrument: Instrument, **options: object
) -> Dataset:
    return read_detections(
        write(tmp_path, text),
        instrument=instrument,
        **{"columns": PLANE, **options},  # type: ignore[arg-type]
    )


def test_columns_option() -> None:
    assert parse_columns(" x=XWIN[pix], source_id = ID ") == {
        "x": Choice("XWIN", "pix"),
        "source_id": Choice("ID"),
    }
    assert parse_columns(None) == {}
    for text, message in (
        ("x", "cannot be read"),
        ("x=A[pix", "cannot be read"),
        ("sourceid=A", "did you mean source_id"),
        ("x=A,x=B", "given twice"),
    ):
        with pytest.raises(ConfigError, match="--columns") as error:
            parse_columns(text)
        assert message in str(error.value)
    assert "did you mean" not in str(error.value)  # of the repeated one


def test_one_exposure_with_positions_that_identify(
    tmp_path: Path, plane: Instrument
) -> None:
    text = "x,y,ra,dec\n1,2,266.1,-29\n3,4,266.0,-29\n"
    found = read(tmp_path, text, plane)
    assert found.exposures.num_rows == 1
    assert np.isnan(found.exposures["ra"].to_numpy()).all()
    assert np.isnan(found.exposures["epoch"].to_numpy()).all()
    assert found.reference is not None
    columns = (found.reference[n].to_pylist() for n in ("source_id", "ra"))
    row = dict(zip(*columns, strict=True))
    assert [row[s] for s in found.measurements["source_id"].to_pylist()] == [
        266.1,
        266.0,
    ]
    assert found.reference["fixed"].to_pylist() == [True, True]
    assert found.measurements["x_error"].to_pylist() == [0.01, 0.01]
    assert found.unit == "um"
    assert found.observer is None
    assert found.effects == frozenset()


def test_exposure_is_the_id_then_the_field_then_the_tuple(
    tmp_path: Path, plane: Instrument
) -> None:
    head, rows = "x,y,source_id", "1,2,7"
    found = read(
        tmp_path, f"{head},exposure_id,field\n{rows},40,1\n{rows},30,1\n", plane
    )
    assert found.exposures["exposure_id"].to_pylist() == [30, 40]
    assert found.measurements["exposure_id"].to_pylist() == [40, 30]
    found = read(tmp_path, f"{head},field,plate_id\n{rows},5,1\n{rows},3,1\n", plane)
    assert found.exposures["exposure_id"].to_pylist() == [3, 5]
    assert found.exposures["field_id"].to_pylist() == [3, 5]
    text = f"{head},plate_id,field_id\n{rows},9,1\n{rows},8,1\n{rows},8,0\n"
    found = read(tmp_path, text, plane)
    assert found.exposures["label"].to_pylist() == [
        "field_id 0 plate_id 8",
        "field_id 1 plate_id 8",
        "field_id 1 plate_id 9",
    ]
    assert found.measurements["exposure_id"].to_pylist() == [2, 1, 0]
    assert found.exposures["plate_id"].to_pylist() == [0, 0, 0]
    assert "plate_id" not in found.measurements.column_names


def test_source_ids_are_exact(tmp_path: Path, plane: Instrument) -> None:
    found = read(tmp_path, f"x,y,catalog_id\n1,2,{BIG}\n3,4,{BIG + 1}\n", plane)
    assert found.measurements["source_id"].to_pylist() == [BIG, BIG + 1]
    assert found.reference is None


def test_no_identification_is_refused(tmp_path: Path, plane: Instrument) -> None:
    with pytest.raises(CatalogueError, match="does not match yet"):
        read(tmp_path, "x,y\n1,2\n", plane)
    with pytest.raises(CatalogueError, match="ra has 1 of 2"):
        read(tmp_path, "x,y,ra,dec\n1,2,,1\n1,2,3,1\n", plane)


def test_one_source_in_two_places_is_refused(tmp_path: Path, plane: Instrument) -> None:
    text = "x,y,source_id,field,ra,dec\n1,2,7,0,266,-29\n3,4,7,1,266.1,-29\n"
    with pytest.raises(CatalogueError, match="source_id 7"):
        read(tmp_path, text, plane)


def test_catalog_id_of_each_fields_own_list(tmp_path: Path, plane: Instrument) -> None:
    text = (
        "x,y,catalog_id,field,ra,dec\n"
        "1,2,7,0,266,-29\n3,4,8,0,266.1,-29\n5,6,7,1,266.1,-29\n"
    )
    with pytest.warns(ReseauWarning, match="counts anew in each field"):
        found = read(tmp_path, text, plane)
    assert found.measurements["source_id"].to_pylist() == [0, 1, 1]


def test_source_without_position_has_no_reference_row(
    tmp_path: Path, plane: Instrument
) -> None:
    found = read(tmp_path, "x,y,source_id,ra,dec\n1,2,7,266,-29\n3,4,8,,\n", plane)
    assert found.reference is not None
    assert found.reference["source_id"].to_pylist() == [7]
    assert found.measurements.num_rows == 2


def test_positions_with_errors_are_priors(tmp_path: Path, plane: Instrument) -> None:
    text = (
        "x,y,source_id,ra,dec,ra_error,dec_error,ref_epoch\n"
        "1,2,7,266,-29,0.1,0.2,2016\n3,4,8,266,-28,0.1,0.2,2016\n"
    )
    found = read(tmp_path, text, plane)
    assert found.reference is not None
    assert found.reference["fixed"].to_pylist() == [False, False]
    assert found.reference["dec_error"].to_pylist() == [0.2, 0.2]
    with pytest.raises(CatalogueError, match="ref_epoch"):
        read(tmp_path, text.replace(",ref_epoch", ",note"), plane)


def test_units_of_positions(
    tmp_path: Path, plane: Instrument, camera: Instrument
) -> None:
    text = "x,y,source_id,x_error,y_error\n1,2,7,0.5,0.25\n"
    found = read(tmp_path, text, plane, columns="x=x[mm],y=y[mm]")
    assert found.measurements["x"].to_pylist() == [1000.0]
    assert found.measurements["x_error"].to_pylist() == [500.0]
    mixed = read(tmp_path, text, plane, columns="x=x[mm],y=y[mm],x_error=x_error[um]")
    assert mixed.measurements["x_error"].to_pylist() == [0.5]
    with pytest.raises(UnitError, match=r"--columns x=x\[pix\]"):
        read(tmp_path, text, plane, columns=None)
    with pytest.raises(UnitError, match="both in pixels or both lengths"):
        read(tmp_path, text, plane, columns="x=x[mm],y=y[pix]")
    with pytest.raises(UnitError, match="unit arcsec"):
        read(tmp_path, text, plane, columns="x=x[arcsec],y=y[arcsec]")
    with pytest.raises(ConfigError, match="one plane without pixels"):
        read(tmp_path, text, plane, columns=PIXELS)
    with pytest.raises(ConfigError, match="detectors with pixels"):
        read(tmp_path, text, camera, columns=PLANE)


def test_error_option(tmp_path: Path, plane: Instrument) -> None:
    text = "x,y,source_id\n1,2,7\n"
    mm = "x=x[mm],y=y[mm]"
    for columns, error, wanted in (
        (mm, 0.001, 1.0),
        (mm, None, 0.01),
        (PLANE, 0.5, 0.5),
    ):
        found = read(tmp_path, text, plane, columns=columns, error=error)
        assert found.measurements["x_error"].to_pylist() == [wanted]
        assert found.measurements["y_error"].to_pylist() == [wanted]
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ConfigError, match="--error"):
            read(tmp_path, text, plane, error=bad)
    with_errors = "x,y,source_id,x_error,y_error\n1,2,7,1,1\n"
    with pytest.raises(ConfigError, match="one of them"):
        read(tmp_path, with_errors, plane, error=0.1)
    with pytest.raises(CatalogueError, match="lacks the column y_error"):
        read(tmp_path, "x,y,source_id,x_error\n1,2,7,1\n", plane)


def test_detectors_of_pixels(tmp_path: Path, camera: Instrument) -> None:
    text = "x,y,source_id,detector_id\n1,2,7,3\n"
    found = read(tmp_path, text, camera, columns=PIXELS)
    assert found.measurements["detector_id"].to_pylist() == [3]
    assert found.unit == "pixel"
    with pytest.raises(CatalogueError, match="unknown detector_id: 9"):
        read(tmp_path, text.replace("7,3", "7,9"), camera, columns=PIXELS)
    with pytest.raises(CatalogueError, match="4 detectors"):
        read(tmp_path, "x,y,source_id\n1,2,7\n", camera, columns=PIXELS)


def test_chosen_columns(tmp_path: Path, plane: Instrument) -> None:
    text = "XWIN,YWIN,ID,x\n1,2,7,99\n"
    chosen = "x=XWIN[um],y=YWIN[um],source_id=ID"
    found = read(tmp_path, text, plane, columns=chosen)
    assert found.measurements["x"].to_pylist() == [1.0]
    with pytest.raises(CatalogueError, match="XWIM: is it XWIN"):
        read(tmp_path, text, plane, columns=chosen.replace("XWIN", "XWIM"))
    with pytest.raises(CatalogueError, match="lacks the columns x, y"):
        read(tmp_path, "a,b,source_id\n1,2,7\n", plane, columns=None)


def test_empty_table_is_refused(tmp_path: Path, plane: Instrument) -> None:
    with pytest.raises(CatalogueError, match="no rows"):
        read(tmp_path, "x,y,source_id\n", plane)


def test_bad_values_are_refused(tmp_path: Path, plane: Instrument) -> None:
    with pytest.raises(CatalogueError, match="x has 1 of 2 values"):
        read(tmp_path, "x,y,source_id\nnan,2,7\n1,2,8\n", plane)
    with pytest.raises(CatalogueError, match="y has 1 of 1 values"):
        read(tmp_path, "x,y,source_id\n1,inf,7\n", plane)


def test_duplicates_are_a_warning(tmp_path: Path, plane: Instrument) -> None:
    with pytest.warns(DuplicateMeasurementWarning):
        found = read(tmp_path, "x,y,source_id\n1,2,7\n1,2,7\n", plane)
    assert found.measurements.num_rows == 2


FIELDS = "x,y,source_id,field_id,block_id\n1,2,7,0,0\n1,2,7,0,1\n1,2,7,1,0\n"


@pytest.mark.parametrize("head", ["field_id,block_id", "field,block"])
def test_pointings_are_matched(tmp_path: Path, plane: Instrument, head: str) -> None:
    pointing = write(
        tmp_path,
        f"{head},pa,ra,dec\n1,0,3,30,-3\n0,1,2,20,-2\n0,0,1,10,-1\n9,9,9,9,9\n",
        "p.csv",
    )
    found = read(tmp_path, FIELDS, plane, pointing=pointing).exposures
    assert found["ra"].to_pylist() == [10, 20, 30]
    assert found["dec"].to_pylist() == [-1, -2, -3]
    assert found["pa"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("field,block,ra,dec\n0,0,1,1\n", "lacks the column pa"),
        ("field,ra,dec,pa\n0,1,1,1\n", "lacks the column block_id"),
        ("field,block,ra,dec,pa\n0,0,1,1,1\n", "2 of 3 exposures have no pointing"),
        (
            "field,block,ra,dec,pa\n0,0,1,1,1\n0,1,1,1,1\n1,0,1,1,1\n1,0,1,1,1\n",
            "field_id 1 block_id 0",
        ),
        (
            "field,block,ra,dec,pa\n0,0,1,201,1\n0,1,1,1,1\n1,0,1,1,1\n",
            "dec has 1 of 3",
        ),
        ("field,block,ra,dec,pa\n", "no rows"),
    ],
)
def test_bad_pointings(
    tmp_path: Path, plane: Instrument, text: str, message: str
) -> None:
    pointing = write(tmp_path, text, "p.csv")
    with pytest.raises(CatalogueError, match=r"p\.csv") as error:
        read(tmp_path, FIELDS, plane, pointing=pointing)
    assert message in str(error.value)


def test_pointing_of_one_exposure(tmp_path: Path, plane: Instrument) -> None:
    pointing = write(tmp_path, "ra,dec,pa\n1,2,3\n", "p.csv")
    found = read(tmp_path, "x,y,source_id\n1,2,7\n", plane, pointing=pointing)
    assert found.exposures["pa"].to_pylist() == [3.0]
    assert set(found.digests) == {"t.csv", "p.csv"}


@pytest.mark.parametrize(
    ("case", "exposures", "rows", "sources"),
    [
        ("case1_challenge_00", 1, 138, 138),
        ("case6_challenge_00", 25, 16_038, 1711),
        ("level2_source_table", 16, 11_611, 1483),
    ],
)
def test_challenge_tables(
    data: Path, plane: Instrument, case: str, exposures: int, rows: int, sources: int
) -> None:
    pointing = data / f"challenge/{case}_pointing.txt"
    found = read_detections(
        data / f"challenge/{case}.txt",
        instrument=plane,
        pointing=pointing if pointing.exists() else None,
    )
    assert found.exposures.num_rows == exposures
    assert found.measurements.num_rows == rows
    assert found.reference is not None
    assert found.reference.num_rows == sources


def test_challenge_table_without_identification(data: Path, plane: Instrument) -> None:
    with pytest.raises(CatalogueError, match="not identified"):
        read_detections(data / "challenge/case2_challenge_00.txt", instrument=plane)


def test_detector_that_the_instrument_lacks_is_refused(
    tmp_path: Path, plane: Instrument, camera: Instrument
) -> None:
    text = "x,y,source_id,detector_id\n1,2,7,{}\n3,4,8,{}\n"
    message = r"1 measurements name an unknown detector_id: 9(.|\n)*rows 1 "
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, text.format(0, 9), plane)
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, text.format(4, 9), camera, columns=PIXELS)
    found = read(tmp_path, text.format(0, 0), plane)
    assert found.measurements["detector_id"].to_pylist() == [0, 0]
    found = read(tmp_path, text.format(4, 1), camera, columns=PIXELS)
    assert found.measurements["detector_id"].to_pylist() == [4, 1]


KEYED = "exposure_id,x,y,source_id\n0,1,2,7\n1,1,2,7\n"


def test_pointings_may_have_the_epochs_and_other_names(
    tmp_path: Path, plane: Instrument
) -> None:
    pointing = write(
        tmp_path,
        "exposure_id,RAJ2000,DEJ2000,position_angle,epoch\n1,1,2,3,2026.5\n0,1,2,4,2026\n",
        "p.csv",
    )
    with pytest.warns(ReseauWarning, match="pa=position_angle"):
        found = read(tmp_path, KEYED, plane, pointing=pointing).exposures
    assert found["epoch"].to_pylist() == [2026.0, 2026.5]
    assert found["pa"].to_pylist() == [4.0, 3.0]


def test_two_epochs_of_one_exposure_are_refused(
    tmp_path: Path, plane: Instrument
) -> None:
    table = "exposure_id,x,y,source_id,epoch\n0,1,2,7,2026.0\n1,1,2,7,2026.5\n"
    head = "exposure_id,ra,dec,pa,epoch\n0,1,2,4,2026.0\n"
    same = write(tmp_path, head + "1,1,2,3,2026.5\n", "same.csv")
    found = read(tmp_path, table, plane, pointing=same).exposures
    assert found["epoch"].to_pylist() == [2026.0, 2026.5]
    other = write(tmp_path, head + "1,1,2,3,2026.6\n", "other.csv")
    with pytest.raises(CatalogueError, match="exposure_id 1 has one epoch"):
        read(tmp_path, table, plane, pointing=other)


def test_identifiers_that_count_rows_are_said(
    tmp_path: Path, plane: Instrument
) -> None:
    head = "exposure_id,x,y,source_id,ra,dec\n"
    row = head + "0,1,2,0,5,6\n0,3,4,1,5.1,6\n1,1,2,2,5,6\n1,3,4,3,5.1,6\n"
    with pytest.warns(ReseauWarning, match="4 identifiers in source_id stand at 2"):
        read(tmp_path, row, plane)
    star = head + "0,1,2,0,5,6\n0,3,4,1,5.1,6\n1,1,2,0,5,6\n1,3,4,1,5.1,6\n"
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*identifiers in")
        read(tmp_path, star, plane)


TAKEN = "ignore:.*columns are taken by other names"


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("SOURCE_ID,X,Y,RA,DEC", "7,1,2,80.5,6"),
        ("source_id,x,y,ra [deg],Dec(deg)", "7,1,2,80.5,6"),
        ("source_id,x,y,ra [h],dec [deg]", "7,1,2,5.366666666666666,6"),
        ("source_id,X [pix],Y [pix],ra,dec", "7,1,2,80.5,6"),
    ],
)
def test_own_names_in_capitals_and_with_units(
    tmp_path: Path, camera: Instrument, head: str, row: str
) -> None:
    columns = None if "[pix]" in head else PIXELS
    with pytest.warns(ReseauWarning) as said:
        found = read(
            tmp_path, f"{head},detector_id\n{row},1\n", camera, columns=columns
        )
    assert any("taken by other names" in str(w.message) for w in said)
    assert found.measurements["x"].to_pylist() == [1.0]
    assert found.reference["ra"][0].as_py() == pytest.approx(80.5, abs=1e-12)
    assert found.reference["dec"].to_pylist() == [6.0]


def test_an_equinox_in_brackets_is_no_unit(tmp_path: Path, plane: Instrument) -> None:
    found = read(tmp_path, "source_id,x,y,RA(B1950),DEC(B1950)\n7,1,2,80,6\n", plane)
    assert found.reference is None


@pytest.mark.filterwarnings(TAKEN)
def test_sexagesimal_texts_under_names_of_vizier(tmp_path: Path) -> None:
    path = write(tmp_path, "Source,RAJ2000,DEJ2000\n7,05 22 00.0,-06 30 00\n", "v.csv")
    with pytest.warns(ReseauWarning, match="taken in hours"):
        found = Catalogue.read(path, columns="ref_epoch=2000.0").table
    assert found["ra"][0].value == pytest.approx(80.5, abs=1e-12)
    assert found["dec"][0].value == pytest.approx(-6.5, abs=1e-12)
