"""Residual statistics against SciPy and Monte Carlo."""

import numpy as np
import pytest
from scipy import stats

from alarm import RATE, chi2_bounds, spread_bounds
from reseau.diagnostics import binned_vectors, exposure_chi2, running_statistics


def _plane(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-2000.0, 2000.0, n), rng.uniform(-1000.0, 1000.0, n)
    sigma_x, sigma_y = rng.uniform(1.0, 3.0, (2, n))
    dx, dy = rng.normal(0.0, sigma_x), rng.normal(0.0, sigma_y)
    names = ("x", "y", "dx", "dy", "sigma_x", "sigma_y")
    return dict(zip(names, (x, y, dx, dy, sigma_x, sigma_y), strict=True))


def _binned(plane: dict[str, np.ndarray], **options: int):
    rest = {k: v for k, v in plane.items() if k not in "xy"}
    return binned_vectors(plane["x"], plane["y"], **rest, **options)


def test_cells_are_squares_that_hold_all() -> None:
    plane = _plane(4000, seed=1)
    binned = _binned(plane, n_bins=10)
    assert binned.count.shape[1] == 10
    assert binned.edges_x[-1] == pytest.approx(plane["x"].max())
    assert binned.edges_y[0] <= plane["y"].min()
    assert binned.edges_y[-1] >= plane["y"].max()
    assert binned.count.sum() == 4000
    sides = np.concatenate([np.diff(binned.edges_x), np.diff(binned.edges_y)])
    np.testing.assert_allclose(sides, sides[0])


def test_means_are_weighted_and_counted_as_by_scipy() -> None:
    plane = _plane(4000, seed=2)
    binned = _binned(plane, n_bins=8)
    bins = [binned.edges_x, binned.edges_y]
    weight = 1.0 / plane["sigma_x"] ** 2

    def total(values: np.ndarray) -> np.ndarray:
        both = (plane["x"], plane["y"])
        return stats.binned_statistic_2d(*both, values, "sum", bins).statistic.T

    np.testing.assert_array_equal(binned.count, total(np.ones(4000)))
    wanted = total(weight * plane["dx"]) / total(weight)
    np.testing.assert_allclose(binned.dx, wanted, rtol=1e-10)
    np.testing.assert_allclose(binned.expected_x, total(weight) ** -0.5, rtol=1e-10)


def test_noise_alone_gives_the_expected_size() -> None:
    binned = _binned(_plane(200_000, seed=3), n_bins=30)
    n = 2 * np.count_nonzero(binned.used)
    low, high = spread_bounds(n)
    assert low < binned.rms / binned.expected < high
    low, high = chi2_bounds(n)
    assert low < n * binned.reduced_chi2 < high


def test_a_pattern_shows_where_it_is() -> None:
    plane = _plane(50_000, seed=4)
    plane["dy"] = plane["dy"] + 2.0 * (plane["x"] > 0.0)
    binned = _binned(plane, n_bins=10)
    right = binned.centres[0] > 0.0
    assert np.mean(binned.dy[right]) == pytest.approx(2.0, abs=0.05)
    assert np.mean(binned.dy[~right]) == pytest.approx(0.0, abs=0.05)
    assert np.mean(binned.dx) == pytest.approx(0.0, abs=0.05)


def test_thin_cells_have_no_mean() -> None:
    binned = _binned(_plane(100, seed=5), n_bins=20, minimum_count=3)
    np.testing.assert_array_equal(binned.used, binned.count >= 3)
    assert not binned.used.all()


def test_a_single_point_is_one_cell() -> None:
    one = {k: np.array([1.0]) for k in ("x", "y", "dx", "dy", "sigma_x", "sigma_y")}
    binned = _binned(one, minimum_count=1)
    assert binned.count.shape == (1, 1)
    assert binned.dx[0, 0] == 1.0


def test_running_statistics_as_by_scipy() -> None:
    rng = np.random.default_rng(6)
    variable, residual = rng.uniform(10.0, 14.0, 5000), rng.normal(size=5000)
    sigma = rng.uniform(1.0, 2.0, 5000)
    found = running_statistics(variable, residual, sigma, n_bins=8)
    median, edges, _ = stats.binned_statistic(variable, residual, "median", bins=8)
    np.testing.assert_allclose(found.median, median)
    first = variable < edges[1]
    assert found.count[0] == np.count_nonzero(first)
    assert found.rms[0] == pytest.approx(np.sqrt(np.mean(residual[first] ** 2)))
    assert found.expected[0] == pytest.approx(np.sqrt(np.mean(sigma[first] ** 2)))
    inside = np.abs(residual[first] - 0.5 * (found.low + found.high)[0])
    share = np.mean(inside < 0.5 * (found.high - found.low)[0])
    assert share == pytest.approx(0.6827, abs=0.005)


def test_thin_bins_join_their_neighbours() -> None:
    rng = np.random.default_rng(7)
    variable = 14.0 - rng.exponential(0.8, 3000)
    variable[:10] = np.nan
    found = running_statistics(variable, variable, variable, minimum_count=50)
    assert found.count.sum() == 2990
    assert found.count.min() >= 50
    assert np.all(np.diff(found.centre) > 0.0)


def test_too_few_values_make_one_bin_and_none_make_none() -> None:
    few = np.array([1.0, 2.0, 3.0])
    assert running_statistics(few, few, few).count.tolist() == [3]
    empty = np.zeros(0)
    assert running_statistics(empty, empty, empty).count.size == 0


def test_exposures_lie_in_the_range_of_chance() -> None:
    rng = np.random.default_rng(8)
    n_exposures, each = 2000, 40
    exposure = np.repeat(np.arange(n_exposures), each)
    pull = rng.normal(size=(2, exposure.size))
    found = exposure_chi2(exposure, *pull, n_exposures=n_exposures, probability=0.95)
    outside = (found.reduced < found.low) | (found.reduced > found.high)
    wanted = stats.binom(n_exposures, 0.05)
    assert wanted.ppf(0.5 * RATE) <= outside.sum() <= wanted.isf(0.5 * RATE)
    first = pull[:, :each]
    assert found.reduced[0] == pytest.approx(np.sum(first**2) / (2 * each))


def test_degrees_of_freedom_are_shared_and_empty_exposures_have_none() -> None:
    pull = np.ones(4)
    found = exposure_chi2(np.array([0, 0, 0, 2]), pull, pull, n_exposures=3, dof=4.0)
    np.testing.assert_array_equal(found.n_coordinates, [6, 0, 2])
    np.testing.assert_allclose(found.reduced, [2.0, np.nan, 2.0])
