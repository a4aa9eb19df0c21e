"""Processes that share addresses between them, none of which stops the others.

Each is started afresh, not forked: libraries that compute have threads. One that dies
is noticed by its pipe; the address that it had is tried once more in another one.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import Any

from reseau._threads import THREADS, cores
from reseau.errors import ReseauError, explain

from .frames import receive, send
from .outcomes import DIED, Failure

TRIES = 2
"""How often an address is tried whose process died."""
STILLBORN = 3
"""Processes that die one after the other before they can work: none ever will."""
GRACE = 5.0
"""How long a process may take to end after it has closed its pipe [s]."""

_LIMITS = (THREADS, "PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that say how many threads a process may have, that of XLA among them."""


@dataclass(eq=False)
class _Worker:
    """A process, and what it is doing.

    Attributes
    ----------
    process
        With pipes.
    row
        Of the address that it works on; None: idle.
    ready
        Whether it has made its task.
    """

    process: "subprocess.Popen[bytes]"
    row: int | None = None
    ready: bool = False

    def send(self, message: bytes) -> None:
        assert self.process.stdin is not None
        # One that has just died is noticed where it is listened to.
        with suppress(OSError):
            send(self.process.stdin, message)


@dataclass
class Processes:
    """A number of processes that work on addresses; ended when the block is left.

    Attributes
    ----------
    make
        Makes the task, once in each process; picklable.
    number
        How many processes.
    """

    make: Callable[[], Callable[[Any], Any]]
    number: int
    _heard: "Queue[tuple[_Worker, bytes | None]]" = field(default_factory=Queue)
    _alive: list[_Worker] = field(default_factory=list)
    _stillborn: int = 0

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._alive:
            with suppress(OSError):
                # It has answered all, or what it does is wanted no more.
                worker.process.kill()
        for worker in self._alive:
            worker.process.wait()
            _close(worker)

    def run(self, addresses: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Give the rows of the addresses as they are done, with value or `Failure`.

        Parameters
        ----------
        addresses
            Picklable.

        Raises
        ------
        ReseauError
            No process can make the task.
        """
        waiting = deque(range(len(addresses)))
        tries = [0] * len(addresses)
        messages = [pickle.dumps(address) for address in addresses]
        for _ in range(min(self.number, len(addresses))):
            self._assign(self._start(), waiting, messages)
        left = len(addresses)
        while left:
            worker, message = self._heard.get()
            row = worker.row
            if message is None:
                why = self._bury(worker)
                if row is not None:
                    tries[row] += 1
                    if tries[row] < TRIES:
                        waiting.appendleft(row)
                    else:
                        left -= 1
                        yield row, why
                if waiting:
                    self._assign(self._start(), waiting, messages)
                continue
            value, failure = pickle.loads(message)
            if not worker.ready:
                self._greet(worker, failure)
                continue
            assert row is not None
            self._assign(worker, waiting, messages)
            left -= 1
            yield row, value if failure is None else failure

    def _start(self) -> _Worker:
        path = [entry or os.getcwd() for entry in sys.path]
        code = (
            f"import sys; sys.path[:] = {path!r}; "
            "from reseau.engine.worker import main; main()"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | _limits(self.number),
            # An interrupt from the keyboard is for this process, which ends the others.
            process_group=0 if os.name == "posix" else None,
        )
        worker = _Worker(process)
        self._alive.append(worker)
        Thread(target=self._listen, args=(worker,), daemon=True).start()
        worker.send(pickle.dumps(self.make))
        return worker

    def _listen(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        while (message := receive(worker.process.stdout)) is not None:
            self._heard.put((worker, message))
        self._heard.put((worker, None))

    @staticmethod
    def _assign(worker: _Worker, waiting: deque[int], messages: list[bytes]) -> None:
        worker.row = waiting.popleft() if waiting else None
        if worker.row is not None:
            worker.send(messages[worker.row])

    def _greet(self, worker: _Worker, failure: Failure | None) -> None:
        if failure is not None:
            raise _cannot_begin(failure.message)
        worker.ready, self._stillborn = True, 0

    def _bury(self, worker: _Worker) -> Failure:
        """Take leave of a process that died; return why its address has no value."""
        self._alive.remove(worker)
        try:
            # Its pipe is closed a moment before it has ended.
            code = worker.process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            code = worker.process.wait()
        _close(worker)
        how = _how_it_ended(code)
        if not worker.ready:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                raise _cannot_begin(f"{STILLBORN} processes died, the last {how}")
        return Failure(
            kind=DIED,
            message=f"the process that worked on it died {TRIES} times, the last time "
            f"{how}; if memory ran out, fewer --workers need less",
        )


def _close(worker: _Worker) -> None:
    for pipe in (worker.process.stdin, worker.process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"


def _limits(number: int) -> dict[str, str]:
    """Return variables that share the cores, where the user has not set them."""
    share = str(max(cores() // number, 1))
    return {name: share for name in _LIMITS if name not in os.environ}


def _cannot_begin(why: str) -> ReseauError:
    return ReseauError(
        explain(
            given=f"no process can begin to work: {why}",
            wanted="processes that work on several plates at once",
            where="--workers",
            todo="take --workers 1, which works in this process",
        )
    )


__all__ = ["Processes"]
