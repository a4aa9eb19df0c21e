"""The random limit: how it scales, its floor, and what visits do not determine."""

import numpy as np
import pytest

from reseau.datasets import read_instrument
from reseau.survey.noise import exposure_error
from reseau.survey.random_limit import factors_at, mean_errors, random_limit
from reseau.survey.star_config import NoiseConfig

CAMERA = read_instrument("jasmine-mission")
MAGNITUDE = np.array([11.0, 12.5, 14.5])
EPOCH = 2031.0 + np.linspace(0.0, 3.0, 40)
CENTRE = np.array([-0.0546, -0.8728, -0.4850]) / np.linalg.norm(
    [-0.0546, -0.8728, -0.4850]
)
FACTORS = factors_at(EPOCH, CENTRE)


def limit(epoch=EPOCH, factors=FACTORS, exposures=None, **more):
    """Return the limit of stars of three magnitudes."""
    if exposures is None:
        exposures = np.full(len(epoch), 44.0)
    return random_limit(
        MAGNITUDE,
        exposure_error(MAGNITUDE),
        epoch=epoch,
        factors=factors,
        exposures=exposures,
        **more,
    )


def test_four_times_the_exposures_halve_the_limit():
    one, four = limit(), limit(exposures=np.full(40, 176.0))
    np.testing.assert_allclose(one.parallax, 2.0 * four.parallax)
    np.testing.assert_allclose(one.motion, 2.0 * four.motion)
    np.testing.assert_allclose(one.position, 2.0 * four.position)


def test_the_limit_follows_the_error_of_an_exposure():
    found = limit()
    ratio = found.parallax / exposure_error(MAGNITUDE)
    np.testing.assert_allclose(ratio, ratio[0])


def test_a_floor_counts_with_each_visit():
    # 0.3 mas a visit costs a star of Hw = 12.5 a factor 1.126.
    worse = limit(floor=0.3).parallax / limit().parallax
    visit = exposure_error(MAGNITUDE) / np.sqrt(44.0)
    np.testing.assert_allclose(worse, np.hypot(visit, 0.3) / visit)
    assert worse[1] == pytest.approx(1.126, abs=1e-3)


def test_what_visits_do_not_determine_is_not_a_number():
    for few in (0, 1, 2):
        assert np.isnan(limit(EPOCH[:few], FACTORS[:few]).parallax).all()
    same = np.full(30, 2031.2)
    found = limit(same, factors_at(same, CENTRE))
    assert np.isnan(found.parallax).all()
    assert np.isnan(found.motion).all()


def test_errors_of_an_exposure_are_those_of_the_noise():
    plain = mean_errors(NoiseConfig(kind="magnitude"), MAGNITUDE, CAMERA)
    np.testing.assert_allclose(plain, exposure_error(MAGNITUDE))
    constant = mean_errors(NoiseConfig(constant_pixel=0.02), MAGNITUDE, CAMERA)
    np.testing.assert_allclose(constant, 0.02 * 10.0 / 4_370_400.0 * 206_264_806.2)
    table = {"mag": np.array([10.0, 15.0]), "error_mas": np.array([2.0, 20.0])}
    noise = NoiseConfig(kind="table", file="mine.csv", factor=2.0)
    found = mean_errors(noise, np.array([12.5]), CAMERA, table=table)
    np.testing.assert_allclose(found, 2.0 * np.sqrt(40.0))


def test_vignetting_is_averaged_over_the_detectors():
    noise = NoiseConfig(kind="magnitude", vignetting=0.3)
    found = mean_errors(noise, MAGNITUDE, CAMERA)
    least, most = (exposure_error(MAGNITUDE - 2.5 * np.log10(1 - v)) for v in (0, 0.3))
    assert np.all((found > least) & (found < most))
