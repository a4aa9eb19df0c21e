"""Exposure maps add up, and mean numbers are those of exposures that are drawn."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from planned import planned
from reseau.constants import DEGREE
from reseau.datasets import read_instrument
from reseau.survey.coverage import (
    coverage,
    detector_area,
    exposure_map,
    footprints,
    places,
    shares_of,
)
from reseau.survey.schedule import exposures_of
from reseau.survey.schedule_config import RegionConfig

CAMERA = read_instrument("jasmine-mission")


@pytest.mark.parametrize("roll", ["north", "sun", "fixed"])
def test_the_map_adds_up(roll):
    plan = planned(roll=roll, orbits=8, roll_angle=20.0)
    found = exposure_map(plan, CAMERA)
    total = plan.field.shape[0] * plan.field.shape[1] * plan.exposures
    mapped = np.sum(found.exposures * found.area)
    assert mapped == pytest.approx(total * detector_area(CAMERA), rel=1e-3)


def test_the_map_adds_up_far_from_the_equator():
    region = RegionConfig(frame="icrs", west=80.0, east=83.0, south=58.0, north=59.5)
    plan = planned(region=region, orbits=8, sun_min=0.0, sun_max=180.0)
    found = exposure_map(plan, CAMERA)
    total = plan.field.shape[0] * plan.field.shape[1] * plan.exposures
    mapped = np.sum(found.exposures * found.area)
    assert mapped == pytest.approx(total * detector_area(CAMERA), rel=1e-3)


def test_the_detectors_are_85_percent_of_the_field():
    assert detector_area(CAMERA) / 0.5551**2 == pytest.approx(0.850, abs=1e-3)


def corners(instrument):
    """Return which places of the plane [um] a camera sees, by its drawing."""
    detectors = instrument.detectors
    half = 0.5 * float(detectors.naxis[0, 0] * detectors.pitch[0, 0])

    def seen(x, y):
        return np.any(
            [
                (np.abs(x - a) <= half) & (np.abs(y - b) <= half)
                for a, b in np.asarray(detectors.centre)
            ],
            axis=0,
        )

    return seen


def test_means_are_those_of_the_exposures_that_are_drawn():
    plan = planned(orbits=3, dither=0.04, roll_jitter=0.0, roll="sun")
    rng = np.random.default_rng(5)
    n = 400
    where = np.stack([rng.uniform(-1.4, 0.7, n), rng.uniform(-0.6, 0.6, n)]) * DEGREE
    direction = places("galactic", *where)
    drawn, seen = np.zeros(n), corners(CAMERA)
    for plate in range(3):
        with jax.enable_x64(True):
            attitude = exposures_of(plan, plate).pointings.attitude
        for ra, dec, angle in attitude:
            east = np.array([-np.sin(ra), np.cos(ra), 0.0])
            axis = np.array(
                [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
            )
            north = np.cross(axis, east)
            along = direction @ axis
            xi, eta = (
                np.where(along > 0.9, direction @ v / along, 9.0) for v in (east, north)
            )
            x = -(xi * np.cos(angle) - eta * np.sin(angle)) * CAMERA.focal[0]
            y = (xi * np.sin(angle) + eta * np.cos(angle)) * CAMERA.focal[1]
            drawn += seen(x, y)
    mean = coverage(plan, CAMERA, direction).exposures
    # Each of 44 exposures of a field is seen or not: binomial, 3.3 at most in σ; of
    # the differences' mean square 4.9 σ is far beyond chance.
    off = drawn - mean
    assert abs(off.mean()) < 0.6
    assert np.sqrt(np.mean(off**2)) < 6.0
    assert np.corrcoef(drawn, mean)[0, 1] > 0.99


def test_without_dither_a_place_is_seen_by_all_exposures_or_none():
    plan = planned(orbits=2, dither=0.0)
    longitude, latitude = plan.field[0, 0]
    at = np.array([0.0, 0.02, 0.05, 0.26, 0.29]) * DEGREE
    direction = places("galactic", longitude + at, np.full(5, latitude + 0.1 * DEGREE))
    shares = np.array([shares_of(plan, CAMERA, d)[0, 0] for d in direction])
    # In the gap, in the gap, on a detector, on it, beyond the edge.
    np.testing.assert_array_equal(shares, [0.0, 0.0, 1.0, 1.0, 0.0])


def test_visits_count_fields_that_see_a_star_half_of_the_time():
    plan = planned(orbits=5)
    place = places("galactic", np.array([-0.5 * DEGREE]), np.array([0.2 * DEGREE]))
    share = shares_of(plan, CAMERA, place[0])
    found = coverage(plan, CAMERA, place)
    assert found.visits[0] == np.sum(share >= 0.5)
    assert found.exposures[0] == pytest.approx(44 * share.sum())
    assert share.shape == (5, 4)


def test_pointings_that_repeat_are_looked_at_once():
    plan = planned(orbits=300)
    prints = footprints(plan, CAMERA)
    assert len(prints.axes) <= 28
    assert prints.fields.sum() == 4 * 300
    np.testing.assert_allclose(
        prints.axes @ np.swapaxes(prints.axes, 1, 2),
        np.broadcast_to(np.eye(3), prints.axes.shape),
        atol=1e-12,
    )


def test_a_mirrored_camera_sees_the_same_as_it_is_symmetric():
    plan = planned(orbits=2, roll_angle=30.0)
    place = places("galactic", np.array([-0.5, 0.1]) * DEGREE, np.array([0.2, 0.0]))
    mirrored = replace(CAMERA, parity=1)
    one, other = (coverage(plan, c, place).exposures for c in (CAMERA, mirrored))
    np.testing.assert_allclose(one, other, atol=1e-6)
