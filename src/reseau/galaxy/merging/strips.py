"""Strips of declination, each with about as many rows: what is in memory together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ZONE = 0.01
"""Height of the zones of which strips are made [deg]."""
THINNEST = 0.03
"""Least height of a strip [deg]: many times the largest radius of a match."""


@dataclass(frozen=True)
class Strips:
    """Strips of declination, from south to north, without gaps.

    Attributes
    ----------
    edges
        Zone with which each strip begins, and the one after the last: (n + 1,).
    """

    edges: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.edges) - 1

    def bounds(self, strip: int) -> tuple[float, float]:
        """Return the declinations between which a strip lies [deg]."""
        low, high = self.edges[strip], self.edges[strip + 1]
        return float(low * ZONE - 90.0), float(high * ZONE - 90.0)

    def sql(self, dec: str) -> str:
        """Return the expression of the strip of a declination."""
        zone = zone_sql(dec)
        inner = [int(e) for e in self.edges[1:-1]]
        if not inner:
            return "0"
        # A search by halves: a strip is found after a few comparisons.
        return _search(zone, inner, 0, len(inner))


def _search(zone: str, edges: Sequence[int], low: int, high: int) -> str:
    if low == high:
        return str(low)
    middle = (low + high) // 2
    below = _search(zone, edges, low, middle)
    above = _search(zone, edges, middle + 1, high)
    return f"CASE WHEN {zone} < {edges[middle]} THEN {below} ELSE {above} END"


def zone_sql(dec: str) -> str:
    """Return the expression of the zone of a declination."""
    return f"CAST(floor(({dec} + 90.0) / {ZONE!r}) AS BIGINT)"


def strips_of(
    counts: NDArray[np.int64], rows: int, thinnest: float = THINNEST
) -> Strips:
    """Divide zones into strips.

    Parameters
    ----------
    counts
        Rows of all surveys in each zone.
    rows
        About how many a strip is to have.
    thinnest
        Least height of a strip [deg].
    """
    edges, held = [0], 0
    least = int(np.ceil(max(thinnest, THINNEST) / ZONE))
    for zone, count in enumerate(counts):
        held += int(count)
        if held >= rows and zone + 1 - edges[-1] >= least:
            edges.append(zone + 1)
            held = 0
    last = len(counts)
    if len(edges) > 1 and (held < rows // 2 or last - edges[-1] < least):
        edges.pop()
    return Strips(np.array([*edges, last], dtype=np.int64))


def row_of(strip: int, place: NDArray) -> NDArray[np.int64]:
    """Return the numbers of rows that stand at places of a strip."""
    return (np.int64(strip) << np.int64(32)) + place.astype(np.int64)


def parted(row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the strips and places of rows."""
    return row >> np.int64(32), row & np.int64(0xFFFFFFFF)


__all__ = ["ZONE", "Strips", "parted", "row_of", "strips_of", "zone_sql"]
