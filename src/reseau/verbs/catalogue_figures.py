"""Figures of a catalogue of many plates: what they are drawn from, and by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reseau.datasets.catalogues import CatalogueTables, is_catalogue, read_catalogue
from reseau.diagnostics.joined.columns import joined_columns
from reseau.errors import ConfigError, explain
from reseau.tables import is_path

from .figures_by_name import FiguresByName, drawing


def tables_of_catalogue(given: Any) -> CatalogueTables | None:
    """Return the tables of a catalogue; None: what is given is none.

    Parameters
    ----------
    given
        Directory that `combine` wrote, what it returned, or anything else.
    """
    if is_path(given):
        place = Path(given)
        return read_catalogue(place) if place.is_dir() and is_catalogue(place) else None
    tables = getattr(given, "tables", None)
    return tables if isinstance(tables, CatalogueTables) else None


class CatalogueFigures(FiguresByName):
    """The figures of one catalogue, each by a method of the name of its kind.

    ``track(source=...)`` takes the identifier of the source that is drawn.

    Parameters
    ----------
    tables
        Of the catalogue.
    """

    def __init__(self, tables: CatalogueTables) -> None:
        super().__init__(
            where="motions.plot", wanted="a catalogue that holds what the figure shows"
        )
        self._tables = tables

    def _kinds(self) -> Mapping[str, Any]:
        kinds: Mapping[str, Any] = drawing().CATALOGUE_KINDS
        return kinds

    def _given(self, **choices: Any) -> Any:
        return drawable_catalogue(self._tables, **choices)


def drawable_catalogue(tables: CatalogueTables, source: int | None = None) -> Any:
    """Return a catalogue as its figures need it.

    Parameters
    ----------
    tables
        Of the catalogue.
    source
        Whose track is drawn; None: the one whose parallax is clearest.

    Raises
    ------
    CatalogueError
        The catalogue lacks the source.
    """
    joined = joined_columns(tables)
    if source is not None:
        joined.row(source)
    return drawing().DrawableCatalogue(joined, source)


def check_choices(
    *, of_catalogue: bool, truth: Any, source: int | None, kinds: Any
) -> None:
    """Refuse choices that figures of what is given do not have.

    Parameters
    ----------
    of_catalogue
        Whether it is a catalogue, not a solution.
    truth, source, kinds
        Of `reseau.plot`.

    Raises
    ------
    ConfigError
        There is no such choice.
    """
    if of_catalogue and truth is not None:
        raise ConfigError(
            explain(
                given="the truth of a simulation for figures of a catalogue",
                wanted="a catalogue alone",
                where="--truth",
                todo="compare it with the truth: reseau compare CATALOGUE --truth "
                "DATASET",
            )
        )
    if source is None:
        return
    if not of_catalogue:
        raise ConfigError(
            explain(
                given=f"source {source} for figures of a solution of one plate",
                wanted="a catalogue that combine wrote, in which sources have tracks",
                where="--source",
                todo="leave it out, or give the catalogue",
            )
        )
    if kinds and "track" not in kinds:
        raise ConfigError(
            explain(
                given=f"source {source}, and figures {', '.join(kinds)}",
                wanted="the figure of a source's track",
                where="--source",
                todo="add --kind track, or leave --source out",
            )
        )


__all__ = [
    "CatalogueFigures",
    "check_choices",
    "drawable_catalogue",
    "tables_of_catalogue",
]
