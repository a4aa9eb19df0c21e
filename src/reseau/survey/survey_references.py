"""TEMP"""

from typing import NamedTuple

import numpy as np

from .references import draw_wrong, reference_catalogue
from .stars import Columns


class SurveyReferences(NamedTuple):
    columns: Columns
    wrong: np.ndarray


def survey_references(config, stars, rng):
    columns = stars.columns()
    known = {
        **columns,
        "artificial": columns["artificial"]
        | ~(columns["phot_g_mean_mag"] < config.faintest_g_mag),
    }
    wrong = draw_wrong(rng, known, config.wrong_fraction)
    return SurveyReferences(reference_catalogue(rng, known, wrong), wrong)
