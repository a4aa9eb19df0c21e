"""Work shared between threads comes out as if one had done it."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from reseau import _parts as parts
from reseau._parts import ahead, each_part, in_parts, interleaved
from reseau.equations.plan import PARTS


@pytest.mark.parametrize("n", [0, 1, 2, 7, 40])
def test_results_are_in_the_order_of_the_items(n):
    assert each_part(lambda i: i**2, list(range(n))) == [i**2 for i in range(n)]


@pytest.mark.parametrize("cores", [1, 3])
def test_the_number_of_cores_does_not_show(monkeypatch, cores):
    """Nor in the last bit of a sum."""
    monkeypatch.setattr(parts, "cores", lambda: cores)
    values = np.random.default_rng(0).normal(size=1001)
    found = in_parts(lambda part: float(np.sum(part)), list(values))
    assert found == [float(np.sum(values[i::PARTS])) for i in range(PARTS)]


@pytest.mark.parametrize("n", [0, 1, PARTS - 1, PARTS, 11])
def test_parts_are_put_back_in_order(n):
    items = list(range(100, 100 + n))
    dealt = in_parts(list, items)
    assert all(dealt)  # nobody is called for nothing
    assert interleaved(dealt) == items


@pytest.mark.parametrize("n", [1, 3])
def test_threads_compute_in_64_bits(n):
    """Also where whoever imports reseau has not asked for it."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)
    try:
        found = each_part(lambda x: jnp.asarray(x) / 3.0, [1.0, 2.0, 4.0][:n])
    finally:
        jax.config.update("jax_enable_x64", before)
    assert {str(value.dtype) for value in found} == {"float64"}
    np.testing.assert_array_equal(found, np.array([1.0, 2.0, 4.0][:n]) / 3.0)


def test_items_are_worked_on_at_once(monkeypatch):
    """Each waits for the other: one after the other they would wait for ever."""
    monkeypatch.setattr(parts, "cores", lambda: 2)
    both = threading.Barrier(2, timeout=30)
    assert len(each_part(lambda _: both.wait(), [0, 1])) == 2


@pytest.mark.parametrize("n", [1, 3])
def test_what_goes_wrong_in_a_thread_is_raised(n):
    def fails(item):
        if item == n - 1:
            raise ZeroDivisionError(f"item {item}")
        return item

    with pytest.raises(ZeroDivisionError, match=f"item {n - 1}"):
        each_part(fails, list(range(n)))


def test_one_item_is_computed_before_the_one_that_is_used():
    done = []

    def start(item):
        done.append(item)
        return -item

    steps = ahead(start, [1, 2, 3, 4])
    assert done == []
    assert next(steps) == (1, -1)
    assert done == [1, 2]
    assert next(steps) == (2, -2)
    assert done == [1, 2, 3]
    assert list(steps) == [(3, -3), (4, -4)]


@pytest.mark.parametrize("n", [0, 1])
def test_few_items_ahead(n):
    assert list(ahead(str, list(range(n)))) == [(i, str(i)) for i in range(n)]
