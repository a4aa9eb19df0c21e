"""The best that surveys say of a source: position, motion, and a magnitude a band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .canonical import SATURATED
from .staging import numbers
from .surveys import Survey

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Member:
    """What one survey says of some merged sources.

    Attributes
    ----------
    survey
        Which.
    rows
        Its rows of them, in order.
    has
        Places of the sources that have a row: (m,).
    count
        Of sources.
    """

    survey: Survey
    rows: pa.Table
    has: Ints
    count: int

    def column(self, name: str) -> Floats:
        """Return a column for all sources; NaN where there is no row or no value."""
        found = np.full(self.count, np.nan)
        found[self.has] = numbers(self.rows, name)
        return found

    def marks(self) -> Ints:
        """Return the marks of the rows, 0 where there is none."""
        found = np.zeros(self.count, np.int64)
        found[self.has] = self.rows["marks"].to_numpy()
        return found


@dataclass(frozen=True, eq=False)
class Chosen:
    """Values of one survey for each source, and of which.

    Attributes
    ----------
    values
        By column.
    source
        Place of the survey among the members, -1: of none.
    """

    values: dict[str, Floats]
    source: Ints

    def letters(self, members: Sequence[Member]) -> NDArray:
        """Return the surveys' letters, empty where there is none."""
        letters = np.array([*(m.survey.mark for m in members), ""], dtype=np.str_)
        return letters[self.source]


def best(
    members: Sequence[Member], columns: Sequence[str], sizes: Sequence[Floats]
) -> Chosen:
    """Return columns of the survey for which a size is least.

    Parameters
    ----------
    members
        In the order of merging: of equal sizes the first counts.
    columns
        Names, all of which are taken of the same survey.
    sizes
        Of each member; infinite where it has nothing to say.
    """
    count = members[0].count
    least, source = np.full(count, np.inf), np.full(count, -1)
    for place, size in enumerate(sizes):
        better = size < least
        least, source = np.where(better, size, least), np.where(better, place, source)
    values = {name: np.full(count, np.nan) for name in columns}
    for place, member in enumerate(members):
        which = np.flatnonzero(source == place)
        for name in columns if len(which) else ():
            values[name][which] = member.column(name)[which]
    return Chosen(values, source)


def position(members: Sequence[Member]) -> Chosen:
    """Return positions, those with the smallest error."""
    sizes = [
        np.nan_to_num(np.hypot(m.column("ra_error"), m.column("dec_error")), nan=np.inf)
        for m in members
    ]
    return best(members, ("ra", "dec", "ra_error", "dec_error", "epoch"), sizes)


MOTION = ("pmra", "pmdec", "pmra_error", "pmdec_error", "pmra_pmdec_corr")


def motion(members: Sequence[Member]) -> Chosen:
    """Return proper motions, those with the smallest error."""
    return best(members, MOTION, [_size_of_motion(m) for m in members])


def _size_of_motion(member: Member) -> Floats:
    size = np.hypot(member.column("pmra_error"), member.column("pmdec_error"))
    known = np.isfinite(member.column("pmra"))
    return np.where(known, np.nan_to_num(size, nan=1e3), np.inf)


def magnitude(members: Sequence[Member], band: str) -> Chosen:
    """Return magnitudes of a band: unsaturated ones first, then the least error.

    One without an error comes after all that have one; of equal errors, that of the
    survey that is merged first.

    Parameters
    ----------
    members
        The surveys.
    band
        As in `BANDS`.
    """
    sizes = []
    for member in members:
        value, error = member.column(band), member.column(f"{band}_error")
        size = np.nan_to_num(error, nan=1e3)
        saturated = (member.marks() & SATURATED[band]) != 0
        size = np.where(saturated, 1e6 + size, size)
        sizes.append(np.where(np.isfinite(value), size, np.inf))
    return best(members, (band, f"{band}_error"), sizes)


def differs(members: Sequence[Member], band: str) -> NDArray[np.bool_]:
    """Return where surveys' magnitudes of a band disagree.

    That is by more than 0.3 mag and five times the error of the difference; saturated
    ones do not count.

    Parameters
    ----------
    members
        The surveys.
    band
        As in `BANDS`.
    """
    found = np.zeros(members[0].count, bool)
    seen: list[tuple[Floats, Floats]] = []
    for member in members:
        good = (member.marks() & SATURATED[band]) == 0
        value = np.where(good, member.column(band), np.nan)
        error = np.nan_to_num(member.column(f"{band}_error"), nan=0.1)
        for other, other_error in seen:
            limit = np.maximum(0.3, 5 * np.hypot(error, other_error))
            found |= np.abs(value - other) > limit
        seen.append((value, error))
    return found


__all__ = ["MOTION", "Chosen", "Member", "differs", "magnitude", "motion", "position"]
