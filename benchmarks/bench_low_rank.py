"""The algebra of a node of the tree of plates, beside the products it is made of.

Two nodes of 10,000 blocks, 8,000 of which each has columns on: 300 columns in 32 bits.
`bench_products` is what the machine needs for the Gram matrix of the stacked columns
and for mixing them, without any of ours; the others are to be read as ratios to it,
which the table has in brackets, per group.
"""

import numpy as np
import pytest

from reseau.linalg import (
    BlockLowRank,
    Columns,
    cholesky_blocks,
    compressed,
    factorise_low_rank,
    merge,
    whitened,
)

BLOCKS, SIZE, RANK, REACH = 10_000, 5, 300, 8_000


@pytest.fixture(scope="module")
def matrix():
    """Two parts, shares of which fall from 0.9 to 1e-6, on rows that overlap."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(BLOCKS, SIZE, 8))
    blocks = half @ half.transpose(0, 2, 1)
    root = np.linalg.cholesky(blocks)
    length = np.sqrt(0.45 * np.logspace(0.0, -6.0, RANK) / (REACH * SIZE))
    parts = []
    for first in (0, BLOCKS - REACH):
        rows = np.arange(first, first + REACH)
        white = rng.normal(size=(REACH, SIZE, RANK)) * length
        parts.append(Columns(rows, (root[rows] @ white).astype(np.float32)))
    return BlockLowRank(blocks, tuple(parts))


@pytest.fixture(scope="module")
def white(matrix):
    root = cholesky_blocks(matrix.blocks)
    return [whitened(part, root) for part in matrix.parts]


@pytest.fixture(scope="module")
def factor(matrix):
    return factorise_low_rank(matrix, 1e-3)


@pytest.mark.benchmark(group="one node")
def bench_products(benchmark):
    stacked = np.ones((BLOCKS * SIZE, 2 * RANK), np.float32)
    mixing = np.ones((2 * RANK, RANK), np.float32)
    benchmark.pedantic(lambda: (stacked.T @ stacked, stacked @ mixing), rounds=5)


@pytest.mark.benchmark(group="one node")
def bench_merge(benchmark, white):
    benchmark.pedantic(merge, (white, 1e-3), rounds=5)


@pytest.mark.benchmark(group="one node")
def bench_compressed(benchmark, matrix):
    """Whiten, merge, and back to the original units."""
    benchmark.pedantic(compressed, (matrix, 1e-3), rounds=5)


@pytest.mark.benchmark(group="one node")
def bench_factorise(benchmark, matrix):
    benchmark.pedantic(factorise_low_rank, (matrix, 1e-3), rounds=5)


@pytest.mark.benchmark(group="one vector")
def bench_reading_the_columns_twice(benchmark, matrix):
    flats = [part.flat for part in matrix.parts]
    vectors = [np.ones(len(flat), np.float32) for flat in flats]

    def read():
        return [f @ (f.T @ v) for f, v in zip(flats, vectors, strict=True)]

    benchmark.pedantic(read, rounds=9, warmup_rounds=1)


@pytest.mark.benchmark(group="one vector")
def bench_matvec(benchmark, matrix):
    benchmark.pedantic(
        matrix.matvec, (np.ones((BLOCKS, SIZE)),), rounds=9, warmup_rounds=1
    )


@pytest.mark.benchmark(group="one vector")
def bench_solve(benchmark, factor):
    benchmark.pedantic(
        factor.solve, (np.ones((BLOCKS, SIZE)),), rounds=9, warmup_rounds=1
    )


@pytest.mark.benchmark(group="covariances")
def bench_covariance_blocks(benchmark, factor):
    benchmark.pedantic(factor.covariance_blocks, rounds=5, warmup_rounds=1)
