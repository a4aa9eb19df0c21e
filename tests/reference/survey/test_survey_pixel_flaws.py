"""What detectors add to a survey's pixels, written out or by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from alarm import RATE, normal_bound, spread_bounds
from reseau.survey.camera_flaws import CameraFlaws
from reseau.survey.flaw_config import PersistenceConfig, PixelsConfig, ReadoutConfig
from reseau.survey.imaging import Images
from reseau.survey.jasmine import jasmine_instrument
from reseau.survey.pixel_flaws import persistence_shift, pixel_error, readout_shift
from small_survey import NOISELESS, SATELLITE, small_survey
from survey_twin import measured, pairs_of, pixels_of

ASKED = 1e-6  # pixel
ARCSECOND = np.radians(1.0 / 3600.0)
FOCAL = 4.86e6  # um
ROWS = 1920


def drawn_images(rng, n, exposures=20):
    """Return images strewn over four detectors, and their magnitudes."""
    images = Images(
        source=np.arange(n, dtype=np.int32),
        exposure=np.sort(rng.integers(0, exposures, n)).astype(np.int32),
        detector=rng.integers(0, 4, n).astype(np.int32),
        pixel=rng.uniform(-0.5, ROWS - 0.5, (n, 2)),
    )
    return images, rng.uniform(9.0, 15.0, n)


def drawn_flaws(rng, exposures=20):
    """Return a camera whose attitude drifts and jitters [um, um/s]."""
    steady = CameraFlaws.constant(jasmine_instrument(), np.full((exposures, 2), FOCAL))
    jitter = rng.normal(0.0, 3.0, (exposures, 3))
    return steady._replace(rate=rng.normal(0.0, 2.0, (exposures, 2)), jitter=jitter)


def test_rows_see_the_mean_of_what_the_attitude_did():
    """By quadrature of the attitude's path over the exposure of each row."""
    rng = np.random.default_rng(31)
    images, magnitude = drawn_images(rng, 1000)
    flaws = drawn_flaws(rng)
    settings = ReadoutConfig(
        seconds=1.2, exposure=12.5, drift=1.0, jitter=1.0, frequency=0.23
    )
    node, weight = np.polynomial.legendre.leggauss(40)
    late = 1.2 * ((images.pixel[:, 1] + 0.5) / ROWS - 0.5)

    def path(seconds):
        x, y, lag = flaws.jitter[images.exposure].T[:, :, None]
        wave = np.cos(2.0 * np.pi * 0.23 * seconds + lag)
        rate = flaws.rate[images.exposure].T[:, :, None]
        return np.stack([x * wave, y * wave]) + rate * seconds

    def mean(middle):
        inside = path(middle[:, None] + 6.25 * node)
        return 0.5 * np.sum(weight * inside, axis=-1).T

    wanted = mean(late) - mean(np.zeros(1000))
    found = readout_shift(
        images, magnitude, flaws, np.full(1000, float(ROWS)), settings
    )
    assert np.abs(wanted).max() > 1.0
    # In um, of which a pixel has ten.
    assert np.abs(found - wanted).max() < 10.0 * ASKED


def test_bright_stars_fall_back_by_a_part_of_the_drift():
    rng = np.random.default_rng(32)
    images, magnitude = drawn_images(rng, 1000)
    flaws = drawn_flaws(rng)
    settings = ReadoutConfig(exposure=10.0, smear=0.02, zero=12.0, jitter=5.0)
    found = readout_shift(
        images, magnitude, flaws, np.full(1000, float(ROWS)), settings
    )
    path = 10.0 * flaws.rate[images.exposure]
    wanted = -0.02 * (12.0 - magnitude)[:, None] * path
    assert np.abs(found - wanted).max() < 10.0 * ASKED


def turned_back(plate, pixel):
    """Return shifts of pixels as shifts in the plane [um]."""
    pairs, there = pairs_of(plate), plate.truth_instrument.detectors
    a, b = (pixel * np.asarray(there.pitch)[pairs.detector]).T
    angle = there.theta[pairs.detector]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * a - sin * b, sin * a + cos * b], axis=-1)


def shifts_of(**changes):
    """Return plates with flaws, and by what these displace images [pixel]."""
    survey = small_survey(noise=NOISELESS, **changes)
    plates = [survey.plate(n) for n in range(3)]
    return survey, plates, [measured(p) - pixels_of(p) for p in plates]


def lateness(plate, seconds):
    """Return by how much later than the middle row each image's row begins [s]."""
    # Flaws act where the image would have been.
    return seconds * ((pixels_of(plate)[:, 1] + 0.5) / ROWS - 0.5)


