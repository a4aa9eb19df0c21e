"""The solution of a survey as a user holds it: a table of plates, each read lazily."""

import html
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from astropy.table import QTable

from reseau.datasets.survey_solutions import SurveyTables, read_survey_tables
from reseau.tables.astropy_tables import to_astropy

from .solution import WIDTH, ReadSolution, Solution


@dataclass(frozen=True, repr=False, eq=False)
class SurveySolution:
    """The solutions of the plates of a survey, in a directory.

    Attributes
    ----------
    tables
        What stands above the plates: their table and the summary.
    """

    tables: SurveyTables

    @cached_property
    def plates(self) -> QTable:
        """One row a plate: result, counts, chi2, sigma0, seconds, message."""
        return QTable(to_astropy(self.tables.plates))

    @property
    def summary(self) -> Mapping[str, Any]:
        """What ``summary.json`` holds."""
        return self.tables.summary

    @property
    def source(self) -> Path:
        """The directory."""
        return self.tables.source

    @property
    def verdict(self) -> list[str]:
        """How many plates are solved, why others are not, and how good the fits are."""
        return [str(sentence) for sentence in self.summary["verdict"]]

    @property
    def converged(self) -> bool:
        """Whether the solutions of all plates can be used."""
        return bool(self.summary["converged"])

    @property
    def solved(self) -> list[int]:
        """Ids of the plates that have a solution that can be used."""
        rows = self.tables.plates.filter(self.tables.plates["converged"])
        return [int(plate) for plate in rows["plate_id"].to_pylist()]

    @property
    def failed(self) -> list[int]:
        """Ids of the plates that have no solution that can be used."""
        return [int(row["plate_id"]) for row in self.summary["not_solved"]]

    @property
    def exit_code(self) -> int:
        """Return 0 where all plates can be used, else 3."""
        return 0 if self.converged else 3

    def solution(self, plate: int) -> Solution:
        """Read the solution of one plate.

        Parameters
        ----------
        plate
            Its id.

        Raises
        ------
        ConfigError
            There is no such plate.
        FileFormatError
            It has no solution, or one that is damaged.
        """
        return ReadSolution(self.tables.solution(plate))

    def as_dict(self) -> dict[str, Any]:
        """Return the summary, as ``summary.json`` holds it."""
        return dict(self.summary)

    def __str__(self) -> str:
        return "\n".join(textwrap.fill(sentence, WIDTH) for sentence in self.verdict)

    def __repr__(self) -> str:
        found = self.summary
        return (
            f"<{type(self).__name__} of {found['n_plates']:,} plates, "
            f"{found['n_solved']:,} solved; print it for the verdict>"
        )

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(text)}</p>" for text in self.verdict)


def read_survey_solution(path: str | Path) -> SurveySolution:
    """Read what stands above the plates of a survey's solution.

    Parameters
    ----------
    path
        Directory that `solve_plates` made.

    Raises
    ------
    FileFormatError
        It is no such directory, or is damaged or incomplete.

    Examples
    --------
    >>> from reseau import read_survey_solution
    >>> read_survey_solution("solution").plates["sigma0"]  # doctest: +SKIP
    """
    return SurveySolution(read_survey_tables(path))


__all__ = ["SurveySolution", "read_survey_solution"]
