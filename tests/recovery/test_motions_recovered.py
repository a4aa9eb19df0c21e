"""Motions and parallaxes of surveys are recovered, whichever references count.

Surveys like `mini`, of a sixth of its plates, half of their exposures and a sixth of
its stars, but many artificial sources: 16 plates in three years. Plates are solved
once; what they say holds no prior, so that all, 10 % or 1 % of the references may count.
"""

from dataclasses import replace

import pytest

from reseau.survey.survey_config import SurveyConfig, read_survey

pytestmark = pytest.mark.recovery

SEEDS = (1, 2, 3, 4, 5)
PARTS = (1.0, 0.1, 0.01)


def described(seed: int) -> SurveyConfig:
    mini = read_survey("mini").config
    return replace(
        mini,
        seed=seed,
        stars=replace(mini.stars, count=2400, artificial=600),
        schedule=replace(mini.schedule, orbits=16, exposures=12),
    )
