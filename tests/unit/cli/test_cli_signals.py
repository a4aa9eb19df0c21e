"""A process that is asked to end removes what it had begun, and says how it ended."""

import os
import signal
import threading
from pathlib import Path

import pytest

from reseau.cli._guard import _run
from reseau.cli._signals import Ended, ending_in_order
from reseau.tables import new_directory


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_nothing_is_left(
    tmp_path: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    def verb() -> int:
        with new_directory(tmp_path / "out") as folder:
            (folder / "summary.json").write_text("half")
            os.kill(os.getpid(), number)
            # The signal is delivered before the next line has run.
            (folder / "sources.parquet").write_text("half")
        return 0

    # Whoever started the tests may have chosen to ignore it, as nohup does.
    given = signal.signal(number, signal.SIG_DFL)
    try:
        assert _run(verb, debug=False) == 128 + number
        assert f"ended by {number.name}" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, given)


def test_a_signal_that_a_library_swallows_still_counts() -> None:
    def verb() -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.getsignal(signal.SIGTERM)
        except BaseException:  # noqa: BLE001
            return 0
        return 1

    assert _run(verb, debug=False) == 143


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order() as told:
            os.kill(os.getpid(), signal.SIGHUP)
        assert told == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_leave_signals_alone() -> None:
    found = []

    def look() -> None:
        with ending_in_order():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]
    assert issubclass(Ended, BaseException)
    assert not issubclass(Ended, Exception)
