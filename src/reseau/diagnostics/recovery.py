"""Solutions against truth: errors, the Cramér-Rao bound, pulls.

The formal covariances of a Gauss-Newton solution are its Cramér-Rao bound. If the
model, the errors of the measurements and the priors are right, the errors reach that
bound and the pulls are standard normal, each within 3/√(2n) of 1 where n is the
number of coordinates pooled.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from reseau.errors import CatalogueError, ShapeError, explain, some

CLASSES = ("reference", "target", "artificial", "wrong_prior")
"""The classes of sources that are told apart, in the order in which they are shown."""


@dataclass(frozen=True)
class Recovery:
    """How well a class of sources was recovered.

    Attributes
    ----------
    n
        Number of sources; each has two coordinates.
    rms_mas
        Root mean square error of a coordinate, both pooled [mas].
    crb_ratio
        The same over the root mean formal variance.
    pull_std
        Standard deviation of the decorrelated pulls about their expectation, zero.
    tolerance
        How far from 1 the two ratios may be by chance, 3/√(2 · 2n).
    consistent
        Whether both are within it; False for an empty class.
    """

    n: int
    rms_mas: float
    crb_ratio: float
    pull_std: float
    tolerance: float
    consistent: bool

    def as_dict(self) -> dict[str, float | int | bool | None]:
        """Return the fields for a JSON file: None for what is not a finite number."""
        return {k: v if math.isfinite(v) else None for k, v in asdict(self).items()}


def decorrelated_pulls(
    error: Float[ndarray, "n 2"], covariance: Float[ndarray, "n 2 2"]
) -> Float[ndarray, "n 2"]:
    """Return errors whitened by the Cholesky factors of their covariances.

    Parameters
    ----------
    error
        Solution minus truth, east and north [mas].
    covariance
        Formal covariance [mas²].

    Raises
    ------
    CatalogueError
        An error is not finite or a covariance is not positive definite.
    """
    _check(error, covariance)
    first = np.sqrt(covariance[:, 0, 0])
    slope = covariance[:, 0, 1] / first
    second = np.sqrt(covariance[:, 1, 1] - slope**2)
    east = error[:, 0] / first
    return np.stack([east, (error[:, 1] - slope * east) / second], axis=1)


def recovery_statistics(
    error: Float[ndarray, "n 2"], covariance: Float[ndarray, "n 2 2"]
) -> Recovery:
    """Compare errors with what their formal covariances promise.

    Parameters
    ----------
    error
        Solution minus truth, east and north [mas].
    covariance
        Formal covariance [mas²].

    Raises
    ------
    CatalogueError
        An error is not finite or a covariance is not positive definite.

    Notes
    -----
    The tolerance is that of equal formal errors. Where they differ much, the ratio
    to the bound scatters more than the pulls, by √(n Σv²)/Σv for variances v.
    """
    pulls = decorrelated_pulls(error, covariance)
    n = len(error)
    if n == 0:
        return Recovery(0, math.nan, math.nan, math.nan, math.inf, False)
    rms = float(np.sqrt(np.mean(error**2)))
    bound = float(np.sqrt(np.mean(np.trace(covariance, axis1=1, axis2=2)) / 2.0))
    ratio, spread = rms / bound, float(np.sqrt(np.mean(pulls**2)))
    tolerance = ratio_tolerance(2 * n)
    consistent = max(abs(ratio - 1.0), abs(spread - 1.0)) <= tolerance
    return Recovery(n, rms, ratio, spread, tolerance, consistent)


def ratio_tolerance(n_coordinates: int) -> float:
    """Return 3/√(2n): three σ of the standard deviation of n standard normal values."""
    return 3.0 / math.sqrt(2.0 * n_coordinates)


def recovery_by_class(
    error: Float[ndarray, "n 2"],
    covariance: Float[ndarray, "n 2 2"],
    classes: Mapping[str, Bool[ndarray, "n"]],
) -> dict[str, Recovery]:
    """Return the statistics of each class of sources that has any.

    Parameters
    ----------
    error
        Solution minus truth, east and north [mas].
    covariance
        Formal covariance [mas²].
    classes
        Which sources belong to each class; a source may belong to several or none.
    """
    return {
        name: recovery_statistics(error[mask], covariance[mask])
        for name, mask in classes.items()
        if np.any(mask)
    }


def recovery_table(recoveries: Mapping[str, Recovery]) -> list[str]:
    """Return the lines of a table for the terminal, the header first.

    Parameters
    ----------
    recoveries
        Statistics by class.
    """
    width = max((len(name) for name in recoveries), default=0)
    width = max(width, len("class"))
    head = f"{'class':<{width}}  {'n':>8}  {'rms [mas]':>10}  {'rms/bound':>9}  "
    head += f"{'pull std':>8}  {'expected':>10}"
    return [head, *(_line(name, r, width) for name, r in recoveries.items())]


def _line(name: str, r: Recovery, width: int) -> str:
    verdict = "yes" if r.consistent else "NO"
    return (
        f"{name:<{width}}  {r.n:>8d}  {r.rms_mas:>10.4g}  {r.crb_ratio:>9.3f}  "
        f"{r.pull_std:>8.3f}  1 ± {r.tolerance:<6.3f}  {verdict}"
    )


def recovery_dict(
    recoveries: Mapping[str, Recovery],
) -> dict[str, dict[str, float | int | bool | None]]:
    """Return the statistics by class as plain values for a JSON file.

    Parameters
    ----------
    recoveries
        Statistics by class.
    """
    return {name: recovery.as_dict() for name, recovery in recoveries.items()}


def _check(error: ndarray, covariance: ndarray) -> None:
    n = len(error)
    if error.shape != (n, 2) or covariance.shape != (n, 2, 2):
        raise ShapeError(
            explain(
                given=f"errors of shape {error.shape}, covariances {covariance.shape}",
                wanted="(n, 2) and (n, 2, 2)",
                where="recovery statistics",
                todo="give one row a source",
            )
        )
    _refuse_rows(~np.isfinite(error).all(axis=1), "a finite error", "rows without one")
    c = covariance
    determinant = c[:, 0, 0] * c[:, 1, 1] - c[:, 0, 1] ** 2
    good = (c[:, 0, 0] > 0.0) & (determinant > 0.0) & np.isfinite(determinant)
    _refuse_rows(~good, "a positive definite covariance", "sources that were fixed")


def _refuse_rows(bad: Bool[ndarray, "n"], wanted: str, what: str) -> None:
    rows: Sequence[int] = np.flatnonzero(bad).tolist()
    if rows:
        raise CatalogueError(
            explain(
                given=f"{len(rows)} sources lack {wanted}",
                wanted=f"{wanted} for each source that is compared",
                where=f"rows {some(rows)} of the recovery statistics",
                todo=f"leave out {what}",
            )
        )


__all__ = [
    "CLASSES",
    "Recovery",
    "decorrelated_pulls",
    "ratio_tolerance",
    "recovery_by_class",
    "recovery_dict",
    "recovery_statistics",
    "recovery_table",
]
