"""Keep a long-lived process from running out of memory maps.

Every compiled program takes some memory maps, and arrays of another shape need another
program. Linux gives a process 65,530 maps; beyond them any allocation may fail, and
what allocates is killed. So programs are forgotten before, between computations.
"""

import ctypes
import functools
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
from jax.extend.core import get_opaque_trace_state

from ._memory import few_pools
from ._threads import one_blas_thread

CHEAP = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
}
"""Options that make a program in a fifth of the time, one that runs longer."""


_UNTRACED = get_opaque_trace_state()


def quick_jit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a function as `jax.jit` does, in a hurry: what it computes is little.

    Inside of another program it is a part of that.

    Parameters
    ----------
    function
        What to compile.
    options
        As of `jax.jit`.
    """
    inside = jax.jit(function, **options)
    alone = jax.jit(function, compiler_options=CHEAP, **options)

    @functools.wraps(function)
    def run(*given: Any, **named: Any) -> Any:
        nothing_traced = get_opaque_trace_state() == _UNTRACED
        return (alone if nothing_traced else inside)(*given, **named)

    return run


SHARE = 0.2
"""Share of the memory maps from which on compiled programs are forgotten; they take
some 2 GiB by then."""

MAPS = Path("/proc/self/maps")
LIMIT = Path("/proc/sys/vm/max_map_count")

_lock = threading.Lock()
_running = 0


@contextmanager
def computing() -> Iterator[None]:
    """Run a computation, with room for what it will compile.

    Programs are forgotten only if no other computation of this kind is running, so
    this may be nested and used in threads. Also a decorator. Products of matrices take
    one thread: those of BLAS wait by turning, in the way of the ones that work.
    """
    global _running  # noqa: PLW0603
    with _lock:
        if _running == 0:
            few_pools()
            make_room()
        _running += 1
    try:
        with one_blas_thread():
            yield
    finally:
        with _lock:
            _running -= 1


def make_room() -> bool:
    """Forget all compiled programs if they take many maps; return whether they did."""
    limit = _limit()
    if limit is None or memory_maps() < SHARE * limit:
        return False
    jax.clear_caches()
    gc.collect()
    _give_back()
    return True


def _give_back() -> None:
    # The C library keeps what is freed unless it is asked to give it back.
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return


@functools.cache
def _limit() -> int | None:
    """Return how many maps a process may have, None where nothing says so."""
    try:
        return int(LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def memory_maps() -> int:
    """Return how many memory maps this process has; 0 where nothing says so."""
    try:
        return MAPS.read_bytes().count(b"\n")
    except OSError:
        return 0


__all__ = ["CHEAP", "computing", "make_room", "memory_maps", "quick_jit"]
