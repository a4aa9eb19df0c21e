"""How many threads work at once, and how many matrix products take."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

THREADS = "RESEAU_THREADS"
"""Variable that says how many threads a process may work with."""


def cores() -> int:
    """Return how many threads may work at once: the cores of this process, or fewer."""
    given = getattr(os, "sched_getaffinity", None)
    found = max(len(given(0)) if given else os.cpu_count() or 1, 1)
    wanted = os.environ.get(THREADS, "")
    return min(found, max(int(wanted), 1)) if wanted.isdecimal() else found


class _OneThread:
    """One thread for BLAS as long as anybody is inside."""

    def __init__(self) -> None:
        self.lock, self.inside = Lock(), 0
        self.limit: Any = None

    def enter(self) -> None:
        with self.lock:
            if not self.inside:
                self.limit = _controller().limit(limits=1, user_api="blas")
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.limit.restore_original_limits()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


_one_thread = _OneThread()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS compute in the thread that calls it, so that threads do not compete.

    The setting is one of the process; it is put back when the last one leaves.
    """
    _one_thread.enter()
    try:
        yield
    finally:
        _one_thread.leave()


__all__ = ["THREADS", "cores", "one_blas_thread"]
