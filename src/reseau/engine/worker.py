"""The process that works on addresses as another one names them.

It reads messages from its standard input and answers on its standard output: how the
task is made, then addresses. When the input ends it ends, at once: whoever named the
addresses has gone, and what is half done has no name yet.
"""

import logging
import os
import pickle
import warnings
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from reseau._memory import few_pools

from .frames import receive, send
from .outcomes import Failure, failure_of

READY = "ready"
"""First answer, when the task is made."""


def main() -> None:
    """Work until the input ends."""
    few_pools()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    # Nor is what it warns of any news: a task tells what matters with its value.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    requests: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(requests,), daemon=True).start()
    try:
        task = pickle.loads(requests.get())()
    except Exception as error:  # noqa: BLE001 - told to who asked
        _answer(answers, (None, failure_of(error)))
        return
    _answer(answers, (READY, None))
    while True:
        address = pickle.loads(requests.get())
        try:
            found: tuple[Any, Failure | None] = (task(address), None)
        except Exception as error:  # noqa: BLE001 - told to who asked
            found = (None, failure_of(error))
        _answer(answers, found)


def _listen(requests: "SimpleQueue[bytes]") -> None:
    with open(0, "rb", closefd=False) as stream:
        while (message := receive(stream)) is not None:
            requests.put(message)
    os._exit(0)


def _answer(stream: IO[bytes], found: tuple[Any, Failure | None]) -> None:
    try:
        message = pickle.dumps(found)
    except Exception as error:  # noqa: BLE001 - pickling raises many kinds
        message = pickle.dumps((None, failure_of(error)))
    send(stream, message)


__all__ = ["READY", "main"]
