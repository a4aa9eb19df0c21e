"""The block-arrow algebra against the dense matrix that it stands for."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

from reseau.linalg import (
    back_substitute,
    block_covariance,
    border_transpose,
    eliminate,
    factorise,
    to_dense,
)

N, P = 7, 9


@pytest.fixture(scope="module")
def system():
    """Two tiles, one with a column that stands twice, and a corner."""
    rng = np.random.default_rng(3)
    parts, corner, right = [], 5.0 * np.eye(P) * N, rng.normal(size=P)
    for columns in (np.array([0, 1, 4, 8]), np.array([2, 3, 3, 5, 6, 7])):
        half = rng.normal(size=(N, 2, 2))
        block = np.einsum("nij,nkj->ikn", half, half) + 2.0 * np.eye(2)[:, :, None]
        border = 0.5 * rng.normal(size=(columns.size, 2, N))
        parts.append((block, border, rng.normal(size=(2, N)), columns))
    return parts, corner, right


def _reduce(system):
    parts, corner, right = system
    complement, reduced = corner.copy(), right.copy()
    tiles = []
    for part in parts:
        tile, loss, loss_right = eliminate(*(jnp.asarray(p) for p in part))
        columns = part[3]
        np.subtract.at(complement, np.ix_(columns, columns), np.asarray(loss))
        np.subtract.at(reduced, columns, np.asarray(loss_right))
        tiles.append(tile)
    return tiles, complement, reduced


def _dense_right(system):
    parts, _, right = system
    return np.concatenate([*(p[2].T.ravel() for p in parts), right])


def test_dense_is_made_of_the_parts(system):
    parts, corner, _ = system
    tiles, _, _ = _reduce(system)
    dense = to_dense(tiles, corner)
    np.testing.assert_allclose(dense, dense.T, atol=1e-12)
    np.testing.assert_allclose(dense[:2, :2], parts[0][0][:, :, 0], rtol=1e-12)
    np.testing.assert_allclose(
        dense[0, 2 * 2 * N + 1], parts[0][1][1, 0, 0], rtol=1e-12
    )
    double = parts[1][1][1, 0, 0] + parts[1][1][2, 0, 0]
    np.testing.assert_allclose(dense[2 * N, 4 * N + 3], double, rtol=1e-12)


def test_solution_and_covariance_are_those_of_the_dense_matrix(system):
    tiles, complement, reduced = _reduce(system)
    dense = to_dense(tiles, system[1])
    wanted = linalg.solve(dense, _dense_right(system), assume_a="pos")
    factor = factorise(complement, np.diag(system[1]).copy())
    shared = factor.solve(reduced)
    np.testing.assert_allclose(shared, wanted[4 * N :], rtol=1e-10, atol=1e-12)
    pairs = [np.asarray(back_substitute(t, jnp.asarray(shared))).T for t in tiles]
    np.testing.assert_allclose(
        np.concatenate(pairs).ravel(), wanted[: 4 * N], rtol=1e-10, atol=1e-12
    )
    inverse = linalg.inv(dense)
    np.testing.assert_allclose(
        factor.covariance(), inverse[4 * N :, 4 * N :], rtol=1e-9, atol=1e-13
    )
    row = 0
    for tile in tiles:
        blocks = np.asarray(block_covariance(tile, jnp.asarray(factor.root)))
        for i in range(N):
            part = inverse[row : row + 2, row : row + 2]
            np.testing.assert_allclose(blocks[:, :, i], part, rtol=1e-9)
            row += 2


def test_border_transpose(system):
    tiles, _, _ = _reduce(system)
    block, border, _, _ = system[0][0]
    right = np.random.default_rng(1).normal(size=(3, 2, N))
    inverse = np.linalg.inv(np.moveaxis(block, -1, 0))
    wanted = np.einsum("kan,nab,qbn->kq", border, inverse, right)
    found = np.asarray(border_transpose(tiles[0], jnp.asarray(right)))
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_null_direction_is_found_and_left_out():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(6, 6))
    half[5] = half[4]  # so that the last two unknowns differ by nothing measured
    basis = np.eye(6)
    basis[4, 5] = 1.0
    matrix = basis.T @ np.diag([1e3, 1.0, 1e-4, 10.0, 2.0, 0.0]) @ basis
    factor = factorise(matrix, np.diag(matrix) + 1e-30)
    assert factor.null.shape == (6, 1)
    direction = factor.null[:, 0] / factor.null[4, 0]
    np.testing.assert_allclose(direction, [0, 0, 0, 0, 1, -1], atol=1e-9)
    np.testing.assert_allclose(
        matrix @ factor.covariance() @ matrix, matrix, rtol=1e-9, atol=1e-12
    )


def test_weak_directions_are_not_null():
    matrix = np.array([[1.0, 1.0 - 1e-11], [1.0 - 1e-11, 1.0]])
    factor = factorise(matrix, np.ones(2))
    assert factor.null.shape == (2, 0)
    np.testing.assert_allclose(factor.covariance()[0, 0], 1 / 2e-11, rtol=1e-4)


def test_factor_of_nothing():
    factor = factorise(np.zeros((0, 0)), np.zeros(0))
    assert factor.root.shape == (0, 0)
    assert factor.null.shape == (0, 0)
