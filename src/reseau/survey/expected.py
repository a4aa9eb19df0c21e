"""A survey reduced to what repeats: for what it will know, nothing is drawn.

`ideal` is a survey whose camera is as drawn and whose centroids have no other errors
than the stated. What is known of stars is additive over exposures and plates, and
depends on where these point, hardly on when: exposures of a field, visits of the same
fields, and neighbouring stars of about one magnitude repeat each other. n of them are
one with n times the information, and exactly so where they are the same: its private
calibration is eliminated n times alike.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.constants import DEGREE

from .galactic import galactic
from .pointings import Pointings
from .remedies import without_flaws
from .schedule import (
    SECONDS_PER_YEAR,
    OrbitExposures,
    SurveyPlan,
    exposures_of,
    field_starts,
    in_icrs,
    intended_angles,
)
from .survey import Survey
from .survey_config import SurveyConfig
from .time_nodes import stretches

NODES = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
"""Where exposures that stand for a field's are, in σ of the dither: means and mean
squares are those of its distribution."""

TURNS = np.array([1.0, -1.0, -1.0, 1.0])
"""Their roll in σ of its jitter."""


def ideal(survey: Survey) -> Survey:
    """Return a survey with a camera as drawn, and no errors but the centroids'.

    Parameters
    ----------
    survey
        As described.
    """
    return survey.with_config(_ideal(survey.config))


def _ideal(config: SurveyConfig) -> SurveyConfig:
    clean = without_flaws(config)
    off = dict.fromkeys(("distortion", "centre", "angle", "pitch", "focal"), 0.0)
    noise = replace(
        clean.noise, stated_factor=1.0, magnitude_error=0.0, colour_error=0.0
    )
    return replace(clean, camera=replace(clean.camera, **off), noise=noise)


class Orbits(NamedTuple):
    """Orbits of a survey whose fields are the same.

    Attributes
    ----------
    middle
        The plate that stands for each kind, the one in the middle of its time.
    which
        Kind of each plate.
    """

    middle: Int[np.ndarray, "k"]
    which: Int[np.ndarray, "p"]


def kinds_of_orbits(plan: SurveyPlan) -> Orbits:
    """Return which plates have the same fields, in whatever order.

    Parameters
    ----------
    plan
        Of the survey. Where the roll follows the Sun, it is the same within a season
        only, by some degrees: each has kinds of its own.
    """
    plates, fields = plan.field.shape[:2]
    middles = np.round(plan.field.reshape(-1, 2), 9)
    _, place = np.unique(middles, axis=0, return_inverse=True)
    places = np.sort(place.reshape(plates, fields), axis=1)
    if plan.schedule.roll == "sun":
        places = np.column_stack([places, stretches(plan)])
    _, which, number = np.unique(
        places, axis=0, return_inverse=True, return_counts=True
    )
    order = np.argsort(which.ravel(), kind="stable")
    middle = order[np.cumsum(number) - number + number // 2]
    return Orbits(middle, which.ravel())


class FewExposures(NamedTuple):
    """Exposures that stand for those of a plate.

    Attributes
    ----------
    taken
        The exposures.
    number
        Of the plate's that each stands for.
    """

    taken: OrbitExposures
    number: float


def few_exposures(plan: SurveyPlan, plate: int) -> FewExposures:
    """Return few exposures that know as much as all of a plate.

    Parameters
    ----------
    plan
        Of the survey.
    plate
        Number of the plate.
    """
    k = len(NODES)
    if plan.exposures <= k:
        return FewExposures(exposures_of(plan, plate), 1.0)
    schedule, fields = plan.schedule, plan.field.shape[1]
    number = np.repeat(np.arange(fields), k)
    half = 0.5 * plan.exposures * schedule.each / SECONDS_PER_YEAR
    epoch = field_starts(plan)[plate, number] + half
    offset = np.tile(schedule.dither * DEGREE * NODES, (fields, 1))
    latitude = plan.field[plate, number, 1] + offset[:, 1]
    longitude = plan.field[plate, number, 0] + offset[:, 0] / np.cos(latitude)
    angle = intended_angles(plan, epoch, longitude, latitude)
    angle = angle + np.tile(schedule.roll_jitter * DEGREE * TURNS, fields)
    ra, dec = in_icrs(plan.region.frame, longitude, latitude)
    attitude = np.stack([ra, dec, angle], axis=-1)
    pointings = Pointings(number, epoch, attitude, attitude)
    taken = OrbitExposures(pointings, np.zeros(len(number)))
    return FewExposures(taken, plan.exposures / k)


class Groups(NamedTuple):
    """Stars that stand for their neighbours of about the same magnitude.

    Attributes
    ----------
    row
        Of the star that stands for each group.
    which
        Group of each star.
    """

    row: Int[np.ndarray, "g"]
    which: Int[np.ndarray, "n"]


def group_stars(
    direction: Float[np.ndarray, "n 3"],
    kind: Int[np.ndarray, "n"],
    weight: Float[np.ndarray, "n"],
    cell: float,
) -> Groups:
    """Return groups of neighbours, each with the star that is nearest to its middle.

    Parameters
    ----------
    direction
        Unit vectors.
    kind
        Only stars of one kind, as of a class of magnitudes, are grouped.
    weight
        Of each star in its group's middle.
    cell
        Side of the cells that neighbours share [rad].
    """
    middle = direction.mean(axis=0)
    axis = middle / np.linalg.norm(middle)
    # Any two axes across will do, also at a pole.
    east = np.cross(np.eye(3)[np.argmin(np.abs(axis))], axis)
    east /= np.linalg.norm(east)
    plane = np.stack([direction @ east, direction @ np.cross(axis, east)], axis=-1)
    key = np.column_stack([np.floor(plane / cell).astype(int), kind])
    _, which = np.unique(key, axis=0, return_inverse=True)
    which = which.ravel()
    total = np.bincount(which, weight)
    centre = np.stack(
        [np.bincount(which, weight * plane[:, i]) / total for i in range(2)], axis=-1
    )
    off = np.linalg.norm(plane - centre[which], axis=1)
    order = np.lexsort([off, which])
    first = np.searchsorted(which[order], np.arange(len(total)))
    return Groups(order[first], which)


def in_region(
    plan: SurveyPlan, direction: Float[np.ndarray, "n 3"]
) -> Bool[np.ndarray, "n"]:
    """Return which stars are in a survey's region.

    Parameters
    ----------
    plan
        Of the survey.
    direction
        Unit vectors, ICRS.
    """
    region = plan.region
    longitude = np.arctan2(direction[:, 1], direction[:, 0])
    latitude = np.arcsin(np.clip(direction[:, 2], -1.0, 1.0))
    if region.frame == "galactic":
        longitude, latitude = galactic(longitude, latitude)
    middle = 0.5 * (region.west + region.east)
    off = (longitude / DEGREE - middle + 180.0) % 360.0 - 180.0
    inside = np.abs(off) <= 0.5 * (region.east - region.west)
    inside &= latitude >= region.south * DEGREE
    return inside & (latitude <= region.north * DEGREE)


__all__ = [
    "FewExposures",
    "Groups",
    "Orbits",
    "few_exposures",
    "group_stars",
    "ideal",
    "in_region",
    "kinds_of_orbits",
]
