"""How people and programs read what a merge did."""

import textwrap
from collections.abc import Iterator
from typing import Any

from reseau._words import counted

from .layout import FLAGS
from .matching import Step
from .merger import Summary
from .survey_files import Counts
from .surveys import BANDS

_WIDTH = 80


def lines_of(summary: Summary) -> list[str]:
    """Return tables for people, of at most 80 columns.

    Parameters
    ----------
    summary
        Of the merge.
    """
    lines = [
        f"{counted(summary.sources, 'sources')} of {_names(summary)}",
        "",
        *_rows(summary),
        "",
        *_steps(summary),
        *_completeness(summary),
        *_result(summary),
    ]
    return [part for line in lines for part in _broken(line)]


def _broken(line: str) -> list[str]:
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent, break_long_words=False)


def _names(summary: Summary) -> str:
    return ", ".join(f"{one.title} ({one.mark})" for one in summary.surveys)


def _rows(summary: Summary) -> Iterator[str]:
    head = ("rows", "outside", "no place", "spurious", "repeated", "kept")
    yield f"{'survey':20.20}" + "".join(f"{name:>10}" for name in head)
    titles = {one.key: one.title for one in summary.surveys}
    for key, counts in summary.counts.items():
        numbers = (
            *(counts.rows, counts.outside, counts.without_position),
            *(counts.spurious, counts.repeated, counts.kept),
        )
        title = titles.get(key, key)
        yield f"{title:19.19} " + "".join(f"{n:>10}" for n in numbers)
    for key, counts in summary.counts.items():
        yield from _of_survey(titles.get(key, key), counts)


def _of_survey(title: str, counts: Counts) -> Iterator[str]:
    for rule, n in counts.rules.items():
        if n:
            yield f"  {title}, {rule}: {n:,}"
    if counts.inapplicable:
        rules = ", ".join(counts.inapplicable)
        yield f"  {title}, not applied for want of a column: {rules}"
    saturated = [f"{band} {counts.saturated[band]:,}" for band in _some(counts)]
    if saturated:
        yield f"  {title}, saturated: {', '.join(saturated)}"


def _some(counts: Counts) -> list[str]:
    return [band for band in BANDS if counts.saturated.get(band)]


def _steps(summary: Summary) -> Iterator[str]:
    if not summary.steps:
        return
    yield (
        f"{'matched':20}{'sources':>10}{'rows':>10}{'matches':>10}{'false':>9}"
        f"{'missed':>9}{'doubtful':>9}"
    )
    for step in summary.steps:
        yield (
            f"{step.survey:19.19} {step.sources:>10}{step.rows:>10}{step.matches:>10}"
            f"{step.expected_false:>9.0f}{step.expected_missed:>9.0f}"
            f"{step.ambiguous:>9}"
        )
    for step in summary.steps:
        yield _learned(step)
    yield "false and missed are expected numbers; doubtful: less likely than 0.9"


def _learned(step: Step) -> str:
    model = step.model
    east, north = 1e3 * model.east, 1e3 * model.north
    return (
        f"  {step.survey}: offset {east:+.0f}, {north:+.0f} mas; position errors times "
        f"{model.scale:.2f}; {100 * model.wide:.1f} % with three times that"
    )


def _completeness(summary: Summary) -> Iterator[str]:
    if not summary.completeness:
        return
    yield ""
    yield "found of the sources of another survey, and the magnitude where that falls"
    yield f"{'survey':20}{'of':20}{'found':>8}{'band':>6}{'to 90 %':>9}{'to 50 %':>9}"
    titles = {one.key: one.title for one in summary.surveys}
    for row in summary.completeness:
        limits = "".join(
            f"{'-' if row[name] is None else format(row[name], '.1f'):>9}"
            for name in ("limit_90", "limit_50")
        )
        yield (
            f"{titles[row['survey']]:19.19} {titles[row['reference']]:19.19} "
            f"{100 * row['found']:>6.1f} %{row['band']:>6}{limits}"
        )


def _result(summary: Summary) -> Iterator[str]:
    yield ""
    parts = ", ".join(f"{name} {n:,}" for name, n in summary.by_surveys.items())
    yield f"sources by surveys: {parts}"
    parts = ", ".join(
        f"{name.split('_')[1].capitalize()} {n:,}"
        for name, n in summary.magnitudes.items()
    )
    yield f"with a magnitude: {parts}"
    for name, n in summary.flagged.items():
        if n:
            yield f"flag {FLAGS[name][0]:>3}, {name}: {n:,}, {FLAGS[name][1]}"


def as_dict(summary: Summary) -> dict[str, Any]:
    """Return plain values for JSON.

    Parameters
    ----------
    summary
        Of the merge.
    """
    return {
        "sources": summary.sources,
        "surveys": {
            key: {**vars(counts), "name": _title(summary, key)}
            for key, counts in summary.counts.items()
        },
        "matches": [
            {
                "survey": step.survey,
                "with": list(step.with_surveys),
                "sources": step.sources,
                "rows": step.rows,
                "candidates": step.candidates,
                "matches": step.matches,
                "expected_false": step.expected_false,
                "expected_missed": step.expected_missed,
                "doubtful": step.ambiguous,
                "offset_mas": [1e3 * step.model.east, 1e3 * step.model.north],
                "error_scale": step.model.scale,
                "wide_share": step.model.wide,
            }
            for step in summary.steps
        ],
        "completeness": [dict(row) for row in summary.completeness],
        "by_surveys": dict(summary.by_surveys),
        "magnitudes": dict(summary.magnitudes),
        "flags": dict(summary.flagged),
    }


def _title(summary: Summary, key: str) -> str:
    return next((one.title for one in summary.surveys if one.key == key), key)


__all__ = ["as_dict", "lines_of"]
