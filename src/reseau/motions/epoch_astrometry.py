"""What was measured of sources epoch by epoch: abscissae along known directions.

One row is one number: where a source was seen along a direction at position angle ψ,
counted from North through East. Its model is ``w = x sin ψ + y cos ψ + ϖ f`` with x and
y the displacements towards East and North and f the parallax factor along ψ. A
two-dimensional epoch is two rows, ψ = 90° and ψ = 0, with their correlation. All
sources of a file are in one record, rows of a source side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.errors import ShapeError, explain


@dataclass(frozen=True, eq=False)
class CorrelatedRows:
    """Small sets of rows whose errors are correlated, all of one size.

    Attributes
    ----------
    rows
        Rows of each set.
    correlation
        Their correlation matrices, ones on the diagonal.
    """

    rows: Int[np.ndarray, "m k"]
    correlation: Float[np.ndarray, "m k k"]


@dataclass(frozen=True, eq=False)
class EpochAstrometry:
    """Abscissae of sources, with what their model needs.

    Attributes
    ----------
    source_id
        Of each source.
    first
        The row with which each begins; its rows end where the next begins.
    epoch
        Time since the reference epoch [Julian year].
    direction
        (sin ψ, cos ψ) of each row: its part towards East and towards North.
    parallax_factor
        Along the direction; zero everywhere: no parallax can be fitted.
    value, error
        Abscissa and 1σ of it [mas].
    is_used
        Whether the row takes part; the others are kept to be shown.
    group
        Rows of one number are of one transit, visit or plate.
    correlated
        Rows that are not independent.
    colour_factor
        Shift for each nm⁻¹ of pseudo-colour [mas nm]; None: not known.
    reference_epoch
        [Julian year]
    position
        Right ascension and declination of the point from which values count [deg]; NaN:
        not told.
    published
        Parallax [mas] and motion in right ascension and declination [mas/yr] of the
        solution from which the values are residuals; they are added to what is fitted.
    stated_floor
        Additional error of each row that the file states for a source [mas].
    origin
        What the data are, in a few words.
    basis
        Of accelerations in the solution from which the values are residuals: "gaia" or
        "hipparcos".
    """

    source_id: Int[np.ndarray, "s"]
    first: Int[np.ndarray, "s"]
    epoch: Float[np.ndarray, "n"]
    direction: Float[np.ndarray, "n 2"]
    parallax_factor: Float[np.ndarray, "n"]
    value: Float[np.ndarray, "n"]
    error: Float[np.ndarray, "n"]
    is_used: Bool[np.ndarray, "n"]
    group: Int[np.ndarray, "n"]
    reference_epoch: float
    position: Float[np.ndarray, "s 2"]
    published: Float[np.ndarray, "s 3"]
    correlated: tuple[CorrelatedRows, ...] = ()
    colour_factor: Float[np.ndarray, "n"] | None = None
    stated_floor: Float[np.ndarray, "..."] = field(default_factory=lambda: np.zeros(1))
    origin: str = "epoch astrometry"
    basis: str = "gaia"

    def __post_init__(self) -> None:
        """Refuse a source without rows: sums over it would be those of the next."""
        counts = np.diff(self.first, append=len(self.epoch))
        if len(self.first) == 0 or self.first[0] != 0 or (counts < 1).any():
            raise ShapeError(
                explain(
                    given=f"{int((counts < 1).sum())} sources without a row",
                    wanted="rows of each source side by side, one at least",
                    where=self.origin,
                    todo="leave out sources that were not measured",
                )
            )

    @property
    def source(self) -> Int[np.ndarray, "n"]:
        """Return which source each row is of."""
        counts = np.diff(self.first, append=len(self.epoch))
        return np.repeat(np.arange(len(self.first)), counts)

    def total(self, rows: Float[np.ndarray, "n *r"]) -> Float[np.ndarray, "s *r"]:
        """Return the sum over the rows of each source."""
        return np.add.reduceat(rows, self.first, axis=0)

    @property
    def n_used(self) -> Int[np.ndarray, "s"]:
        """Return how many rows of each source take part."""
        return np.add.reduceat(self.is_used.astype(np.int64), self.first)

    @property
    def span(self) -> Float[np.ndarray, "s"]:
        """Return the time from first to last row that is used [Julian year]."""
        late = np.where(self.is_used, self.epoch, -np.inf)
        early = np.where(self.is_used, self.epoch, np.inf)
        span = np.maximum.reduceat(late, self.first) - np.minimum.reduceat(
            early, self.first
        )
        return np.where(np.isfinite(span), span, 0.0)

    @property
    def sees_parallax(self) -> Bool[np.ndarray, "s"]:
        """Return which sources have parallax factors that are not all zero."""
        return np.maximum.reduceat(np.abs(self.parallax_factor), self.first) > 0.0

    def one(self, source: int) -> "EpochAstrometry":
        """Return the record of one source, by its place in the record."""
        begin = int(self.first[source])
        last = source + 1 == len(self.first)
        end = len(self.epoch) if last else int(self.first[source + 1])
        rows = slice(begin, end)
        return replace(
            self,
            source_id=self.source_id[source : source + 1],
            first=np.zeros(1, np.int64),
            epoch=self.epoch[rows],
            direction=self.direction[rows],
            parallax_factor=self.parallax_factor[rows],
            value=self.value[rows],
            error=self.error[rows],
            is_used=self.is_used[rows],
            group=self.group[rows],
            position=self.position[source : source + 1],
            published=self.published[source : source + 1],
            stated_floor=np.broadcast_to(self.stated_floor, self.source_id.shape)[
                source : source + 1
            ],
            correlated=_within(self.correlated, begin, end),
            colour_factor=None
            if self.colour_factor is None
            else self.colour_factor[rows],
        )


def _within(
    correlated: Sequence[CorrelatedRows], begin: int, end: int
) -> tuple[CorrelatedRows, ...]:
    found = []
    for each in correlated:
        inside = (each.rows[:, 0] >= begin) & (each.rows[:, 0] < end)
        if inside.any():
            kept = CorrelatedRows(each.rows[inside] - begin, each.correlation[inside])
            found.append(kept)
    return tuple(found)


__all__ = ["CorrelatedRows", "EpochAstrometry"]
