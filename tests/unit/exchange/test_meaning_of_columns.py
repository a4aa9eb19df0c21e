"""Which column is which: hints, doubles, choices, and positions modulo 360."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from reseau.datasets import Dataset, read_instrument
from reseau.errors import CatalogueError, ReseauWarning, missing_columns_error
from reseau.exchange import read_detections
from reseau.instrument import Instrument
from reseau.synonyms import SYNONYMS, called, has_another_meaning, synonym_of

PLANE = "x=x[um],y=y[um]"

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*no column identifies the sources"),
    pytest.mark.usefixtures("typed"),
]


@pytest.fixture(scope="module")
def plane() -> Instrument:
    return read_instrument("challenge")


def read(
    tmp_path: Path, text: str, instrument: Instrument, **options: object
) -> Dataset:
    path = tmp_path / "t.csv"
    path.write_text(text)
    given = {"columns": PLANE, **options}
    return read_detections(path, instrument=instrument, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("missing", "present", "hinted", "never"),
    [
        ("ra", ["RA_ICRS", "DE_ICRS", "pmra", "pmdec"], "ra: is it RA_ICRS", "pmra"),
        ("dec", ["pmdec", "decl"], "dec: is it decl", "is it pmdec"),
        ("ra", ["pmRA", "e_RA_ICRS", "l"], "", "is it"),
        ("ra_error", ["x_error", "e_RA_ICRS"], "ra_error: is it e_RA_ICRS", "x_error"),
        ("x", ["XWIN_IMAGE", "X2_IMAGE"], "--first-pixel 1", "X2_IMAGE"),
        ("dec_error", ["dec_pmdec_corr", "pmdec_error"], "", "is it"),
        ("source_id", ["NUMBER"], "number of the row", "zzz"),
    ],
)
def test_hints_never_propose_another_meaning(
    missing: str, present: list[str], hinted: str, never: str
) -> None:
    text = str(missing_columns_error([missing], present, "the table", "t.csv"))
    todo = text.rpartition("to do:")[2]
    assert hinted in todo
    assert never not in todo


def test_each_synonym_means_one_thing() -> None:
    meanings: dict[str, str] = {}
    for synonym in SYNONYMS:
        found = synonym_of(synonym.name)
        assert found is not None
        assert meanings.setdefault(synonym.name.lower(), synonym.meaning) == (
            synonym.meaning
        )
        assert found.meaning == synonym.meaning, synonym
    assert has_another_meaning("pmra", "ra")
    assert called("ra", ["RAJ2000", "RA_ICRS"]) == ["RA_ICRS", "RAJ2000"]


TWICE = "x,y,source_id,ra,dec,ra,dec\n"


def test_doubles_that_agree_are_one(tmp_path: Path, plane: Instrument) -> None:
    found = read(tmp_path, TWICE + "1,2,7,3,4,3,4\n2,3,8,4,5,4,5\n", plane)
    assert found.reference is not None
    assert found.reference["ra"].to_pylist() == [3.0, 4.0]


def test_doubles_that_differ_are_chosen(tmp_path: Path, plane: Instrument) -> None:
    text = TWICE + "1,2,7,3,4,3,4\n2,3,8,4,5,4,6\n"
    with pytest.raises(CatalogueError, match=r"dec=dec#1.*dec=dec#2"):
        read(tmp_path, text, plane)
    for number, wanted in ((1, 5.0), (2, 6.0)):
        chosen = f"{PLANE},dec=dec#{number}"
        found = read(tmp_path, text, plane, columns=chosen)
        assert found.reference is not None
        assert found.reference["dec"].to_pylist() == [4.0, wanted]


def test_doubles_that_nobody_needs_are_left(tmp_path: Path, plane: Instrument) -> None:
    found = read(tmp_path, "x,y,source_id,n,n\n1,2,7,1,2\n", plane)
    assert found.measurements.num_rows == 1


def test_one_value_for_all_rows(tmp_path: Path, plane: Instrument) -> None:
    chosen = f"{PLANE},epoch=2024.5,exposure_id=3"
    found = read(tmp_path, "x,y,source_id\n1,2,7\n2,3,8\n", plane, columns=chosen)
    assert found.exposures["epoch"].to_pylist() == [2024.5]
    assert found.exposures["exposure_id"].to_pylist() == [3]


def test_columns_as_a_dictionary(tmp_path: Path, plane: Instrument) -> None:
    chosen = {"x": "A[um]", "y": "B[um]"}
    found = read(tmp_path, "A,B,source_id\n1,2,7\n", plane, columns=chosen)
    assert found.measurements["x"].to_pylist() == [1.0]


FIELDS = "x,y,source_id,field,ra,dec\n"


@pytest.mark.parametrize(("a", "b"), [("-0.05", "359.95"), ("365", "5"), ("0", "360")])
def test_ra_is_equal_modulo_360(
    tmp_path: Path, plane: Instrument, a: str, b: str
) -> None:
    text = f"1,2,7,0,{a},5\n1,2,7,1,{b},5\n1,3,8,0,1.25,5\n"
    for head in (FIELDS, FIELDS.replace("source_id", "note")):
        found = read(tmp_path, head + text, plane)
        assert found.reference is not None
        ra = np.sort(found.reference["ra"].to_numpy())
        np.testing.assert_allclose(ra, np.sort([float(b) % 360, 1.25]), atol=1e-10)


def test_rounding_between_rows_is_averaged_and_said(
    tmp_path: Path, plane: Instrument
) -> None:
    rows = [f"1,{i},{i},{f},{10 + 0.0123 * i},5.1" for i in range(6) for f in (0, 1)]
    rows.append("1,9,9,0,10.0001,5.1")
    rows.append("1,9,9,1,10.0002,5.1")
    with pytest.warns(ReseauWarning) as said:
        found = read(tmp_path, FIELDS + "\n".join(rows) + "\n", plane)
    texts = [str(w.message) for w in said]
    assert any("by rounding, up to 359 mas (1 of 7" in t for t in texts), texts
    assert any("steps of 359 mas, 1,269 times the error" in t for t in texts), texts
    assert found.reference is not None
    assert found.reference["ra"].to_pylist()[-1] == pytest.approx(10.00015, abs=1e-12)
    rows[-1] = "1,9,9,1,10.0005,5.1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CatalogueError, match=r"by up to 1\.43 arcsec"):
            read(tmp_path, FIELDS + "\n".join(rows) + "\n", plane)
