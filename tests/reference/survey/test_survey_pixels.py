"""A survey's pixels against a twin of NumPy, SciPy and ERFA, term by term.

Noise is 1e-9 pixel in all, so that what is left is the difference of two calculations.
"""

from dataclasses import replace

import erfa
import numpy as np
import pytest
from scipy import stats

from alarm import RATE
from reseau.instrument import make_distortion
from reseau.survey.jasmine import jasmine_instrument
from small_survey import NOISELESS, PERFECT, SATELLITE, small_survey
from survey_twin import (
    columns,
    detected,
    distorted,
    geometric,
    legendre,
    measured,
    pairs_of,
    pixels_of,
    plane_of,
    vectors,
)

ASKED = 1e-7
"""Of all differences [pixel]: 0.05 µas, an eighth of what the Sun's potential does."""

BOTH = ["aberration", "deflection"]
MINUTES_PER_YEAR = 525_960.0
TERMS = [(k - m, m) for k in range(4) for m in range(k + 1)]
"""Of shifts by colour, degrees in x and y."""

STEADY = {
    "motion and parallax": {"effects": [], "camera": PERFECT},
    "aberration": {"effects": ["aberration"], "camera": PERFECT},
    "deflection": {"effects": ["deflection"], "camera": PERFECT},
    "distortion": {"effects": [], "camera": {**PERFECT, "distortion_um": 200.0}},
    "detectors": {
        "effects": [],
        "camera": {**PERFECT, "centre_um": 100, "angle_deg": 1, "pitch_relative": 0.01},
    },
    "focal lengths": {"effects": [], "camera": {**PERFECT, "focal_um": 3000.0}},
    "all": {"effects": BOTH},
    "all, of a satellite": {"effects": BOTH, "orbit": SATELLITE},
    "all, of moving stars": {
        "effects": BOTH,
        "orbit": SATELLITE,
        "stars": {"motion": "moving"},
    },
    "all, in ICRS axes, towards the Sun": {
        "effects": BOTH,
        "region": {"frame": "icrs"},
        "schedule": {"roll": "sun", "roll_angle_deg": 30.0},
    },
}


def worst(difference):
    """Return the largest of at least a thousand differences of pixels."""
    assert difference.size >= 2000
    return np.abs(difference).max()


@pytest.mark.parametrize("changes", STEADY.values(), ids=STEADY)
def test_pixels_of_a_steady_camera(changes):
    survey = small_survey(noise=NOISELESS, **changes)
    plate = survey.plate(1)
    held = survey.config.stars.motion == "held"
    assert worst(measured(plate) - pixels_of(plate, held=held)) < ASKED


def test_truth_is_the_direction_at_the_plates_epoch():
    held, moving = (
        small_survey(noise=NOISELESS, orbit=SATELLITE, stars={"motion": motion}).plate(
            2
        )
        for motion in ("held", "moving")
    )
    for plate in (held, moving):
        truth, pairs = plate.truth_sources, pairs_of(plate)
        found = vectors(truth["ra"], truth["dec"])[pairs.star]
        # A thousandth of a microarcsecond; the mean of a path is not quite its middle.
        assert np.abs(found - geometric(plate, pairs, held=True)).max() < 5e-15
    # Stars that are held are off by what they move in the plate.
    moved = measured(moving) - pixels_of(moving, held=True)
    assert 1e-6 < np.abs(moved).max() < 1e-3


def test_skew_and_oblong_pixels_and_another_degree():
    nominal = jasmine_instrument()
    distortion = make_distortion("legendre", degree=3, normalisation=15_000.0)
    pitch = np.array(nominal.detectors.pitch) * [1.0, 1.25]
    naxis = np.array(nominal.detectors.naxis) - [0.0, 385.0]
    oblong = replace(
        nominal,
        skew=np.asarray(1e-3),
        distortion=distortion,
        coefficients=distortion.default(),
        coefficient_sigma=distortion.widths(1000.0),
        parity=1,
        detectors=replace(nominal.detectors, pitch=pitch, naxis=naxis),
    )
    plate = small_survey(oblong, noise=NOISELESS, effects=BOTH).plate(0)
    assert worst(measured(plate) - pixels_of(plate)) < ASKED


