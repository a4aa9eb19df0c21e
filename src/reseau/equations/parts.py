"""Tiles shared between threads, with a result that is the same on every machine."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from reseau._precision import in_double

PARTS = 4
"""Parts that tiles are dealt out to, whatever the machine: sums are taken by part. With
more of them the corners in work no longer fit into the cache."""

T = TypeVar("T")
R = TypeVar("R")


def in_parts(function: Callable[[Sequence[T]], R], items: Sequence[T]) -> list[R]:
    """Apply a function to interleaved parts of a sequence, as many at once as cores.

    Parameters
    ----------
    function
        Of some of the items; it computes in 64 bits.
    items
        Dealt out in turn.

    Notes
    -----
    The number of parts does not depend on the machine, and neither does the result.
    """
    parts = [items[i::PARTS] for i in range(PARTS) if items[i::PARTS]]

    @in_double  # threads start without it
    def run(part: Sequence[T]) -> R:
        return function(part)

    if len(parts) < 2:
        return [run(part) for part in parts]
    with ThreadPoolExecutor(min(len(parts), _cores())) as pool:
        return list(pool.map(run, parts))


def _cores() -> int:
    """Return how many threads may work at once."""
    given = getattr(os, "sched_getaffinity", None)
    return max(len(given(0)) if given else os.cpu_count() or 1, 1)


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


__all__ = ["PARTS", "in_parts", "interleaved"]
