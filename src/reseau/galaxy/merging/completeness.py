"""How complete surveys are, by magnitude and place, as their overlaps tell.

Of the sources of one survey that lie where another covers the sky, the share that the
other has too: by the magnitude in the one survey, and by cell. A match counts with its
probability, so that chance pairs do not make a survey complete. It is the completeness
for sources that the one survey detects, which for the faintest is more than that of
all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .assembly import Block
from .canonical import SATURATED
from .density import Density
from .surveys import BANDS, Survey

_SCHEMA = pa.schema(
    [
        pa.field(name, kind, metadata={"description": what, "unit": unit})
        for name, kind, unit, what in (
            ("survey", pa.string(), "", "survey whose completeness it is"),
            ("reference", pa.string(), "", "survey by whose sources it is estimated"),
            ("band", pa.string(), "", "band of the reference"),
            ("magnitude_low", pa.float64(), "mag", "edge of the bin"),
            ("magnitude_high", pa.float64(), "mag", "edge of the bin"),
            ("l", pa.float64(), "deg", "centre of the cell, from -180 to 180"),
            ("b", pa.float64(), "deg", "centre of the cell"),
            ("n_reference", pa.int64(), "", "sources of the reference"),
            ("n_found", pa.float64(), "", "of those, found: sum of probabilities"),
            ("completeness", pa.float64(), "", "share that was found"),
            ("completeness_error", pa.float64(), "", "1σ of it, binomial"),
        )
    ]
)

Key = tuple[int, int, int, int, int, int]


@dataclass(eq=False)
class Completeness:
    """Counts for the completeness of each survey by each other.

    Attributes
    ----------
    surveys, densities
        Surveys, and where each covers the sky.
    cell, width
        Side of the cells [deg], width of the bins [mag].
    """

    surveys: Sequence[Survey]
    densities: Sequence[Density]
    cell: float
    width: float
    _counts: dict[Key, list[float]] = field(default_factory=dict)

    def add(self, block: Block) -> None:
        """Count merged sources.

        Parameters
        ----------
        block
            Some of them.
        """
        if len(self.surveys) < 2:
            return
        ra, dec = (block.table[n].to_numpy() for n in ("ra", "dec"))
        longitude = (block.table["l"].to_numpy() + 180.0) % 360.0 - 180.0
        places = [
            np.floor(angle / self.cell).astype(np.int64)
            for angle in (longitude, block.table["b"].to_numpy())
        ]
        covered = [density.covers(ra, dec) for density in self.densities]
        for i, member in enumerate(block.members):
            for code, band in enumerate(BANDS):
                value = member.column(band)
                value[(member.marks() & SATURATED[band]) != 0] = np.nan
                which = np.flatnonzero(np.isfinite(value))
                if not len(which):
                    continue
                bins = np.floor(value[which] / self.width).astype(np.int64)
                for j in range(len(self.surveys)):
                    if i != j:
                        probability = _found(block, i, j, which)
                        inside = covered[j][which]
                        at = [p[which] for p in places]
                        self._count((j, i, code), bins, at, probability, inside)

    def _count(
        self,
        head: tuple[int, int, int],
        bins: NDArray[np.int64],
        places: list[NDArray[np.int64]],
        found: NDArray[np.float64],
        inside: NDArray[np.bool_],
    ) -> None:
        keys = [values[inside] for values in (bins, *places)]
        if not len(keys[0]):
            return
        # One number for each bin of a cell, so that counting is all that is needed.
        least = [int(values.min()) for values in keys]
        sizes = [int(v.max()) - low + 1 for v, low in zip(keys, least, strict=True)]
        shifted = tuple(v - low for v, low in zip(keys, least, strict=True))
        code = np.ravel_multi_index(shifted, sizes)
        number, total = np.bincount(code), np.bincount(code, found[inside])
        occupied = np.flatnonzero(number)
        places_of = np.stack(np.unravel_index(occupied, sizes), axis=-1) + least
        counts = zip(number[occupied], total[occupied], strict=True)
        for key, (n, f) in zip(places_of.tolist(), counts, strict=True):
            book = self._counts.setdefault((*head, *key), [0.0, 0.0])
            book[0] += float(n)
            book[1] += float(f)

    def table(self) -> pa.Table:
        """Return a row for each pair of surveys, band, bin and cell with sources."""
        rows = [self._row(key, *self._counts[key]) for key in sorted(self._counts)]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def _row(self, key: Key, n: float, found: float) -> dict[str, Any]:
        j, i, band, bin_, along, up = key
        share = found / n
        # As if one more had been found, and one more missed: never without an error.
        guess = (found + 1) / (n + 2)
        return {
            "survey": self.surveys[j].key,
            "reference": self.surveys[i].key,
            "band": BANDS[band],
            "magnitude_low": bin_ * self.width,
            "magnitude_high": (bin_ + 1) * self.width,
            "l": (along + 0.5) * self.cell,
            "b": (up + 0.5) * self.cell,
            "n_reference": int(n),
            "n_found": found,
            "completeness": share,
            "completeness_error": float(np.sqrt(guess * (1 - guess) / (n + 2))),
        }

    def summary(self) -> list[dict[str, Any]]:
        """Return for each survey, by another's sources, how complete it is.

        Returns
        -------
        `survey`, `reference`, `band`, the share `found` of all, and the magnitudes at
        which it falls below 0.9 and 0.5 for good, None where it does not.
        """
        by_pair: dict[tuple[int, int, int], dict[int, list[float]]] = {}
        for (j, i, band, bin_, *_), (n, found) in self._counts.items():
            bins = by_pair.setdefault((j, i, band), {})
            book = bins.setdefault(bin_, [0.0, 0.0])
            book[0] += n
            book[1] += found
        rows = []
        for j, i, band in sorted(by_pair):
            if BANDS[band] != _telling(
                band, {b for a, c, b in by_pair if (a, c) == (j, i)}
            ):
                continue
            bins = by_pair[j, i, band]
            n, found = (sum(book[k] for book in bins.values()) for k in (0, 1))
            rows.append(
                {
                    "survey": self.surveys[j].key,
                    "reference": self.surveys[i].key,
                    "band": BANDS[band],
                    "found": found / n,
                    "n_reference": int(n),
                    "limit_90": self._limit(bins, 0.9),
                    "limit_50": self._limit(bins, 0.5),
                }
            )
        return rows

    def _limit(self, bins: Mapping[int, list[float]], share: float) -> float | None:
        """Return the bright edge of the first bin that is below, and all after it."""
        limit = None
        for bin_ in sorted(bins, reverse=True):
            n, found = bins[bin_]
            if n < 20:
                continue
            if found / n >= share:
                break
            limit = bin_ * self.width
        return limit


def _telling(band: int, present: set[int]) -> str:
    """Return the one band that the summary speaks of: Ks where there is one."""
    for name in ("Ks", "H", "J", "G"):
        if BANDS.index(name) in present:
            return name
    return BANDS[band]


def _found(
    block: Block, i: int, j: int, which: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probability that sources of one survey have a row in the other."""
    # Of two matches that lead from one to the other, both must be right.
    later = block.probabilities[max(i, j)][which]
    earlier = block.probabilities[min(i, j)][which]
    return np.nan_to_num(earlier * later)


__all__ = ["Completeness"]
