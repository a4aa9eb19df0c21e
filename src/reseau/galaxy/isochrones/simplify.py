"""Fewer points for an isochrone, with a bound on what that does to magnitudes.

The algorithm of Douglas & Peucker (1973, Cartographica 10, 112), with the distance
taken at fixed initial mass: a point may go when the straight line between its
neighbours, as magnitude against mass, passes within the tolerance in every band. A
distance in magnitudes alone would let whole giant branches go, which are straight
there, and with them the bump in the number of stars along them.
"""

import itertools

import numpy as np

ASYMPTOTIC_PULSES = 8


def kept_points(
    mass: np.ndarray,
    magnitudes: np.ndarray,
    phase: np.ndarray,
    tolerance: float,
    pulses: float | None = None,
) -> np.ndarray:
    """Return which points of a sequence to keep.

    Parameters
    ----------
    mass
        Rising, shape (p,).
    magnitudes
        Shape (p, bands). What is NaN does not count.
    phase
        Shape (p,). Both ends of each phase are kept.
    tolerance
        Largest difference of any magnitude at any mass [mag].
    pulses
        The same for thermal pulses on the asymptotic giant branch, where as many points
        are as on all of the rest; `tolerance` unless given.

    Returns
    -------
    Rising indices, both ends among them.
    """
    allowed = np.full(len(mass), tolerance)
    if pulses is not None:
        allowed[phase == ASYMPTOTIC_PULSES] = pulses
    kept = np.zeros(len(mass), dtype=bool)
    kept[[0, -1]] = True
    turns = np.flatnonzero(np.diff(phase))
    kept[turns] = kept[turns + 1] = True
    corners = np.flatnonzero(kept)
    spans = list(itertools.pairwise(corners.tolist()))
    while spans:
        first, last = spans.pop()
        worst = _worst(mass, magnitudes, allowed, first, last)
        if worst is not None:
            kept[worst] = True
            spans += [(first, worst), (worst, last)]
    return np.flatnonzero(kept)


def _worst(
    mass: np.ndarray, magnitudes: np.ndarray, allowed: np.ndarray, first: int, last: int
) -> int | None:
    if last - first < 2:
        return None
    inside = slice(first + 1, last)
    width = mass[last] - mass[first]
    steps = (mass[inside] - mass[first]) / width if width > 0.0 else 0.5
    fraction = np.broadcast_to(steps, (last - first - 1,))[:, None]
    line = (1.0 - fraction) * magnitudes[first] + fraction * magnitudes[last]
    away = np.abs(magnitudes[inside] - line)
    off = np.where(np.isnan(away), 0.0, away).max(axis=1) / allowed[inside]
    worst = int(np.argmax(off))
    return first + 1 + worst if off[worst] > 1.0 else None


__all__ = ["kept_points"]
