"""Block diagonal minus low rank: sums, products and maps against dense matrices."""

import numpy as np
import pytest
from scipy import linalg

from reseau.errors import ShapeError
from reseau.linalg import BlockLowRank, Columns

from .low_rank import KINDS, random_case


@pytest.fixture(params=KINDS)
def case(request):
    return random_case(np.random.default_rng(5), *KINDS[request.param])


def test_dense_is_made_of_the_parts(case):
    scale = np.sqrt(np.diag(case.diagonal))
    error = (case.matrix.to_dense() - case.dense) / np.outer(scale, scale)
    assert np.max(np.abs(error)) < 1e-14
    assert case.matrix.rank == case.columns.shape[1]


@pytest.mark.parametrize("tail", [(), (3,)], ids=["one", "several"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_products(tail, kind):
    case = random_case(np.random.default_rng(6), 7, 5, (6, 2, 3), kind=kind)
    right = np.random.default_rng(7).normal(size=(7, 5, *tail))
    kept = right.copy()
    found = case.matrix.matvec(right)
    expected = (case.dense @ right.reshape(35, *tail)).reshape(right.shape)
    # Columns of 32 bits are multiplied in 64.
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(right, kept)


def test_products_in_32_bits():
    case = random_case(np.random.default_rng(6), 7, 5, (6, 2, 3), kind=np.float32)
    scale = np.sqrt(np.diag(case.diagonal))
    right = np.random.default_rng(7).normal(size=35) / scale
    found = case.matrix.matvec(right.astype(np.float32).reshape(7, 5))
    assert found.dtype == np.float64
    error = (found.ravel() - case.dense @ right) / scale
    assert 1e-9 < np.max(np.abs(error)) < 1e-5


def test_sums(case):
    n, size = case.matrix.n, case.matrix.size
    other = random_case(np.random.default_rng(8), n, size, (2, 1))
    total = case.matrix.plus(other.matrix)
    scale = np.sqrt(np.diag(case.diagonal + other.diagonal))
    error = (total.to_dense() - case.dense - other.dense) / np.outer(scale, scale)
    assert np.max(np.abs(error)) < 1e-14
    assert total.rank == case.matrix.rank + 3


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", [(2, 5), (5, 5), (5, 1)], ids=str)
def test_maps(sizes, kind):
    b, c = sizes
    rng = np.random.default_rng(9)
    case = random_case(rng, 6, b, (3, 4), kind=kind)
    rows, n_out = rng.permutation(9)[:6], 9
    jacobian = rng.normal(size=(6, b, c))
    mapping = np.zeros((6, b, n_out, c))
    mapping[np.arange(6), :, rows, :] = jacobian
    mapping = mapping.reshape(6 * b, n_out * c)
    mapped = case.matrix.mapped(jacobian, rows, n_out)
    found = mapped.to_dense()
    expected = mapping.T @ case.dense @ mapping
    rounding = 1e-13 if kind is np.float64 else 1e-6
    assert np.max(np.abs(found - expected)) < rounding * np.max(np.abs(expected))
    assert {part.values.dtype for part in mapped.parts} == {np.dtype(kind)}


def test_columns_that_reach_no_block():
    empty = Columns(np.zeros(0, int), np.zeros((0, 2, 3)))
    matrix = BlockLowRank(np.tile(np.eye(2), (4, 1, 1)), (empty,))
    np.testing.assert_array_equal(matrix.to_dense(), np.eye(8))
    np.testing.assert_array_equal(matrix.matvec(np.ones((4, 2))), np.ones((4, 2)))
    mapped = matrix.mapped(np.tile(np.eye(2), (4, 1, 1)), np.arange(4), 5)
    np.testing.assert_array_equal(
        mapped.to_dense(), linalg.block_diag(np.eye(8), np.zeros((2, 2)))
    )


def test_what_does_not_fit_is_refused():
    eyes = np.tile(np.eye(2), (4, 1, 1))
    matrix = BlockLowRank(eyes)
    with pytest.raises(ShapeError, match="repeated or unsorted"):
        Columns(np.array([2, 2]), np.zeros((2, 2, 1)))
    with pytest.raises(ShapeError, match="negative"):
        Columns(np.array([-1, 2]), np.zeros((2, 2, 1)))
    with pytest.raises(ShapeError, match="up to number 4"):
        BlockLowRank(eyes, (Columns(np.array([4]), np.zeros((1, 2, 1))),))
    with pytest.raises(ShapeError, match="blocks of 3 rows"):
        BlockLowRank(eyes, (Columns(np.array([1]), np.zeros((1, 3, 1))),))
    with pytest.raises(ShapeError, match=r"BlockLowRank\.plus"):
        matrix.plus(BlockLowRank(eyes[:3]))
    for rows in ([0, 1, 2, 2], [0, 1, 2, 4], [-1, 0, 1, 2]):
        with pytest.raises(ShapeError, match="different rows from 0 to 3"):
            matrix.mapped(eyes, np.array(rows), 4)
