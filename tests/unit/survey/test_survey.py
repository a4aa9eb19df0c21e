"""One simulated orbit: its tables, its counts, its errors' statistics, bad input."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from alarm import RATE, covariance_bound, normal_bound, spread_bounds
from reseau.errors import ConfigError
from reseau.instrument import NoDistortion
from reseau.survey import jasmine_instrument, simulate_orbit
from reseau.survey.camera_flaws import built_camera
from reseau.survey.flaw_config import CameraConfig
from reseau.survey.references import draw_correlations
from reseau.tables.layouts import (
    EXPOSURES,
    MEASUREMENTS,
    REFERENCE,
    TRUTH_EXPOSURES,
    TRUTH_SOURCES,
)

TABLES = {
    "exposures": EXPOSURES,
    "measurements": MEASUREMENTS,
    "reference": REFERENCE,
    "truth_sources": TRUTH_SOURCES,
    "truth_exposures": TRUTH_EXPOSURES,
}
PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")


@pytest.fixture(scope="module")
def orbit():
    return simulate_orbit()


@pytest.fixture(scope="module")
def small():
    return simulate_orbit(small=True)


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_those_of_files(small, table):
    columns, schema = getattr(small, table), TABLES[table]
    assert set(schema.required) <= set(columns)
    lengths = {len(v) for v in columns.values()}
    assert len(lengths) == 1
    for name in set(columns) & set(schema.names):
        assert columns[name].dtype == np.dtype(schema[name].dtype), name
        if schema[name].dtype == "float64":
            assert np.all(np.isfinite(columns[name])), name


def test_one_orbit_is_seed_000s_mini_survey(orbit):
    assert len(orbit.exposures["epoch"]) == 96
    assert np.bincount(orbit.exposures["field_id"]).tolist() == [24] * 4
    assert len(orbit.reference["ra"]) == 10_000
    assert orbit.truth_sources["artificial"].sum() == 50
    assert 300_000 < len(orbit.measurements["x"]) < 350_000
    minutes = np.ptp(orbit.exposures["epoch"]) * 525_960.0
    assert 48.0 < minutes < 50.0


def test_fields_overlap(orbit):
    _, index = np.unique(orbit.measurements["source_id"], return_inverse=True)
    field = orbit.exposures["field_id"][orbit.measurements["exposure_id"]]
    seen = np.zeros((index.max() + 1, 4), dtype=bool)
    seen[index, field] = True
    number, counts = seen.sum(axis=1), np.bincount(index)
    assert np.mean(number >= 2) > 0.5
    assert np.mean(number == 4) > 0.08
    assert np.mean((counts >= 15) & (counts <= 72)) > 0.75
    assert len(counts) > 0.999 * 10_050
    assert np.quantile(counts, 0.01) > 4


def test_artificial_sources_have_no_reference(orbit):
    truth = orbit.truth_sources
    made_up = truth["source_id"][truth["artificial"]]
    assert not np.isin(made_up, orbit.reference["source_id"]).any()
    others = truth["source_id"][~truth["artificial"]]
    np.testing.assert_array_equal(others, orbit.reference["source_id"])
    for name in ("parallax", "pmra", "pmdec"):
        assert np.all(truth[name][truth["artificial"]] == 0.0)


def test_every_measurement_lies_on_its_detector(orbit):
    assert np.isin(
        orbit.measurements["source_id"], orbit.truth_sources["source_id"]
    ).all()
    for axis in "xy":
        values = orbit.measurements[axis]
        assert -0.6 < values.min() < 5.0
        assert 1915.0 < values.max() < 1919.6
    share = np.bincount(orbit.measurements["detector_id"])[1:] / len(values)
    np.testing.assert_allclose(share, 0.25, atol=0.03)


def reference_errors(plate):
    """Return errors of the five parameters, and their stated covariance."""
    held = ~plate.truth_sources["artificial"]
    truth = {name: v[held] for name, v in plate.truth_sources.items()}
    cos = np.cos(np.radians(truth["barycentric_dec"]))
    reference = plate.reference
    error = [(reference["ra"] - truth["barycentric_ra"]) * cos * 3.6e6]
    error += [(reference["dec"] - truth["barycentric_dec"]) * 3.6e6]
    error += [reference[p] - truth[p] for p in PARAMETERS[2:]]
    correlation = np.tile(np.eye(5), (len(cos), 1, 1))
    for i, j in combinations(range(5), 2):
        column = reference[f"{PARAMETERS[i]}_{PARAMETERS[j]}_corr"]
        correlation[:, i, j] = correlation[:, j, i] = column
    width = np.stack([reference[f"{p}_error"] for p in PARAMETERS], axis=-1)
    return np.stack(error, -1), correlation * width[:, :, None] * width[:, None, :]


def test_reference_is_truth_plus_errors_of_the_stated_covariance(orbit):
    error, covariance = reference_errors(orbit)
    solved = np.linalg.solve(covariance, error[:, :, None])[:, :, 0]
    chi2 = np.sum(error * solved, axis=1)
    assert stats.kstest(chi2, stats.chi2(5).cdf).pvalue > RATE
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, error[:, :, None])[:, :, 0]
    n = len(white)
    assert np.max(np.abs(white.mean(axis=0))) < normal_bound(5) / np.sqrt(n)
    off = np.abs(np.cov(white.T) - np.eye(5))
    assert np.max(off) < covariance_bound(n, 25) * np.sqrt(2.0 / n)


def test_errors_grow_with_magnitude_as_gaias(orbit):
    # Gaia EDR3, median parallax errors: 0.02-0.03 mas at G < 15, 0.07 at 17, 0.5 at 20
    # (Lindegren et al. 2021, A&A 649, A2, table 4).
    g, error = orbit.reference["phot_g_mean_mag"], orbit.reference["parallax_error"]
    for magnitude, published in ((14.0, 0.02), (17.0, 0.07), (20.0, 0.5)):
        found = np.median(error[np.abs(g - magnitude) < 0.2])
        assert 0.7 < found / published < 1.4


def test_correlations_are_of_gaias_size():
    correlation = draw_correlations(np.random.default_rng(1), 20_000)
    assert np.all(np.linalg.eigvalsh(correlation)[:, 0] > 0)
    aside = correlation[:, *np.triu_indices(5, 1)]
    assert 0.2 < aside.std() < 0.4
    np.testing.assert_allclose(aside.mean(), 0.0, atol=0.02)


def test_wrong_references_are_off_in_proper_motion_and_marked():
    plate = simulate_orbit(small=True, wrong_fraction=0.1)
    error, covariance = reference_errors(plate)
    pull = error / np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    wrong = plate.truth_sources["wrong_prior"]
    assert wrong.sum() == 40
    assert not np.any(wrong & plate.truth_sources["artificial"])
    wrong = wrong[~plate.truth_sources["artificial"]]
    motion = np.hypot(pull[:, 3], pull[:, 4])
    assert np.all(motion[wrong] > 5.0)
    assert np.all(motion[wrong] < 55.0)
    assert np.all(motion[~wrong] < np.sqrt(stats.chi2.isf(RATE / motion.size, 2)))
    assert np.all(np.abs(pull[:, :3]) < normal_bound(3 * motion.size))


def test_wrong_references_change_nothing_else(small):
    plate = simulate_orbit(small=True, wrong_fraction=0.5)
    good = ~plate.truth_sources["wrong_prior"][~plate.truth_sources["artificial"]]
    for name, values in plate.reference.items():
        rows = good if name in ("pmra", "pmdec") else np.ones_like(good)
        np.testing.assert_array_equal(values[rows], small.reference[name][rows])
    np.testing.assert_array_equal(plate.measurements["x"], small.measurements["x"])


def test_pointings_are_off_by_what_is_said(orbit):
    truth, believed = orbit.truth_exposures, orbit.exposures
    cos = np.cos(np.radians(truth["dec"]))
    for name, scale, sigma in (
        ("ra", cos, 10.0),
        ("dec", 1.0, 10.0),
        ("pa", 1.0, 30.0),
    ):
        off = (believed[name] - truth[name]) * scale * 3600.0
        low, high = spread_bounds(off.size, 3)
        assert low * sigma < off.std() < high * sigma, name
    focal = np.stack([truth["focal_x_mm"], truth["focal_y_mm"]])
    assert 0.2 < (focal - 4860.0).std() < 0.4


def test_true_instrument_differs_from_its_drawing(orbit):
    true, drawn = orbit.truth_instrument, orbit.instrument
    names = np.array(drawn.distortion.names)
    degree = np.array([int(n[2]) + int(n[3]) for n in names])
    size = [np.sqrt(np.mean(true.coefficients[degree == d] ** 2)) for d in (2, 5)]
    assert size[0] > 15.0 > 10.0 > size[1] > 1.0
    shift = true.detectors.centre - drawn.detectors.centre
    assert 10.0 < np.sqrt(np.mean(shift**2)) < 60.0
    assert np.all(drawn.coefficients == 0.0)


def test_without_aberration_velocities_are_left_out(small):
    plate = simulate_orbit(small=True, effects=())
    assert plate.effects == ()
    assert small.effects == ("aberration",)
    assert "obs_vx" in small.exposures
    assert "obs_x" in plate.exposures
    assert not [name for name in plate.exposures if name.startswith("obs_v")]


def test_a_satellite_moves_between_exposures(small):
    plate = simulate_orbit(small=True, observer="orbit")
    earth = np.stack([small.exposures[f"obs_v{a}"] for a in "xyz"])
    there = np.stack([plate.exposures[f"obs_v{a}"] for a in "xyz"])
    speed = np.linalg.norm(there - earth, axis=0)
    np.testing.assert_allclose(speed, 7.47, atol=0.02)


def test_more_stars_than_the_field_has_are_copies_with_ids_of_their_own():
    plate = simulate_orbit(sources=15_000, exposures=4, artificial=0)
    assert len(np.unique(plate.reference["source_id"])) == 15_000
    assert len(np.unique(plate.reference["ra"])) == 15_000


def test_a_single_star_is_enough():
    plate = simulate_orbit(sources=1, exposures=4, artificial=0)
    assert len(plate.truth_sources["ra"]) == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"exposures": 10}, "choose 8"),
        ({"exposures": 0}, "choose 4"),
        ({"sources": 0}, "sources = 0"),
        ({"artificial": -1}, "artificial = -1"),
        ({"seed": -1}, "seed = -1"),
        ({"measurement_error": 0.0}, "measurement_error = 0.0"),
        ({"measurement_error": np.nan}, "measurement_error = nan"),
        ({"wrong_fraction": 1.5}, "wrong_fraction = 1.5"),
        ({"pointing_error": -1.0}, "pointing_error = -1.0"),
        ({"observer": "moon"}, "geocentre, orbit"),
        ({"epoch": 2_462_000.0}, "epochs outside"),
        ({"observer": "orbit", "period": 10.0}, "period of 10.0 min"),
    ],
)
def test_numbers_out_of_range_are_refused(options, text):
    with pytest.raises(ConfigError, match=text):
        simulate_orbit(**options)


def test_flaws_want_a_polynomial():
    nominal = jasmine_instrument()
    object.__setattr__(nominal, "distortion", NoDistortion())
    with pytest.raises(ConfigError, match="NoDistortion"):
        built_camera(np.random.default_rng(0), nominal, CameraConfig())
