"""Plans of small surveys that several tests look at."""

from dataclasses import replace
from typing import Any

import numpy as np

from reseau.survey.schedule import SurveyPlan, plan_survey
from reseau.survey.schedule_config import OrbitConfig, RegionConfig, ScheduleConfig

SIDE = np.deg2rad(0.5551)
"""Of the mission's field [rad]."""

SATELLITE = OrbitConfig(kind="sun-synchronous", period=96.7)
REGION = RegionConfig(west=-1.4, east=0.7, south=-0.6, north=0.6)
SCHEDULE = ScheduleConfig(
    begin=2031.0,
    years=1.0,
    orbits=60,
    exposures=0,
    pattern="pairs",
    sun_min=45.0,
    sun_max=135.0,
)
"""A little of the mission."""


def planned(
    orbit: OrbitConfig = SATELLITE,
    region: RegionConfig = REGION,
    *,
    seed: int = 1,
    **schedule: Any,
) -> SurveyPlan:
    """Return a plan; what is named of the schedule differs from `SCHEDULE`."""
    return plan_survey(orbit, region, replace(SCHEDULE, **schedule), SIDE, seed)
