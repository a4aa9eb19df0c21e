"""Tables of astropy, pandas and Arrow, and dictionaries, for every entry."""

import warnings

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, QTable, Table

from reseau import Catalogue, solve
from reseau.datasets import read_instrument
from reseau.errors import CatalogueError, ReseauError, WrongKindError
from reseau.exchange import read_detections
from reseau.tables import as_arrow, table_from

pd = pytest.importorskip("pandas")

BIG = 4057480204110713985
COLUMNS = {"source_id": [BIG, BIG + 1], "ref_epoch": [2016.0, 2016.0]}
COLUMNS |= {"ra": [10.0, 11.0], "dec": [5.0, 6.0], "pmra": [1e3, 0.0]}
COLUMNS |= {"pmdec": [0.0, -2e3]}


def frame() -> object:
    return pd.DataFrame(COLUMNS)


KINDS = {
    "dictionary": lambda: dict(COLUMNS),
    "astropy": lambda: Table(COLUMNS),
    "quantities": lambda: QTable(
        {**COLUMNS, "ra": COLUMNS["ra"] * u.deg, "dec": [300.0, 360.0] * u.arcmin}
    ),
    "pandas": frame,
    "pandas with ids as index": lambda: frame().set_index("source_id"),
    "pandas, nullable": lambda: frame().convert_dtypes(),
    "arrow": lambda: pa.table(COLUMNS),
    "arrow batch": lambda: pa.RecordBatch.from_pydict(COLUMNS),
    "ids in the metadata": lambda: Table(
        {k: v for k, v in COLUMNS.items() if k != "source_id"},
        meta={"source_id": COLUMNS["source_id"]},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_catalogue_of_any_table(kind: str) -> None:
    table = KINDS[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [Catalogue.read(table).at_epoch(2026.0, covariance=False)]
        if "metadata" not in kind:
            found.append(Catalogue(table).at_epoch(2026.0, covariance=False))
    for catalogue in found:
        columns = catalogue.columns()
        assert columns["source_id"].tolist() == COLUMNS["source_id"], kind
        offset = (columns["dec"][1] - 6.0) * 3600
        assert offset == pytest.approx(-20.0, abs=1e-3), kind


@pytest.mark.parametrize("kind", KINDS)
def test_detections_and_references_of_any_table(kind: str) -> None:
    places = pa.table({"source_id": COLUMNS["source_id"], "x": [1.5, 2.5], "y": [3, 4]})
    given = {"instrument": read_instrument("challenge"), "columns": "x=x[mm],y=y[mm]"}
    for table in (places, Table(places.to_pydict()), places.to_pandas()):
        found = read_detections(table, **given, reference=KINDS[kind]())
        assert found.measurements["x"].to_pylist() == [1500.0, 2500.0]
        assert found.source is None
        assert found.reference["source_id"].to_pylist() == COLUMNS["source_id"]
        assert found.reference["dec"].to_pylist() == [5.0, 6.0]
        assert found.reference["is_reference"].to_pylist() == [True, True]
        assert found.reference["fixed"].to_pylist() == [True, True]


def test_masks_and_missing_integers_are_exact() -> None:
    ids = MaskedColumn([BIG, 1, BIG + 2], mask=[False, True, False])
    wanted = [BIG, None, BIG + 2]
    assert as_arrow(Table({"n": ids}))["n"].to_pylist() == wanted
    nullable = pd.DataFrame({"n": pd.array(wanted, dtype="Int64")})
    assert as_arrow(nullable)["n"].to_pylist() == wanted
    objects = pd.DataFrame({"n": pd.Series(wanted, dtype=object)})
    assert as_arrow(objects)["n"].to_pylist() == wanted
    twice = pd.DataFrame([[1, 2.5]], columns=["n", "n"])
    assert as_arrow(twice).column_names == ["n", "n"]


def test_mixed_kinds_are_refused_by_column() -> None:
    with pytest.raises(CatalogueError, match="column n holds values of mixed kinds"):
        as_arrow(pd.DataFrame({"n": [1, "a"]}))


def test_index_that_pandas_leaves_in_the_metadata(tmp_path: object) -> None:
    index = pd.RangeIndex(100, 102, name="source_id")
    path = tmp_path / "t.parquet"
    pd.DataFrame({"ra": [1.0, 2.0]}, index=index).to_parquet(path)
    assert "source_id" not in pq.read_schema(path).names
    assert table_from(path)["source_id"].to_pylist() == [100, 101]
    unnamed = tmp_path / "u.parquet"
    pd.DataFrame({"ra": [1.0, 2.0]}).to_parquet(unnamed)
    assert table_from(unnamed).column_names == ["ra"]


@pytest.mark.parametrize("wrong", [[1, 2], 3.5, np.zeros(3), None, {1, 2}])
def test_what_is_no_table_is_refused(wrong: object) -> None:
    with pytest.raises(WrongKindError, match="pandas DataFrame"):
        Catalogue(wrong)
    with pytest.raises(ReseauError):
        solve(wrong, instrument="challenge")


def test_dictionary_of_unequal_columns_is_refused() -> None:
    with pytest.raises(CatalogueError, match="one array of each column"):
        as_arrow({"a": [1, 2], "b": [1, 2, 3]})


def test_table_without_instrument_is_refused() -> None:
    with pytest.raises(ReseauError, match="a single table and no instrument"):
        solve(frame())
