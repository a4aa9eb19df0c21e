"""How people and programs read a survey's plan."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import erfa
import numpy as np

from .plan_summary import PlanSummary
from .random_limit import RandomLimit


class Spread(NamedTuple):
    """How a number is distributed over the region, by area."""

    least: float
    median: float
    mean: float
    most: float


class Requirement(NamedTuple):
    """What is required of a survey, and what its random limit is.

    Attributes
    ----------
    what
        "parallax" or "motion".
    magnitude
        Hw of the faintest stars that are meant.
    wanted, found
        [µas] or [µas/yr]; of motions the larger of both coordinates.
    """

    what: str
    magnitude: float
    wanted: float
    found: float

    @property
    def is_met(self) -> bool:
        """Return whether random errors leave room for others."""
        return bool(self.found <= self.wanted)


def calendar_date(epoch: float) -> str:
    """Return the date of a Julian year, both TCB."""
    year, month, day, _ = erfa.jd2cal(2_451_545.0, (epoch - 2000.0) * 365.25)
    return f"{year}-{month:02d}-{day:02d}"


def spread_of(values: np.ndarray, summary: PlanSummary) -> Spread:
    """Return the distribution of a map's values over the region.

    Parameters
    ----------
    values
        On the grid of the map.
    summary
        Of the plan.
    """
    inside = summary.map.inside
    if not inside.any():
        inside = np.ones_like(inside)
    part, area = values[inside], summary.map.area[inside]
    return Spread(
        float(part.min()),
        float(np.median(part)),
        float(np.average(part, weights=area)),
        float(part.max()),
    )


def requirements(summary: PlanSummary) -> tuple[Requirement, ...]:
    """Return what is required, beside the random limit.

    Parameters
    ----------
    summary
        Of the plan.
    """
    wanted, limit = summary.config.requirement, summary.limit
    found = []
    for what, value, magnitude, values in (
        ("parallax", wanted.parallax_uas, wanted.parallax_mag, limit.parallax),
        ("motion", wanted.motion_uas_per_yr, wanted.motion_mag, limit.motion.max(1)),
    ):
        if value is not None:
            row = int(np.argmin(np.abs(limit.magnitude - magnitude)))
            found.append(Requirement(what, magnitude, value, float(values[row])))
    return tuple(found)


def as_dict(summary: PlanSummary) -> dict[str, Any]:
    """Return a plan's numbers as a mapping for JSON.

    Parameters
    ----------
    summary
        Of the plan.
    """
    plan, star, limit = summary.plan, summary.star, summary.limit
    cells = plan.cells
    return {
        "name": summary.config.name,
        "seasons": [
            {
                "begin": s.begin,
                "end": s.end,
                "first_date": calendar_date(s.begin),
                "last_date": calendar_date(s.end),
                "orbits": s.orbits,
            }
            for s in summary.seasons
        ],
        "orbits": {
            "in_season": plan.in_season,
            "lost_to_gaps": plan.lost,
            "used": len(plan.middle),
        },
        "fields_per_orbit": plan.field.shape[1],
        "exposures_per_field": plan.exposures,
        "exposures": summary.exposures,
        "earth_limb_deg": summary.limb,
        "detector_area_deg2": summary.detector_area,
        "cells": {
            "number": cells.size,
            "least": int(cells.min()),
            "median": float(np.median(cells)),
            "most": int(cells.max()),
        },
        "exposures_per_star": spread_of(summary.map.exposures, summary)._asdict(),
        "visits_per_star": spread_of(summary.map.visits, summary)._asdict(),
        "stars": summary.stars,
        "typical_star": {
            "longitude_deg": star.longitude,
            "latitude_deg": star.latitude,
            "exposures": float(star.exposures.sum()),
            "visits": star.visits,
        },
        "visit_floor_mas": summary.floor,
        "random_limit": {
            "phot_hw_mag": limit.magnitude,
            "exposure_mas": limit.exposure,
            "position_uas": limit.position,
            "parallax_uas": limit.parallax,
            "motion_uas_per_yr": limit.motion,
        },
        "requirements": [
            {
                "what": r.what,
                "phot_hw_mag": r.magnitude,
                "wanted": r.wanted,
                "found": r.found,
                "is_met": r.is_met,
            }
            for r in requirements(summary)
        ],
    }


def lines_of(summary: PlanSummary) -> list[str]:
    """Return a plan's numbers as lines of at most 80 columns.

    Parameters
    ----------
    summary
        Of the plan.
    """
    return [
        *_facts(summary),
        "",
        *_season_table(summary),
        "",
        *_star_table(summary),
        "",
        *_limit_table(summary),
    ]


def _facts(summary: PlanSummary) -> Iterator[str]:
    config, plan = summary.config, summary.plan
    orbit, region, schedule = config.orbit, config.region, config.schedule
    yield f"{config.name}: {config.description or 'a survey'}"
    yield ""
    rows = [
        (
            "orbit",
            f"{orbit.kind}, {orbit.period:g} min, {orbit.observing:.0%} of it in use",
        ),
        (
            "region",
            f"{region.frame}, longitude {region.west:g}° to {region.east:g}°, "
            f"latitude {region.south:g}° to {region.north:g}°",
        ),
        (
            "time",
            f"{schedule.begin:.9g} to {schedule.begin + schedule.years:.9g}, "
            f"the Sun {schedule.sun_min:g}° to {schedule.sun_max:g}° away",
        ),
        (
            "orbits",
            f"{plan.in_season:,} in season, {plan.lost:,} lost to gaps, "
            f"{len(plan.middle):,} used",
        ),
        (
            "exposures",
            f"{plan.field.shape[1]:,} fields an orbit of {plan.exposures:,} exposures: "
            f"{summary.exposures:,} in all",
        ),
        ("stars", f"{summary.stars:,} are seen"),
    ]
    if summary.limb is not None:
        rows.insert(1, ("Earth", f"its limb is {summary.limb:.1f}° or more away"))
    for name, value in rows:
        yield f"  {name:<10}  {value}"


def _season_table(summary: PlanSummary) -> Iterator[str]:
    yield f"  {'season':<24}{'days':>8}{'orbits':>10}"
    for season in summary.seasons:
        dates = f"{calendar_date(season.begin)} to {calendar_date(season.end)}"
        days = 365.25 * (season.end - season.begin)
        yield f"  {dates:<24}{days:>8.1f}{season.orbits:>10,}"


def _star_table(summary: PlanSummary) -> Iterator[str]:
    heads = "".join(f"{head:>12}" for head in Spread._fields)
    yield f"  {'over the region':<24}{heads}"
    cells = summary.plan.cells
    rows = {
        "exposures of a star": spread_of(summary.map.exposures, summary),
        "visits of a star *": spread_of(summary.map.visits, summary),
    }
    if summary.config.schedule.pattern == "pairs":
        rows[f"fields on {cells.size} cells"] = Spread(
            cells.min(), float(np.median(cells)), cells.mean(), cells.max()
        )
    for name, spread in rows.items():
        yield f"  {name:<24}" + "".join(f"{value:>12,.0f}" for value in spread)
    yield "  * fields that see it on half of their exposures or more"


def _limit_table(summary: PlanSummary) -> Iterator[str]:
    star, limit = summary.star, summary.limit
    yield (
        f"Random limit (1σ) of a typical star: {star.exposures.sum():,.0f} exposures "
        f"in {star.visits:,} visits"
    )
    if summary.floor > 0.0:
        yield f"with {summary.floor:g} mas of each visit that its exposures share"
    yield ""
    heads = ("exposure", "position", "parallax", "motion α / δ")
    yield f"  {'Hw':>5}" + "".join(map("{:>16}".format, heads))
    units = ("[mas]", "[µas]", "[µas]", "[µas/yr]")
    yield f"  {'[mag]':>5}" + "".join(map("{:>16}".format, units))
    for row in range(len(limit.magnitude)):
        yield _limit_row(limit, row)
    if not np.isfinite(limit.parallax).all():
        yield ""
        yield "  The visits do not determine position, parallax and motion together."
    met = requirements(summary)
    if met:
        yield ""
    for one in met:
        unit = "µas" if one.what == "parallax" else "µas/yr"
        verdict = "within reach" if one.is_met else "out of reach"
        yield (
            f"  required: {one.what} to {one.wanted:g} {unit} at Hw < "
            f"{one.magnitude:g}; limit {one.found:.3g}: {verdict}"
        )


def _limit_row(limit: RandomLimit, row: int) -> str:
    motion = " / ".join(_figure(value) for value in limit.motion[row])
    return (
        f"  {limit.magnitude[row]:>5g}{limit.exposure[row]:>16.2f}"
        f"{_figure(limit.position[row].max()):>16}"
        f"{_figure(limit.parallax[row]):>16}{motion:>16}"
    )


def _figure(value: float) -> str:
    """Write three digits, or a dash for what is not determined."""
    if not np.isfinite(value):
        return "-"
    places = 0 if value >= 100.0 else 1 if value >= 10.0 else 2
    return f"{value:,.{places}f}"


__all__ = [
    "Requirement",
    "Spread",
    "as_dict",
    "calendar_date",
    "lines_of",
    "requirements",
    "spread_of",
]
