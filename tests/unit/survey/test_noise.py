"""Errors of centroids: the mission's figures, tables, outliers, what is stated."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from alarm import RATE, share_bounds
from reseau.errors import CatalogueError
from reseau.survey.noise import (
    centroid_errors,
    draw_noise,
    exposure_error,
    vignetted,
)
from reseau.survey.star_config import NoiseConfig

PIXEL = 472.0  # mas
TABLE = {"mag": np.array([14.0, 10.0, 12.0]), "error_mas": np.array([8.0, 2.0, 4.0])}


def test_the_missions_figures():
    # JASMINE-C2-TN-RO-20231025-01; 4 mas is 0.01 pixel.
    hw = np.array([11.0, 12.0, 12.5, 13.5, 14.5])
    wanted = [2.61, 3.26, 3.84, 5.97, 10.8]
    np.testing.assert_allclose(exposure_error(hw), wanted, rtol=0.003)
    assert exposure_error(np.array([0.0])) == pytest.approx(2.126, abs=1e-4)
    # Far beyond the limit the background rules: errors grow as light falls.
    assert np.diff(np.log10(exposure_error(np.array([24.0, 25.0]))))[
        0
    ] == pytest.approx(0.4, abs=1e-3)


def test_kinds_of_errors():
    hw = np.array([9.0, 10.0, 11.0, 12.0, 13.0, 15.0])
    constant = centroid_errors(NoiseConfig(factor=2.0), hw, pixel=PIXEL)
    np.testing.assert_array_equal(constant, 0.02)
    formula = centroid_errors(NoiseConfig(kind="magnitude"), hw, pixel=PIXEL)
    np.testing.assert_allclose(formula * PIXEL, exposure_error(hw))
    config = NoiseConfig(kind="table", file="errors.ecsv")
    found = centroid_errors(config, hw, pixel=PIXEL, table=TABLE)
    wanted = [2.0, 2.0, np.sqrt(8.0), 4.0, np.sqrt(32.0), 8.0]
    np.testing.assert_allclose(found * PIXEL, wanted)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"error_mas": None}, "lacks the column error_mas"),
        ({"error_mas": np.array([1.0, 0.0, 2.0])}, "1 of them without"),
        ({"mag": np.array([10.0, np.nan, 12.0])}, "1 of them without"),
        ({"mag": np.array([10.0, 10.0, 12.0])}, "1 with a magnitude of another"),
        ({"mag": np.zeros(0), "error_mas": np.zeros(0)}, "one row or more"),
    ],
)
def test_a_bad_table_is_explained(change, wanted):
    table = {n: v for n, v in {**TABLE, **change}.items() if v is not None}
    config = NoiseConfig(kind="table", file="errors.ecsv")
    with pytest.raises(CatalogueError) as caught:
        centroid_errors(config, np.array([12.0]), pixel=PIXEL, table=table)
    assert wanted in str(caught.value)


def test_centroids_scatter_as_their_magnitudes_say():
    rng = np.random.default_rng(11)
    hw = rng.uniform(9.5, 14.5, 50_000)
    config = NoiseConfig(kind="magnitude", magnitude_error=0.03)
    error = centroid_errors(config, hw, pixel=PIXEL)
    noise = draw_noise(config, error, rng)
    np.testing.assert_array_equal(noise.stated, error)
    assert not noise.outlier.any()
    edges = np.arange(9.5, 15.0, 0.5)
    for low, high in pairwise(edges):
        rows = (hw >= low) & (hw < high)
        wanted = exposure_error(hw[rows]) / PIXEL
        for axis in (0, 1):
            pull = noise.offset[rows, axis] / wanted
            assert stats.kstest(pull, "norm").pvalue > RATE / 21
    assert stats.kstest(noise.magnitude / 0.03, "norm").pvalue > RATE / 21


def test_bins_are_told_apart_by_the_test_above():
    # The same with errors 5 % off is found.
    rng = np.random.default_rng(12)
    pull = 1.05 * rng.standard_normal(50_000)
    assert stats.kstest(pull, "norm").pvalue < RATE / 21


def test_outliers_are_a_mixture_of_two_widths():
    rng = np.random.default_rng(13)
    config = NoiseConfig(outlier_fraction=0.1, outlier_width_sigma=20.0)
    error = np.full(40_000, 0.01)
    noise = draw_noise(config, error, rng)
    low, high = share_bounds(0.1, len(error))
    assert low <= noise.outlier.mean() <= high

    def mixture(x):
        return 0.9 * stats.norm.cdf(x) + 0.1 * stats.norm.cdf(x / 20.0)

    assert stats.kstest(noise.offset[:, 0] / 0.01, mixture).pvalue > RATE
    assert stats.kstest(noise.offset[:, 0] / 0.01, "norm").pvalue < RATE
    # They claim what the others claim.
    np.testing.assert_array_equal(noise.stated, 0.01)


def test_dishonest_errors_change_the_claim_only():
    honest, boast = NoiseConfig(), NoiseConfig(stated_factor=0.5)
    error = np.full(100, 0.01)
    one, other = (
        draw_noise(c, error, np.random.default_rng(1)) for c in (honest, boast)
    )
    np.testing.assert_array_equal(one.offset, other.offset)
    np.testing.assert_array_equal(other.stated, 0.5 * one.stated)


def test_outliers_leave_other_measurements_as_they_are():
    few, many = NoiseConfig(outlier_fraction=0.01), NoiseConfig(outlier_fraction=0.2)
    error = np.full(1000, 0.01)
    one, other = (draw_noise(c, error, np.random.default_rng(1)) for c in (few, many))
    assert np.all(other.outlier[one.outlier])
    np.testing.assert_array_equal(
        one.offset[~other.outlier], other.offset[~other.outlier]
    )


def test_vignetting_makes_stars_fainter_towards_the_edge():
    config = NoiseConfig(vignetting=0.6)
    found = vignetted(config, np.full(4, 12.0), np.array([0.0, 0.5, 1.0, 2.0]))
    # 85 % and 40 % of the light are left.
    np.testing.assert_allclose(
        10.0 ** (-0.4 * (found - 12.0)), [1.0, 0.85, 0.4, 0.4], rtol=1e-12
    )
    plain = vignetted(NoiseConfig(), np.full(4, 12.0), np.linspace(0.0, 1.0, 4))
    np.testing.assert_array_equal(plain, 12.0)
