"""Which survey a table is of, by the names of its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from reseau.errors import (
    CatalogueError,
    explain,
    missing_columns_error,
    near_misses,
    some,
)

from .surveys import BANDS, Layout, Survey

POSITION = ("ra", "dec")


_OURS = {
    "a table that was merged": "position_source motion_source n_surveys",
    "a mock of the Galaxy": "component distance ejks on_map",
}
"""Columns by which tables that reseau wrote are known."""


@dataclass(frozen=True)
class Recognised:
    """A table whose survey is known.

    Attributes
    ----------
    survey, layout
        What it is of, and in which form.
    columns
        Of each quantity that is there, the column and its usual unit; empty: as the
        quantity is kept.
    """

    survey: Survey
    layout: Layout
    columns: Mapping[str, tuple[str, str]]

    def column_of(self, alternatives: str, present: Sequence[str]) -> str | None:
        """Return the first of some names that is in the table, as it stands there."""
        by_lower = {name.lower(): name for name in reversed(present)}
        found = (by_lower.get(name.lower()) for name in alternatives.split())
        return next((name for name in found if name), None)


def recognised(
    present: Sequence[str],
    known: Mapping[str, Survey],
    where: str,
    survey: str | None = None,
) -> Recognised:
    """Tell which survey a table is of.

    Parameters
    ----------
    present
        Names of its columns.
    known
        Surveys by key.
    where
        The file, for messages.
    survey
        Key of the survey, where the user said it or its file's name does.

    Raises
    ------
    CatalogueError
        The table is of no survey that is known, of more than one, or lacks positions or
        magnitudes.
    """
    key = survey or _by_file(where, known)
    if key is not None:
        return _of_survey(known[key], present, where)
    _check_published(present, where)
    fits = [
        (one, layout)
        for one in known.values()
        for layout in one.layouts
        if layout.signature and _has_all(layout.signature, present)
    ]
    keys = {one.key for one, _ in fits}
    if not fits:
        raise _unknown(present, known, where)
    if len(keys) > 1:
        raise _ambiguous(fits, where)
    best = max(fits, key=lambda fit: len(_columns_of(fit[1], present)))
    return _checked(*best, present, where)


def _check_published(present: Sequence[str], where: str) -> None:
    """Raise of tables of ours, whose names are Gaia's and whose ids are not."""
    for what, signature in _OURS.items():
        if _has_all(signature, present):
            raise CatalogueError(
                explain(
                    given=f"{what}, by its columns {signature}",
                    wanted="a table as a survey published it: identifiers and "
                    "magnitudes of this one are not those of a survey",
                    where=where,
                    todo="give the tables it was made of; or say of which survey its "
                    "columns are, as in gaia=FILE",
                )
            )


def _by_file(where: str, known: Mapping[str, Survey]) -> str | None:
    name = Path(where).name
    for one in known.values():
        if any(fnmatch(name, pattern) for pattern in one.files.split()):
            return one.key
    return None


def _has_all(signature: str, present: Sequence[str]) -> bool:
    lower = {name.lower() for name in present}
    return all(name.lower() in lower for name in signature.split())


def _columns_of(layout: Layout, present: Sequence[str]) -> dict[str, tuple[str, str]]:
    by_lower = {name.lower(): name for name in reversed(present)}
    found: dict[str, tuple[str, str]] = {}
    for quantity, names in layout.columns.alternatives().items():
        for name, unit in names:
            if name.lower() in by_lower:
                found[quantity] = by_lower[name.lower()], unit
                break
    return found


def _of_survey(survey: Survey, present: Sequence[str], where: str) -> Recognised:
    if not survey.layouts:
        raise CatalogueError(
            explain(
                given=f"the survey {survey.key} has no layout",
                wanted="a table [[survey.layout]] with [survey.layout.columns]",
                where=where,
                todo="write one into the file of --config",
            )
        )
    layout = max(survey.layouts, key=lambda one: len(_columns_of(one, present)))
    return _checked(survey, layout, present, where)


def _checked(
    survey: Survey, layout: Layout, present: Sequence[str], where: str
) -> Recognised:
    columns = _columns_of(layout, present)
    missing = [name for name in POSITION if name not in columns]
    if missing:
        raise missing_columns_error(missing, present, survey.title, where)
    bands = [band for band in BANDS if band in columns]
    if not bands:
        named = layout.columns.alternatives()
        names = [named[band][0][0] for band in BANDS if band in named]
        raise missing_columns_error(names or list(BANDS), present, survey.title, where)
    return Recognised(survey, layout, columns)


def _unknown(
    present: Sequence[str], known: Mapping[str, Survey], where: str
) -> CatalogueError:
    signs = {
        f"{one.title} ({layout.signature})": layout.signature.split()
        for one in known.values()
        for layout in one.layouts
        if layout.signature
    }
    lower = {name.lower() for name in present}
    hints = []
    for title, names in signs.items():
        lacking = [name for name in names if name.lower() not in lower]
        if len(lacking) < len(names):
            near = near_misses(lacking[0], present, 1)
            hint = f", is it {near[0]}?" if near else ""
            hints.append(f"{title} lacks {some(lacking)}{hint}")
    todo = (
        "name the survey, as in sirius=FILE, or its columns in the file of --config, "
        "in a table [[survey]]"
    )
    return CatalogueError(
        explain(
            given=f"of no survey that is known; columns {some(present, 30) or 'none'}",
            wanted=f"columns of one of {'; '.join(signs)}",
            where=where,
            todo="; ".join([*hints[:3], todo]),
        )
    )


def _ambiguous(fits: list[tuple[Survey, Layout]], where: str) -> CatalogueError:
    found = " and of ".join(f"{s.title} ({layout.signature})" for s, layout in fits)
    keys = [survey.key for survey, _ in fits]
    return CatalogueError(
        explain(
            given=f"the columns are those of {found}",
            wanted="a table of one survey",
            where=where,
            todo=f"say which it is, as in {keys[0]}=FILE",
        )
    )


__all__ = ["Recognised", "recognised"]
