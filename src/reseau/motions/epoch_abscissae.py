"""One-dimensional epochs as a record: rows of files, sorted by their source."""

import numpy as np
from jaxtyping import Bool, Float, Int

from .epoch_astrometry import CorrelatedRows, EpochAstrometry


def one_dimensional(
    epoch: Float[np.ndarray, "n"],
    direction: Float[np.ndarray, "n 2"],
    parallax_factor: Float[np.ndarray, "n"],
    value: Float[np.ndarray, "n"],
    error: Float[np.ndarray, "n"],
    *,
    reference_epoch: float,
    is_used: Bool[np.ndarray, "n"] | None = None,
    source_id: Int[np.ndarray, "n"] | None = None,
    group: Int[np.ndarray, "n"] | None = None,
    correlation: Float[np.ndarray, "n"] | None = None,
    colour_factor: Float[np.ndarray, "n"] | None = None,
    stated_floor: Float[np.ndarray, "n"] | None = None,
    position: Float[np.ndarray, "s 2"] | None = None,
    published: Float[np.ndarray, "s 3"] | None = None,
    origin: str = "abscissae",
    basis: str = "gaia",
) -> EpochAstrometry:
    """Return abscissae along known directions as a record.

    Parameters
    ----------
    epoch, direction, parallax_factor, value, error, is_used, colour_factor
        As `EpochAstrometry` has them, in any order.
    reference_epoch
        From which `epoch` counts [Julian year].
    source_id
        Of each row; None: all are of source 0.
    group
        Of each row; None: each its own.
    correlation
        Of two rows that follow one another in a group of two; zero: none.
    stated_floor
        Of each row's source [mas].
    position, published, origin, basis
        As `EpochAstrometry` has them.
    """
    n = len(epoch)
    ids = np.zeros(n, np.int64) if source_id is None else source_id
    order = np.argsort(ids, kind="stable")
    unique, first = np.unique(ids[order], return_index=True)
    group = np.arange(n) if group is None else group
    used = np.ones(n, bool) if is_used is None else is_used
    floors = np.zeros(n) if stated_floor is None else stated_floor
    s = len(unique)
    return EpochAstrometry(
        source_id=unique.astype(np.int64),
        first=first.astype(np.int64),
        epoch=epoch[order],
        direction=direction[order],
        parallax_factor=parallax_factor[order],
        value=value[order],
        error=error[order],
        is_used=used[order],
        group=group[order].astype(np.int64),
        reference_epoch=reference_epoch,
        position=np.full((s, 2), np.nan) if position is None else position,
        published=np.zeros((s, 3)) if published is None else published,
        correlated=_pairs(correlation, group, order),
        colour_factor=None if colour_factor is None else colour_factor[order],
        stated_floor=floors[order][first],
        origin=origin,
        basis=basis,
    )


def _pairs(
    correlation: Float[np.ndarray, "n"] | None,
    group: Int[np.ndarray, "n"],
    order: Int[np.ndarray, "n"],
) -> tuple[CorrelatedRows, ...]:
    if correlation is None or len(order) < 2:
        return ()
    group, correlation = group[order], correlation[order]
    early = np.flatnonzero((group[:-1] == group[1:]) & (correlation[:-1] != 0.0))
    early = early[np.append(True, np.diff(early) > 1)[: len(early)]]
    if not len(early):
        return ()
    matrices = np.tile(np.eye(2), (len(early), 1, 1))
    matrices[:, 0, 1] = matrices[:, 1, 0] = correlation[early]
    return (CorrelatedRows(np.stack([early, early + 1], axis=1), matrices),)


__all__ = ["one_dimensional"]
