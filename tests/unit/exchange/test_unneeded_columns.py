"""Columns that nobody needs disturb nobody, those that look meant are named."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from reseau import Catalogue
from reseau.datasets import Dataset, read_instrument
from reseau.errors import CatalogueError, ReseauWarning, TableWarning
from reseau.exchange import read_detections

pytestmark = pytest.mark.usefixtures("typed")

XY = "x=x[um],y=y[um]"


def read(text: str, folder: Path, columns: str = XY) -> Dataset:
    (folder / "t.csv").write_text(text)
    plane = read_instrument("challenge")
    return read_detections(folder / "t.csv", instrument=plane, columns=columns)


MAGNITUDES = "x,y,source_id,mag,mag\n1.5,2.25,71,1.5,2.5\n1.75,2.5,82,1.5,3.5\n"


def test_two_magnitudes_disturb_nobody(tmp_path: Path) -> None:
    with pytest.warns(TableWarning, match="more than one column mag"):
        found = read(MAGNITUDES, tmp_path)
    assert "mag" not in found.measurements.column_names
    for number, values in ((1, [1.5, 1.5]), (2, [2.5, 3.5])):
        found = read(MAGNITUDES, tmp_path, f"{XY},mag=mag#{number}")
        assert found.measurements["mag"].to_pylist() == values
    with pytest.raises(CatalogueError, match="more than one column source_id"):
        read("x,y,source_id,source_id\n1.5,2.5,71,72\n1.75,2.5,82,82\n", tmp_path)


ROWS = {"ra": [10.123456789, 10.23456789], "dec": [5.123456789, 5.3456789]}
ROWS |= {"source_id": [71, 82], "ref_epoch": [2016.0, 2016.0]}


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("raErr", "decErr"), r"raErr \(ra_error\?\), decErr \(dec_error\?\)"),
        (("raErr", "decErr"), 'columns= "ra_error=raErr,dec_error=decErr"'),
        (("errMaj", "errMin"), r"errMaj \(ra_error\?, a semi-axis of the error"),
        (("mu_alpha", "mu_delta"), r"with or without cos.*mu_delta \(pmdec"),
    ],
)
def test_a_catalogues_columns_that_look_meant_are_named(
    columns: tuple[str, str], told: str
) -> None:
    table = {**ROWS, **{name: [0.125, 0.25] for name in columns}}
    with pytest.warns(ReseauWarning, match=told):
        Catalogue.read(table)


def test_what_is_chosen_or_known_is_not_named() -> None:
    table = {**ROWS, "raErr": [0.125, 0.25], "decErr": [0.25, 0.5]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen = "ra_error=raErr[arcsec],dec_error=decErr[arcsec]"
        found = Catalogue.read(table, columns=chosen).columns()
        both = {**table, "ra_error": [1.0, 2.0], "dec_error": [1.0, 2.0]}
        Catalogue.read(both)
    np.testing.assert_allclose(found["ra_error"], [125.0, 250.0], rtol=1e-15)


def test_places_by_another_name_are_proposed_as_identification(
    tmp_path: Path,
) -> None:
    text = (
        "# x y m alpha delta\n1.25 2.5 -10.5 83.61 -5.21\n5.25 7.5 -11.5 83.62 -5.22\n"
    )
    with (
        pytest.warns(ReseauWarning, match="are not used"),
        pytest.raises(CatalogueError, match="say --columns ra=alpha,dec=delta"),
    ):
        read(text, tmp_path)
    with pytest.raises(CatalogueError, match=r"is it XCENTER \(counts pixels from 1"):
        read("XCENTER,YCENTER,ID\n1.25,2.5,1\n", tmp_path, "")


@pytest.mark.parametrize("head", ["x [um],y [um]", "x[um],y[um]"])
def test_a_name_may_have_its_unit_in_brackets(head: str, tmp_path: Path) -> None:
    text = f"{head},source_id\n1.5,2.25,71\n1.75,2.5,82\n"
    found = read(text, tmp_path, "x=x [um],y=y[um]")
    assert found.measurements["x"].to_pylist() == [1.5, 1.75]
    assert set(found.measurements.column_names) >= {"x", "y"}
    assert not any("[" in name for name in found.measurements.column_names)
