"""Shared parameters as sums of independent ones."""

from dataclasses import replace

import numpy as np
import pytest

from plates import make_plate
from reseau.equations.ties import tie_columns

FOCAL = np.array([[3, 4], [8, 9], [13, 14]])
"""Columns of the focal lengths of three exposures."""


@pytest.fixture(scope="module")
def problem():
    return make_plate(sources=5, exposures=3).problem


def _ties(problem, scale, free=None):
    instrument = replace(problem.instrument, scale=scale)
    p = problem.layout.size
    free = np.ones(p, dtype=bool) if free is None else free
    return tie_columns(replace(problem, instrument=instrument), free).toarray()


@pytest.mark.parametrize(
    ("scale", "together"),
    [
        ("exposure-axis", []),
        ("exposure", [FOCAL[0], FOCAL[1], FOCAL[2]]),
        ("plate-axis", [FOCAL[:, 0], FOCAL[:, 1]]),
        ("plate", [FOCAL.ravel()]),
    ],
)
def test_tied_focal_lengths_share_a_column(problem, scale, together):
    ties = _ties(problem, scale)
    p = problem.layout.size
    lost = sum(len(group) - 1 for group in together)
    assert ties.shape == (p, p - lost)
    # Each parameter is one independent number, and these are in the parameters' order.
    np.testing.assert_array_equal(ties.sum(axis=1), np.ones(p))
    first = np.argmax(ties != 0, axis=0)
    assert np.all(np.diff(first) > 0)
    rows = {tuple(np.flatnonzero(column)) for column in ties.T}
    tied = {tuple(group) for group in together}
    alone = set(range(p)) - {i for group in tied for i in group}
    assert rows == tied | {(i,) for i in alone}


def test_held_parameters_have_no_column(problem):
    free = np.random.default_rng(0).uniform(size=problem.layout.size) < 0.5
    ties = _ties(problem, "exposure-axis", free)
    np.testing.assert_array_equal(ties, np.eye(problem.layout.size)[:, free])


def test_scales_that_are_held_are_not_tied(problem):
    free = np.ones(problem.layout.size, dtype=bool)
    free[FOCAL.ravel()] = False
    ties = _ties(problem, "plate", free)
    np.testing.assert_array_equal(ties, np.eye(problem.layout.size)[:, free])


def test_nothing_free(problem):
    free = np.zeros(problem.layout.size, dtype=bool)
    assert _ties(problem, "plate", free).shape == (problem.layout.size, 0)
