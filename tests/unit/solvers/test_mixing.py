"""Steps that repeat each other slowly, on problems whose end is known."""

import numpy as np
import pytest

from reseau.equations.equations import Equations
from reseau.solvers.mixing import FARTHEST, MEMORY, RIDGE, SLOW, Mixing


def _equations(matrix):
    """Return equations of which nothing but the matrix is known."""
    nothing = Equations(*[None] * len(Equations._fields))
    return nothing._replace(matrix=np.atleast_2d(np.asarray(matrix, dtype=float)))


def _walk(matrix, rate, target, n, start=None):
    """Return the points of n mixed steps, each proposed `rate` times what is left."""
    mixing, equations = Mixing(), _equations(matrix)
    point = np.zeros(len(target)) if start is None else start
    points = [point]
    for _ in range(n):
        proposed = rate @ (target - point)
        taken = mixing.mixed(equations, proposed)
        mixing.took(proposed, taken)
        point = point + taken
        points.append(point)
    return np.array(points)


@pytest.mark.parametrize("rate", [0.3, 0.69, 1.31, 1.7, 2.5])
def test_a_step_off_by_a_factor_ends_with_the_second(rate):
    """Too short, too long and running away: the secant finds the end all the same."""
    points = _walk([[4.0]], np.array([[rate]]), np.array([3.0]), 2)
    assert points[1, 0] == pytest.approx(3.0 * rate)
    # The ridge keeps that much of what mixing adds, at most 7 here, from being added.
    assert points[2, 0] == pytest.approx(3.0, abs=8.0 * RIDGE)


def test_in_three_dimensions_it_takes_four_steps():
    """As many changes as there are dimensions tell all of a linear problem."""
    rng = np.random.default_rng(5)
    vectors = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rate = vectors @ np.diag([0.15, 0.35, 0.6]) @ vectors.T
    target = np.array([1.0, -2.0, 0.5])
    half = rng.normal(size=(3, 3))
    points = _walk(half @ half.T + np.eye(3), rate, target, 4)
    left = np.linalg.norm(points - target, axis=1)
    assert left[3] > 1e-3 * left[0]
    # Squares of changes are solved for: the ridge times their condition.
    assert left[4] < 1e-7 * left[0]


def test_two_steps_are_mixed_by_their_weighted_least_squares():
    """Against Walker & Ni's unconstrained form with the roots of the matrix."""
    rng = np.random.default_rng(1)
    half = rng.normal(size=(4, 4))
    matrix = half @ half.T + np.eye(4)
    steps = 0.9 ** np.arange(3)[:, None] * rng.normal(size=(3, 4))
    mixing, equations = Mixing(), _equations(matrix)
    for step in steps[:2]:
        mixing.mixed(equations, step)
        mixing.took(step, 0.7 * step)
    found = mixing.mixed(equations, steps[2])
    root = np.linalg.cholesky(matrix).T
    change, move = np.diff(steps, axis=0).T, 0.7 * steps[:2].T
    weights = np.linalg.lstsq(root @ change, root @ steps[2], rcond=None)[0]
    wanted = steps[2] - (change + move) @ weights
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_steps_that_shrink_fast_are_left_alone():
    mixing, equations = Mixing(), _equations(np.eye(2))
    first = np.array([1.0, 1.0])
    assert mixing.mixed(equations, first) is first
    mixing.took(first, first)
    second = 0.99 * SLOW * first
    assert mixing.mixed(equations, second) is second


def test_lengths_are_those_of_the_matrix():
    """A step slow in the norm of the numbers may be fast in σ."""
    mixing, equations = Mixing(), _equations(np.diag([1.0, 1e-6]))
    first, second = np.array([1.0, 1.0]), np.array([0.1, 1.0])
    mixing.took(first, first)
    assert mixing.mixed(equations, second) is second


@pytest.mark.parametrize("beyond", [0.9, 1.1])
def test_a_mixed_step_that_goes_too_far_is_not_taken(beyond):
    """What shrinks by 1 − q a step would go 1/q times as far."""
    mixing, equations = Mixing(), _equations([[1.0]])
    first = np.array([1.0])
    mixing.took(first, first)
    q = 1.0 / (beyond * FARTHEST)
    step = (1.0 - q) * first
    found = mixing.mixed(equations, step)
    if beyond > 1:
        assert found is step
    else:
        assert found[0] == pytest.approx(step[0] / q, rel=1e-10)


def test_units_do_not_matter():
    rng = np.random.default_rng(2)
    half = rng.normal(size=(3, 3))
    matrix, unit = half @ half.T + np.eye(3), np.array([1e-6, 1.0, 1e5])
    steps = rng.normal(size=(4, 3)) * np.array([1.0, 0.9, 0.8, 0.7])[:, None]
    found = []
    for scale in (np.ones(3), unit):
        mixing = Mixing()
        equations = _equations(matrix / np.outer(scale, scale))
        for step in steps[:3]:
            mixing.took(step * scale, mixing.mixed(equations, step * scale))
        found.append(mixing.mixed(equations, steps[3] * scale) / scale)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)
    assert np.abs(found[0] - steps[3]).max() > 1e-3  # it was mixed


def test_what_is_long_past_is_forgotten():
    rng = np.random.default_rng(3)
    equations = _equations(np.eye(5))
    last = rng.normal(size=(MEMORY + 2, 5))
    found = []
    for past in (rng.normal(size=5), 7.0 * rng.normal(size=5)):
        mixing = Mixing()
        mixing.took(past, past)
        for step in last[:-1]:
            mixing.mixed(equations, step)
            mixing.took(step, step)
        found.append(mixing.mixed(equations, last[-1]))
    np.testing.assert_array_equal(*found)


def test_forget_begins_anew():
    mixing, equations = Mixing(), _equations(np.eye(1))
    step = np.array([1.0])
    mixing.took(step, step)
    mixing.forget()
    assert mixing.mixed(equations, 0.9 * step) == pytest.approx(0.9)


def test_steps_that_are_not_finite_are_passed_on():
    mixing, equations = Mixing(), _equations(np.eye(1))
    step = np.array([1.0])
    mixing.took(step, step)
    lost = np.array([np.nan])
    assert mixing.mixed(equations, lost) is lost
