"""Warnings: at the user's line, and collected by one thread for itself."""

import threading
import warnings

import pytest

from reseau.errors import ReseauWarning, TableWarning, collected, warn


def test_collected_ones_are_not_given() -> None:
    with collected() as told, warnings.catch_warnings():
        warnings.simplefilter("error")
        warn("one", TableWarning)
        warn(ReseauWarning("two"))
    assert [(str(w), type(w)) for w in told] == [
        ("one", TableWarning),
        ("two", ReseauWarning),
    ]
    with pytest.warns(TableWarning, match="three"):
        warn("three", TableWarning)


def test_inner_collectors_come_first() -> None:
    with collected() as outer:
        with collected() as inner:
            warn("inside", ReseauWarning)
        warn("outside", ReseauWarning)
    assert [str(w) for w in inner] == ["inside"]
    assert [str(w) for w in outer] == ["outside"]


def test_threads_collect_their_own() -> None:
    both = threading.Barrier(2)
    found: dict[str, list[str]] = {}

    def work(name: str) -> None:
        with collected() as told:
            both.wait()
            for number in range(50):
                warn(f"{name} {number}", ReseauWarning)
            both.wait()
        found[name] = [str(w) for w in told]

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "ab":
        assert found[name] == [f"{name} {number}" for number in range(50)]


def test_a_warning_points_here() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("here", ReseauWarning)
    assert caught[0].filename == __file__
