"""Datasets: read, checked across tables, written whole, refused with reasons."""

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reseau.datasets import (
    Dataset,
    Truth,
    read_dataset,
    read_instrument,
    read_truth,
    write_dataset,
)
from reseau.errors import (
    CatalogueError,
    ConfigError,
    DuplicateMeasurementWarning,
    FileFormatError,
    OutputExistsError,
    ReseauError,
    UnitError,
)
from reseau.observers import Weather
from reseau.tables import read_table, table_of
from reseau.tables.layouts import (
    EXPOSURES,
    MEASUREMENTS,
    REFERENCE,
    TRUTH_EXPOSURES,
    TRUTH_SOURCES,
)

pytestmark = pytest.mark.usefixtures("typed")

BIG = 4057480204110713985


def dataset(**changes: Any) -> Dataset:
    exposures = {
        "exposure_id": np.array([10, 11]),
        "plate_id": np.array([0, 1]),
        "epoch": np.array([2031.2, 2031.2]),
        "ra": np.array([266.0, 266.1]),
        "dec": np.array([-29.0, -29.0]),
        "pa": np.array([0.0, 1.0]),
    }
    measurements = {
        "exposure_id": np.array([10, 10, 11]),
        "detector_id": np.array([1, 2, 4]),
        "source_id": np.array([BIG, BIG + 1, BIG]),
        "x": np.array([1 / 3, 2.0, 3.0]),
        "y": np.array([4.0, 5.0, 6.0]),
        "x_error": np.full(3, 0.01),
        "y_error": np.full(3, 0.01),
    }
    reference = {
        "source_id": np.array([BIG]),
        "ref_epoch": np.array([2016.0]),
        "ra": np.array([266.05]),
        "dec": np.array([-29.0]),
        "ra_error": np.array([0.1]),
        "dec_error": np.array([0.1]),
        "is_reference": np.array([True]),
    }
    made = Dataset(
        name="tiny",
        instrument=read_instrument("jasmine"),
        exposures=table_of(exposures, EXPOSURES),
        measurements=table_of(measurements, MEASUREMENTS),
        reference=table_of(reference, REFERENCE),
        effects=frozenset({"aberration"}),
        observer="geocentre",
    )
    return dataclasses.replace(made, **changes)


