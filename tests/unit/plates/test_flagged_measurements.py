"""Measurements that their maker flagged, in files and in memory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reseau import SolveOptions, simulate
from reseau.datasets import Dataset, read_dataset, read_instrument, write_dataset
from reseau.errors import CatalogueError, ConfigError, DroppedWarning
from reseau.exchange import read_detections
from reseau.plates import prepare
from reseau.plates.flagged import parse_mask, without_flagged

pytestmark = pytest.mark.usefixtures("typed")


@pytest.fixture(scope="module")
def flagged() -> Dataset:
    """Return a small plate, every third of whose measurements has flag 1, 2 or 2^40."""
    dataset = simulate(small=True, seed=1).dataset
    n = dataset.measurements.num_rows
    flag = np.zeros(n, np.int64)
    flag[::9], flag[3::9], flag[6::9] = 1, 2, 2**40
    table = dataset.measurements.append_column("flag", pa.array(flag))
    return replace(dataset, measurements=table)


@pytest.mark.parametrize(
    ("given", "mask"),
    [(0, 0), ("3", 3), ("1,2", 3), ("0x3", 3), (" 1 , 8 ", 9), ("all", -1), (5, 5)],
)
def test_masks_as_people_write_them(given: object, mask: int) -> None:
    assert parse_mask(given) == mask
    assert SolveOptions(keep_flags=given).keep_flags == given


@pytest.mark.unchecked
@pytest.mark.parametrize("given", ["x", "", "-1", "1.5", "1,,2", "1;2", True, None])
def test_other_masks_are_refused(given: object) -> None:
    with pytest.raises(ConfigError, match="--keep-flags"):
        SolveOptions(keep_flags=given)


@pytest.mark.parametrize(
    ("keep", "left_out"),
    [(0, (1, 2, 2**40)), (1, (2, 2**40)), (3, (2**40,)), (2**40, (1, 2)), (-1, ())],
)
def test_bits_that_do_no_harm_are_kept(
    flagged: Dataset, keep: int, left_out: tuple[int, ...]
) -> None:
    flag = flagged.measurements["flag"].to_numpy()
    lost = np.isin(flag, left_out)
    if not lost.any():
        found = prepare(flagged, keep_flags=keep)
    else:
        with pytest.warns(DroppedWarning, match="measurements with a flag"):
            found = prepare(flagged, keep_flags=keep)
    assert found.problem.measurements.source.size == flag.size - lost.sum()
    counts = [len(v) for k, v in found.dropped.items() if "flag" in k]
    assert sum(counts) == lost.sum()


def test_flags_go_through_files(flagged: Dataset, tmp_path: Path) -> None:
    write_dataset(flagged, tmp_path / "d")
    again = read_dataset(tmp_path / "d")
    assert again.measurements["flag"].to_pylist()[:7] == [1, 0, 0, 2, 0, 0, 2**40]
    with pytest.warns(DroppedWarning, match="with a flag"):
        found = prepare(again, keep_flags=3)
    assert sum(len(v) for k, v in found.dropped.items() if "flag" in k) > 0


def test_a_missing_flag_is_none_and_whole_numbers_are_flags() -> None:
    columns = {"x": [1.25, 2.5, 3.75], "y": [1.5, 2.25, 3.5], "source_id": [71, 72, 73]}
    read = {"instrument": read_instrument("challenge"), "columns": "x=x[um],y=y[um]"}
    for flag in ([0.0, None, 4.0], [0, None, 4]):
        table = pa.table({**columns, "flag": pa.array(flag)})
        found = read_detections(table, **read)
        assert found.measurements["flag"].to_pylist() == [0, None, 4]
        measured = {
            n: found.measurements[n].to_numpy() for n in ("source_id", "flag", "x")
        }
        kept, left = without_flagged(measured, 0, "here")
        assert kept["x"].tolist() == [1.25, 2.5]
        assert [ids.tolist() for ids in left.values()] == [[73]]
    for flag in ([0.5, 1.0, 2.0], ["a", "b", "c"]):
        table = pa.table({**columns, "flag": pa.array(flag)})
        with pytest.raises(CatalogueError, match="column flag is of type") as error:
            read_detections(table, **read)
        assert "of an id" not in str(error.value)


def test_if_all_are_flagged_the_bits_are_named() -> None:
    measured = {"source_id": np.arange(3), "flag": np.array([1, 3, 8])}
    with pytest.raises(CatalogueError, match="--keep-flags 11, or all"):
        without_flagged(measured, 0, "here")
    assert without_flagged({"source_id": np.arange(3)}, 0, "here")[1] == {}