def test_a_drift_is_of_the_exposure_and_acts_on_all_detectors():
    keys = {"seconds": 2.0, "drift_arcsec_per_s": 0.02}
    _, plates, shifts = shifts_of(readout=keys, orbit=SATELLITE)
    rates = []
    for plate, shift in zip(plates, shifts, strict=True):
        plane, late = turned_back(plate, shift), lateness(plate, 2.0)
        exposure = pairs_of(plate).exposure
        for number in np.unique(exposure):
            rows = exposure == number
            rate = late[rows] @ plane[rows] / (late[rows] @ late[rows])
            # In um; the angle of a detector is that of the plate's mean.
            assert np.abs(plane[rows] - late[rows, None] * rate).max() < 10.0 * ASKED
            rates.append(rate / (FOCAL * ARCSECOND))
    pull = np.ravel(rates) / 0.02
    assert pull.size == 2 * 48
    assert stats.kstest(pull, "norm").pvalue > RATE


def test_jitter_is_one_wave_in_each_exposure():
    keys = {
        "seconds": 2.0,
        "exposure_s": 1.0,
        "jitter_arcsec": 0.05,
        "jitter_hz": 0.3,
    }
    _, plates, shifts = shifts_of(readout=keys, schedule={"exposure_s": 1.0})
    turns = 2.0 * np.pi * 0.3
    mean = np.sin(0.5 * turns) / (0.5 * turns)
    power = []
    for plate, shift in zip(plates, shifts, strict=True):
        plane, late = turned_back(plate, shift), lateness(plate, 2.0)
        exposure = pairs_of(plate).exposure
        for number in np.unique(exposure):
            rows = exposure == number
            waves = np.stack(
                [np.cos(turns * late[rows]) - 1.0, np.sin(turns * late[rows])], axis=-1
            )
            found, *_ = np.linalg.lstsq(mean * waves, plane[rows])
            assert np.abs(plane[rows] - mean * waves @ found).max() < 10.0 * ASKED
            # Both axes have one phase: one's wave is the other's times a factor.
            assert abs(np.linalg.det(found)) < 1e-4 * np.abs(found).max() ** 2
            power.append(np.sum(found**2, axis=0) / (FOCAL * ARCSECOND) ** 2)
    # The mean square of a wave is half the square of its amplitude.
    amplitude = np.sqrt(0.5 * np.ravel(power)) / 0.05
    assert stats.kstest(amplitude, stats.halfnorm.cdf).pvalue > RATE


def test_a_steady_attitude_makes_no_difference_to_rows():
    _, _, shifts = shifts_of(readout={"seconds": 2.0, "jitter_hz": 3.0})
    assert np.abs(np.concatenate(shifts)).max() < ASKED


def test_charge_that_stays_behind():
    keys = {"pixel": 0.3, "per_mag": 0.2, "zero_mag": 12.0}
    survey, plates, shifts = shifts_of(transfer=keys)
    for plate, shift in zip(plates, shifts, strict=True):
        row = np.searchsorted(survey.stars.source_id, plate.measurements["source_id"])
        fainter = survey.stars.phot_hw_mag[row] - 12.0
        moved = (pixels_of(plate)[:, 1] + 0.5) / ROWS
        wanted = 0.3 * moved * (1.0 + 0.2 * fainter)
        assert np.abs(shift[:, 1] - wanted).max() < ASKED
        assert np.abs(shift[:, 0]).max() < ASKED


def one_per_pixel(sizes, within=0.25, n=60):
    """Return errors in all pixels of a patch of two detectors."""
    x, y, detector = np.meshgrid(np.arange(n), np.arange(n), np.arange(2))
    place = np.stack([x.ravel(), y.ravel()], axis=-1) + within
    zero = np.zeros(place.shape[0], dtype=np.int32)
    images = Images(zero, zero, detector.ravel().astype(np.int32), place)
    return pixel_error(images, sizes, 4).reshape(n, n, 2, 2)


@pytest.mark.parametrize("key", ["phase", "flat"])
def test_pixels_have_errors_of_the_size_given(key):
    """At a quarter of a pixel from its middle the sine is 1."""
    error = one_per_pixel(PixelsConfig(**{key: 0.02})) / 0.02
    assert stats.kstest(error.ravel(), "norm").pvalue > RATE
    low, high = spread_bounds(error.size)
    assert low < error.std() < high
    # Neither the axes nor the detectors nor neighbours know of one another.
    pairs = [
        (error[..., 0], error[..., 1]),
        (error[:, :, 0], error[:, :, 1]),
        (error[1:], error[:-1]),
        (error[:, 1:], error[:, :-1]),
        (error[1:, 1:], error[:-1, :-1]),
    ]
    for one, other in pairs:
        product = np.mean(one * other) * np.sqrt(one.size)
        assert abs(product) < normal_bound(2 * len(pairs))


def test_errors_within_a_pixel_go_as_the_sine():
    sizes = PixelsConfig(phase=0.02)
    top = one_per_pixel(sizes)
    for within in (-0.4, -0.25, 0.0, 0.1, 0.49):
        wanted = top * np.sin(2.0 * np.pi * within)
        np.testing.assert_allclose(one_per_pixel(sizes, within), wanted, atol=1e-12)


