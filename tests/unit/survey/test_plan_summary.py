"""What a plan amounts to: numbers, their tables, and their bounds."""

from dataclasses import replace

import numpy as np
import pytest

from planned import REGION, SATELLITE, SCHEDULE
from reseau.datasets import read_instrument
from reseau.errors import CatalogueError
from reseau.survey.plan_summary import PlanSummary, summarise
from reseau.survey.plan_table import (
    as_dict,
    calendar_date,
    lines_of,
    requirements,
    spread_of,
)
from reseau.survey.requirement_config import RequirementConfig
from reseau.survey.star_config import NoiseConfig
from reseau.survey.survey_config import FORMAT, SurveyConfig

CAMERA = read_instrument("jasmine-mission")
DENSE = np.array(
    [(a, d) for a in np.linspace(266.0, 266.6, 5) for d in np.linspace(-29.4, -28.8, 5)]
).T
"""A grid of stars in the middle of the region: some are seen whatever is observed."""

STARS = {
    "ra": np.array([266.4, 266.5, 266.1, 10.0, *DENSE[0]]),
    "dec": np.array([-29.0, -29.2, -28.9, 10.0, *DENSE[1]]),
    "phot_hw_mag": np.array([11.0, 12.0, 18.0, 12.0, *np.full(25, 13.0)]),
}


def summary_of(**choices) -> PlanSummary:
    """Return the summary of a little of the mission that differs by something."""
    more = {
        name: choices.pop(name) for name in ("noise_table", "floor") if name in choices
    }
    usual = {
        "orbit": SATELLITE,
        "region": REGION,
        "schedule": SCHEDULE,
        "noise": NoiseConfig(kind="magnitude"),
    }
    config = SurveyConfig(format=FORMAT, name="mine", **(usual | choices))
    return summarise(
        config,
        CAMERA,
        stars=STARS,
        noise=more.get("noise_table"),
        floor=more.get("floor", 0.0),
    )


@pytest.fixture(scope="module")
def usual() -> PlanSummary:
    """Return the usual summary."""
    return summary_of()


def test_stars_are_counted_by_place_and_magnitude(usual):
    assert usual.stars == 2 + 25


def test_the_typical_star_has_the_mean_number_of_exposures(usual):
    mean = spread_of(usual.map.exposures, usual).mean
    assert usual.star.exposures.sum() == pytest.approx(mean, rel=0.02)
    assert len(usual.star.epoch) == len(usual.star.factors)
    assert np.all(usual.star.exposures > 0.0)


def test_spreads_are_those_of_the_region(usual):
    found = spread_of(usual.map.exposures, usual)
    assert found.least <= found.median <= found.most
    inside = usual.map.exposures[usual.map.inside]
    assert (found.least, found.most) == (inside.min(), inside.max())


def test_half_magnitudes_and_the_limits_are_in_the_table(usual):
    wanted = [9.5, 10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5, 14, 14.5]
    np.testing.assert_allclose(usual.limit.magnitude, wanted)
    constant = summary_of(noise=NoiseConfig())
    np.testing.assert_allclose(constant.limit.magnitude, [9.5, 14.5])


def test_requirements_are_judged_at_their_magnitude():
    wanted = RequirementConfig(
        parallax_uas=20.0, parallax_mag=11.3, motion_uas_per_yr=1e6, motion_mag=14.0
    )
    found = summary_of(requirement=wanted)
    parallax, motion = requirements(found)
    assert 11.3 in found.limit.magnitude
    assert not parallax.is_met
    assert motion.is_met
    row = int(np.flatnonzero(found.limit.magnitude == 11.3)[0])
    assert parallax.found == found.limit.parallax[row]
    text = "\n".join(lines_of(found))
    assert "parallax to 20 µas at Hw < 11.3" in text
    assert "out of reach" in text
    assert "within reach" in text
    assert [r["is_met"] for r in as_dict(found)["requirements"]] == [False, True]


def test_one_short_season_does_not_determine_five_parameters():
    short = replace(SCHEDULE, begin=2031.1, years=0.002, orbits=2)
    found = summary_of(schedule=short)
    assert np.isnan(found.limit.parallax).all()
    lines = lines_of(found)
    assert (
        "  The visits do not determine position, parallax and motion together." in lines
    )
    assert max(map(len, lines)) <= 80
    assert any(line.split()[-1] == "-" for line in lines if line)


def test_a_floor_is_said_and_counted(usual):
    worse = summary_of(floor=0.3)
    assert np.all(worse.limit.parallax > usual.limit.parallax)
    assert "with 0.3 mas of each visit that its exposures share" in lines_of(worse)


def test_errors_may_come_from_a_table():
    table = {"mag": np.array([9.0, 15.0]), "error_mas": np.array([4.0, 4.0])}
    noise = NoiseConfig(kind="table", file="mine.csv")
    found = summary_of(noise=noise, noise_table=table)
    np.testing.assert_allclose(found.limit.exposure, 4.0)
    with pytest.raises(CatalogueError, match="error_mas"):
        summary_of(noise=noise, noise_table={"mag": np.array([9.0])})


@pytest.mark.parametrize(
    ("epoch", "date"),
    [(2000.0, "2000-01-01"), (2031.0838732, "2031-01-31"), (2016.0, "2016-01-01")],
)
def test_dates_are_those_of_the_calendar(epoch, date):
    assert calendar_date(epoch) == date
