"""When and where a survey points: its orbits, their fields, their exposures.

What is planned for all orbits (`plan_survey`) has no random numbers but for the gaps;
the exposures of one orbit (`exposures_of`) have theirs from the survey's seed and the
orbit's number alone.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau.config import Source
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.errors import ConfigError, explain
from reseau.observers import orbit_altitude, orbit_inclination

from .galactic import equatorial, north_angle
from .pointings import CORNERS, MINUTES_PER_YEAR, Pointings, reported
from .schedule_config import OrbitConfig, RegionConfig, ScheduleConfig
from .seasons import orbits_used
from .tiling import cell_counts, grid_over, pairs
from .visibility import earth_limb_angles, sun_directions

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
    cells
        How often each cell of the region is observed; of the pattern "square", which
        has none, as one cell.
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
    cells: Int[np.ndarray, "x y"]
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
    _check_orbit(orbit, place)
    exposures = exposures_that_fit(orbit, schedule, place)
    target = middle_of(region)
    used = orbits_used(orbit, schedule, target, seed, place)
    field, cells = _fields(region, schedule, side, len(used.middle))
    plan = SurveyPlan(
        middle=used.middle,
        field=field,
        cells=cells,
        exposures=exposures,
        orbit=orbit,
        region=region,
        schedule=schedule,
        target=target,
        in_season=used.in_season,
        lost=used.lost,
        seed=seed,
    )
    _check_earth(plan, place)
    return plan


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


def _check_orbit(orbit: OrbitConfig, place: Source) -> None:
    if orbit.kind == "geocentre":
        return
    try:
        orbit_inclination(orbit.period)
    except ConfigError as error:
        raise place.below("orbit").complain(
            "period_min",
            f"a period of {orbit.period:g} min, {orbit_altitude(orbit.period):,.0f} km "
            "above the equator",
            "a circular sun-synchronous orbit: 85 to 225 min, about",
            'correct it (96.7 is 600 km up), or take kind = "geocentre"',
        ) from error


def _check_earth(plan: SurveyPlan, place: Source) -> None:
    """Refuse exposures whose line of sight comes too near to the Earth's limb."""
    least = nearest_limb(plan)
    wanted = plan.orbit.earth_limb
    if least is None or least >= wanted:
        return
    raise place.below("orbit").complain(
        "observing_fraction",
        f"in {plan.orbit.observing:g} of each orbit the line of sight comes "
        + (f"within {least:.1f} deg of the Earth's limb" if least > 0 else "on Earth"),
        f"{wanted:g} deg or more (earth_limb_min_deg)",
        "observe a smaller part of each orbit, or from a higher one",
    )


def nearest_limb(plan: SurveyPlan) -> float | None:
    """Return the least angle between a line of sight and the Earth's limb [deg].

    Over all exposures from their begin to their end, at the middles of fields; None
    where there is no satellite.

    Parameters
    ----------
    plan
        Of the survey.
    """
    if plan.orbit.kind == "geocentre":
        return None
    begin = field_starts(plan)
    taking = plan.exposures * plan.schedule.each - plan.schedule.readout
    ra, dec = in_icrs(plan.region.frame, plan.field[..., 0], plan.field[..., 1])
    axis = np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1
    ).reshape(-1, 3)
    # Going round, the Earth's angle falls on either side of its greatest.
    angles = [
        earth_limb_angles(epoch.ravel(), axis, plan.orbit)
        for epoch in (begin, begin + taking / SECONDS_PER_YEAR)
    ]
    return float(np.min(angles)) / DEGREE


def exposures_that_fit(
    orbit: OrbitConfig, schedule: ScheduleConfig, place: Source
) -> int:
    """Return how many exposures a field has: as many as wanted, or as there is time.

    Raises
    ------
    ConfigError
        There is not enough time.
    """
    each = schedule.each
    time = 60.0 * orbit.period * orbit.observing / schedule.fields - schedule.slew
    most = int(np.floor(time / each + 1e-9))
    wanted = schedule.exposures or max(most, 0)
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


