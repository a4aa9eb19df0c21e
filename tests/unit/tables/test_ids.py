"""Rows by identifier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseau.errors import CatalogueError
from reseau.tables.ids import ABSENT, Index, common

IDS = st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=30)


@given(IDS, IDS)
def test_rows_are_those_of_a_dictionary(ids: list[int], wanted: list[int]) -> None:
    asked = [*wanted, *ids[:3], *ids[:1]]
    row = {identifier: row for row, identifier in enumerate(ids)}
    rows = Index(ids).rows_of(asked)
    assert rows.tolist() == [row.get(i, ABSENT) for i in asked]
    assert Index(ids).has(asked).tolist() == [i in row for i in asked]


@given(IDS, IDS)
def test_common_ones_are_those_of_sets(first: list[int], second: list[int]) -> None:
    ids, a, b = common(first, second)
    assert ids.tolist() == sorted({*first} & {*second})
    assert [first[row] for row in a] == ids.tolist() == [second[row] for row in b]


def test_the_first_of_two_counts() -> None:
    assert Index([7, 5, 7]).rows_of([7]).tolist() == [0]


def test_large_ids_stay_apart() -> None:
    large = 4_057_480_204_110_713_985
    index = Index([large, large + 1])
    assert index.rows_of([large + 1, large, large + 2]).tolist() == [1, 0, ABSENT]


def test_what_is_missing_is_named() -> None:
    index = Index([1, 2, 3], "exposure", "exposures.parquet")
    assert index.require([3, 1]).tolist() == [2, 0]
    with pytest.raises(CatalogueError) as caught:
        index.require([1, 9, 8, 9])
    assert "no exposure 8, 9" in str(caught.value)
    assert "exposures.parquet" in str(caught.value)


def test_nothing_is_in_an_empty_table() -> None:
    index = Index([])
    assert len(index) == 0
    assert index.rows_of([1]).tolist() == [ABSENT]
    assert common([], [1]).ids.size == 0


def test_names_are_matched_as_they_are() -> None:
    ids, a, b = common(np.array(["b", "a"]), np.array(["c", "b"]))
    assert (ids.tolist(), a.tolist(), b.tolist()) == (["b"], [0], [1])


def test_none_and_large_ones_have_nothing_in_common() -> None:
    assert common([], [-(2**63) + 5, -(2**63) + 4]).ids.size == 0
