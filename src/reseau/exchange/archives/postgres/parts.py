"""The parts in which a table is copied, each by a condition of its own.

Where an index on the sphere finds a window's sources, parts are tiles of the window.
Else they are ranges of an integer key, or of the pages of a table without one; a view
without a key is copied as a whole. Each way goes through the table about once.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reseau._windows import Window
from reseau.exchange.archives.tiles import LARGEST, Tile, galactic, tiles_of

from .connection import Database
from .relation import Relation, quoted
from .windows import condition, way_of

_PAGE_ROWS = 40
"""Rows that a page is taken to have, of a table without a key."""


@dataclass(frozen=True)
class Part:
    """A part of a table.

    Attributes
    ----------
    where
        The condition of its rows; empty: all of them.
    tile
        Of the window, to which its rows are cut; None: they are cut to the window.
    """

    where: str = ""
    tile: Tile | None = None


@dataclass(frozen=True)
class Parts:
    """All parts of what is wanted of a table.

    Attributes
    ----------
    state
        Numbers that are others when the table was changed.
    parts
        In the order in which they are copied.
    """

    state: tuple[int, ...]
    parts: tuple[Part, ...]


def parts_of(
    database: Database, relation: Relation, window: Window | None, rows: int
) -> Parts:
    """Return parts of about so many rows each.

    Parameters
    ----------
    database, relation
        The table.
    window
        What is wanted of it; absent: all.
    rows
        Of a part.
    """
    if window is not None and way_of(relation) != "bounds":
        return _tiles(database, relation, window, rows)
    where = "" if window is None else condition(relation, window)
    if relation.key:
        return _ranges(database, relation, where, rows)
    state = _state(database, relation, where)
    if relation.is_table:
        return Parts(state, _pages(database, relation, where, rows))
    return Parts(state, (Part(where),))


def _tiles(database: Database, relation: Relation, window: Window, rows: int) -> Parts:
    large = tiles_of(window, LARGEST)
    states = [_state(database, relation, condition(relation, t.box)) for t in large]
    total = sum(state[0] for state in states)
    side = math.sqrt(window.area * rows / max(total, 1))
    parts = tuple(Part(condition(relation, t.box), t) for t in tiles_of(window, side))
    return Parts((total, max(state[-1] for state in states)), parts)


def _state(database: Database, relation: Relation, where: str) -> tuple[int, ...]:
    """Return how many rows there are and, of a table, what wrote the last of them."""
    newest = ", coalesce(max(xmin::text::bigint), 0)" if relation.is_table else ""
    query = f"SELECT count(*){newest} FROM {relation.name}{_clause(where)}"
    return tuple(int(n) for n in database.rows(query)[0])


def _clause(*conditions: str) -> str:
    given = [f"({c})" for c in conditions if c]
    return f" WHERE {' AND '.join(given)}" if given else ""


def _ranges(database: Database, relation: Relation, where: str, rows: int) -> Parts:
    key = quoted(relation.key)
    numbered = (
        f"SELECT {key} AS k, row_number() OVER (ORDER BY {key}) AS n, "
        f"count(*) OVER () AS total FROM {relation.name}{_clause(where)}"
    )
    found = database.rows(
        f"SELECT k FROM ({numbered}) AS numbered "
        f"WHERE n % {rows} = 0 OR n = total ORDER BY k"
    )
    ends = [int(k) for (k,) in found]
    starts: Sequence[int | None] = [None, *ends[:-1]]
    parts = tuple(
        Part(
            _and(where, f"{key} <= {end}", f"{key} > {low}" if low is not None else "")
        )
        for low, end in zip(starts, ends, strict=True)
    )
    state = _state(database, relation, where)
    return Parts(state, parts or (Part(where),))


def _pages(
    database: Database, relation: Relation, where: str, rows: int
) -> tuple[Part, ...]:
    query = (
        f"SELECT pg_relation_size({relation.oid}::oid::regclass) "
        "/ current_setting('block_size')::bigint"
    )
    pages = max(int(database.rows(query)[0][0]), 1)
    edges = [*range(0, pages, max(1, rows // _PAGE_ROWS)), pages]
    return tuple(
        # Rows that were written meanwhile are behind the last page.
        Part(_and(where, f"ctid >= '({a},0)'::tid", f"ctid < '({b},0)'::tid"))
        for a, b in itertools.pairwise(edges)
    )


def _and(*conditions: str) -> str:
    return " AND ".join(f"({c})" for c in conditions if c)


def cut(
    table: pa.Table, relation: Relation, window: Window, tile: Tile | None
) -> pa.Table:
    """Return the rows in a window, or in a tile of it.

    Parameters
    ----------
    table
        What the condition let pass.
    relation
        What it is of.
    window, tile
        What is wanted.
    """
    ra, dec = (
        table[name].cast(pa.float64()).to_numpy() for name in relation.position()
    )
    known = np.isfinite(ra) & np.isfinite(dec)
    l, b = galactic(np.where(known, ra, 0.0), np.where(known, dec, 0.0))  # noqa: E741
    inside = (
        window.contains(l, b) if tile is None else tile.contains(window.longitude(l), b)
    )
    return table.filter(pa.array(known & inside))


__all__ = ["Part", "Parts", "cut", "parts_of"]
