"""Merged and compressed columns against dense eigenvalues, and their bounds."""

import tracemalloc

import numpy as np
import pytest
from scipy import linalg

from reseau.errors import ShapeError
from reseau.linalg import (
    BlockLowRank,
    Columns,
    cholesky_blocks,
    coloured,
    compress,
    compressed,
    merge,
    whitened,
)

from .low_rank import KINDS, random_case

ROUNDING = 1e-11


def _written_out(columns, n):
    full = np.zeros((n, columns.size, columns.rank))
    full[columns.rows] = columns.values
    return full.reshape(n * columns.size, columns.rank)


def _whitened(case):
    root = cholesky_blocks(case.matrix.blocks)
    return root, [whitened(part, root) for part in case.matrix.parts]


def _dense_white(case):
    lower = linalg.cholesky(case.diagonal, lower=True)
    return linalg.solve_triangular(lower, case.columns, lower=True)


@pytest.fixture(params=[kind for kind in KINDS if KINDS[kind][2]])
def case(request):
    return random_case(np.random.default_rng(11), *KINDS[request.param])


def test_whitened_and_back(case):
    root, parts = _whitened(case)
    found = np.concatenate([_written_out(p, case.matrix.n) for p in parts], axis=1)
    np.testing.assert_allclose(found, _dense_white(case), atol=ROUNDING)
    for part, white in zip(case.matrix.parts, parts, strict=True):
        back = coloured(white, root)
        scale = np.max(np.abs(part.values), initial=0.0, axis=(0, 2), keepdims=True)
        assert np.all(np.abs(back.values - part.values) <= ROUNDING * scale)


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.4, 2.0])
def test_modes_are_those_of_the_dense_matrix(case, threshold):
    _, parts = _whitened(case)
    product = _dense_white(case) @ _dense_white(case).T
    expected = linalg.eigvalsh(product)[::-1]
    expected = expected[expected > max(threshold, 1e-12)]
    found = merge(parts, threshold)
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-10)
    white = _written_out(found.columns, case.matrix.n)
    np.testing.assert_allclose(
        white.T @ white, np.diag(found.eigenvalues), atol=ROUNDING
    )
    dropped = linalg.eigvalsh(product - white @ white.T)
    assert dropped[0] > -ROUNDING
    assert dropped[-1] < threshold + ROUNDING


def test_one_part_is_compressed_as_it_is_merged(case):
    part = _whitened(case)[1][0]
    one, many = compress(part, 0.1), merge([part], 0.1)
    np.testing.assert_array_equal(one.columns.values, many.columns.values)
    np.testing.assert_array_equal(one.eigenvalues, many.eigenvalues)


def test_arguments_are_left_alone(case):
    _, parts = _whitened(case)
    kept = [part.values.copy() for part in parts]
    merge(parts, 0.1)
    for part, values in zip(parts, kept, strict=True):
        np.testing.assert_array_equal(part.values, values)


@pytest.mark.parametrize("threshold", [1e-3, 0.2])
def test_columns_of_32_bits(threshold):
    case = random_case(np.random.default_rng(3), 40, 5, (12, 9), kind=np.float32)
    _, parts = _whitened(case)
    found = merge(parts, threshold)
    assert found.columns.values.dtype == np.float32
    product = _dense_white(case) @ _dense_white(case).T
    white = _written_out(found.columns, 40).astype(np.float64)
    dropped = linalg.eigvalsh(product - white @ white.T)
    assert dropped[0] > -1e-6
    assert dropped[-1] < threshold + 1e-6


def test_parts_that_share_no_block():
    rng = np.random.default_rng(4)
    parts = [
        Columns(np.array(rows), rng.normal(size=(len(rows), 2, 3)))
        for rows in ([0, 1, 5], [2, 3, 4])
    ]
    found = merge(parts)
    apart = [value for part in parts for value in compress(part).eigenvalues]
    np.testing.assert_allclose(found.eigenvalues, np.sort(apart)[::-1], rtol=1e-12)
    np.testing.assert_array_equal(found.columns.rows, np.arange(6))


def test_many_blocks_are_worked_on_in_pieces(monkeypatch):
    case = random_case(np.random.default_rng(12), 50, 2, (7, 5))
    _, parts = _whitened(case)
    whole = merge(parts, 0.01)
    monkeypatch.setattr("reseau.linalg.low_rank_merging.FOR_PRODUCTS", 60)
    pieces = merge(parts, 0.01)
    np.testing.assert_allclose(pieces.eigenvalues, whole.eigenvalues, rtol=1e-12)
    one, other = (_written_out(m.columns, 50) for m in (whole, pieces))
    np.testing.assert_allclose(other @ other.T, one @ one.T, atol=1e-13)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_merging_takes_next_to_no_memory_of_its_own(monkeypatch, kind):
    rng = np.random.default_rng(15)
    monkeypatch.setattr("reseau.linalg.low_rank_merging.FOR_PRODUCTS", 1 << 14)
    parts = [
        Columns(
            np.arange(first, first + 2000), rng.normal(size=(2000, 5, 40)).astype(kind)
        )
        for first in (0, 1000)
    ]
    tracemalloc.start()
    try:
        found = merge(parts, 0.1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    own = peak - found.columns.values.nbytes
    square, product = 8 * 80 * 80, 8 * (1 << 14)
    assert own < 3 * square + 3 * product
    assert own < 0.25 * sum(part.values.nbytes for part in parts)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5])
def test_compressed_information_is_bounded(case, threshold):
    found = compressed(case.matrix, threshold)
    assert len(found.parts) == 1
    ratio = linalg.eigh(found.to_dense(), case.dense, eigvals_only=True)
    assert ratio[0] > 1.0 - 1e-9
    assert ratio[-1] < 1.0 / (1.0 - threshold) + 1e-9


def test_a_tree_is_bounded_by_its_levels():
    """Eight plates with hardly anything left of a mode, merged two by two."""
    rng = np.random.default_rng(13)
    cases = [random_case(rng, 6, 2, (4,), strongest=0.9999) for _ in range(8)]
    exact, threshold, levels = sum(c.dense for c in cases), 0.15, 0
    nodes = [case.matrix for case in cases]
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [compressed(a.plus(b), threshold) for a, b in pairs]
        levels += 1
    ratio = linalg.eigh(nodes[0].to_dense(), exact, eigvals_only=True)
    assert ratio[0] > 1.0 - 1e-9
    assert 1.01 < ratio[-1] < (1.0 - threshold) ** -levels


def test_semi_definite_blocks_are_compressed():
    """One plate's two numbers a source, as information about five parameters."""
    rng = np.random.default_rng(14)
    plate = random_case(rng, 6, 2, (5, 3)).matrix
    mapped = plate.mapped(rng.normal(size=(6, 2, 5)), np.arange(6), 6)
    found = compressed(mapped, 0.0).to_dense()
    expected = mapped.to_dense()
    assert np.max(np.abs(found - expected)) < 1e-10 * np.max(np.abs(expected))


def test_nothing_to_compress():
    matrix = BlockLowRank(np.tile(np.eye(2), (4, 1, 1)))
    assert compressed(matrix, 0.1).rank == 0


@pytest.mark.parametrize("sizes", [(), (2, 3)], ids=["none", "of two sizes"])
def test_what_cannot_be_merged(sizes):
    parts = [Columns(np.array([0]), np.ones((1, size, 1))) for size in sizes]
    with pytest.raises(ShapeError, match="blocks of one size"):
        merge(parts)
