"""Errors against magnitude, and what part of them calibrations and references share.

A formal error is the Cramér-Rao bound of the data with all calibration free. With all
calibration held, each source has its own part alone, which is the smaller bound of a
perfect instrument; the rest of the variance is what sources share.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from .columns import PARAMETERS, JoinedColumns

N_BINS = 24
FEWEST = 20
"""Sources in a bin of the running medians, at least; or all, if there are fewer."""


@dataclass(frozen=True)
class ErrorShares:
    """The errors of one parameter.

    Attributes
    ----------
    name
        Of `PARAMETERS`.
    magnitude
        Of each source whose magnitude and parameter are known.
    error
        1σ with all calibration free [mas], [mas/yr].
    own
        1σ with all calibration held.
    share
        Part of the variance that is shared, 0 to 1.
    is_reference
        Which have priors.
    """

    name: str
    magnitude: Float[np.ndarray, "n"]
    error: Float[np.ndarray, "n"]
    own: Float[np.ndarray, "n"]
    share: Float[np.ndarray, "n"]
    is_reference: Bool[np.ndarray, "n"]


def error_shares(given: JoinedColumns, magnitude: str) -> list[ErrorShares]:
    """Return errors with and without calibration's part, for each parameter.

    Parameters
    ----------
    given
        The catalogue.
    magnitude
        Column of the magnitude.
    """
    columns = given.catalogue
    value = np.asarray(columns[magnitude], dtype=float)
    own = np.sqrt(np.diagonal(given.own(), axis1=1, axis2=2))
    found = []
    for i, name in enumerate(PARAMETERS):
        error = np.asarray(columns[f"{name}_error"], dtype=float)
        known = np.isfinite(value) & (np.nan_to_num(error) > 0) & given.moving
        sigma, alone = error[known], np.minimum(own[known, i], error[known])
        found.append(
            ErrorShares(
                name=name,
                magnitude=value[known],
                error=sigma,
                own=alone,
                share=1.0 - (alone / sigma) ** 2,
                is_reference=given.is_reference[known],
            )
        )
    return found


@dataclass(frozen=True)
class RunningQuantiles:
    """Quantiles in bins of a magnitude.

    Attributes
    ----------
    centre
        Median magnitude of each bin.
    low, median, high
        16, 50 and 84 %.
    """

    centre: Float[np.ndarray, "b"]
    low: Float[np.ndarray, "b"]
    median: Float[np.ndarray, "b"]
    high: Float[np.ndarray, "b"]


def running_quantiles(
    magnitude: Float[np.ndarray, "n"], value: Float[np.ndarray, "n"]
) -> RunningQuantiles:
    """Return quantiles of a value in bins with about the same number of sources each.

    Parameters
    ----------
    magnitude, value
        Of each source, all known.
    """
    order = np.argsort(magnitude, kind="stable")
    bins = int(np.clip(order.size // FEWEST, 1, N_BINS))
    parts = [part for part in np.array_split(order, bins) if part.size]
    rows = [
        (np.median(magnitude[part]), *np.quantile(value[part], (0.16, 0.5, 0.84)))
        for part in parts
    ]
    return RunningQuantiles(*np.array(rows, dtype=float).reshape(-1, 4).T)


__all__ = ["ErrorShares", "RunningQuantiles", "error_shares", "running_quantiles"]
