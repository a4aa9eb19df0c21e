"""The rows of one plate in a file of many, which may be in any order.

What the file says of its groups of rows, the least and the greatest `exposure_id`,
tells which of them a plate is in; where that leaves several plates, the one column is
read. Other plates' rows are left out group by group.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from reseau.errors import CatalogueError, explain, some
from reseau.tables import read_table
from reseau.tables.ids import ABSENT, Index
from reseau.tables.row_groups import Bounds, RowGroups, is_read_by_groups

from .measurements import no_such_plate

COLUMN = "exposure_id"


def groups_of_plates(
    file: Path, exposures: pa.Table
) -> dict[int, tuple[int, ...]] | None:
    """Return which groups of rows of a file hold measurements of each plate.

    Parameters
    ----------
    file
        All measurements.
    exposures
        Validated table, of all plates.

    Returns
    -------
    Numbers of groups by plate; None: the file is not one that is read by groups.

    Raises
    ------
    CatalogueError
        Measurements name an unknown exposure.
    """
    if not is_read_by_groups(file):
        return None
    known = _Known(exposures)
    with RowGroups(file) as opened:
        return _groups(opened, known) if opened.has_integers(COLUMN) else None


def _groups(opened: RowGroups, known: "_Known") -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {plate: [] for plate in known.plates}
    for number, bounds in enumerate(opened.bounds(COLUMN)):
        plates = known.within(bounds)
        if len(plates) != 1:
            ids = np.unique(opened.column(number, COLUMN))
            known.check(ids, opened.path)
            plates = known.plates_of(ids)
        for plate in plates:
            found[plate].append(number)
    return {plate: tuple(numbers) for plate, numbers in found.items()}


def rows_of_plate(
    file: Path,
    exposures: pa.Table,
    plate: int,
    groups: Mapping[int, Sequence[int]] | None = None,
) -> pa.Table:
    """Return the measurements of one plate, in the order of the file; not checked.

    Parameters
    ----------
    file
        All measurements.
    exposures
        Validated table, of all plates.
    plate
        Its id.
    groups
        As `groups_of_plates` returns them; absent: they are looked for.

    Raises
    ------
    ConfigError
        There is no such plate.
    CatalogueError
        Measurements name an unknown exposure.
    """
    known = _Known(exposures)
    if plate not in known.plates:
        raise no_such_plate(plate, known.plates, file.parent)
    if groups is None:
        groups = groups_of_plates(file, exposures)
    if groups is None:
        return known.rows(read_table(file), plate, file)
    with RowGroups(file) as opened:
        chosen = []
        for number in groups.get(plate, ()):
            ids = opened.column(number, COLUMN)
            known.check(ids, file)
            chosen.append((number, known.are_of(plate, ids)))
        return opened.rows([(n, rows) for n, rows in chosen if rows.any()])


class _Known:
    """The exposures that there are, and the plates of each."""

    def __init__(self, exposures: pa.Table) -> None:
        ids = exposures[COLUMN].to_numpy()
        order = np.argsort(ids, kind="stable")
        self.ids = ids[order]
        self.plate = exposures["plate_id"].to_numpy()[order]
        self.plates = [int(p) for p in np.unique(self.plate)]
        self._index = Index(self.ids, "exposure")

    def within(self, bounds: Bounds | None) -> list[int]:
        """Return the plates that have exposures between two ids."""
        if bounds is None:
            return []
        first = np.searchsorted(self.ids, bounds.low)
        last = np.searchsorted(self.ids, bounds.high, side="right")
        return [int(p) for p in np.unique(self.plate[first:last])]

    def plates_of(self, ids: np.ndarray) -> list[int]:
        """Return the plates of exposures that are known."""
        return [int(p) for p in np.unique(self.plate[self._index.rows_of(ids)])]

    def are_of(self, plate: int, ids: np.ndarray) -> np.ndarray:
        """Return which exposures, all of them known, are of a plate."""
        return self.plate[self._index.rows_of(ids)] == plate

    def rows(self, table: pa.Table, plate: int, file: Path) -> pa.Table:
        """Return the rows of a plate in a table that was read whole."""
        names = table.column_names
        if names.count(COLUMN) != 1 or not pa.types.is_integer(table[COLUMN].type):
            return table  # refused where it is checked
        ids = table[COLUMN].cast(pa.int64()).fill_null(-1).to_numpy()
        self.check(ids, file)
        return table.filter(pa.array(self.are_of(plate, ids)))

    def check(self, ids: np.ndarray, file: Path) -> None:
        """Refuse exposures that are not known, whatever plate is wanted."""
        unknown = np.unique(ids[self._index.rows_of(ids) == ABSENT])
        if unknown.size:
            raise CatalogueError(
                explain(
                    given=f"measurements name an unknown {COLUMN}: {some(unknown)}",
                    wanted=f"one of {some(self.ids)}",
                    where=f"{file}, column {COLUMN}",
                    todo="add the exposure, or remove the measurements",
                )
            )


__all__ = ["groups_of_plates", "rows_of_plate"]
