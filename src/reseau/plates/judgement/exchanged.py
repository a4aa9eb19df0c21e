"""Strays that lie at each other's places: two stars that were taken for one another."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from reseau.plates.preparation import Prepared
from reseau.solvers.start.trusted import Strays

NEAR = 0.1
"""How near to another's place, in its distance from its own."""

APART = 1e9
"""Distance that keeps exposures and detectors apart in a search [pixel]."""


class Exchange(NamedTuple):
    """Two sources that look exchanged.

    Attributes
    ----------
    first, second
        Rows of the sources.
    exposures
        Rows of the exposures on which each lies where the other belongs.
    """

    first: int
    second: int
    exposures: tuple[int, ...]


def exchanged(prepared: Prepared, found: Strays) -> list[Exchange]:
    """Return the pairs of sources that look exchanged, those on most exposures first.

    Parameters
    ----------
    prepared
        The problem.
    found
        Measurements that do not belong where their exposure's references put them.
    """
    measurements = prepared.problem.measurements
    usable = found.certain & np.all(np.isfinite(found.away), axis=1)
    rows, away = found.rows[usable], found.away[usable]
    if rows.size < 2:
        return []
    seen = np.asarray(measurements.pixel)[rows]
    n_detectors = len(prepared.problem.instrument.detectors.ids)
    group = measurements.exposure[rows] * n_detectors + measurements.detector[rows]
    level = APART * group[:, None].astype(float)
    belongs = cKDTree(np.concatenate([seen - away, level], axis=1))
    distance, nearest = belongs.query(np.concatenate([seen, level], axis=1))
    mutual = nearest[nearest] == np.arange(rows.size)
    near = distance <= NEAR * np.hypot(*away.T)
    source = measurements.source[rows]
    other = source[nearest]
    # Each pair once: of both its measurements the one of the first source.
    both = mutual & near & near[nearest] & (source < other)
    pairs: dict[tuple[int, int], list[int]] = {}
    for i in np.flatnonzero(both):
        key = (int(source[i]), int(other[i]))
        pairs.setdefault(key, []).append(int(measurements.exposure[rows[i]]))
    found_pairs = [Exchange(a, b, tuple(e)) for (a, b), e in pairs.items()]
    return sorted(found_pairs, key=lambda pair: -len(pair.exposures))


__all__ = ["Exchange", "exchanged"]
