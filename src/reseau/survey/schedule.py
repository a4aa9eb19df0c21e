"""When and where a survey points: its orbits, their fields, their exposures.

What is planned for all orbits (`plan_survey`) has no random numbers but for the gaps;
the exposures of one orbit (`exposures_of`) have theirs from the survey's seed and the
orbit's number alone.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau.config import Source
from reseau.constants import ARCSECOND, DEGREE
from reseau.errors import ConfigError, explain

from .galactic import equatorial, north_angle
from .pointings import MINUTES_PER_YEAR, Pointings, reported
from .schedule_config import OrbitConfig, RegionConfig, ScheduleConfig
from .tiling import CORNERS, grid_over, pairs
from .visibility import middle_of_orbit, sun_angles, sun_directions

SECONDS_PER_YEAR = 60.0 * MINUTES_PER_YEAR
WHERE = "the survey"


class SurveyPlan(NamedTuple):
    """What is planned of a survey's p plates, one an orbit.

    Attributes
    ----------
    middle
        When each is half done, Julian years, TCB.
    field
        Longitude and latitude of the middles of its fields, in the region's frame
        [rad].
    exposures
        Of a field.
    orbit, region, schedule
        As they were described.
    target
        The region's middle, a unit vector, ICRS.
    in_season
        How many orbits the Sun allows.
    lost
        How many of these gaps took.
    seed
        Of random numbers.
    """

    middle: Float[np.ndarray, "p"]
    field: Float[np.ndarray, "p f 2"]
    exposures: int
    orbit: OrbitConfig
    region: RegionConfig
    schedule: ScheduleConfig
    target: Float[np.ndarray, "3"]
    in_season: int
    lost: int
    seed: int


class OrbitExposures(NamedTuple):
    """The exposures of a plate.

    Attributes
    ----------
    pointings
        Where and when.
    phase
        Of the orbit, from the middle of the part in which exposures are taken [rad].
    """

    pointings: Pointings
    phase: Float[np.ndarray, "m"]


def plan_survey(
    orbit: OrbitConfig,
    region: RegionConfig,
    schedule: ScheduleConfig,
    side: float,
    seed: int,
    *,
    source: Source | None = None,
) -> SurveyPlan:
    """Plan a survey.

    Parameters
    ----------
    orbit, region, schedule
        Its description.
    side
        Of the field of view [rad].
    seed
        Of random numbers.
    source
        Where the description stands, for messages.

    Raises
    ------
    ConfigError
        The region is never visible, no exposure fits, or a description contradicts
        itself.
    """
    place = Source(WHERE, "") if source is None else source
    _check(region, schedule, place)
    exposures = exposures_that_fit(orbit, schedule, place)
    target = middle_of(region)
    middle, lost = _orbits_in_season(orbit, schedule, target, seed, place)
    in_season = len(middle) + lost
    if schedule.orbits:
        middle = _spread(middle, schedule.orbits, place)
    return SurveyPlan(
        middle=middle,
        field=_fields(region, schedule, side, len(middle)),
        exposures=exposures,
        orbit=orbit,
        region=region,
        schedule=schedule,
        target=target,
        in_season=in_season,
        lost=lost,
        seed=seed,
    )


def _check(region: RegionConfig, schedule: ScheduleConfig, place: Source) -> None:
    for low, high, axis in (
        (region.west, region.east, "longitude"),
        (region.south, region.north, "latitude"),
    ):
        if not low < high:
            raise place.below("region").complain(
                f"{axis}_max_deg",
                f"the region's {axis} goes from {low} to {high} deg",
                f"{axis}_min_deg less than {axis}_max_deg",
                "exchange or correct them (add 360 beyond a full turn)",
            )
    if not schedule.sun_min < schedule.sun_max:
        raise place.below("schedule").complain(
            "sun_max_deg",
            f"the Sun's angle from {schedule.sun_min} to {schedule.sun_max} deg",
            "sun_min_deg less than sun_max_deg",
            "exchange or correct them",
        )
    if schedule.pattern == "square" and schedule.fields != len(CORNERS):
        raise place.below("schedule").complain(
            "fields",
            f"fields = {schedule.fields} with the pattern square",
            f"{len(CORNERS)}, the corners of a square",
            'take 4 fields, or pattern = "pairs"',
        )


def exposures_that_fit(
    orbit: OrbitConfig, schedule: ScheduleConfig, place: Source
) -> int:
    """Return how many exposures a field has: as many as wanted, or as there is time.

    Raises
    ------
    ConfigError
        There is not enough time.
    """
    each = schedule.exposure + schedule.readout
    time = 60.0 * orbit.period * orbit.observing / schedule.fields - schedule.slew
    most = int(np.floor(time / each + 1e-9))
    wanted = schedule.exposures or most
    if not 0 < wanted <= most:
        raise place.below("schedule").complain(
            "exposures",
            f"{wanted or 'no'} exposures of {each:g} s for each of {schedule.fields} "
            f"fields, after slews of {schedule.slew:g} s",
            f"at most {max(most, 0)}, for which there is time in "
            f"{orbit.observing:g} of an orbit of {orbit.period:g} min",
            "take fewer fields or exposures, shorter ones, or a larger part of the "
            "orbit",
        )
    return wanted


def middle_of(region: RegionConfig) -> Float[np.ndarray, "3"]:
    """Return the unit vector to a region's middle, ICRS."""
    longitude = 0.5 * (region.west + region.east) * DEGREE
    latitude = 0.5 * (region.south + region.north) * DEGREE
    ra, dec = in_icrs(region.frame, np.array([longitude]), np.array([latitude]))
    flat = np.cos(dec[0])
    return np.array([flat * np.cos(ra[0]), flat * np.sin(ra[0]), np.sin(dec[0])])


