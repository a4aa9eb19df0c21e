"""What a survey's plan amounts to: seasons, exposures, visits, the random limit.

`summarise` computes it; `PlanSummary` holds the numbers that are printed and drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from reseau.config import Source
from reseau.constants import DEGREE
from reseau.instrument import Instrument

from .coverage import (
    ExposureMap,
    coverage,
    detector_area,
    exposure_map,
    places,
    shares_of,
)
from .premises import check_noise, check_sky
from .random_limit import RandomLimit, factors_at, mean_errors, random_limit
from .region_stars import embedded_over
from .schedule import SurveyPlan, nearest_limb, plan_survey
from .seasons import Season, seasons
from .selection import unit_vectors
from .star_config import EMBEDDED
from .survey import field_side
from .survey_config import SurveyConfig
from .visibility import sun_angles

MAGNITUDES = 0.5
"""Step of the random limit's magnitudes."""

TYPICAL = 0.005
"""How far a typical star's exposures may be from the mean of the region, relative."""


@dataclass(frozen=True)
class TypicalStar:
    """A star that has the mean number of exposures, near the region's middle.

    Attributes
    ----------
    longitude, latitude
        Where it is, in the region's frame [deg].
    epoch
        Of the plates that see it, Julian years, TCB.
    factors
        Its parallax factors there towards East and North [au].
    exposures
        How many of each plate see it, in the mean.
    visits
        Fields half of whose exposures, or more, see it.
    """

    longitude: float
    latitude: float
    epoch: Float[np.ndarray, "v"]
    factors: Float[np.ndarray, "v 2"]
    exposures: Float[np.ndarray, "v"]
    visits: int


@dataclass(frozen=True)
class PlanSummary:
    """A survey's plan in numbers.

    Attributes
    ----------
    config
        The description.
    plan
        When the survey points where.
    seasons
        In which the Sun allows it.
    sun_epoch, sun_angle
        The Sun's angle from the region's middle over the survey [Julian year], [deg].
    plate_angle
        The same at the middle of each plate [deg].
    factors
        Parallax factors of the region's middle over the survey, East and North [au].
    limb
        Least angle between a line of sight and the Earth's limb [deg]; None: there is
        no satellite.
    detector_area
        Solid angle of the detectors together [deg²].
    map
        Exposures on the sky.
    star
        A typical one.
    floor
        Error of a visit that its exposures share [mas].
    limit
        The random limit of that star against magnitude.
    stars
        How many stars within the limits of magnitude an exposure sees.
    """

    config: SurveyConfig = field(repr=False)
    plan: SurveyPlan = field(repr=False)
    seasons: tuple[Season, ...]
    sun_epoch: Float[np.ndarray, "k"] = field(repr=False)
    sun_angle: Float[np.ndarray, "k"] = field(repr=False)
    plate_angle: Float[np.ndarray, "p"] = field(repr=False)
    factors: Float[np.ndarray, "k 2"] = field(repr=False)
    limb: float | None
    detector_area: float
    map: ExposureMap = field(repr=False)
    star: TypicalStar = field(repr=False)
    floor: float
    limit: RandomLimit = field(repr=False)
    stars: int

    @property
    def exposures(self) -> int:
        """Return the number of all exposures."""
        return int(self.plan.field.shape[0] * self.plan.field.shape[1]) * (
            self.plan.exposures
        )


def summarise(
    config: SurveyConfig,
    instrument: Instrument,
    *,
    stars: Mapping[str, np.ndarray] | None = None,
    noise: Mapping[str, np.ndarray] | None = None,
    floor: float = 0.0,
    source: Source | None = None,
) -> PlanSummary:
    """Plan a survey, and say what that amounts to.

    Parameters
    ----------
    config
        Its description.
    instrument
        As drawn.
    stars
        Columns of a list of stars; None: the embedded field.
    noise
        Columns of a table of errors against magnitude, where the noise is one.
    floor
        Error of a visit that its exposures share, a coordinate [mas].
    source
        Where the description stands, for messages.

    Raises
    ------
    ConfigError
        The description contradicts itself, or nothing would be measured.
    CatalogueError
        The table of errors cannot be used.
    """
    place = Source("the survey", "") if source is None else source
    check_sky(config, place)
    check_noise(config, noise)
    plan = plan_survey(
        config.orbit,
        config.region,
        config.schedule,
        field_side(instrument),
        config.seed,
        source=place,
    )
    magnitude = _magnitudes(config)
    error = mean_errors(config.noise, magnitude, instrument, table=noise)
    count = _measured_stars(config, plan, instrument, stars, place)
    found = exposure_map(plan, instrument)
    star = typical_star(plan, instrument, config.ephemeris, found)
    schedule = config.schedule
    epoch = schedule.begin + np.linspace(0.0, schedule.years, _steps(schedule.years))
    angle = sun_angles(epoch, plan.target) / DEGREE
    return PlanSummary(
        config=config,
        plan=plan,
        seasons=seasons(schedule, plan.target, plan.middle),
        sun_epoch=epoch,
        sun_angle=angle,
        plate_angle=np.interp(plan.middle, epoch, angle),
        factors=factors_at(epoch, plan.target, ephemeris=config.ephemeris),
        limb=nearest_limb(plan),
        detector_area=detector_area(instrument),
        map=found,
        star=star,
        floor=floor,
        limit=random_limit(
            magnitude,
            error,
            epoch=star.epoch,
            factors=star.factors,
            exposures=star.exposures,
            floor=floor,
        ),
        stars=count,
    )


