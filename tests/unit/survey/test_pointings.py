"""Where a simulated telescope points, against astropy's Galactic frame."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from alarm import normal_bound, spread_bounds
from quick import quick_jit
from reseau.constants import ARCSECOND, DEGREE
from reseau.instrument import attitude_difference, camera_axes
from reseau.survey.galactic import (
    CENTRE,
    equatorial,
    equatorial_motion,
    galactic,
    north_angle,
)
from reseau.survey.jasmine import FIELD_SIDE
from reseau.survey.pointings import (
    ANGLE_JITTER,
    CORNERS,
    DITHER,
    FIELDS,
    STEP,
    dithered_fields,
)

EXPOSURES = 400
_axes, _apart = quick_jit(camera_axes), quick_jit(attitude_difference)


@pytest.fixture(scope="module")
def pointings():
    return dithered_fields(
        np.random.default_rng(0),
        EXPOSURES,
        epoch=2031.0,
        period=97.0,
        pointing_error=10.0,
        angle_error=40.0,
    )


@pytest.fixture(scope="module")
def on_sky(pointings):
    ra, dec, _ = pointings.attitude.T
    return SkyCoord(ra * u.rad, dec * u.rad).galactic


def test_fields_follow_one_another(pointings):
    np.testing.assert_array_equal(
        pointings.field, np.repeat(np.arange(FIELDS), EXPOSURES // FIELDS)
    )


def test_exposures_fill_half_a_revolution_evenly(pointings):
    minutes = (pointings.epoch - 2031.0) * 365.25 * 24 * 60
    # Years near 2031 resolve 2.3e-13, which is 1.2e-7 minutes.
    step = 48.5 / EXPOSURES
    np.testing.assert_allclose(np.diff(minutes), step, rtol=0, atol=3e-7)
    assert minutes[0] == pytest.approx(0.5 * step, abs=3e-7)
    assert minutes[-1] == pytest.approx(48.5 - 0.5 * step, abs=3e-7)


def test_fields_stand_on_a_square_in_galactic_axes(pointings, on_sky):
    """Their means are its corners, and exposures scatter about them by the dither."""
    middle = SkyCoord(CENTRE[0] * u.rad, CENTRE[1] * u.rad, frame="galactic")
    l_off, b_off = (o.to_value(u.rad) for o in middle.spherical_offsets_to(on_sky))
    offset = np.stack([l_off, b_off], axis=1)
    left = offset - 0.5 * STEP * CORNERS[pointings.field]
    low, high = spread_bounds(2 * EXPOSURES, 1)
    assert low < np.sqrt(np.mean(left**2)) / DITHER < high
    per_field = EXPOSURES // FIELDS
    means = left.reshape(FIELDS, per_field, 2).mean(axis=1)
    assert np.abs(means).max() < normal_bound(8) * DITHER / np.sqrt(per_field)
    # Neighbours share a little less than half of a field.
    assert 0.5 * FIELD_SIDE < STEP < 0.6 * FIELD_SIDE


def test_galactic_north_is_up(pointings):
    """+Y of the plane points there but for a jitter."""
    ra, dec, angle = pointings.attitude.T
    pole = SkyCoord(0 * u.deg, 90 * u.deg, frame="galactic").icrs
    wanted = SkyCoord(ra * u.rad, dec * u.rad).position_angle(pole).to_value(u.rad)
    left = np.angle(np.exp(1j * (angle - wanted)))
    low, high = spread_bounds(EXPOSURES, 1)
    assert low < np.std(left) / ANGLE_JITTER < high
    assert abs(left.mean()) < normal_bound(1) * ANGLE_JITTER / np.sqrt(EXPOSURES)


def test_reported_pointings_are_off_by_steps_of_the_camera(pointings):
    true, told = (
        np.asarray(_axes(a)) for a in (pointings.attitude, pointings.estimate)
    )
    step = np.asarray(_apart(told, true)) / ARCSECOND
    for values, sigma in zip(step.T, (10.0, 10.0, 40.0), strict=True):
        low, high = spread_bounds(EXPOSURES, 3)
        assert low < np.sqrt(np.mean(values**2)) / sigma < high
    correlation = np.corrcoef(step.T)[np.triu_indices(3, 1)]
    assert np.abs(correlation).max() < normal_bound(3) / np.sqrt(EXPOSURES)


def test_a_seed_says_all_and_errors_do_not_change_the_truth():
    given = {"epoch": 2031.0, "period": 97.0}
    one, same, better = (
        dithered_fields(
            np.random.default_rng(5),
            8,
            **given,
            pointing_error=error,
            angle_error=error,
        )
        for error in (10.0, 10.0, 0.0)
    )
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.attitude, better.attitude)
    # Angles up to 2π that have gone through axes and back.
    apart = np.angle(np.exp(1j * (better.estimate - better.attitude)))
    np.testing.assert_allclose(apart, 0.0, atol=1e-13)


def test_galactic_coordinates_against_astropy():
    rng = np.random.default_rng(1)
    longitude = rng.uniform(-np.pi, np.pi, 50)
    latitude = np.arcsin(rng.uniform(-0.99, 0.99, 50))
    ra, dec = equatorial(longitude, latitude)
    wanted = SkyCoord(longitude * u.rad, latitude * u.rad, frame="galactic").icrs
    apart = SkyCoord(ra * u.rad, dec * u.rad).separation(wanted)
    # astropy's axes are those of FK5, which are off by 23 mas; ERFA's are Hipparcos'.
    assert apart.max() < 30 * u.mas
    back = galactic(ra, dec)
    np.testing.assert_allclose(back[0], longitude, rtol=0, atol=1e-14)
    np.testing.assert_allclose(back[1], latitude, rtol=0, atol=1e-14)
    assert np.all((back[0] >= -np.pi) & (back[0] < np.pi))


def test_proper_motions_turn_with_the_axes():
    """Against a small step along the motion."""
    rng = np.random.default_rng(2)
    longitude = rng.uniform(-np.pi, np.pi, 20)
    latitude = np.arcsin(rng.uniform(-0.9, 0.9, 20))
    along, across = rng.normal(size=(2, 20))
    step = 1e-4
    places = [
        equatorial(
            longitude + sign * step * along / np.cos(latitude),
            latitude + sign * step * across,
        )
        for sign in (-1.0, 1.0)
    ]
    (ra, dec), (ra_there, dec_there) = places
    middle = equatorial(longitude, latitude)[1]
    pm_ra, pm_dec = equatorial_motion(longitude, latitude, along=along, across=across)
    wrapped = np.angle(np.exp(1j * (ra_there - ra))) / (2.0 * step)
    # Central differences: the square of the step, 1e-8, and more towards the poles.
    np.testing.assert_allclose(pm_ra, wrapped * np.cos(middle), rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        pm_dec, (dec_there - dec) / (2.0 * step), rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(
        np.hypot(pm_ra, pm_dec), np.hypot(along, across), rtol=1e-13
    )
    turned = north_angle(longitude, latitude)
    assert np.ptp(turned) > 60 * DEGREE
