"""Stars moved to another epoch: six parameters, errors and correlations.

Rows go through compiled code in chunks of fixed shape, so that memory is bounded and
each shape is compiled once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy import ndarray

from reseau._precision import in_double
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.errors import CatalogueError, explain, some
from reseau.sky import (
    angles_from_direction,
    direction_from_angles,
    propagate,
    propagate_with_covariance,
)

from .parameters import (
    CORRELATIONS,
    PAIRS,
    PARAMETERS,
    WidePrior,
    count_missing,
    plain_column,
)

CHUNKS = (1024, 65_536)
"""Rows a chunk has: the smaller one for small catalogues."""

_FIRST, _SECOND = (list(index) for index in zip(*PAIRS, strict=True))
_UNITS = np.array([MILLIARCSECOND] * 5 + [1.0])


@dataclass(frozen=True)
class Moved:
    """Sources at a new epoch, in the units of the schema; NaN: missing.

    Attributes
    ----------
    mean
        `PARAMETERS`.
    error
        Their 1σ, that of ra times cos(dec) in [mas].
    correlation
        Of the pairs in `CORRELATIONS`.
    missing
        How many sources lacked what: parallax, proper_motion, radial_velocity, and how
        many values were there without errors.
    """

    mean: Float[ndarray, "n 6"]
    error: Float[ndarray, "n 6"]
    correlation: Float[ndarray, "n 15"]
    missing: dict[str, int]


@dataclass(frozen=True)
class _Rows:
    """What enters the motion, and which of it the catalogue knows."""

    mean: Float[ndarray, "n 6"]
    error: Float[ndarray, "n 6"]
    correlation: Float[ndarray, "n 15"]
    elapsed: Float[ndarray, "n"]
    known: Bool[ndarray, "n 6"]
    measured: Bool[ndarray, "n 6"]

    def chunk(self, start: int, size: int) -> tuple[ndarray, ...]:
        """Return `size` rows from `start`, the last one repeated beyond the end."""
        rows = np.minimum(np.arange(start, start + size), len(self.mean) - 1)
        parts = (self.mean, self.error, self.correlation, self.elapsed)
        return tuple(part[rows] for part in parts)


@in_double
def move(
    columns: Mapping[str, ndarray],
    epoch: float,
    *,
    covariance: bool = True,
    light_time: bool = False,
    wide: WidePrior | None = None,
    fill: bool = False,
    where: str = "the catalogue",
) -> Moved:
    """Carry sources from their own epochs to one epoch.

    Parameters
    ----------
    columns
        Checked columns with Gaia's names in the schema's units; NaN: missing.
    epoch
        Julian year TCB.
    covariance
        Whether errors and correlations are wanted; NaN otherwise.
    light_time
        As in `reseau.sky.motion.direction_at`.
    wide
        What a missing parallax, motion or radial velocity is taken to be.
    fill
        Whether what was missing comes out as `wide` says, moved.
    where
        The catalogue's name, for messages.

    Returns
    -------
    Missing parameters stay missing unless filled; but they count, as `wide` says, in
    the errors of the others.

    Raises
    ------
    CatalogueError
        Correlations contradict each other.
    """
    rows = _collect(columns, epoch, wide or WidePrior())
    missing = count_missing(rows.known, rows.measured if covariance else rows.known)
    n = len(rows.mean)
    mean, error = np.empty((n, 6)), np.full((n, 6), np.nan)
    correlation = np.full((n, len(PAIRS)), np.nan)
    good = np.ones(n, bool)
    for here, parts in _chunks(rows):
        if covariance:
            result = _move_all(*parts, light_time=light_time)
            mean[here], error[here], correlation[here], good[here] = (
                np.asarray(part)[: len(mean[here])] for part in result
            )
        else:
            moved = _move_means(parts[0], parts[3], light_time=light_time)
            mean[here] = np.asarray(moved)[: len(mean[here])]
    _check_positive(good, columns, where)
    known, measured = rows.known, rows.measured
    if fill:
        # The error of a position that came without stays unknown.
        known, measured = known.copy(), measured.copy()
        known[:, 2:] = measured[:, 2:] = True
    pairs = measured[:, _FIRST] & measured[:, _SECOND]
    return Moved(
        mean=np.where(known, mean, np.nan),
        error=np.where(measured, error, np.nan),
        correlation=np.where(pairs, correlation, np.nan),
        missing=missing,
    )


def _collect(columns: Mapping[str, ndarray], epoch: float, wide: WidePrior) -> _Rows:
    n = len(columns["ra"])
    mean = np.stack([plain_column(columns, p, n) for p in PARAMETERS], axis=1)
    error = np.stack(
        [plain_column(columns, f"{p}_error", n) for p in PARAMETERS], axis=1
    )
    known = np.isfinite(mean)
    measured = known & np.isfinite(error)
    # A position without error moves too; what its error would be stays unknown.
    width = [0.0, 0.0, wide.parallax, *[wide.proper_motion] * 2, wide.radial_velocity]
    given = np.stack([plain_column(columns, c, n) for c in CORRELATIONS], axis=1)
    both = measured[:, _FIRST] & measured[:, _SECOND] & np.isfinite(given)
    return _Rows(
        mean=np.where(known, mean, 0.0),
        error=np.where(measured, error, width),
        correlation=np.where(both, given, 0.0),
        elapsed=epoch - columns["ref_epoch"],
        known=known,
        measured=measured,
    )


def _chunks(rows: _Rows) -> Iterator[tuple[slice, tuple[ndarray, ...]]]:
    n = len(rows.mean)
    size = CHUNKS[0] if n <= 8 * CHUNKS[0] else CHUNKS[1]
    for start in range(0, n, size):
        yield slice(start, start + size), rows.chunk(start, size)


def _in_radians(mean: Array) -> tuple[Array, Array]:
    """Return directions and the parameters of `reseau.sky`, offsets zero."""
    direction = direction_from_angles(mean[:, 0] * DEGREE, mean[:, 1] * DEGREE)
    return direction, mean.at[:, :2].set(0.0) * _UNITS[None, :]


def _in_degrees(direction: Array, astrometry: Array) -> Array:
    angles = jnp.stack(angles_from_direction(direction), axis=1) / DEGREE
    return jnp.concatenate([angles, astrometry[:, 2:] / _UNITS[None, 2:]], axis=1)


@partial(jax.jit, static_argnames="light_time")
def _move_means(mean: Array, elapsed: Array, *, light_time: bool) -> Array:
    direction, astrometry = _in_radians(jnp.asarray(mean))
    return _in_degrees(
        *propagate(direction, astrometry, elapsed, light_time=light_time)
    )


@partial(jax.jit, static_argnames="light_time")
def _move_all(
    mean: Array, error: Array, correlation: Array, elapsed: Array, *, light_time: bool
) -> tuple[Array, Array, Array, Array]:
    """Return means, errors, correlations, and whether these agree with each other."""
    direction, astrometry = _in_radians(jnp.asarray(mean))
    matrix = jnp.broadcast_to(jnp.eye(6), (len(mean), 6, 6))
    matrix = matrix.at[:, _FIRST, _SECOND].set(correlation)
    matrix = matrix.at[:, _SECOND, _FIRST].set(correlation)
    good = jnp.isfinite(jnp.linalg.cholesky(matrix)).all(axis=(1, 2))
    sigma = error * _UNITS[None, :]
    direction, moved, covariance = propagate_with_covariance(
        direction,
        astrometry,
        matrix * sigma[:, :, None] * sigma[:, None, :],
        elapsed,
        light_time=light_time,
    )
    sigma = jnp.sqrt(jnp.diagonal(covariance, axis1=1, axis2=2))
    scale = sigma[:, _FIRST] * sigma[:, _SECOND]
    # A sigma of zero is that of a position without error, which stays missing.
    ratio = covariance[:, _FIRST, _SECOND] / jnp.where(scale > 0.0, scale, 1.0)
    return (
        _in_degrees(direction, moved),
        sigma / _UNITS[None, :],
        jnp.clip(ratio, -1.0, 1.0),
        good,
    )


def _check_positive(good: ndarray, columns: Mapping[str, ndarray], where: str) -> None:
    if good.all():
        return
    rows = np.flatnonzero(~good)
    raise CatalogueError(
        explain(
            given=f"the correlations of {len(rows)} sources contradict each other",
            wanted="a positive definite covariance of the six parameters",
            where=f"{where}, rows {some(rows)}"
            + (
                f" (source_id {some(columns['source_id'][rows])})"
                if "source_id" in columns
                else ""
            ),
            todo="correct the *_corr columns of those rows",
        )
    )


__all__ = ["Moved", "move"]
