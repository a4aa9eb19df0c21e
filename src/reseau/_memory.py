"""Memory that threads leave to each other."""

import contextlib
import ctypes
import functools

ARENAS, TRIMMED = (-8, 2), (-1, 2**20)
"""Options of glibc's `mallopt`: how many pools of memory there are, and how much of
one may stay free at its end [bytes]."""


@functools.cache
def few_pools() -> None:
    """Let threads share pools of memory, where the C library has one for each.

    What one thread frees the others do not find then, and a whole orbit takes half as
    much again. Pools that are there already stay.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, POOLS)


__all__ = ["few_pools"]
