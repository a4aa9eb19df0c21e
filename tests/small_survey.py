"""Small surveys: a few plates of some hundred stars, described table by table."""

import json
import tomllib
from decimal import Decimal
from typing import Any

import numpy as np

from reseau.config import Source, build
from reseau.instrument import Instrument
from reseau.survey.jasmine import jasmine_instrument
from reseau.survey.survey import Survey, open_survey
from reseau.survey.survey_config import FORMAT, SurveyConfig

SMALL: dict[str, Any] = {
    "format": FORMAT,
    "name": "small",
    "seed": 5,
    "schedule": {"years": 0.03, "orbits": 3, "exposures": 4},
    "stars": {
        "count": 400,
        "artificial": 10,
        "brightest_mag": 7.9,
        "faintest_mag": 14.6,
    },
}
"""Three plates of sixteen exposures and about 200 stars."""

SATELLITE = {"kind": "sun-synchronous", "period_min": 96.7}

PERFECT = dict.fromkeys(
    ("distortion_um", "centre_um", "angle_deg", "pitch_relative", "focal_um"), 0.0
)
"""A camera as it was drawn."""

NOISELESS = {"constant_pixel": 1e-9}


def survey_text(**changes: Any) -> str:
    """Return the TOML of a survey like `SMALL` but for some keys, table by table.

    Parameters
    ----------
    changes
        Values of keys; of tables as dicts, whose other keys stay.
    """
    given = dict(SMALL)
    for key, value in changes.items():
        old = given.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        given[key] = {**old, **value} if both else value
    plain = {k: v for k, v in given.items() if not isinstance(v, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for key in [k for k in given if k not in plain]:
        lines.append(f"\n[{key}]")
        lines += [f"{k} = {json.dumps(v)}" for k, v in given[key].items()]
    return "\n".join([*lines, ""])


def small_config(**changes: Any) -> SurveyConfig:
    """Return the description of `survey_text`."""
    text = survey_text(**changes)
    content = tomllib.loads(text, parse_float=Decimal)
    found: SurveyConfig = build(SurveyConfig, content, Source("a test", text))
    return found


def small_survey(
    instrument: Instrument | None = None,
    listed: dict[str, np.ndarray] | None = None,
    **changes: Any,
) -> Survey:
    """Open a survey like `SMALL` but for some keys, table by table."""
    config = small_config(**changes)
    return open_survey(config, instrument or jasmine_instrument(), stars=listed)


__all__ = [
    "NOISELESS",
    "PERFECT",
    "SATELLITE",
    "SMALL",
    "small_config",
    "small_survey",
    "survey_text",
]