def truth() -> Truth:
    sources = {
        "source_id": np.array([BIG, BIG + 1]),
        "plate_id": np.array([0, 0]),
        "ra": np.array([266.05, 266.0]),
        "dec": np.array([-29.0, -29.0]),
        "artificial": np.array([False, True]),
    }
    exposures = {
        "exposure_id": np.array([10]),
        "plate_id": np.array([0]),
        "ra": np.array([266.0]),
        "dec": np.array([-29.0]),
        "pa": np.array([0.0]),
        "focal_x_mm": np.array([4860.1]),
        "focal_y_mm": np.array([4860.2]),
    }
    return Truth(
        table_of(sources, TRUTH_SOURCES),
        table_of(exposures, TRUTH_EXPOSURES),
        read_instrument("jasmine"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_dataset(dataset(), tmp_path / "d", truth=truth())
    return tmp_path / "d"


def change(path: Path, name: str, values: list | None) -> None:
    table = pq.ParquetFile(path).read()
    i = table.schema.get_field_index(name)
    if values is None:
        table = table.drop_columns([name])
    elif i < 0:
        table = table.append_column(name, pa.array(values))
    else:
        table = table.set_column(i, name, pa.array(values))
    pq.write_table(table, path)


def test_written_dataset_reads_the_same(folder: Path) -> None:
    found, wanted = read_dataset(folder), dataset()
    assert found.exposures.equals(wanted.exposures)
    assert found.measurements.equals(wanted.measurements)
    assert found.reference is not None
    assert found.reference.equals(wanted.reference)
    assert (found.name, found.effects) == (wanted.name, wanted.effects)
    assert (found.observer, found.unit) == ("geocentre", "pixel")
    known = read_truth(folder)
    assert known.sources.equals(truth().sources)
    assert known.exposures is not None
    assert known.exposures["focal_x_mm"].to_pylist() == [4860.1]
    assert known.instrument is not None
    assert read_truth(folder / "truth").sources.equals(known.sources)


def test_digests_are_those_of_the_files(folder: Path) -> None:
    found = read_dataset(folder).digests
    names = ["exposures.parquet", "measurements.parquet", "reference.parquet"]
    assert sorted(found) == ["dataset.toml", *names[:1], "instrument.toml", *names[1:]]
    content = (folder / "exposures.parquet").read_bytes()
    assert found["exposures.parquet"] == hashlib.sha256(content).hexdigest()


def test_dataset_may_lack_reference_and_truth(folder: Path) -> None:
    (folder / "reference.parquet").unlink()
    shutil.rmtree(folder / "truth")
    assert read_dataset(folder).reference is None
    with pytest.raises(FileFormatError, match="truth of a simulation"):
        read_truth(folder)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("reseau-dataset/1", "reseau-dataset/2", FileFormatError, "reseau-dataset/2"),
        ("observer", "obsever", ConfigError, "did you mean observer?"),
        ('"aberration"', '"aberrations"', ConfigError, "the effect 'aberrations'"),
        ("format =", "# format =", ConfigError, "the key format is missing"),
    ],
)
def test_bad_dataset_toml(
    folder: Path, old: str, new: str, error: type[ReseauError], message: str
) -> None:
    path = folder / "dataset.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(error, match=r"dataset\.toml") as raised:
        read_dataset(folder)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("file", "name", "values", "message"),
    [
        ("measurements", "exposure_id", [10, 12, 12], "unknown exposure_id: 12"),
        ("measurements", "exposure_id", [10, 12, 12], "rows 1, 2"),
        ("measurements", "detector_id", [1, 2, 5], "unknown detector_id: 5"),
        ("measurements", "x", [np.nan, np.inf, 1.0], "x has 2 of 3 values"),
        ("measurements", "x_error", [0.0, 1.0, 1.0], "x_error has 1 of 3"),
        ("measurements", "source_id", [1.0, 2.0, 3.0], "source_id is of type double"),
        ("measurements", "y", None, "lacks the column y"),
        ("measurements", "plate_id", [0, 0, 0], "differ in plate"),
        ("exposures", "exposure_id", [10, 10], "occur more than once"),
        ("exposures", "pa", [np.nan, 0.0], "pa has 1 of 2 values"),
        ("exposures", "ra", [np.inf, 0.0], "ra has 1 of 2 values"),
        ("exposures", "pa_error", [0.0, 1.0], "pa_error has 1 of 2"),
        ("exposures", "ra_error", [1.0, 1.0], "ra_error stands without dec_error"),
        ("exposures", "obs_x", [0.0, 1.0], "lacks the column obs_y"),
        ("reference", "ra", [np.nan], "ra has 1 of 1 values"),
        ("reference", "dec", [91.0], "dec has 1 of 1 values"),
        ("reference", "ref_epoch", [np.nan], "ref_epoch has 1 missing"),
        ("reference", "is_reference", None, "lacks the column is_reference"),
    ],
)
def test_bad_tables(
    folder: Path, file: str, name: str, values: list | None, message: str
) -> None:
    change(folder / f"{file}.parquet", name, values)
    with pytest.raises(CatalogueError) as raised:
        read_dataset(folder)
    assert message in str(raised.value)
    assert str(folder) in str(raised.value)


def test_observer_of_some_exposures_only_is_refused(folder: Path) -> None:
    for name in ("obs_x", "obs_y", "obs_z"):
        change(folder / "exposures.parquet", name, [1.0, None])
    with pytest.raises(CatalogueError, match="obs_x lacks 1 of 2"):
        read_dataset(folder)


@pytest.mark.parametrize("name", ["exposures", "measurements", "reference"])
def test_empty_tables_are_refused(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    pq.write_table(pq.ParquetFile(path).read().slice(0, 0), path)
    with pytest.raises(CatalogueError, match=f"{name} has no rows"):
        read_dataset(folder)


@pytest.mark.parametrize(
    "name",
    ["exposures.parquet", "measurements.parquet", "instrument.toml", "dataset.toml"],
)
def test_missing_and_swapped_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FileFormatError, match=name):
        read_dataset(folder)
    (folder / name).mkdir()
    with pytest.raises(FileFormatError, match="directory"):
        read_dataset(folder)


