"""Factors and solutions of many small blocks against NumPy and SciPy, one by one."""

import numpy as np
import pytest
from scipy import linalg

from reseau.errors import DegeneracyError, ShapeError
from reseau.linalg import (
    backward_blocks,
    cholesky_blocks,
    forward_blocks,
    singular_blocks,
)

from .low_rank import random_blocks

SIZES = (1, 2, 5, 6)


@pytest.fixture(params=SIZES)
def blocks(request):
    return random_blocks(np.random.default_rng(request.param), 11, request.param)


def _relative(found, expected):
    return np.max(np.abs(found - expected)) / np.max(np.abs(expected))


def test_factors_are_numpys(blocks):
    expected = np.linalg.cholesky(blocks)
    found = cholesky_blocks(blocks)
    # Each entry in the units of its row.
    scale = np.sqrt(np.diagonal(blocks, axis1=1, axis2=2))[:, :, None]
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-12)
    assert np.all(found[:, *np.triu_indices(blocks.shape[1], 1)] == 0.0)


@pytest.mark.parametrize("tail", [(), (1,), (3,), (40,)], ids=str)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_solutions_are_scipys(blocks, tail, backward):
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(blocks)
    right = rng.normal(size=(*blocks.shape[:2], *tail))
    if not backward:
        right *= np.sqrt(np.diagonal(blocks, axis1=1, axis2=2)).reshape(
            *blocks.shape[:2], *(1 for _ in tail)
        )
    solve = backward_blocks if backward else forward_blocks
    found = solve(root, right)
    assert found.shape == right.shape
    for lower, x, r in zip(root, found, right, strict=True):
        expected = linalg.solve_triangular(lower, r, lower=True, trans=int(backward))
        np.testing.assert_allclose(x, expected, rtol=1e-9, atol=1e-9 * np.ptp(expected))


def test_right_hand_sides_keep_their_type_and_are_not_overwritten(blocks):
    root = np.linalg.cholesky(blocks)
    right = np.ones((*blocks.shape[:2], 40), np.float32)
    found = forward_blocks(root, right)
    assert found.dtype == np.float32
    assert np.all(right == 1.0)
    expected = forward_blocks(root, right.astype(np.float64))
    assert _relative(found, expected) < 1e-7


def test_singular_blocks_are_named(blocks):
    if blocks.shape[1] == 1:
        blocks[3] = 0.0
    else:
        half = np.linalg.cholesky(blocks[3])[:, :1]
        blocks[3] = half @ half.T
    expected = np.zeros(len(blocks), bool)
    expected[3] = True
    np.testing.assert_array_equal(singular_blocks(blocks), expected)
    with pytest.raises(DegeneracyError, match="block 3"):
        cholesky_blocks(blocks)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_semi_definite_blocks_are_solved_in_their_range(rank):
    rng = np.random.default_rng(rank)
    half = rng.normal(size=(6, 5, rank))
    blocks = half @ half.transpose(0, 2, 1)
    root = cholesky_blocks(blocks, allow_singular=True)
    np.testing.assert_allclose(root @ root.transpose(0, 2, 1), blocks, atol=1e-13)
    assert np.all(np.sum(np.any(root != 0.0, axis=1), axis=1) == rank)
    right = half @ rng.normal(size=(6, rank, 3))
    white = forward_blocks(root, right)
    np.testing.assert_allclose(root @ white, right, atol=1e-11)
    # The same norm as that of the pseudo-inverse, which does not depend on the root.
    for block, r, w in zip(blocks, right, white, strict=True):
        expected = r.T @ np.linalg.pinv(block, rcond=1e-10, hermitian=True) @ r
        np.testing.assert_allclose(w.T @ w, expected, rtol=1e-8, atol=1e-8)


def test_indefinite_blocks_have_no_factor():
    blocks = np.array([np.eye(2), [[1.0, 2.0], [2.0, 1.0]]])
    assert list(singular_blocks(blocks)) == [False, True]
    for allowed in (False, True):
        with pytest.raises(DegeneracyError, match="block 1"):
            cholesky_blocks(blocks, allow_singular=allowed)


def test_not_a_number_has_no_factor():
    blocks = np.array([np.eye(2), np.full((2, 2), np.nan)])
    with pytest.raises(DegeneracyError, match="block 1"):
        cholesky_blocks(blocks)


@pytest.mark.unchecked
def test_other_blocks_are_refused():
    with pytest.raises(ShapeError, match="forward_blocks"):
        forward_blocks(np.tile(np.eye(2), (3, 1, 1)), np.ones((4, 2)))