def test_every_star_that_falls_on_a_detector_is_there_and_no_other():
    survey = small_survey(noise=NOISELESS, orbit=SATELLITE, effects=BOTH)
    plate = survey.plate(0)
    n, m = len(survey.stars), len(plate.exposures["epoch"])
    truth = {
        "source_id": survey.stars.source_id,
        "barycentric_ra": survey.stars.ra,
        "barycentric_dec": survey.stars.dec,
        "ref_epoch": np.full(n, survey.stars.ref_epoch),
        **{
            name: getattr(survey.stars, name)
            for name in ("parallax", "pmra", "pmdec", "radial_velocity")
        },
    }
    found = set()
    for detector in range(4):
        every = {
            "source_id": np.tile(truth["source_id"], m),
            "exposure_id": np.repeat(plate.exposures["exposure_id"], n),
            "detector_id": np.full(n * m, detector + 1),
        }
        all_of_them = replace(plate, truth_sources=truth, measurements=every)
        pixel = pixels_of(all_of_them)
        inside = np.all((pixel > -0.5) & (pixel < 1919.5), axis=1)
        keys = ("exposure_id", "detector_id", "source_id")
        found |= set(zip(*(every[k][inside] for k in keys), strict=True))
    rows = zip(*(plate.measurements[k] for k in keys), strict=True)
    assert set(rows) == found
    assert len(found) > 1000


def phase_of(survey, plate):
    """Return the orbit's phase of each exposure [rad]."""
    minutes = (plate.exposures["epoch"] - survey.plan.middle[1]) * MINUTES_PER_YEAR
    return 2.0 * np.pi * minutes / survey.config.orbit.period


def sun_of(plate):
    """Return the Sun's ecliptic longitude from the target's, by ERFA's series [rad]."""
    days = (plate.exposures["epoch"] - 2000.0) * 365.25
    sun = -erfa.epv00(*erfa.tcbtdb(2_451_545.0, days))[0]["p"]
    target = erfa.s2c(*erfa.g2icrs(np.radians(-0.3), np.radians(0.1)))
    tilt = erfa.rx(np.radians(84_381.406 / 3600.0), np.eye(3))
    x, y, _ = (sun @ tilt.T).T
    a, b, _ = tilt @ target
    return np.arctan2(y, x) - np.arctan2(b, a)


CHANGES = {
    "drift": {"drift_um_per_year": 100.0},
    "walk": {"walk_um": 20.0},
    "phase": {"phase_um": 20.0},
    "annual": {"annual_um": 20.0},
}


def coefficients_of(survey, plate):
    """Return the distortion's coefficients of each exposure [um]."""
    config, drawn = survey.config.distortion, survey.patterns.of_distortion
    middle = survey.config.schedule.begin + 0.5 * survey.config.schedule.years
    years = plate.exposures["epoch"].mean() - middle
    phase, sun = phase_of(survey, plate), sun_of(plate)
    whole = np.asarray(survey.patterns.instrument.coefficients).reshape(1, 2, -1)
    whole = whole + years * drawn["drift"] + survey.patterns.walk[1]
    for kind, angle in (("phase", phase), ("sun", sun)):
        for wave in (np.cos, np.sin):
            part = drawn[f"{wave.__name__}_{kind}"]
            whole = whole + wave(angle)[:, None, None] * part
    assert config.drift or config.walk or config.phase or config.annual
    return whole


def as_built(survey, plate):
    """Return a plate with the camera as built for that of its mean."""
    return replace(plate, truth_instrument=survey.patterns.instrument)


@pytest.mark.parametrize(
    "keys", [*CHANGES.values(), dict(kv for c in CHANGES.values() for kv in c.items())]
)
def test_a_changing_distortion(keys):
    survey = small_survey(noise=NOISELESS, distortion=keys, schedule={"years": 0.5})
    plate = as_built(survey, survey.plate(1))
    plane, pairs = plane_of(plate)
    steady = distorted(plate, plane)
    bent = distorted(plate, plane, coefficients_of(survey, plate)[pairs.exposure])
    assert np.abs(bent - steady).max() > 0.1
    assert worst(measured(plate) - detected(plate, bent, pairs.detector)) < ASKED


def test_patterns_have_the_sizes_that_keys_say():
    keys = {k: 8.0 for c in CHANGES.values() for k in c}
    survey = small_survey(distortion=keys, schedule={"orbits": 40})
    terms = survey.patterns.instrument.distortion.terms
    size = 8.0 * 0.5 ** (np.array([k + m for k, m in terms]) - 2.0)
    patterns = survey.patterns
    drawn = [*patterns.of_distortion.values(), *np.diff(patterns.walk, axis=0)]
    drawn.append(patterns.walk[0])
    pull = np.ravel(np.stack(drawn) / size)
    assert len(np.unique(pull)) == pull.size == (6 + 40) * 2 * len(terms)
    assert stats.kstest(pull, "norm").pvalue > RATE


