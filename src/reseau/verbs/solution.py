"""The solution of a plate as a user holds it: tables with units, words, figures."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import QTable

from reseau.datasets import PlateTables, write_solution
from reseau.datasets import read_solution as read_tables
from reseau.datasets.information import FILE as INFORMATION
from reseau.datasets.information import (
    Information,
    read_information,
    write_information,
)
from reseau.datasets.solutions import write_files
from reseau.errors import ConfigError, FileFormatError, explain
from reseau.exchange import PosteriorNames, to_arviz
from reseau.exchange.posteriors import SavedPosterior, read_posterior, write_posterior
from reseau.instrument import Instrument
from reseau.plates.overview import number_rows
from reseau.plates.solved import SolvedPlate
from reseau.plates.tables import tables_of
from reseau.solvers import Draws
from reseau.solvers.solution import METHODS_WITH_DRAWS
from reseau.tables.astropy_tables import to_astropy

from .figures_by_name import FiguresByName, drawing
from .posterior import DRAWS, described, drawn, posterior_names, saved_posterior

if TYPE_CHECKING:
    from xarray import DataTree

WIDTH = 80
"""Columns that words are wrapped at."""


class Solution:
    """The solution of a plate: what its files hold, in memory.

    Attributes
    ----------
    tables
        All tables, of Arrow.
    """

    tables: PlateTables

    @cached_property
    def sources(self) -> QTable:
        """Sources: Gaia's names; ra, dec [deg] as the observer sees them at `epoch`."""
        return _quantities(self.tables.sources)

    @cached_property
    def exposures(self) -> QTable:
        """Exposures: pointing, position angle and focal lengths, with their errors."""
        return _quantities(self.tables.exposures)

    @cached_property
    def calibration(self) -> QTable:
        """Calibration by `name`, each row with its own `unit`; see `covariance`."""
        return _quantities(self.tables.calibration)

    @cached_property
    def residuals(self) -> QTable:
        """Residuals of the measurements, observed minus predicted, with their pulls."""
        return _quantities(self.tables.residuals)

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the calibration, in the order of its rows."""
        return self.tables.covariance

    @property
    def verdict(self) -> list[str]:
        """What the solution is worth, in sentences."""
        return [str(sentence) for sentence in self.tables.summary["verdict"]]

    @property
    def converged(self) -> bool:
        """Whether the solution can be used."""
        return bool(self.tables.summary["converged"])

    @property
    def plot(self) -> Figures:
        """Figures of the solution: ``solution.plot.residuals()``."""
        return Figures(self)

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the solution's directory, whole or not at all.

        Parameters
        ----------
        path
            Directory to make.
        overwrite
            Whether an earlier solution there may be replaced.

        Raises
        ------
        OutputExistsError
            Something is there that may not be replaced.
        """
        write_solution(path, self.tables, beside=self._beside(), overwrite=overwrite)

    def write_files(self, folder: Path) -> None:
        """Write the files of the solution into an empty directory, as it stands.

        Parameters
        ----------
        folder
            One that gets its name when it is whole.
        """
        write_files(folder, self.tables, self._beside())

    def _beside(self) -> Callable[[Path], None] | None:
        saved, said = self.saved_posterior(), self.said
        if saved is None and said is None:
            return None

        def write(folder: Path) -> None:
            if saved is not None:
                write_posterior(saved, folder)
            if said is not None:
                write_information(said, folder)

        return write

    @property
    def said(self) -> Information | None:
        """What the plate says about its sources, if that was kept."""
        raise NotImplementedError

    def saved_posterior(self) -> SavedPosterior | None:
        """Return what draws are made from, or None where the method keeps nothing."""
        raise NotImplementedError

    def to_arviz(self, draws: int | Draws | None = None, *, seed: int = 0) -> DataTree:
        """Return draws from the posterior as a tree of data that ArviZ works on.

        Parameters
        ----------
        draws
            How many, or draws that `sample` of the solver's solution returned. Absent:
            1000, of nuts all, chain by chain with the sampler's statistics.
        seed
            Of the random numbers.

        Raises
        ------
        ConfigError
            ArviZ is not installed, the method gives no draws or not as many.
        """
        found = draws if isinstance(draws, Draws) else self._drawn(draws, seed)
        about = described(self.tables.summary, seed)
        return to_arviz(found, self._names_of_posterior(), attributes=about)

    def _drawn(self, draws: int | None, seed: int) -> Draws:
        return drawn(self._saved().source, draws, seed)

    def _names_of_posterior(self) -> PosteriorNames:
        return self._saved().names

    def _saved(self) -> SavedPosterior:
        saved = self.saved_posterior()
        if saved is not None:
            return saved
        raise ConfigError(
            explain(
                given="a solution that keeps no posterior",
                wanted="what draws from the posterior are made from",
                where="to_arviz",
                todo=f"solve again by {METHODS_WITH_DRAWS}",
            )
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the summary, as ``summary.json`` holds it."""
        return dict(self.tables.summary)

    def __str__(self) -> str:
        words = [textwrap.fill(sentence, WIDTH) for sentence in self.verdict]
        rows = number_rows(self.tables.summary)
        widest = max(len(name) for name, _ in rows)
        numbers = [
            textwrap.fill(
                value,
                WIDTH,
                initial_indent=f"{name:<{widest}}  ",
                subsequent_indent=" " * (widest + 2),
            )
            for name, value in rows
        ]
        return "\n".join([*words, "", *numbers])

    def __repr__(self) -> str:
        found = self.tables.summary
        state = "converged" if self.converged else str(found["result"])
        return (
            f"<{type(self).__name__} of {found['n_sources']:,} sources on "
            f"{found['n_exposures']:,} exposures, {state}; print it for the verdict>"
        )

    def _repr_html_(self) -> str:
        words = "".join(f"<p>{html.escape(text)}</p>" for text in self.verdict)
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name.strip())}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in number_rows(self.tables.summary)
        )
        return f"<div>{words}<table>{rows}</table></div>"


@dataclass(frozen=True, repr=False, eq=False)
class Solved(Solution, SolvedPlate):
    """The solution of a plate, with the problem that was solved.

    Attributes
    ----------
    prepared
        The problem and its ids.
    solution
        What the solver returned: arrays, radians.
    summary
        What ``summary.json`` holds.
    sentences
        The verdict in words.
    instrument
        The fitted instrument.
    table
        Lines on what was compared on the way; none unless asked for.
    strays
        Those of the sentences that name what does not belong where it was measured.
    information
        What the plate says about its sources; None: not asked for.
    """

    @property
    def said(self) -> Information | None:
        """What the plate says about its sources, if that was kept."""
        return self.information

    @cached_property
    def tables(self) -> PlateTables:  # type: ignore[override]
        """All tables, of Arrow."""
        return tables_of(self)

    @property
    def verdict(self) -> list[str]:
        """What the solution is worth, in sentences."""
        return list(self.sentences)

    def saved_posterior(self) -> SavedPosterior | None:
        """Return what draws are made from, or None where the method keeps nothing."""
        return saved_posterior(self.prepared, self.solution)

    def _drawn(self, draws: int | None, seed: int) -> Draws:
        if draws is None:
            return self.solution.draws or self.solution.sample(DRAWS, seed)
        return self.solution.sample(draws, seed)

    def _names_of_posterior(self) -> PosteriorNames:
        return posterior_names(self.prepared)


@dataclass(frozen=True, repr=False, eq=False)
class ReadSolution(Solution):
    """A solution that was read from files.

    Attributes
    ----------
    tables
        All tables, of Arrow.
    """

    tables: PlateTables

    @property
    def instrument(self) -> Instrument:
        """The fitted instrument."""
        return self.tables.instrument

    @property
    def summary(self) -> Mapping[str, Any]:
        """What ``summary.json`` holds."""
        return self.tables.summary

    @property
    def said(self) -> Information | None:
        """What the plate says about its sources, if that was kept."""
        if self.tables.source is None:
            return None
        if not (self.tables.source / INFORMATION).exists():
            return None
        return read_information(self.tables.source)

    def saved_posterior(self) -> SavedPosterior | None:
        """Return what draws are made from, or None where the method kept nothing."""
        if self.tables.source is None:
            return None
        try:
            return read_posterior(self.tables.source)
        except FileFormatError:
            return None


def read_solution(path: str | Path) -> Solution:
    """Read a solution: the same tables and words as when it was solved.

    Parameters
    ----------
    path
        Directory that `solve`, or `Solution.write`, made.

    Raises
    ------
    FileFormatError
        It is not a solution, or of another format version.

    Examples
    --------
    >>> from reseau import read_solution
    >>> read_solution("solution").sources["ra"]  # doctest: +SKIP
    """
    return ReadSolution(read_tables(path))


class Figures(FiguresByName):
    """The figures of one solution, each by a method of the name of its kind.

    Parameters
    ----------
    solution
        Whose.
    """

    def __init__(self, solution: Solution) -> None:
        super().__init__(
            where="solution.plot",
            wanted="a solution that holds what the figure shows",
            also={"residuals": "residual_quiver"},
        )
        self._solution = solution

    def _kinds(self) -> Mapping[str, Any]:
        kinds: Mapping[str, Any] = drawing().KINDS
        return kinds

    def _given(self, **choices: Any) -> Any:
        del choices  # a solution's figures have none
        found = self._solution
        return drawing().drawable(found if isinstance(found, Solved) else found.tables)


def _quantities(table: Any) -> QTable:
    return QTable(to_astropy(table))


__all__ = ["Figures", "ReadSolution", "Solution", "Solved", "read_solution"]
