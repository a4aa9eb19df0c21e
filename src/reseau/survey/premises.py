"""What a description has to make possible, checked before a plate is made.

Keys are checked one by one as they are read, orbits and seasons as they are planned.
Here is what only shows when stars, bodies and errors come together.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from reseau.config import Source
from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain, some
from reseau.observers import BODIES, open_ephemeris

from .noise import STANDARD, centroid_errors
from .schedule import SurveyPlan, in_icrs
from .selection import unit_vectors
from .survey_config import SurveyConfig


def check_sky(config: SurveyConfig, place: Source) -> None:
    """Refuse epochs and deflectors that the ephemeris or the observer does not allow.

    Parameters
    ----------
    config
        The description.
    place
        Where it stands, for messages.

    Raises
    ------
    ConfigError
        An epoch is outside of the ephemeris; a body is unknown to it, is named twice,
        or has the observer inside; there is none.
    """
    ephemeris, schedule = open_ephemeris(config.ephemeris), config.schedule
    last = schedule.begin + schedule.years
    if not ephemeris.first <= schedule.begin < last <= ephemeris.last:
        raise place.below("schedule").complain(
            "years",
            f"a survey from {schedule.begin:g} to {last:g}",
            f"years from {ephemeris.first:g} to {ephemeris.last:g}, which the "
            f"ephemeris {ephemeris.name} has",
            "begin in another year, or observe for a shorter time",
        )
    if "deflection" not in config.effects:
        return
    names = list(config.deflectors)
    known = [name for name in BODIES if name in ephemeris.bodies]
    if config.orbit.kind == "geocentre":
        known.remove("earth")
    wrong = [name for name in names if name not in known]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if not wrong and not repeated and names:
        return
    given = "no deflectors with the effect deflection"
    if names:
        given = f"the deflectors {some(wrong or repeated)}"
        given += "" if wrong else ", named twice"
    raise place.complain(
        "deflectors",
        given,
        f"some of {some(known, 12)}, each once: what the ephemeris {config.ephemeris} "
        "has and the observer is not inside of",
        'correct the list, take ephemeris = "de440", or leave deflection out',
    )


def check_noise(config: SurveyConfig, table: Mapping[str, np.ndarray] | None) -> None:
    """Raise `CatalogueError` for a table of errors that cannot be used.

    Parameters
    ----------
    config
        The description.
    table
        Columns of the table, where the noise is one.
    """
    centroid_errors(config.noise, np.array([STANDARD]), pixel=1.0, table=table)


def check_reached(listed: int, reached: int, place: Source) -> None:
    """Refuse a list of stars of which none is within reach of any field.

    Parameters
    ----------
    listed, reached
        How many stars there are, and how many within reach.
    place
        Where the description stands, for messages.
    """
    if listed and not reached:
        raise place.complain(
            "stars",
            f"none of {listed:,} stars is within reach of a field",
            "stars of the region",
            "give stars that cover the region, or correct the region",
        )


def check_fields(
    plan: SurveyPlan,
    direction: Float[np.ndarray, "n 3"],
    reach: float,
    place: Source,
) -> None:
    """Refuse a schedule with plates on which nothing can be measured.

    Parameters
    ----------
    plan
        Of the survey.
    direction
        Of the stars, unit vectors, ICRS; of bodies of the solar system, which may be
        anywhere, NaN.
    reach
        How far from the axis a star may be seen [rad].
    place
        Where the description stands, for messages.

    Raises
    ------
    ConfigError
        No star is within reach of any field of some plate.
    """
    if not np.isfinite(direction).all():
        return
    flat = np.round(plan.field.reshape(-1, 2), 9)
    middles, which = np.unique(flat, axis=0, return_inverse=True)
    there = np.stack(in_icrs(plan.region.frame, middles[:, 0], middles[:, 1]), axis=-1)
    far = np.cos(min(reach, np.pi))
    seen = [np.any(direction @ a > far) for a in unit_vectors(*(there / DEGREE).T)]
    plates = len(plan.middle)
    on_plate = np.array(seen)[which.reshape(plan.field.shape[:2])].any(axis=1)
    empty = np.flatnonzero(~on_plate)
    if len(empty) == 0:
        return
    raise place.complain(
        "stars",
        f"no star is within reach of the fields of {len(empty)} of {plates} "
        f"plates: {some(empty)}",
        "a star that can be measured on each plate",
        "give stars that cover the region, more of them, or correct the region",
    )


def check_references(entries: int, faintest: float, place: Source) -> None:
    """Refuse a reference catalogue without an entry, which no dataset may have.

    Parameters
    ----------
    entries
        How many it has.
    faintest
        Its limit in G [mag].
    place
        Where the description stands, for messages.
    """
    if not entries:
        raise place.below("reference").complain(
            "faintest_g_mag",
            f"no star is as bright as G = {faintest:g}: no reference",
            "a reference at least",
            "raise faintest_g_mag, or give brighter stars",
        )


def nothing_measured(number: int) -> ConfigError:
    """Return the error for a plate of which no star falls on a detector.

    Parameters
    ----------
    number
        Of the plate.
    """
    return ConfigError(
        explain(
            given=f"no star falls on a detector on plate {number}",
            wanted="a measurement at least",
            where="the survey",
            todo="give more stars, a smaller dither, or another region",
        )
    )


__all__ = [
    "check_fields",
    "check_noise",
    "check_reached",
    "check_references",
    "check_sky",
    "nothing_measured",
]
