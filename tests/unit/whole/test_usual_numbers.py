"""Rows filled up to few numbers, for which programs are compiled once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quick import quick_jit
from reseau._usual import (
    CHUNK,
    FEWEST,
    coarsely_usual,
    in_chunks,
    up_to_usual,
    usual_number,
)


@pytest.mark.parametrize(
    ("n", "wanted"),
    [(0, 64), (1, 64), (64, 64), (65, 96), (96, 96), (97, 128), (129, 192), (193, 256)],
)
def test_the_next_usual_number(n, wanted):
    assert usual_number(n) == wanted


def test_usual_numbers_are_few_and_near():
    """Two an octave, so that no plate has half as many rows again as it needs."""
    numbers = np.arange(FEWEST, 70_000)
    usual = np.array([usual_number(int(n)) for n in numbers])
    assert np.all(usual >= numbers)
    assert np.all(usual < 1.5 * numbers)
    different = np.unique(usual)
    assert different.size <= 2 * np.log2(70_000 / FEWEST) + 2
    # Each of them is one itself.
    assert all(usual_number(int(n)) == n for n in different)


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        (up_to_usual, {1: 64, 64: 64, 65: 96, 128: 128, 257: 384}),
        (coarsely_usual, {1: 64, 64: 64, 65: 256, 256: 256, 257: 1024, 1000: 1024}),
    ],
)
def test_rows_are_all_there_and_the_last_one_again(rows, sizes):
    for n, size in sizes.items():
        found = rows(n)
        assert len(found) == size
        np.testing.assert_array_equal(found[:n], np.arange(n))
        np.testing.assert_array_equal(found[n:], np.full(size - n, n - 1))


def _summed(record, weight):
    return {"sum": jnp.sum(record["a"], axis=1) * weight, "first": record["a"][:, 0]}


@pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_chunks_are_joined_as_if_all_were_one(n):
    rng = np.random.default_rng(n)
    values, weight = rng.normal(size=(n, 3)), rng.normal(size=n)
    found = in_chunks(quick_jit(_summed), {"a": values}, weight)
    assert isinstance(found["sum"], np.ndarray)
    # A sum of three in some order.
    np.testing.assert_allclose(
        found["sum"], values.sum(axis=1) * weight, rtol=1e-14, atol=1e-14
    )
    np.testing.assert_array_equal(found["first"], values[:, 0])


def test_a_program_sees_one_shape_only():
    shapes = set()

    def program(values):
        shapes.add(values.shape)
        return 2 * values

    for n in (0, 1, CHUNK, CHUNK + 1):
        assert in_chunks(program, np.arange(n)).shape == (n,)
    assert shapes == {(CHUNK,)}


def test_of_nothing_nothing_of_the_right_kind():
    values = {"a": np.zeros((0, 3))}
    found = in_chunks(quick_jit(_summed), values, np.zeros(0))
    assert found["sum"].shape == (0,)
    assert found["first"].dtype == np.float64
    of_integers = in_chunks(lambda v: v, np.zeros((0, 2), dtype=np.int32))
    assert of_integers.shape == (0, 2)
    assert of_integers.dtype == np.int32


def test_records_of_several_arrays_come_back_as_such():
    values = np.arange(10.0)
    one, (two, three) = in_chunks(lambda v: (v, (v + 1, -v)), values)
    np.testing.assert_array_equal([one, two, three], [values, values + 1, -values])
    assert jax.tree.leaves(in_chunks(lambda v: v, values))[0] is not values