def test_file_where_a_directory_is_expected(folder: Path) -> None:
    with pytest.raises(FileFormatError, match="is a file"):
        read_dataset(folder / "exposures.parquet")
    with pytest.raises(FileFormatError, match="does not exist"):
        read_dataset(folder / "nowhere")


def test_same_source_twice_on_an_exposure_is_a_warning(folder: Path) -> None:
    change(folder / "measurements.parquet", "source_id", [BIG, BIG, BIG])
    with pytest.warns(DuplicateMeasurementWarning, match=f"exposure 10, source {BIG}"):
        assert read_dataset(folder).measurements.num_rows == 3


def test_measurements_may_be_partitioned_by_plate(folder: Path) -> None:
    whole = read_table(folder / "measurements.parquet")
    (folder / "measurements.parquet").unlink()
    for plate, rows in ((0, whole.slice(0, 2)), (1, whole.slice(2))):
        part = folder / f"measurements/plate_id={plate}"
        part.mkdir(parents=True)
        pq.write_table(rows, part / "part-0.parquet")
    found = read_dataset(folder)
    assert found.measurements.select(whole.column_names).equals(whole)
    assert found.measurements["plate_id"].to_pylist() == [0, 0, 1]
    assert "measurements/plate_id=1/part-0.parquet" in found.digests
    (folder / "measurements/plate_id=1").rename(folder / "measurements/plate_id=0b")
    with pytest.raises(FileFormatError, match="plate_id="):
        read_dataset(folder)
    pq.write_table(whole, folder / "measurements.parquet")
    with pytest.raises(FileFormatError, match="one of them"):
        read_dataset(folder)


def test_part_in_the_wrong_plate_is_refused(folder: Path) -> None:
    part = folder / "measurements/plate_id=1"
    part.mkdir(parents=True)
    (folder / "measurements.parquet").rename(part / "0.parquet")
    with pytest.raises(CatalogueError, match="differ in plate"):
        read_dataset(folder)


def test_positions_in_um_need_a_plane(folder: Path, tmp_path: Path) -> None:
    path = folder / "measurements.parquet"
    table = pq.ParquetFile(path).read()
    for name in ("x", "y", "x_error", "y_error"):
        i = table.schema.get_field_index(name)
        field = table.schema.field(i).with_metadata({"unit": "mm"})
        table = table.set_column(i, field, table[name])
    i = table.schema.get_field_index("detector_id")
    table = table.set_column(i, "detector_id", pa.array([0, 0, 0]))
    pq.write_table(table, path)
    with pytest.raises(UnitError, match="column x has the unit mm"):
        read_dataset(folder)
    (folder / "instrument.toml").write_text(
        'name = "plane"\n[optics]\nfocal_length_mm = 7300.0\n'
    )
    found = read_dataset(folder)
    assert found.unit == "um"
    assert found.measurements["y"].to_pylist() == [4000.0, 5000.0, 6000.0]
    write_dataset(found, tmp_path / "again")
    again = read_dataset(tmp_path / "again")
    assert again.measurements.equals(found.measurements, check_metadata=True)


