"""Work shared between threads, with a result that is the same on every machine."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from reseau._precision import in_double
from reseau._threads import cores, one_blas_thread

PARTS = 4
"""Parts that work is dealt out to, whatever the machine: sums are taken by part."""

AHEAD = 1
"""How many batches are computed before the one that is used."""

T = TypeVar("T")
R = TypeVar("R")


def each_part(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Apply a function to each item, as many at once as there are cores.

    Parameters
    ----------
    function
        Of one item; it computes in 64 bits.
    items
        Parts of the work. Their number does not depend on the machine, and neither
        does what comes out.
    """
    run = in_double(function)  # threads start without it
    with one_blas_thread():
        if len(items) < 2:
            return [run(item) for item in items]
        with ThreadPoolExecutor(min(len(items), cores())) as pool:
            return list(pool.map(run, items))


def in_parts(function: Callable[[Sequence[T]], R], items: Sequence[T]) -> list[R]:
    """Apply a function to interleaved parts of a sequence, see `each_part`.

    Parameters
    ----------
    function
        Of some of the items; it computes in 64 bits.
    items
        Dealt out in turn.
    """
    parts = [items[i::PARTS] for i in range(PARTS) if items[i::PARTS]]
    return each_part(function, parts)


def ahead(function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R]]:
    """Apply a function that does not wait for its result, one item ahead of the use.

    Parameters
    ----------
    function
        What JAX computes by itself while results before are worked on.
    items
        In the order of their use. Not further ahead: what waits occupies memory.
    """
    waiting: deque[tuple[T, R]] = deque()
    for item in items:
        waiting.append((item, function(item)))
        if len(waiting) > AHEAD:
            yield waiting.popleft()
    yield from waiting


def interleaved(parts: list[list[R]]) -> list[R]:
    """Put the results of `in_parts` back in order.

    Parameters
    ----------
    parts
        Of each part, one result an item.
    """
    out: list[Any] = [None] * sum(len(part) for part in parts)
    for i, part in enumerate(parts):
        out[i::PARTS] = part
    return out


__all__ = ["PARTS", "ahead", "each_part", "in_parts", "interleaved"]
