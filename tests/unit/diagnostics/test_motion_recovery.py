"""Errors of stars that share some: what chance allows, and what is called wrong."""

import numpy as np
import pytest

from alarm import normal_bound, share_bounds, spread_bounds
from reseau.diagnostics.motion_recovery import (
    CHANCE,
    INSIDE,
    PARAMETERS,
    Judged,
    motion_recovery,
)

N, K, R = 300, 5, 3


def catalogue(rng, shared=1.0):
    """Return blocks of N stars, and the columns that they share."""
    mixed = rng.normal(size=(N, K, K)) + 2.0 * np.eye(K)
    own = mixed @ np.swapaxes(mixed, 1, 2)
    return own, shared * rng.normal(size=(N, K, R))


def drawn(rng, own, columns, m):
    """Return joint draws of the errors."""
    alone = np.einsum(
        "nij,mnj->mni", np.linalg.cholesky(own), rng.normal(size=(m, N, K))
    )
    return alone + np.einsum("nkr,mr->mnk", columns, rng.normal(size=(m, R)))


def whole(own, columns):
    return own + columns @ np.swapaxes(columns, 1, 2)


def test_stars_that_share_nothing_are_judged_by_their_number():
    rng = np.random.default_rng(1)
    own, _ = catalogue(rng)
    error = drawn(rng, own, np.zeros((N, K, R)), 1)[0]
    found = motion_recovery(error, own)
    assert (found.n, found.parameters) == (N, PARAMETERS)
    low, high = spread_bounds(N, 2 * K)
    for pull in found.pull:
        assert low < pull.value < high
        assert pull.scatter == pytest.approx(1.0 / np.sqrt(2.0 * N))
    low, high = spread_bounds(N * K)
    assert low < found.chi2.value < high
    for coverage in found.coverage:
        for value, p in zip(coverage.value, INSIDE, strict=True):
            low, high = share_bounds(p, N, 3 * K)
            assert low <= value <= high
    assert found.consistent(1e-6)


def test_chance_is_that_of_the_covariance_between_stars():
    """Var Σz² = 2 tr R² for Normal numbers of correlations R (Searle 1971)."""
    rng = np.random.default_rng(2)
    own, columns = catalogue(rng, 4.0)
    draws = drawn(rng, own, columns, 2000)
    found = motion_recovery(
        draws[0], whole(own, columns), iter(np.split(draws[1:1801], 9))
    )
    for j in range(K):
        t = columns[:, j]
        full = np.diag(own[:, j, j]) + t @ t.T
        sigma = np.sqrt(np.diag(full))
        correlations = full / sigma / sigma[:, None]
        stars = N**2 / np.sum(correlations**2)
        assert stars < 0.1 * N
        # Of 1,800 draws: the relative error of a variance of few χ² is 6 % or less.
        assert found.pull[j].stars == pytest.approx(stars, rel=0.06 * normal_bound(K))
        weighted = np.sum(sigma**2) ** 2 / np.sum(full**2)
        assert found.ratio[j].stars == pytest.approx(
            weighted, rel=0.06 * normal_bound(K)
        )


def test_errors_that_all_stars_share_are_no_alarm_where_they_are_stated():
    rng = np.random.default_rng(3)
    own, columns = catalogue(rng, 4.0)
    covariance = whole(own, columns)
    draws = drawn(rng, own, columns, 200)
    alarms = {"shared": 0, "as if apart": 0}
    for error in drawn(rng, own, columns, 25):
        with_draws = motion_recovery(error, covariance, [draws])
        alarms["shared"] += not with_draws.consistent(CHANCE / 11)
        alone = motion_recovery(error, covariance)
        alarms["as if apart"] += not alone.consistent(CHANCE / 11)
    # A false alarm in 370 at most: 4 of 25 come once in 10⁶ times.
    assert alarms["shared"] < 4
    assert alarms["as if apart"] > 12


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_errors_of_another_size_are_found(factor):
    rng = np.random.default_rng(4)
    own, columns = catalogue(rng, 0.3)
    draws = drawn(rng, own, columns, 200)
    error = factor * drawn(rng, own, columns, 1)[0]
    found = motion_recovery(error, whole(own, columns), [draws])
    assert not found.consistent(1e-6)
    unjudged = motion_recovery(error, whole(own, columns), [draws], judged=False)
    assert unjudged.consistent(1e-6)
    values = found.as_dict()
    assert set(values["parameters"]) == set(PARAMETERS)
    assert values["parameters"]["parallax"]["pull_std"]["value"] == pytest.approx(
        factor, rel=0.2
    )


def test_bounds_are_those_of_the_root_mean_square():
    rng = np.random.default_rng(5)
    low, high = Judged(1.0, 0.1, 12.0).bounds(0.1)
    values = np.sqrt(np.mean(rng.normal(size=(20_000, 12)) ** 2, axis=1))
    least, most = share_bounds(0.05, 20_000, 2)
    assert least <= np.mean(values < low) <= most
    assert least <= np.mean(values > high) <= most
