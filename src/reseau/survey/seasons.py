"""Which orbits a survey uses: those that the Sun allows and that gaps have left.

A season is a stretch of time in which the Sun is neither too near to the region nor
too near to the opposite direction. Each orbit counts by its middle.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from reseau.config import Source
from reseau.constants import DEGREE

from .pointings import MINUTES_PER_YEAR
from .schedule_config import OrbitConfig, ScheduleConfig
from .visibility import Target, middle_of_orbit, sun_angles

MOST_ORBITS = 10_000_000
"""More than this is a slip: a period in another unit."""

STEP = 0.5 / 365.25
"""In which the Sun's angle is followed to find where seasons begin [Julian year]."""


class OrbitsUsed(NamedTuple):
    """The orbits of a survey.

    Attributes
    ----------
    middle
        When each that is used is half done, Julian years, TCB.
    in_season
        How many the Sun allows.
    lost
        How many of these gaps took.
    """

    middle: Float[np.ndarray, "p"]
    in_season: int
    lost: int


class Season(NamedTuple):
    """A stretch of time in which a region is in season.

    Attributes
    ----------
    begin, end
        Julian years, TCB; cut where the survey begins and ends.
    orbits
        How many orbits are used.
    """

    begin: float
    end: float
    orbits: int


def orbits_used(
    orbit: OrbitConfig,
    schedule: ScheduleConfig,
    target: Target,
    seed: int,
    place: Source,
) -> OrbitsUsed:
    """Return the orbits in which a region is observed.

    Parameters
    ----------
    orbit, schedule
        As described.
    target
        The region's middle, a unit vector, ICRS.
    seed
        Of the gaps.
    place
        Where the description stands, for messages.

    Raises
    ------
    ConfigError
        No orbit is in season, gaps take all of them, or leave fewer than are wanted.
    """
    _check_count(orbit, schedule, place)
    bounds = _season_bounds(schedule, target, place)
    middle = _all_middles(orbit, schedule, target)
    middle = middle[np.searchsorted(bounds, middle) % 2 == 1]
    if len(middle) == 0:
        raise place.below("orbit").complain(
            "period_min",
            "no orbit has its middle in a season",
            "seasons longer than an orbit",
            "correct the period [min], or observe longer",
        )
    lost = gaps(len(middle), schedule, seed)
    left = middle[~lost]
    if len(left) == 0:
        raise place.below("schedule").complain(
            "gap_fraction",
            f"gaps take all {len(middle)} orbits in season: nothing is measured",
            "an orbit that is left",
            "lower gap_fraction or gap_mean_orbits, or observe longer",
        )
    if schedule.orbits:
        left = _spread(left, schedule.orbits, place)
    return OrbitsUsed(left, len(middle), int(lost.sum()))


def _check_count(orbit: OrbitConfig, schedule: ScheduleConfig, place: Source) -> None:
    count = schedule.years * MINUTES_PER_YEAR / orbit.period + 1e-9
    if not 1.0 <= count <= MOST_ORBITS:
        raise place.below("orbit").complain(
            "period_min",
            f"{schedule.years:g} years have {count:.3g} orbits of {orbit.period:g} min",
            f"1 to {MOST_ORBITS:,} orbits",
            "correct the period [min] or the schedule's years",
        )


def _all_middles(
    orbit: OrbitConfig, schedule: ScheduleConfig, target: Target
) -> np.ndarray:
    """Return the middles of the observing part of all orbits, rising."""
    period = orbit.period / MINUTES_PER_YEAR
    count = int(schedule.years / period + 1e-9)
    start = schedule.begin + np.arange(count) * period
    if orbit.kind == "geocentre":
        return start + 0.5 * period * orbit.observing
    return middle_of_orbit(
        start,
        target,
        period=orbit.period,
        node_time=orbit.node_time,
        phase=orbit.phase,
    )


def _season_bounds(
    schedule: ScheduleConfig, target: Target, place: Source
) -> Float[np.ndarray, "k"]:
    """Return when seasons begin and end, in turn."""
    last = schedule.begin + schedule.years
    steps = int(np.ceil(schedule.years / STEP)) + 1
    epoch = np.linspace(schedule.begin, last, steps + 1)
    angle = sun_angles(epoch, target) / DEGREE
    # Positive inside of the band; its zeros are where seasons begin and end.
    inside = np.minimum(angle - schedule.sun_min, schedule.sun_max - angle)
    if not (inside >= 0).any():
        raise place.below("schedule").complain(
            "sun_min_deg",
            f"the region is never in season: in {schedule.years:g} years from "
            f"{schedule.begin:g} the Sun is {angle.min():.0f} to {angle.max():.0f} "
            "deg from it",
            f"the Sun {schedule.sun_min:g} to {schedule.sun_max:g} deg away at times",
            "observe longer or another region, or allow other angles",
        )
    row = np.flatnonzero((inside[1:] >= 0) != (inside[:-1] >= 0))
    part = inside[row] / (inside[row] - inside[row + 1])
    # Orbits may end a little after the schedule does.
    first = [-np.inf] if inside[0] >= 0 else []
    end = [np.inf] if inside[-1] >= 0 else []
    return np.concatenate(
        [first, epoch[row] + part * (epoch[row + 1] - epoch[row]), end]
    )


def gaps(n: int, schedule: ScheduleConfig, seed: int) -> Bool[np.ndarray, "n"]:
    """Return which of n orbits are lost: stretches of a geometric length.

    Parameters
    ----------
    n
        How many orbits are in season.
    schedule
        What part is lost, in stretches of what mean length.
    seed
        Of the survey.
    """
    lost = np.zeros(n, dtype=bool)
    if schedule.gap_fraction == 0:
        return lost
    rng = np.random.default_rng([seed, 1])
    mean, part = max(schedule.gap_orbits, 1.0), schedule.gap_fraction
    # Between gaps there may be no orbit: else no more than mean / (mean + 1) is lost.
    between = mean * (1.0 - part) / part
    at = 0
    while at < n:
        at += int(rng.geometric(1.0 / (1.0 + between))) - 1
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


def seasons(
    schedule: ScheduleConfig, target: Target, middle: Float[np.ndarray, "p"]
) -> tuple[Season, ...]:
    """Return the seasons of a survey in their order.

    Parameters
    ----------
    schedule
        From when to when, and which angles of the Sun are allowed.
    target
        The region's middle, a unit vector, ICRS.
    middle
        Of the orbits that are used, Julian years, TCB.
    """
    bounds = _season_bounds(schedule, target, Source("the survey", ""))
    count = np.diff(np.searchsorted(middle, bounds))[::2]
    bounds = np.clip(bounds, schedule.begin, schedule.begin + schedule.years)
    return tuple(
        Season(float(begin), float(end), int(n))
        for begin, end, n in zip(bounds[::2], bounds[1::2], count, strict=True)
    )


__all__ = ["OrbitsUsed", "Season", "gaps", "orbits_used", "seasons"]