def _steps(years: float) -> int:
    """Return in how many steps the Sun's angle is followed: half a day each."""
    return int(np.clip(730 * years, 100, 20_000))


def _magnitudes(config: SurveyConfig) -> Float[np.ndarray, "m"]:
    """Return round magnitudes within the limits, and those of the requirements.

    Where errors are constant, the limits say all.
    """
    stars, wanted = config.stars, config.requirement
    low = np.ceil(stars.brightest_mag / MAGNITUDES)
    high = np.floor(stars.faintest_mag / MAGNITUDES)
    found = [stars.brightest_mag, stars.faintest_mag]
    if config.noise.kind != "constant" or config.noise.vignetting > 0.0:
        found += [*(MAGNITUDES * np.arange(low, high + 0.5))]
    if wanted.parallax_uas is not None:
        found.append(wanted.parallax_mag)
    if wanted.motion_uas_per_yr is not None:
        found.append(wanted.motion_mag)
    return np.unique(found)


def _measured_stars(
    config: SurveyConfig,
    plan: SurveyPlan,
    instrument: Instrument,
    stars: Mapping[str, np.ndarray] | None,
    place: Source,
) -> int:
    """Return how many stars are seen on an exposure or more, by their magnitudes."""
    limits = config.stars
    if stars is None and limits.source == EMBEDDED:
        stars = embedded_over(config.region, 0.5 * field_side(instrument))
    columns = {} if stars is None else stars
    magnitude = np.asarray(columns["phot_hw_mag"], dtype=float)
    wanted = (magnitude >= limits.brightest_mag) & (magnitude <= limits.faintest_mag)
    direction = unit_vectors(
        *(np.asarray(columns[n], dtype=float)[wanted] for n in ("ra", "dec"))
    )
    seen = int(np.sum(coverage(plan, instrument, direction).exposures >= 1.0))
    if not seen and not limits.artificial and not limits.bodies:
        raise place.below("stars").complain(
            "source",
            f"none of {len(magnitude):,} stars is seen: {int(wanted.sum()):,} are of "
            f"Hw {limits.brightest_mag:g} to {limits.faintest_mag:g}, none of these "
            "in a field",
            "a star that an exposure measures",
            "correct the region, the list of stars or the limits of magnitude",
        )
    return seen


def typical_star(
    plan: SurveyPlan,
    instrument: Instrument,
    ephemeris: str,
    found: ExposureMap | None = None,
) -> TypicalStar:
    """Return a place with the mean number of exposures, near the region's middle.

    Parameters
    ----------
    plan
        Of the survey.
    instrument
        With whose detectors.
    ephemeris
        Where the Earth is.
    found
        The plan's exposures on the sky, if at hand.
    """
    found = exposure_map(plan, instrument) if found is None else found
    area = np.where(found.inside, found.area, 0.0)
    if not area.any():
        area = found.area  # a region smaller than the map's cells
    mean = np.average(found.exposures, weights=area)
    off = np.where(area > 0.0, np.abs(found.exposures - mean), np.inf)
    x, y = np.meshgrid(found.longitude, found.latitude, indexing="ij")
    region = plan.region
    away = np.hypot(
        x - 0.5 * (region.west + region.east), y - 0.5 * (region.south + region.north)
    )
    near = off <= max(TYPICAL * mean, off.min())
    row = np.unravel_index(np.argmin(np.where(near, away, np.inf)), off.shape)
    longitude, latitude = float(x[row]), float(y[row])
    direction = places(
        region.frame, np.array([longitude]) * DEGREE, np.array([latitude]) * DEGREE
    )[0]
    share = shares_of(plan, instrument, direction)
    exposures = plan.exposures * share.sum(axis=1)
    # Less than a thousandth of an exposure is the tail of the dither.
    seen = exposures > 1e-3
    epoch = plan.middle[seen]
    return TypicalStar(
        longitude=longitude,
        latitude=latitude,
        epoch=epoch,
        factors=factors_at(epoch, direction, ephemeris=ephemeris),
        exposures=exposures[seen],
        visits=int(np.sum(share >= 0.5)),
    )


__all__ = ["PlanSummary", "TypicalStar", "summarise", "typical_star"]
