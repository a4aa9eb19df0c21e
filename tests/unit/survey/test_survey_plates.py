"""Plates of a survey: counts, random numbers of their own, noise as declared."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from alarm import RATE, normal_bound, share_bounds, spread_bounds
from reseau.errors import ConfigError
from reseau.survey.noise import exposure_error
from reseau.tables.layouts import (
    EXPOSURES,
    MEASUREMENTS,
    REFERENCE,
    TRUTH_EXPOSURES,
    TRUTH_SOURCES,
)
from small_survey import NOISELESS, PERFECT, small_config, small_survey

TABLES = {
    "exposures": EXPOSURES,
    "measurements": MEASUREMENTS,
    "reference": REFERENCE,
    "truth_sources": TRUTH_SOURCES,
    "truth_exposures": TRUTH_EXPOSURES,
}
ALL_STARS = {"count": 0, "artificial": 30}
PIXEL = 1e3 * np.degrees(10.0 / 4.86e6) * 3600.0
"""Of the camera as drawn [mas]."""


def same_bytes(one, other, table):
    """Say whether all columns of a table are the same, bit by bit."""
    first, second = getattr(one, table), getattr(other, table)
    return list(first) == list(second) and all(
        first[n].tobytes() == second[n].tobytes() for n in first
    )


@pytest.fixture(scope="module")
def survey():
    return small_survey()


@pytest.fixture(scope="module")
def plates(survey):
    return list(survey)


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_those_of_files(plates, table):
    schema = TABLES[table]
    for plate in plates:
        columns = getattr(plate, table)
        assert set(schema.required) <= set(columns)
        assert len({len(v) for v in columns.values()}) == 1
        for name in set(columns) & set(schema.names):
            assert columns[name].dtype == np.dtype(schema[name].dtype), name


def test_exposures_count_on_and_epochs_rise(survey, plates):
    ids = np.concatenate([p.exposures["exposure_id"] for p in plates])
    np.testing.assert_array_equal(ids, np.arange(3 * 16))
    epochs = np.concatenate([p.exposures["epoch"] for p in plates])
    assert np.all(np.diff(epochs) > 0)
    for number, plate in enumerate(plates):
        for name in TABLES.keys() - {"measurements", "reference"}:
            assert np.all(getattr(plate, name)["plate_id"] == number)
        used = plate.measurements["exposure_id"]
        assert np.isin(used, plate.exposures["exposure_id"]).all()
        assert np.all(np.diff(used) >= 0)
        told, truth = survey.exposures(number)
        assert told.keys() == plate.exposures.keys()
        for name in truth:
            np.testing.assert_array_equal(truth[name], plate.truth_exposures[name])


def test_ids_never_repeat(survey, plates):
    for plate in plates:
        ids = plate.truth_sources["source_id"]
        assert np.all(np.diff(ids) > 0)
        np.testing.assert_array_equal(ids, np.unique(plate.measurements["source_id"]))
        pairs = np.stack(
            [plate.measurements[n] for n in ("exposure_id", "source_id")], axis=-1
        )
        assert len(np.unique(pairs, axis=0)) == len(pairs)
    stars = survey.stars
    assert len(np.unique(stars.source_id)) == len(stars) == 410
    # A star is the same on every plate.
    known = {}
    for plate in plates:
        truth = plate.truth_sources
        for key, *row in zip(
            truth["source_id"],
            truth["barycentric_ra"],
            truth["parallax"],
            truth["phot_hw_mag"],
            truth["artificial"],
            strict=True,
        ):
            assert known.setdefault(key, row) == row


def test_artificial_sources_have_no_reference(plates):
    for plate in plates:
        truth = plate.truth_sources
        made_up = truth["source_id"][truth["artificial"]]
        assert len(made_up) > 0
        assert not np.isin(made_up, plate.reference["source_id"]).any()
        for name in ("parallax", "pmra", "pmdec", "radial_velocity"):
            assert np.all(truth[name][truth["artificial"]] == 0.0)


@pytest.mark.parametrize("number", [0, 2])
def test_a_plate_by_itself_is_that_of_the_iteration(plates, number):
    alone = small_survey().plate(number)
    assert all(same_bytes(alone, plates[number], table) for table in TABLES)
    np.testing.assert_array_equal(
        alone.truth_instrument.coefficients,
        plates[number].truth_instrument.coefficients,
    )


def test_plates_and_seeds_have_random_numbers_of_their_own(plates):
    other = small_survey(seed=6).plate(0)
    for one in (other, plates[1]):
        for table in ("exposures", "measurements", "truth_exposures"):
            assert not same_bytes(one, plates[0], table)
    assert same_bytes(plates[0], plates[1], "reference")
    assert not same_bytes(plates[0], other, "reference")
    scatter = [p.truth_exposures["focal_x_mm"] - 4860.0 for p in plates]
    assert abs(np.corrcoef(scatter)[0, 1]) < normal_bound() / np.sqrt(16)


def test_noise_touches_nothing_else(plates):
    """Whatever the noise and its outliers are, all else stays as it was."""
    changed = small_survey(
        noise={"outlier_fraction": 0.3, "stated_factor": 2.0, "magnitude_error": 0.1}
    ).plate(1)
    for table in TABLES.keys() - {"measurements"}:
        assert same_bytes(changed, plates[1], table)
    for name in ("exposure_id", "detector_id", "source_id", "colour"):
        np.testing.assert_array_equal(
            changed.measurements[name], plates[1].measurements[name]
        )


def test_there_is_no_plate_beyond_the_last(survey):
    assert len(survey) == 3
    for number in (-1, 3):
        with pytest.raises(ConfigError) as caught:
            survey.plate(number)
        assert f"plate {number}" in str(caught.value)
        assert "from 0 to 2" in str(caught.value)


@pytest.mark.parametrize(("scale", "wanted"), [(1.0, 8), (0.5, 4), (0.1, 1), (1e-9, 1)])
def test_scale_takes_a_part_of_the_orbits_evenly(scale, wanted):
    from reseau.survey.jasmine import jasmine_instrument
    from reseau.survey.survey import open_survey

    config = small_config(schedule={"orbits": 8, "years": 0.1}, stars={"count": 50})
    whole = open_survey(config, jasmine_instrument())
    part = open_survey(config, jasmine_instrument(), scale=scale)
    assert len(whole) == 8
    assert len(part) == wanted
    step = 8 // wanted
    np.testing.assert_allclose(part.plan.middle, whole.plan.middle[::step], rtol=1e-9)


def test_estimates_are_off_by_what_is_declared():
    survey = small_survey(
        schedule={
            "orbits": 40,
            "years": 0.1,
            "pointing_error_arcsec": 4.0,
            "angle_error_arcsec": 50.0,
        },
        stars={"count": 50},
        camera={"focal_um": 120.0},
    )
    told, true = zip(*(survey.exposures(n) for n in range(40)), strict=True)
    angles = [
        [
            np.radians(np.concatenate([t[name] for t in table]))
            for name in ("ra", "dec", "pa")
        ]
        for table in (told, true)
    ]
    (ra, dec, pa), (true_ra, true_dec, true_pa) = angles
    turned = (pa - true_pa + np.pi) % (2.0 * np.pi) - np.pi
    # A step to the East turns the direction to North, by its size times sin dec.
    turned -= (ra - true_ra) * np.sin(true_dec)
    off = np.stack([(ra - true_ra) * np.cos(true_dec), dec - true_dec, turned]) * (
        180.0 / np.pi * 3600.0
    )
    for values, sigma in zip(off, (4.0, 4.0, 50.0), strict=True):
        assert len(values) == 640
        assert stats.kstest(values / sigma, "norm").pvalue > RATE / 4
    focal = np.concatenate([t[f"focal_{a}_mm"] for t in true for a in "xy"])
    built = np.asarray(survey.patterns.instrument.focal)[0] / 1e3
    assert stats.kstest((focal - built) / 0.12, "norm").pvalue > RATE / 4


@pytest.fixture(scope="module")
def quiet():
    """A plate of many stars with hardly any noise, and the survey."""
    survey = small_survey(stars=ALL_STARS, schedule={"orbits": 1}, noise=NOISELESS)
    return survey, survey.plate(0)


def noisy(quiet, **keys):
    """Return the same plate with other noise."""
    survey, _ = quiet
    config = small_config(stars=ALL_STARS, schedule={"orbits": 1}, noise=keys)
    return survey.with_config(config).plate(0)


def offsets(quiet, plate):
    """Return by how much two plates' centroids differ [pixel]."""
    known = quiet[1].measurements
    assert np.array_equal(known["source_id"], plate.measurements["source_id"])
    return np.stack([plate.measurements[a] - known[a] for a in "xy"], axis=-1)