def test_what_breathes_with_the_orbit():
    keys = {"focal_um": 500.0, "centre_um": 20.0, "angle_deg": 0.01}
    survey = small_survey(noise=NOISELESS, thermal=keys, orbit=SATELLITE)
    plate = as_built(survey, survey.plate(1))
    phase = phase_of(survey, plate)
    plane, pairs = plane_of(plate)
    x, y, angle, lag = survey.patterns.detector.T
    wave = np.cos(phase[pairs.exposure] + lag[pairs.detector])
    moved = np.stack([x, y, angle], axis=-1)[pairs.detector] * wave[:, None]
    pixel = detected(plate, distorted(plate, plane), pairs.detector, moved)
    assert worst(measured(plate) - pixel) < ASKED
    assert np.abs(moved[:, :2]).max() > 1.0


def test_focal_lengths_breathe_together():
    survey = small_survey(camera=PERFECT, thermal={"focal_um": 500.0}, orbit=SATELLITE)
    plate = survey.plate(1)
    phase = phase_of(survey, plate)
    both = columns(plate.truth_exposures, "focal_x_mm focal_y_mm")
    np.testing.assert_array_equal(both[:, 0], both[:, 1])
    waves = np.stack([np.cos(phase), np.sin(phase)], axis=-1)
    found, rest, *_ = np.linalg.lstsq(waves, 1e3 * both[:, 0] - 4.86e6)
    np.testing.assert_allclose(np.hypot(*found), 500.0, rtol=1e-9)
    assert rest < 1e-12


def test_phase_counts_from_where_the_earth_is_farthest_from_the_line_of_sight():
    survey = small_survey(orbit=SATELLITE)
    plate = survey.plate(1)
    phase = phase_of(survey, plate)
    assert -0.5 * np.pi < phase.min() < -1.0 < 0.9 < phase.max() < 0.5 * np.pi
    days = (plate.exposures["epoch"] - 2000.0) * 365.25
    earth = erfa.epv00(*erfa.tcbtdb(2_451_545.0, days))[1]["p"]
    place = columns(plate.exposures, "obs_x obs_y obs_z") - earth
    target = erfa.s2c(*erfa.g2icrs(np.radians(-0.3), np.radians(0.1)))
    before = place @ target
    # The plane of the orbit turns by 1° a day.
    np.testing.assert_allclose(
        before / before.max(), np.cos(phase) / np.cos(phase).max(), atol=1e-3
    )


def of_stars(survey, plate, name):
    """Return a true property of each measurement's star."""
    row = np.searchsorted(survey.stars.source_id, plate.measurements["source_id"])
    return getattr(survey.stars, name)[row]


@pytest.mark.parametrize("degree", range(4))
def test_shifts_by_colour(degree):
    keys = {"um_per_mag": 3.0, "degree": degree, "zero_mag": 0.7}
    survey = small_survey(noise=NOISELESS, chromatic=keys)
    plate = survey.plate(1)
    plane, pairs = plane_of(plate)
    pattern = survey.patterns.by_colour
    used = np.array([k + m <= degree for k, m in TERMS])
    assert np.all(pattern[:, ~used] == 0.0)
    assert np.all(np.abs(pattern[:, used]) > 0.0)
    redder = of_stars(survey, plate, "colour") - 0.7
    shift = redder[:, None] * legendre(TERMS, pattern, plane / 21_000.0)
    pixel = detected(plate, distorted(plate, plane) + shift, pairs.detector)
    assert worst(measured(plate) - pixel) < ASKED


@pytest.mark.parametrize("keys", [(2.0, 0.0), (0.0, 3.0), (-1.0, 2.0)])
def test_coma_and_astigmatism(keys):
    coma, astigmatism = keys
    survey = small_survey(
        noise=NOISELESS,
        aberrations={
            "coma_um_per_mag": coma,
            "astigmatism_um_per_mag": astigmatism,
            "zero_mag": 11.0,
        },
    )
    plate = survey.plate(1)
    plane, pairs = plane_of(plate)
    place = plane / 21_000.0
    shift = coma * place * np.sum(place**2, axis=1, keepdims=True)
    shift += astigmatism * place * [1.0, -1.0]
    shift *= (of_stars(survey, plate, "phot_hw_mag") - 11.0)[:, None]
    pixel = detected(plate, distorted(plate, plane) + shift, pairs.detector)
    assert worst(measured(plate) - pixel) < ASKED
