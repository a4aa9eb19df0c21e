"""What stands for many: epochs, exposures, orbits, stars; and plates without noise."""

import numpy as np

from reseau.constants import DEGREE
from reseau.survey.expected import (
    few_exposures,
    group_stars,
    ideal,
    in_region,
    kinds_of_orbits,
)
from reseau.survey.jasmine import jasmine_instrument
from reseau.survey.random_limit import mean_errors
from reseau.survey.schedule import SurveyPlan, exposures_of, plan_survey
from reseau.survey.selection import unit_vectors
from reseau.survey.survey import field_side
from reseau.survey.time_nodes import stretches, time_nodes
from small_survey import small_config, small_survey

PAIRS = {"pattern": "pairs", "orbits": 60, "years": 3.0, "exposures": 8}
BY_THE_SUN = {"sun_min_deg": 45.0, "sun_max_deg": 135.0}
WIDE = {
    "longitude_min_deg": -1.2,
    "longitude_max_deg": 0.6,
    "latitude_min_deg": -0.5,
    "latitude_max_deg": 0.7,
}


def _plan(**changes: object) -> SurveyPlan:
    """Return the plan of a small survey, whose stars nobody needs."""
    config = small_config(**changes)
    side = field_side(jasmine_instrument())
    return plan_survey(config.orbit, config.region, config.schedule, side, config.seed)


def test_nodes_have_the_moments_of_the_visits() -> None:
    epoch = 2031.0 + 0.2 * np.random.default_rng(1).random(200) ** 2
    nodes = time_nodes(epoch)
    assert len(nodes.epoch) == 3
    assert np.all((nodes.epoch > epoch.min()) & (nodes.epoch < epoch.max()))
    for power in range(6):
        wanted = np.sum((epoch - 2031.1) ** power)
        found = nodes.number @ (nodes.epoch - 2031.1) ** power
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_few_visits_are_their_own_nodes() -> None:
    nodes = time_nodes(np.array([2031.0, 2031.3]))
    assert nodes.epoch.tolist() == [2031.0, 2031.3]
    assert nodes.number.tolist() == [1.0, 1.0]


def test_visits_at_fewer_epochs_than_nodes() -> None:
    nodes = time_nodes(np.repeat([2031.0, 2031.2], [3, 4]))
    np.testing.assert_allclose(nodes.epoch, [2031.0, 2031.2], atol=1e-9)
    np.testing.assert_allclose(nodes.number, [3.0, 4.0])


def test_seasons_are_stretches_and_long_ones_are_cut() -> None:
    plan = _plan(schedule={**PAIRS, **BY_THE_SUN})
    found = stretches(plan)
    # Six seasons of a quarter of a year in three years.
    assert np.unique(found).size == 6
    for one in np.unique(found):
        assert np.ptp(plan.middle[found == one]) < 0.27
    plan = _plan(schedule=PAIRS)
    assert np.unique(stretches(plan)).size == 12


def test_orbits_of_the_same_fields_in_any_order_are_one_kind() -> None:
    plan = _plan(schedule=PAIRS, region=WIDE)
    kinds = kinds_of_orbits(plan)
    fields = [frozenset(map(tuple, np.round(orbit, 7))) for orbit in plan.field]
    assert 1 < len(kinds.middle) == len(set(fields)) < len(plan.middle)
    assert all(
        fields[kinds.middle[kind]] == fields[plate]
        for plate, kind in enumerate(kinds.which)
    )
    turning = _plan(schedule={**PAIRS, "roll": "sun"}, region=WIDE)
    kinds, part = kinds_of_orbits(turning), stretches(turning)
    assert len(kinds.middle) > len(set(fields))
    np.testing.assert_array_equal(part[kinds.middle][kinds.which], part)


def test_few_exposures_have_the_dither_and_the_roll_of_all() -> None:
    plan = _plan(schedule={"exposures": 8})
    few = few_exposures(plan, 0)
    assert few.number == 2.0
    pointings = few.taken.pointings
    ra, dec, angle = pointings.attitude.T
    for field in range(4):
        some = pointings.field == field
        spread = [np.std(ra[some]) * np.cos(dec[some].mean()), np.std(dec[some])]
        # Axes of the dither are Galactic; a square has the same spread along any.
        np.testing.assert_allclose(spread, 0.02 * DEGREE, rtol=1e-3)
        np.testing.assert_allclose(np.std(angle[some]), 0.2 * DEGREE, rtol=0.02)
    plan = plan._replace(exposures=4)
    every = few_exposures(plan, 1)
    assert every.number == 1.0
    np.testing.assert_array_equal(
        every.taken.pointings.attitude, exposures_of(plan, 1).pointings.attitude
    )


def test_groups_are_neighbours_of_one_kind() -> None:
    rng = np.random.default_rng(3)
    ra, dec = 80.0 + rng.random(500), 10.0 + rng.random(500)
    kind = rng.integers(0, 2, 500)
    place = unit_vectors(ra, dec)
    groups = group_stars(place, kind, np.ones(500), 0.1 * DEGREE)
    assert 100 < groups.row.size < 250
    np.testing.assert_array_equal(kind[groups.row][groups.which], kind)
    np.testing.assert_array_equal(groups.which[groups.row], np.arange(groups.row.size))
    away = np.linalg.norm(place[groups.row][groups.which] - place, axis=1)
    assert away.max() < np.sqrt(2.0) * 0.1 * DEGREE * 1.001


def test_an_expected_plate_has_errors_but_makes_none() -> None:
    survey = small_survey(noise={"kind": "magnitude", "stated_factor": 3.0})
    plate = ideal(survey).expected(0)
    for axis in ("ra", "dec", "pa"):
        np.testing.assert_array_equal(
            plate.exposures[axis], plate.truth_exposures[axis]
        )
    noisy = ideal(survey).plate(0).measurements
    off = np.concatenate(
        [noisy[c] - plate.measurements[c] for c in ("x", "y")]
    ) / np.tile(plate.measurements["x_error"], 2)
    assert abs(np.std(off) - 1.0) < 0.05
    stars = survey.stars
    row = np.searchsorted(stars.source_id, plate.measurements["source_id"])
    error = mean_errors(survey.config.noise, stars.phot_hw_mag, survey.instrument)
    stated = plate.measurements["x_error"]
    scale = np.unique(np.round(error[row] / stated, 6))
    assert scale.size == 1  # mas in a pixel


def test_stars_of_a_region_and_beyond() -> None:
    plan = _plan()
    assert in_region(plan, plan.target[None]).all()
    turned = unit_vectors(np.array([266.4 + 5.0]), np.array([-29.0]))
    assert not in_region(plan, turned).any()