def test_centroids_scatter_as_their_magnitudes_say(quiet):
    """Against the mission's formula, in bins of true magnitude."""
    plate = noisy(quiet, kind="magnitude")
    survey, table = quiet[0], plate.measurements
    row = np.searchsorted(survey.stars.source_id, table["source_id"])
    hw = survey.stars.phot_hw_mag[row]
    sigma = exposure_error(hw) / PIXEL
    np.testing.assert_allclose(table["x_error"], sigma, rtol=1e-12)
    np.testing.assert_array_equal(table["x_error"], table["y_error"])
    pull = offsets(quiet, plate) / sigma[:, None]
    edges = np.quantile(hw, np.linspace(0.0, 1.0, 9))
    for low, high in pairwise(edges):
        some = pull[(hw >= low) & (hw <= high)]
        assert len(some) > 1000
        for axis in some.T:
            assert stats.kstest(axis, "norm").pvalue > RATE / 16
            # The test above has the power to find a quarter.
            assert stats.kstest(1.25 * axis, "norm").pvalue < RATE / 16
    n = len(pull)
    assert abs(np.mean(pull[:, 0] * pull[:, 1])) < normal_bound() / np.sqrt(n)


def test_what_is_stated_is_a_factor_of_what_is_true(quiet):
    plate = noisy(quiet, constant_pixel=0.02, factor=1.5, stated_factor=0.5)
    for axis in "xy":
        np.testing.assert_allclose(plate.measurements[f"{axis}_error"], 0.015)
    off = offsets(quiet, plate)
    assert stats.kstest(off.ravel() / 0.03, "norm").pvalue > RATE