def in_icrs(
    frame: str, longitude: np.ndarray, latitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ra and dec of coordinates in a region's frame, all in radians."""
    if frame == "icrs":
        return longitude, latitude
    return equatorial(longitude, latitude)


def _orbits_in_season(
    orbit: OrbitConfig,
    schedule: ScheduleConfig,
    target: np.ndarray,
    seed: int,
    place: Source,
) -> tuple[np.ndarray, int]:
    """Return the middles of the orbits in which is observed, and how many are lost."""
    period = orbit.period / MINUTES_PER_YEAR
    n = int(np.floor(schedule.years / period + 1e-9))
    start = schedule.begin + np.arange(n) * period
    angle = sun_angles(start + 0.5 * period, target) / DEGREE if n else start
    allowed = (angle >= schedule.sun_min) & (angle <= schedule.sun_max)
    start = start[allowed]
    if len(start) == 0:
        seen = f"from {angle.min():.0f} to {angle.max():.0f} deg" if n else "not at all"
        raise place.below("schedule").complain(
            "sun_min_deg",
            f"the region is never in season: in {schedule.years:g} years from "
            f"{schedule.begin:g} the Sun is {seen} from it",
            f"orbits with the Sun {schedule.sun_min:g} to {schedule.sun_max:g} deg away",
            "observe longer, or allow other angles",
        )
    lost = _gaps(len(start), schedule, seed)
    start = start[~lost]
    if orbit.kind == "geocentre":
        return start + 0.5 * period * orbit.observing, int(lost.sum())
    middle = middle_of_orbit(
        start,
        target,
        period=orbit.period,
        node_time=orbit.node_time,
        phase=orbit.phase,
    )
    return middle, int(lost.sum())


def _gaps(n: int, schedule: ScheduleConfig, seed: int) -> np.ndarray:
    """Return which of n orbits are lost: stretches of a geometric length."""
    lost = np.zeros(n, dtype=bool)
    if schedule.gap_fraction == 0:
        return lost
    rng = np.random.default_rng([seed, 1])
    mean, part = max(schedule.gap_orbits, 1.0), schedule.gap_fraction
    at = 0
    while at < n:
        at += int(rng.geometric(min(part / (mean * (1.0 - part)), 1.0)))
        length = int(rng.geometric(1.0 / mean))
        lost[at : at + length] = True
        at += length
    return lost


def _spread(middle: np.ndarray, wanted: int, place: Source) -> np.ndarray:
    """Return so many of the orbits, evenly spread over those in season."""
    if wanted > len(middle):
        raise place.below("schedule").complain(
            "orbits",
            f"orbits = {wanted}",
            f"at most {len(middle)}, those in season that gaps have left",
            "take fewer, observe longer, or 0 for all",
        )
    return middle[np.arange(wanted) * len(middle) // wanted]


def _fields(
    region: RegionConfig, schedule: ScheduleConfig, side: float, orbits: int
) -> Float[np.ndarray, "p f 2"]:
    """Return the middles of all fields in the region's frame [rad]."""
    if schedule.pattern == "square":
        centre = 0.5 * np.array(
            [region.west + region.east, region.south + region.north]
        )
        offset = 0.5 * schedule.step * side * CORNERS
        latitude = centre[1] * DEGREE + offset[:, 1]
        longitude = centre[0] * DEGREE + offset[:, 0] / np.cos(latitude)
        return np.tile(np.stack([longitude, latitude], axis=-1), (orbits, 1, 1))
    # Towards the poles a field spans more of the longitude.
    flat = np.cos(0.5 * (region.south + region.north) * DEGREE)
    grid = grid_over(
        region.west * flat,
        region.east * flat,
        region.south,
        region.north,
        side / DEGREE,
    )
    where = pairs(orbits, schedule.fields, grid)
    longitude = grid.longitude[where[..., 0]] / flat
    return np.stack([longitude, grid.latitude[where[..., 1]]], axis=-1) * DEGREE


def exposures_of(plan: SurveyPlan, plate: int) -> OrbitExposures:
    """Return the exposures of one plate.

    Parameters
    ----------
    plan
        Of the survey.
    plate
        Row of the plate.
    """
    schedule, orbit = plan.schedule, plan.orbit
    rng = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(2, plate)))
    fields = plan.field.shape[1]
    number = np.repeat(np.arange(fields), plan.exposures)
    m = len(number)
    half = 0.5 * orbit.period * orbit.observing / MINUTES_PER_YEAR
    each = (schedule.exposure + schedule.readout) / SECONDS_PER_YEAR
    first = plan.middle[plate] - half + 2.0 * half * np.arange(fields) / fields
    first = first + schedule.slew / SECONDS_PER_YEAR
    epoch = first[number] + (np.tile(np.arange(plan.exposures), fields) + 0.5) * each
    offset = rng.normal(0.0, schedule.dither * DEGREE, (m, 2))
    latitude = plan.field[plate, number, 1] + offset[:, 1]
    longitude = plan.field[plate, number, 0] + offset[:, 0] / np.cos(latitude)
    ra, dec = in_icrs(plan.region.frame, longitude, latitude)
    angle = _rolls(plan, epoch, longitude, latitude, np.stack([ra, dec], axis=-1))
    angle = angle + rng.normal(0.0, schedule.roll_jitter * DEGREE, m)
    attitude = np.stack([ra, dec, angle], axis=-1)
    widths = np.array(
        [schedule.pointing_error, schedule.pointing_error, schedule.angle_error]
    )
    step = rng.normal(0.0, 1.0, (m, 3)) * widths * ARCSECOND
    return OrbitExposures(
        Pointings(number, epoch, attitude, reported(attitude, step)),
        2.0 * np.pi * (epoch - plan.middle[plate]) * MINUTES_PER_YEAR / orbit.period,
    )


