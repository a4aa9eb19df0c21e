"""Recovery statistics against SciPy and NumPy's own linear algebra."""

import json

import numpy as np
import pytest
from scipy import linalg

from alarm import spread_bounds
from reseau.diagnostics import (
    decorrelated_pulls,
    recovery_by_class,
    recovery_dict,
    recovery_statistics,
    recovery_table,
)
from reseau.diagnostics.recovery import ratio_tolerance
from reseau.errors import CatalogueError, ShapeError


def _draws(n: int, seed: int, equal: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(1 if equal else n, 2, 2)) + 2.0 * np.eye(2)
    covariance = np.broadcast_to(root @ np.swapaxes(root, 1, 2), (n, 2, 2)).copy()
    error = np.einsum(
        "nij,nj->ni", np.linalg.cholesky(covariance), rng.normal(size=(n, 2))
    )
    return error, covariance


def test_pulls_are_whitened_by_the_cholesky_factor() -> None:
    error, covariance = _draws(50, seed=1)
    wanted = [
        linalg.solve_triangular(linalg.cholesky(c, lower=True), e, lower=True)
        for e, c in zip(error, covariance, strict=True)
    ]
    np.testing.assert_allclose(decorrelated_pulls(error, covariance), wanted, rtol=1e-9)


def test_squared_pulls_are_the_mahalanobis_distance() -> None:
    error, covariance = _draws(50, seed=2)
    wanted = np.einsum("ni,nij,nj->n", error, np.linalg.inv(covariance), error)
    found = np.sum(decorrelated_pulls(error, covariance) ** 2, axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_statistics_by_their_definitions() -> None:
    error = np.array([[3.0, 4.0], [0.0, -1.0]])
    covariance = np.array([np.diag([9.0, 4.0]), np.diag([1.0, 4.0])])
    r = recovery_statistics(error, covariance)
    assert r.n == 2
    assert r.rms_mas == pytest.approx(np.sqrt(26.0 / 4.0))
    assert r.crb_ratio == pytest.approx(np.sqrt(26.0 / 18.0))
    assert r.pull_std == pytest.approx(np.sqrt((1.0 + 4.0 + 0.0 + 0.25) / 4.0))
    assert r.tolerance == pytest.approx(3.0 / np.sqrt(8.0))
    assert r.consistent


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1])
def test_only_right_errors_are_consistent(factor: float) -> None:
    """Three σ are passed by chance, which the draws are therefore freed of."""
    error, covariance = _draws(5000, seed=3, equal=True)
    chance = np.sqrt(np.mean(decorrelated_pulls(error, covariance) ** 2))
    low, high = spread_bounds(10_000)
    assert low < chance < high
    r = recovery_statistics(factor * error / chance, covariance)
    assert r.pull_std == pytest.approx(factor, rel=1e-12)
    assert r.consistent == (factor == 1.0)


def test_a_common_bias_is_not_consistent() -> None:
    error, covariance = _draws(5000, seed=4, equal=True)
    assert not recovery_statistics(error + 1.0, covariance).consistent


def test_the_tolerance_is_three_sigma_by_monte_carlo() -> None:
    rng = np.random.default_rng(5)
    spread = np.sqrt(np.mean(rng.normal(size=(20_000, 200)) ** 2, axis=1))
    low, high = spread_bounds(20_000)
    # 3/√(2n) is itself right to a part in 8n.
    assert 0.999 * low < np.std(spread) / (ratio_tolerance(200) / 3.0) < 1.001 * high


def test_classes_tables_and_json() -> None:
    error, covariance = _draws(300, seed=6)
    is_reference = np.arange(300) < 250
    classes = {
        "reference": is_reference,
        "artificial": ~is_reference,
        "wrong_prior": np.zeros(300, dtype=bool),
    }
    found = recovery_by_class(error, covariance, classes)
    assert list(found) == ["reference", "artificial"]
    assert found["artificial"] == recovery_statistics(error[250:], covariance[250:])
    lines = recovery_table(found)
    assert len(lines) == 3
    assert len({line.index("±") for line in lines[1:]}) == 1
    assert lines[1].split()[:2] == ["reference", "250"]
    plain = json.loads(json.dumps(recovery_dict(found), allow_nan=False))
    assert plain["reference"]["n"] == 250
    assert plain["reference"]["pull_std"] == found["reference"].pull_std
    assert isinstance(plain["reference"]["consistent"], bool)


def test_an_empty_class_has_no_numbers() -> None:
    r = recovery_statistics(np.zeros((0, 2)), np.zeros((0, 2, 2)))
    assert r.n == 0
    assert not r.consistent
    assert r.as_dict()["rms_mas"] is None
    assert r.as_dict()["tolerance"] is None


def test_fixed_sources_are_refused_by_row() -> None:
    error, covariance = _draws(5, seed=7)
    covariance[3] = 0.0
    with pytest.raises(CatalogueError, match=r"(?s)1 sources.*rows 3 "):
        recovery_statistics(error, covariance)


def test_missing_errors_are_refused_by_row() -> None:
    error, covariance = _draws(5, seed=7)
    error[[1, 2], 0] = np.nan
    with pytest.raises(CatalogueError, match=r"(?s)2 sources.*rows 1, 2 "):
        recovery_statistics(error, covariance)


@pytest.mark.unchecked
def test_shapes_are_named() -> None:
    with pytest.raises(ShapeError, match=r"\(3, 3\)"):
        recovery_statistics(np.zeros((3, 3)), np.zeros((3, 2, 2)))
