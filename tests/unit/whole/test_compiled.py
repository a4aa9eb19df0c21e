"""Compiled programs are forgotten before memory maps run out, and only between runs."""

import threading

import jax
import numpy as np
import pytest

from reseau import _compiled

double = jax.jit(lambda x: 2 * x)


def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "SHARE", 0.0)


def run_it() -> int:
    double(np.ones(3))
    return int(double._cache_size())


def test_programs_are_forgotten_when_maps_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run_it() == 1
    with _compiled.computing():
        assert double._cache_size() == 1
    full(monkeypatch)
    with _compiled.computing():
        assert double._cache_size() == 0
        # Nested, and in a thread beside, nothing is forgotten.
        assert run_it() == 1
        with _compiled.computing():
            assert double._cache_size() == 1
        thread = threading.Thread(target=_compiled.computing()(run_it))
        thread.start()
        thread.join()
        assert double._cache_size() == 1


def test_a_system_that_tells_no_maps_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full(monkeypatch)
    monkeypatch.setattr(_compiled, "_limit", lambda: None)
    assert not _compiled.make_room()
