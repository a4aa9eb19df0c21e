"""A plate of many is read alone, from files of its own or from one file of all."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from many_plates import simulated_plates, write_plates
from reseau import Simulated
from reseau.datasets import open_plates, read_dataset
from reseau.errors import CatalogueError, ConfigError, FileFormatError
from reseau.tables import row_groups

pytestmark = pytest.mark.usefixtures("typed")

PLATES = 4
LAYOUTS = {
    "files": {},
    "sorted": {"single": True, "rows": 100},
    "one group": {"single": True},
    "shuffled": {"single": True, "rows": 150, "shuffled": True},
}


@pytest.fixture(scope="module")
def plates() -> list[Simulated]:
    return simulated_plates(PLATES)


Write = Callable[..., Path]


@pytest.fixture
def write(plates: list[Simulated], tmp_path: Path) -> Write:
    return lambda **layout: write_plates(tmp_path / "survey", plates, **layout)


def in_order(table: pa.Table) -> pa.Table:
    keys = ["exposure_id", "detector_id", "source_id", "x"]
    return table.sort_by([(k, "ascending") for k in keys]).select(
        [*keys, "y", "x_error", "y_error"]
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_plate_is_what_it_was(
    write: Write, plates: list[Simulated], layout: str
) -> None:
    place = write(**LAYOUTS[layout])
    found = open_plates(place)
    assert found.plates == tuple(range(PLATES))
    again = open_plates(place, index=found.index)
    for number, plate in enumerate(plates):
        data = found.read(number)
        assert set(data.exposures["plate_id"].to_pylist()) == {number}
        wanted = in_order(plate.dataset.measurements)
        for table in (data, again.read(number), read_dataset(place, plate=number)):
            assert in_order(table.measurements).equals(wanted)
        measured = set(wanted["source_id"].to_pylist())
        assert set(data.reference["source_id"].to_pylist()) <= measured
        files = [n for n in data.digests if n.startswith("measurements")]
        single = "measurements.parquet"
        assert files == [f"measurements/plate_id={number}/0.parquet"] or (
            files == [single] and layout != "files"
        )


class Counted:
    """A file that counts what is read of it."""

    def __init__(self, path: Path, counts: list[int]) -> None:
        self.file, self.counts = path.open("rb"), counts

    def read(self, size: int = -1) -> bytes:
        found = self.file.read(size)
        self.counts.append(len(found))
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)

    def __del__(self) -> None:
        self.file.close()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(
        row_groups, "open_file", lambda path: pa.PythonFile(Counted(path, found), "r")
    )
    return found


def large(place: Path, plates: int, *, shuffled: bool) -> int:
    """Replace the measurements by many rows of random content; return their size."""
    table = read_dataset(place, plate=0).measurements
    exposures = read_dataset(place).exposures
    ids = exposures["exposure_id"].to_numpy()
    rng = np.random.default_rng(0)
    n = 40_000 * plates
    chosen = np.sort(rng.choice(ids, n))
    columns = {
        "exposure_id": rng.permutation(chosen) if shuffled else chosen,
        "detector_id": np.full(n, table["detector_id"][0].as_py()),
        "source_id": rng.integers(0, 1000, n),
        **{c: rng.uniform(1.0, 100.0, n) for c in ("x", "y", "x_error", "y_error")},
    }
    file = place / "measurements.parquet"
    pq.write_table(pa.table(columns), file, row_group_size=5_000)
    return file.stat().st_size


@pytest.mark.filterwarnings("ignore::reseau.errors.DuplicateMeasurementWarning")
def test_only_groups_of_the_plate_are_read(write: Write, counts: list[int]) -> None:
    place = write(single=True)
    size = large(place, PLATES, shuffled=False)
    found = open_plates(place)
    # What the file says of its groups is enough but where two plates meet.
    assert sum(counts) < 0.15 * size
    assert found.index.repeats < 1.2
    counts.clear()
    rows = found.read(2).measurements.num_rows
    assert 0.9 * 40_000 < rows < 1.1 * 40_000
    # The plate is a quarter of the file; its groups at both ends hold others, too.
    assert 0.2 * size < sum(counts) < 0.4 * size


@pytest.mark.filterwarnings("ignore::reseau.errors.DuplicateMeasurementWarning")
def test_one_column_tells_where_shuffled_plates_are(
    write: Write, counts: list[int]
) -> None:
    place = write(single=True)
    size = large(place, PLATES, shuffled=True)
    index = open_plates(place).index
    # The identifiers of the exposures are a small part of what a row holds.
    assert sum(counts) < 0.15 * size
    assert index.repeats == PLATES
    counts.clear()
    found = open_plates(place, index=index)
    assert sum(counts) == 0
    rows = [found.read(n).measurements.num_rows for n in range(PLATES)]
    assert sum(rows) == 40_000 * PLATES


@pytest.mark.filterwarnings("ignore::reseau.errors.DuplicateMeasurementWarning")
def test_memory_is_a_plate_and_a_group(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write(single=True)
    large(place, PLATES, shuffled=True)
    found = open_plates(place)
    held: list[int] = []
    reading = pq.ParquetFile.read_row_group

    def watched(self, *given: object, **options: object) -> pa.Table:
        table = reading(self, *given, **options)
        held.append(pa.total_allocated_bytes() - before)
        return table

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", watched)
    before = pa.total_allocated_bytes()
    size = found.read(1).measurements.nbytes
    group = 7 * 8 * 5_000
    assert len(held) == 2 * 32
    assert max(held) < size + 3 * group


def change(file: Path, name: str, values: object) -> None:
    table = pq.read_table(file)
    row = table.schema.get_field_index(name)
    pq.write_table(table.set_column(row, table.schema.field(row), [values]), file)


def test_unknown_exposures_are_never_passed_over(write: Write) -> None:
    place = write(single=True, rows=100)
    file = place / "measurements.parquet"
    ids = pq.read_table(file)["exposure_id"].to_numpy().copy()
    ids[-1] = 999
    change(file, "exposure_id", pa.array(ids))
    with pytest.raises(CatalogueError, match="unknown exposure_id: 999"):
        open_plates(place)
    with pytest.raises(CatalogueError, match="unknown exposure_id: 999"):
        read_dataset(place, plate=0)


def test_plates_that_are_not_there(write: Write) -> None:
    place = write()
    with pytest.raises(ConfigError, match="one of 0, 1, 2, 3"):
        open_plates(place).read(7)
    (place / "measurements" / "plate_id=2" / "0.parquet").unlink()
    with pytest.raises(CatalogueError, match="plate 2 has exposures and no measure"):
        open_plates(place).read(2)
    single = write_single_without(place)
    with pytest.raises(CatalogueError, match="plate 2 has exposures and no measure"):
        open_plates(single).read(2)
    with pytest.raises(ConfigError, match="one of 0, 1, 2, 3"):
        read_dataset(single, plate=9)


def write_single_without(place: Path) -> Path:
    """Put the measurements, which lack a plate, into one file."""
    files = sorted(place.glob("measurements/*/*.parquet"))
    table = pa.concat_tables(pq.ParquetFile(f).read() for f in files)
    for file in files:
        file.unlink()
    for folder in (place / "measurements").iterdir():
        folder.rmdir()
    (place / "measurements").rmdir()
    pq.write_table(table, place / "measurements.parquet")
    return place


def test_a_damaged_file_is_named(write: Write) -> None:
    place = write(single=True, rows=100)
    found = open_plates(place)
    file = place / "measurements.parquet"
    content = bytearray(file.read_bytes())
    content[200:400] = bytes(200)
    file.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"measurements\.parquet"):
        found.read(0)


def test_a_compressed_file_is_read_whole(write: Write, plates: list[Simulated]) -> None:
    place = write(single=True)
    file = place / "measurements.parquet"
    file.write_bytes(gzip.compress(file.read_bytes()))
    found = open_plates(place)
    assert found.index.groups is None
    assert in_order(found.read(1).measurements).equals(
        in_order(plates[1].dataset.measurements)
    )
