"""Two tables to be matched, strip by strip: rows there, and candidate pairs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .candidates import ARCSEC, Pairs, candidate_pairs, common_epoch
from .objects import COMPARED, Columns, Objects, compared, taken
from .options import MatchOptions
from .staging import Reader, Staged
from .strips import Strips, row_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def reach_of(options: MatchOptions, surveys: int) -> float:
    """Return how far from its strip a source may lie and be matched [deg]."""
    return (2.0 * options.largest_radius_arcsec * surveys + 10.0) / ARCSEC


@dataclass(frozen=True, eq=False)
class Matcher:
    """Two tables that are matched.

    Attributes
    ----------
    connection
        The database.
    objects, staged
        The sources, and the survey.
    strips
        The strips.
    reach
        How far from its strip a source may lie [deg].
    options
        Radii and the like.
    """

    connection: "DuckDBPyConnection"
    objects: Objects
    staged: Staged
    strips: Strips
    reach: float
    options: MatchOptions

    def pairs_of(
        self, strip: int, reader: Reader
    ) -> tuple[Columns, Columns, NDArray[np.int64], Pairs]:
        """Return a strip's sources, the rows around them, their numbers, and pairs."""
        one = self.objects.read(strip)
        if not len(one["ra"]):
            return one, one, np.zeros(0, np.int64), _no_pairs()
        low, high = one["dec"].min() - self.reach, one["dec"].max() + self.reach
        found, numbers = [], []
        for near in range(strip - 1, strip + 2):
            rows = compared(reader.read(near))
            inside = np.flatnonzero((rows["dec"] >= low) & (rows["dec"] <= high))
            found.append(taken(rows, inside))
            numbers.append(row_of(near, inside))
        other = {name: np.concatenate([f[name] for f in found]) for name in COMPARED}
        epoch = common_epoch(one, other)
        pairs = candidate_pairs(self.connection, one, other, epoch, self.options)
        return one, other, np.concatenate(numbers), pairs


def _no_pairs() -> Pairs:
    return Pairs(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 4)


__all__ = ["Matcher", "reach_of"]
