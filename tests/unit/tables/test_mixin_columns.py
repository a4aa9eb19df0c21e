"""Coordinates, times and masked quantities of astropy, the same from each format."""

import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable
from astropy.time import Time
from astropy.utils.masked import Masked

from reseau import Catalogue
from reseau.tables import table_from

FORMATS = ("ecsv", "fits", "parquet", "memory")


def stars() -> QTable:
    place = SkyCoord([10.5, 20.25] * u.deg, [5.0, -5.5] * u.deg, frame="icrs")
    hidden = [False, True]
    return QTable(
        {
            "source_id": MaskedColumn([4295806720, 34361129088], mask=[False, False]),
            "place": place,
            "ref_epoch": Time([2016.0, 2016.5], format="jyear", scale="tcb"),
            "pmra": Masked([1.0, 2.0] * u.mas / u.yr, mask=hidden),
            "pmdec": Masked([0.003, 0.004] * u.arcsec / u.yr, mask=hidden),
            "parallax": MaskedColumn([1.5, 2.5], mask=hidden, unit=u.mas),
            "phot_g_mean_mag": [12.5, 13.5] * u.mag,
            "n": MaskedColumn([7, 8], mask=hidden),
        }
    )


def given(form: str, folder: Path) -> object:
    if form == "memory":
        return stars()
    path = folder / f"stars.{form}"
    stars().write(path)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_masked_stays_missing(form: str, tmp_path: Path) -> None:
    table = table_from(given(form, tmp_path))
    assert table["pmra"].to_pylist() == [1.0, None]
    assert table["pmdec"].to_pylist() == [0.003, None]
    assert table["parallax"].to_pylist() == [1.5, None]
    assert table["n"].to_pylist() == [7, None]
    assert not [name for name in table.column_names if "mask" in name or "." in name]


@pytest.mark.parametrize("form", FORMATS)
def test_catalogues_of_such_columns_are_alike(form: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Catalogue.read(given(form, tmp_path)).columns()
    assert found["source_id"].tolist() == [4295806720, 34361129088]
    np.testing.assert_allclose(found["ra"], [10.5, 20.25], rtol=1e-15)
    np.testing.assert_allclose(found["dec"], [5.0, -5.5], rtol=1e-15)
    np.testing.assert_allclose(found["ref_epoch"], [2016.0, 2016.5], rtol=1e-15)
    np.testing.assert_allclose(found["pmdec"], [3.0, np.nan], rtol=1e-15)
    np.testing.assert_array_equal(found["phot_g_mean_mag"], [12.5, 13.5])
