"""A survey against its truth: means over plates, what is pooled, what is said."""

import numpy as np
import pytest

from reseau.diagnostics.comparison.truth import Comparison
from reseau.diagnostics.recovery import recovery_statistics
from reseau.diagnostics.validation import (
    PlateCheck,
    Validation,
    weighted_means,
)


def covariances(rng, n):
    """Return random positive definite matrices."""
    mixed = rng.normal(size=(n, 2, 2)) + 2.0 * np.eye(2)
    return mixed @ np.swapaxes(mixed, 1, 2)


def test_means_are_those_of_the_textbook():
    rng = np.random.default_rng(1)
    ids = np.array([7, 3, 7, 3, 7, 11])
    error, covariance = rng.normal(size=(6, 2)), covariances(rng, 6)
    found = weighted_means(ids, error, covariance)
    assert found.source_id.tolist() == [3, 7, 11]
    assert found.plates.tolist() == [2, 3, 1]
    for row, source in enumerate(found.source_id):
        of = np.flatnonzero(ids == source)
        # Generalised least squares with all measurements of the source in one vector.
        design = np.tile(np.eye(2), (len(of), 1))
        whole = np.zeros((2 * len(of), 2 * len(of)))
        for i, k in enumerate(of):
            whole[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = covariance[k]
        weight = np.linalg.inv(whole)
        normal = design.T @ weight @ design
        mean = np.linalg.solve(normal, design.T @ weight @ error[of].ravel())
        np.testing.assert_allclose(found.deviation[row], mean, rtol=1e-12)
        np.testing.assert_allclose(
            found.covariance[row], np.linalg.inv(normal), rtol=1e-12
        )


def check(rng, plate, names):
    """Return a plate whose errors are drawn from their covariances."""
    errors, formal = {}, {}
    for name, n in names.items():
        formal[name] = covariances(rng, n)
        factor = np.linalg.cholesky(formal[name])
        errors[name] = np.einsum("nij,nj->ni", factor, rng.normal(size=(n, 2)))
    return PlateCheck(
        plate=plate,
        epoch=2028.0 + plate,
        comparison=Comparison(
            recoveries={n: recovery_statistics(errors[n], formal[n]) for n in errors},
            pulls={},
            errors=errors,
            covariances=formal,
        ),
        residuals=np.ones(81, dtype=int),
        residual_rms=0.01,
        artificial=np.arange(names.get("artificial", 0)),
    )


@pytest.fixture(scope="module")
def validation():
    rng = np.random.default_rng(5)
    names = {"reference": 400, "artificial": 20}
    return Validation("a test", tuple(check(rng, p, names) for p in range(6)))


def test_all_plates_count_together(validation):
    found = validation.recoveries
    assert {n: r.n for n, r in found.items()} == {"reference": 2400, "artificial": 120}
    assert validation.consistent
    assert len(validation.pulls["reference"]) == 2400


def test_means_of_plates_that_share_nothing_are_as_good_as_promised(validation):
    means = validation.artificial
    assert means is not None
    assert means.plates.tolist() == [6] * 20
    # 3.5 sigma of the standard deviation of 40 Normal numbers.
    assert abs(means.recovery.pull_std - 1.0) < 3.5 / np.sqrt(2.0 * 40)


def test_errors_that_plates_share_do_not_average():
    rng = np.random.default_rng(6)
    ids = np.tile(np.arange(30), 50)
    shared = rng.normal(size=(30, 2))
    error = np.tile(shared, (50, 1)) + 0.1 * rng.normal(size=(1500, 2))
    covariance = np.tile(1.01 * np.eye(2), (1500, 1, 1))
    found = weighted_means(ids, error, covariance).recovery
    assert found.crb_ratio > 4.0  # about the root of 50


def test_what_is_wrong_is_said():
    rng = np.random.default_rng(7)
    bad = check(rng, 0, {"reference": 400})
    bad.comparison.errors["reference"] *= 2.0
    found = Validation("a test", (bad,))
    assert not found.consistent
    assert found.artificial is None
    assert "NO" in str(found)
    assert found.as_dict()["recoveries"]["reference"]["pull_std"] > 1.8


def test_classes_of_single_plates_may_be_missing():
    rng = np.random.default_rng(8)
    first = check(rng, 0, {"reference": 50, "artificial": 5})
    second = check(rng, 1, {"reference": 50})
    found = Validation("a test", (first, second))
    assert found.recoveries["artificial"].n == 5
    assert found.artificial is not None
    assert found.artificial.plates.tolist() == [1] * 5