def test_outliers_are_as_many_and_as_wide_as_declared(quiet):
    keys = {"outlier_fraction": 0.05, "outlier_width_sigma": 40.0}
    plate, plain = (noisy(quiet, **k) for k in (keys, {}))
    off, usual = offsets(quiet, plate), offsets(quiet, plain)
    outlier = np.any(np.abs(off - usual) > 1e-9, axis=1)
    low, high = share_bounds(0.05, len(off))
    assert low <= outlier.mean() <= high
    assert stats.kstest(off[outlier].ravel() / 0.4, "norm").pvalue > RATE / 2
    np.testing.assert_allclose(off[outlier], 40.0 * usual[outlier], atol=1e-7)
    assert np.all(plate.measurements["x_error"] == 0.01)


def test_magnitudes_scatter_by_measurement_and_colours_by_star(quiet):
    plate = noisy(quiet, magnitude_error=0.07, colour_error=0.03)
    stars, table = quiet[0].stars, plate.measurements
    row = np.searchsorted(stars.source_id, table["source_id"])
    magnitude = (table["mag"] - stars.phot_hw_mag[row]) / 0.07
    assert stats.kstest(magnitude, "norm").pvalue > RATE / 3
    colour = (table["colour"] - stars.colour[row]) / 0.03
    by_star = np.full(len(stars), np.nan)
    by_star[row] = colour
    np.testing.assert_array_equal(by_star[row], colour)
    once = by_star[np.isfinite(by_star)]
    assert stats.kstest(once, "norm").pvalue > RATE / 3


def test_light_lost_at_the_edge_makes_errors_larger(quiet):
    plate = noisy(quiet, kind="magnitude", vignetting=0.6, magnitude_error=0.0)
    stars, table = quiet[0].stars, plate.measurements
    row = np.searchsorted(stars.source_id, table["source_id"])
    fainter = table["mag"] - stars.phot_hw_mag[row]
    # Where the image is in the plane, from the pixels of the camera as it was.
    there = plate.truth_instrument.detectors
    n = table["detector_id"] - 1
    pixel = np.stack([table["x"], table["y"]], axis=-1)
    a, b = ((pixel - 959.5) * there.pitch[n]).T
    cos, sin = np.cos(there.theta[n]), np.sin(there.theta[n])
    x = there.centre[n, 0] + cos * a - sin * b
    y = there.centre[n, 1] + sin * a + cos * b
    edge = 11_100.0 + 960.0 * 10.0
    lost = 0.6 * np.minimum(np.hypot(x, y) / edge, 1.0) ** 2
    # The noise of centroids moves them by a few hundredths of a pixel.
    np.testing.assert_allclose(fainter, -2.5 * np.log10(1.0 - lost), atol=5e-4)
    sigma = exposure_error(stars.phot_hw_mag[row] + fainter) / PIXEL
    np.testing.assert_allclose(table["x_error"], sigma, rtol=1e-9)
    low, high = spread_bounds(2 * len(row))
    assert low < np.std(offsets(quiet, plate) / sigma[:, None]) < high


def test_a_perfect_camera_is_the_one_that_was_drawn():
    plate = small_survey(camera=PERFECT).plate(0)
    drawn, true = plate.instrument, plate.truth_instrument
    assert np.all(true.coefficients == 0.0)
    for name in ("centre", "theta", "pitch"):
        np.testing.assert_allclose(
            getattr(true.detectors, name), getattr(drawn.detectors, name), rtol=1e-14
        )
    for axis in "xy":
        np.testing.assert_array_equal(plate.truth_exposures[f"focal_{axis}_mm"], 4860.0)
