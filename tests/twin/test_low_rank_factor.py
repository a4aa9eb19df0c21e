"""Solutions, covariances and draws of a low-rank factor against dense inverses."""

import numpy as np
import pytest
from scipy import linalg

from alarm import covariance_bound, normal_bound
from reseau.errors import DegeneracyError
from reseau.linalg import BlockLowRank, Columns, factorise_low_rank

from .low_rank import KINDS, Case, random_blocks, random_case

CLOSE = 1e-9


@pytest.fixture(params=KINDS)
def case(request):
    return random_case(np.random.default_rng(21), *KINDS[request.param])


def _in_sigmas(case, error):
    """Return an error of the inverse in units of the blocks' own errors."""
    sigma = np.sqrt(np.diag(linalg.inv(case.diagonal)))
    return np.max(np.abs(error / np.outer(sigma, sigma)), initial=0.0)


def test_the_factor_is_that_of_the_matrix(case):
    factor = factorise_low_rank(case.matrix)
    lower = linalg.block_diag(*factor.root)
    modes = factor.modes.reshape(len(lower), -1)
    np.testing.assert_allclose(modes.T @ modes, np.eye(modes.shape[1]), atol=CLOSE)
    inner = np.eye(len(lower)) - (modes * factor.share) @ modes.T
    scale = np.sqrt(np.diag(case.diagonal))
    error = (lower @ inner @ lower.T - case.dense) / np.outer(scale, scale)
    assert np.max(np.abs(error)) < 1e-13
    np.testing.assert_allclose(factor.share + factor.left, 1.0, rtol=1e-15)
    assert np.all(np.diff(factor.share) <= 0.0)
    assert factor.null.shape[2] == 0


@pytest.mark.parametrize("tail", [(), (3,)], ids=["one", "several"])
def test_solutions(case, tail):
    n, size = case.matrix.n, case.matrix.size
    right = np.random.default_rng(1).normal(size=(n, size, *tail))
    right *= np.sqrt(np.diag(case.diagonal)).reshape(n, size, *(1 for _ in tail))
    kept = right.copy()
    found = factorise_low_rank(case.matrix).solve(right).reshape(n * size, *tail)
    expected = linalg.solve(case.dense, right.reshape(n * size, *tail), assume_a="pos")
    error = found - expected
    scale = np.sqrt(np.diag(case.inverse))
    assert np.max(np.abs(error.T / scale)) < CLOSE
    np.testing.assert_array_equal(right, kept)


@pytest.mark.parametrize("tail", [(), (3,)], ids=["one", "several"])
def test_solutions_do_not_depend_on_the_order_in_memory(case, tail):
    n, size = case.matrix.n, case.matrix.size
    right = np.random.default_rng(2).normal(size=(n, size, *tail))
    factor = factorise_low_rank(case.matrix)
    found = factor.solve(np.asfortranarray(right))
    np.testing.assert_allclose(found, factor.solve(right), rtol=1e-9, atol=1e-12)


def test_determinants(case):
    sign, expected = np.linalg.slogdet(case.dense)
    assert sign == 1.0
    found = factorise_low_rank(case.matrix).logdet()
    assert found == pytest.approx(expected, abs=1e-9)


def test_covariances(case):
    n = case.matrix.n
    factor = factorise_low_rank(case.matrix)
    inverse = case.inverse
    blocks = case.blocks(inverse)
    every = np.arange(n)
    found = factor.covariance(every[:, None], every)
    whole = found.transpose(0, 2, 1, 3).reshape(inverse.shape)
    assert _in_sigmas(case, whole - inverse) < CLOSE
    own = case.blocks(linalg.inv(case.diagonal))[every, every]
    np.testing.assert_allclose(factor.own(), own, rtol=CLOSE)
    diagonal = linalg.block_diag(*factor.covariance_blocks())
    expected = linalg.block_diag(*blocks[every, every])
    assert _in_sigmas(case, diagonal - expected) < CLOSE
    spread = factor.spread().reshape(len(inverse), -1)
    assembled = linalg.block_diag(*factor.own()) + spread @ spread.T
    assert _in_sigmas(case, assembled - inverse) < CLOSE


def test_one_covariance_is_one_of_all(case):
    factor = factorise_low_rank(case.matrix)
    blocks = case.blocks(case.inverse)
    for a, c in ((0, 0), (1, 2), (2, 1), (0, -1)):
        found = factor.covariance(a, c)
        scale = np.max(np.abs(blocks[a, c])) + 1e-300
        # One of two blocks that share nothing is zero.
        assert np.max(np.abs(found - blocks[a, c])) <= 1e-8 * scale