def _rolls(
    plan: SurveyPlan,
    epoch: np.ndarray,
    longitude: np.ndarray,
    latitude: np.ndarray,
    place: np.ndarray,
) -> Float[np.ndarray, "m"]:
    """Return the position angles that are intended [rad]."""
    added = plan.schedule.roll_angle * DEGREE
    if plan.schedule.roll == "fixed":
        return np.full(len(epoch), added)
    if plan.schedule.roll == "sun":
        sun = sun_directions(epoch)
        ra, dec = place.T
        east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
        north = np.stack(
            [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1
        )
        return added + np.arctan2(
            np.sum(sun * east, axis=-1), np.sum(sun * north, axis=-1)
        )
    if plan.region.frame == "icrs":
        return np.full(len(epoch), added)
    return added + north_angle(longitude, latitude)


def one_plate(plan: SurveyPlan, plate: int) -> None:
    """Raise `ConfigError` for a plate that is not planned."""
    if not 0 <= plate < len(plan.middle):
        raise ConfigError(
            explain(
                given=f"plate {plate}",
                wanted=f"a number from 0 to {len(plan.middle) - 1}",
                where=WHERE,
                todo="name a plate of this survey",
            )
        )


__all__ = [
    "OrbitExposures",
    "SurveyPlan",
    "exposures_of",
    "exposures_that_fit",
    "in_icrs",
    "middle_of",
    "one_plate",
    "plan_survey",
]