def test_unit_must_fit_the_instrument(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the dataset says um"):
        write_dataset(dataset(unit="um"), tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_bad_dataset_is_not_written(tmp_path: Path) -> None:
    good = dataset()
    nan = pa.chunked_array([[np.nan, 0.0]])
    bad = good.exposures.set_column(
        good.exposures.schema.get_field_index("ra"), "ra", nan
    )
    with pytest.raises(CatalogueError):
        write_dataset(dataclasses.replace(good, exposures=bad), tmp_path / "d")
    with pytest.raises(ConfigError, match="magic"):
        write_dataset(dataset(effects=frozenset({"magic"})), tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_dataset_is_replaced_only_on_request(folder: Path) -> None:
    with pytest.raises(OutputExistsError):
        write_dataset(dataset(), folder)
    write_dataset(dataset(name="new"), folder, overwrite=True)
    assert read_dataset(folder).name == "new"
    assert not (folder / "truth").exists()


def test_small_orbit_is_read(data: Path) -> None:
    found = read_dataset(data / "orbit_small")
    assert (found.exposures.num_rows, found.measurements.num_rows) == (96, 14_929)
    assert found.effects == {"aberration"}
    assert read_truth(data / "orbit_small").sources.num_rows == 500


def test_folder_that_is_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"is no dataset \(it has no dataset"):
        read_dataset(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(FileFormatError, match="is a solution") as error:
        read_dataset(tmp_path)
    assert "name the dataset that was solved" in str(error.value)
    assert "or a mock of the Galaxy" in str(error.value)


def test_observer_that_cannot_be_computed_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    file = folder / "dataset.toml"
    text = file.read_text().replace('"geocentre"', '"paranal"')
    file.write_text(text)
    with pytest.raises(ConfigError, match="unknown observer 'paranal'") as error:
        read_dataset(folder)
    assert "wanted: geocentre" in str(error.value)
    assert "dataset.toml, line" in str(error.value)
    with pytest.raises(ConfigError, match="'paranal'"):
        write_dataset(dataset(observer="paranal"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_dataset_never_replaces_a_solution(tmp_path: Path) -> None:
    (tmp_path / "solved").mkdir()
    (tmp_path / "solved/summary.json").write_text("{}")
    with pytest.raises(OutputExistsError, match="ever deleted"):
        write_dataset(dataset(), tmp_path / "solved", overwrite=True)
    assert (tmp_path / "solved/summary.json").read_text() == "{}"


def test_observer_deflectors_ephemeris_and_weather_come_back(tmp_path: Path) -> None:
    states = pa.table(
        {
            "epoch": [2030.0, 2030.5, 2031.0],
            **{f"obs_{a}": [0.5, 0.6, 0.7] for a in "xyz"},
            **{f"obs_v{a}": [10.0, 11.0, 12.0] for a in "xyz"},
        }
    )
    given = dataset(
        observer="telescope.parquet",
        states=states,
        effects=frozenset({"deflection"}),
        deflectors=("sun", "jupiter"),
        ephemeris="de440",
        weather=Weather(743.0, 11.0, 0.15, 0.6),
    )
    write_dataset(given, tmp_path / "new")
    found = read_dataset(tmp_path / "new")
    assert found.deflectors == given.deflectors
    assert found.ephemeris == given.ephemeris
    assert found.weather == given.weather
    assert found.states is not None
    assert found.states.to_pydict() == states.to_pydict()
    assert "telescope.parquet" in found.digests


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('deflectors = ["sun", "jupyter"]', ["jupyter", "jupiter", "deflectors"]),
        ('ephemeris = "de441"', ["de441", "de440"]),
        ("[atmosphere]\npressure_hpa = 743.0", ["lacks", "temperature_c", "humidity"]),
        (
            "[atmosphere]\npressure_hpa = 74300.0\ntemperature_c = 11\nhumidity = 0.1\n"
            "wavelength_um = 0.6",
            ["74300", "hPa"],
        ),
    ],
)
def test_impossible_surroundings_are_refused(
    folder: Path, line: str, words: list[str]
) -> None:
    file = folder / "dataset.toml"
    file.write_text(f"{file.read_text()}\n{line}\n")
    with pytest.raises(ReseauError) as error:
        read_dataset(folder)
    for word in (*words, "dataset.toml"):
        assert word in str(error.value)


def move_outside(folder: Path, how: str) -> None:
    """Move a dataset's instrument outside its folder, and have it named there."""
    other = folder.parent / "elsewhere.toml"
    (folder / "instrument.toml").rename(other)
    named = {"up": "../elsewhere.toml", "absolute": str(other)}.get(how)
    if named is None:
        (folder / "instrument.toml").symlink_to(other)
        named = "instrument.toml"
    toml = folder / "dataset.toml"
    lines = [x for x in toml.read_text().splitlines() if "instrument" not in x]
    toml.write_text("\n".join([f'instrument = "{named}"', *lines]))


@pytest.mark.parametrize("how", ["up", "absolute", "link"])
def test_files_outside_the_folder_need_leave(folder: Path, how: str) -> None:
    move_outside(folder, how)
    with pytest.raises(ConfigError, match=r"outside its folder(.|\n)*allow-outside"):
        read_dataset(folder)
    assert read_dataset(folder, allow_outside=True).instrument is not None
