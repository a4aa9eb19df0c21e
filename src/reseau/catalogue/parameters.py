"""The six astrometric parameters of sources and their covariance, of plain columns.

NumPy in and out, so that tables of any kind can use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from reseau.errors import CatalogueError, MissingAstrometryWarning, explain, some, warn
from reseau.tables.layouts import ASTROMETRY

PARAMETERS = (*ASTROMETRY, "radial_velocity")
"""Order of the six parameters, in deg, deg, mas, mas/yr, mas/yr and km/s."""

PAIRS = tuple(combinations(range(len(PARAMETERS)), 2))
"""Pairs of parameters that may be correlated."""

CORRELATIONS = tuple(f"{PARAMETERS[i]}_{PARAMETERS[j]}_corr" for i, j in PAIRS)
"""Their columns: Gaia's ten, and five with the radial velocity that `at_epoch` adds."""


@dataclass(frozen=True)
class WidePrior:
    """What a reference without motion is given: zero, with these 1σ.

    Attributes
    ----------
    parallax
        [mas].
    proper_motion
        Of each component [mas/yr].
    radial_velocity
        [km/s].
    """

    parallax: float = 1.0
    proper_motion: float = 10.0
    radial_velocity: float = 100.0

    def __post_init__(self) -> None:
        for name in ("parallax", "proper_motion", "radial_velocity"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise CatalogueError(
                    explain(
                        given=f"the prior width of a missing {name} is {value}",
                        wanted="a finite number greater than 0",
                        where="WidePrior",
                        todo="correct the width",
                    )
                )


@dataclass(frozen=True)
class Astrometry:
    """Six parameters of each source and their covariance, at the catalogue's epoch.

    Attributes
    ----------
    source_id
        Identifier.
    epoch
        Epoch of each source, Julian year TCB; NaN where it is not known.
    mean
        `PARAMETERS`: ra, dec [deg], parallax [mas], pmra with cos(dec), pmdec
        [mas/yr], radial velocity [km/s].
    covariance
        Of the same, but with ra·cos(dec) and dec in [mas].
    has_position
        False: the position has no prior; its variance is NaN and only a start.
    fixed
        True: the position is held fixed; its variance is zero.
    missing
        How many sources lacked what, by name: position, parallax, proper_motion,
        radial_velocity; and how many values had no error.
    """

    source_id: Int[ndarray, "n"]
    epoch: Float[ndarray, "n"]
    mean: Float[ndarray, "n 6"]
    covariance: Float[ndarray, "n 6 6"]
    has_position: Bool[ndarray, "n"]
    fixed: Bool[ndarray, "n"]
    missing: dict[str, int]


def astrometry(
    columns: Mapping[str, ndarray],
    *,
    wide: WidePrior | None = None,
    where: str | Path = "the reference catalogue",
) -> Astrometry:
    """Collect parameters and covariances from Gaia's columns.

    Parameters
    ----------
    columns
        Validated columns of `schema.REFERENCE`; NaN: missing.
    wide
        Prior of what is missing, stated in `WidePrior` unless given. A value without
        its error keeps its place and gets the prior's width.
    where
        For messages.

    Warns
    -----
    MissingAstrometryWarning
        Some sources that are not held fixed lack motion or parallax. Missing radial
        velocities are usual and counted only.

    Raises
    ------
    CatalogueError
        Correlations contradict each other: a covariance is not positive.
    """
    wide = wide or WidePrior()
    n = len(columns["source_id"])
    mean = np.stack([plain_column(columns, name, n) for name in PARAMETERS], axis=1)
    sigma = np.stack(
        [plain_column(columns, f"{p}_error", n) for p in PARAMETERS], axis=1
    )
    known = np.isfinite(mean)
    measured = _measured(known, sigma)
    fixed = np.asarray(columns.get("fixed", np.zeros(n, bool)), dtype=bool)
    width = [
        wide.parallax,
        wide.proper_motion,
        wide.proper_motion,
        wide.radial_velocity,
    ]
    mean[:, 2:] = np.where(known[:, 2:], mean[:, 2:], 0.0)
    sigma[:, 2:] = np.where(measured[:, 2:], sigma[:, 2:], width)
    has_position = measured[:, 0] | fixed
    sigma[:, :2] = np.where(measured[:, :2], sigma[:, :2], np.nan)
    sigma[:, :2] = np.where(fixed[:, None], 0.0, sigma[:, :2])
    covariance = _covariance(columns, sigma, measured & ~_position_of(fixed))
    _check_positive(covariance, columns, where)
    missing = {"position": int(np.sum(~has_position)), **count_missing(known, measured)}
    _warn_of_missing(known[~fixed], measured[~fixed], wide, where)
    return Astrometry(
        source_id=np.asarray(columns["source_id"]),
        epoch=plain_column(columns, "ref_epoch", n),
        mean=mean,
        covariance=covariance,
        has_position=has_position,
        fixed=fixed,
        missing=missing,
    )


def plain_column(columns: Mapping[str, ndarray], name: str, n: int) -> ndarray:
    """Return a column as floating-point numbers; NaN where it or a value is missing."""
    values = columns.get(name)
    if values is None:
        return np.full(n, np.nan)
    return np.array(np.ma.filled(np.ma.asarray(values, dtype=float), np.nan))


def _measured(known: ndarray, sigma: ndarray) -> ndarray:
    measured = known & np.isfinite(sigma)
    measured[:, :2] = measured[:, :2].all(axis=1, keepdims=True)
    return measured


def _position_of(fixed: ndarray) -> ndarray:
    return fixed[:, None] & (np.arange(len(PARAMETERS)) < 2)


def _covariance(
    columns: Mapping[str, ndarray], sigma: ndarray, correlated: ndarray
) -> ndarray:
    n, size = sigma.shape
    correlation = np.tile(np.eye(size), (n, 1, 1))
    for (i, j), name in zip(PAIRS, CORRELATIONS, strict=True):
        given = plain_column(columns, name, n)
        use = correlated[:, i] & correlated[:, j] & np.isfinite(given)
        correlation[:, i, j] = correlation[:, j, i] = np.where(use, given, 0.0)
    covariance = correlation * sigma[:, :, None] * sigma[:, None, :]
    # Where there is no position at all, zero times NaN says so for the variances
    # only: the rest of the matrix stays usable.
    off_diagonal = ~np.eye(size, dtype=bool)
    return np.where(np.isnan(covariance) & off_diagonal, 0.0, covariance)


def _check_positive(
    covariance: ndarray,
    columns: Mapping[str, ndarray],
    where: str | Path,
) -> None:
    # Scaled to correlations, so that units do not matter; parts that are fixed or
    # without a prior are uncorrelated with the rest.
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    scaled = covariance / scale[:, :, None] / scale[:, None, :]
    diagonal = np.arange(covariance.shape[1])
    scaled[:, diagonal, diagonal] = 1.0
    smallest = np.linalg.eigvalsh(scaled)[:, 0]
    bad = smallest <= 0.0
    if bad.any():
        ids = np.asarray(columns["source_id"])[bad]
        raise CatalogueError(
            explain(
                given=f"the correlations of {len(ids)} sources contradict each other",
                wanted="a positive definite covariance of the five parameters",
                where=f"{where}, source_id {some(ids)}",
                todo="correct the *_corr columns of those sources",
            )
        )


def count_missing(known: ndarray, measured: ndarray) -> dict[str, int]:
    """Return how many sources lack what.

    Parameters
    ----------
    known, measured
        Which of `PARAMETERS` have a value, and a value with an error, (n, 6).

    Returns
    -------
    Sources without parallax, proper motion (of which one component may be known) and
    radial velocity; and under "errors" how many of these values lack only the error.
    """
    return {
        "parallax": int(np.sum(~known[:, 2])),
        "proper_motion": int(np.sum(~known[:, 3:5].all(axis=1))),
        "radial_velocity": int(np.sum(~known[:, 5])),
        "errors": int(np.sum((known & ~measured)[:, 2:])),
    }


def _warn_of_missing(
    known: ndarray, measured: ndarray, wide: WidePrior, where: str | Path
) -> None:
    lacking = count_missing(known, measured)
    if lacking["parallax"] or lacking["proper_motion"] or lacking["errors"]:
        warn(
            f"{where}: of {len(known)} sources {lacking['parallax']} lack a parallax "
            f"and {lacking['proper_motion']} a proper motion; they are given "
            f"0 ± {wide.parallax:g} mas and 0 ± {wide.proper_motion:g} mas/yr; "
            f"{lacking['errors']} values without errors are given these widths",
            MissingAstrometryWarning,
        )


__all__ = [
    "CORRELATIONS",
    "PAIRS",
    "PARAMETERS",
    "Astrometry",
    "WidePrior",
    "astrometry",
    "count_missing",
    "plain_column",
]