def test_columns_of_32_bits():
    case = random_case(np.random.default_rng(2), 12, 5, (6, 9), kind=np.float32)
    factor = factorise_low_rank(case.matrix)
    inverse = case.inverse
    every = np.arange(12)
    found = factor.covariance(every[:, None], every).transpose(0, 2, 1, 3)
    # Rounding when whitened columns are kept in 32 bits, over the smallest `left`.
    assert _in_sigmas(case, found.reshape(60, 60) - inverse) < 1e-7 / 0.01**2


def _with_shares(rng, n, b, share) -> tuple[Case, np.ndarray, np.ndarray]:
    """Return a case with these shares, its L and its modes."""
    blocks = random_blocks(rng, n, b)
    lower = linalg.block_diag(*np.linalg.cholesky(blocks))
    modes = linalg.qr(rng.normal(size=(n * b, len(share))), mode="economic")[0]
    columns = lower @ (modes * np.sqrt(share))
    part = Columns(np.arange(n), columns.reshape(n, b, -1))
    matrix = BlockLowRank(blocks, (part,))
    return Case(matrix, linalg.block_diag(*blocks), columns), lower, modes


def test_a_mode_of_which_next_to_nothing_is_left_keeps_its_digits():
    left = np.array([1e-8, 1e-4, 0.5])
    rng = np.random.default_rng(23)
    case, lower, modes = _with_shares(rng, 9, 5, 1.0 - left)
    factor = factorise_low_rank(case.matrix)
    # 1 − share is known to some ε, whoever computes it.
    np.testing.assert_allclose(factor.left, left, rtol=1e-6)
    spread = linalg.solve_triangular(lower, modes / np.sqrt(left), lower=True, trans=1)
    rest = linalg.inv(case.diagonal)
    rest -= linalg.solve_triangular(lower, modes, lower=True, trans=1) @ (
        linalg.solve_triangular(lower, modes, lower=True, trans=1).T
    )
    expected = rest + spread @ spread.T
    sigma = np.sqrt(np.diag(expected))
    found = factor.covariance(np.arange(9)[:, None], np.arange(9))
    found = found.transpose(0, 2, 1, 3).reshape(45, 45)
    np.testing.assert_allclose(
        found / np.outer(sigma, sigma), expected / np.outer(sigma, sigma), atol=1e-6
    )


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_modes_of_which_nothing_is_left_are_null(kind):
    rng = np.random.default_rng(24)
    case, lower, modes = _with_shares(rng, 8, 2, np.array([1.0, 1.0, 0.9, 0.2]))
    columns = case.columns.astype(kind).reshape(8, 2, -1)
    matrix = BlockLowRank(case.matrix.blocks, (Columns(np.arange(8), columns),))
    factor = factorise_low_rank(matrix)
    close = CLOSE if kind is np.float64 else 1e-5
    np.testing.assert_allclose(factor.share, [0.9, 0.2], rtol=close)
    assert factor.null.shape == (8, 2, 2)
    null = lower.T @ factor.null.reshape(16, 2)
    np.testing.assert_allclose(null.T @ null, np.eye(2), atol=close)
    np.testing.assert_allclose(null @ null.T, modes[:, :2] @ modes[:, :2].T, atol=close)
    # The pseudo-inverse in whitened unknowns.
    inner = np.eye(16) - (modes * [1.0, 1.0, 0.9, 0.2]) @ modes.T
    pseudo = linalg.pinvh(inner, atol=1e-6)
    back = linalg.inv(lower)
    expected = back.T @ pseudo @ back
    found = factor.covariance(np.arange(8)[:, None], np.arange(8))
    found = found.transpose(0, 2, 1, 3).reshape(16, 16)
    assert _in_sigmas(case, found - expected) < 100 * close
    blocks = linalg.block_diag(*factor.covariance_blocks())
    kept = linalg.block_diag(*case.blocks(expected)[np.arange(8), np.arange(8)])
    assert _in_sigmas(case, blocks - kept) < 100 * close
    right = lower @ rng.normal(size=16)
    solved = lower.T @ factor.solve(right.reshape(8, 2)).ravel()
    np.testing.assert_allclose(solved, pseudo @ back @ right, atol=100 * close)
    expected_logdet = 2.0 * np.sum(np.log(np.diag(lower))) + np.log(0.1 * 0.8)
    assert factor.logdet() == pytest.approx(expected_logdet, abs=100 * close)
    draws = factor.draw(20, rng).reshape(20, 16) @ lower
    assert np.max(np.abs(draws @ null)) < 100 * close


