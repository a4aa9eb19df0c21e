"""What the flaws of a survey cost: a table of errors with and without remedies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reseau._words import counted

from .comparison.truth import Comparison
from .recovery import Recovery, recovery_statistics

JUDGED = ("reference", "target", "artificial")
"""Classes whose errors count; wrong references are another matter."""


@dataclass(frozen=True)
class BudgetRow:
    """One flaw.

    Attributes
    ----------
    flaw
        Its name; "none": what there is without any.
    usual
        Positions where the solver knows nothing of it.
    remedied
        Where it declares what there is against it.
    damage_mas
        What the flaw adds to the error of a coordinate, in squares, where the solver
        knows nothing of it: against the formal error with the remedy [mas].
    noticed
        Whether the verdict said that something is missing.
    said
        What it said on what residuals depend.
    """

    flaw: str
    usual: Recovery
    remedied: Recovery
    damage_mas: float
    noticed: bool
    said: tuple[str, ...]


@dataclass(frozen=True)
class Budget:
    """What the flaws of a survey cost.

    Attributes
    ----------
    survey
        Its name.
    plates
        How many were solved for each flaw.
    rows
        Of the flaws; the first is without any.
    """

    survey: str
    plates: int
    rows: tuple[BudgetRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        rows = [
            {
                **asdict(row),
                "usual": row.usual.as_dict(),
                "remedied": row.remedied.as_dict(),
            }
            for row in self.rows
        ]
        return {"survey": self.survey, "plates": self.plates, "rows": rows}

    def lines(self) -> list[str]:
        """Return the table for a terminal."""
        head = (
            f"{'flaw':<22}{'rms':>8}{'/bound':>8}{'pulls':>7}{'damage':>9}"
            f"{'noticed':>9}{'declared:':>11}{'/bound':>8}{'pulls':>7}"
        )
        units = f"{'':<22}{'mas':>8}{'':>8}{'':>7}{'mas':>9}{'':>9}{'rms mas':>11}"
        lines = [head, units]
        for row in self.rows:
            first, second = row.usual, row.remedied
            lines.append(
                f"{row.flaw:<22}{first.rms_mas:>8.3f}{first.crb_ratio:>8.3f}"
                f"{first.pull_std:>7.3f}{row.damage_mas:>9.3f}"
                f"{'yes' if row.noticed else 'no':>9}"
                f"{second.rms_mas:>11.3f}{second.crb_ratio:>8.3f}"
                f"{second.pull_std:>7.3f}"
            )
        n = self.rows[0].usual.n
        lines.append(
            f"{counted(self.plates, 'plates')}, {n:,} sources; the ratios are 1 within "
            f"{self.rows[0].usual.tolerance:.3f} where all is right"
        )
        return lines

    def __str__(self) -> str:
        """Return the table."""
        return "\n".join(self.lines())


def budget_row(
    flaw: str,
    usual: Sequence[tuple[Comparison, Any]],
    remedied: Sequence[tuple[Comparison, Any]],
) -> BudgetRow:
    """Return what a flaw costs, from solutions of some plates.

    Parameters
    ----------
    flaw
        Its name.
    usual, remedied
        Comparisons with the truth and solutions, without and with the remedy.
    """
    first, second = (pooled([c for c, _ in of]) for of in (usual, remedied))
    bound = second.rms_mas / second.crb_ratio
    excess = first.rms_mas**2 - bound**2
    found = [solved.summary for _, solved in usual]
    depends = sorted({name for s in found for name in s["residuals_depend_on"]})
    return BudgetRow(
        flaw=flaw,
        usual=first,
        remedied=second,
        damage_mas=math.sqrt(max(excess, 0.0)),
        noticed=any(says_that_something_is_missing(s) for s in found),
        said=tuple(depends),
    )


CHANCE = 5.0
"""Beyond how many σ of chance a sum of squares says that the model is wrong."""


def says_that_something_is_missing(summary: Mapping[str, Any]) -> bool:
    """Return whether a solution's numbers say that its model or its errors are wrong.

    Parameters
    ----------
    summary
        Of the solution.
    """
    chi2, dof = summary["chi2"], summary["dof"]
    off = abs(chi2 - dof) > CHANCE * math.sqrt(2.0 * dof)
    worst = summary["outliers"]["measurements"]
    return bool(
        off
        or not summary["describes_data"]
        or summary["residuals_depend_on"]
        or worst["beyond_limit"]
    )


def pooled(compared: Sequence[Comparison]) -> Recovery:
    """Return the recovery of all sources of some plates whose references are right.

    Parameters
    ----------
    compared
        Comparisons with the truth.
    """
    error, covariance = (
        np.concatenate(
            [
                values
                for one in compared
                for name, values in getattr(one, which).items()
                if name in JUDGED
            ]
        )
        for which in ("errors", "covariances")
    )
    return recovery_statistics(error, covariance)


__all__ = ["Budget", "BudgetRow", "budget_row", "pooled"]
