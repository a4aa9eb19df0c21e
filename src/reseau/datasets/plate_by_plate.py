"""A dataset of many plates, of which one at a time is read, when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reseau.errors import CatalogueError, explain
from reseau.tables.damage import damage_told
from reseau.tables.files import require_directory
from reseau.tables.ids import ABSENT, Index

from .dataset import Dataset, digests, opened, read_shared
from .links import check_links
from .measurements import (
    in_position_unit,
    is_of_plate,
    measurement_files,
    no_such_plate,
    plate_of,
    read_measurements,
)
from .row_groups import groups_of_plates, rows_of_plate

_TODO = "correct it, or make it anew"


@dataclass(frozen=True)
class PlateIndex:
    """Where the measurements of each plate are; what another process need not find.

    Attributes
    ----------
    files
        Files of each plate, where it has its own.
    groups
        Groups of rows of the one file, where it can be read by groups.
    digests
        SHA-256 of the files that all plates share.
    """

    files: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)
    groups: Mapping[int, tuple[int, ...]] | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeats(self) -> float:
        """Return how often each group of rows is read, if every plate is."""
        reads, groups = self._reads()
        return reads / groups if groups else 1.0

    @property
    def disorder(self) -> float:
        """Return how many times more groups are read than if plates were in order."""
        reads, groups = self._reads()
        return reads / (groups + len(self.groups or ())) if groups else 0.0

    def _reads(self) -> tuple[int, int]:
        """Return how many groups all plates need together, and how many there are."""
        numbers = [n for needed in (self.groups or {}).values() for n in needed]
        return len(numbers), len(set(numbers))


@dataclass(frozen=True)
class PlateByPlate:
    """A dataset whose measurements are read plate by plate.

    Attributes
    ----------
    shared
        All but the measurements, of which there are none.
    index
        Where these are.
    allow_outside
        Whether files may lie outside of the dataset's folder.
    """

    shared: Dataset
    index: PlateIndex
    allow_outside: bool = False

    @property
    def folder(self) -> Path:
        """Return the dataset's directory."""
        assert self.shared.source is not None
        return self.shared.source

    @cached_property
    def plates(self) -> tuple[int, ...]:
        """Ids of all plates, ascending: of exposures, and of files."""
        of_exposures = np.unique(self.shared.exposures["plate_id"].to_numpy())
        return tuple(sorted({*map(int, of_exposures), *self.index.files}))

    @cached_property
    def _reference_index(self) -> Index:
        assert self.shared.reference is not None
        return Index(self.shared.reference["source_id"].to_numpy(), "source")

    @property
    def apart(self) -> bool:
        """Return whether each of several plates has files of its own."""
        return len(self.index.files) > 1

    def measured(self) -> tuple[int, np.ndarray]:
        """Return how many measurements there are, and the ids of all their sources.

        No other column is read, and one file at a time.
        """
        rows, ids = 0, np.zeros(0, dtype=np.int64)
        for file in (f for files in self.index.files.values() for f in files):
            with damage_told(self.folder, "dataset", _TODO):
                column = pq.read_table(file, columns=["source_id"])["source_id"]
            rows += len(column)
            ids = np.union1d(ids, pc.unique(column).to_numpy())
        return rows, ids

    def read(self, plate: int) -> Dataset:
        """Read one plate: its exposures, measurements and references.

        Parameters
        ----------
        plate
            Its id.

        Raises
        ------
        ReseauError
            There is no such plate, it has no measurements, or its files are damaged.
        """
        if plate not in self.plates:
            raise no_such_plate(plate, self.plates, self.folder)
        with damage_told(self.folder, "dataset", _TODO):
            return self._read(plate)

    def _read(self, plate: int) -> Dataset:
        shared = self.shared
        measurements, read = self._measurements(plate)
        check_links(
            shared.exposures, measurements, shared.instrument, where=self.folder
        )
        mine = pc.equal(shared.exposures["plate_id"], plate)
        return replace(
            shared,
            exposures=shared.exposures.filter(mine),
            measurements=measurements,
            reference=self._reference(measurements),
            digests={**shared.digests, **self.index.digests, **read},
        )

    def _measurements(self, plate: int) -> tuple[pa.Table, dict[str, str]]:
        keep = opened(self.folder, allow_outside=self.allow_outside)
        unit = self.shared.unit
        if self.index.files:
            files = [keep(file) for file in self.index.files.get(plate, ())]
            if not files:
                raise self._nothing_measured(plate)
            return read_measurements(files, unit), digests(files, self.folder)
        (file,) = map(keep, measurement_files(self.folder))
        table = rows_of_plate(file, self.shared.exposures, plate, self.index.groups)
        if not table.num_rows:
            raise self._nothing_measured(plate)
        return in_position_unit(table, unit, file), {}

    def _nothing_measured(self, plate: int) -> CatalogueError:
        return CatalogueError(
            explain(
                given=f"plate {plate} has exposures and no measurements",
                wanted="at least one measurement",
                where=str(self.folder),
                todo="add them, or leave out its exposures",
            )
        )

    def _reference(self, measurements: pa.Table) -> pa.Table | None:
        """Return the rows of the reference that are measured, in its order."""
        if self.shared.reference is None:
            return None
        ids = np.unique(measurements["source_id"].to_numpy())
        rows = self._reference_index.rows_of(ids)
        return self.shared.reference.take(np.sort(rows[rows != ABSENT]))


def open_plates(
    path: str | Path, *, allow_outside: bool = False, index: PlateIndex | None = None
) -> PlateByPlate:
    """Open a dataset of many plates, of either layout; no measurement is kept.

    Parameters
    ----------
    path
        Its directory.
    allow_outside
        Whether files may be opened that its keys or its links name outside of it.
    index
        As another process has found it; absent: it is found, for which of one file of
        all measurements the column `exposure_id` may be read.

    Raises
    ------
    ReseauError
        It is no dataset, or what its plates share is wrong.
    """
    with damage_told(path, "dataset", _TODO):
        folder = require_directory(path)
        keep = opened(folder, allow_outside=allow_outside)
        shared = read_shared(folder, keep)
        if index is None:
            files = [keep(file) for file in measurement_files(folder)]
            index = _index(files, shared)
    return PlateByPlate(shared, index, allow_outside)


def _index(files: list[Path], shared: Dataset) -> PlateIndex:
    if is_of_plate(files[0]):
        of_plate: dict[int, tuple[Path, ...]] = {}
        for file in files:
            plate = plate_of(file)
            of_plate[plate] = (*of_plate.get(plate, ()), file)
        return PlateIndex(files=of_plate)
    groups = groups_of_plates(files[0], shared.exposures)
    return PlateIndex(groups=groups, digests=digests(files, shared.source))


__all__ = ["PlateByPlate", "PlateIndex", "open_plates"]
