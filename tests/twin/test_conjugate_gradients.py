"""Conjugate gradients with a low-rank preconditioner against dense solutions."""

import numpy as np
import pytest
from scipy import linalg
from scipy.sparse.linalg import LinearOperator, cg

from reseau.errors import DegeneracyError
from reseau.linalg import conjugate_gradients, factorise_low_rank

from .low_rank import random_case


@pytest.fixture(scope="module")
def case():
    return random_case(np.random.default_rng(31), 20, 5, (8, 12, 5), strongest=0.9999)


@pytest.fixture(scope="module")
def right(case):
    rng = np.random.default_rng(32)
    return (linalg.cholesky(case.dense, lower=True) @ rng.normal(size=100)).reshape(
        20, 5
    )


@pytest.mark.parametrize("rough", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("measured", [True, False], ids=["by root", "by energy"])
def test_it_ends_at_the_solution(case, right, rough, measured):
    factor = factorise_low_rank(case.matrix, rough)
    found = conjugate_gradients(
        case.matrix.matvec,
        right,
        factor.solve,
        root=factor.root if measured else None,
        tolerance=1e-8,
    )
    covariance = case.inverse
    expected = covariance @ right.ravel()
    error = (found.x.ravel() - expected) / np.sqrt(np.diag(covariance))
    assert np.max(np.abs(error)) < 1e-6
    assert found.history[-1] < 1e-8
    assert np.all(found.history[:-1] >= 1e-8)
    if rough == 0.0:
        assert len(found.history) == 2


def test_steps_in_32_bits_from_a_start_in_64():
    """Columns and steps of 32 bits lead as far as their residual was in 64."""
    case = random_case(
        np.random.default_rng(34), 20, 5, (9, 7), strongest=0.999, kind=np.float32
    )
    covariance = case.inverse
    sigma = np.sqrt(np.diag(covariance))
    rng = np.random.default_rng(35)
    expected = 1e4 * sigma * rng.normal(size=100)
    right = (case.dense @ expected).reshape(20, 5)
    factor = factorise_low_rank(case.matrix, 0.3)
    x = np.zeros((20, 5))
    for _ in range(3):
        rest = right - case.matrix.matvec(x)
        x += conjugate_gradients(
            lambda step: case.matrix.matvec(step.astype(np.float32)),
            rest,
            factor.solve,
            tolerance=1e-7,
            max_iterations=12,
        ).x
    assert np.max(np.abs((x.ravel() - expected) / sigma)) < 1e-5


def test_its_steps_are_scipys(case, right):
    factor = factorise_low_rank(case.matrix, 0.3)
    ours = conjugate_gradients(
        case.matrix.matvec, right, factor.solve, tolerance=0.0, max_iterations=4
    )
    matrix = LinearOperator(
        (100, 100), matvec=lambda x: case.matrix.matvec(x.reshape(20, 5) * 1.0).ravel()
    )
    rough = LinearOperator(
        (100, 100), matvec=lambda x: factor.solve(x.reshape(20, 5) * 1.0).ravel()
    )
    theirs, _ = cg(matrix, right.ravel(), M=rough, maxiter=4, rtol=0.0, atol=0.0)
    scale = np.sqrt(np.diag(case.inverse))
    assert len(ours.history) == 5
    np.testing.assert_allclose(ours.x.ravel() / scale, theirs / scale, atol=1e-9)


def test_the_first_entry_says_how_far_the_start_is(case, right):
    factor = factorise_low_rank(case.matrix)
    exact = factor.solve(right)
    lower = linalg.cholesky(case.diagonal, lower=True)
    away = np.random.default_rng(33).normal(size=(20, 5))
    away = linalg.solve_triangular(lower, away.ravel(), lower=True, trans=1)
    start = exact + away.reshape(20, 5)
    for root, expected in (
        (factor.root, np.max(np.abs(lower.T @ away))),
        (None, np.sqrt(away @ case.dense @ away)),
    ):
        found = conjugate_gradients(
            case.matrix.matvec, right, factor.solve, root=root, start=start
        )
        assert found.history[0] == pytest.approx(expected, rel=1e-6)
    assert np.all(start == exact + away.reshape(20, 5))


def test_it_may_be_stopped(case, right):
    factor = factorise_low_rank(case.matrix, 1.0)
    found = conjugate_gradients(
        case.matrix.matvec, right, factor.solve, max_iterations=3
    )
    assert len(found.history) == 4
    assert found.history[-1] > 1e-3


def test_a_right_hand_side_of_zeros_is_solved_already(case):
    factor = factorise_low_rank(case.matrix)
    found = conjugate_gradients(case.matrix.matvec, np.zeros((20, 5)), factor.solve)
    np.testing.assert_array_equal(found.x, 0.0)
    assert list(found.history) == [0.0]


def test_what_is_not_positive_is_named(right):
    with pytest.raises(DegeneracyError, match="of M"):
        conjugate_gradients(lambda x: -x, right, lambda x: x)
    with pytest.raises(DegeneracyError, match="of the preconditioner"):
        conjugate_gradients(lambda x: x, right, lambda x: -x, root=None, tolerance=0.0)
