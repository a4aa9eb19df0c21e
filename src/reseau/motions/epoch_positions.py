"""Two-dimensional epochs as pairs of rows, and parallax factors that are not given."""

import numpy as np
from jaxtyping import Float, Int

from reseau._precision import in_double
from reseau.errors import ShapeError, explain
from reseau.observers import AnyObserver, states_of
from reseau.sky import parallax_factors

from .epoch_astrometry import CorrelatedRows, EpochAstrometry


def two_dimensional(
    epoch: Float[np.ndarray, "m"],
    position: Float[np.ndarray, "m 2"],
    error: Float[np.ndarray, "m 2"],
    *,
    reference_epoch: float,
    correlation: Float[np.ndarray, "m"] | None = None,
    factors: Float[np.ndarray, "m 2"] | None = None,
    source_id: Int[np.ndarray, "m"] | None = None,
    group: Int[np.ndarray, "m"] | None = None,
    place: Float[np.ndarray, "s 2"] | None = None,
    published: Float[np.ndarray, "s 3"] | None = None,
    origin: str = "positions",
) -> EpochAstrometry:
    """Return positions as rows towards East and North.

    Parameters
    ----------
    epoch
        [Julian year]
    position, error
        Displacement towards East and North from a fixed point, and 1σ [mas].
    reference_epoch
        From which motion counts [Julian year].
    correlation
        Of both coordinates; None: zero.
    factors
        Parallax factors towards East and North; None: no parallax is fitted.
    source_id
        Of each epoch; None: all are of source 0.
    group
        Number of the plate or visit; None: each epoch its own.
    place
        Where the fixed point is [deg], in the order of increasing ids.
    published
        Of `EpochAstrometry`, in the same order.
    origin
        What the data are.
    """
    n = len(epoch)
    if position.shape != (n, 2) or error.shape != (n, 2):
        raise ShapeError(
            explain(
                given=f"{n} epochs, positions {position.shape}, errors {error.shape}",
                wanted="a position and an error towards East and North for each epoch",
                where=origin,
                todo="give arrays of shape (epochs, 2)",
            )
        )
    ids = np.zeros(n, np.int64) if source_id is None else source_id
    order = np.argsort(ids, kind="stable")
    unique, begin = np.unique(ids[order], return_index=True)
    visit = np.arange(n) if group is None else group[order]
    factors = np.zeros((n, 2)) if factors is None else factors
    return EpochAstrometry(
        source_id=unique.astype(np.int64),
        first=2 * begin.astype(np.int64),
        epoch=np.repeat(epoch[order] - reference_epoch, 2),
        direction=np.tile(np.eye(2), (n, 1)),
        parallax_factor=factors[order].reshape(-1),
        value=position[order].reshape(-1),
        error=error[order].reshape(-1),
        is_used=np.ones(2 * n, bool),
        group=np.repeat(visit, 2).astype(np.int64),
        reference_epoch=reference_epoch,
        position=np.full((len(unique), 2), np.nan) if place is None else place,
        published=np.zeros((len(unique), 3)) if published is None else published,
        correlated=_pairs(correlation, order),
        origin=origin,
    )


def _pairs(
    correlation: Float[np.ndarray, "m"] | None, order: Int[np.ndarray, "m"]
) -> tuple[CorrelatedRows, ...]:
    if correlation is None or not np.any(correlation):
        return ()
    matrices = np.tile(np.eye(2), (len(order), 1, 1))
    matrices[:, 0, 1] = matrices[:, 1, 0] = correlation[order]
    return (CorrelatedRows(np.arange(2 * len(order)).reshape(-1, 2), matrices),)


def offsets_from(
    ra: Float[np.ndarray, "m"],
    dec: Float[np.ndarray, "m"],
    place: Float[np.ndarray, "m 2"] | Float[np.ndarray, "2"],
) -> Float[np.ndarray, "m 2"]:
    """Return displacements on the tangent plane of a fixed point [mas].

    Parameters
    ----------
    ra, dec
        [deg]
    place
        Right ascension and declination of the point [deg].
    """
    # The difference of right ascensions is taken before anything is multiplied, so
    # that no digits are lost.
    ra0, dec0 = np.deg2rad(np.moveaxis(np.asarray(place, float), -1, 0))
    across = np.deg2rad((ra - np.rad2deg(ra0) + 180.0) % 360.0 - 180.0)
    up, dec = np.deg2rad(dec - np.rad2deg(dec0)), np.deg2rad(dec)
    versine = 2.0 * np.sin(across / 2.0) ** 2
    depth = np.cos(up) - np.cos(dec0) * np.cos(dec) * versine
    east = np.cos(dec) * np.sin(across) / depth
    north = (np.sin(up) + np.sin(dec0) * np.cos(dec) * versine) / depth
    return np.rad2deg(np.stack([east, north], axis=-1)) * 3_600_000.0


@in_double
def factors_at(
    epoch: Float[np.ndarray, "m"],
    place: Float[np.ndarray, "m 2"] | Float[np.ndarray, "2"],
    observer: AnyObserver = "geocentre",
) -> Float[np.ndarray, "m 2"]:
    """Return the parallax factors towards East and North.

    Parameters
    ----------
    epoch
        [Julian year, TCB]
    place
        Right ascension and declination of the source [deg].
    observer
        As `reseau.observers.states_of` takes it.
    """
    n = len(epoch)
    ra, dec = np.deg2rad(np.broadcast_to(place, (n, 2))).T
    towards = np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1
    )
    # One state a distinct time: plates have thousands of sources.
    times, at = np.unique(epoch, return_inverse=True)
    where = states_of(observer, times).position[at]
    # Rows are repeated up to a power of two, so that JAX compiles for few lengths.
    rows = np.arange(max(64, 1 << max(n - 1, 0).bit_length())) % max(n, 1)
    found = parallax_factors(towards[rows], where[rows])
    return np.stack([np.asarray(f) for f in found], axis=-1)[:n]


__all__ = ["factors_at", "offsets_from", "two_dimensional"]
