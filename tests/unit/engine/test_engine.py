"""Work in processes, threads or here: failures stop nothing, and nobody is left."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from engine_tasks import squares, stillborn, unmade
from reseau._threads import cores
from reseau.engine import each, number_of_workers
from reseau.errors import ConfigError, ReseauError

pytestmark = [
    pytest.mark.usefixtures("typed"),
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
]


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def workers_in(folder: Path) -> list[int]:
    return [int(p.name.rpartition("-")[2]) for p in folder.glob("made-*")]


def none_is_left(folder: Path) -> bool:
    until = time.monotonic() + 10.0
    while any(map(is_alive, workers_in(folder))) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(is_alive, workers_in(folder)))


@pytest.mark.parametrize(
    ("workers", "kind"), [(1, "processes"), (3, "threads"), (2, "processes")]
)
def test_results_are_in_order_and_errors_stop_nothing(
    tmp_path: Path, workers: int, kind: str
) -> None:
    addresses = [1, "bad", 2, "bug", *range(3, 20)]
    told: list[int] = []
    found = each(
        partial(squares, tmp_path),
        addresses,
        workers=workers,
        kind=kind,
        told=lambda _, done: told.append(done),
    )
    assert [f.address for f in found] == addresses
    assert [f.value for f in found if isinstance(f.address, int)] == [
        n**2 for n in addresses if isinstance(n, int)
    ]
    bad, bug = found[1].failure, found[3].failure
    assert (bad.kind, bad.expected) == ("CatalogueError", True)
    assert "to do:  mend it" in bad.message
    assert (bug.kind, bug.message) == ("ZeroDivisionError", "division by zero")
    assert not bug.expected
    assert "engine_tasks.py" in bug.trace
    assert told == list(range(1, len(addresses) + 1))
    made = len(workers_in(tmp_path))
    assert made == (workers if kind == "processes" else 1)
    if workers > 1 and kind == "processes":
        assert none_is_left(tmp_path)


def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    addresses = [1, "die", "die once", 2, "not picklable", "print", 3]
    found = each(partial(squares, tmp_path), addresses, workers=2)
    values = [f.value for f in found]
    assert values == [1, None, "alive", 4, None, "quiet", 9]
    died, odd = found[1].failure, found[4].failure
    assert died.kind == "died"
    assert "died 2 times, the last time by SIGKILL" in died.message
    assert odd is not None
    assert none_is_left(tmp_path)


def test_cores_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = each(partial(squares, tmp_path), ["threads"] * 2, workers=2)
    assert {f.value for f in found} == {str(max(cores() // 2, 1))}
    monkeypatch.setenv("RESEAU_THREADS", "1")
    assert cores() == 1


def test_a_task_that_cannot_be_made(tmp_path: Path) -> None:
    del tmp_path
    with pytest.raises(ReseauError, match="no catalogue"):
        each(unmade, [1, 2], workers=2)
    with pytest.raises(ReseauError, match="no catalogue"):
        each(unmade, [1, 2])
    with pytest.raises(ReseauError, match="3 processes died, the last with exit code"):
        each(stillborn, range(9), workers=2)


def test_who_is_told_may_end_it(tmp_path: Path) -> None:
    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each(partial(squares, tmp_path), [1, "sleep", 2, 3], workers=2, told=end)
    assert none_is_left(tmp_path)


def test_an_interrupt_leaves_no_process(tmp_path: Path) -> None:
    def interrupt() -> None:
        while not list(tmp_path.glob("asleep-*")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        each(partial(squares, tmp_path), ["sleep", "sleep"], workers=2)
    assert none_is_left(tmp_path)


KILLED = """
import sys
from functools import partial
from pathlib import Path
from engine_tasks import squares
from reseau.engine import each
each(partial(squares, Path(sys.argv[1])), ["sleep", "sleep"], workers=2)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    while len(list(tmp_path.glob("asleep-*"))) < 2:
        time.sleep(0.01)
    child.send_signal(number)
    assert child.wait() == -number
    assert none_is_left(tmp_path)


@pytest.mark.unchecked
@pytest.mark.parametrize("wanted", [0, -1, 1.5, True, "two"])
def test_a_number_of_workers_that_is_none(wanted: object) -> None:
    with pytest.raises(ConfigError, match="--workers"):
        number_of_workers(wanted, 10)


def test_no_more_workers_than_there_is_to_do() -> None:
    assert number_of_workers(1000, 7) == 7
    assert number_of_workers(None, 10_000) == cores()
    assert number_of_workers(None, 0) == 1
    assert each(partial(squares, Path()), []) == []
