"""Rows by identifier: the one way from the ids of tables to the rows of arrays."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from reseau.errors import CatalogueError, explain, some

Rows = Int[np.ndarray, "n"]

ABSENT = -1
"""The row of an identifier that is not there."""


class Common(NamedTuple):
    """Identifiers that two tables share.

    Attributes
    ----------
    ids
        Ascending.
    first, second
        Their rows in either table.
    """

    ids: Shaped[np.ndarray, "k"]
    first: Int[np.ndarray, "k"]
    second: Int[np.ndarray, "k"]


class Index:
    """Where identifiers are in a table.

    Parameters
    ----------
    ids
        Identifiers, row by row; where one stands twice, its first row counts.
    what
        What they identify, for messages: "source", "exposure".
    where
        The table, for messages.

    Examples
    --------
    >>> index = Index([30, 10, 20], "source")
    >>> index.rows_of([10, 30, 99])
    array([ 1,  0, -1])
    """

    def __init__(self, ids: object, what: str = "row", where: str = "") -> None:
        self.ids = np.asarray(ids, dtype=np.int64)
        self.what, self.where = what, where
        self._order = np.argsort(self.ids, kind="stable")
        self._sorted = self.ids[self._order]

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, wanted: object) -> Rows:
        """Return the row of each identifier, `ABSENT` where there is none.

        Parameters
        ----------
        wanted
            Identifiers, in any order, also repeated.
        """
        found = np.asarray(wanted, dtype=np.int64)
        if not len(self._sorted):
            return np.full(found.shape, ABSENT)
        place = np.searchsorted(self._sorted, found).clip(max=len(self._sorted) - 1)
        rows = self._order[place]
        return np.where(self._sorted[place] == found, rows, ABSENT)

    def has(self, wanted: object) -> np.ndarray:
        """Return which identifiers are there.

        Parameters
        ----------
        wanted
            As of `rows_of`.
        """
        return self.rows_of(wanted) != ABSENT

    def require(self, wanted: object) -> Rows:
        """Return the row of each identifier, all of which are there.

        Parameters
        ----------
        wanted
            As of `rows_of`.

        Raises
        ------
        CatalogueError
            Some are not there; they are named.
        """
        rows = self.rows_of(wanted)
        absent = np.unique(np.asarray(wanted, dtype=np.int64)[rows == ABSENT])
        if not absent.size:
            return rows
        raise CatalogueError(
            explain(
                given=f"no {self.what} {some([str(i) for i in absent])}",
                wanted=f"a row of each {self.what}",
                where=self.where or f"the table of {self.what}s",
                todo="give the rows that are missing, or leave out what asks for them",
            )
        )


def common(first: object, second: object) -> Common:
    """Return the identifiers that two tables share, and where they are in each.

    Parameters
    ----------
    first, second
        Identifiers or names, row by row; where one stands twice, its first row counts.
    """
    return Common(
        *np.intersect1d(_of_one_kind(first), _of_one_kind(second), return_indices=True)
    )


def _of_one_kind(ids: object) -> np.ndarray:
    """Return names as they are, and numbers, or none at all, as 64-bit integers."""
    found = np.asarray(ids)
    return found if found.dtype.kind in "US" else found.astype(np.int64)


__all__ = ["ABSENT", "Common", "Index", "common"]