def test_what_is_left_is_not_taken_for_rounding_where_blocks_are_nearly_singular():
    """A block of which rounding loses digits does not condemn modes elsewhere."""
    rng = np.random.default_rng(25)
    left = np.array([1e-9, 0.5])
    case, _, modes = _with_shares(rng, 9, 2, 1.0 - left)
    blocks = case.matrix.blocks.copy()
    root = np.linalg.cholesky(blocks)
    root[0] = [[1.0, 0.0], [1.0, 1e-6]]
    blocks[0] = root[0] @ root[0].T
    white = (modes * np.sqrt(1.0 - left)).reshape(9, 2, 2)
    # All that the modes have in that block is along its certain direction.
    white[0, 1] = 0.0
    values = root @ white
    factor = factorise_low_rank(BlockLowRank(blocks, (Columns(np.arange(9), values),)))
    exact = 1.0 - linalg.eigvalsh(white.reshape(18, 2).T @ white.reshape(18, 2))
    np.testing.assert_allclose(factor.left, exact[::-1], rtol=1e-5, atol=1e-13)
    assert factor.null.shape[2] == 0


@pytest.mark.parametrize("weak", 1e-6 * np.linspace(1.0, 1.3, 7))
def test_rounding_of_nearly_singular_blocks_is_not_taken_for_information(weak):
    """All of a block's uncertain direction is taken, which rounding makes ± 1e-4 of."""
    root = np.array([[[2.0, 0.0], [1.0, 1.0]], [[1.1, 0.0], [1.3, weak]]])
    columns = Columns(np.array([1]), root[1:, :, 1:])
    matrix = BlockLowRank(root @ root.transpose(0, 2, 1), (columns,))
    factor = factorise_low_rank(matrix)
    assert factor.null.shape[2] == 1
    assert factor.share.size == 0


def test_draws():
    case = random_case(np.random.default_rng(26), 6, 5, (4, 3))
    n_draws = 20_000
    draws = factorise_low_rank(case.matrix).draw(n_draws, np.random.default_rng(27))
    assert draws.shape == (n_draws, 6, 5)
    flat = draws.reshape(n_draws, 30)
    covariance = case.inverse
    sigma = np.sqrt(np.diag(covariance))
    means = flat.mean(axis=0) / sigma * np.sqrt(n_draws)
    assert np.max(np.abs(means)) < normal_bound(30)
    product = flat.T @ flat / n_draws
    allowed = np.sqrt((np.outer(sigma, sigma) ** 2 + covariance**2) / n_draws)
    pulls = (product - covariance) / allowed
    assert np.max(np.abs(pulls)) < covariance_bound(n_draws, 30 * 31 // 2)


def test_draws_repeat():
    case = random_case(np.random.default_rng(28), 4, 2, (3,))
    factor = factorise_low_rank(case.matrix)
    one, other = (factor.draw(5, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("threshold", [0.05, 0.5])
def test_a_rough_factor_is_that_of_more_information(case, threshold):
    factor = factorise_low_rank(case.matrix, threshold)
    assert np.all(factor.share > threshold)
    every = np.arange(case.matrix.n)
    found = factor.covariance(every[:, None], every).transpose(0, 2, 1, 3)
    ratio = linalg.eigh(
        found.reshape(case.dense.shape), case.inverse, eigvals_only=True
    )
    assert ratio[0] > 1.0 - threshold - 1e-7
    assert ratio[-1] < 1.0 + 1e-7


def test_more_taken_away_than_there_is():
    case = random_case(np.random.default_rng(29), 5, 2, (3,), strongest=1.01)
    with pytest.raises(DegeneracyError, match=r"1\.01 of the information"):
        factorise_low_rank(case.matrix)


def test_singular_blocks_are_named():
    case = random_case(np.random.default_rng(30), 5, 2, (3,))
    blocks = case.matrix.blocks.copy()
    blocks[2] = 0.0
    with pytest.raises(DegeneracyError, match="block 2"):
        factorise_low_rank(BlockLowRank(blocks, case.matrix.parts))
