"""`reseau plan` as a function: what a survey will observe, before it is simulated."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau._compiled import computing
from reseau.errors import ConfigError, explain, unknown_name
from reseau.plots import (
    FORMATS,
    exposure_map,
    limit_magnitude,
    parallax_coverage,
    save,
    visibility,
    visit_histogram,
)
from reseau.survey.plan_summary import PlanSummary, summarise
from reseau.survey.plan_table import as_dict, lines_of, requirements
from reseau.tables import os_errors

from .plot import DOTS_PER_INCH, check_free
from .survey_input import read_named


@dataclass(frozen=True)
class PlannedSurvey:
    """What a survey will observe; ``print`` it.

    Attributes
    ----------
    summary
        The numbers.
    files
        Figures that were drawn, by kind.
    """

    summary: PlanSummary = field(repr=False)
    files: dict[str, Path] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return tables for people, of at most 80 columns."""
        return lines_of(self.summary)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        files = {kind: str(path) for kind, path in self.files.items()}
        return {**as_dict(self.summary), "files": files}

    def __str__(self) -> str:
        """Return the tables as text."""
        return "\n".join(self.lines())


@computing()
def plan(
    survey: Any,
    output: str | Path | None = None,
    *,
    visit_floor: float = 0.0,
    file_format: str = "png",
    overwrite: bool = False,
) -> PlannedSurvey:
    """Plan a survey: seasons, exposures, visits of a star, and the random limit.

    Nothing is simulated. Every key of the description is checked.

    Parameters
    ----------
    survey
        Description of the survey: a TOML file, the name of a preset ("mini",
        "mission"), or a `SurveyConfig`.
    output
        Directory for figures; absent: none are drawn.
    visit_floor
        Error of a visit that its exposures share, 1σ of a coordinate [mas].
    file_format
        Of the figures, "png" or "pdf".
    overwrite
        Whether figures of the same names may be replaced; nothing else ever is.

    Raises
    ------
    ReseauError
        The description is wrong, nothing would be measured, or a figure is there
        already.

    Examples
    --------
    >>> from reseau import plan
    >>> mini = plan("mini")
    >>> len(mini.summary.seasons), mini.summary.exposures
    (6, 9600)
    """
    _check_floor(visit_floor)
    if file_format not in FORMATS:
        raise unknown_name("format", file_format, FORMATS, where="--format")
    paths: dict[str, Path] = {}
    if output is not None:
        paths = {kind: Path(output) / f"{kind}.{file_format}" for kind in DRAWN}
        check_free(paths.values(), overwrite)
    named = read_named(survey)
    summary = summarise(
        named.described.config,
        named.instrument,
        stars=named.stars,
        noise=named.noise,
        floor=visit_floor,
        source=named.described.source,
    )
    for kind, path in paths.items():
        with os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        save(plan_figure(kind, summary), path, dots_per_inch=DOTS_PER_INCH)
    return PlannedSurvey(summary, paths)


def _check_floor(floor: float) -> None:
    if not 0.0 <= floor < np.inf:
        raise ConfigError(
            explain(
                given=f"a floor of {floor} mas",
                wanted="a number of 0 or more",
                where="--visit-floor",
                todo="0.3 is what JASMINE allows itself; leave it out for none",
            )
        )


def plan_figure(kind: str, summary: PlanSummary) -> Figure | Axes:
    """Return a figure of a plan.

    Parameters
    ----------
    kind
        One of `DRAWN`.
    summary
        Of the plan.
    """
    drawing = DRAWN[kind](summary)
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    title = f"{summary.config.name}: {TITLES[kind]}"
    figure.suptitle(title, fontsize="medium")
    return drawing


def _visibility(summary: PlanSummary) -> Axes:
    schedule = summary.config.schedule
    return visibility(
        summary.sun_epoch,
        summary.sun_angle,
        plate_epoch=summary.plan.middle,
        plate_angle=summary.plate_angle,
        band=(schedule.sun_min, schedule.sun_max),
    )


def _exposure_map(summary: PlanSummary) -> Axes:
    region, found = summary.config.region, summary.map
    return exposure_map(
        found.longitude,
        found.latitude,
        found.exposures,
        region=(region.west, region.east, region.south, region.north),
        frame=region.frame,
    )


def _parallax_coverage(summary: PlanSummary) -> Figure:
    star = summary.star
    return parallax_coverage(
        star.epoch,
        star.factors,
        all_epoch=summary.sun_epoch,
        all_factors=summary.factors,
    )


def _visit_histogram(summary: PlanSummary) -> Axes:
    found = summary.map
    inside = found.inside if found.inside.any() else np.ones_like(found.inside)
    return visit_histogram(found.visits[inside], found.area[inside])


def _limit_magnitude(summary: PlanSummary) -> Axes:
    limit = summary.limit
    return limit_magnitude(
        limit.magnitude,
        limit.parallax,
        limit.motion,
        requirements=[(r.what, r.magnitude, r.wanted) for r in requirements(summary)],
    )


DRAWN: dict[str, Callable[[PlanSummary], Figure | Axes]] = {
    "visibility": _visibility,
    "exposure_map": _exposure_map,
    "parallax_factors": _parallax_coverage,
    "visits": _visit_histogram,
    "random_limit": _limit_magnitude,
}
"""Figures of a plan, by kind."""

TITLES = {
    "visibility": "when the Sun allows it, and the plates",
    "exposure_map": "exposures on the sky",
    "parallax_factors": "parallax factors at which a typical star is observed",
    "visits": "visits of stars over the region",
    "random_limit": "what random errors alone allow for a typical star",
}
"""What each shows."""


__all__ = ["DRAWN", "PlannedSurvey", "plan", "plan_figure"]
