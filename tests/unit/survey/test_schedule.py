"""When a survey points where: orbits, exposures, tiles, attitudes."""

from dataclasses import replace

import astropy.units as u
import jax
import numpy as np
import pytest
from astropy.coordinates import Galactic, SkyCoord

from alarm import normal_bound, spread_bounds
from planned import REGION, SATELLITE, SIDE, planned
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.survey.galactic import galactic
from reseau.survey.pointings import MINUTES_PER_YEAR
from reseau.survey.schedule import (
    SECONDS_PER_YEAR,
    exposures_of,
    field_starts,
    intended_angles,
    nearest_limb,
)
from reseau.survey.schedule_config import RegionConfig
from reseau.survey.seasons import gaps, seasons
from reseau.survey.visibility import sun_directions

PERIOD = SATELLITE.period / MINUTES_PER_YEAR


def taken(plan, plate=0):
    """Return the exposures of a plate, as entry points compute them."""
    with jax.enable_x64(True):
        return exposures_of(plan, plate)


def scatters(values, wanted):
    """Say whether Normal numbers of mean zero scatter by as much as wanted."""
    low, high = spread_bounds(len(values), 10)
    return low < np.sqrt(np.mean(values**2)) / wanted < high


def test_the_missions_half_orbit_holds_44_exposures_a_field():
    plan = planned()
    assert plan.exposures == 44
    assert plan.field.shape == (60, 4, 2)
    assert len(taken(plan).pointings.epoch) == 4 * 44


def test_exposures_stand_in_the_middle_of_the_observing_half():
    plan = planned()
    for plate in (0, 31, 59):
        phase = taken(plan, plate).phase
        np.testing.assert_allclose(phase, -phase[::-1], atol=1e-9)
        assert np.abs(phase).max() < 0.5 * np.pi


def test_between_fields_there_is_time_to_slew():
    plan = planned(slew=120.0)
    schedule = plan.schedule
    begin = field_starts(plan) * SECONDS_PER_YEAR
    end = begin + plan.exposures * schedule.each - schedule.readout
    assert np.all(begin[:, 1:] - end[:, :-1] >= schedule.slew - 0.01)
    epoch = taken(plan).pointings.epoch.reshape(4, -1)
    np.testing.assert_allclose(
        np.diff(epoch) * SECONDS_PER_YEAR, schedule.each, atol=1e-3
    )


def test_the_earth_stays_away_from_the_line_of_sight():
    # 600 km up the limb is 66.1 deg from the nadir.
    assert 25.7 < nearest_limb(planned()) < 26.5
    late = planned(replace(SATELLITE, observing=0.6), exposures=44, slew=250.0)
    assert nearest_limb(late) < 15.0


@pytest.mark.parametrize(
    ("phase", "node_time"), [(0.0, 6.0), (0.0, 18.0), (100.0, 10.5), (230.0, 6.0)]
)
def test_no_orbit_is_observed_twice_or_forgotten(phase, node_time):
    orbit = replace(SATELLITE, phase=phase, node_time=node_time, observing=0.3)
    plan = planned(orbit, orbits=0, years=3.0, sun_min=0.0, sun_max=180.0, fields=2)
    apart = np.diff(plan.middle) / PERIOD
    np.testing.assert_allclose(apart, 1.0, atol=0.02)
    assert plan.in_season == len(plan.middle)


def test_plates_lie_in_seasons_and_all_of_them_are_counted():
    plan = planned(orbits=0, years=2.3)
    found = seasons(plan.schedule, plan.target, plan.middle)
    assert sum(season.orbits for season in found) == len(plan.middle) == plan.in_season
    inside = [(s.begin <= plan.middle) & (plan.middle <= s.end) for s in found]
    assert np.all(np.sum(inside, axis=0) == 1)
    for season in found:
        wanted = (season.end - season.begin) / PERIOD
        assert abs(season.orbits - wanted) < 2.0


