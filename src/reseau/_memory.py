"""Memory that threads leave to each other."""

import contextlib
import ctypes
import functools

M_ARENA_MAX, POOLS = -8, 2
"""Option of glibc's `mallopt`: how many pools of memory there are. Giving free memory
back at once would save a tenth more, and take half as long again."""


@functools.cache
def few_pools() -> None:
    """Let threads share pools of memory, where the C library has one for each.

    What one thread frees the others do not find then, and a whole orbit takes half as
    much again. Pools that are there already stay.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, POOLS)


__all__ = ["few_pools"]
