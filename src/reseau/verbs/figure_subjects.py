"""What figures can be drawn of: solutions, catalogues, mocks, maps, Galaxies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reseau.diagnostics import compare_with_truth
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.errors import ConfigError, explain, unknown_name
from reseau.galaxy.forward.opening import read_reddening
from reseau.galaxy.forward.window import read_window
from reseau.galaxy.isochrones import shipped_isochrones
from reseau.galaxy.model import Galaxy, galaxy_presets, read_galaxy
from reseau.reports.catalogue_figures import CATALOGUE_KINDS
from reseau.reports.drawable import Drawable
from reseau.reports.figures import KINDS, Kind
from reseau.reports.galaxy_figures import GALAXY_KINDS, DrawableGalaxy
from reseau.reports.merged_figures import MERGED_KINDS
from reseau.reports.mock_figures import MOCK_KINDS
from reseau.reports.reddening_figures import REDDENING_KINDS
from reseau.tables import is_path

from .catalogue_figures import check_choices, drawable_catalogue, tables_of_catalogue
from .measured_maps import drawable_reddening, measured_map_of
from .merged_table import drawable_merged, is_merged
from .mock_figures import catalogue_of_mock, drawable_mock
from .named_galaxy import galaxy_named

WINDOW = "0.3,-0.2,2,1.6"
"""On the sky, for figures of a Galaxy, where none is given."""

SMOOTH = "smooth"
GALAXY = "model of the Galaxy"
MERGED = "merged catalogue"
MAP = "map of the reddening"


@dataclass(frozen=True)
class Choices:
    """Choices of `reseau.plot` that only some subjects have.

    Attributes
    ----------
    truth
        Of a solution.
    source
        Of a catalogue.
    window, extinction_map
        Of a Galaxy.
    kinds
        Figures that are asked for by name.
    """

    truth: str | Path | None = None
    source: int | None = None
    window: str | None = None
    extinction_map: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What is drawn.

    Attributes
    ----------
    what
        "solution", "catalogue", "mock", "merged catalogue", "map of the reddening" or
        "model of the Galaxy".
    kinds
        Its figures.
    given
        Reads it as they need it.
    check
        Refuses choices that it does not have.
    """

    what: str
    kinds: Mapping[str, Kind[Any]]
    given: Callable[[], Any]
    check: Callable[[], None]


def subject_of(given: Any, choices: Choices) -> Subject:
    """Return what figures are drawn of.

    Parameters
    ----------
    given
        As of `reseau.plot`.
    choices
        Of the user.
    """
    of_galaxy = _galaxy(given)
    if of_galaxy is not None:
        return Subject(
            GALAXY,
            GALAXY_KINDS,
            lambda: _drawable_galaxy(of_galaxy, choices),
            lambda: _check(choices, GALAXY),
        )
    stars = catalogue_of_mock(given)
    if stars is not None:
        return Subject(
            "mock",
            MOCK_KINDS,
            lambda: drawable_mock(stars),
            lambda: _check(choices, "mock"),
        )
    measured = measured_map_of(given)
    if measured is not None:
        return Subject(
            MAP,
            REDDENING_KINDS,
            lambda: drawable_reddening(measured),
            lambda: _check(choices, MAP),
        )
    if is_path(given) and is_merged(Path(given)):
        return Subject(
            MERGED,
            MERGED_KINDS,
            lambda: drawable_merged(Path(given)),
            lambda: _check(choices, MERGED),
        )
    return _solved(given, choices)


def _solved(given: Any, choices: Choices) -> Subject:
    tables = tables_of_catalogue(given)

    def check() -> None:
        _check(choices, "solution" if tables is None else "catalogue")
        check_choices(
            of_catalogue=tables is not None,
            truth=choices.truth,
            source=choices.source,
            kinds=choices.kinds,
        )

    if tables is None:
        return Subject(
            "solution", KINDS, lambda: _drawable_solution(given, choices.truth), check
        )
    return Subject(
        "catalogue",
        CATALOGUE_KINDS,
        lambda: drawable_catalogue(tables, choices.source),
        check,
    )


def _galaxy(given: Any) -> Galaxy | str | Path | None:
    """Return a model of the Galaxy, its name or its file; None: it is none."""
    if isinstance(given, Galaxy):
        return given
    if not is_path(given):
        return None
    found, known = galaxy_named(given), tuple(galaxy_presets())
    missing = found is None and not Path(given).exists()
    if missing and get_close_matches(str(given), known, cutoff=0.8):
        raise unknown_name("model of the Galaxy", str(given), known, where="plot")
    return found


def _drawable_galaxy(given: Galaxy | str | Path, choices: Choices) -> DrawableGalaxy:
    return DrawableGalaxy(
        galaxy=given if isinstance(given, Galaxy) else read_galaxy(given),
        window=read_window(choices.window or WINDOW),
        isochrones=shipped_isochrones(),
        reddening=read_reddening(choices.extinction_map or SMOOTH),
    )


def _drawable_solution(solution: Any, truth: str | Path | None) -> Drawable:
    comparison = None if truth is None else compare_with_truth(solution, truth)
    return Drawable(compared_solution(solution), comparison)


_OWN = {
    GALAXY: ("window", "extinction_map"),
    "mock": (),
    MERGED: (),
    MAP: (),
    "catalogue": ("source", "truth"),
    "solution": ("truth", "source"),
}
"""Choices that subjects have, or that are refused for them elsewhere."""

_BELONGS = {
    "truth": "a solution of one plate",
    "source": "a catalogue that combine wrote",
    "window": "a model of the Galaxy",
    "extinction_map": "a model of the Galaxy",
}


def _check(choices: Choices, what: str) -> None:
    """Refuse choices that are of another subject."""
    for name, belongs in _BELONGS.items():
        if getattr(choices, name) is None or name in _OWN[what]:
            continue
        option = f"--{name.replace('_', '-')}"
        raise ConfigError(
            explain(
                given=f"{option} for figures of a {what}",
                wanted=f"{option} with {belongs}",
                where=option,
                todo="leave it out",
            )
        )


__all__ = ["WINDOW", "Choices", "Subject", "subject_of"]
