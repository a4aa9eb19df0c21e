"""Touched datasets and solutions end in messages; `tests/attack.py` tries more."""

import warnings
from pathlib import Path

import pytest

from attack import run
from reseau import simulate, solve


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a dataset and its solution."""
    place = tmp_path_factory.mktemp("attack")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simulate(place / "dataset", sources=60, exposures=4, artificial=3, seed=1)
        solve(place / "dataset", place / "solution")
    return place / "dataset", place / "solution"


def test_nothing_but_our_errors(sources: tuple[Path, Path]) -> None:
    assert run(range(60), sources) == []
