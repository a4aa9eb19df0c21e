"""Stars of a survey's region: those of a list in reach, or the embedded field over it.

The embedded field covers 1.3° at the Galactic centre. A region that is wider is covered
by it and its mirror images, side by side, so that densities join; one elsewhere has it
moved to its middle.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.constants import DEGREE

from .galactic import CENTRE, equatorial_motion, galactic, north_angle
from .schedule import SurveyPlan, in_icrs
from .schedule_config import RegionConfig
from .selection import unit_vectors
from .starfield import SIDE, load_starfield, star_ids
from .stars import Columns

DITHERS = 4.0
"""How many σ of the dither are counted with the reach."""


def within_reach(
    stars: Mapping[str, np.ndarray], plan: SurveyPlan, reach: float
) -> Columns:
    """Return the stars that some field of a survey may see.

    Parameters
    ----------
    stars
        Columns, with `ra` and `dec` [deg].
    plan
        Of the survey.
    reach
        How far from the axis a star may be seen [rad].
    """
    near = is_within_reach(
        np.asarray(stars["ra"], float), np.asarray(stars["dec"], float), plan, reach
    )
    return {name: np.asarray(values)[near] for name, values in stars.items()}


def is_within_reach(
    ra: Float[np.ndarray, "n"],
    dec: Float[np.ndarray, "n"],
    plan: SurveyPlan,
    reach: float,
) -> Bool[np.ndarray, "n"]:
    """Return which places [deg] some field of a survey may see."""
    flat = plan.field.reshape(-1, 2)
    middles = np.unique(np.round(flat, 9), axis=0)
    there = np.stack(in_icrs(plan.region.frame, middles[:, 0], middles[:, 1]), axis=-1)
    axes = unit_vectors(*(there / DEGREE).T)
    place = unit_vectors(ra, dec)
    far = np.cos(min(reach + DITHERS * plan.schedule.dither * DEGREE, np.pi))
    near = np.zeros(len(ra), dtype=bool)
    for axis in axes:
        near |= place @ axis > far
    # What has no place is for others to refuse.
    return near | ~np.isfinite(ra) | ~np.isfinite(dec)


def embedded_over(region: RegionConfig, margin: float) -> Columns:
    """Return stars of the embedded field that cover a region.

    Parameters
    ----------
    region
        The region.
    margin
        How far beyond its edges they go [rad].

    Returns
    -------
    Columns of `load_starfield`; copies have identifiers of their own.
    """
    field = load_starfield()
    longitude, latitude = galactic(field["ra"] * DEGREE, field["dec"] * DEGREE)
    offset = np.stack([longitude - CENTRE[0], latitude - CENTRE[1]], axis=-1)
    middle = np.array([region.west + region.east, region.south + region.north])
    half = np.array([region.east - region.west, region.north - region.south])
    middle, half = 0.5 * DEGREE * middle, 0.5 * DEGREE * half + margin
    origin = np.array(CENTRE)
    if region.frame != "galactic" or np.any(np.abs(middle - origin) > half):
        origin = middle
    low, high = ((middle + s * half - origin) / SIDE for s in (-1.0, 1.0))
    cells = [
        np.arange(int(np.floor(a + 0.5)), int(np.ceil(b - 0.5)) + 1)
        for a, b in zip(low, high, strict=True)
    ]
    n, parts = len(offset), []
    motion = _along_galactic(field, longitude, latitude)
    for count, (i, j) in enumerate(
        sorted(
            ((i, j) for i in cells[0] for j in cells[1]),
            key=lambda c: (abs(c[0]) + abs(c[1]), c),
        )
    ):
        turn = np.where([i % 2, j % 2], -1.0, 1.0)
        parts.append(
            {
                "place": origin + SIDE * np.array([i, j]) + turn * offset,
                "motion": turn * motion,
                "id": star_ids(count * n, n),
                "row": np.arange(n),
            }
        )
    whole = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    inside = np.all(np.abs(whole["place"] - middle) <= half, axis=1)
    # A region that reaches a pole has no stars beyond it.
    inside &= np.abs(whole["place"][:, 1]) <= 0.5 * np.pi
    return _columns(field, region, {k: v[inside] for k, v in whole.items()})


def _along_galactic(
    field: Mapping[str, np.ndarray], longitude: np.ndarray, latitude: np.ndarray
) -> Float[np.ndarray, "n 2"]:
    """Return proper motions in longitude and in latitude, as `equatorial_motion`."""
    angle = north_angle(longitude, latitude)
    cos, sin = np.cos(angle), np.sin(angle)
    east, north = field["pmra"], field["pmdec"]
    return np.stack([cos * east - sin * north, sin * east + cos * north], axis=-1)


def _columns(
    field: Mapping[str, np.ndarray], region: RegionConfig, whole: Columns
) -> Columns:
    """Return the stars' columns at their places in the region's frame."""
    row: Int[np.ndarray, n] = whole["row"]
    longitude, latitude = whole["place"].T
    ra, dec = in_icrs(region.frame, longitude, latitude)
    along, across = whole["motion"].T
    if region.frame == "galactic":
        along, across = equatorial_motion(
            longitude, latitude, along=along, across=across
        )
    kept = {
        name: values[row]
        for name, values in field.items()
        if name not in ("source_id", "ra", "dec", "pmra", "pmdec")
    }
    return {
        "source_id": whole["id"],
        "ra": (ra / DEGREE) % 360.0,
        "dec": dec / DEGREE,
        "pmra": along,
        "pmdec": across,
        **kept,
    }


__all__ = ["embedded_over", "is_within_reach", "within_reach"]
