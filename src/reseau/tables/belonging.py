"""Columns that belong together: half of them is a mistake, not a choice.

A position with the error of one coordinate would silently count as one without errors,
a proper motion of one component as none at all.
"""

from collections.abc import Collection, Iterator
from itertools import combinations

from reseau.errors import CatalogueError, explain
from reseau.synonyms import called, synonym_of

from .layouts import ASTROMETRY

PAIRS = (
    ("x", "y"),
    ("x_error", "y_error"),
    ("ra", "dec"),
    ("ra_error", "dec_error"),
    ("pmra", "pmdec"),
    ("pmra_error", "pmdec_error"),
)
"""Columns of which both or none are given."""

OF = (
    *((f"{n}_error", (n,)) for n in (*ASTROMETRY, "radial_velocity", "x", "y", "pa")),
    ("xy_corr", ("x_error", "y_error")),
)
"""Columns that say nothing without others."""


def halves(present: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each column that lacks its other half, and that half.

    Parameters
    ----------
    present
        Names of a table's columns.
    """
    for first, second in PAIRS:
        if (first in present) != (second in present):
            yield (first, second) if first in present else (second, first)
    for name, needed in OF:
        if name in present:
            yield from ((name, other) for other in needed if other not in present)
    for first, second in combinations(ASTROMETRY, 2):
        # Of a parameter that was left away whole, the correlations are left over.
        if {f"{first}_{second}_corr", first, second} <= set(present):
            for name in (first, second):
                if f"{name}_error" not in present:
                    yield f"{first}_{second}_corr", f"{name}_error"


def check_halves(
    present: Collection[str], where: object, *, columns: Collection[str] | None = None
) -> None:
    """Refuse a table with one half of what belongs together.

    Parameters
    ----------
    present
        Names of a table's columns.
    where
        The table, for the message.
    columns
        Names that mean something in this table; None: all do.

    Raises
    ------
    CatalogueError
        A column is there without the one that it needs.
    """
    known = present if columns is None else [n for n in present if n in columns]
    for given, absent in halves(known):
        if columns is not None and absent not in columns:
            continue
        near = called(absent, present)
        hint = _is_it(near[0]) if near else "add"
        raise CatalogueError(
            explain(
                given=f"column {given} stands without {absent}",
                wanted=f"{given} and {absent} together, or neither",
                where=str(where),
                todo=f"{hint} {absent}, or leave {given} away",
            )
        )


def _is_it(near: str) -> str:
    found = synonym_of(near)
    if found is None or not found.note:
        return f"is it {near}? Else add"
    return f"is it {near} ({found.note})? Else add"


__all__ = ["check_halves", "halves"]
