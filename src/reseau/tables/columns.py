"""What a column is: name, unit, type, UCD, description, check; and a table of them.

Every column of every table stands once, in `layouts` and `solution_layouts`. Files,
validators, messages and documentation read these. Names and units are Gaia DR3's where
Gaia has the quantity. In optional columns, and in those that are marked nullable,
NaN and null are the same: missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reseau.constants import SPEED_OF_LIGHT

Check = Literal[
    "any", "finite", "positive", "correlation", "inside", "declination", "velocity"
]
"""What a present value must be: `correlation` is [-1, 1], `inside` is (-1, 1)."""

_CHECKS: dict[Check, tuple[Callable[[NDArray], NDArray], str]] = {
    "any": (lambda v: np.ones(v.shape, bool), "anything"),
    "finite": (np.isfinite, "finite numbers"),
    "positive": (lambda v: np.isfinite(v) & (v > 0), "finite numbers greater than 0"),
    "correlation": (lambda v: np.abs(v) <= 1, "numbers from -1 to 1"),
    "inside": (lambda v: np.abs(v) < 1, "numbers greater than -1 and less than 1"),
    "declination": (lambda v: np.abs(v) <= 90, "finite numbers from -90 to 90"),
    "velocity": (
        lambda v: np.abs(v) < SPEED_OF_LIGHT,
        "finite numbers slower than light, in km/s",
    ),
}

Range = tuple[float, float]
"""Least and greatest value: beyond them a number is a mistake, or its square
overflows."""

Dtype = Literal["int64", "int32", "float64", "bool", "string"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        Name in files.
    dtype
        Type in memory; integers are never read from floating-point numbers.
    unit
        Unit in astropy's spelling; empty: a pure number.
    description
        One line for people.
    ucd
        Unified content descriptor of the IVOA.
    required
        Whether a table without the column is refused.
    check
        What a value that is present must be.
    within
        Range, with its ends, of a value that is present; None: any.
    nullable
        Whether single values may be missing; always so in optional columns.
    partner
        Column that must be there too when this one is; empty: none.
    """

    name: str
    dtype: Dtype
    unit: str
    description: str
    ucd: str = ""
    required: bool = True
    check: Check = "any"
    within: Range | None = None
    nullable: bool = False
    partner: str = ""

    @property
    def may_be_missing(self) -> bool:
        """Whether single values may be NaN or null."""
        return self.nullable or not self.required

    def accepts(self, values: NDArray) -> NDArray:
        """Return which floating-point values pass the check and lie in the range.

        Parameters
        ----------
        values
            In the column's unit; a missing value is accepted by "any" alone.
        """
        with np.errstate(invalid="ignore"):
            good = _CHECKS[self.check][0](values)
            if self.within is not None:
                good = good & (self.within[0] <= values) & (values <= self.within[1])
        return np.asarray(good)

    def wanted(self, unit: str | None = None) -> str:
        """Return in words what `accepts` accepts.

        Parameters
        ----------
        unit
            If it is not the schema's.
        """
        words = _CHECKS[self.check][1]
        if self.within is None:
            return words
        low, high = self.within
        unit = self.unit if unit is None else unit
        return f"{words}, from {low:g} to {high:g} {unit}".rstrip()


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, and which of them identify a row.

    Attributes
    ----------
    name
        Name of the table in messages.
    columns
        In the order in which they are written.
    unique
        Columns that together may not repeat; empty: rows may repeat.
    may_be_empty
        Whether a table without rows is accepted.
    """

    name: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which a table is refused."""
        return tuple(c.name for c in self.columns if c.required)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self.names


def nullable(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Mark columns whose single values may be missing."""
    return tuple(replace(c, nullable=True) for c in columns)


def optional(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the same columns, without which a table is not refused."""
    return tuple(replace(c, required=False) for c in columns)


__all__ = [
    "Check",
    "Column",
    "Dtype",
    "Range",
    "TableSchema",
    "nullable",
    "optional",
]
