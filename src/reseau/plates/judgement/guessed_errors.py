"""Errors of measurements that nobody gave: said at the start, judged at the end."""

import numpy as np

from reseau.datasets import DEFAULT_ERROR, Dataset
from reseau.errors import AssumedErrorWarning, warn
from reseau.solvers import Solution

from .assumed_error import AssumedError, quantity

COARSE = {"pixel": 2.0, "um": 20.0}
"""Scatter of residuals beyond which stars are not where they should be."""


def say_what_is_assumed(dataset: Dataset) -> None:
    """Warn where errors of the measurements are a guess.

    Parameters
    ----------
    dataset
        As read.

    Warns
    -----
    AssumedErrorWarning
        The table had no errors, and none was given for all.
    """
    assumed = dataset.assumed_error
    if assumed is None:
        return
    place = dataset.source or dataset.name
    warn(
        f"{place}: no columns x_error and y_error: an error of "
        f"{quantity(assumed.size, assumed.unit)} is assumed for each coordinate, and "
        "judged at the end; give errors, or one for all with --error",
        AssumedErrorWarning,
    )


def judged_error(
    dataset: Dataset, solution: Solution, *, fitted: bool
) -> AssumedError | None:
    """Return the error that was assumed with what residuals say of it.

    Parameters
    ----------
    dataset
        As read.
    solution
        That it led to.
    fitted
        Whether the errors were fitted, so that the guess does not count.

    Returns
    -------
    None: errors were given, or fitted. Of a fit that did not converge nothing is told.
    """
    assumed = dataset.assumed_error
    if assumed is None or fitted:
        return None
    known = solution.converged and np.isfinite(solution.dof)
    told = solution.redundancy
    of_unit = assumed.size / DEFAULT_ERROR
    strays = solution.strays is not None and bool(solution.strays.certain.any())
    return AssumedError(
        size=assumed.size,
        unit=assumed.unit,
        coarse=COARSE[dataset.unit] * of_unit,
        chi2=solution.chi2,
        dof=round(solution.dof) if known else 0,
        of_errors=None if told is None or not known else told.of_errors,
        strays=strays and solution.reliability is None,
    )


def fitted_guess(dataset: Dataset, *, fitted: bool) -> list[str]:
    """Say that errors which were fitted were a guess before.

    Parameters
    ----------
    dataset
        As read.
    fitted
        Whether they were fitted.
    """
    assumed = dataset.assumed_error
    if assumed is None or not fitted:
        return []
    size = quantity(assumed.size, assumed.unit)
    return [f"Before they were fitted the errors were assumed, {size}: none was given."]


__all__ = ["fitted_guess", "judged_error", "say_what_is_assumed"]
