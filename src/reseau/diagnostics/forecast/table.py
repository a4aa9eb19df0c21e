"""A forecast: errors of stars against magnitude, and what is required."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.survey.expected import in_region
from reseau.survey.plan_summary import TypicalStar, typical_star
from reseau.survey.random_limit import mean_errors, random_limit
from reseau.survey.survey import Survey
from reseau.survey.survey_config import SurveyConfig

from .bounds import Bounds, bounds_of, check_references
from .plates import DatasetOf, Told, every_plate, repeated_plates

STEP = 0.5
"""Step of magnitudes in the table."""

FEW = 20
"""Plates up to which each is computed, unless it is said."""

PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")


@dataclass(frozen=True)
class ForecastRow:
    """Errors of stars of one magnitude.

    Attributes
    ----------
    magnitude
        Hw; each star within half a step counts as if it had this.
    stars, references
        How many these are.
    whole, held
        Medians: with calibration's share, and with calibration held. 1σ of ra·cos dec,
        dec, parallax [µas], pmra, pmdec [µas/yr].
    alone
        With calibration's share, had they no entry in the catalogue of references.
    visits
        Nor that, and calibration held: what their own visits tell.
    random
        Random limit of a typical star: what `visits` is of a star at a typical place.
    """

    magnitude: float
    stars: int
    references: int
    whole: Float[np.ndarray, "5"]
    held: Float[np.ndarray, "5"]
    alone: Float[np.ndarray, "5"]
    visits: Float[np.ndarray, "5"]
    random: Float[np.ndarray, "5"]


class Asked(NamedTuple):
    """What is required of a survey, and what it will reach.

    Attributes
    ----------
    what
        "parallax" or "motion".
    magnitude
        Hw of the faintest stars that are meant, or of the faintest that are measured.
    wanted, whole, alone, random
        [µas] or [µas/yr], of motions the larger of both coordinates; as of
        `ForecastRow`.
    """

    what: str
    magnitude: float
    wanted: float
    whole: float
    alone: float
    random: float

    @property
    def is_met(self) -> bool:
        """Return whether stars reach it, also without an entry of their own."""
        return bool(max(self.whole, self.alone) <= self.wanted)


@dataclass(frozen=True)
class Forecast:
    """What a survey will know of its stars.

    Attributes
    ----------
    config
        Its description.
    plates, kinds, visits
        Plates; how many of them are different; and epochs that stand for all.
    every_plate
        Whether each plate was computed.
    rows
        Errors against magnitude.
    star
        A typical one, of the random limit.
    bounds
        Of each star.
    magnitude
        Of these [mag].
    inside
        Which of these are in the survey's region.
    """

    config: SurveyConfig = field(repr=False)
    plates: int
    kinds: int
    visits: int
    every_plate: bool
    rows: tuple[ForecastRow, ...]
    star: TypicalStar = field(repr=False)
    bounds: Bounds = field(repr=False)
    magnitude: Float[np.ndarray, "n"] = field(repr=False)
    inside: np.ndarray = field(repr=False)


@in_double
def forecast_of(
    survey: Survey,
    dataset_of: DatasetOf,
    *,
    each: bool | None = None,
    told: Told | None = None,
) -> Forecast:
    """Forecast what a survey will know of its stars.

    Parameters
    ----------
    survey
        As opened.
    dataset_of
        How a simulated plate becomes the dataset that a solver is given.
    each
        Whether each plate is computed; None: if there are not too many.
    told
        Called after each plate, or kind of plate, with how many are done, and of how
        many.

    Raises
    ------
    DegeneracyError
        References do not determine the datum.
    """
    if each is None:
        each = len(survey) <= FEW
    check_references(survey)
    error = _errors(survey, survey.stars.phot_hw_mag)
    if each:
        plates = every_plate(survey, dataset_of, told)
    else:
        plates = repeated_plates(survey, error, dataset_of, told)
    bounds = bounds_of(survey, plates)
    magnitude = survey.stars.phot_hw_mag[bounds.row]
    inside = _inside(survey, bounds)
    star = typical_star(survey.plan, survey.instrument, survey.config.ephemeris)
    return Forecast(
        config=survey.config,
        plates=len(survey),
        kinds=len(plates.repeated),
        visits=sum(len(one.epoch) for one in plates.repeated),
        every_plate=each,
        rows=_rows(survey, bounds, error[bounds.row], inside, star),
        star=star,
        bounds=bounds,
        magnitude=magnitude,
        inside=inside,
    )


def _errors(survey: Survey, magnitude: np.ndarray) -> Float[np.ndarray, "n"]:
    return mean_errors(
        survey.config.noise, magnitude, survey.instrument, table=survey.noise
    )


def _inside(survey: Survey, bounds: Bounds) -> np.ndarray:
    """Return which stars are in the region, all if none is."""
    found = in_region(survey.plan, survey.directions[bounds.row])
    return found if found.any() else np.ones_like(found)


def _magnitudes(config: SurveyConfig) -> Float[np.ndarray, "m"]:
    """Return round magnitudes within the limits, and those of the requirements."""
    stars, wanted = config.stars, config.requirement
    low = np.ceil(stars.brightest_mag / STEP)
    high = np.floor(stars.faintest_mag / STEP)
    found = list(STEP * np.arange(low, high + 0.5))
    if wanted.parallax_uas is not None:
        found.append(wanted.parallax_mag)
    if wanted.motion_uas_per_yr is not None:
        found.append(wanted.motion_mag)
    return np.unique(found)


def _rows(
    survey: Survey,
    bounds: Bounds,
    error: np.ndarray,
    inside: np.ndarray,
    star: TypicalStar,
) -> tuple[ForecastRow, ...]:
    own = survey.stars.phot_hw_mag[bounds.row]
    magnitude = _magnitudes(survey.config)
    wanted = _errors(survey, magnitude)
    limit = random_limit(
        magnitude,
        wanted,
        epoch=star.epoch,
        factors=star.factors,
        exposures=star.exposures,
    )
    rows = []
    for i, at in enumerate(magnitude):
        near = np.abs(own - at) <= 0.5 * STEP
        some = np.flatnonzero(near & inside & bounds.is_solved)
        if not some.size:
            continue
        fainter = wanted[i] / error[some]
        listed = bounds.at(some, fainter)
        alone = bounds.at(some, fainter, listed=False)
        rows.append(
            ForecastRow(
                magnitude=float(at),
                stars=some.size,
                references=int(bounds.is_reference[some].sum()),
                whole=np.median(listed.whole, axis=0),
                held=np.median(listed.held, axis=0),
                alone=np.median(alone.whole, axis=0),
                visits=np.median(alone.held, axis=0),
                random=np.concatenate(
                    [limit.position[i], limit.parallax[i : i + 1], limit.motion[i]]
                ),
            )
        )
    return tuple(rows)


def as_asked(forecast: Forecast) -> tuple[Asked, ...]:
    """Return what is required, beside the forecast.

    Parameters
    ----------
    forecast
        Of the survey.
    """
    wanted = forecast.config.requirement
    found = []
    for what, value, magnitude, columns in (
        ("parallax", wanted.parallax_uas, wanted.parallax_mag, [2]),
        ("motion", wanted.motion_uas_per_yr, wanted.motion_mag, [3, 4]),
    ):
        rows = [row for row in forecast.rows if row.magnitude <= magnitude]
        if value is None or not rows:
            continue
        row = rows[-1]
        found.append(
            Asked(
                what,
                row.magnitude,
                value,
                float(row.whole[columns].max()),
                float(row.alone[columns].max()),
                float(row.random[columns].max()),
            )
        )
    return tuple(found)


__all__ = ["PARAMETERS", "Asked", "Forecast", "ForecastRow", "as_asked", "forecast_of"]
