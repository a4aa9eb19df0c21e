"""What the process is told of threads and of memory, and that it is told back."""

import ctypes
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from reseau import _memory, _threads
from reseau._compiled import quick_jit
from reseau._threads import one_blas_thread


class _Limits:
    """A controller of thread pools that counts."""

    def __init__(self) -> None:
        self.given: list[dict[str, object]] = []
        self.restored = 0

    def limit(self, **options: object) -> "_Limits":
        self.given.append(options)
        return self

    def restore_original_limits(self) -> None:
        self.restored += 1


@pytest.fixture
def limits(monkeypatch):
    found = _Limits()
    monkeypatch.setattr(_threads, "_controller", lambda: found)
    return found


def test_blas_is_limited_once_and_let_go_by_the_last(limits):
    with one_blas_thread():
        with one_blas_thread():
            assert limits.given == [{"limits": 1, "user_api": "blas"}]
        assert limits.restored == 0
    assert limits.restored == 1
    with one_blas_thread():
        assert len(limits.given) == 2
    assert limits.restored == 2


def test_blas_is_let_go_after_an_error(limits):
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert limits.restored == 1
    assert _threads._one_thread.inside == 0


def test_threads_share_the_limit(limits):
    """Whoever comes first sets it, whoever leaves last puts it back."""
    inside, leave = threading.Barrier(3), threading.Event()

    def work():
        with one_blas_thread():
            inside.wait(timeout=30)
            leave.wait(timeout=30)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(timeout=30)
    assert len(limits.given) == 1
    with one_blas_thread():
        leave.set()
        for thread in threads:
            thread.join()
        assert limits.restored == 0
    assert limits.restored == 1


def test_the_real_pools_have_one_thread_inside_and_as_many_as_before_outside():
    pools = _threads._controller()

    def counts():
        return [p["num_threads"] for p in pools.select(user_api="blas").info()]

    before = counts()
    assert before
    with pools.limit(limits=2, user_api="blas"):
        outside = counts()
        with one_blas_thread():
            assert set(counts()) == {1}
        assert counts() == outside
    assert counts() == before


@pytest.fixture
def _fresh_pools():
    """Ask the C library again, whatever was asked before."""
    _memory.few_pools.cache_clear()
    yield
    _memory.few_pools.cache_clear()


@pytest.mark.usefixtures("_fresh_pools")
def test_the_c_library_is_told_once(monkeypatch):
    asked = []

    class Library:
        def mallopt(self, option, value):
            asked.append((option, value))

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library())
    _memory.few_pools()
    _memory.few_pools()
    # M_ARENA_MAX of glibc's malloc.h.
    assert asked == [(-8, _memory.POOLS)]


@pytest.mark.usefixtures("_fresh_pools")
@pytest.mark.parametrize("kind", [AttributeError, OSError, TypeError])
def test_other_systems_have_nothing_to_be_told(monkeypatch, kind):
    def missing(_):
        raise kind("no such library")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    _memory.few_pools()


def test_a_hurried_program_is_a_part_of_the_one_that_it_stands_in():
    traced = []

    @quick_jit
    def double(x):
        traced.append(type(x).__name__)
        return 2 * x

    assert double.__name__ == "double"
    values = np.arange(3.0)
    for _ in range(2):
        np.testing.assert_array_equal(double(values), 2 * values)
    assert len(traced) == 1  # compiled once for one shape
    outer = jax.jit(lambda x: double(x) + 1)
    np.testing.assert_array_equal(outer(values), 2 * values + 1)
    slope = jax.grad(lambda x: jnp.sum(double(x) ** 2))(values)
    np.testing.assert_array_equal(slope, 8 * values)
    stacked = jax.vmap(double)(np.ones((2, 3)))
    np.testing.assert_array_equal(stacked, np.full((2, 3), 2.0))


def test_options_of_a_hurried_program_are_those_of_jit():
    counted = []

    def power(x, n):
        counted.append(n)
        return x**n

    run = quick_jit(power, static_argnames="n")
    values = np.arange(4.0)
    np.testing.assert_array_equal(run(values, n=3), values**3)
    np.testing.assert_array_equal(run(values, n=2), values**2)
    assert counted == [3, 2]
    assert all(isinstance(n, int) for n in counted)