def test_constant_and_periodic_errors_of_a_pixel_are_not_related():
    flat = one_per_pixel(PixelsConfig(flat=1.0))
    wave = one_per_pixel(PixelsConfig(phase=1.0))
    both = one_per_pixel(PixelsConfig(flat=1.0, phase=1.0))
    np.testing.assert_allclose(both, flat + wave, atol=1e-12)
    product = np.mean(flat * wave) * np.sqrt(flat.size)
    assert abs(product) < normal_bound()


def test_the_same_pixel_errs_in_the_same_way_on_every_plate():
    """Stars that stand still and are measured again at the same place."""
    still = {"dither_deg": 0.0, "roll_jitter_deg": 0.0}
    keys = {"flat_pixel": 0.05}
    survey, plates, shifts = shifts_of(
        pixels=keys, schedule={**still, "exposures": 6}, camera={"focal_um": 0.0}
    )
    known = {}
    again = 0
    for plate, shift in zip(plates, shifts, strict=True):
        there = np.rint(pixels_of(plate)).astype(int)
        detector = plate.measurements["detector_id"]
        for key, error in zip(zip(detector, *there.T, strict=True), shift, strict=True):
            again += key in known
            np.testing.assert_allclose(known.setdefault(key, error), error, atol=ASKED)
    assert again > 1000
    error = np.array(list(known.values()))
    assert stats.kstest(error.ravel() / 0.05, "norm").pvalue > RATE
    # Another seed has other pixels.
    other = replace(survey, config=replace(survey.config, seed=survey.config.seed + 1))
    images = Images(*np.zeros((3, 1), dtype=np.int32), np.zeros((1, 2)))
    one, two = (
        pixel_error(images, s.config.pixels, s.config.seed) for s in (survey, other)
    )
    assert np.all(one != two)


def by_brute_force(images, magnitude, settings):
    """Return what bright stars leave, pair by pair."""
    shift = np.zeros_like(images.pixel)
    width = settings.radius / 3.0
    for i in range(len(shift)):
        for j in np.flatnonzero(
            (images.exposure == images.exposure[i] - 1)
            & (images.detector == images.detector[i])
            & (magnitude < settings.brighter)
        ):
            away = images.pixel[j] - images.pixel[i]
            distance = np.hypot(*away)
            if 0.0 < distance <= settings.radius:
                light = 10.0 ** (-0.4 * (magnitude[j] - magnitude[i]))
                pull = settings.fraction * light * distance
                pull *= np.exp(-(distance**2) / (2.0 * width**2))
                shift[i] += pull * away / distance
    return shift


def test_persistence_by_brute_force():
    rng = np.random.default_rng(33)
    images, magnitude = drawn_images(rng, 3000, exposures=6)
    images = images._replace(pixel=images.pixel / 8.0)
    settings = PersistenceConfig(fraction=1e-3, brighter=11.5, radius=9.0)
    found = persistence_shift(images, magnitude, settings)
    wanted = by_brute_force(images, magnitude, settings)
    assert np.count_nonzero(wanted) > 500
    assert np.abs(found - wanted).max() < ASKED


def test_persistence_of_a_plate():
    keys = {"fraction": 0.01, "brighter_mag": 13.0, "radius_pixel": 60.0}
    survey, plates, shifts = shifts_of(
        persistence=keys, schedule={"dither_deg": 0.003, "orbits": 3}
    )
    pulled = 0
    for plate, shift in zip(plates, shifts, strict=True):
        pairs, table = pairs_of(plate), plate.measurements
        images = Images(pairs.star, pairs.exposure, pairs.detector, pixels_of(plate))
        row = np.searchsorted(survey.stars.source_id, table["source_id"])
        magnitude = survey.stars.phot_hw_mag[row]
        wanted = by_brute_force(images, magnitude, survey.config.persistence)
        assert np.abs(shift - wanted).max() < ASKED
        pulled += np.count_nonzero(np.abs(wanted) > 10.0 * ASKED)
    assert pulled > 100


def test_all_flaws_add_up():
    """Those of the plane come before those of the detector, which act side by side."""
    flaws = {
        "readout": {"seconds": 1.2, "drift_arcsec_per_s": 0.05, "smear_per_mag": 0.01},
        "transfer": {"pixel": 0.2, "per_mag": 0.1},
        "pixels": {"flat_pixel": 0.01, "phase_pixel": 0.02},
        "persistence": {"fraction": 0.01, "brighter_mag": 13.0, "radius_pixel": 60.0},
    }
    plane = {
        "chromatic": {"um_per_mag": 1.0},
        "aberrations": {"coma_um_per_mag": 0.5},
    }
    base = {"noise": NOISELESS, "orbit": SATELLITE, **plane}
    bare = measured(small_survey(**base).plate(1))
    each = [
        measured(small_survey(**base, **{name: keys}).plate(1)) - bare
        for name, keys in flaws.items()
    ]
    whole = measured(small_survey(**base, **flaws).plate(1)) - bare
    assert all(np.abs(part).max() > 1e-3 for part in each)
    assert np.abs(whole - np.sum(each, axis=0)).max() < ASKED
