"""Rows that stand twice count once."""

from dataclasses import replace

import jax
import numpy as np
import pyarrow as pa
import pytest

from reseau.errors import DroppedWarning
from reseau.plates import prepare
from reseau.plates.doubles import DOUBLES, without_doubles
from reseau.verbs.simulate import simulate


def measurements(**others: object) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    columns = {
        "exposure_id": np.array([0, 0, 0, 1, 1]),
        "source_id": np.array([7, 8, 7, 7, 8]),
        "detector_id": np.ones(5, int),
        "x": rng.normal(size=5),
        "y": rng.normal(size=5),
        "x_error": np.full(5, np.nan),
    }
    return columns | others


def test_nothing_is_left_out_where_rows_differ() -> None:
    columns = measurements()
    columns["x"][:] = 1.0  # alike in one coordinate
    found, left_out = without_doubles(columns)
    assert not left_out
    assert all(np.array_equal(found[n], columns[n], equal_nan=True) for n in columns)


def test_copies_are_left_out_and_the_first_stays() -> None:
    columns = measurements(row=np.arange(5))
    rows = np.array([0, 1, 2, 1, 3, 4, 1, 0])
    doubled = {n: v[rows] for n, v in columns.items()}
    doubled["row"] = np.arange(8)
    found, left_out = without_doubles(doubled)
    assert found["row"].tolist() == [0, 1, 2, 4, 5]
    assert sorted(left_out[DOUBLES].tolist()) == [7, 8, 8]


@pytest.mark.parametrize("name", ["x", "y", "exposure_id", "source_id", "detector_id"])
def test_what_differs_in_one_thing_is_no_copy(name: str) -> None:
    columns = measurements()
    doubled = {n: np.concatenate([v, v]) for n, v in columns.items()}
    end = slice(5, None)
    values = doubled[name]
    doubled[name][end] = np.nextafter(values[end], 9) if name in "xy" else 100
    assert not without_doubles(doubled)[1]


def test_a_doubled_table_makes_the_same_problem() -> None:
    once = simulate(small=True, seed=4).dataset
    table = once.measurements
    rows = np.flatnonzero(np.arange(table.num_rows) % 3 == 0)
    twice = replace(once, measurements=pa.concat_tables([table, table.take(rows)]))
    with pytest.warns(DroppedWarning, match=f"left out {len(rows):,} measurements"):
        found = prepare(twice)
    expected = prepare(once)
    assert len(found.dropped[DOUBLES]) == len(rows)
    same = jax.tree.map(np.array_equal, found.problem, expected.problem)
    assert all(jax.tree.leaves(same))