def test_seasons_are_cut_where_the_survey_begins_and_ends():
    found = seasons_of(begin=2031.15, years=0.5)
    assert found[0].begin == 2031.15
    assert found[-1].end == pytest.approx(2031.65)
    always = seasons_of(sun_min=0.0, sun_max=180.0)
    assert [(s.begin, s.end, s.orbits) for s in always] == [(2031.0, 2032.0, 60)]


def seasons_of(**schedule):
    """Return the seasons of a plan that differs by something."""
    plan = planned(**schedule)
    return seasons(plan.schedule, plan.target, plan.middle)


def test_wanted_orbits_are_spread_over_those_in_season():
    every, some = planned(orbits=0).middle, planned(orbits=100).middle
    assert np.isin(some, every).all()
    step = np.diff(np.searchsorted(every, some))
    assert set(step) <= {len(every) // 100, len(every) // 100 + 1}


@pytest.mark.parametrize(("part", "length"), [(0.1, 15.0), (0.5, 1.0), (0.9, 1.0)])
def test_gaps_take_the_part_that_is_asked_for(part, length):
    schedule = replace(planned().schedule, gap_fraction=part, gap_orbits=length)
    n = 50_000
    lost = gaps(n, schedule, seed=3)
    # A stretch lost and one left together are a draw; their lengths are geometric.
    draws = n * part / length
    assert abs(lost.mean() - part) < normal_bound() * 2.0 * part / np.sqrt(draws)
    np.testing.assert_array_equal(lost, gaps(n, schedule, seed=3))
    assert (lost != gaps(n, schedule, seed=4)).any()


def test_gaps_come_in_stretches():
    schedule = replace(planned().schedule, gap_fraction=0.05, gap_orbits=15.0)
    lost = gaps(200_000, schedule, seed=3)
    stretches = int(np.sum(np.diff(lost.astype(int)) == 1))
    mean = lost.sum() / stretches
    # Neighbours that touch count as one: one in 286.
    assert abs(mean - 15.0) < 0.1 + normal_bound() * 15.0 / np.sqrt(stretches)


def test_gaps_lose_orbits_of_the_plan():
    whole, part = planned(orbits=0), planned(orbits=0, gap_fraction=0.2)
    assert part.in_season == whole.in_season
    assert len(part.middle) == part.in_season - part.lost
    assert np.isin(part.middle, whole.middle).all()


def test_fields_lie_in_the_region():
    plan = planned(orbits=400)
    longitude, latitude = np.moveaxis(plan.field / DEGREE, -1, 0)
    half = 0.5 * SIDE / DEGREE
    assert longitude.min() == pytest.approx(REGION.west + half)
    assert longitude.max() == pytest.approx(REGION.east - half)
    assert latitude.min() == pytest.approx(REGION.south + half)
    assert latitude.max() == pytest.approx(REGION.north - half)


def test_a_square_of_fields_stands_about_the_middle():
    plan = planned(pattern="square", step=0.55)
    np.testing.assert_allclose(
        plan.field.mean(axis=(0, 1)) / DEGREE, [-0.35, 0.0], atol=1e-6
    )
    apart = np.diff(plan.field[0], axis=0) / SIDE
    np.testing.assert_allclose(np.abs(apart).sum(axis=1), 0.55, rtol=1e-4)
    assert plan.cells.tolist() == [[60]]


def test_dithers_scatter_as_asked():
    plan = planned(dither=0.05, roll_jitter=0.3)
    found = [taken(plan, plate).pointings for plate in range(4)]
    attitude = np.concatenate([p.attitude for p in found])
    middle = np.concatenate([np.repeat(plan.field[i], 44, axis=0) for i in range(4)])
    place = np.stack(galactic(attitude[:, 0], attitude[:, 1]), axis=-1)
    off = (place - middle) / DEGREE
    for axis in (0, 1):
        assert scatters(off[:, axis], 0.05)
        assert abs(off[:, axis].mean()) < normal_bound(2) * 0.05 / np.sqrt(len(off))


def test_exposures_follow_one_another_and_their_estimates_scatter():
    plan = planned(pointing_error=5.0, angle_error=20.0)
    pointings = taken(plan).pointings
    assert np.all(np.diff(pointings.epoch) > 0.0)
    off = np.angle(np.exp(1j * (pointings.estimate - pointings.attitude)))
    off *= 3600.0 / DEGREE
    off[:, 0] *= np.cos(pointings.attitude[:, 1])
    for axis, wanted in ((0, 5.0), (1, 5.0), (2, 20.0)):
        assert scatters(off[:, axis], wanted)


def test_a_drift_moves_the_exposures_of_a_field_along_a_line():
    still = {"dither": 0.0, "roll_jitter": 0.0}
    plan = planned(**still, drift=2.0)
    attitude = taken(plan).pointings.attitude.reshape(4, 44, 3)
    flat = np.cos(attitude[:, 0, 1])
    for field in range(4):
        place = np.stack(
            [attitude[field, :, 0] * flat[field], attitude[field, :, 1]], axis=-1
        )
        steps = np.linalg.norm(np.diff(place, axis=0), axis=1) / MILLIARCSECOND
        np.testing.assert_allclose(steps, 2.0 * plan.schedule.each, rtol=2e-3)
    middles = np.stack(galactic(*attitude.mean(axis=1)[:, :2].T), axis=-1)
    np.testing.assert_allclose(middles, plan.field[0], atol=1e-8)


def test_jitter_adds_to_the_dither_and_changes_nothing_else():
    plan, shaken = planned(), planned(jitter=300.0)
    calm, loose = (taken(p).pointings for p in (plan, shaken))
    np.testing.assert_array_equal(calm.epoch, loose.epoch)
    off = (loose.attitude - calm.attitude) / MILLIARCSECOND
    assert scatters(off[:, 1], 300.0)
    assert scatters(off[:, 2], 300.0)


def test_up_is_north_of_the_frame_the_sun_or_fixed():
    plan = planned(roll_angle=10.0)
    longitude, latitude = plan.field[0].T
    epoch = np.full(4, plan.middle[0])
    place = SkyCoord(longitude * u.rad, latitude * u.rad, frame=Galactic()).icrs
    pole = SkyCoord(0 * u.deg, 90 * u.deg, frame=Galactic()).icrs
    north = place.position_angle(pole).rad

    def turned(**schedule):
        other = planned(roll_angle=10.0, **schedule)
        return intended_angles(other, epoch, longitude, latitude) - 10.0 * DEGREE

    # astropy's Galactic axes, by way of FK5, are 0.02 arcsec from those of ERFA.
    assert np.abs(np.angle(np.exp(1j * (turned() - north)))).max() < 1e-7
    sun = sun_directions(epoch)
    ra, dec = np.arctan2(sun[:, 1], sun[:, 0]), np.arcsin(sun[:, 2])
    towards = place.position_angle(SkyCoord(ra * u.rad, dec * u.rad)).rad
    assert np.abs(np.angle(np.exp(1j * (turned(roll="sun") - towards)))).max() < 1e-8
    np.testing.assert_allclose(turned(roll="fixed"), 0.0, atol=1e-12)
    icrs = RegionConfig(frame="icrs", west=265.0, east=267.0, south=-30.0, north=-28.0)
    other = planned(region=icrs, roll_angle=10.0)
    angle = intended_angles(other, epoch, longitude, latitude)
    np.testing.assert_allclose(angle, 10.0 * DEGREE)


def test_a_plate_depends_on_its_number_and_the_seed_alone():
    plan = planned()
    one, again = taken(plan, 7), taken(plan, 7)
    np.testing.assert_array_equal(one.pointings.attitude, again.pointings.attitude)
    other = taken(planned(seed=2), 7)
    assert not np.array_equal(one.pointings.attitude, other.pointings.attitude)
    np.testing.assert_array_equal(one.pointings.epoch, other.pointings.epoch)
