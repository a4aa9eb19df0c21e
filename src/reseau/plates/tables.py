"""A plate's solution as the tables of its files."""

from reseau.datasets import PlateTables, solution_tables

from .calibration import calibration_columns
from .naming import with_names
from .result import (
    exposure_columns,
    residual_columns,
    source_columns,
)
from .solved import SolvedPlate


def tables_of(solved: SolvedPlate) -> PlateTables:
    """Return the tables of a solution.

    Parameters
    ----------
    solved
        As `judge` made it.
    """
    prepared, solution = solved.prepared, solved.solution
    names = prepared.names
    calibration, covariance = calibration_columns(prepared, solution)
    return solution_tables(
        sources=with_names(source_columns(prepared, solution), names),
        exposures=with_names(exposure_columns(prepared, solution), names),
        calibration=with_names(calibration, names),
        covariance=covariance,
        residuals=with_names(residual_columns(prepared, solution), names),
        instrument=solved.instrument,
        summary=solved.summary,
        unit=prepared.unit,
    )


__all__ = ["tables_of"]
