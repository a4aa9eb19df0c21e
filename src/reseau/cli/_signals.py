"""End in order when the system asks: what is half written is removed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDED = 128
"""Exit code of a process that a signal ended, less the number of the signal."""

_ASKING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Ended(BaseException):
    """The system asked this process to end.

    Attributes
    ----------
    number
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number


@contextmanager
def ending_in_order() -> Iterator[list[int]]:
    """Raise `Ended` when the system asks, once; give the signals that came.

    Signals that are ignored, as under ``nohup``, stay so, and other threads than the
    main one get none.
    """
    told: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        told.append(number)
        if len(told) == 1:
            raise Ended(number)

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    mine = [s for s in _ASKING if signal.getsignal(s) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, end)
    try:
        yield told
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


__all__ = ["ENDED", "Ended", "ending_in_order"]