def _fields(
    region: RegionConfig, schedule: ScheduleConfig, side: float, orbits: int
) -> tuple[Float[np.ndarray, "p f 2"], Int[np.ndarray, "x y"]]:
    """Return the middles of fields in the region's frame [rad], and cells' counts."""
    if schedule.pattern == "square":
        centre = 0.5 * np.array(
            [region.west + region.east, region.south + region.north]
        )
        offset = 0.5 * schedule.step * side * CORNERS
        latitude = centre[1] * DEGREE + offset[:, 1]
        longitude = centre[0] * DEGREE + offset[:, 0] / np.cos(latitude)
        square = np.stack([longitude, latitude], axis=-1)
        return np.tile(square, (orbits, 1, 1)), np.array([[orbits]])
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
    field = np.stack([longitude, grid.latitude[where[..., 1]]], axis=-1) * DEGREE
    return field, cell_counts(where, grid)


def field_starts(plan: SurveyPlan) -> Float[np.ndarray, "p f"]:
    """Return when the first exposure of each field begins, Julian years, TCB.

    The part of the orbit in which is observed is divided equally among the fields; the
    exposures stand in the middle of each share, half the slews before and after them.

    Parameters
    ----------
    plan
        Of the survey.
    """
    schedule, fields = plan.schedule, plan.field.shape[1]
    share = 60.0 * plan.orbit.period * plan.orbit.observing / fields
    rest = share - (plan.exposures * schedule.each - schedule.readout)
    begin = share * (np.arange(fields) - 0.5 * fields) + 0.5 * rest
    return plan.middle[:, None] + begin / SECONDS_PER_YEAR


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
    within = np.tile(np.arange(plan.exposures), fields) * schedule.each
    epoch = field_starts(plan)[plate, number] + (within + 0.5 * schedule.exposure) / (
        SECONDS_PER_YEAR
    )
    offset = rng.normal(0.0, schedule.dither * DEGREE, (m, 2))
    shift, turn = _unsteady(plan, plate, within)
    offset += shift
    latitude = plan.field[plate, number, 1] + offset[:, 1]
    longitude = plan.field[plate, number, 0] + offset[:, 0] / np.cos(latitude)
    ra, dec = in_icrs(plan.region.frame, longitude, latitude)
    angle = intended_angles(plan, epoch, longitude, latitude)
    angle = angle + turn + rng.normal(0.0, schedule.roll_jitter * DEGREE, m)
    attitude = np.stack([ra, dec, angle], axis=-1)
    widths = np.array(
        [schedule.pointing_error, schedule.pointing_error, schedule.angle_error]
    )
    step = rng.normal(0.0, 1.0, (m, 3)) * widths * ARCSECOND
    return OrbitExposures(
        Pointings(number, epoch, attitude, reported(attitude, step)),
        2.0 * np.pi * (epoch - plan.middle[plate]) * MINUTES_PER_YEAR / orbit.period,
    )


def _unsteady(
    plan: SurveyPlan, plate: int, within: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "m 2"], Float[np.ndarray, "m"]]:
    """Return what jitter and drift add to pointings and to position angles [rad].

    `within` is the time since a field's first exposure [s].
    """
    schedule, fields = plan.schedule, plan.field.shape[1]
    rng = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(4, plate)))
    towards = np.repeat(rng.uniform(0.0, 2.0 * np.pi, fields), plan.exposures)
    jitter = rng.normal(0.0, schedule.jitter * MILLIARCSECOND, (len(within), 3))
    middle = 0.5 * (plan.exposures - 1) * schedule.each
    drift = schedule.drift * MILLIARCSECOND * (within - middle)
    way = np.stack([np.cos(towards), np.sin(towards)], axis=-1)
    return jitter[:, :2] + drift[:, None] * way, jitter[:, 2]


def intended_angles(
    plan: SurveyPlan,
    epoch: Float[np.ndarray, "m"],
    longitude: Float[np.ndarray, "m"],
    latitude: Float[np.ndarray, "m"],
) -> Float[np.ndarray, "m"]:
    """Return the position angles that exposures are meant to have [rad].

    Parameters
    ----------
    plan
        Of the survey.
    epoch
        Julian years, TCB.
    longitude, latitude
        Of the pointings in the region's frame [rad].
    """
    added = plan.schedule.roll_angle * DEGREE
    if plan.schedule.roll == "sun":
        sun = sun_directions(epoch)
        ra, dec = in_icrs(plan.region.frame, longitude, latitude)
        east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
        north = np.stack(
            [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1
        )
        return added + np.arctan2(
            np.sum(sun * east, axis=-1), np.sum(sun * north, axis=-1)
        )
    if plan.schedule.roll == "fixed" or plan.region.frame == "icrs":
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
    "field_starts",
    "in_icrs",
    "intended_angles",
    "middle_of",
    "nearest_limb",
    "one_plate",
    "plan_survey",
]
