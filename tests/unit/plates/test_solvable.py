"""Plates that nobody can have meant are refused before anything is computed."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from plates import make_plate
from reseau.errors import CatalogueError
from reseau.plates.solvable import MOST_REPEATS, MOST_SHARED, check_solvable

IDS = {"source": np.array([100, 101, 102, 103, 104]), "exposure": np.array([50, 51])}
NAMES = {"source": {102: "a star"}, "exposure": {}, "detector": {2: "right"}}


@pytest.fixture(scope="module")
def problem():
    return make_plate(sources=5, exposures=2).problem


def _with(problem, source, exposure, detector):
    """Return a plate of measurements of which only the indices matter."""
    m = len(source)
    measurements = replace(
        problem.measurements,
        pixel=np.zeros((m, 2)),
        covariance=np.tile(np.eye(2), (m, 1, 1)),
        **{
            name: np.asarray(values, dtype=np.int32)
            for name, values in (
                ("source", source),
                ("exposure", exposure),
                ("detector", detector),
            )
        },
    )
    return replace(problem, measurements=measurements)


def _repeated(problem, n):
    """Return one source n times in one place, among others that are there once."""
    many = np.full(n, 2), np.full(n, 1), np.full(n, 1)
    others = [0, 0, 1, 3, 4, 2], [0, 1, 0, 1, 0, 0], [1, 1, 0, 1, 1, 1]
    return _with(problem, *(np.concatenate(both) for both in zip(others, many)))  # noqa: B905


def test_some_repeats_are_believed(problem):
    check_solvable(_repeated(problem, MOST_REPEATS), IDS, NAMES, "plate")


def test_more_are_not(problem):
    with pytest.raises(CatalogueError) as caught:
        check_solvable(_repeated(problem, MOST_REPEATS + 1), IDS, NAMES, "a folder")
    given, wanted, where, todo = str(caught.value).splitlines()
    assert given == (
        "source a star was measured 17 times on exposure 51, detector right"
    )
    assert "at most 16 measurements" in wanted
    assert "a folder, measurements, column source_id" in where
    assert "check the identification" in todo


def test_repeats_are_counted_place_by_place(problem):
    """A source as often on each exposure and detector is one that was seen often."""
    n = MOST_REPEATS
    source = np.full(4 * n, 2)
    exposure, detector = np.repeat([0, 0, 1, 1], n), np.repeat([0, 1, 0, 1], n)
    check_solvable(_with(problem, source, exposure, detector), IDS, NAMES, "plate")


def test_different_sources_in_one_place(problem):
    n = MOST_REPEATS
    source = np.repeat(np.arange(5), n)
    check_solvable(_with(problem, source, 0 * source, 0 * source), IDS, NAMES, "plate")


def test_a_matrix_that_no_memory_holds(problem):
    n = MOST_SHARED // 5 + 1
    exposures = jax.tree.map(
        lambda leaf: np.repeat(np.asarray(leaf)[:1], n, axis=0), problem.exposures
    )
    ids = {**IDS, "exposure": np.arange(n)}
    with pytest.raises(CatalogueError) as caught:
        check_solvable(replace(problem, exposures=exposures), ids, NAMES, "plate")
    given, wanted, _, todo = str(caught.value).splitlines()
    shared = 5 * n + problem.layout.size - 10
    assert given.startswith(f"{n:,} exposures in one plate, with {shared:,} ")
    assert wanted.endswith("at most 40,000")
    assert "divide the plate" in todo
