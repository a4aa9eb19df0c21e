"""References in a table of their own, joined to detections by their identifier."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reseau import Catalogue, simulate
from reseau.datasets import Dataset, read_instrument
from reseau.errors import CatalogueError, ConfigError, ReseauWarning
from reseau.exchange import joined, read_detections
from reseau.plates import SolveOptions
from reseau.verbs.reading import read_input

pytestmark = pytest.mark.usefixtures("typed")

BIG = 4057480204110713985
DETECTIONS = pa.table(
    {
        "x": [1.5, -200.25, 30.125, 4.0],
        "y": [3.0, 40.5, 500.0625, 6.0],
        "source_id": [BIG, BIG + 1, BIG + 2, BIG + 3],
    }
)
GAIA = {
    "source_id": [BIG + 2, 5, BIG, BIG + 1],
    "ra": [10.123456789, 1.0, 10.23456789, 10.3456789],
    "dec": [5.123456789, 1.0, 5.23456789, 5.3456789],
    "ra_error": [0.1, 0.2, 0.3, 0.4],
    "dec_error": [0.1, 0.2, 0.3, 0.4],
    "ref_epoch": [2016.0] * 4,
}


def read(detections: object = DETECTIONS, **options: object) -> Dataset:
    given = {"columns": "x=x[um],y=y[um]", **options}
    return read_detections(detections, instrument=read_instrument("challenge"), **given)


def test_rows_are_joined_and_counted() -> None:
    found = read(reference=pa.table(GAIA))
    assert found.reference["source_id"].to_pylist() == [BIG + 2, BIG, BIG + 1]
    assert found.reference["ra_error"].to_pylist() == [0.1, 0.3, 0.4]
    assert found.reference["is_reference"].to_pylist() == [True] * 3
    assert found.reference["fixed"].to_pylist() == [False] * 3
    [note] = found.notes
    assert "3 of 4 rows are joined" in note
    assert "1 of 4 sources have no row" in note


def test_is_reference_is_kept_where_it_is_given() -> None:
    table = pa.table({**GAIA, "is_reference": [True, True, False, True]})
    found = read(reference=table)
    assert found.reference["is_reference"].to_pylist() == [True, False, True]


def test_names_of_vizier_are_taken_and_said(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    rows = zip(*(GAIA[n] for n in list(GAIA)[:5]), strict=True)
    text = "\n".join(",".join(map(repr, row)) for row in rows)
    path.write_text(f"Source,RA_ICRS,DE_ICRS,e_RA_ICRS,e_DE_ICRS\n{text}\n")
    with pytest.warns(ReseauWarning, match="source_id=Source"):
        found = read(reference=path, reference_columns="ref_epoch=2016.0")
    assert found.reference["dec"].to_pylist() == [5.123456789, 5.23456789, 5.3456789]
    assert set(found.digests) == {"v.csv"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CatalogueError, match=r"--reference-columns ref_epoch=2016"):
            read(reference=path)
    with pytest.raises(ConfigError, match="did you mean ref_epoch"):
        read(reference=path, reference_columns="refepoch=2016.0")


def test_catalogue_is_a_reference() -> None:
    assert read(reference=Catalogue(GAIA)).reference.num_rows == 3


def ids(values: object) -> dict:
    return {**GAIA, "source_id": values}


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ([1, 2, 3, 4], "releases of Gaia number stars anew"),
        ([f"HIP {i}" for i in range(4)], "one table has text and the other numbers"),
        ([int(float(i)) for i in (BIG, 5, BIG + 3000, 7)], "agree to 16 digits"),
    ],
)
def test_nothing_in_common_says_why(values: list, cause: str) -> None:
    with pytest.raises(CatalogueError, match="none of 4 identifiers") as error:
        read(reference=pa.table(ids(values)))
    text = str(error.value)
    assert cause in text
    assert f"({BIG}, {BIG + 1}, {BIG + 2}, ...)" in text
    assert f"({', '.join(map(str, values[:3]))}, ...)" in text


def test_detections_numbered_by_rows_are_said() -> None:
    rows = DETECTIONS.set_column(2, "source_id", pa.array([1, 2, 3, 4]))
    with pytest.raises(CatalogueError, match="numbered by their rows"):
        read(rows, reference=pa.table(ids([BIG, BIG + 1, BIG + 2, BIG + 3])))


def test_text_joins_text_and_digits() -> None:
    texts = [f"Gaia DR3 {i}" for i in DETECTIONS["source_id"].to_pylist()]
    named = DETECTIONS.set_column(2, "source_id", pa.array(texts))
    found = read(named, reference=pa.table(GAIA))
    assert found.reference.num_rows == 3
    assert found.names["source"][BIG] == f"Gaia DR3 {BIG}"
    stars = ["S2", "IRS 7", "IRS 9", "S0-1"]
    found = read(
        DETECTIONS.set_column(2, "source_id", pa.array(stars)),
        reference=pa.table(ids(["IRS 7", "x", "S2", "y"])),
    )
    assert found.reference.num_rows == 2


def test_own_positions_check_the_identification() -> None:
    own = DETECTIONS.append_column("ra", pa.array([10.2345678, 10.3456789, 11.0, None]))
    own = own.append_column("dec", pa.array([5.2345678, 5.3456789, 5.123456789, None]))
    with pytest.warns(ReseauWarning, match="are not used") as said:
        found = read(own, reference=pa.table(GAIA))
    assert found.reference["ra"].to_pylist() == [10.123456789, 10.23456789, 10.3456789]
    [text] = [str(w.message) for w in said if "are not used" in str(w.message)]
    assert "1 sources are more than 10 arcsec off" in text
    assert str(BIG + 2) in text


def test_half_an_error_of_a_reference_is_refused() -> None:
    half = {k: v for k, v in GAIA.items() if k != "dec_error"}
    with pytest.raises(CatalogueError, match="ra_error stands without dec_error"):
        read(reference=pa.table(half))
    row = {**GAIA, "dec_error": [0.1, None, 0.1, 0.1]}
    with pytest.raises(CatalogueError, match="only one of ra_error and dec_error"):
        read(reference=pa.table(row))


def test_first_pixel_is_subtracted() -> None:
    camera = read_instrument("jasmine")
    table = DETECTIONS.append_column("detector_id", pa.array([1, 1, 2, 3]))
    found = [
        read_detections(
            table, instrument=camera, columns="x=x[px],y=y[px]", first_pixel=first
        ).measurements["x"]
        for first in (0, 1)
    ]
    assert found[1].to_pylist() == [v - 1.0 for v in found[0].to_pylist()]
    with pytest.raises(ConfigError, match="0 or 1"):
        read(first_pixel=1)


def test_dataset_takes_another_reference() -> None:
    dataset = simulate(small=True, seed=1).dataset
    table = dataset.reference.slice(0, 20).drop_columns(["is_reference"])
    found = joined(dataset, table)
    assert 0 < found.reference.num_rows <= 20
    np.testing.assert_array_equal(
        found.reference["ra"].to_numpy(),
        table["ra"].to_numpy()[
            np.isin(table["source_id"], found.reference["source_id"])
        ],
    )
    options = SolveOptions(reference_columns="ra=ra[deg]")
    with pytest.raises(ConfigError, match="--reference TABLE"):
        read_input(dataset, options)
    again = read_input(dataset, options, reference=table)
    assert again.reference.num_rows == found.reference.num_rows
